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
        Want::Place { weight: self.settings.weight_capacity.map_or(0, |_| PERMIT_WEIGHT) }
    }

    fn weigh(&self, item: &Counted) -> u64 {
        self.settings.weight_capacity.map_or(0, |_| item.weight())
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
        if self.settings.weight_capacity.is_some_and(|limit| weight > limit) {
            return Some(Refusal::TooHeavy);
        }
        let mut count = state.waiting.len() + state.reserved;
        let mut others = self.waiting_weight(state) + state.reserved_weight;
        for waiter in self.ahead(state, ticket) {
            if let Want::Place { weight } = waiter.want {
                (count, others) = (count + 1, others + weight);
            }
        }
        (!self.admits(count, others, weight)).then_some(Refusal::Full)
    }

    fn ended(&self, state: &State) -> Option<Refusal> {
        if state.closed && !self.has(Fault::AcceptsPutAfterClose) {
            Some(Refusal::Closed)
        } else if state.consumers == 0 {
            Some(Refusal::Abandoned)
        } else {
            None
        }
    }

    fn waiting_weight(&self, state: &State) -> u64 {
        self.settings.weight_capacity.map_or(0, |_| state.weight())
    }

    /// Whether one more of this weight is admitted beside so many, so heavy together.
    fn admits(&self, count: usize, others: u64, weight: u64) -> bool {
        let more = usize::from(self.has(Fault::CapacityOffByOne));
        let fits = self.settings.weight_capacity.is_none_or(|limit| others + weight <= limit);
        count < self.settings.capacity + more && fits
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
            Err((item, Refusal::Full)) if overflow == Overflow::DropThis => {
                state.produced += 1;
                state.dropped += 1;
                drop(item);
                Ok(Outcome::DroppedThis)
            }
            Err((item, Refusal::Full)) if overflow == Overflow::DropOldest => {
                self.drop_oldest(state, item)
            }
            other => other,
        }
    }

    fn drop_oldest(&self, state: &mut State, item: Counted) -> Result<Outcome, (Counted, Refusal)> {
        let weight = self.weigh(&item);
        let fits = self.admits(state.reserved, state.reserved_weight, weight);
        if state.puts_in_line() > 0 || !fits {
            return Err((item, Refusal::Full));
        }
        let mut dropped = 0;
        while self.refusal(state, weight, None).is_some() {
            state.waiting.pop_first();
            dropped += 1;
        }
        state.dropped += dropped;
        Self::force(state, item);
        Ok(Outcome::DroppedOldest(dropped))
    }

    /// Places the item, room or not.
    pub(crate) fn force(state: &mut State, item: Counted) {
        state.waiting.insert(state.next_position, Entry { item, deliveries: 0, failures: 0 });
        state.next_position += 1;
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
        Ok(Place { weight })
    }

    /// Places the item where a place was set aside, which is used up, whatever comes of it.
    pub(crate) fn put_permitted(
        &self,
        place: &Place,
        item: Counted,
    ) -> Result<(), (Counted, Refusal)> {
        let mut state = self.lock();
        let fits = self.weigh(&item) <= place.weight;
        Self::free(&mut state, place);
        let refusal = self.ended(&state).or((!fits).then_some(Refusal::TooHeavy));
        let put = if let Some(refusal) = refusal {
            Err((item, refusal))
        } else {
            Self::force(&mut state, item);
            Ok(())
        };
        self.announce(&mut state);
        put
    }

    /// The permit was dropped.
    pub(crate) fn release(&self, place: &Place) {
        let mut state = self.lock();
        Self::free(&mut state, place);
        self.announce(&mut state);
    }

    fn free(state: &mut State, place: &Place) {
        state.reserved -= 1;
        state.reserved_weight -= place.weight;
    }
}
