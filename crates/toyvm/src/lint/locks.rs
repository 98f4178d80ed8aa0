//! Locks that are kept, released without being held, or acquired while held.

use std::collections::{HashMap, HashSet};

use super::flow::Analysis;
use super::holding::{Deed, Hold, Holding, Lock, Wrong};
use super::known::{Known, Site};
use super::list::List;
use super::origins::Origins;
use crate::instruction::Instruction;
use crate::program::{Code, NameId};
use crate::source::Diagnostic;
use crate::value::{Handle, Kind, Value};

/// What a list does to locks, by address.
#[derive(Debug, Default)]
struct Deeds {
    at: HashMap<u32, Deed>,
    /// What the list calls them.
    names: HashMap<Lock, NameId>,
}

/// The analysis of one list.
struct Locks<'a> {
    code: &'a Code,
    deeds: &'a Deeds,
}

impl Analysis for Locks<'_> {
    type Facts = Holding;

    fn pass(&mut self, holding: &mut Holding, pc: u32) {
        if let Some(deed) = self.deeds.at.get(&pc) {
            holding.pass(pc, *deed);
        }
        let instruction = self.code.instructions[pc as usize];
        if instruction.target().is_some() && !matches!(instruction, Instruction::Jump(_)) {
            holding.branch();
        }
    }

    fn merge(&mut self, into: &mut Holding, path: &Holding, _: u32, _: u32) -> bool {
        into.merge(path)
    }

    fn give_up(&mut self, holding: &mut Holding) {
        holding.forget();
    }
}

pub(super) fn check(lists: &[List], origins: &Origins, findings: &mut Vec<Diagnostic>) {
    let conditions = locks_of_conditions(lists, origins);
    for list in lists {
        let deeds = deeds(list, origins, &conditions);
        if !deeds.at.is_empty() {
            check_list(list, &deeds, findings);
        }
    }
}

fn check_list(list: &List, deeds: &Deeds, findings: &mut Vec<Diagnostic>) {
    let mut analysis = Locks { code: list.code, deeds };
    let known = list.flow.solve(&mut analysis, Holding::nothing());
    // Acquired again: where they are not released is told already.
    let mut told = HashSet::new();
    let mut unsure = HashSet::new();
    for (block, holding) in list.flow.blocks.iter().zip(&known) {
        let Some(mut holding) = holding.clone() else { continue };
        for pc in block.range.clone() {
            let wrong = deeds.at.get(&pc).and_then(|deed| holding.clone().pass(pc, *deed));
            analysis.pass(&mut holding, pc);
            match wrong {
                Some(Wrong::Again { lock, since, always }) => {
                    told.insert(since);
                    let finding = Diagnostic::warning(format!(
                        "{}{} is acquired again by who holds it, and waits for ever",
                        on_some_path(always),
                        called(list, deeds, lock)
                    ));
                    let finding = finding.at(list.span(pc)).help("LOCK_RELEASE it before");
                    findings.push(if since == pc {
                        finding
                    } else {
                        finding.with(list.span(since), "it is acquired here")
                    });
                }
                Some(Wrong::NotHeld { lock, always }) => {
                    let message = format!(
                        "{}{} is released without being held",
                        on_some_path(always),
                        called(list, deeds, lock)
                    );
                    let finding = Diagnostic::warning(message).at(list.span(pc));
                    findings.push(finding.help("LOCK_ACQUIRE it before, or take this out"));
                }
                Some(Wrong::Waits(lock)) => {
                    let message = format!(
                        "{} needs its condition's lock, and {} is not held here",
                        list.word(pc),
                        called(list, deeds, lock)
                    );
                    let finding = Diagnostic::warning(message).at(list.span(pc));
                    findings.push(finding.help("LOCK_ACQUIRE it before"));
                }
                Some(Wrong::Unsure(lock)) => {
                    unsure.insert(lock);
                }
                None => {}
            }
        }
    }
    let Some(Some(at_end)) = known.last() else { return };
    for (lock, hold) in &at_end.locks {
        let (since, always) = match *hold {
            Hold::Held(since) => (since, true),
            Hold::Perhaps(since, true) => (since, false),
            Hold::Perhaps(since, false) if !unsure.contains(lock) => (since, false),
            _ => continue,
        };
        if told.contains(&since) {
            continue;
        }
        let message = if always {
            format!("{} is never released", called(list, deeds, *lock))
        } else {
            format!("{} is not released on some path", called(list, deeds, *lock))
        };
        let finding = Diagnostic::warning(message).at(list.span(since));
        findings.push(finding.help("LOCK_RELEASE it on every path to the end of the list"));
    }
}

