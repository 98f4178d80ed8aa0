//! Items at an even pace, each with the moment of its put.

use std::thread;
use std::time::Duration;

use bench::blocking::{Put, Take, Trial};
use bench::processor;
use hdrhistogram::Histogram;
use rustix::thread::clock_nanosleep_absolute;
use rustix::time::{ClockId, Timespec, clock_gettime};

/// Three digits of a latency are kept.
const DIGITS: u8 = 3;

/// One producer that puts an item at every tick, and one consumer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    pub(crate) items: u64,
    /// From tick to tick.
    pub(crate) period: Duration,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Paced {
    /// Nanoseconds from the beginning of a put to the end of the take of its item.
    pub(crate) latencies: Histogram<u64>,
    /// Processor time of the process for each item, what the pacing took included.
    pub(crate) processor: Duration,
}

impl Pace {
    /// From the first tick to the last.
    pub(crate) fn lasting(self) -> Duration {
        self.period.mul_f64(self.items as f64)
    }

    /// The processor time for each tick on which nothing is put: what the pacing itself takes.
    pub(crate) fn alone(self) -> Duration {
        let before = processor::time();
        let mut latencies = latencies();
        thread::scope(|scope| {
            scope.spawn(|| self.ticks(|now| record(&mut latencies, now)));
        });
        self.share(before)
    }

    /// Calls `tick` with the time, at every tick; sleeps in between.
    fn ticks(self, mut tick: impl FnMut(u64)) {
        let first = clock() + u64::try_from(self.period.as_nanos()).unwrap_or(u64::MAX);
        for number in 0..self.items {
            sleep_until(first + number * self.period.as_nanos() as u64);
            tick(clock());
        }
    }

    fn share(self, before: Duration) -> Duration {
        processor::time().saturating_sub(before).div_f64(self.items as f64)
    }
}

impl Trial<u64> for Pace {
    type Outcome = Paced;

    fn run<P: Put<u64>, C: Take<u64>>(self, mut producers: Vec<P>, mut consumers: Vec<C>) -> Paced {
        let mut producer = producers.pop().expect("there is a producer");
        let mut consumer = consumers.pop().expect("there is a consumer");
        drop(producers);
        let before = processor::time();
        let mut latencies = latencies();
        thread::scope(|scope| {
            scope.spawn(move || self.ticks(|now| producer.put(now)));
            scope.spawn(|| {
                while let Some(begun) = consumer.take() {
                    record(&mut latencies, begun);
                }
            });
        });
        let processor = self.share(before);
        assert_eq!(latencies.len(), self.items, "items were lost or doubled");
        Paced { latencies, processor }
    }
}

fn latencies() -> Histogram<u64> {
    Histogram::new(DIGITS).expect("so many digits can be kept")
}

fn record(latencies: &mut Histogram<u64>, begun: u64) {
    latencies.record(clock() - begun).expect("it grows as it must");
}

/// Nanoseconds of the clock that never jumps.
fn clock() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

fn sleep_until(moment: u64) {
    let moment = Timespec {
        tv_sec: (moment / 1_000_000_000).cast_signed(),
        tv_nsec: (moment % 1_000_000_000).cast_signed(),
    };
    // A signal may end it early.
    while clock_nanosleep_absolute(ClockId::Monotonic, &moment).is_err() {}
}
