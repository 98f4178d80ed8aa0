//! The one message of `meta`: what the buffer is, what has been counted, and who is there.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::settings::Settings;

/// A session that has told nothing for so long is gone.
const LIFE: Duration = Duration::from_secs(15);

/// What no queue tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) finished: u64,
    pub(super) dropped: u64,
    /// What handles took that are gone.
    pub(super) departed: u64,
    pub(super) high_water: u64,
    pub(super) producer_wait: Duration,
    pub(super) consumer_wait: Duration,
}

impl Counts {
    pub(super) fn add(&mut self, more: &Self) {
        self.finished += more.finished;
        self.dropped += more.dropped;
        self.departed += more.departed;
        self.high_water = self.high_water.max(more.high_water);
        self.producer_wait += more.producer_wait;
        self.consumer_wait += more.consumer_wait;
    }

    pub(super) fn subtract(&mut self, told: &Self) {
        self.finished -= told.finished;
        self.dropped -= told.dropped;
        self.departed -= told.departed;
        self.producer_wait -= told.producer_wait;
        self.consumer_wait -= told.consumer_wait;
    }
}

/// What one consumer took.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Taken {
    /// Its number among all consumers; those of one session have theirs in their order.
    pub(super) consumer: u64,
    pub(super) items: u64,
    pub(super) waited: Duration,
}

/// What a session tells of its handles.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Presence {
    /// When, in milliseconds since 1970, by its own clock.
    at: u64,
    pub(super) producers: usize,
    pub(super) producers_waiting: usize,
    pub(super) consumers_waiting: usize,
    pub(super) taken: Vec<Taken>,
}

impl Presence {
    pub(super) fn new() -> Self {
        Self { at: now(), ..Self::default() }
    }

    fn is_past(&self) -> bool {
        self.at + millis(LIFE) < now()
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, millis)
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// The message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    /// How often it was changed. Where there are two after a death, the later one holds.
    pub(super) version: u64,
    pub(super) identity: String,
    /// When it was first written, in milliseconds since 1970, by the clock of whoever made the buffer.
    created: u64,
    pub(super) settings: Settings,
    pub(super) counts: Counts,
    /// The number of the next consumer.
    pub(super) next_consumer: u64,
    pub(super) sessions: BTreeMap<String, Presence>,
}

impl Record {
    pub(super) fn new(identity: String, settings: Settings) -> Self {
        let (counts, sessions) = (Counts::default(), BTreeMap::new());
        let created = now();
        Self { version: 0, identity, created, settings, counts, next_consumer: 0, sessions }
    }

    pub(super) fn created(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(self.created)
    }

    /// Leaves out the sessions that are gone; what their consumers took stays counted.
    pub(super) fn forget(&mut self) {
        let Self { sessions, counts, .. } = self;
        sessions.retain(|_, session| {
            let is_past = session.is_past();
            if is_past {
                counts.departed += session.taken.iter().map(|taken| taken.items).sum::<u64>();
            }
            !is_past
        });
    }

    pub(super) fn encode(&self) -> String {
        let counts = &self.counts;
        let mut lines = vec!["format 1".to_owned(), format!("version {}", self.version)];
        lines.push(format!("identity {}", self.identity));
        lines.push(format!("created {}", self.created));
        for (name, value) in self.settings.fields() {
            lines.push(format!("{name} {value}"));
        }
        for (name, value) in [
            ("finished", counts.finished),
            ("dropped", counts.dropped),
            ("departed", counts.departed),
            ("high_water", counts.high_water),
            ("producer_wait", millis(counts.producer_wait)),
            ("consumer_wait", millis(counts.consumer_wait)),
            ("next_consumer", self.next_consumer),
        ] {
            lines.push(format!("{name} {value}"));
        }
        for (name, session) in &self.sessions {
            let Presence { at, producers, producers_waiting, consumers_waiting, taken } = session;
            let mut words = vec![format!(
                "session {name} {at} {producers} {producers_waiting} {consumers_waiting}"
            )];
            words.extend(taken.iter().map(|Taken { consumer, items, waited }| {
                format!("{consumer},{items},{}", millis(*waited))
            }));
            lines.push(words.join(" "));
        }
        lines.join("\n")
    }

    /// The format of a record of another version than ours, if it is one.
    pub(super) fn format(text: &str) -> Option<&str> {
        text.lines().next()?.strip_prefix("format ")
    }

    /// What was written; `None` when it makes no sense.
    pub(super) fn decode(text: &str) -> Option<Self> {
        if Self::format(text) != Some("1") {
            return None;
        }
        let pairs: Vec<(&str, &str)> =
            text.lines().map(|line| line.split_once(' ').unwrap_or((line, ""))).collect();
        let find = |name: &str| {
            pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        let number = |name: &str| find(name)?.parse::<u64>().ok();
        let mut record = Self::new(find("identity")?, Settings::read(find)?);
        record.version = number("version")?;
        record.created = number("created")?;
        record.next_consumer = number("next_consumer")?;
        record.counts = Counts {
            finished: number("finished")?,
            dropped: number("dropped")?,
            departed: number("departed")?,
            high_water: number("high_water")?,
            producer_wait: Duration::from_millis(number("producer_wait")?),
            consumer_wait: Duration::from_millis(number("consumer_wait")?),
        };
        for (_, line) in pairs.iter().filter(|(name, _)| *name == "session") {
            let (name, session) = session(line)?;
            record.sessions.insert(name, session);
        }
        Some(record)
    }
}

fn session(line: &str) -> Option<(String, Presence)> {
    let mut words = line.split(' ');
    let name = words.next()?.to_owned();
    let mut session = Presence {
        at: words.next()?.parse().ok()?,
        producers: words.next()?.parse().ok()?,
        producers_waiting: words.next()?.parse().ok()?,
        consumers_waiting: words.next()?.parse().ok()?,
        taken: Vec::new(),
    };
    for word in words {
        let mut parts = word.split(',').map(str::parse::<u64>);
        session.taken.push(Taken {
            consumer: parts.next()?.ok()?,
            items: parts.next()?.ok()?,
            waited: Duration::from_millis(parts.next()?.ok()?),
        });
    }
    Some((name, session))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_as_it_was_written() {
        let settings = Settings::new(5).max_failures(3).max_leased(64);
        let mut record = Record::new("0123".to_owned(), settings);
        record.version = 7;
        record.created = 1_234;
        record.next_consumer = 2;
        record.counts.finished = 11;
        record.counts.consumer_wait = Duration::from_millis(1500);
        let mut session = Presence::new();
        session.producers = 1;
        session.taken.push(Taken { consumer: 0, items: 4, waited: Duration::from_millis(3) });
        session.taken.push(Taken::default());
        record.sessions.insert("abc".to_owned(), session);
        assert_eq!(Record::decode(&record.encode()), Some(record));
        assert_eq!(Record::decode("anything"), None);
        assert_eq!(Record::format("format 2\nversion 1"), Some("2"));
    }

    #[test]
    fn what_a_session_took_that_is_gone_stays_counted() {
        let mut record = Record::new("0123".to_owned(), Settings::new(5));
        let past = Presence {
            at: now() - millis(LIFE) - 1,
            taken: vec![Taken { items: 4, ..Taken::default() }],
            ..Presence::default()
        };
        record.sessions.insert("past".to_owned(), past);
        record.sessions.insert("here".to_owned(), Presence::new());
        record.forget();
        assert_eq!(record.counts.departed, 4);
        assert_eq!(record.sessions.keys().collect::<Vec<_>>(), ["here"]);
    }
}
