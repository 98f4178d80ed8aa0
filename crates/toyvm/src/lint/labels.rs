//! Labels that are there twice, or for nothing.

use std::collections::{HashMap, HashSet};

use super::list::List;
use crate::instruction::Instruction;
use crate::source::Diagnostic;

pub(super) fn check(list: &List, findings: &mut Vec<Diagnostic>) {
    let instructions = &list.code.instructions;
    let jumped_to: HashSet<i64> = instructions.iter().filter_map(Instruction::target).collect();
    let mut first = HashMap::new();
    for (pc, instruction) in instructions.iter().enumerate() {
        let Instruction::Label(mark) = instruction else { continue };
        let name = list.program.text(mark.0);
        let pc = pc as u32;
        if let Some(first) = first.get(&mark.0) {
            let message = format!("the label `{name}` is in this list already");
            let finding = Diagnostic::warning(message)
                .at(list.span(pc))
                .with(list.span(*first), "the first")
                .help("give one of them another name");
            findings.push(finding);
            continue;
        }
        first.insert(mark.0, pc);
        if !jumped_to.contains(&i64::from(pc)) {
            let message = format!("nothing jumps to the label `{name}`");
            findings.push(Diagnostic::warning(message).at(list.span(pc)).help("take it out"));
        }
    }
}
