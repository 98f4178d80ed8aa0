//! `--elastic`: as many consumers as the items need.
//!
//! A thread looks at the run every [`TICK`], asks the [controller] how many consumers are wanted, and
//! starts them, or opens and closes the [gate](super::gate) for those that were started before.

mod controller;
mod recent;
#[cfg(test)]
mod simulation;

use std::sync::{Arc, mpsc};
use std::time::Duration;

use forebay::Statistics;

use super::Run;
use super::message::say;
use super::observer::event::Event;
use controller::{Controller, Sample};

/// From one look to the next.
const TICK: Duration = Duration::from_millis(25);

/// The least and the most consumers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bounds {
    pub(crate) least: usize,
    pub(crate) most: usize,
}

/// How long the source may have ended before what still waits counts as too much for the consumers: most runs
/// are over by then.
const TAIL: Duration = Duration::from_millis(300);

/// What was counted until a look.
#[derive(Debug)]
struct Counts {
    at: Duration,
    producer_wait: Duration,
    busy: Duration,
    paced: Duration,
    put: u64,
    ended: u64,
    service: Duration,
}

impl Counts {
    fn of(run: &Run, statistics: &Statistics) -> Self {
        Self {
            at: run.began.elapsed(),
            producer_wait: statistics.producer_wait,
            busy: run.busy.total(),
            paced: run.pace.held().any,
            put: statistics.produced,
            ended: run.tally.succeeded() + run.tally.failed(),
            service: run.tally.service().1,
        }
    }

    /// What happened since an earlier look.
    fn since(&self, before: &Self, producers: usize) -> Sample {
        let time = self.at.saturating_sub(before.at).as_secs_f64().max(1e-9);
        let part =
            |now: Duration, before: Duration| now.saturating_sub(before).as_secs_f64() / time;
        Sample {
            at: self.at,
            held: part(self.producer_wait, before.producer_wait) / producers.max(1) as f64,
            busy: part(self.busy, before.busy),
            paced: part(self.paced, before.paced),
            put: self.put.saturating_sub(before.put),
            ended: self.ended.saturating_sub(before.ended),
            service: self.service.saturating_sub(before.service),
        }
    }
}

/// Starts consumers and lets them through the gate, as many as are wanted, until the run ends.
pub(super) fn adjust(run: &Arc<Run>, bounds: Bounds, alive: &mpsc::Sender<()>) {
    let mut controller = Controller::new(bounds.least, bounds.most);
    let (mut number, mut started, mut most) = (bounds.least, bounds.least, bounds.most);
    let mut before = Counts::of(run, &run.standing());
    let mut closed = None;
    run.tell(&Event::Consumers { number });
    while run.gate.linger(TICK) {
        let statistics = run.standing();
        let counts = Counts::of(run, &statistics);
        let mut sample = counts.since(&before, statistics.producers);
        before = counts;
        if statistics.closed {
            // The source has ended, and waits for the consumers. While nothing waits for them they are
            // as many as they need to be.
            let since = *closed.get_or_insert(sample.at);
            if statistics.waiting == 0 || sample.at.saturating_sub(since) < TAIL {
                continue;
            }
            sample.held = 1.0;
        }
        let wanted = controller.next(&sample).min(most);
        while started < wanted {
            if let Err(error) = run.start_consumer(started, alive.clone()) {
                say(format_args!(
                    "cannot start consumer {}: {error}; going on without",
                    started + 1
                ));
                most = started;
                break;
            }
            started += 1;
        }
        let wanted = wanted.min(most);
        if wanted != number {
            number = wanted;
            run.gate.open(number);
            run.tell(&Event::Consumers { number });
        }
    }
}
