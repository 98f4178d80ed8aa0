//! Jumps out of the list.

use super::list::List;
use crate::source::Diagnostic;

pub(super) fn check(list: &List, findings: &mut Vec<Diagnostic>) {
    for (pc, to) in out_of(list) {
        let end = list.code.instructions.len();
        let message =
            format!("{} {to} leaves the list: its addresses are 0 to {end}", list.word(pc));
        let help = format!("{end} is the end of the list, where a thread ends");
        findings.push(Diagnostic::warning(message).at(list.span(pc)).help(help));
    }
}

/// Jumps that lead nowhere, with their addresses.
pub(super) fn out_of(list: &List) -> impl Iterator<Item = (u32, i64)> {
    let inside = 0..=list.code.instructions.len() as i64;
    let jumps = list.code.instructions.iter().enumerate();
    jumps.filter_map(move |(pc, instruction)| {
        let to = instruction.target().filter(|to| !inside.contains(to))?;
        Some((pc as u32, to))
    })
}
