//! What the reference buffer admits: items and permits, by count and by weight, and what it drops.

use forebay_conformance::{Counted, Item};
use forebay_contract::{Outcome, Overflow, Refusal};

use crate::fault::Fault;
use crate::monitor::Monitor;
use crate::state::{Entry, State, Want};

/// A place set aside.
#[derive(Debug)]
pub(crate) struct Place {
    weight: u64,
    /// Of the next item when it was set aside.
    position: u64,
}

/// What a permit sets aside by weight: a reserve names no item.
const PERMIT_WEIGHT: u64 = 1;

impl Monitor {
    /// What whoever puts this item wants.
    pub(crate) fn want_of(&self, item: &Counted) -> Want {
        Want::Place { weight: self.weigh(item) }
    }

    /// What whoever reserves wants.
    pub(crate) fn want_of_permit(&self) -> Want {
        let weight = u64::from(!self.has(Fault::PermitWeighsNothing)) * PERMIT_WEIGHT;
        Want::Place { weight: self.settings.weight_capacity.map_or(0, |_| weight) }
    }

    fn weigh(&self, item: &Counted) -> u64 {
        self.weight_capacity().map_or(0, |_| item.weight())
    }

    fn weight_capacity(&self) -> Option<u64> {
        let unasked = self.has(Fault::WeighsUnasked).then_some(self.settings.capacity as u64);
        self.settings.weight_capacity.or(unasked)
    }

    /// Why a put or reserve of this weight is refused now, beside those ahead of it in line.
    pub(crate) fn refusal(
        &self,
        state: &State,
        weight: u64,
        ticket: Option<u64>,
    ) -> Option<Refusal> {
        if let Some(ended) = self.ended(state) {
            return Some(ended);
        }
        if self.weight_capacity().is_some_and(|limit| weight > limit) {
            let waits = self.has(Fault::TooHeavyWaits);
            return Some(if waits { Refusal::Full } else { Refusal::TooHeavy });
        }
        let reserved = if self.has(Fault::PermitsUncounted) { 0 } else { state.reserved };
        let mut count = state.waiting.len() + reserved;
        let mut others = self.waiting_weight(state) + state.reserved_weight;
        for waiter in self.ahead(state, ticket) {
            if let Want::Place { weight } = waiter.want {
                let weight = if self.has(Fault::KeepsNoWeight) { 0 } else { weight };
                (count, others) = (count + 1, others + weight);
            }
        }
        (!self.admits(count, others, weight)).then_some(Refusal::Full)
    }

    fn ended(&self, state: &State) -> Option<Refusal> {
        if state.closed && !self.has(Fault::AcceptsPutAfterClose) {
            Some(Refusal::Closed)
        } else if state.consumers == 0 && self.ends_with_its_handles() {
            Some(Refusal::Abandoned)
        } else {
            None
        }
    }

    pub(crate) fn waiting_weight(&self, state: &State) -> u64 {
        let sum = |entry: &Entry| {
            let redelivered = entry.deliveries > 0 && self.has(Fault::RedeliveredWeighNothing);
            if redelivered { 0 } else { self.weigh(&entry.item) }
        };
        state.waiting.values().map(sum).sum()
    }

    /// Whether one more of this weight is admitted beside so many, so heavy together.
    fn admits(&self, count: usize, others: u64, weight: u64) -> bool {
        let more = usize::from(self.has(Fault::CapacityOffByOne));
        let heavier = u64::from(self.has(Fault::WeightOffByOne));
        let limit = self.weight_capacity().map(|limit| limit + heavier);
        let fits = limit.is_none_or(|limit| others + weight <= limit);
        let counted = limit.is_none() || !self.has(Fault::WeighedAreNotCounted);
        fits && !(counted && count >= self.settings.capacity + more)
    }

    /// Places the item if this ticket's turn has come.
    pub(crate) fn place(
        &self,
        state: &mut State,
        item: Counted,
        ticket: Option<u64>,
    ) -> Result<Outcome, (Counted, Refusal)> {
        if let Some(refusal) = self.refusal(state, self.weigh(&item), ticket) {
            if refusal == Refusal::Full && self.has(Fault::DropsOldestUnasked) && ticket.is_none() {
                state.waiting.pop_first();
                state.dropped += 1;
            } else {
                state.produced += u64::from(self.has(Fault::CountsRefusals) && ticket.is_none());
                return Err((item, refusal));
            }
        }
        Self::force(state, item);
        Ok(Outcome::Placed)
    }

    /// Places the item, and drops what this policy says when there is no room.
    pub(crate) fn place_or_drop(
        &self,
        state: &mut State,
        item: Counted,
        overflow: Overflow,
    ) -> Result<Outcome, (Counted, Refusal)> {
        match self.place(state, item, None) {
            Err((item, Refusal::Closed))
                if overflow == Overflow::DropThis && self.has(Fault::DropsAfterClose) =>
            {
                Ok(self.drop_this(state, item))
            }
            Err((item, Refusal::Full)) if overflow == Overflow::DropThis => {
                Ok(self.drop_this(state, item))
            }
            Err((item, Refusal::Full)) if overflow == Overflow::DropOldest => {
                self.drop_oldest(state, item)
            }
            other => other,
        }
    }

