//! What one process holds of a buffer, who waits in it, and what it has to tell the others.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration, Instant};

use forebay_contract::Bytes;

use super::marks::{Counts, Presence, Taken, Tried};
use crate::engine::{How, Role, Standing};

/// What this process holds, or has to tell.
#[derive(Default)]
pub(super) struct Out {
    pub(super) leases: HashMap<u64, Held>,
    /// Leases that came to nobody: back before anything else is decided.
    pub(super) disowned: Vec<u64>,
    pub(super) permits: BTreeSet<u64>,
    pub(super) handles: BTreeMap<u64, Own>,
    /// Consumers so far.
    pub(super) consumers: u64,
    pub(super) line: HashMap<u64, Standee>,
    pub(super) counts: Counts,
    /// Leases out that the others were told of.
    pub(super) told: BTreeSet<u64>,
    /// What was told last.
    pub(super) last_told: Presence,
    /// Some item was finished since the log was cut off.
    pub(super) has_finished: bool,
    pub(super) is_watching: bool,
}

/// An item that is held.
#[derive(Debug, Clone)]
pub(super) struct Held {
    /// The member by whom it is held.
    pub(super) by: u64,
    pub(super) offset: i64,
    pub(super) how: How,
    /// The consumer.
    pub(super) handle: u64,
    /// This lease included.
    pub(super) deliveries: u32,
    pub(super) failures: u32,
    /// What stands of it among the marks.
    pub(super) tried: Tried,
    pub(super) bytes: Bytes,
    pub(super) since: Instant,
    /// Until when Kafka leaves it to us, by our own clock: an answer that comes later may be taken for granted, and is not.
    pub(super) kept: Instant,
    /// For how long, each time.
    pub(super) lock: Duration,
    /// When it goes back by its lease time.
    pub(super) deadline: Option<Instant>,
}

impl Held {
    pub(super) fn is_live(&self, now: Instant) -> bool {
        self.kept > now && self.deadline.is_none_or(|deadline| deadline > now)
    }
}

/// A handle of this process.
#[derive(Debug)]
pub(super) struct Own {
    pub(super) role: Role,
    /// Its number among the consumers of this session.
    pub(super) number: u64,
    pub(super) items: u64,
    pub(super) waited: Duration,
}

/// A call that waits.
#[derive(Debug)]
pub(super) struct Standee {
    /// On which side; a join is on none.
    pub(super) role: Option<Role>,
    /// Whether it waits for a lease to end.
    pub(super) limit: bool,
    handle: u64,
    since: Instant,
}

impl Out {
    /// Whoever asked for this waits from now on, unless it does so already.
    pub(super) fn stand(
        &mut self,
        standing: Standing,
        role: Option<Role>,
        handle: u64,
        limit: bool,
    ) {
        if standing.is_patient {
            let since = Instant::now();
            let new = Standee { role, limit, handle, since };
            self.line.entry(standing.waiter).or_insert(new).limit = limit;
        }
    }

    /// It waits no more.
    pub(super) fn leave(&mut self, waiter: u64) {
        let Some(standee) = self.line.remove(&waiter) else { return };
        let waited = standee.since.elapsed();
        match standee.role {
            Some(Role::Producer) => self.counts.producer_wait += waited,
            Some(Role::Consumer) => {
                self.counts.consumer_wait += waited;
                if let Some(own) = self.handles.get_mut(&standee.handle) {
                    own.waited += waited;
                }
            }
            None => {}
        }
    }

    /// How many calls of this side wait.
    pub(super) fn waiting(&self, role: Role) -> usize {
        self.line.values().filter(|standee| standee.role == Some(role)).count()
    }

    /// This consumer took or leased so many.
    pub(super) fn took(&mut self, handle: u64, items: u64) {
        match self.handles.get_mut(&handle) {
            Some(own) => own.items += items,
            None => self.counts.departed += items,
        }
    }

    /// An item of this consumer's was none.
    pub(super) fn untook(&mut self, handle: u64) {
        if let Some(own) = self.handles.get_mut(&handle) {
            own.items = own.items.saturating_sub(1);
        }
    }

    /// So many waited at some moment.
    pub(super) fn see_depth(&mut self, depth: u64) {
        self.counts.high_water = self.counts.high_water.max(depth);
    }

    /// Leases within the limit.
    pub(super) fn leased(&self) -> u64 {
        self.leases.values().filter(|held| held.how == How::Lease).count() as u64
    }

    /// What is to be told.
    pub(super) fn presence(&self) -> Presence {
        let of = |role| self.handles.values().filter(move |own| own.role == role);
        Presence {
            producers: of(Role::Producer).count(),
            producers_waiting: self.waiting(Role::Producer),
            consumers_waiting: self.waiting(Role::Consumer),
            held: self.told.len() as u64,
            counts: self.counts.clone(),
            taken: of(Role::Consumer)
                .map(|own| Taken { number: own.number, items: own.items, waited: own.waited })
                .collect(),
        }
    }
}
