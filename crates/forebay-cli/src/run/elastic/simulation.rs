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
fn simulate(work: &mut Work<'_>, until: f64) -> Vec<usize> {
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
fn assert_settled(wanted: &[usize], from: f64, load: f64, what: &str) {
    let part = &wanted[ticks(from)..];
    let balanced = balanced(load);
    // A fifth, in whole consumers; of few not one.
    let tolerance = if balanced < 5.0 { 0.0 } else { (balanced * 0.2).round() };
    for number in part {
        let off = (*number as f64 - balanced).abs();
        assert!(
            off <= tolerance,
            "{what}: load {load} wants {balanced}, and from {from} s it was {part:?} after {:?}",
            &wanted[..ticks(from)]
        );
    }
    assert!(changes(part) <= 4, "{what}: flaps: {part:?}");
}

const SERVICES: [f64; 5] = [0.005, 0.02, 0.1, 0.3, 1.0];
const CONSUMERS: [usize; 9] = [1, 2, 3, 5, 8, 10, 13, 20, 32];

#[test]
fn it_settles_within_two_seconds_at_a_constant_load() {
    for capacity in [2, 64] {
        for (service, consumers) in pairs(&SERVICES, &CONSUMERS) {
            let load = consumers as f64 * 0.99;
            let mut work = Work {
                gap: &mut |_| service / load,
                service: &mut |_| service,
                capacity,
                source_ends: f64::MAX,
            };
            let what = format!("capacity {capacity} service {service}");
            assert_settled(&simulate(&mut work, 15.0), 2.0, load, &what);
        }
    }
}

#[test]
fn it_follows_a_load_that_changes_within_two_seconds() {
    // Of a larger load before, a twentieth would be more than one consumer, and have to be made up first.
    let befores = [0.9_f64, 1.9, 2.9, 4.8, 7.8, 9.8, 12.9, 19.0];
    let afters = [0.9_f64, 1.9, 2.9, 4.8, 7.8, 9.8, 12.9, 19.0, 31.0];
    for (service, (before, after)) in pairs(&SERVICES, &pairs(&befores, &afters)) {
        // Where an item comes less than thrice a second it takes longer until that is known; and a
        // machine that starts thousands a second has yet to be built.
        if after / service < 3.0 || before.max(after) / service > 1_000.0 {
            continue;
        }
        for (capacity, settled) in [(64, 8.0), (2, 9.0)] {
            let mut work = Work {
                gap: &mut |at| service / if at < 6.0 { before } else { after },
                service: &mut |_| service,
                capacity,
                source_ends: f64::MAX,
            };
            let what = format!("capacity {capacity} service {service} load before {before}");
            assert_settled(&simulate(&mut work, 16.0), settled, after, &what);
        }
    }
}

fn pairs<A: Copy, B: Copy>(a: &[A], b: &[B]) -> Vec<(A, B)> {
    a.iter().flat_map(|a| b.iter().map(|b| (*a, *b))).collect()
}

/// Times that are spread around their mean: not at all, evenly by so much of it, or exponentially.
#[derive(Debug, Clone, Copy)]
enum Spread {
    Even(f64),
    Exponential,
}

impl Spread {
    fn time(self, mean: f64, chance: &mut Chance) -> f64 {
        let part = (chance.below(1 << 30) as f64 + 0.5) / f64::from(1 << 30);
        match self {
            Self::Even(by) => mean * (1.0 + by * (2.0 * part - 1.0)),
            Self::Exponential => -part.ln() * mean,
        }
    }
}

/// A run whose load changes in the middle, if it does.
#[derive(Debug, Clone, Copy)]
struct Case {
    seed: u64,
    spread: Spread,
    service: f64,
    loads: [f64; 2],
    capacity: usize,
    half: f64,
}

impl Case {
    fn simulate(self) -> Vec<usize> {
        let (mut gaps, mut services) = (Chance::new(self.seed, 1), Chance::new(self.seed, 2));
        let Self { spread, service, loads, capacity, half, .. } = self;
        let mut work = Work {
            gap: &mut |at| spread.time(service / loads[usize::from(at >= half)], &mut gaps),
            service: &mut |_| spread.time(service, &mut services),
            capacity,
            source_ends: f64::MAX,
        };
        simulate(&mut work, 2.0 * half)
    }
}

#[test]
fn it_finds_the_number_in_random_cases() {
    for seed in 0..60 {
        let mut chance = Chance::new(seed, 0);
        let mut among = |most: u64| chance.below(most) as f64;
        let service = 0.005 * 200.0_f64.powf(among(1_000) / 1_000.0);
        // At least three items a second, at most a thousand.
        let (least, most) = (3.0 * service, (1_000.0 * service).min(32.0));
        let mut load =
            || (least.max(1.0) + among(1_000) / 1_000.0 * (most - least.max(1.0))) * 0.97;
        let loads = [load(), load()];
        let capacity = 4 + among(100) as usize;
        let case = Case { seed, spread: Spread::Even(0.2), service, loads, capacity, half: 10.0 };
        let wanted = case.simulate();
        for (half, load) in loads.into_iter().enumerate() {
            let settled = &wanted[ticks(10.0 * half as f64 + 3.0)..][..ticks(6.9)];
            // One more or less beside the fifth: the load may be just between two numbers.
            let balanced = balanced(load);
            let is_off =
                |number: &&usize| (**number as f64 - balanced).abs() > 0.2 * balanced + 1.0;
            let off = settled.iter().filter(is_off).count();
            assert_eq!(off, 0, "{case:?} wants {balanced}: {settled:?}");
            assert!(changes(settled) <= 6, "{case:?} flaps: {settled:?}");
        }
        assert!(wanted.iter().all(|number| (LEAST..=MOST).contains(number)), "{case:?}");
    }
}

#[test]
fn it_does_not_flap_however_noisy_the_load() {
    for (service, consumers) in pairs(&[0.01, 0.1, 0.5], &[1, 3, 10, 25]) {
        for seed in 0..2 {
            let load = f64::from(consumers) * 0.95;
            let case = Case {
                seed,
                spread: Spread::Exponential,
                service,
                loads: [load; 2],
                capacity: 64,
                half: 30.0,
            };
            let wanted = case.simulate();
            let settled = &wanted[ticks(2.0)..];
            let mean = settled.iter().sum::<usize>() as f64 / settled.len() as f64;
            // At random more come at once now and then, and wait for one more than the mean would need.
            assert!(mean >= 0.9 * load && mean <= 1.4 * load + 2.0, "{case:?}: {mean}");
            assert!(changes(settled) <= 60, "{case:?}: {}", changes(settled));
        }
    }
}

#[test]
fn bursts_that_the_buffer_evens_out_ask_for_no_more_than_their_mean() {
    for (service, consumers) in pairs(&[0.01, 0.05, 0.2], &[1, 3, 10]) {
        let load = f64::from(consumers) * 0.95;
        let mut item = 0;
        let mut work = Work {
            gap: &mut |_| {
                item += 1;
                if item % 20 == 0 { 20.0 * service / load } else { 1e-6 }
            },
            service: &mut |_| service,
            capacity: 64,
            source_ends: f64::MAX,
        };
        let wanted = simulate(&mut work, 60.0);
        let settled = &wanted[ticks(8.0)..];
        let most = settled.iter().max().copied().unwrap_or(0) as f64;
        assert!(most <= balanced(load) + 1.0, "{service} {load}: {settled:?}");
        assert!(changes(settled) <= 6, "{service} {load}: {settled:?}");
    }
}

#[test]
fn it_grows_to_the_most_for_a_source_that_is_always_ahead() {
    let mut work =
        Work { gap: &mut |_| 1e-4, service: &mut |_| 0.5, capacity: 8, source_ends: f64::MAX };
    let wanted = simulate(&mut work, 5.0);
    assert!(wanted[ticks(1.0)..].iter().all(|number| *number == MOST), "{wanted:?}");
}

#[test]
fn it_goes_back_to_the_least_when_nothing_comes_any_more() {
    let mut work =
        Work { gap: &mut |_| 0.01, service: &mut |_| 0.1, capacity: 64, source_ends: 5.0 };
    let wanted = simulate(&mut work, 10.0);
    assert!(wanted[ticks(4.0)] >= 8, "{wanted:?}");
    assert!(wanted[ticks(8.0)..].iter().all(|number| *number == LEAST), "{wanted:?}");
}

#[test]
fn a_rate_that_holds_starts_back_asks_for_no_more_than_it_lets_start() {
    let mut controller = Controller::new(1, 32);
    let mut number = 1;
    // Items are always there, and ten of 0.5 s may start in a second: five are busy, at most.
    for tick in 1..400 {
        let busy = 5.0_f64.min(number as f64);
        let sample = Sample {
            at: TICK * tick,
            held: 1.0,
            busy,
            paced: if number > 5 { 1.0 } else { 0.0 },
            put: u64::from(tick % 4 == 0),
            ended: u64::from(tick % 4 == 0),
            service: Duration::from_millis(if tick % 4 == 0 { 500 } else { 0 }),
        };
        number = controller.next(&sample);
        assert!(tick < 80 || number == 6, "{number} at {tick}");
    }
}
