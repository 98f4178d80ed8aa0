//! Larger cases under a seeded scheduler, shuttle: run with `--cfg shuttle`.
//!
//! Four producers and four consumers do what chance tells them, of everything there is to do. Each
//! schedule is checked for what was lost, doubled or out of order, and shuttle reports one in which all
//! sleep. A failure prints the seed of its run; `SHUTTLE_RANDOM_SEED=SEED` with that test's name runs it
//! again, the same.
//!
//! What these schedules do not see: time (a deadline passes at once), and weak memory: every access is
//! sequentially consistent here. Both small and complete is loom, in `tests/loom`.
#![cfg(shuttle)]

mod ledger;
mod work;

use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use forebay_threads::{Builder, Consumer, Discipline, Producer};
use shuttle::rand::{Rng, thread_rng};
use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler};
use shuttle::sync::Arc;
use shuttle::{Config, Runner, thread};

use ledger::{Item, Ledger};

const PRODUCERS: u64 = 4;
const CONSUMERS: usize = 4;
/// Schedules of one run, which a seed repeats: the first shows how long they are, which the others need.
const SCHEDULES: usize = 50;
const RUNS: u64 = 80;

/// Runs all schedules of a case; the seed of one that fails is told.
fn explore<S: Scheduler + 'static>(
    scheduler: impl Fn(u64) -> S,
    case: fn(Discipline),
    on: Discipline,
) {
    let replayed = std::env::var("SHUTTLE_RANDOM_SEED").ok().map(|seed| seed.parse().unwrap());
    let seeds = replayed.map_or(1..=RUNS, |seed| seed..=seed);
    for seed in seeds {
        let mut config = Config::new();
        // Its own account of the schedule is longer than the seed, and says no more.
        config.failure_persistence = shuttle::FailurePersistence::None;
        let runner = Runner::new(scheduler(seed), config);
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| runner.run(move || case(on)))) {
            let _ = writeln!(io::stderr(), "to run this again: SHUTTLE_RANDOM_SEED={seed}");
            resume_unwind(panic);
        }
    }
}

macro_rules! schedules {
    ($($module:ident: $discipline:ident;)*) => {$(
        mod $module {
            use super::*;

            #[test]
            fn everything_at_random() {
                explore(|seed| RandomScheduler::new_from_seed(seed, SCHEDULES), everything, Discipline::$discipline);
            }

            #[test]
            fn everything_by_priorities() {
                explore(|seed| PctScheduler::new_from_seed(seed, 3, SCHEDULES), everything, Discipline::$discipline);
            }

            #[test]
            fn closed_in_the_middle() {
                explore(|seed| RandomScheduler::new_from_seed(seed, SCHEDULES), closed, Discipline::$discipline);
            }

            #[test]
            fn closed_in_the_middle_by_priorities() {
                explore(|seed| PctScheduler::new_from_seed(seed, 3, SCHEDULES), closed, Discipline::$discipline);
            }
        }
    )*};
}

schedules! {
    ring: Ring;
    semaphores: Semaphores;
    monitor: Monitor;
    linked: Linked;
}

/// A buffer of one to three places, and weighing or not.
fn sides(discipline: Discipline) -> (Producer<Item>, Consumer<Item>) {
    let mut chance = thread_rng();
    let capacity = chance.gen_range(1..=3);
    let mut builder =
        Builder::bounded(capacity).discipline(discipline).max_leased(chance.gen_range(1..=2));
    if chance.gen_bool(0.3) {
        builder = builder.weighing(3, |item: &Item| item.weight);
    }
    builder.build().expect("what it is told makes sense")
}

/// All is put, all is taken, and the last producer's end is the end.
fn everything(discipline: Discipline) {
    run(discipline, |producer, _| {
        if thread_rng().gen_bool(0.5) {
            producer.join();
        }
        drop(producer);
    });
}

/// Somebody closes when it pleases him.
fn closed(discipline: Discipline) {
    run(discipline, |producer, consumer| {
        for _ in 0..thread_rng().gen_range(0..40) {
            thread::yield_now();
        }
        if thread_rng().gen_bool(0.5) { producer.close() } else { consumer.close() }
    });
}

/// Starts everybody, does as told meanwhile, and checks the books once all have ended.
fn run(discipline: Discipline, meanwhile: impl FnOnce(Producer<Item>, Consumer<Item>)) {
    let (producer, consumer) = sides(discipline);
    let ledger = Arc::new(Ledger::default());
    let mut threads = Vec::new();
    for number in 0..PRODUCERS {
        let (producer, ledger) = (producer.clone(), Arc::clone(&ledger));
        threads.push(thread::spawn(move || work::produce(number, &producer, &ledger)));
    }
    for _ in 0..CONSUMERS {
        let (consumer, ledger) = (consumer.clone(), Arc::clone(&ledger));
        threads.push(thread::spawn(move || work::consume(&consumer, &ledger)));
    }
    // Looks from outside, and keeps the buffer from being abandoned.
    let watcher = consumer.clone();
    meanwhile(producer, consumer);
    for thread in threads {
        thread.join().unwrap();
    }
    ledger.check(&watcher.statistics());
}