    fn drop_this(&self, state: &mut State, item: Counted) -> Outcome {
        let counted = u64::from(!self.has(Fault::DropsThisUncounted));
        state.produced += counted;
        state.dropped += counted;
        drop(item);
        Outcome::DroppedThis
    }

    fn drop_oldest(&self, state: &mut State, item: Counted) -> Result<Outcome, (Counted, Refusal)> {
        let weight = self.weigh(&item);
        let fits = self.admits(state.reserved, state.reserved_weight, weight);
        let overtakes = state.puts_in_line() > 0 && !self.has(Fault::DropOldestOvertakes);
        if overtakes || (!fits && !self.has(Fault::DropsInVain)) {
            return Err((item, Refusal::Full));
        }
        let mut dropped = 0;
        while self.refusal(state, weight, Some(0)).is_some() && self.drop_one(state) {
            dropped += 1;
            if self.has(Fault::DropsOneOnly) {
                break;
            }
        }
        state.dropped += if self.has(Fault::DropsUncounted) { 0 } else { dropped };
        if !fits {
            return Err((item, Refusal::Full));
        }
        Self::force(state, item);
        Ok(Outcome::DroppedOldest(dropped))
    }

    /// Drops one item; whether there was one.
    fn drop_one(&self, state: &mut State) -> bool {
        let oldest = state.waiting.keys().next().copied().unwrap_or(u64::MAX);
        let leased = state.leased.keys().next().copied().unwrap_or(u64::MAX);
        if leased < oldest && self.has(Fault::DropsLeased) {
            state.leased.remove(&leased);
            state.waiting.pop_last();
            state.dropped += 1;
            return true;
        }
        let dropped = if self.has(Fault::DropsNewest) {
            state.waiting.pop_last()
        } else {
            state.waiting.pop_first()
        };
        dropped.is_some()
    }

    /// Places the item, room or not.
    pub(crate) fn force(state: &mut State, item: Counted) {
        let position = state.next_position;
        state.next_position += 1;
        Self::force_at(state, position, item);
    }

    fn force_at(state: &mut State, position: u64, item: Counted) {
        state.waiting.insert(position, Entry { item, deliveries: 0, failures: 0 });
        state.produced += 1;
        state.high_water = state.high_water.max(state.waiting.len() as u64);
    }

    /// Sets a place aside if this ticket's turn has come.
    pub(crate) fn reserve(&self, state: &mut State, ticket: Option<u64>) -> Result<Place, Refusal> {
        let Want::Place { weight } = self.want_of_permit() else { unreachable!("it is a place") };
        if let Some(refusal) = self.refusal(state, weight, ticket) {
            return Err(refusal);
        }
        state.reserved += 1;
        state.reserved_weight += weight;
        state.produced += u64::from(self.has(Fault::PermitCountsAsProduced));
        let position = state.next_position;
        state.next_position += u64::from(self.has(Fault::PermitHasThePosition));
        Ok(Place { weight, position })
    }

    /// Places the item where a place was set aside, which is used up, whatever comes of it.
    pub(crate) fn put_permitted(
        &self,
        place: &Place,
        item: Counted,
    ) -> Result<(), (Counted, Refusal)> {
        let mut state = self.lock();
        let fits = self.weigh(&item) <= place.weight || self.has(Fault::HeavyThroughPermit);
        Self::free(&mut state, place);
        let ended = self.ended(&state).filter(|_| !self.has(Fault::PermitPassesClose));
        let mut refusal = ended.or((!fits).then_some(Refusal::TooHeavy));
        if self.has(Fault::PermitPutAsksForRoom) {
            refusal = refusal.or(self.refusal(&state, place.weight, None));
        }
        let put = if let Some(refusal) = refusal {
            Err((item, refusal))
        } else {
            if self.has(Fault::PermitHasThePosition) {
                Self::force_at(&mut state, place.position, item);
            } else {
                Self::force(&mut state, item);
            }
            Ok(())
        };
        if !self.has(Fault::PermitPutWakesNobody) {
            self.announce(&mut state);
        }
        put
    }

    /// The permit was dropped.
    pub(crate) fn release(&self, place: &Place) {
        let mut state = self.lock();
        if !self.has(Fault::PermitKeepsItsPlace) {
            Self::free(&mut state, place);
        }
        if !self.has(Fault::PermitDropWakesNobody) {
            self.announce(&mut state);
        }
    }

    fn free(state: &mut State, place: &Place) {
        state.reserved -= 1;
        state.reserved_weight -= place.weight;
    }
}
