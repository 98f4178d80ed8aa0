//! What a buffer tells about itself, read without the lock: by anybody who may read the file.

use std::time::Duration;

use forebay_contract::{Share, Statistics};

use crate::attachment::Attachment;
use crate::clock;
use crate::control::Control;
use crate::geometry::Array;
use crate::lock::{self, Others as _};
use crate::participant::Role;
use crate::slot::State;
use crate::turn::{is_done, longest};
use crate::waiter::Line;

/// So often it is looked for a moment in which nobody has a turn.
const LOOKS: u32 = 100;

/// Looks until no turn was taken meanwhile, and tells how many there had been; where turn follows upon turn, the last
/// look counts, whose numbers may be apart by what moved in between.
pub(crate) fn at_rest<T>(control: Control<'_>, mut look: impl FnMut() -> T) -> (T, Option<u64>) {
    for _ in 0..LOOKS {
        let before = control.turns().read();
        let seen = look();
        std::sync::atomic::fence(std::sync::atomic::Ordering::Acquire);
        if before & 1 == 0 && control.turns().read() == before {
            return (seen, Some(before));
        }
        std::hint::spin_loop();
    }
    (look(), None)
}

/// The counts of this moment.
pub(crate) fn read(buffer: &Attachment) -> Statistics {
    let mut statistics = Statistics::default();
    if buffer.check().is_err() {
        return statistics;
    }
    let Ok(control) = buffer.control() else { return statistics };
    (statistics, _) = at_rest(control, || look(buffer, control));
    let Statistics { finished, waiting, leased, dead, dropped, .. } = statistics;
    let parts = [finished, waiting, leased, control.taking().get(), dead, dropped];
    statistics.produced = parts.into_iter().fold(0, u64::saturating_add);
    statistics
}

fn look(buffer: &Attachment, control: Control<'_>) -> Statistics {
    let mut statistics = Statistics::default();
    let settings = &buffer.settings;
    statistics.name = buffer.path.file_name().map(|name| name.to_string_lossy().into_owned());
    statistics.capacity = usize::try_from(settings.capacity).ok();
    statistics.weight_capacity = settings.capacity_bytes;
    statistics.weight = control.weight().get().saturating_sub(control.reserved_weight().get());
    statistics.finished = control.finished().get();
    statistics.waiting = control.waiting().get();
    statistics.leased = control.leased().get();
    statistics.dead = control.dead().get();
    statistics.reserved = control.reserved().get();
    statistics.dropped = control.dropped().get();
    statistics.high_water = control.high_water().get();
    statistics.closed = control.closed().get() != 0;
    statistics.producers = control.producers().get() as usize;
    statistics.consumers = control.consumers().get() as usize;
    statistics.producers_waiting = control.room_count().get() as usize;
    statistics.consumers_waiting = control.item_count().get() as usize;
    statistics.departed = control.departed().get();
    let mut producer_wait = control.producer_wait().get();
    let mut consumer_wait = control.consumer_wait().get();
    for Present { participant, is_done, .. } in entries(buffer) {
        statistics.finished = statistics.finished.saturating_add(u64::from(is_done));
        statistics.leased = statistics.leased.saturating_sub(u64::from(is_done));
        let waited = participant.waited.as_nanos() as u64;
        match participant.role {
            Role::Producer => producer_wait = producer_wait.saturating_add(waited),
            Role::Consumer => {
                consumer_wait = consumer_wait.saturating_add(waited);
                let mut share = Share::default();
                share.consumer = participant.number;
                share.items = participant.items;
                share.waited = participant.waited;
                statistics.shares.push(share);
            }
            Role::Other => {}
        }
    }
    statistics.shares.sort_by_key(|share| share.consumer);
    statistics.producer_wait = Duration::from_nanos(producer_wait);
    statistics.consumer_wait = Duration::from_nanos(consumer_wait);
    statistics
}

