//! Work that was done, and the time that it took.

use std::time::{Duration, Instant};

use bench::processor;
use bench::report::shown;
use bench::spread::Spread;
use serde_json::{Value, json};

/// So much, in such a time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Work {
    /// Steps, or whatever is counted.
    pub(crate) amount: u64,
    /// By the clock.
    pub(crate) clock: Duration,
    /// Of all processors.
    pub(crate) processor: Duration,
}

/// Which of the two times of a [`Work`] is meant.
pub(crate) type Time = fn(&Work) -> Duration;

/// Both, by their names.
pub(crate) const TIMES: [(&str, Time); 2] =
    [("clock", |work| work.clock), ("processor", |work| work.processor)];

impl Work {
    /// Does it; `work` returns how much it was.
    pub(crate) fn measure(work: impl FnOnce() -> Result<u64, String>) -> Result<Self, String> {
        let (clock, processor) = (Instant::now(), processor::time());
        let amount = work()?;
        Ok(Self {
            amount,
            clock: clock.elapsed(),
            processor: processor::time().saturating_sub(processor),
        })
    }
}

/// How a figure comes from some work and its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Measure {
    /// Millions a second.
    Rate,
    /// Seconds for all of it.
    Seconds,
}

impl Measure {
    /// Over the rounds.
    pub(crate) fn spread(self, rounds: &[Work], time: Time) -> Spread {
        let figure = |work: &Work| {
            let seconds = time(work).as_secs_f64();
            match self {
                Self::Rate => work.amount as f64 / seconds / 1e6,
                Self::Seconds => seconds,
            }
        };
        Spread::of(&rounds.iter().map(figure).collect::<Vec<_>>())
    }

    /// By the clock and by the processor, as columns of a table.
    pub(crate) fn columns(self, rounds: &[Work]) -> [String; 2] {
        TIMES.map(|(_, time)| {
            let Spread { median, least, greatest } = self.spread(rounds, time);
            format!("{} ({}–{})", shown(median), shown(least), shown(greatest))
        })
    }

    /// Likewise for machines.
    pub(crate) fn json(self, rounds: &[Work]) -> Value {
        TIMES
            .map(|(name, time)| (name.to_owned(), json!(self.spread(rounds, time))))
            .into_iter()
            .collect()
    }
}
