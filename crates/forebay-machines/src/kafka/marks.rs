//! The marks beside the items: what the buffer is, whether it is closed, how often items failed, who is there.
//!
//! They are one topic, of which the last mark of each name is kept, read from its beginning once, and then as it grows.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use krafka::__private::protocol::Record as Found;
use krafka::Record;

use super::record::Founding;

/// A session that has told nothing for so long is gone.
const LIFE: Duration = Duration::from_secs(15);

/// What Kafka does not count, of an item that came back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tried {
    /// Leases that ended as failures.
    pub(super) failures: u32,
    /// Leases that came to nobody.
    pub(super) undone: u32,
}

/// What one session has counted, of what stands nowhere else.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// Records that were put again at the end, for an item that had been lent too often.
    pub(super) moved: u64,
    /// Dead letters that became items again.
    pub(super) retried: u64,
    pub(super) purged: u64,
    /// Items dropped that waited.
    pub(super) dropped: u64,
    /// Items dropped that were never placed.
    pub(super) unplaced: u64,
    /// What handles took that are gone.
    pub(super) departed: u64,
    pub(super) high_water: u64,
    pub(super) producer_wait: Duration,
    pub(super) consumer_wait: Duration,
}

impl Counts {
    pub(super) fn add(&mut self, more: &Self) {
        self.moved += more.moved;
        self.retried += more.retried;
        self.purged += more.purged;
        self.dropped += more.dropped;
        self.unplaced += more.unplaced;
        self.departed += more.departed;
        self.high_water = self.high_water.max(more.high_water);
        self.producer_wait += more.producer_wait;
        self.consumer_wait += more.consumer_wait;
    }

    /// Whether the sums of the buffer need them when the session is gone.
    pub(super) fn matter(&self) -> bool {
        self.moved + self.retried + self.purged + self.dropped + self.unplaced > 0
    }
}

/// What one consumer took.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Taken {
    /// Its number among those of its session.
    pub(super) number: u64,
    pub(super) items: u64,
    pub(super) waited: Duration,
}

/// What a session tells of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Presence {
    pub(super) producers: usize,
    pub(super) producers_waiting: usize,
    pub(super) consumers_waiting: usize,
    /// Leases out: no more than there are, at any moment.
    pub(super) held: u64,
    pub(super) counts: Counts,
    pub(super) taken: Vec<Taken>,
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl Presence {
    fn encode(&self) -> String {
        let Self { producers, producers_waiting, consumers_waiting, held, counts, taken } = self;
        let mut words = vec![
            producers.to_string(),
            producers_waiting.to_string(),
            consumers_waiting.to_string(),
            held.to_string(),
        ];
        let numbers = [
            counts.moved,
            counts.retried,
            counts.purged,
            counts.dropped,
            counts.unplaced,
            counts.departed,
            counts.high_water,
            millis(counts.producer_wait),
            millis(counts.consumer_wait),
        ];
        words.extend(numbers.map(|number| number.to_string()));
        words.extend(taken.iter().map(|Taken { number, items, waited }| {
            format!("{number},{items},{}", millis(*waited))
        }));
        words.join(" ")
    }

    fn decode(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let mut number = || words.next()?.parse::<u64>().ok();
        let (producers, producers_waiting) = (number()? as usize, number()? as usize);
        let (consumers_waiting, held) = (number()? as usize, number()?);
        let counts = Counts {
            moved: number()?,
            retried: number()?,
            purged: number()?,
            dropped: number()?,
            unplaced: number()?,
            departed: number()?,
            high_water: number()?,
            producer_wait: Duration::from_millis(number()?),
            consumer_wait: Duration::from_millis(number()?),
        };
        let taken = words
            .map(|word| {
                let mut parts = word.split(',').map(|part| part.parse().ok());
                let (number, items) = (parts.next()??, parts.next()??);
                let waited = Duration::from_millis(parts.next()??);
                Some(Taken { number, items, waited })
            })
            .collect::<Option<_>>()?;
        Some(Self { producers, producers_waiting, consumers_waiting, held, counts, taken })
    }
}

/// One mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mark {
    /// The buffer was made; the first one holds.
    Founded(Box<Founding>),
    Closed,
    /// How an item was tried, the one at this offset; nothing once it is finished.
    Tried(i64, Option<Tried>),
    /// What a session tells; nothing when it goes and leaves nothing.
    Session(String, Option<Box<Presence>>),
}

impl Mark {
    pub(super) fn record(&self, topic: &str) -> Record {
        let (key, value) = match self {
            Self::Founded(founding) => {
                (format!("founded {}", founding.identity), Some(founding.encode()))
            }
            Self::Closed => ("closed".to_owned(), Some(String::new())),
            Self::Tried(offset, tried) => (
                format!("tried {offset}"),
                tried.map(|Tried { failures, undone }| format!("{failures} {undone}")),
            ),
            Self::Session(name, presence) => {
                (format!("session {name}"), presence.as_ref().map(|presence| presence.encode()))
            }
        };
        match value {
            Some(value) => Record::new(topic, value).partition(0).key(key),
            None => Record::tombstone(topic, key).partition(0),
        }
    }

