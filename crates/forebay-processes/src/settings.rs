//! What a buffer is made with, once and for all.

use std::time::Duration;

use crate::geometry::{Geometry, INLINE};
use crate::slot::Word as SlotWord;

/// What a put that returned Ok survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Durability {
    /// The death of every process, at any instruction; not of the machine. Nothing is synced.
    #[default]
    Process,
    /// The loss of power as well: a put returns once its item is on the disk. One sync serves all who
    /// wait for one.
    Power,
}

/// What a buffer is made with.
///
/// ```no_run
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// forebay_processes::Settings::new(1000).max_failures(3).create("jobs.fb")?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    pub(crate) capacity: u64,
    pub(crate) capacity_bytes: Option<u64>,
    pub(crate) storage: Option<u64>,
    pub(crate) max_leased: Option<u64>,
    pub(crate) max_failures: Option<u32>,
    pub(crate) max_deliveries: Option<u32>,
    pub(crate) lease_time: Option<Duration>,
    pub(crate) dead_room: Option<u64>,
    pub(crate) participants: u32,
    pub(crate) durability: Durability,
    pub(crate) mode: u32,
}

/// Why a buffer cannot be made so (C11).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unfit(pub(crate) String);

impl Settings {
    /// A buffer in which at most `capacity` items wait (C1), with defaults for the rest.
    pub fn new(capacity: u64) -> Self {
        Self {
            capacity,
            capacity_bytes: None,
            storage: None,
            max_leased: None,
            max_failures: None,
            max_deliveries: None,
            lease_time: None,
            dead_room: None,
            participants: 256,
            durability: Durability::default(),
            mode: 0o600,
        }
    }

    /// Bounds what the waiting items weigh together (C1): their length in bytes, unless the codec weighs
    /// otherwise. Room for as much again is kept for items that are leased or dead.
    #[must_use]
    pub fn capacity_bytes(mut self, bytes: u64) -> Self {
        self.capacity_bytes = Some(bytes);
        self
    }

    /// Sets room for so many bytes of items aside, whatever they weigh. Unless told otherwise, twice the
    /// capacity in bytes, or 128 bytes for each place and at least 1 MiB. Items up to 64 bytes need none.
    #[must_use]
    pub fn storage(mut self, bytes: u64) -> Self {
        self.storage = Some(bytes);
        self
    }

    /// Bounds how many items may be out on lease (C1): the capacity, and at least 64, unless told
    /// otherwise.
    #[must_use]
    pub fn max_leased(mut self, limit: u64) -> Self {
        self.max_leased = Some(limit);
        self
    }

    /// Makes an item a dead letter at so many failures. No limit unless told otherwise.
    #[must_use]
    pub fn max_failures(mut self, limit: u32) -> Self {
        self.max_failures = Some(limit);
        self
    }

    /// Makes an item a dead letter when so many leases ended without an ack. No limit unless told
    /// otherwise: a consumer that is killed says nothing about its item.
    #[must_use]
    pub fn max_deliveries(mut self, limit: u32) -> Self {
        self.max_deliveries = Some(limit);
        self
    }

    /// Ends a lease that is neither answered nor extended for so long. For ever unless told otherwise:
    /// what a dead process held is given back without it.
    #[must_use]
    pub fn lease_time(mut self, time: Duration) -> Self {
        self.lease_time = Some(time);
        self
    }

    /// Room for so many dead letters; when it is full, nothing is leased until some are retried or
    /// purged. The capacity, at least 64 and at most 65,536, unless told otherwise.
    #[must_use]
    pub fn dead_room(mut self, letters: u64) -> Self {
        self.dead_room = Some(letters);
        self
    }

    /// Room for so many producers and consumers at a time: 256 unless told otherwise. Openings, and the waits of tasks, have
    /// room of their own, for two of each handle and 16 more: whoever looks, closes or joins is kept out by no handle.
    #[must_use]
    pub fn participants(mut self, participants: u32) -> Self {
        self.participants = participants;
        self
    }

    /// What a put survives.
    #[must_use]
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// The permissions of the file: 0600 unless told otherwise. Whoever may write it can use the buffer,
    /// and can damage it.
    #[must_use]
    pub fn mode(mut self, mode: u32) -> Self {
        self.mode = mode;
        self
    }

