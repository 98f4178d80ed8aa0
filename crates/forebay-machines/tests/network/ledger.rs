//! The account that stands outside: what was put, what was given back, and what was finished.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Of each item, by its number.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    entries: Mutex<Entries>,
    /// What was taken may be seen again, where the answer to the take was lost.
    takes_may_be_seen_again: bool,
}

#[derive(Debug, Default)]
struct Entries {
    /// Put said so.
    put: HashSet<u32>,
    /// Nobody said whether it was put.
    perhaps: HashSet<u32>,
    /// So often an ack said that it is finished.
    acked: HashMap<u32, u32>,
    /// So often a take gave it out.
    taken: HashMap<u32, u32>,
    /// Nobody said whether it is.
    perhaps_finished: HashSet<u32>,
}

impl Ledger {
    pub(crate) fn new(takes_may_be_seen_again: bool) -> Self {
        Self { takes_may_be_seen_again, ..Self::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn put(&self, item: u32) {
        self.lock().put.insert(item);
    }

    pub(crate) fn perhaps_put(&self, item: u32) {
        self.lock().perhaps.insert(item);
    }

    pub(crate) fn acked(&self, item: u32) {
        *self.lock().acked.entry(item).or_default() += 1;
    }

    pub(crate) fn taken(&self, item: u32) {
        *self.lock().taken.entry(item).or_default() += 1;
    }

    pub(crate) fn perhaps_finished(&self, item: u32) {
        self.lock().perhaps_finished.insert(item);
    }

    /// So many are finished.
    pub(crate) fn count(&self) -> usize {
        self.lock().finished().len()
    }

    /// What is wrong now that nothing is left in the buffer.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let entries = self.lock();
        let finished = entries.finished();
        let mut all = Vec::new();
        for item in &entries.put {
            if !finished.contains(item) && !entries.perhaps_finished.contains(item) {
                all.push(format!("{item} was put, and is lost"));
            }
        }
        for item in &finished {
            if !entries.put.contains(item) && !entries.perhaps.contains(item) {
                all.push(format!("{item} was never put, and is finished"));
            }
            let acked = entries.acked.get(item).copied().unwrap_or(0);
            let taken = entries.taken.get(item).copied().unwrap_or(0);
            if acked > 1 || (acked + taken > 1 && !self.takes_may_be_seen_again) {
                all.push(format!("{item} was acked {acked} times, and taken {taken} times"));
            }
        }
        all
    }
}

impl Entries {
    fn finished(&self) -> HashSet<u32> {
        self.acked.keys().chain(self.taken.keys()).copied().collect()
    }
}

#[test]
fn what_is_lost_and_what_is_doubled_is_told() {
    let ledger = Ledger::default();
    ledger.put(1);
    ledger.put(2);
    ledger.perhaps_put(3);
    ledger.put(4);
    ledger.acked(1);
    ledger.perhaps_finished(4);
    assert_eq!(ledger.complaints(), ["2 was put, and is lost"]);
    ledger.taken(2);
    assert_eq!(ledger.complaints(), [""; 0]);
    ledger.taken(2);
    ledger.acked(9);
    let complaints = ledger.complaints();
    let doubled = "2 was acked 0 times, and taken 2 times".to_owned();
    assert!(complaints.contains(&doubled), "{complaints:?}");
    assert!(complaints.contains(&"9 was never put, and is finished".to_owned()), "{complaints:?}");
    assert_eq!(complaints.len(), 2);
}

#[test]
fn where_takes_may_be_seen_again_acks_may_not() {
    let ledger = Ledger::new(true);
    ledger.put(1);
    ledger.taken(1);
    ledger.taken(1);
    ledger.acked(1);
    assert_eq!(ledger.complaints(), [""; 0]);
    ledger.acked(1);
    assert_eq!(ledger.complaints(), ["1 was acked 2 times, and taken 2 times"]);
}
