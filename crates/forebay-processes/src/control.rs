//! The second page: the lock, and what is true of the buffer as a whole.
//!
//! Most of it can be made out from the slots, participants and waiters, and is, after a crash
//! (`turn/recovery.rs`). What cannot is said where it is defined.

use forebay_contract::Fault;

use crate::geometry::Geometry;
use crate::region::Region;
use crate::words::{Word, Word32};

/// The page of control.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Control<'a> {
    words: &'a [Word; 128],
    lock: &'a Word32,
}

macro_rules! fields {
    ($($(#[$doc:meta])* $name:ident = $index:literal;)*) => {
        impl<'a> Control<'a> {
            $($(#[$doc])* pub(crate) fn $name(self) -> &'a Word { &self.words[$index] })*
        }

        #[cfg(test)]
        mod tests {
            use std::collections::BTreeSet;

            #[test]
            fn no_two_fields_share_a_word() {
                let mut taken = std::collections::HashSet::from([0, 64, 67]);
                $(assert!(taken.insert($index), "{}", stringify!($name));)*
            }

            #[test]
            fn the_document_says_where_each_is() {
                let document = include_str!("../../../docs/file-format.md");
                let part = document.split("\n## ").find(|part| part.starts_with("The page of control"));
                let rows = part.expect("its part").lines().filter_map(|line| {
                    let (index, rest) = line.strip_prefix("| ")?.split_once(" | `")?;
                    Some((index.parse::<u32>().ok()?, rest.split_once('`')?.0))
                });
                let mut fields = BTreeSet::from([(0, "lock"), (64, "sync_lock")]);
                $(fields.insert(($index, stringify!($name)));)*
                assert_eq!(rows.collect::<BTreeSet<_>>(), fields);
            }
        }
    };
}

fields! {
    /// Counts up when a turn begins and when it ends: odd while somebody has the lock.
    turns = 1;
    /// Not 0 when whoever had the lock left in the middle of something: the next one recovers.
    suspect = 2;
    /// Not 0 when a sync failed. Not derived.
    poisoned = 3;
    /// Counts those who come, before they have the lock. Not derived.
    arrivals = 4;

    /// The position of the next item.
    next_position = 8;
    waiting = 9;
    /// Places set aside.
    reserved = 10;
    leased = 11;
    taking = 12;
    /// The weight that waits or is set aside.
    weight = 13;
    /// What is being counted at this moment; see `turn/tally.rs`. Not derived.
    intent = 14;
    /// Items finished. Not derived.
    finished = 15;

    free_head = 16;
    free_len = 17;
    fresh_head = 18;
    fresh_len = 19;
    returned_len = 20;
    due_len = 21;
    /// The first block that was given back; and from which one on none was ever used.
    free_block = 22;
    free_blocks = 23;

    dead = 24;
    /// Items dropped. Not derived.
    dropped = 25;
    /// Not 0 once closed. Not derived.
    closed = 26;
    /// The greatest depth seen. Not derived.
    high_water = 27;
    /// Newcomers that passed a put that waited.
    room_passed = 28;
    /// Newcomers that passed a take or lease that waited.
    item_passed = 29;
    /// The ticket of the next waiter.
    next_ticket = 30;
    /// The number of the next producer. Not derived.
    next_producer = 31;

    /// First and last of the line for room; how many stand there.
    room_ends = 32;
    room_count = 33;
    item_ends = 34;
    item_count = 35;
    idle_ends = 36;
    idle_count = 37;
    free_waiter = 38;
    producers = 39;

    consumers = 40;
    /// What consumers took that are gone. Not derived.
    departed = 41;
    /// How long producers waited that are gone, in nanoseconds. Not derived.
    producer_wait = 42;
    /// How long consumers waited that are gone, in nanoseconds. Not derived.
    consumer_wait = 43;
    /// When somebody last looked for the dead, in nanoseconds since the machine started.
    swept_at = 44;
    /// The participant from which the next look goes on.
    sweep_next = 45;
    /// The machine's start in which the leases were made. Not derived.
    boot_low = 46;
    boot_high = 47;

    /// Participants found dead, ever. Not derived.
    deaths = 48;
    /// Times that somebody recovered the buffer. Not derived.
    recoveries = 49;
    /// The weight of the places set aside.
    reserved_weight = 50;
    /// The number of the next consumer. Not derived.
    next_consumer = 52;
    /// The number of the next of the other participants. Not derived.
    next_other = 53;
    /// The number of the next dead letter.
    next_death = 51;

    /// When somebody last looked for the dead, in nanoseconds since 1970: for those who never wait.
    swept_wall = 54;
    /// Who of those that sleep looks after the others; and how often it found nothing to look after. See
    /// `turn/watch.rs`.
    watch = 55;

    /// Puts that want to be on the disk.
    commits = 65;
    /// Those of them that are.
    synced = 66;
}

impl<'a> Control<'a> {
    pub(crate) fn of(region: &'a Region) -> Result<Self, Fault> {
        let at = Geometry::AT_CONTROL;
        Ok(Self { words: region.words(at)?, lock: region.word32(at)? })
    }

    /// The buffer's lock.
    pub(crate) fn lock(self) -> &'a Word32 {
        self.lock
    }

    /// The lock of those who sync.
    pub(crate) fn sync_lock(region: &'a Region) -> Result<&'a Word32, Fault> {
        region.word32(Geometry::AT_CONTROL + 64 * 8)
    }

    /// What those sleep on who wait for a sync.
    pub(crate) fn sync_epoch32(region: &'a Region) -> Result<&'a Word32, Fault> {
        region.word32(Geometry::AT_CONTROL + 67 * 8)
    }
}
