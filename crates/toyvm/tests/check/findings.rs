//! Each thing that may be found, and each limit that ends a search.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use toyvm::check::{Deaths, Order, Plan, Stopped, check};
use toyvm::machine::Service;

use super::{play, program, word};

#[test]
fn each_kind_is_found_and_leads_there() {
    let counts =
        r#"("LABEL", "a"), ("LOAD", "n"), ("PUSH", 1), ("ADD",), ("STORE", "n"), ("JUMP", "a")"#;
    for (verdict, text) in [
        ("deadlock", r#"main = [("PUSH", 0), ("SEMAPHORE_CREATE",), ("SEMAPHORE_ACQUIRE",)]"#),
        (
            "deadlock",
            r#"main = [("LOCK_CREATE",), ("DUP",), ("LOCK_ACQUIRE",), ("LOCK_ACQUIRE",)]"#,
        ),
        ("assertion", r#"main = [("CHOOSE", 7), ("PUSH", 5), ("NE",), ("ASSERT", "not 5")]"#),
        (
            "invariant",
            r#"main = [("PUSH", 0), ("GLOBAL_STORE", "x"), ("INVARIANT", "x < 1"), ("PUSH", 1), ("GLOBAL_STORE", "x")]"#,
        ),
        ("error", r#"main = [("PUSH", 1), ("CHOOSE", 3), ("DIV",)]"#),
        ("spin", r#"main = [("LABEL", "a"), ("JUMP", "a")]"#),
        ("incomplete", &format!(r#"main = [("PUSH", 0), ("STORE", "n"), {counts}]"#)),
    ] {
        let program = program(text);
        let report = check(&program, &Plan::default());
        assert_eq!(word(&report), verdict, "{text}");
        for failure in &report.failures {
            play(&program, Service::InOrder, failure, text);
        }
    }
}

/// So many may die and no more, and none but those who are meant; main only if it is meant.
#[test]
fn who_may_be_killed_and_how_many() {
    let text = r#"worker = [("PUSH", "m"), ("LOCK_ACQUIRE",), ("PUSH", "m"), ("LOCK_RELEASE",)]
other = [("NOP",)]
main = [("PUSH", "m"), ("LOCK_ACQUIRE",), ("PUSH", "m"), ("LOCK_RELEASE",)]
vm = ToyVM()
vm.create_lock("m")
vm.create_thread(worker, "one")
vm.create_thread(worker, "two")
vm.create_thread(other, "three")
vm.create_thread(main, "main")
"#;
    let program = program(text);
    let names = |of: &[&str]| of.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    for (most, of, verdict) in [
        (0, names(&[]), "proved"),
        (1, names(&[]), "deadlock"),
        (1, names(&["two"]), "deadlock"),
        (2, names(&["worker"]), "deadlock"),
        (1, names(&["three"]), "proved"),
        (9, names(&["other"]), "proved"),
        (1, names(&["main"]), "deadlock"),
    ] {
        let deaths = Deaths { most, of: &of };
        assert_eq!(deaths.check(&program), Ok(()));
        for reduce in [false, true] {
            let report = check(&program, &Plan { deaths, reduce, ..Plan::default() });
            assert_eq!(word(&report), verdict, "{deaths:?}");
            for failure in &report.failures {
                let killed = failure.schedule.iter().filter(|it| it.dies).count();
                assert!((1..=most as usize).contains(&killed), "{killed} of {deaths:?}");
                play(&program, Service::InOrder, failure, text);
            }
        }
    }
    let of = names(&["one", "nobody"]);
    let missing = Deaths { most: 1, of: &of }.check(&program).unwrap_err();
    let told = "there is no thread `worker[1]` that could be killed; there are main, one, other, three, two, \
                worker; `worker` means each of its threads";
    let several = [String::from("worker[1]")];
    let refused = Deaths { most: 1, of: &several }.check(&program).map_err(|it| it.to_string());
    assert_eq!(refused, Err(told.to_owned()));
    let told = "there is no thread `nobody` that could be killed; there are main, one, other, three, two, worker";
    assert_eq!(missing.to_string(), told);
}

/// A semaphore that is raised for ever has no end of states.
#[test]
fn a_limit_ends_a_search() {
    let text = r#"main = [("PUSH", 0), ("SEMAPHORE_CREATE",), ("STORE", "s"), ("LABEL", "a"),
        ("LOAD", "s"), ("SEMAPHORE_RELEASE",), ("JUMP", "a")]"#;
    let program = program(text);
    let cancelled = AtomicBool::new(true);
    for (plan, stopped) in [
        (Plan { max_states: Some(5_000), ..Plan::default() }, Stopped::States),
        (Plan { memory: Some(1 << 20), ..Plan::default() }, Stopped::Memory),
        (Plan { timeout: Some(Duration::from_millis(20)), ..Plan::default() }, Stopped::Timeout),
        (Plan { cancelled: Some(&cancelled), ..Plan::default() }, Stopped::Cancelled),
    ] {
        for workers in [1, 2] {
            let report = check(&program, &Plan { workers, ..plan });
            assert_eq!(report.stopped, Some(stopped));
            assert!(report.failures.is_empty());
        }
    }
}

/// A circle that is closed only if it is the first of two workers whom main waits for first.
pub(crate) const CIRCLE: &str = r#"vm = ToyVM()
worker = [
    ("LOAD", "c"), ("ATOMIC_INCREMENT",), ("PUSH", 1), ("EQ",), ("JUMP_IF_FALSE", "for ever"),
    ("LOAD", "m"), ("LOCK_ACQUIRE",), ("JUMP", "end"),
    ("LABEL", "for ever"),
    ("LOAD", "s"), ("SEMAPHORE_ACQUIRE",), ("LOAD", "s"), ("SEMAPHORE_RELEASE",), ("JUMP", "for ever"),
    ("LABEL", "end"),
]
main = [
    ("ATOMIC_CREATE", 0), ("GLOBAL_STORE", "c"), ("LOCK_CREATE",), ("GLOBAL_STORE", "m"),
    ("PUSH", 1), ("SEMAPHORE_CREATE",), ("GLOBAL_STORE", "s"), ("LOAD", "m"), ("LOCK_ACQUIRE",),
    ("PUSH", 0), ("THREAD_CREATE", [worker]), ("STORE", "a"),
    ("PUSH", 0), ("THREAD_CREATE", [worker]), ("STORE", "b"),
    ("LOAD", "a"), ("THREAD_JOIN",), ("LOAD", "b"), ("THREAD_JOIN",),
]
vm.create_thread(main, "main")
"#;

/// The first worker to count waits for main's lock, the other goes on for ever; main joins one, then the
/// other. Only if it is the first whom main waits for first is there a circle.
#[test]
fn a_circle_is_found_whoever_of_those_alike_closes_it() {
    let program = program(CIRCLE);
    let report = check(&program, &Plan::default());
    assert_eq!(word(&report), "deadlock");
    play(&program, Service::InOrder, &report.failures[0], CIRCLE);
}

/// Breadth first with one worker is nearest first: no schedule with fewer macro-steps shows anything. And by
/// switches, none with fewer switches.
#[test]
fn the_nearest_is_found_first() {
    let mut found = 0;
    for seed in 0..60 {
        let text = super::writer::program(seed);
        let program = program(&text);
        let plan = Plan { max_states: Some(3_000), ..super::plain() };
        let nearest = check(&program, &Plan { order: Order::Breadth, ..plan });
        let calmest = check(&program, &Plan { order: Order::Switches, ..plan });
        let any = check(&program, &plan);
        if [&nearest, &calmest, &any].iter().any(|report| report.stopped.is_some()) {
            continue;
        }
        let all = [&nearest, &calmest, &any].map(|report| report.failures.first());
        let [Some(nearest), Some(calmest), Some(any)] = all else {
            assert!(all.iter().all(Option::is_none), "{text}");
            continue;
        };
        found += 1;
        assert!(nearest.steps <= any.steps && nearest.steps <= calmest.steps, "{text}");
        assert!(calmest.switches <= any.switches, "{calmest:?} {any:?} {text}");
        assert!(calmest.switches <= nearest.switches, "{calmest:?} {nearest:?} {text}");
        if let Some(fewer) = calmest.switches.checked_sub(1) {
            let max_switches = Some(fewer as u64);
            let bounded = Plan { order: Order::Switches, max_switches, ..plan };
            let report = check(&program, &bounded);
            assert!(report.failures.is_empty(), "{:?} {text}", report.failures);
            assert_eq!(report.stopped, Some(Stopped::Switches));
        }
        play(&program, Service::InOrder, calmest, &text);
    }
    assert!(found > 8, "{found} of them failed");
}

/// The thread that goes round is not there when the way begins.
#[test]
fn one_who_goes_round_for_ever_may_have_been_started_late() {
    let text = r#"w = [("LABEL", "a"), ("LOAD", "x"), ("JUMP_IF_FALSE", "a")]
main = [("PUSH", 0), ("THREAD_CREATE", [w]), ("THREAD_JOIN",)]
vm = ToyVM()
vm.globals["x"] = 0
vm.create_thread(main, "main")
vm.run()
"#;
    let program = program(text);
    let report = check(&program, &Plan::default());
    assert_eq!(word(&report), "spin");
    play(&program, Service::InOrder, &report.failures[0], text);
    assert!(report.failures[0].schedule.len() < 20, "no more than one lap");
}

/// Each of two accesses that race breaks a claim: then that is what is wrong.
#[test]
fn an_access_that_races_and_breaks_a_claim_is_told_as_that() {
    let text = r#"w = [("PUSH", 3), ("GLOBAL_STORE", "x")]
main = [("PUSH", 0), ("GLOBAL_STORE", "x"), ("INVARIANT", "x < 2"),
        ("PUSH", 0), ("THREAD_CREATE", [w]), ("PUSH", 2), ("GLOBAL_STORE", "x")]"#;
    let program = program(text);
    for allow_races in [false, true] {
        let report = check(&program, &Plan { allow_races, ..Plan::default() });
        assert_eq!(word(&report), "invariant");
        play(&program, Service::InOrder, &report.failures[0], text);
    }
}

#[test]
fn a_limit_is_heeded_among_very_many_numbers_to_choose_from() {
    let program =
        program(r#"main = [("CHOOSE", 1000000000), ("PUSH", -1), ("NE",), ("ASSERT", "it")]"#);
    let timeout = Some(Duration::from_millis(20));
    let report = check(&program, &Plan { timeout, ..Plan::default() });
    assert_eq!(report.stopped, Some(Stopped::Timeout));
}
