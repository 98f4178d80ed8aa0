//! Looking at a buffer, again and again.
//!
//! Counts, participants and the next item are read in no more time where the capacity is larger. Leases and dead
//! letters are found slot by slot: only where there are any, and so seldom that it takes a small part of the time.

use std::path::Path;
use std::time::{Duration, Instant};

use forebay::Fault;
use forebay::processes::{Inspection, OpenError};

use super::history::{History, Sample};
use super::look::{Dead, Hold, Look};
use crate::run::outlet::escape::escaped;

/// A look at every slot is followed by so many times the time it took.
const REST: u32 = 20;
/// Dead letters are looked at again after so long, though their number be the same.
const STALE: Duration = Duration::from_secs(10);
/// So many dead letters are kept to be shown.
const DEATHS: usize = 20;

/// A buffer, and what has been seen of it.
pub(super) struct Watch {
    buffer: Inspection,
    began: Instant,
    leases: Seldom<Vec<Hold>>,
    deaths: Seldom<Vec<Dead>>,
    /// How many were dead, dropped and finished when dead letters were looked at.
    dead: (u64, u64),
    pub(super) history: History,
    pub(super) look: Look,
}

impl Watch {
    pub(super) fn open(path: &Path) -> Result<Self, OpenError> {
        let buffer = Inspection::open(path)?;
        let settings = buffer.settings();
        let look = Look {
            path: escaped(path.as_os_str().as_encoded_bytes()),
            capacity: settings.get_capacity(),
            capacity_bytes: settings.get_capacity_bytes(),
            max_leased: settings.get_max_leased(),
            dead_room: settings.get_dead_room(),
            ..Look::default()
        };
        Ok(Self {
            buffer,
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
        let (buffer, look) = (&self.buffer, &mut self.look);
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
