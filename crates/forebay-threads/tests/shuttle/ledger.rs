//! What was put and taken, and whether it adds up.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use forebay_threads::Statistics;

/// The so-manieth item of its producer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Item {
    pub(crate) producer: u64,
    pub(crate) number: u64,
    pub(crate) weight: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Ledger(Mutex<Books>);

#[derive(Debug, Default)]
struct Books {
    placed: BTreeSet<Item>,
    given_up: BTreeSet<Item>,
    /// Dropped by their own producer, or at its bidding.
    dropped: u64,
    taken: BTreeSet<Item>,
    /// Given back once, and so out of order for whoever looks.
    returned: BTreeSet<Item>,
}

impl Ledger {
    /// A put returned so.
    pub(crate) fn placed(&self, item: Item) {
        assert!(self.0.lock().unwrap().placed.insert(item), "{item:?} placed twice");
    }

    /// A put was given up: placed whole by then, or not at all.
    pub(crate) fn given_up(&self, item: Item) {
        assert!(self.0.lock().unwrap().given_up.insert(item), "{item:?} put twice");
    }

    pub(crate) fn dropped(&self, count: u64) {
        self.0.lock().unwrap().dropped += count;
    }

    /// A consumer has it for good.
    pub(crate) fn taken(&self, item: Item) {
        assert!(self.0.lock().unwrap().taken.insert(item), "{item:?} taken twice");
    }

    /// About to be given back.
    pub(crate) fn returns(&self, item: Item) {
        self.0.lock().unwrap().returned.insert(item);
    }

    /// Whether each producer's items come in their order to this consumer; those given back aside.
    pub(crate) fn check_order(&self, seen: &[Item]) {
        let books = self.0.lock().unwrap();
        let mut last = BTreeMap::new();
        for item in seen.iter().filter(|item| !books.returned.contains(item)) {
            let before = last.insert(item.producer, item.number);
            assert!(before < Some(item.number), "{item:?} after {before:?}");
        }
    }

    /// Everybody is done: each item placed was taken once, or dropped and counted, or still waits.
    pub(crate) fn check(&self, statistics: &Statistics) {
        let books = self.0.lock().unwrap();
        let lost: Vec<_> = books.placed.difference(&books.taken).collect();
        let unasked: Vec<_> = books.taken.difference(&books.placed).collect();
        assert!(
            unasked.iter().all(|item| books.given_up.contains(item)),
            "taken and never put: {books:?}"
        );
        // Those that were placed though their put was given up: taken, or dropped like any other.
        let known = (books.placed.len() + unasked.len()) as u64;
        let dropped_too = statistics.produced.checked_sub(known).expect("what is taken was put");
        assert!(unasked.len() as u64 + dropped_too <= books.given_up.len() as u64);
        assert_eq!(lost.len() as u64 + dropped_too, books.dropped, "lost: {lost:?}");
        assert_eq!((statistics.waiting, statistics.leased), (0, 0), "{statistics:?}");
        assert_eq!(statistics.dropped, books.dropped);
        assert_eq!(statistics.finished, books.taken.len() as u64);
        assert_eq!((statistics.producers_waiting, statistics.consumers_waiting), (0, 0));
    }
}