    /// What is read; the text of a foundation in another format is the error.
    fn read(found: &Found) -> Result<Option<Self>, String> {
        let text = |bytes: Option<&bytes::Bytes>| {
            bytes.and_then(|bytes| std::str::from_utf8(bytes).ok().map(str::to_owned))
        };
        let Some(key) = text(found.key.as_ref()) else { return Ok(None) };
        let value = text(found.value.as_ref());
        let (kind, name) = key.split_once(' ').unwrap_or((&key, ""));
        Ok(match kind {
            "founded" => {
                let text = value.unwrap_or_default();
                let founding = Founding::decode(&text).ok_or(text)?;
                Some(Self::Founded(Box::new(founding)))
            }
            "closed" => Some(Self::Closed),
            "tried" => name.parse().ok().map(|offset| {
                let tried = value.as_deref().and_then(|value| {
                    let (failures, undone) = value.split_once(' ')?;
                    Some(Tried { failures: failures.parse().ok()?, undone: undone.parse().ok()? })
                });
                Self::Tried(offset, tried)
            }),
            "session" => {
                let presence = value.as_deref().and_then(Presence::decode).map(Box::new);
                Some(Self::Session(name.to_owned(), presence))
            }
            _ => None,
        })
    }
}

/// All of them, as far as they were read.
#[derive(Debug, Default)]
pub(super) struct Marks {
    pub(super) founding: Option<Founding>,
    /// A foundation that makes no sense.
    pub(super) strange: Option<String>,
    pub(super) is_closed: bool,
    pub(super) tried: HashMap<i64, Tried>,
    sessions: BTreeMap<String, (Presence, Instant)>,
}

impl Marks {
    pub(super) fn see(&mut self, found: &Found) {
        let mark = match Mark::read(found) {
            Ok(mark) => mark,
            Err(text) => {
                // One that comes later is nobody's.
                if self.founding.is_none() {
                    self.strange.get_or_insert(text);
                }
                None
            }
        };
        match mark {
            Some(Mark::Founded(founding)) if self.strange.is_none() => {
                self.founding.get_or_insert(*founding);
            }
            None | Some(Mark::Founded(_)) => {}
            Some(Mark::Closed) => self.is_closed = true,
            Some(Mark::Tried(offset, Some(tried))) => {
                self.tried.insert(offset, tried);
            }
            Some(Mark::Tried(offset, None)) => {
                self.tried.remove(&offset);
            }
            Some(Mark::Session(name, Some(presence))) => {
                self.sessions.insert(name, (*presence, Instant::now()));
            }
            Some(Mark::Session(name, None)) => {
                self.sessions.remove(&name);
            }
        }
    }

    /// What the others told, of whom something was heard lately, and the counts of all that ever told.
    pub(super) fn others(&self, own: &str) -> (Vec<&Presence>, Counts) {
        let mut counts = Counts::default();
        let mut here = Vec::new();
        for (_, (presence, heard)) in self.sessions.iter().filter(|(name, _)| *name != own) {
            counts.add(&presence.counts);
            if heard.elapsed() < LIFE {
                here.push(presence);
            } else {
                counts.departed += presence.taken.iter().map(|taken| taken.items).sum::<u64>();
            }
        }
        (here, counts)
    }

    /// Leases out of others, as far as they were told.
    pub(super) fn held_by_others(&self, own: &str) -> u64 {
        self.others(own).0.iter().map(|presence| presence.held).sum()
    }

    /// Whether some other session is there.
    pub(super) fn are_others(&self, own: &str) -> bool {
        self.sessions.iter().any(|(name, (_, heard))| name != own && heard.elapsed() < LIFE)
    }

    /// A session that is gone, and leaves nothing that counts.
    pub(super) fn gone(&self) -> Option<String> {
        let gone = self
            .sessions
            .iter()
            .find(|(_, (presence, heard))| heard.elapsed() > 4 * LIFE && !presence.counts.matter());
        gone.map(|(name, _)| name.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(mark: &Mark) -> Found {
        let record = mark.record("t");
        Found::new(record.key, record.value)
    }

    #[test]
    fn marks_are_read_as_they_were_written() {
        let mut presence = Presence { producers: 1, held: 3, ..Presence::default() };
        presence.counts.moved = 7;
        presence.counts.consumer_wait = Duration::from_millis(1500);
        let waited = Duration::from_millis(3);
        presence.taken = vec![Taken { number: 2, items: 4, waited }, Taken::default()];
        for mark in [
            Mark::Closed,
            Mark::Tried(12, Some(Tried { failures: 2, undone: 1 })),
            Mark::Tried(12, None),
            Mark::Session("abc".to_owned(), Some(Box::new(presence))),
            Mark::Session("abc".to_owned(), None),
        ] {
            assert_eq!(Mark::read(&found(&mark)), Ok(Some(mark)));
        }
        assert_eq!(Mark::read(&Found::new(None, None)), Ok(None));
    }

    #[test]
    fn the_first_foundation_holds() {
        let settings = crate::settings::Settings::new(5);
        let mut marks = Marks::default();
        for identity in ["first", "second"] {
            let founding = Founding::new(identity.to_owned(), settings.clone());
            marks.see(&found(&Mark::Founded(Box::new(founding))));
        }
        assert_eq!(marks.founding.map(|founding| founding.identity).as_deref(), Some("first"));
    }

    #[test]
    fn what_others_hold_is_what_they_told() {
        let mut marks = Marks::default();
        for (name, held) in [("own", 1), ("other", 2), ("third", 4)] {
            let presence = Presence { held, ..Presence::default() };
            marks.see(&found(&Mark::Session(name.to_owned(), Some(Box::new(presence)))));
        }
        assert_eq!(marks.held_by_others("own"), 6);
        marks.see(&found(&Mark::Session("third".to_owned(), None)));
        assert_eq!(marks.held_by_others("own"), 2);
    }
}
