//! Leases of the model: items out, and the answers that end them (C1, C4).

use super::{Entry, Model};
use crate::{DeadLetter, Death, LeaseError, TakeError};

/// The name of one lease: the item's position, and which of its deliveries this is.
///
/// An answer under a token whose lease has ended is refused, since a later lease of the same item
/// has another delivery number (C4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token {
    position: u64,
    delivery: u32,
}

impl Token {
    /// The item's place in the order of puts, from 0 (C2).
    pub const fn position(self) -> u64 {
        self.position
    }

    /// How often the item was leased, this lease included.
    pub const fn delivery(self) -> u32 {
        self.delivery
    }
}

#[derive(Debug, Clone)]
pub(super) struct Held<T> {
    pub(super) entry: Entry<T>,
    pub(super) consumer: u64,
}

impl<T> Model<T> {
    /// Leases the oldest item, unless the lease limit is reached (C1, C2). With nothing to lease
    /// and the limit reached, says that there is nothing.
    pub fn lease(&mut self, consumer: u64) -> Result<Token, TakeError> {
        if self.waiting.is_empty() {
            return Err(self.nothing_for(consumer));
        }
        if self.leased.len() >= self.max_leased {
            return Err(TakeError::LeaseLimit);
        }
        let (position, mut entry) = self.waiting.pop_first().expect("it is not empty");
        entry.deliveries += 1;
        let token = Token { position, delivery: entry.deliveries };
        self.leased.insert(position, Held { entry, consumer });
        Ok(token)
    }

    /// The item under this lease; `None` when the lease has ended.
    pub fn item(&self, token: Token) -> Option<&T> {
        self.held(token).map(|held| &held.entry.item)
    }

    /// The failures of the item under this lease; `None` when the lease has ended.
    pub fn failures(&self, token: Token) -> Option<u32> {
        self.held(token).map(|held| held.entry.failures)
    }

    /// Finishes the item and hands it over.
    pub fn ack(&mut self, token: Token) -> Result<T, LeaseError> {
        let entry = self.end(token)?;
        self.finished += 1;
        Ok(entry.item)
    }

    /// Puts the item back at its own position, asking for no room (C1, C2).
    pub fn nack(&mut self, token: Token) -> Result<(), LeaseError> {
        let entry = self.end(token)?;
        self.give_back(token, entry);
        Ok(())
    }

    /// Ends the lease because its deadline has passed: a nack by the clock.
    pub fn expire(&mut self, token: Token) -> Result<(), LeaseError> {
        self.nack(token)
    }

    /// Puts the item back with one failure more, or sets it aside at the limit.
    pub fn fail(&mut self, token: Token, reason: &str) -> Result<(), LeaseError> {
        let mut entry = self.end(token)?;
        entry.failures += 1;
        if self.max_failures.is_some_and(|limit| entry.failures >= limit) {
            self.bury(entry, Death::Failures(reason.to_owned()));
        } else {
            self.give_back(token, entry);
        }
        Ok(())
    }

    /// Sets the item aside for good.
    pub fn reject(&mut self, token: Token, reason: &str) -> Result<(), LeaseError> {
        let entry = self.end(token)?;
        self.bury(entry, Death::Rejected(reason.to_owned()));
        Ok(())
    }

    fn held(&self, token: Token) -> Option<&Held<T>> {
        self.leased.get(&token.position).filter(|held| held.entry.deliveries == token.delivery)
    }

    fn end(&mut self, token: Token) -> Result<Entry<T>, LeaseError> {
        self.held(token).ok_or(LeaseError::Expired)?;
        let held = self.leased.remove(&token.position).expect("it was just found");
        Ok(held.entry)
    }

    fn give_back(&mut self, token: Token, entry: Entry<T>) {
        if self.max_deliveries.is_some_and(|limit| entry.deliveries >= limit) {
            self.bury(entry, Death::Deliveries);
        } else if self.abandoned {
            self.dropped += 1;
        } else {
            self.waiting.insert(token.position, entry);
            self.see_depth();
        }
    }

    fn bury(&mut self, entry: Entry<T>, death: Death) {
        let Entry { item, deliveries, failures, .. } = entry;
        self.dead.push_back(DeadLetter { item, death, deliveries, failures });
    }
}