/// One who uses the buffer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Participant {
    /// From 0, in the order in which those of its role came.
    pub number: u64,
    /// What it is there for.
    pub role: Role,
    /// Its process.
    pub process: u32,
    /// The name of its process, as far as 16 bytes go.
    pub command: String,
    /// Items it put, or took and leased.
    pub items: u64,
    /// Items it has on lease.
    pub leased: u64,
    /// Time it spent waiting, the present wait included.
    pub waited: Duration,
    /// What it waits for now, and how long it has.
    pub waits: Option<(Awaited, Duration)>,
    /// Whether it lives. What a dead one held is given back when somebody who uses the buffer notices: at once where
    /// anybody waits, else at the next open.
    pub lives: bool,
}

/// What a participant waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Awaited {
    /// Room.
    Room,
    /// An item.
    Item,
    /// That nothing is unfinished.
    Idle,
}

/// Those who use the buffer: producers, consumers, others, each in the order in which they came.
pub(crate) fn participants(buffer: &Attachment) -> Vec<Participant> {
    let mut found: Vec<_> = entries(buffer)
        .into_iter()
        .map(|Present { index, participant, .. }| Participant {
            // Whoever cannot ask believes what is written.
            lives: buffer.is_alive(index).unwrap_or(true),
            ..participant
        })
        .collect();
    found.sort_by_key(|participant| (participant.role as u8, participant.number));
    found
}

/// An entry in use.
struct Present {
    index: u32,
    participant: Participant,
    /// Whether it has finished an item that nobody has booked: one less on lease than the books say.
    is_done: bool,
}

/// The entries in use. That they live is believed.
fn entries(buffer: &Attachment) -> Vec<Present> {
    let now = clock::wall();
    let mut found = Vec::new();
    if buffer.check().is_err() {
        return found;
    }
    for index in 0..buffer.geometry.participants {
        let Ok(entry) = buffer.entry(index) else { break };
        if entry.generation().is_none() {
            continue;
        }
        let [low, high] = entry.command();
        let mut name = Vec::from(low.to_le_bytes());
        name.extend(high.to_le_bytes());
        name.retain(|byte| *byte != 0);
        let line = (entry.waiting_for().get() as u32).checked_sub(1).and_then(Line::from_number);
        let since = Duration::from_nanos(now.saturating_sub(entry.waiting_since().get()));
        let waits = line.map(|line| {
            let awaited = match line {
                Line::Room => Awaited::Room,
                Line::Item => Awaited::Item,
                Line::Idle => Awaited::Idle,
            };
            (awaited, since)
        });
        let mut waited = Duration::from_nanos(entry.waited().get());
        if let Some((Awaited::Room | Awaited::Item, now)) = waits {
            waited = waited.saturating_add(now);
        }
        let is_done = is_done(buffer, index, entry);
        let participant = Participant {
            number: entry.number(),
            role: entry.role(),
            process: entry.process(),
            command: String::from_utf8_lossy(&name).into_owned(),
            items: entry.items().get(),
            leased: entry.leased().get().saturating_sub(u64::from(is_done)),
            waited,
            waits,
            lives: true,
        };
        found.push(Present { index, participant, is_done });
    }
    found
}

/// An item that somebody has on lease.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Held {
    /// The item's place in the order of puts, from 0.
    pub position: u64,
    /// Its length in bytes.
    pub bytes: u64,
    /// The process that holds it.
    pub process: u32,
    /// The number of the consumer that holds it.
    pub consumer: u64,
    /// How often it was leased, this lease included.
    pub deliveries: u32,
    /// For how long it has been held.
    pub age: Duration,
    /// Until it expires, if it does.
    pub left: Option<Duration>,
}

