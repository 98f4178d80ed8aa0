//! The account that stands outside: what was put, what was given back, and what was finished.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Of each item, by its number.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    entries: Mutex<Entries>,
}

#[derive(Debug, Default)]
struct Entries {
    /// Put said so.
    put: HashSet<u32>,
    /// Nobody said whether it was put.
    perhaps: HashSet<u32>,
    /// So often an ack, or a take, said that it is finished.
    finished: HashMap<u32, u32>,
    /// Nobody said whether it is.
    perhaps_finished: HashSet<u32>,
}

impl Ledger {
    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn put(&self, item: u32) {
        self.lock().put.insert(item);
    }

    pub(crate) fn perhaps_put(&self, item: u32) {
        self.lock().perhaps.insert(item);
    }

    pub(crate) fn finished(&self, item: u32) {
        *self.lock().finished.entry(item).or_default() += 1;
    }

    pub(crate) fn perhaps_finished(&self, item: u32) {
        self.lock().perhaps_finished.insert(item);
    }

    /// So many are finished.
    pub(crate) fn count(&self) -> usize {
        self.lock().finished.len()
    }

    /// What is wrong now that nothing is left in the buffer.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let entries = self.lock();
        let mut all = Vec::new();
        for item in &entries.put {
            if !entries.finished.contains_key(item) && !entries.perhaps_finished.contains(item) {
                all.push(format!("{item} was put, and is lost"));
            }
        }
        for (item, times) in &entries.finished {
            if !entries.put.contains(item) && !entries.perhaps.contains(item) {
                all.push(format!("{item} was never put, and is finished"));
            }
            if *times > 1 {
                all.push(format!("{item} was finished {times} times"));
            }
        }
        all
    }
}

#[test]
fn what_is_lost_and_what_is_doubled_is_told() {
    let ledger = Ledger::default();
    ledger.put(1);
    ledger.put(2);
    ledger.perhaps_put(3);
    ledger.put(4);
    ledger.finished(1);
    ledger.perhaps_finished(4);
    assert_eq!(ledger.complaints(), ["2 was put, and is lost"]);
    ledger.finished(2);
    assert_eq!(ledger.complaints(), [""; 0]);
    ledger.finished(2);
    ledger.finished(9);
    let complaints = ledger.complaints();
    assert!(complaints.contains(&"2 was finished 2 times".to_owned()), "{complaints:?}");
    assert!(complaints.contains(&"9 was never put, and is finished".to_owned()), "{complaints:?}");
    assert_eq!(complaints.len(), 2);
}
