//! Instructions that no path leads to.

use super::jumps;
use super::list::List;
use crate::instruction::Instruction;
use crate::source::Diagnostic;

pub(super) fn check(list: &List, findings: &mut Vec<Diagnostic>) {
    // Where a jump was to lead is not known, and what it was to lead to may be all of this.
    if jumps::out_of(list).next().is_some() {
        return;
    }
    let blocks = list.flow.blocks.iter().zip(&list.reached);
    let unreached = blocks.filter(|(_, reached)| !**reached).map(|(block, _)| block.range.clone());
    let mut stretches: Vec<std::ops::Range<u32>> = Vec::new();
    for range in unreached.filter(|range| !range.is_empty()) {
        match stretches.last_mut() {
            Some(stretch) if stretch.end == range.start => stretch.end = range.end,
            _ => stretches.push(range),
        }
    }
    for stretch in stretches {
        let does_nothing = |instruction: &Instruction| {
            matches!(instruction, Instruction::Nop | Instruction::Label(_))
        };
        let all = &list.code.instructions[stretch.start as usize..stretch.end as usize];
        if all.iter().all(does_nothing) {
            continue;
        }
        let what = match all.len() {
            1 => format!("this {} is never reached", list.word(stretch.start)),
            2 => "this and the next instruction are never reached".to_owned(),
            count => format!("this and the next {} instructions are never reached", count - 1),
        };
        // Above a stretch stands a JUMP, else it would be reached from there.
        let finding = Diagnostic::warning(what)
            .at(list.span(stretch.start))
            .with(list.span(stretch.start - 1), "this always jumps")
            .help("jump to it or take it out");
        findings.push(finding);
    }
}
