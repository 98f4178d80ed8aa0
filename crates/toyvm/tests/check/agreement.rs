//! Programs written at random, searched with everything cut that can be, and with nothing cut.

use std::time::{Duration, Instant};

use toyvm::check::{Order, Plan, check};
use toyvm::machine::Service;

use super::{plain, play, program, word, writer};

/// States of the plain search beyond which a program is left out.
const MOST: u64 = 40_000;

/// Programs that are written at least.
const LEAST: u64 = 150;

/// As many as there is time for, if there is.
fn seeds() -> impl Iterator<Item = u64> {
    let seconds = std::env::var("FOREBAY_TORTURE_SECONDS").ok();
    let seconds = seconds.and_then(|seconds| seconds.parse().ok()).unwrap_or(0);
    let (began, time) = (Instant::now(), Duration::from_secs(seconds));
    (0..).take_while(move |seed| *seed < LEAST || began.elapsed() < time)
}

#[test]
fn what_is_cut_changes_nothing() {
    let (mut compared, mut failed) = (0, 0);
    for seed in seeds() {
        let text = writer::program(seed);
        let program = program(&text);
        let service = if seed / 4 % 3 == 0 { Service::Weak } else { Service::InOrder };
        let races = seed / 4 % 5 > 0;
        let base = Plan { service, races, ends: true, max_states: Some(MOST), ..plain() };
        let whole = check(&program, &base);
        if whole.stopped.is_some() {
            continue;
        }
        compared += 1;
        failed += u64::from(!whole.failures.is_empty());
        for bits in 1..8 {
            let (reduce, symmetry, drop_dead) = (bits & 1 > 0, bits & 2 > 0, bits & 4 > 0);
            let workers = 1 + usize::from(seed % 8 == 0);
            let order = if seed % 5 == 0 { Order::Breadth } else { Order::Depth };
            let plan = Plan { reduce, symmetry, drop_dead, workers, order, ..base };
            let cut = check(&program, &plan);
            let told = format!("seed {seed}: {plan:?}, {}, {}\n{text}", word(&whole), word(&cut));
            // What is wrong may be found late in one order, and soon in another.
            if cut.stopped.is_some() {
                assert!(!whole.failures.is_empty(), "{told}");
                continue;
            }
            assert_eq!(cut.failures.is_empty(), whole.failures.is_empty(), "{told}");
            cut.failures.iter().for_each(|failure| play(&program, service, failure, &told));
            if whole.failures.is_empty() {
                assert_eq!(cut.ends, whole.ends, "{told}");
                assert!(cut.states <= whole.states, "{told}");
                assert_eq!(cut.never, whole.never, "{told}");
            }
        }
    }
    println!("{compared} compared, of which {failed} failed");
    assert!(compared > 130 && failed * 5 > compared && failed * 10 < compared * 9);
}
