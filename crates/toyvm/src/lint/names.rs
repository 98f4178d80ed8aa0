//! Names that nothing is ever stored under.

use std::collections::{HashMap, HashSet};

use super::list::List;
use super::origins::Origins;
use crate::instruction::Instruction;
use crate::nearest::nearest;
use crate::program::claim::Expression;
use crate::program::{NameId, Span};
use crate::source::Diagnostic;

/// How many names are compared in search of the one that was meant, at most, for each finding and
/// in all.
const COMPARED: usize = 100_000;

pub(super) fn check(lists: &[List], origins: &Origins, findings: &mut Vec<Diagnostic>) {
    // Where each name is stored for one thread alone.
    let mut stored: HashMap<NameId, Span> = HashMap::new();
    for list in lists {
        for (pc, instruction) in list.code.instructions.iter().enumerate() {
            if let Instruction::Store(name) = instruction {
                stored.entry(name.id).or_insert_with(|| list.span(pc as u32));
            }
        }
    }
    let mut compared = 0;
    for list in lists {
        let mut told = HashSet::new();
        for (pc, instruction) in list.code.instructions.iter().enumerate() {
            let (missing, of_claim) = match instruction {
                Instruction::Load(name) => {
                    let missing = !origins.has(list.id, name.id);
                    (missing.then_some(name.id).into_iter().collect(), false)
                }
                Instruction::Invariant(claim) => {
                    let claim = list.program.claim(claim.0);
                    let mut names: Vec<NameId> = claim.while_free.into_iter().collect();
                    claim.holds.visit(&mut |part| match part {
                        Expression::Name(name)
                        | Expression::Variable(name, _)
                        | Expression::Pc(name) => names.push(*name),
                        _ => {}
                    });
                    names.retain(|name| !origins.is_shared(*name));
                    (names, true)
                }
                _ => continue,
            };
            for name in missing {
                if !told.insert(name) {
                    continue;
                }
                let called = list.program.name(name);
                let message = if of_claim {
                    format!("the claim speaks of `{called}`, but no global or object has that name")
                } else {
                    format!("`{called}` is loaded, but nothing ever stores it")
                };
                let finding = Diagnostic::warning(message).at(list.span(pc as u32));
                findings.push(match stored.get(&name) {
                    Some(place) => finding
                        .with(place.clone(), "only the thread that stores it here has it")
                        .help(format!(
                            "GLOBAL_STORE {called:?} there, so that all threads have it"
                        )),
                    None => suggest(finding, list, origins, called, of_claim, &mut compared),
                });
            }
        }
    }
}

fn suggest(
    finding: Diagnostic,
    list: &List,
    origins: &Origins,
    called: &str,
    shared: bool,
    compared: &mut usize,
) -> Diagnostic {
    let names = list.program.names();
    *compared += names.len();
    if *compared > COMPARED {
        return finding;
    }
    let known = (0..names.len() as u32)
        .map(NameId)
        .filter(|name| if shared { origins.is_shared(*name) } else { origins.has(list.id, *name) });
    match nearest(called, known.map(|name| list.program.name(name))) {
        Some(near) => finding.help(format!("did you mean `{near}`?")),
        None => finding,
    }
}
