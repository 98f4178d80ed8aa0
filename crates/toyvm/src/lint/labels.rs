//! Labels for nothing.

use std::collections::HashSet;

use super::list::List;
use crate::instruction::Instruction;
use crate::source::Diagnostic;

pub(super) fn check(list: &List, findings: &mut Vec<Diagnostic>) {
    let instructions = &list.code.instructions;
    let jumped_to: HashSet<i64> = instructions.iter().filter_map(Instruction::target).collect();
    for (pc, instruction) in instructions.iter().enumerate() {
        if let Instruction::Label(mark) = instruction
            && !jumped_to.contains(&(pc as i64))
        {
            let message = format!("nothing jumps to the label `{}`", list.program.text(mark.0));
            let finding = Diagnostic::warning(message).at(list.span(pc as u32));
            findings.push(finding.help("take it out"));
        }
    }
}
