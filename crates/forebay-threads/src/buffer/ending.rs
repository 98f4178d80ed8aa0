//! How a buffer ends, and how it is known that all is done: close, abandon, join.

use forebay_contract::{JoinError, Patience};

use super::Buffer;
use crate::atomics::counters::Ordering;
use crate::blocking;
use crate::call::Join;
use crate::calls::Calls;
use crate::desk::Desk;
use crate::share::ShareOf;
use crate::store::{self, Progress, Store};
use crate::waiter::{Line, Sleeper, Turn};

impl<T> Buffer<T> {
    /// Refuses puts from now on (C6).
    pub(crate) fn close(&self) {
        let mut calls = Calls::default();
        self.store.close(&mut calls);
        // From here on every take looks whether it took the last; `settle` looks at those before.
        self.store.watch(true);
        self.settle(&self.desk.lock(), &mut calls);
    }

    pub(super) fn is_abandoned(&self) -> bool {
        self.consumers.load(Ordering::Acquire) == 0
    }

    /// Nobody is left to take: refuses puts and drops what waits (C6).
    pub(crate) fn abandon(&self) {
        self.close();
        let panic = store::empty_out(&self.store, || {
            let mut desk = self.desk.lock();
            desk.discarded += 1;
            desk.dropped += 1;
        });
        self.settle(&self.desk.lock(), &mut Calls::default());
        panic.resume();
    }

    pub(super) fn is_drained(&self, share: &ShareOf) -> bool {
        self.store.is_closed() && self.is_drained_for(&self.desk.lock(), share)
    }

    /// Whether nothing can come any more for this consumer: closed, nothing waits, and no lease of
    /// another's could bring an item back.
    pub(super) fn is_drained_for(&self, desk: &Desk<T>, share: &ShareOf) -> bool {
        self.store.is_closed() && desk.leased == share.leased() && self.store.is_empty()
    }

    /// After something finished: lets joiners go if that was the last, and consumers see the end.
    pub(super) fn settle(&self, desk: &Desk<T>, calls: &mut Calls) {
        if !self.store.is_empty() {
            return;
        }
        if desk.leased == 0 {
            let mut line = self.joiners.lock();
            while line.call(calls) {}
        }
        if self.store.is_closed() {
            self.store.rouse_consumers(calls);
            // Also those that wait for the lease limit: it may be their own lease that they wait for.
            self.room.rouse(calls);
        }
    }

    pub(crate) fn join_within(&self, patience: Patience) -> Result<(), JoinError> {
        blocking::wait(patience, &mut Join::new(self)).ok_or(JoinError::TimedOut)
    }

    pub(crate) fn poll_join(&self, turn: &mut Turn, sleeper: &mut Sleeper<'_>) -> Progress<()> {
        sleeper.prepare();
        let mut calls = Calls::default();
        let desk = self.desk.lock();
        let mut line = self.joiners.lock();
        // Called: nothing was unfinished at that moment, whatever has been put since.
        let mut over = line.called(turn) || (desk.leased == 0 && self.store.is_empty());
        if !over {
            self.store.watch(true);
            over = desk.leased == 0 && self.store.is_empty();
        }
        if over {
            line.leave(turn, &mut calls);
            self.unwatch(&line);
            return Progress::Done(());
        }
        line.wait(turn, sleeper, 0, &mut calls);
        Progress::Asleep
    }

    pub(crate) fn cancel_join(&self, turn: &mut Turn) {
        let mut calls = Calls::default();
        let _desk = self.desk.lock();
        let mut line = self.joiners.lock();
        line.leave(turn, &mut calls);
        self.unwatch(&line);
    }

    /// Stops watching once nobody joins, under the locks of the desk and the line. A closed store
    /// stays watched.
    fn unwatch(&self, line: &Line<'_>) {
        if line.is_empty() && !self.store.is_closed() {
            self.store.watch(false);
            if self.store.is_closed() {
                self.store.watch(true);
            }
        }
    }
}
