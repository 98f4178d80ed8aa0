//! Looking at a buffer, again and again.
//!
//! Counts, participants and the next item are read in no more time where the capacity is larger. Leases and dead
//! letters are found slot by slot: only where there are any, and so seldom that it takes a small part of the time.

use std::time::{Duration, Instant};

use forebay::Fault;
use forebay::processes::Inspection;

use super::history::{History, Sample};
use super::look::{Dead, Hold, Look};
use super::remote::Remote;
use crate::buffer::place::Place;
use crate::run::outlet::escape::escaped;

/// A look at every slot is followed by so many times the time it took.
const REST: u32 = 20;
/// Dead letters are looked at again after so long, though their number be the same.
const STALE: Duration = Duration::from_secs(10);
/// So many dead letters are kept to be shown.
const DEATHS: usize = 20;

/// Where it is looked.
enum Source {
    File(Box<Inspection>),
    Server(Remote),
}

/// A buffer, and what has been seen of it.
pub(super) struct Watch {
    source: Source,
    began: Instant,
    leases: Seldom<Vec<Hold>>,
    deaths: Seldom<Vec<Dead>>,
    /// How many were dead, dropped and finished when dead letters were looked at.
    dead: (u64, u64),
    pub(super) history: History,
    pub(super) look: Look,
}

impl Watch {
    /// An error is a line that names the buffer.
    pub(super) fn open(place: &Place, interval: Duration) -> Result<Self, String> {
        let (source, look) = if let Some(path) = place.file() {
            let buffer = Inspection::open(path).map_err(|error| error.to_string())?;
            let settings = buffer.settings();
            let look = Look {
                path: escaped(path.as_os_str().as_encoded_bytes()),
                capacity: settings.get_capacity(),
                capacity_bytes: settings.get_capacity_bytes(),
                max_leased: settings.get_max_leased(),
                dead_room: Some(settings.get_dead_room()),
                ..Look::default()
            };
            (Source::File(Box::new(buffer)), look)
        } else {
            let buffer = place.open()?;
            if !buffer.groups()?.is_empty() {
                return Err(place.in_words(Fault::Topic));
            }
            let settings = buffer.settings();
            let look = Look {
                path: escaped(place.to_string().as_bytes()),
                is_remote: true,
                capacity: settings.capacity,
                capacity_bytes: settings.capacity_bytes,
                max_leased: settings.max_leased.unwrap_or(settings.capacity),
                ..Look::default()
            };
            let remote = Remote::begin(buffer, interval);
            let remote = remote.map_err(|error| format!("cannot begin: {error}"))?;
            (Source::Server(remote), look)
        };
        Ok(Self {
            source,
            began: Instant::now(),
            leases: Seldom::default(),
            deaths: Seldom::default(),
            dead: (0, 0),
            history: History::default(),
            look,
        })
    }

    /// Looks again.
    pub(super) fn look(&mut self) {
        let look = &mut self.look;
        let buffer = match &self.source {
            Source::File(buffer) => buffer,
            Source::Server(remote) => {
                // Where there is no answer it stays as it was.
                let (at, told) = remote.last();
                look.fault = told.as_ref().err().copied();
                if let Ok(counts) = told {
                    look.counts = counts;
                    let at = at.saturating_duration_since(self.began);
                    self.history.add(Sample::of(look, at));
                }
                return;
            }
        };
        look.fault = buffer.fault();
        if matches!(look.fault, Some(Fault::Truncated | Fault::Deleted)) {
            // It stays as it was, but for what would be told of it.
            return;
        }
        look.counts = buffer.statistics();
        look.members = buffer.participants().into_iter().map(Into::into).collect();
        look.oldest = buffer.oldest();
        let now = Instant::now();
        if look.counts.leased == 0 {
            self.leases.forget();
        } else if self.leases.is_due(now) {
            self.leases.see(|| {
                let mut holds: Vec<Hold> = buffer.leases().into_iter().map(Into::into).collect();
                holds.sort_by_key(|hold| std::cmp::Reverse(hold.age));
                holds
            });
        }
        look.holds = self.leases.seen.clone();
        let since = self.leases.since(now);
        for hold in &mut look.holds {
            hold.age += since;
            hold.left = hold.left.map(|left| left.saturating_sub(since));
        }
        let dead = (look.counts.dead, look.counts.dropped);
        if look.counts.dead == 0 {
            self.deaths.forget();
        } else if self.deaths.is_due(now)
            && (dead != self.dead || self.deaths.since(now) >= STALE || self.deaths.seen.is_empty())
        {
            self.dead = dead;
            self.deaths.see(|| {
                let letters = buffer.dead_letters().unwrap_or_default();
                letters.into_iter().rev().take(DEATHS).map(Into::into).collect()
            });
        }
        look.deaths.clone_from(&self.deaths.seen);
        self.history.add(Sample::of(look, self.began.elapsed()));
    }
}

/// What takes long to see, and is seen seldom for that.
#[derive(Debug, Default)]
struct Seldom<T> {
    seen: T,
    /// When, and how long it took.
    last: Option<(Instant, Duration)>,
}

impl<T: Default> Seldom<T> {
    fn is_due(&self, now: Instant) -> bool {
        self.last.is_none_or(|(at, took)| now.saturating_duration_since(at) >= took * REST)
    }

    fn since(&self, now: Instant) -> Duration {
        self.last.map_or(Duration::ZERO, |(at, _)| now.saturating_duration_since(at))
    }

    fn see(&mut self, look: impl FnOnce() -> T) {
        let began = Instant::now();
        self.seen = look();
        self.last = Some((began, began.elapsed()));
    }

    fn forget(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_long_is_seen_seldom() {
        let mut it = Seldom::<u32>::default();
        let began = Instant::now();
        assert!(it.is_due(began));
        it.last = Some((began, Duration::from_millis(10)));
        assert!(!it.is_due(began + Duration::from_millis(199)));
        assert!(it.is_due(began + Duration::from_millis(200)));
        it.see(|| 7);
        assert_eq!(it.seen, 7);
        it.forget();
        assert!(it.is_due(began) && it.seen == 0);
    }
}
