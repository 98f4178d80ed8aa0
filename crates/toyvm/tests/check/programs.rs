//! The programs that ship: what comes of each, and how many states it has.

use toyvm::check::{Plan, check};
use toyvm::source::Language;

use super::{named, word};

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
    ("barber.weir", "proved", 141),
    ("bounded_buffer.weir", "proved", 311),
    ("counting.weir", "race", 0),
    ("fed.weir", "proved", 8),
    ("hungry.weir", "deadlock", 0),
    ("meeting.weir", "proved", 4),
    ("monitor.weir", "proved", 67),
    ("pipeline.weir", "proved", 4),
    ("rounds.weir", "proved", 149),
    ("shared_reading.weir", "proved", 105),
    ("smokers.weir", "proved", 72),
    ("unheard.weir", "deadlock", 0),
];

#[test]
fn each_comes_to_what_it_says_whoever_searches() {
    let mut other = Vec::new();
    for (name, verdict, states) in KNOWN {
        let path = format!("{}/programs/{name}", env!("CARGO_MANIFEST_DIR"));
        let program = named(name, &std::fs::read_to_string(path).expect("it ships"));
        for workers in [1, 2] {
            let report = check(&program, &Plan { workers, ..Plan::default() });
            let found = (word(&report), if report.failures.is_empty() { report.states } else { 0 });
            if found != (*verdict, *states) {
                other.push((name, workers, found));
            }
            // What a compiler writes out is all of use.
            if program.source().language() == Language::Weir && found.0 == "proved" {
                assert_eq!(report.never, [], "{name}");
            }
        }
    }
    assert!(other.is_empty(), "{other:#?}");
}

#[test]
fn threads_of_one_body_in_weir_are_alike() {
    let text = "lock m\nglobal n = 0\nthread w[4] { lock m { n += 1 } lock m { n -= 1 } }\njoin w\nassert n == 0";
    let program = named("alike.weir", text);
    let alike = check(&program, &Plan::default());
    let apart = check(&program, &Plan { symmetry: false, ..Plan::default() });
    assert_eq!((word(&alike), word(&apart)), ("proved", "proved"));
    assert!(alike.states * 4 < apart.states, "{} of {}", alike.states, apart.states);
}

#[test]
fn what_is_only_printed_makes_no_states() {
    let text = "lock m\nglobal n = 0\nthread w[2] {\nlock m { n += 1 }\nSAYS\n}\njoin w\n";
    let states = |says: &str| {
        let program = named("printed.weir", &text.replace("SAYS", says));
        let report = check(&program, &Plan { races: false, ..Plan::default() });
        assert_eq!(word(&report), "proved");
        report.states
    };
    let silent = states("x = n\ny = n\nlock m { }\nprint(x)\nprint(y)");
    assert_eq!(states("x = n\ny = n\nlock m { }\nprint(\"{} and {}\", x, y)"), silent);
}

/// That program with 2 items for each producer.
fn producer_consumer() -> String {
    let path = format!("{}/programs/producer_consumer.toy", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).expect("it ships");
    text.replace("ITEMS = 8", "ITEMS = 2")
}

fn states(text: &str) -> u64 {
    let report = check(&named("few.toy", text), &Plan::default());
    assert_eq!(word(&report), "proved");
    report.states
}

#[test]
fn which_id_an_item_has_makes_no_states() {
    let text = producer_consumer();
    assert_eq!(states(&text), 977);
    // By a branch on it, though nothing comes of that, it is no id.
    let told_apart = text.replace(
        r#"("LOAD", "consumed"), ("ATOMIC_INCREMENT",), ("POP",),"#,
        r#"("LOAD", "item"), ("JUMP_IF", "counts"), ("LABEL", "counts"),
           ("LOAD", "consumed"), ("ATOMIC_INCREMENT",), ("POP",),"#,
    );
    assert!(states(&told_apart) > 4 * 977);
}

#[test]
fn a_claim_about_a_queue_reads_how_long_it_is() {
    let text = producer_consumer();
    let without = |what: &[&str]| {
        let lines = text.lines().filter(|line| !what.iter().any(|what| line.contains(what)));
        states(&lines.collect::<Vec<_>>().join("\n"))
    };
    // Without these, ids are only printed.
    let looks = [r#"("LOAD", "taken")"#, r#""each id is"#];
    let claim = r#"("INVARIANT""#;
    let claimed = without(&looks);
    assert_eq!(claimed, without(&[looks[0], looks[1], claim]));
    assert!(claimed < 977);
}
