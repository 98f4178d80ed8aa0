use std::fmt::Write as _;

use toyvm::run::End;

use crate::{fault, play};

/// Threads with these lists, round a lock `m` and another `n`.
fn threads(lists: &[(&str, &str)]) -> String {
    let mut program = String::from(
        "vm = ToyVM()\nvm.create_lock(\"m\")\nvm.create_lock(\"n\")\nvm.globals[\"x\"] = 0\n",
    );
    for (name, list) in lists {
        let _ = writeln!(program, "vm.create_thread([{list}], \"{name}\")");
    }
    program
}

const ACQUIRE: &str = r#"("PUSH","m"),("LOCK_ACQUIRE",)"#;
const RELEASE: &str = r#"("PUSH","m"),("LOCK_RELEASE",)"#;

#[test]
fn a_lock_goes_to_who_waits_longest() {
    let waiter = format!(r#"{ACQUIRE},("PRINT","has it"),{RELEASE}"#);
    let late = format!(r#"("NOP",),("NOP",),("NOP",),{waiter}"#);
    let first = format!(r#"{ACQUIRE},("SLEEP",1),{RELEASE}"#);
    let played = play(&threads(&[("first", &first), ("late", &late), ("early", &waiter)]));
    assert_eq!(played.lines, ["[early] has it", "[late] has it"]);
}

#[test]
fn a_lock_that_is_handed_over_is_not_overtaken() {
    // The releaser asks for it again at once, and comes after who waited.
    let greedy =
        format!(r#"{ACQUIRE},("SLEEP",1),{RELEASE},{ACQUIRE},("PRINT","again"),{RELEASE}"#);
    let waiter = format!(r#"{ACQUIRE},("PRINT","has it"),{RELEASE}"#);
    let played = play(&threads(&[("greedy", &greedy), ("waiter", &waiter)]));
    assert_eq!(played.lines, ["[waiter] has it", "[greedy] again"]);
}

#[test]
fn whoever_asks_for_a_lock_it_holds_waits_for_itself() {
    let played = play(&threads(&[("alone", &format!("{ACQUIRE},{ACQUIRE}"))]));
    assert_eq!(played.outcome.end, End::Deadlock);
    assert_eq!(played.outcome.cycles.len(), 1);
    assert_eq!(played.outcome.cycles[0].threads.len(), 1);
    assert_eq!(played.outcome.status(), 1);
}

#[test]
fn only_the_holder_may_release() {
    let played = play(&threads(&[("a", RELEASE)]));
    assert!(played.faults()[0].contains("m is not held by this thread, nor by anyone"));
    let other = format!(r#"("SLEEP",1),{RELEASE}"#);
    let holder = format!(r#"{ACQUIRE},("SLEEP",5),{RELEASE}"#);
    let played = play(&threads(&[("holder", &holder), ("other", &other)]));
    assert_eq!(played.faults(), ["m is held by holder, not by this thread"]);
}

#[test]
fn a_lock_of_the_dead_stays_held() {
    let waits = format!(r#"("SLEEP",1),{ACQUIRE}"#);
    let played = play(&threads(&[("dies", ACQUIRE), ("waits", &waits)]));
    assert_eq!(played.outcome.end, End::Deadlock);
    assert!(played.outcome.cycles.is_empty(), "nobody alive holds it");
}

#[test]
fn whoever_asks_robustly_gets_the_lock_of_the_dead_and_is_told() {
    let robust = r#"("SLEEP",1),("PUSH","m"),("LOCK_ACQUIRE","robust"),("PRINT","died: {}"),
                    ("PUSH","m"),("LOCK_RELEASE",)"#;
    let played = play(&threads(&[("dies", ACQUIRE), ("robust", robust)]));
    assert_eq!(played.lines, ["[robust] died: 1"]);
    let waits_already = r#"("NOP",),("PUSH","m"),("LOCK_ACQUIRE","robust"),("PRINT","died: {}")"#;
    let dies_later = format!(r#"{ACQUIRE},("SLEEP",1)"#);
    let played = play(&threads(&[("dies", &dies_later), ("robust", waits_already)]));
    assert_eq!(played.lines, ["[robust] died: 1"]);
    let lives = format!(r#"{ACQUIRE},("SLEEP",3),{RELEASE}"#);
    let played = play(&threads(&[("lives", &lives), ("robust", robust)]));
    assert_eq!(played.lines, ["[robust] died: 0"]);
}

#[test]
fn trying_never_waits() {
    let trying = r#"("SLEEP",1),("PUSH","m"),("TRY_LOCK_ACQUIRE",),("PRINT","{}")"#;
    let holder = format!(r#"{ACQUIRE},("SLEEP",5),{RELEASE}"#);
    let played = play(&threads(&[("holder", &holder), ("tries", trying)]));
    assert_eq!(played.lines, ["[tries] 0"]);
    assert_eq!(play(&threads(&[("tries", trying)])).lines, ["[tries] 1"]);
}

#[test]
fn waiting_so_long_at_most_tells_whether_it_was_had() {
    let timed = |ms: u64| {
        let waits = format!(r#"("PUSH","m"),("LOCK_ACQUIRE_FOR",{ms}),("PRINT","{{}}")"#);
        let holder = format!(r#"{ACQUIRE},("SLEEP",10),{RELEASE}"#);
        let played = play(&threads(&[("holder", &holder), ("timed", &waits)]));
        assert_eq!(played.outcome.end, End::Finished);
        assert!(played.outcome.cycles.is_empty());
        played.lines
    };
    assert_eq!(timed(5), ["[timed] 0"]);
    assert_eq!(timed(50), ["[timed] 1"]);
}

#[test]
fn a_cycle_is_told_as_soon_as_it_exists_although_others_go_on() {
    let a = r#"("PUSH","m"),("LOCK_ACQUIRE",),("SLEEP",1),("PUSH","n"),("LOCK_ACQUIRE",)"#;
    let b = r#"("PUSH","n"),("LOCK_ACQUIRE",),("SLEEP",1),("PUSH","m"),("LOCK_ACQUIRE",)"#;
    let other = r#"("SLEEP",100),("PRINT","still here")"#;
    let played = play(&threads(&[("a", a), ("b", b), ("other", other)]));
    assert_eq!(played.lines, ["[other] still here"]);
    assert_eq!(played.outcome.cycles.len(), 1);
    assert_eq!(played.outcome.cycles[0].threads.len(), 2);
    assert_eq!(played.outcome.end, End::Deadlock);
}

#[test]
fn a_join_can_close_a_cycle() {
    let program = r#"
main = [
    ("LOCK_CREATE",),("GLOBAL_STORE","m"),("LOAD","m"),("LOCK_ACQUIRE",),
    ("PUSH",0),("THREAD_CREATE",[[("LOAD","m"),("LOCK_ACQUIRE",)]]),("THREAD_JOIN",),
]"#;
    let played = play(program);
    assert_eq!(played.outcome.cycles[0].threads.len(), 2);
}

#[test]
fn what_is_no_lock_cannot_be_acquired() {
    assert!(
        fault(r#"("PUSH",5),("LOCK_ACQUIRE",)"#).contains("a lock is wanted, not the integer 5")
    );
    assert!(fault(r#"("PUSH","who"),("LOCK_ACQUIRE",)"#).contains("no object is called `who`"));
    let queue = fault(r#"("QUEUE_CREATE",),("LOCK_ACQUIRE",)"#);
    assert!(queue.contains("a lock is wanted, not the queue queue-0"), "{queue}");
}
