//! Threads that nobody joins.
//!
//! A handle is followed to wherever it is kept: variables, or anywhere else. If a join anywhere in
//! the program takes from one of those, the thread counts as joined.

use std::collections::{HashMap, HashSet};

use super::known::{Known, Site};
use super::list::List;
use super::sleeps;
use crate::instruction::Instruction;
use crate::program::{CodeId, Ends, NameId, Program};
use crate::source::Diagnostic;
use crate::value::Kind;

/// Where a handle is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Keeper {
    /// On the stack of who made it.
    Maker(Site),
    /// In a variable.
    Variable(CodeId, NameId),
    Global(NameId),
    /// In a queue or an array, or out of sight.
    Elsewhere,
}

/// Who may have a handle from whom.
#[derive(Debug, Default)]
struct Keepers {
    /// By who has it, from whom.
    from: HashMap<Keeper, Vec<Keeper>>,
    /// From whom joins take.
    joined: Vec<Keeper>,
}

impl Keepers {
    fn of(lists: &[List]) -> Self {
        let mut keepers = Self::default();
        for list in lists {
            list.walk(|_, instruction, stack| {
                keepers.see(list.id, instruction, |below| keepers_of(list.id, stack.peek(below)));
            });
            for site in &list.lost {
                keepers.give(&[Keeper::Maker(*site)], Keeper::Elsewhere);
            }
        }
        keepers
    }

    fn see(
        &mut self,
        code: CodeId,
        instruction: Instruction,
        operand: impl Fn(usize) -> Vec<Keeper>,
    ) {
        use Instruction as I;
        match instruction {
            I::ThreadJoin | I::Alive => self.joined.extend(operand(0)),
            I::ThreadJoinFor(ms) => self.joined.extend(operand(usize::from(ms.0.is_none()))),
            I::Store(name) => self.give(&operand(0), Keeper::Variable(code, name.id)),
            I::GlobalStore(name) => self.give(&operand(0), Keeper::Global(name.id)),
            I::QueueSend | I::TryQueueSend | I::QueueSendFor(_) | I::ArraySet => {
                for below in 0..instruction.takes() {
                    self.give(&operand(below), Keeper::Elsewhere);
                }
            }
            _ => {}
        }
    }

    fn give(&mut self, from: &[Keeper], to: Keeper) {
        self.from.entry(to).or_default().extend(from.iter().filter(|from| **from != to));
    }

    /// Everyone from whom a handle may get to a join.
    fn joined(mut self) -> HashSet<Keeper> {
        let mut joined = HashSet::new();
        while let Some(keeper) = self.joined.pop() {
            if joined.insert(keeper) {
                self.joined.extend(self.from.remove(&keeper).into_iter().flatten());
            }
        }
        joined
    }
}

fn keepers_of(code: CodeId, known: Known) -> Vec<Keeper> {
    match known {
        Known::Made(Kind::Thread, site) => vec![Keeper::Maker(site)],
        Known::Named(name) => vec![Keeper::Variable(code, name), Keeper::Global(name)],
        Known::Anything => vec![Keeper::Elsewhere],
        _ => Vec::new(),
    }
}

pub(super) fn check(program: &Program, lists: &[List], findings: &mut Vec<Diagnostic>) {
    let ends = Ends::of(program);
    let joined = Keepers::of(lists).joined();
    for list in lists {
        let mut unjoined = Vec::new();
        list.walk(|pc, instruction, _| {
            let maker = Keeper::Maker(Site { code: list.id, pc });
            let Instruction::ThreadCreate(bodies) = instruction else { return };
            // Nobody would come back from joining one that has no end.
            let may_end = program.bodies(bodies.0).iter().any(|code| ends.may_end(*code, 0));
            if may_end && !joined.contains(&maker) {
                unjoined.push(pc);
            }
        });
        // Whoever sleeps instead is told so there.
        if sleeps::check(list, &unjoined, findings) {
            continue;
        }
        for pc in unjoined {
            let finding = Diagnostic::warning("the thread that starts here is never joined");
            let help = "THREAD_JOIN its handle, or start it with \"daemon\"";
            findings.push(finding.at(list.span(pc)).help(help));
        }
    }
}