/// What is out on lease now, oldest item first: read slot by slot, while others move, and no further than to the last
/// that is counted, while they do not.
pub(crate) fn leases(buffer: &Attachment) -> Vec<Held> {
    let mut held = Vec::new();
    if buffer.check().is_err() {
        return held;
    }
    let Ok(control) = buffer.control() else { return held };
    let (count, turns) = at_rest(control, || control.leased().get());
    if turns.is_some() && count == 0 {
        return held;
    }
    let (now, boot) = (clock::wall(), clock::since_boot());
    for index in 0..buffer.geometry.slots {
        let Ok(slot) = buffer.slot(index) else { break };
        let word = slot.word();
        if !word.is(State::Leased) {
            continue;
        }
        let (owner, _) = slot.owner();
        let Ok(entry) = buffer.entry(owner) else { continue };
        let deadline = slot.deadline();
        held.push(Held {
            position: slot.position(),
            bytes: u64::from(slot.extent().0),
            process: entry.process(),
            consumer: entry.number(),
            deliveries: word.deliveries(),
            age: Duration::from_nanos(now.saturating_sub(slot.since())),
            left: (deadline != 0).then(|| Duration::from_nanos(deadline.saturating_sub(boot))),
        });
        if held.len() as u64 >= count && turns == Some(control.turns().read()) {
            break;
        }
    }
    held.sort_by_key(|held| held.position);
    held
}

/// The process whose turn it is, and the number of the turn.
pub(crate) fn turn(buffer: &Attachment) -> Option<(u32, u64)> {
    let control = buffer.control().ok()?;
    let holder = lock::holder(control.lock())?;
    Some((buffer.process(holder), control.turns().get()))
}

/// The most bytes that an item may have which weighs what it is long.
pub(crate) fn longest_item(buffer: &Attachment) -> u64 {
    longest(buffer).min(buffer.settings.capacity_bytes.unwrap_or(u64::MAX))
}

/// For how long the item that is next has waited, since it was put or given back: looked up where takes look, in no more
/// time where more items wait.
pub(crate) fn oldest(buffer: &Attachment) -> Option<Duration> {
    buffer.check().ok()?;
    let control = buffer.control().ok()?;
    let first = |array: Array, at: u64, count: u64| {
        let at = u32::try_from(at).ok().filter(|_| count > 0)?;
        let cell = buffer.region.word32(buffer.geometry.entry(array, at)?).ok()?;
        let slot = buffer.slot(cell.get()).ok()?;
        Some((slot.position(), slot.since(), slot.word()))
    };
    let (oldest, _) = at_rest(control, || {
        let fresh = first(Array::Fresh, control.fresh_head().get(), control.fresh_len().get());
        let returned = first(Array::Returned, 0, control.returned_len().get());
        fresh.into_iter().chain(returned).min_by_key(|(position, ..)| *position)
    });
    let (_, since, word) = oldest?;
    let age = Duration::from_nanos(clock::wall().saturating_sub(since));
    word.is(State::Ready).then_some(age)
}

#[cfg(test)]
mod tests {
    use crate::slot::State;
    use crate::{Buffer, Raw, Settings};

    #[test]
    fn no_slot_is_looked_at_beyond_the_last_that_is_counted() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("b.fb");
        Settings::new(5).max_failures(1).create(&path).expect("made");
        let buffer = Buffer::open(&path).expect("opened");
        let producer = buffer.producer::<Vec<u8>, _>(Raw).expect("room");
        let consumer = buffer.consumer::<Vec<u8>, _>(Raw).expect("room");
        for item in 0..3 {
            producer.put(vec![item]).expect("room");
        }
        let attachment = &consumer.party.buffer;
        let set = |index: u32, state| {
            let slot = attachment.slot(index).expect("it is there");
            slot.commit(slot.word().with_state(state));
        };
        let last = (0..attachment.geometry.slots)
            .rfind(|index| attachment.slot(*index).expect("a slot").word().is(State::Ready));
        let last = last.expect("three wait");
        // None is counted, so none is met, though there seem to be.
        set(last, State::Leased);
        assert_eq!(buffer.leases().len(), 0);
        set(last, State::Dead);
        assert_eq!(buffer.dead_letters().expect("they are read").len(), 0);
        set(last, State::Ready);
        // One is, and it comes first.
        let lease = consumer.lease().expect("there is one");
        set(last, State::Leased);
        assert_eq!(buffer.leases().len(), 1);
        set(last, State::Ready);
        lease.fail("no").expect("held");
        set(last, State::Dead);
        assert_eq!(buffer.dead_letters().expect("they are read").len(), 1);
        set(last, State::Ready);
        assert!(buffer.verify().expect("verified").is_sound());
    }
}
