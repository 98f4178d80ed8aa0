//! One buffer under test, with the ledger of its items.

use forebay_contract::{Consume, Outcome, Produce, Refusal, Statistics, TakeError};

use crate::ensure::{ensure, ensure_eq};
use crate::{Factory, Item, Ledger, Settings};

/// Both handles of a fresh buffer. The fields are public, so that a check can drop one side.
pub struct Subject<F: Factory> {
    /// The first producer.
    pub producer: F::Producer,
    /// The first consumer.
    pub consumer: F::Consumer,
    /// Where its items are counted.
    pub ledger: Ledger,
}

impl<F: Factory> Subject<F> {
    /// A fresh buffer.
    pub fn new(factory: &F, settings: Settings) -> Self {
        match factory.build(&settings) {
            Ok((producer, consumer)) => Self { producer, consumer, ledger: Ledger::default() },
            Err(why) => panic!("C11 bad input: {settings:?} was refused: {why}"),
        }
    }

    /// A fresh buffer with default settings.
    pub fn with_capacity(factory: &F, capacity: usize) -> Self {
        Self::new(factory, Settings::new(capacity))
    }

    /// An item.
    pub fn item(&self, id: u64) -> F::Item {
        F::Item::new(id, &self.ledger)
    }

    /// An item of this weight.
    pub fn weighing(&self, id: u64, weight: u64) -> F::Item {
        F::Item::weighing(id, weight, &self.ledger)
    }

    /// Puts these ids, for which there must be room.
    pub fn fill(&self, ids: impl IntoIterator<Item = u64>) {
        for id in ids {
            let put = self.producer.try_put(self.item(id));
            ensure!(Bound, put.is_ok(), "there was room for item {id}, but: {put:?}");
        }
    }

    /// Tries to put: the refusal, if any. What is handed back must be the item itself, and what was
    /// not refused must be placed, since no policy was chosen that drops.
    pub fn try_put(&self, id: u64) -> Result<(), Refusal> {
        match self.producer.try_put(self.item(id)) {
            Ok(outcome) => {
                ensure_eq!(Overflow, outcome, Outcome::Placed, "what a put says that had room");
                Ok(())
            }
            Err(error) => {
                ensure_eq!(Waiting, error.item.id(), id, "the refused put hands back its item");
                Err(error.refusal)
            }
        }
    }

    /// Tries to take: the id.
    pub fn try_take(&self) -> Result<u64, TakeError> {
        self.consumer.try_take().map(|item| item.id())
    }

    /// Takes until a take is refused.
    pub fn drain(&self) -> Vec<u64> {
        std::iter::from_fn(|| self.try_take().ok()).collect()
    }

    /// The counts of this moment.
    pub fn statistics(&self) -> Statistics {
        self.consumer.statistics()
    }

    /// Checks that the counts add up; nothing may move meanwhile (C8).
    pub fn ensure_accounted(&self) -> Statistics {
        let s = self.statistics();
        ensure_eq!(
            Accounting,
            s.produced,
            s.finished + s.waiting + s.leased + s.dead + s.dropped,
            "produced is the sum of the rest in {s:?}"
        );
        s
    }
}