fn on_some_path(always: bool) -> &'static str {
    if always { "" } else { "on some path " }
}

fn called(list: &List, deeds: &Deeds, lock: Lock) -> String {
    let name = deeds.names.get(&lock).map(|name| list.program.name(*name).to_owned());
    match (lock, name) {
        (Lock::Declared(index), _) => {
            let handle = Handle { kind: Kind::Lock, index };
            format!("the lock `{}`", list.program.show_literal(Value::Handle(handle)))
        }
        (_, Some(name)) => format!("the lock `{name}`"),
        (Lock::Named(name), _) => format!("the lock `{}`", list.program.name(name)),
        (Lock::Made(site), None) => match list.program.line_of(site.code, site.pc) {
            Some(line) => format!("the lock that is made on line {line}"),
            None => "the lock".to_owned(),
        },
    }
}

fn lock(list: &List, origins: &Origins, known: Known) -> Option<Lock> {
    match origins.resolve(list.id, known) {
        Known::Made(Kind::Lock, site) => Some(Lock::Made(site)),
        Known::Named(name) => Some(Lock::Named(name)),
        known => match known.handle(list.program) {
            Some(Handle { kind: Kind::Lock, index }) => Some(Lock::Declared(index)),
            _ => None,
        },
    }
}

/// What a list does to locks; nothing if it is nothing but storing them.
fn deeds(list: &List, origins: &Origins, conditions: &HashMap<Site, Lock>) -> Deeds {
    use Instruction as I;
    let mut deeds = Deeds::default();
    let mut any = false;
    list.walk(|pc, instruction, stack| {
        let mut at = |below| {
            let raw = stack.peek(below);
            let lock = lock(list, origins, raw);
            if let (Known::Named(name), Some(lock)) = (raw, lock) {
                deeds.names.entry(lock).or_insert(name);
            }
            lock
        };
        let deed = match instruction {
            I::LockAcquire | I::LockAcquireRobust => Deed::Acquire(at(0)),
            I::TryLockAcquire => Deed::Try(at(0)),
            I::LockAcquireFor(ms) => Deed::Try(at(usize::from(ms.0.is_none()))),
            I::LockRelease => Deed::Release(at(0)),
            I::Wait | I::WaitFor(_) => {
                let condition = stack.peek(instruction.takes() - 1);
                let condition = origins.resolve(list.id, condition);
                let Some(lock) = lock_of(list, conditions, condition) else { return };
                Deed::Wait(lock)
            }
            I::LockCreate => Deed::Renew(Lock::Made(Site { code: list.id, pc })),
            I::Store(name) | I::GlobalStore(name) => Deed::Renew(Lock::Named(name.id)),
            _ => return,
        };
        any |= !matches!(deed, Deed::Renew(_));
        deeds.at.insert(pc, deed);
    });
    if any { deeds } else { Deeds::default() }
}

/// The locks of the conditions that programs make, where they are known.
fn locks_of_conditions(lists: &[List], origins: &Origins) -> HashMap<Site, Lock> {
    let mut conditions = HashMap::new();
    for list in lists {
        list.walk(|pc, instruction, stack| {
            if matches!(instruction, Instruction::ConditionCreate)
                && let Some(lock @ (Lock::Made(_) | Lock::Declared(_))) =
                    lock(list, origins, stack.peek(0))
            {
                conditions.insert(Site { code: list.id, pc }, lock);
            }
        });
    }
    conditions
}

fn lock_of(list: &List, conditions: &HashMap<Site, Lock>, condition: Known) -> Option<Lock> {
    match condition {
        Known::Made(Kind::Condition, site) => conditions.get(&site).copied(),
        known => {
            let Handle { kind: Kind::Condition, index } = known.handle(list.program)? else {
                return None;
            };
            let mut all = list.program.declared().iter();
            let it = all.by_ref().filter(|it| it.kind == Kind::Condition).nth(index as usize)?;
            u32::try_from(it.initial).ok().map(Lock::Declared)
        }
    }
}
