//! The controller beside a run that is simulated, event by event, on a clock of its own.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use toyvm::chance::Chance;

use super::TICK;
use super::controller::{Controller, Sample};

/// Times are in seconds.
struct Work<'a> {
    /// From an item to the next, at this moment.
    gap: &'a mut dyn FnMut(f64) -> f64,
    /// How long an item takes that begins at this moment.
    service: &'a mut dyn FnMut(f64) -> f64,
    capacity: usize,
    /// No more items come from then on.
    source_ends: f64,
}

const LEAST: usize = 1;
const MOST: usize = 48;

/// What was wanted at each tick.
fn simulate(work: Work<'_>, until: f64) -> Vec<usize> {
    let nanos = |time: f64| (time * 1e9) as u64;
    let mut controller = Controller::new(LEAST, MOST);
    let (mut number, mut wanted) = (LEAST, Vec::new());
    // What a source that flows by itself has written, and nobody has read yet; and what waits.
    let (mut pipe, mut waiting) = (0_usize, 0_usize);
    let mut running: BinaryHeap<Reverse<(u64, u64)>> = BinaryHeap::new();
    let (mut now, mut next_item, mut next_tick) =
        (0_u64, nanos((work.gap)(0.0)), nanos(TICK.as_secs_f64()));
    let (mut held, mut busy) = (0_u64, 0_u64);
    let mut sample = Sample::default();
    while now < nanos(until) {
        let next_end = running.peek().map_or(u64::MAX, |Reverse((end, _))| *end);
        let then = next_item.min(next_tick).min(next_end);
        held += if waiting >= work.capacity && pipe > 0 { then - now } else { 0 };
        busy += running.len() as u64 * (then - now);
        now = then;
        let at = now as f64 / 1e9;
        if now == next_end {
            if let Some(Reverse((end, began))) = running.pop() {
                sample.ended += 1;
                sample.service += Duration::from_nanos(end - began);
            }
        } else if now == next_item {
            pipe += 1;
            let next = at + (work.gap)(at);
            next_item = if next < work.source_ends { nanos(next) } else { u64::MAX };
        } else {
            let tick = TICK.as_nanos() as f64;
            sample.at = Duration::from_nanos(now);
            sample.held = held as f64 / tick;
            sample.busy = busy as f64 / tick;
            number = controller.next(&sample);
            wanted.push(number);
            (held, busy, sample) = (0, 0, Sample::default());
            next_tick += TICK.as_nanos() as u64;
        }
        loop {
            if waiting < work.capacity && pipe > 0 {
                pipe -= 1;
                waiting += 1;
                sample.put += 1;
            } else if waiting > 0 && running.len() < number {
                waiting -= 1;
                running.push(Reverse((now + nanos((work.service)(at)).max(1), now)));
            } else {
                break;
            }
        }
    }
    wanted
}

/// The number that the report of such a run predicts.
fn balanced(load: f64) -> f64 {
    (load * 0.95).ceil().max(1.0)
}

fn ticks(seconds: f64) -> usize {
    (seconds / TICK.as_secs_f64()).round() as usize
}

fn changes(wanted: &[usize]) -> usize {
    wanted.windows(2).filter(|pair| pair[0] != pair[1]).count()
}

#[track_caller]
fn assert_settled(wanted: &[usize], from: f64, to: f64, load: f64, what: &str) {
    let part = &wanted[ticks(from)..ticks(to).min(wanted.len())];
    let balanced = balanced(load);
    for number in part {
        let off = (*number as f64 - balanced).abs() / balanced;
        assert!(
            off <= 0.2 + 1e-9,
            "{what}: load {load} wants {balanced}, and from {from} s it was {part:?} after {:?}",
            &wanted[..ticks(from)]
        );
    }
    assert!(changes(part) <= 2, "{what}: flaps: {part:?}");
}

#[test]
fn it_settles_within_two_seconds_at_a_constant_load() {
    for capacity in [2, 64] {
        for service in [0.005, 0.02, 0.1, 0.3, 1.0] {
            for consumers in [1, 2, 3, 5, 8, 10, 13, 20, 25, 32] {
                // As a sleep takes a little longer than it says.
                let load = f64::from(consumers) * 1.01;
                let work = Work {
                    gap: &mut |_| service / load,
                    service: &mut |_| service,
                    capacity,
                    source_ends: f64::MAX,
                };
                let wanted = simulate(work, 30.0);
                let what = format!("capacity {capacity} service {service}");
                assert_settled(&wanted, 2.0, 30.0, load, &what);
            }
        }
    }
}
