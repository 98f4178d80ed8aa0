//! How many schedules there are that differ in more than the order of what commutes.

use std::fmt::Write as _;

use toyvm::check::{Plan, Stopped, count};

use super::program;

/// Threads that each do that so often.
fn threads(things: &str, step: &str, often: &[usize]) -> String {
    let mut text = String::new();
    for (at, often) in often.iter().enumerate() {
        let _ = writeln!(text, "t{at} = [{step}] * {often}");
    }
    let _ = writeln!(text, "vm = ToyVM()\n{things}");
    for at in 0..often.len() {
        let _ = writeln!(text, "vm.create_thread(t{at}, \"t{at}\")");
    }
    text
}

#[test]
fn what_commutes_has_one_schedule_and_what_does_not_has_each() {
    let counter = "vm.create_atomic_counter(0, \"c\")";
    // What comes of it is looked at: each order is another schedule.
    let seen = r#"("PUSH", "c"), ("ATOMIC_INCREMENT",), ("PUSH", 0), ("GE",), ("ASSERT", "it")"#;
    let blind = r#"("PUSH", "c"), ("ATOMIC_INCREMENT",), ("POP",)"#;
    let own = r#"("PUSH", 1), ("POP",)"#;
    for (step, often, expected) in [
        (seen, &[1, 1][..], 2),
        (seen, &[2, 2], 6),
        (seen, &[3, 3], 20),
        (seen, &[2, 2, 2], 90),
        (blind, &[3, 3], 1),
        (own, &[5, 5, 5], 1),
    ] {
        let text = threads(counter, step, often);
        let counted = count(&program(&text), &Plan::default(), 1_000);
        assert_eq!((counted.schedules, counted.stopped), (expected, None), "{text}");
    }
    let text = threads(counter, seen, &[2, 2, 2]);
    let counted = count(&program(&text), &Plan::default(), 50);
    assert_eq!((counted.schedules, counted.stopped), (50, Some(Stopped::States)));
}

#[test]
fn numbers_that_are_chosen_and_locks_make_schedules() {
    let choice = r#"main = [("CHOOSE", 5), ("ASSERT", "it")]"#;
    assert_eq!(count(&program(choice), &Plan::default(), 100).schedules, 5);
    // Who is first at a lock.
    let lock = r#"("PUSH", "m"), ("LOCK_ACQUIRE",), ("PUSH", "m"), ("LOCK_RELEASE",)"#;
    let text = threads("vm.create_lock(\"m\")", lock, &[1, 1, 1]);
    assert_eq!(count(&program(&text), &Plan::default(), 100).schedules, 6);
    let endless = r#"main = [("PUSH", 0), ("SEMAPHORE_CREATE",), ("STORE", "s"), ("LABEL", "a"),
        ("LOAD", "s"), ("SEMAPHORE_RELEASE",), ("JUMP", "a")]"#;
    assert_eq!(count(&program(endless), &Plan::default(), 9).stopped, Some(Stopped::States));
}
