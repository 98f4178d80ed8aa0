//! Which locks a thread holds at each place of a list, and what instructions do to that.
//!
//! A path may be told from others by a value that the lint does not see: `if x: acquire`, and later
//! `if x: release`. So after paths met that disagree on a lock, what follows is told only until the
//! next branch.

use std::collections::BTreeMap;

use super::known::Site;
use crate::program::NameId;

/// How many locks of one list are told apart.
const MOST: usize = 64;

/// By what a lock is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Lock {
    /// The file made it.
    Declared(u32),
    /// This instruction made it.
    Made(Site),
    /// LOAD of this name gives it. It may be one of the others.
    Named(NameId),
}

/// What an instruction does to locks. A lock that is not known is none.
#[derive(Debug, Clone, Copy)]
pub(super) enum Deed {
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
pub(super) enum Hold {
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
pub(super) struct Holding {
    pub(super) locks: BTreeMap<Lock, Hold>,
    /// What is known of the others.
    others: Hold,
}

impl Holding {
    pub(super) fn nothing() -> Self {
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

    pub(super) fn forget(&mut self) {
        *self = Self { locks: BTreeMap::new(), others: Hold::Unknown };
    }

    /// Adds what another path brings; whether that was news.
    pub(super) fn merge(&mut self, path: &Self) -> bool {
        let mut news = false;
        let all: Vec<Lock> = self.locks.keys().chain(path.locks.keys()).copied().collect();
        for lock in all {
            let (there, either) = (self.of(lock), self.of(lock).or(path.of(lock)));
            if there != either {
                news = true;
                self.locks.insert(lock, either);
            }
        }
        let others = self.others.or(path.others);
        news |= others != self.others;
        self.others = others;
        if self.locks.len() > MOST {
            self.forget();
        }
        news
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
    pub(super) fn pass(&mut self, pc: u32, deed: Deed) -> Option<Wrong> {
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

    pub(super) fn branch(&mut self) {
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
pub(super) enum Wrong {
    /// Acquired while held.
    Again { lock: Lock, since: u32, always: bool },
    /// Released without being held.
    NotHeld { lock: Lock, always: bool },
    /// Released where it may be held: whoever holds it there is not told apart.
    Unsure(Lock),
    /// Waits on a condition without holding its lock.
    Waits(Lock),
}
