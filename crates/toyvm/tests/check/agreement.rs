//! Programs written at random, searched with everything cut that can be, and with nothing cut.

use toyvm::check::{Deaths, Order, Plan, check};
use toyvm::machine::Service;

use super::{agree, plain, program, seeds, tiny, word, writer};

/// States of the plain search beyond which a program is left out.
const MOST: u64 = 40_000;

/// Programs that are written at least.
const LEAST: u64 = 150;

#[test]
fn what_is_cut_changes_nothing() {
    compare(writer::program);
}

#[test]
fn what_is_cut_changes_nothing_where_numbers_are_drawn() {
    compare(tiny::of_ids);
}

fn compare(write: fn(u64) -> String) {
    let (mut compared, mut failed) = (0, 0);
    for seed in seeds(LEAST) {
        let text = write(seed);
        let program = program(&text);
        let service = if seed / 4 % 3 == 0 { Service::Weak } else { Service::InOrder };
        let races = seed / 4 % 5 > 0;
        let allow_races = seed / 4 % 2 == 0;
        let base =
            Plan { service, races, allow_races, ends: true, max_states: Some(MOST), ..plain() };
        let base = Plan { deaths: Deaths { most: (seed % 7 / 4) as u32, of: &[] }, ..base };
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
            agree(&program, &plan, &whole, &cut).unwrap_or_else(|why| panic!("{why}: {told}"));
        }
    }
    println!("{compared} compared, of which {failed} failed");
    assert!(compared > 130 && failed * 5 > compared && failed * 10 < compared * 9);
}