    /// How the file will be laid out.
    pub(crate) fn geometry(&self) -> Result<Geometry, Unfit> {
        let unfit = |why: &str| Err(Unfit(why.to_owned()));
        if self.capacity == 0 {
            return unfit("the capacity is at least 1");
        }
        if self.capacity_bytes == Some(0) {
            return unfit("the capacity in bytes is at least 1");
        }
        let max_leased = self.max_leased.unwrap_or(self.capacity.max(64));
        if max_leased == 0 {
            return unfit("at least one item may be out on lease");
        }
        if self.max_failures == Some(0) || self.max_deliveries == Some(0) {
            return unfit("a limit of failures or deliveries is at least 1");
        }
        if self.max_failures.is_some_and(|limit| u64::from(limit) > SlotWord::MOST_FAILURES) {
            return unfit("a limit of failures is at most 65535");
        }
        if self.max_deliveries.is_some_and(|limit| u64::from(limit) > SlotWord::MOST_DELIVERIES) {
            return unfit("a limit of deliveries is at most 1048575");
        }
        if self.lease_time.is_some_and(|time| time.is_zero()) {
            return unfit("a lease lasts longer than no time");
        }
        let dead_room = self.dead_room.unwrap_or(self.capacity.clamp(64, 65_536));
        if dead_room == 0 {
            return unfit("there is room for at least one dead letter");
        }
        if self.participants == 0 || self.participants > Geometry::MOST_HANDLES {
            return unfit("there is room for 1 to 16384 producers and consumers");
        }
        let slots = u128::from(self.capacity) + u128::from(max_leased) + u128::from(dead_room);
        let Some(slots) = u32::try_from(slots).ok().filter(|slots| *slots < u32::MAX) else {
            return unfit("capacity, leases and dead letters are more than 4294967294 together");
        };
        let items = u64::from(slots);
        let storage = match (self.storage, self.capacity_bytes) {
            (Some(bytes), _) => bytes,
            (None, Some(bytes)) => bytes.saturating_mul(2),
            (None, None) => self.capacity.saturating_mul(128).max(1 << 20),
        };
        // An item leaves less than one block empty, and has more than what the slot holds if it has any.
        // And a dead letter has a block for its reason.
        let partly = items.min(storage / (INLINE as u64 + 1)) + 1;
        let blocks = (storage / Geometry::BLOCK_BYTES + partly).saturating_add(dead_room);
        let Some(blocks) = u32::try_from(blocks).ok().filter(|blocks| *blocks < u32::MAX) else {
            return unfit("so many bytes are more than a buffer can hold");
        };
        Ok(Geometry::new(self.participants, slots, blocks))
    }

    /// The lease limit, told or not.
    pub(crate) fn lease_limit(&self) -> u64 {
        self.max_leased.unwrap_or(self.capacity.max(64))
    }

    /// The room for dead letters, told or not.
    pub(crate) fn dead_limit(&self) -> u64 {
        self.dead_room.unwrap_or(self.capacity.clamp(64, 65_536))
    }

    /// The most items that may wait.
    pub fn get_capacity(&self) -> u64 {
        self.capacity
    }

    /// The greatest weight that may wait, if it is bounded.
    pub fn get_capacity_bytes(&self) -> Option<u64> {
        self.capacity_bytes
    }

    /// The most items that may be out on lease.
    pub fn get_max_leased(&self) -> u64 {
        self.lease_limit()
    }

    /// How long a lease lasts, if not for ever.
    pub fn get_lease_time(&self) -> Option<Duration> {
        self.lease_time
    }

    /// The failures that make a dead letter.
    pub fn get_max_failures(&self) -> Option<u32> {
        self.max_failures
    }

    /// The leases without an ack that make a dead letter.
    pub fn get_max_deliveries(&self) -> Option<u32> {
        self.max_deliveries
    }

    /// The room for dead letters.
    pub fn get_dead_room(&self) -> u64 {
        self.dead_limit()
    }

    /// The room for producers and consumers.
    pub fn get_participants(&self) -> u32 {
        self.participants
    }

    /// What a put survives.
    pub fn get_durability(&self) -> Durability {
        self.durability
    }
}
