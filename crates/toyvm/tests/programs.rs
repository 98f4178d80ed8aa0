//! The programs that are shipped: each does what its header says.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use toyvm::exam::examine;
use toyvm::expectation::Expectation;
use toyvm::machine::Service;
use toyvm::program::Program;
use toyvm::scheduler::Policy;
use toyvm::source::{self, Selection, Source};
use toyvm::sweep::{Plan, Sweep, sweep};
use toyvm::verdict::Verdict;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("programs")
}

fn load(name: &str) -> Arc<Program> {
    let bytes = fs::read(folder().join(name)).unwrap();
    let source = Source::new(name, bytes).unwrap();
    match source::load(source, &Selection::default()) {
        Ok(loaded) => Arc::new(loaded.program),
        Err(rejected) => panic!("{}", rejected.diagnostics[0].line(&rejected.source)),
    }
}

fn names() -> Vec<String> {
    let entries = fs::read_dir(folder()).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn each_does_what_its_header_says() {
    let names = names();
    assert!(names.len() >= 20, "{names:?}");
    for name in names {
        let program = load(&name);
        let expectation = Expectation::read(program.source()).unwrap();
        assert!(expectation.verdict.is_some(), "{name} says nothing about what must come of it");
        let marks = examine(&program, &expectation, 60);
        assert!(marks.complaints.is_empty(), "{name}: {:#?}", marks.complaints);
    }
}

#[test]
fn lint_finds_something_only_in_those_that_are_wrong() {
    for name in names() {
        let program = load(&name);
        let findings: Vec<String> = toyvm::lint::lint(&program)
            .iter()
            .map(|finding| finding.line(program.source()))
            .collect();
        let expected = name == "missing_join.toy";
        assert_eq!(!findings.is_empty(), expected, "{name}: {findings:#?}");
    }
}

fn swept(name: &str, policy: Policy, seeds: u64, races: bool) -> Sweep {
    let plan =
        Plan { policy, seeds: 0..seeds, max_steps: 50_000, service: Service::InOrder, races };
    sweep(&load(name), &plan, &|_| {})
}

#[test]
fn the_bounded_buffer_holds_under_ten_thousand_seeds() {
    // That each id is taken once, and that never more than 5 wait, is asserted in the program itself.
    for policy in [Policy::Random, Policy::Pct { depth: 3, length: 1_000 }] {
        let swept = swept("producer_consumer.toy", policy, 10_000, false);
        assert_eq!(swept.sorts.len(), 1, "{policy}: {:?}", swept.sorts);
        let only = &swept.sorts[0];
        assert_eq!((only.verdict, only.runs), (Verdict::Fine, 10_000));
        assert_eq!(only.what, "[main] 16 produced, 16 consumed");
    }
    let races = swept("producer_consumer.toy", Policy::Random, 500, true);
    assert_eq!(races.sorts[0].verdict, Verdict::Fine, "{:?}", races.sorts);
}

#[test]
fn updates_are_lost_without_a_lock_and_never_with_one() {
    let lost = swept("no_mutex.toy", Policy::Random, 200, false);
    let full = lost.sorts.iter().filter(|sort| sort.what.ends_with("counter = 200"));
    let full: u64 = full.map(|sort| sort.runs).sum();
    assert!(full < 100 && lost.sorts.len() > 5, "{:?}", lost.sorts);
    for right in ["mutex.toy", "semaphore_mutex.toy", "atomic_counter.toy"] {
        let kept = swept(right, Policy::Random, 200, true);
        assert_eq!(kept.sorts.len(), 1, "{right}: {:?}", kept.sorts);
        assert_eq!(kept.sorts[0].what, "[main] counter = 200");
    }
}

#[test]
fn a_race_is_one_although_something_worse_comes_after_it() {
    let text = "# verdict: RACE\nw = [('PUSH', 1), ('GLOBAL_STORE', 'x')]\n\
                main = [('PUSH', 0), ('THREAD_CREATE', [w]), ('PUSH', 2), ('GLOBAL_STORE', 'x'), \
                ('THREAD_JOIN',), ('POP',)]";
    let source = Source::new("race.toy", text.into()).unwrap();
    let program = Arc::new(source::load(source, &Selection::default()).unwrap().program);
    let expectation = Expectation::read(program.source()).unwrap();
    let marks = examine(&program, &expectation, 5);
    assert!(marks.complaints.is_empty(), "{:?}", marks.complaints);
}
