//! What a scene's two sides did with their time, and what follows from that.
//!
//! Who was the bottleneck, and how many consumers would balance the two sides, is found as
//! `forebay run` finds it: there is one formula, in `run/report/bottleneck.rs`, and it is explained there.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use forebay::Statistics;

use super::cast::Cast;
use super::narrator::counted;
use crate::run::report::bottleneck::{Advice, Bottleneck, Measured};

/// Measures both sides while they work.
#[derive(Debug)]
pub(super) struct Load {
    begun: Instant,
    /// Time spent on making items and on using them, in ns, on each side all together. Relaxed: they
    /// are read when everybody is done.
    making: AtomicU64,
    using: AtomicU64,
    /// When the last item was put, and how long consumers had waited until then.
    production: OnceLock<(Duration, Duration)>,
}

impl Load {
    pub(super) fn begin() -> Self {
        Self {
            begun: Instant::now(),
            making: AtomicU64::new(0),
            using: AtomicU64::new(0),
            production: OnceLock::new(),
        }
    }

    /// Makes an item, which takes so long.
    pub(super) fn make(&self, time: Duration) {
        spend(time, &self.making);
    }

    /// Uses an item, which takes so long.
    pub(super) fn use_up(&self, time: Duration) {
        spend(time, &self.using);
    }

    /// The last item has been put.
    pub(super) fn end_production(&self, statistics: &Statistics) {
        // Whoever comes second has nothing to add.
        let _ = self.production.set((self.begun.elapsed(), statistics.consumer_wait));
    }

    /// What has been measured, when everything is over.
    pub(super) fn measured(&self, cast: &Cast, statistics: &Statistics) -> Measured {
        let elapsed = self.begun.elapsed();
        let (production, consumer_wait) =
            self.production.get().copied().unwrap_or((elapsed, statistics.consumer_wait));
        let time = |sum: &AtomicU64| Duration::from_nanos(sum.load(Ordering::Relaxed));
        Measured {
            elapsed,
            consumers: cast.consumers as usize,
            consumers_mean: cast.consumers as f64,
            production,
            producing: production * cast.producers as u32,
            // Producers make their items side by side.
            rate: statistics.produced as f64 * cast.producers as f64
                / time(&self.making).as_secs_f64().max(1e-6),
            producer_wait: statistics.producer_wait,
            consumer_wait,
            produced: statistics.produced,
            ended: statistics.finished,
            service: time(&self.using),
            is_telling: true,
            ..Measured::default()
        }
    }
}

fn spend(time: Duration, sum: &AtomicU64) {
    let since = Instant::now();
    thread::sleep(time);
    sum.fetch_add(since.elapsed().as_nanos() as u64, Ordering::Relaxed);
}

/// Which side was slow, and how many consumers would balance the two.
pub(super) fn verdict(measured: &Measured) -> [String; 2] {
    let (producers, consumers) = measured.idle_percent();
    let slow = match measured.bottleneck() {
        Bottleneck::Producers => format!(
            "the producers were the bottleneck: consumers waited for items {consumers:.0} % of their time"
        ),
        Bottleneck::Consumers => format!(
            "the consumers were the bottleneck: producers waited for room, or were done already, \
             {producers:.0} % of the time"
        ),
        Bottleneck::Balanced | Bottleneck::Rate => {
            "the two sides were balanced: neither waited much".to_owned()
        }
        Bottleneck::Bursts => format!(
            "both sides had nothing to do at times: producers waited for room, or were done already, \
             {producers:.0} % of the time, and consumers waited for items {consumers:.0} % of theirs"
        ),
    };
    let ran = format!("{} ran", counted(measured.consumers as u64, "consumer"));
    let advice = match measured.advice() {
        Advice::Number(number) => format!(
            "{ran}, {number} would balance it: with producers that never wait, {:.1} would always be busy",
            measured.offered_load()
        ),
        Advice::AsManyAsRun => {
            format!("{ran}; the producers are fast enough for more than can be said")
        }
        Advice::Unknown => format!("{ran}; this was too short to say how many would balance it"),
    };
    [slow, advice]
}
