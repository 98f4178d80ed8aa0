//! Whom a thread may meet: who else may still do something that does not commute with what it does next. That
//! depends on where they are, on the locks that the thread holds while they need them, and on whether they join it.

use super::analysis::Traits;
use super::bits::share_bits;
use super::explorer::Explorer;
use super::flaw::{Flaw, flawed};
use crate::machine::{On, Service, Status, ThreadId, Wait};
use crate::value::{Handle, Kind};

impl Explorer {
    /// Whether what a thread does next commutes with all that the others may still do.
    pub(super) fn is_free(&mut self, thread: ThreadId) -> bool {
        let it = self.machine.thread(thread);
        if self.analysis.traits(it.code(), it.pc()).has(Traits::CHOICE) {
            return false;
        }
        // Before each step that others notice it may die.
        if self.may_die(thread) && !flawed(Flaw::DiesLater) {
            return false;
        }
        // Who was in the way last time is so again, most often.
        let count = self.machine.state().threads().len();
        if self.in_the_way.len() < count {
            self.in_the_way.resize(count, ThreadId(0));
        }
        let last = self.in_the_way[thread.index()];
        let overlooks = flawed(Flaw::Met);
        if !overlooks && last.index() < count && self.is_in_the_way(last, thread) {
            return false;
        }
        let others = self.machine.state().thread_ids();
        let mut others = others.filter(|other| self.is_in_the_way(*other, thread));
        match others.nth(usize::from(overlooks)) {
            Some(other) => self.in_the_way[thread.index()] = other,
            None => return true,
        }
        false
    }

    /// Whether another thread may still do something that does not commute with what a thread does next.
    fn is_in_the_way(&self, other: ThreadId, thread: ThreadId) -> bool {
        let against = self.analysis.accesses.against(self.site(thread));
        other != thread
            && self.may_meet(other, against)
            && !self.is_kept_out(other, thread, against)
    }

    /// Whether a thread may still do one of those things.
    pub(super) fn may_meet(&self, other: ThreadId, against: &[u64]) -> bool {
        let it = self.machine.thread(other);
        let pc = match it.status() {
            status if status.is_over() => return false,
            // It may give up, or has to ask again, or leaves the line when it dies.
            Status::Waiting(wait) if self.may_ask_again(wait) || self.may_die(other) => wait.at,
            _ => it.pc(),
        };
        share_bits(against, self.analysis.futures.from(it.code(), pc))
    }

    /// Whether a thread can do none of those things while another one is not over and holds what it
    /// holds.
    pub(super) fn is_kept_out(&self, other: ThreadId, holder: ThreadId, against: &[u64]) -> bool {
        if self.analysis.flow.is_none()
            || (self.may_die(other) && self.is_met_by_death(other, against))
        {
            return false;
        }
        let any = flawed(Flaw::HeldAtAll);
        let held = (self.machine.thread(holder).held > 0 || any) && {
            let mut locks = self.machine.state().locks().iter().enumerate();
            locks.any(|(index, lock)| {
                let handle = Handle { kind: Kind::Lock, index: index as u32 };
                (lock.owner == Some(holder) || any) && self.is_kept_out_by(other, handle, against)
            })
        };
        let handle = Handle { kind: Kind::Thread, index: holder.0 };
        held || self.is_kept_out_by(other, handle, against)
    }

    fn is_kept_out_by(&self, other: ThreadId, guard: Handle, against: &[u64]) -> bool {
        let it = self.machine.thread(other);
        let mut pc = it.pc();
        if let Status::Waiting(wait) = it.status() {
            let lock_of = |at| self.machine.state().conditions()[at as usize].lock;
            let waits_for_it = match wait.on {
                On::Lock(lock) => (Kind::Lock, lock) == (guard.kind, guard.index),
                On::Condition(at) => (Kind::Lock, lock_of(at)) == (guard.kind, guard.index),
                On::Thread(thread) => (Kind::Thread, thread.0) == (guard.kind, guard.index),
                On::Semaphore(_) | On::Message(_) | On::Room(_) => false,
            };
            if waits_for_it && wait.until.is_none() {
                return true;
            }
            // It may give up, or has to ask again, or is in a run of JOINs in whatever order.
            if !matches!(wait.on, On::Lock(_) | On::Condition(_)) || self.may_ask_again(wait) {
                pc = wait.at;
            }
        }
        let thing = self.origins.thing(&self.analysis, guard);
        let Some(guard) = self.analysis.futures.guard(thing) else { return false };
        !share_bits(against, self.analysis.futures.without(guard, it.code(), pc))
    }

    fn may_ask_again(&self, wait: &Wait) -> bool {
        (wait.until.is_some() || self.machine.service() == Service::Weak)
            && !flawed(Flaw::AsksAgain)
    }
}
