//! The programs that ship: what comes of each, and how many states it has.

use toyvm::check::{Plan, check};

use super::{program, word};

/// Their counts are part of what is tested: a change of the search shows here.
const KNOWN: &[(&str, &str, u64)] = &[
    ("arithmetic.toy", "proved", 1),
    ("barrier.toy", "proved", 16),
    ("endless_consumers.toy", "deadlock", 0),
    ("lost_wakeup.toy", "deadlock", 0),
    ("message_passing.toy", "proved", 6),
    ("missing_join.toy", "race", 0),
    ("no_mutex.toy", "race", 0),
    ("philosophers.toy", "proved", 108),
    ("philosophers_deadlock.toy", "deadlock", 0),
    ("producer_consumer_unsynchronised.py", "race", 0),
    ("readers_writers.toy", "proved", 86),
    ("rendezvous.toy", "proved", 1),
    ("semaphore.toy", "proved", 25),
    ("swapped_waits.toy", "deadlock", 0),
    ("two_locks.toy", "deadlock", 0),
];

#[test]
fn each_comes_to_what_it_says_whoever_searches() {
    for (name, verdict, states) in KNOWN {
        let path = format!("{}/programs/{name}", env!("CARGO_MANIFEST_DIR"));
        let program = program(&std::fs::read_to_string(path).expect("it ships"));
        for workers in [1, 2] {
            let report = check(&program, &Plan { workers, ..Plan::default() });
            assert_eq!(word(&report), *verdict, "{name}");
            if report.failures.is_empty() {
                assert_eq!(report.states, *states, "{name}, {workers} search");
            }
        }
    }
}
