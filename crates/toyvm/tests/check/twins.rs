//! Can these tests fail? Each search that is broken on purpose comes to something else than a plain one, on
//! some program: one that was written at random, or one that aims at it.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use toyvm::Program;
use toyvm::check::{Deaths, Flaw, Order, Plan, Report, check, check_with};
use toyvm::machine::Service;

use super::{agree, aimed, live_at_random, plain, program, tiny, writer};

/// Tiny programs that are written at random.
const TINY: u64 = 60;

/// Of the small ones, those that show what no tiny one does.
const SMALL: &[u64] = &[48, 68, 117];

/// States of the plain search beyond which a program is left out.
const MOST: u64 = 4_000;

/// What is searched with a flaw: with everything cut that can be, or one thing alone.
fn cuts<'a>(base: &Plan<'a>) -> [Plan<'a>; 5] {
    let all = Plan { reduce: true, symmetry: true, drop_dead: true, ..*base };
    [
        all,
        Plan { order: Order::Breadth, ..all },
        Plan { symmetry: false, drop_dead: false, ..all },
        Plan { reduce: false, drop_dead: false, ..all },
        Plan { reduce: false, symmetry: false, ..all },
    ]
}

/// In what a search with a flaw differs, if it does.
fn caught(program: &Arc<Program>, base: &Plan<'_>, whole: &Report, flaw: Flaw) -> Option<String> {
    cuts(base).iter().find_map(|plan| {
        let plan = Plan { max_states: Some(4 * MOST), ..*plan };
        let search = || check_with(program, &plan, flaw);
        match catch_unwind(AssertUnwindSafe(search)) {
            Ok(cut) => agree(program, &plan, whole, &cut).err(),
            Err(_) => Some("cannot be followed".to_owned()),
        }
    })
}

/// The plain search of a program, if it is small; it agrees with what is cut and not flawed.
fn whole(program: &Arc<Program>, base: &Plan<'_>, text: &str) -> Option<Report> {
    let whole = check(program, base);
    if whole.stopped.is_some() {
        return None;
    }
    for plan in cuts(base) {
        let cut = check(program, &plan);
        agree(program, &plan, &whole, &cut).unwrap_or_else(|why| panic!("{why}: {plan:?}\n{text}"));
    }
    Some(whole)
}

#[test]
fn each_flaw_is_noticed() {
    // Of what a flawed search panics with, there would be much to read.
    let quiet = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let told = catch_unwind(look);
    std::panic::set_hook(quiet);
    let told = told.unwrap_or_else(|why| std::panic::resume_unwind(why));
    for (flaw, by) in &told {
        println!("{flaw}: {by}");
    }
    let missed: Vec<String> =
        flaws().map(|it| format!("{it:?}")).filter(|it| !told.contains_key(it)).collect();
    assert!(missed.is_empty(), "nobody notices {missed:?}");
}

/// Those of a search for states that are wrong.
fn flaws() -> impl Iterator<Item = &'static Flaw> {
    Flaw::ALL.iter().filter(|flaw| !live_at_random::FLAWS.contains(flaw))
}

/// By flaw: what noticed it, and in what it differed.
fn look() -> BTreeMap<String, String> {
    let mut told = BTreeMap::new();
    let aimed = aimed::all();
    let aimed = aimed.map(|it| (it.what.to_owned(), it.service, it.deaths, it.text()));
    let service = |seed| if seed % 3 == 0 { Service::Weak } else { Service::InOrder };
    let tiny = 0..TINY;
    let tiny = tiny.map(|seed| (format!("tiny {seed}"), service(seed), 0, tiny::program(seed)));
    let small = SMALL.iter();
    let small =
        small.map(|seed| (format!("small {seed}"), service(*seed), 0, writer::program(*seed)));
    let ids = 0..TINY;
    let ids = ids.map(|seed| (format!("ids {seed}"), service(seed), 0, tiny::of_ids(seed)));
    for (what, service, deaths, text) in aimed.chain(small).chain(ids).chain(tiny) {
        let program = program(&text);
        let base =
            Plan { service, ends: true, allow_races: true, max_states: Some(MOST), ..plain() };
        let base = Plan { deaths: Deaths { most: deaths, of: &[] }, ..base };
        let Some(whole) = whole(&program, &base, &text) else { continue };
        for flaw in flaws() {
            let name = format!("{flaw:?}");
            if !told.contains_key(&name)
                && let Some(why) = caught(&program, &base, &whole, *flaw)
            {
                told.insert(name, format!("{what}, {why}"));
            }
        }
        if told.len() == flaws().count() {
            break;
        }
    }
    told
}
