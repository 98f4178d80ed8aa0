//! Stacks that hold too little, or differ where paths meet.

use std::collections::HashSet;

use super::list::List;
use super::stack::{Disagreement, Stack};
use super::values;
use crate::instruction::Instruction;
use crate::program::argument::Saying;
use crate::source::Diagnostic;

pub(super) fn check(list: &List, findings: &mut Vec<Diagnostic>) {
    // Where the paths met whose disagreement has been told by what came of it.
    let mut told = HashSet::new();
    // Whether something takes what loops may have piled up.
    let mut digs = false;
    list.walk(|pc, instruction, stack| {
        digs |= stack.most.is_none() && instruction.needs() > stack.in_sight();
        if let Some(finding) = underflow(list, pc, instruction, stack, &mut told) {
            findings.push(finding);
        }
        findings.extend(nothing_to_show(list, pc, instruction, stack));
    });

    let piles_up = list.disagreements.iter().any(|(to, disagreement)| {
        is_loop(*to, disagreement) && disagreement.other.0 > disagreement.one.0
    });
    for (to, disagreement) in &list.disagreements {
        let finding = if is_loop(*to, disagreement) {
            round(list, *to, disagreement, digs, piles_up)
        } else {
            Some(meeting(list, *to, disagreement)).filter(|_| !told.contains(to))
        };
        findings.extend(finding);
    }
}

fn is_loop(to: u32, disagreement: &Disagreement) -> bool {
    to <= disagreement.other.1
}

fn underflow(
    list: &List,
    pc: u32,
    instruction: Instruction,
    stack: &Stack,
    told: &mut HashSet<u32>,
) -> Option<Diagnostic> {
    let (needs, word) = (instruction.needs() as u32, list.word(pc));
    let most = stack.most?;
    if stack.least >= needs {
        return None;
    }
    let needed = if needs == 1 { "a value".to_owned() } else { values(needs) };
    let held = |count| match count {
        0 => "the stack is empty".to_owned(),
        count => format!("the stack holds {count}"),
    };
    if most < needs {
        let message = format!("{word} needs {needed}, and {}", held(most));
        return Some(Diagnostic::warning(message).at(list.span(pc)));
    }
    let message = format!("on some path {word} needs {needed}, and {}", held(stack.least));
    let finding = Diagnostic::warning(message).at(list.span(pc));
    let split = stack.split.and_then(|to| Some((to, list.disagreements.get(&to)?)));
    Some(match split {
        Some((to, disagreement)) => {
            told.insert(to);
            with_both(finding, list, disagreement)
        }
        None => finding,
    })
}

/// Says where each depth comes from.
fn with_both(finding: Diagnostic, list: &List, disagreement: &Disagreement) -> Diagnostic {
    let Disagreement { one: (one, here), other: (other, there) } = *disagreement;
    let finding = match here {
        Some(here) => finding.with(list.span(here), format!("{} from here", values(one))),
        None => finding,
    };
    finding.with(list.span(there), format!("{} from here", values(other)))
}

/// Paths that bring different depths to one place.
fn meeting(list: &List, to: u32, disagreement: &Disagreement) -> Diagnostic {
    let Disagreement { one: (one, here), other: (other, there) } = *disagreement;
    let from = here.map(|pc| format!(" from line {}", list.line(pc))).unwrap_or_default();
    let message = format!(
        "paths meet here with stacks of different depth: {}{from}, {other} from line {}",
        values(one),
        list.line(there)
    );
    with_both(Diagnostic::warning(message).at(list.span(to)), list, disagreement)
        .help("PUSH on the one path or POP on the other")
}

/// A loop that goes round with another depth than it began with.
fn round(
    list: &List,
    to: u32,
    disagreement: &Disagreement,
    digs: bool,
    piles_up: bool,
) -> Option<Diagnostic> {
    let Disagreement { one: (before, _), other: (after, back) } = *disagreement;
    let finding = |message| {
        Diagnostic::warning(message).at(list.span(back)).with(list.span(to), "the loop begins here")
    };
    if after > before {
        // What a loop leaves may be meant for whoever digs for it.
        let message = format!(
            "each time round, this loop leaves {} more on the stack",
            values(after - before)
        );
        return Some(finding(message).help("POP what nobody takes")).filter(|_| !digs);
    }
    let takes = before - after;
    let message = format!(
        "each time round, this loop takes {} more from the stack than it leaves, and the second \
         time finds {}",
        values(takes),
        if after == 0 { "none".to_owned() } else { format!("only {after}") }
    );
    Some(finding(message)).filter(|_| after < takes && !piles_up)
}

/// A `{}` that nothing is put into.
fn nothing_to_show(
    list: &List,
    pc: u32,
    instruction: Instruction,
    stack: &Stack,
) -> Option<Diagnostic> {
    let Instruction::Print(Saying(Some(text))) = instruction else { return None };
    let shows = list.program.text(text).contains("{}");
    (shows && stack.most == Some(0)).then(|| {
        Diagnostic::warning("`{}` stays as it is: the stack is empty here")
            .at(list.span(pc))
            .help("PUSH or LOAD what it is to show")
    })
}
