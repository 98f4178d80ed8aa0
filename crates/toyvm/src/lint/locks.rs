//! Locks that are kept, released without being held, or acquired while held.
//!
//! A path may be told from others by a value that the lint does not see: `if x: acquire`, and later
//! `if x: release`. So after paths met that disagree on a lock, what follows is told only until the
//! next branch.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::flow::Analysis;
use super::known::{Known, Site};
use super::list::List;
use super::origins::Origins;
use crate::instruction::Instruction;
use crate::program::{Code, NameId};
use crate::source::Diagnostic;
use crate::value::{Handle, Kind, Value};

/// How many locks of one list are told apart.
const MOST: usize = 64;

/// By what a lock is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Lock {
    /// The file made it.
    Declared(u32),
    /// This instruction made it.
    Made(Site),
    /// LOAD of this name gives it. It may be one of the others.
    Named(NameId),
}

/// What an instruction does to locks. A lock that is not known is none.
#[derive(Debug, Clone, Copy)]
enum Deed {
    Acquire(Option<Lock>),
    /// Acquires it, or tells that it did not.
    Try(Option<Lock>),
    Release(Option<Lock>),
    /// Waits on a condition of that lock.
    Wait(Lock),
    /// From here on this stands for another lock.
    Renew(Lock),
}

/// Whether a thread holds a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hold {
    Free,
    /// Since this instruction.
    Held(u32),
    /// On some path, since this instruction; surely so until the next branch.
    Perhaps(u32, bool),
    Unknown,
}

impl Hold {
    fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            (Self::Free, Self::Free) => Self::Free,
            (Self::Held(pc), Self::Held(_)) => Self::Held(pc),
            (Self::Perhaps(pc, sure), Self::Perhaps(_, also)) => Self::Perhaps(pc, sure && also),
            (Self::Perhaps(pc, sure), _) | (_, Self::Perhaps(pc, sure)) => Self::Perhaps(pc, sure),
            (Self::Held(pc), Self::Free) | (Self::Free, Self::Held(pc)) => Self::Perhaps(pc, true),
        }
    }

    fn may_be_held(self) -> bool {
        self != Self::Free
    }
}

/// What is known of the locks that a thread holds.
#[derive(Debug, Clone)]
struct Holding {
    locks: BTreeMap<Lock, Hold>,
    /// What is known of the others.
    others: Hold,
}

impl Holding {
    fn nothing() -> Self {
        Self { locks: BTreeMap::new(), others: Hold::Free }
    }

    fn of(&self, lock: Lock) -> Hold {
        self.locks.get(&lock).copied().unwrap_or(self.others)
    }

    fn set(&mut self, lock: Lock, hold: Hold) {
        self.locks.insert(lock, hold);
        if self.locks.len() > MOST {
            self.forget();
        }
    }

    fn forget(&mut self) {
        *self = Self { locks: BTreeMap::new(), others: Hold::Unknown };
    }

    /// Whether another lock may be this one under another name, and be held.
    fn has_alias(&self, lock: Lock) -> bool {
        self.locks.iter().any(|(other, hold)| *hold != Hold::Free && may_alias(*other, lock))
    }

    fn lose_aliases(&mut self, lock: Lock) {
        for (other, hold) in &mut self.locks {
            if may_alias(*other, lock) {
                *hold = Hold::Unknown;
            }
        }
    }

    /// Does it, and says what is wrong with it.
    fn pass(&mut self, pc: u32, deed: Deed) -> Option<Wrong> {
        match deed {
            Deed::Acquire(Some(lock)) => {
                let before = self.of(lock);
                self.set(lock, Hold::Held(pc));
                match before {
                    Hold::Held(since) => Some(Wrong::Again { lock, since, always: true }),
                    Hold::Perhaps(since, true) => Some(Wrong::Again { lock, since, always: false }),
                    _ => None,
                }
            }
            Deed::Try(Some(lock)) => {
                if self.of(lock) == Hold::Free {
                    self.set(lock, Hold::Perhaps(pc, false));
                }
                None
            }
            Deed::Acquire(None) | Deed::Try(None) => {
                // It may be any that is free.
                self.locks.retain(|_, hold| *hold != Hold::Free);
                self.others = Hold::Unknown;
                None
            }
            Deed::Release(Some(lock)) => {
                let before = self.of(lock);
                let alias = before == Hold::Free && self.has_alias(lock);
                if alias {
                    self.lose_aliases(lock);
                }
                self.set(lock, Hold::Free);
                match before {
                    Hold::Free if !alias => Some(Wrong::NotHeld { lock, always: true }),
                    Hold::Perhaps(_, true) => Some(Wrong::NotHeld { lock, always: false }),
                    Hold::Perhaps(_, false) => Some(Wrong::Unsure(lock)),
                    _ => None,
                }
            }
            Deed::Release(None) => {
                self.locks.values_mut().for_each(|hold| *hold = Hold::Unknown);
                None
            }
            Deed::Wait(lock) => {
                let alone = self.of(lock) == Hold::Free && !self.has_alias(lock);
                alone.then_some(Wrong::Waits(lock))
            }
            Deed::Renew(lock) => {
                if self.of(lock).may_be_held() {
                    self.set(lock, Hold::Unknown);
                }
                None
            }
        }
    }

    fn branch(&mut self) {
        for hold in self.locks.values_mut() {
            if let Hold::Perhaps(_, sure) = hold {
                *sure = false;
            }
        }
    }
}

/// Locks that the file or different instructions made are different.
fn may_alias(one: Lock, other: Lock) -> bool {
    one != other && matches!((one, other), (Lock::Named(_), _) | (_, Lock::Named(_)))
}

/// What is wrong with a deed.
#[derive(Debug, Clone, Copy)]
enum Wrong {
    /// Acquired while held.
    Again { lock: Lock, since: u32, always: bool },
    /// Released without being held.
    NotHeld { lock: Lock, always: bool },
    /// Released where it may be held: whoever holds it there is not told apart.
    Unsure(Lock),
    /// Waits on a condition without holding its lock.
    Waits(Lock),
}

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
        let mut news = false;
        let all: Vec<Lock> = into.locks.keys().chain(path.locks.keys()).copied().collect();
        for lock in all {
            let (there, either) = (into.of(lock), into.of(lock).or(path.of(lock)));
            if there != either {
                news = true;
                into.locks.insert(lock, either);
            }
        }
        let others = into.others.or(path.others);
        news |= others != into.others;
        into.others = others;
        if into.locks.len() > MOST {
            into.forget();
        }
        news
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
