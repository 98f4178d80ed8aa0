//! Lost wakeups: a condition is notified while nobody waits for it, and a thread that should have heard
//! begins to wait only then, for ever.
//!
//! A NOTIFY that meets nobody is no mistake in itself: a thread that looks before it waits, and holds
//! the lock meanwhile, does not need it. It is lost on one that has looked at nothing since: which may
//! not have looked at all, or before it took the lock. To look is to load a global that holds an
//! integer, to use a counter, or to read a place of an array.

use std::collections::HashMap;

use super::grown;
use crate::deadlock::{tell_place, wait_of, waiting};
use crate::instruction::Instruction;
use crate::machine::{Event, Machine, On, ThreadId};
use crate::observer::Observer;
use crate::value::{Kind, Value};

/// A notification that met nobody, and a thread that waits for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LostWakeup {
    /// The condition.
    pub condition: u32,
    /// Who notified.
    pub notifier: ThreadId,
    /// At which address of its list.
    pub notified_at: u32,
    /// Who waits.
    pub waiter: ThreadId,
    /// At which address of its list.
    pub waits_at: u32,
}

impl LostWakeup {
    /// The lost wakeup in one sentence, without a full stop.
    pub fn tell(&self, machine: &Machine) -> String {
        let condition = machine.introduce(Kind::Condition, self.condition);
        format!(
            "lost wakeup: {} notified {condition} {} when nobody waited for it, and {} waits for it {} \
             since, without having looked in between",
            machine.show_thread(self.notifier),
            tell_place(machine, self.notifier, self.notified_at),
            machine.show_thread(self.waiter),
            tell_place(machine, self.waiter, self.waits_at),
        )
    }
}

/// Finds lost wakeups.
#[derive(Debug, Clone, Default)]
pub struct Wakeups {
    /// Counts what happens.
    now: u64,
    /// When each thread last looked at something.
    looked: Vec<u64>,
    /// Of each condition, the last notification by each thread that met nobody, the oldest first.
    unheard: HashMap<u32, Vec<Unheard>>,
    /// The one that each thread missed before it last waited for a condition.
    missed: Vec<Option<LostWakeup>>,
}

#[derive(Debug, Clone)]
struct Unheard {
    when: u64,
    notifier: ThreadId,
    at: u32,
}

impl Wakeups {
    /// Nothing seen.
    pub fn new() -> Self {
        Self::default()
    }

    /// At the end of a run: what was lost on those who still wait, in order of their creation. Daemons
    /// may wait, and whoever waits for a time only goes on without it.
    pub fn findings(&self, machine: &Machine) -> Vec<LostWakeup> {
        let for_ever = waiting(machine).filter(|(thread, wait)| {
            let daemon = machine.thread(*thread).is_daemon();
            matches!(wait.on, On::Condition(_)) && wait.until.is_none() && !daemon
        });
        for_ever
            .filter_map(|(thread, _)| self.missed.get(thread.index()).copied().flatten())
            .collect()
    }

    /// The last notification by another thread that met nobody, since this one last looked.
    fn missed_by(&self, thread: ThreadId, condition: u32) -> Option<&Unheard> {
        let looked = self.looked.get(thread.index()).copied().unwrap_or(0);
        let mut latest = self.unheard.get(&condition)?.iter().rev();
        latest.find(|it| it.notifier != thread).filter(|it| it.when > looked)
    }

    fn looks(&mut self, thread: ThreadId) {
        self.now += 1;
        *grown(&mut self.looked, thread.index()) = self.now;
    }
}

impl Wakeups {
    fn look_ahead(&mut self, machine: &Machine, thread: ThreadId) {
        let it = machine.thread(thread);
        let next = machine.program().code(it.code()).instructions.get(it.pc() as usize);
        if let Some(Instruction::ArrayGet) = next {
            self.looks(thread);
        }
    }

    fn attend(&mut self, machine: &Machine, thread: ThreadId, at: u32, event: Event) {
        match event {
            // Handles and names of things are loaded to be used; they tell nothing.
            Event::Loaded(name)
                if matches!(machine.state().globals()[name.index()], Some(Value::Int(_))) =>
            {
                self.looks(thread);
            }
            Event::Counted(_) => self.looks(thread),
            Event::Notified { condition, woken: None } => {
                self.now += 1;
                let unheard = self.unheard.entry(condition).or_default();
                unheard.retain(|it| it.notifier != thread);
                unheard.push(Unheard { when: self.now, notifier: thread, at });
            }
            Event::Waits => {
                if let Some(On::Condition(condition)) = wait_of(machine, thread).map(|it| it.on) {
                    let missed = self.missed_by(thread, condition).map(|it| LostWakeup {
                        condition,
                        notifier: it.notifier,
                        notified_at: it.at,
                        waiter: thread,
                        waits_at: at,
                    });
                    *grown(&mut self.missed, thread.index()) = missed;
                }
            }
            _ => {}
        }
    }
}

/// Without a condition there is nothing to lose, and watching costs next to nothing.
impl Observer for Wakeups {
    #[inline]
    fn before(&mut self, machine: &Machine, thread: ThreadId) {
        if !machine.state().conditions().is_empty() {
            self.look_ahead(machine, thread);
        }
    }

    #[inline]
    fn event(&mut self, machine: &Machine, thread: ThreadId, at: u32, event: Event) {
        if !machine.state().conditions().is_empty() {
            self.attend(machine, thread, at, event);
        }
    }
}
