use std::fmt::Write as _;

use toyvm::run::End;

use crate::play;

fn program(threads: &[(&str, &str)]) -> String {
    let mut program = String::from(
        "vm = ToyVM()\nm = vm.create_lock(\"m\")\nvm.create_condition(m, \"c\")\nvm.globals[\"ready\"] = 0\n",
    );
    for (name, list) in threads {
        let _ = writeln!(program, "vm.create_thread([{list}], \"{name}\")");
    }
    program
}

const WAIT: &str = r#"("PUSH","m"),("LOCK_ACQUIRE",),("PUSH","c"),("WAIT",),("PRINT","woken"),("PUSH","m"),("LOCK_RELEASE",)"#;

#[test]
fn waiting_releases_the_lock_and_has_it_again_afterwards() {
    let notifier = r#"("SLEEP",1),("PUSH","m"),("LOCK_ACQUIRE",),("PUSH","c"),("NOTIFY",),("SLEEP",5),("PRINT","lets go"),("PUSH","m"),("LOCK_RELEASE",)"#;
    let played = play(&program(&[("waiter", WAIT), ("notifier", notifier)]));
    assert_eq!(played.outcome.end, End::Finished);
    assert_eq!(played.lines, ["[notifier] lets go", "[waiter] woken"]);
}

#[test]
fn notify_wakes_the_first_and_notify_all_wakes_all() {
    let later = format!(r#"("SLEEP",1),{WAIT}"#);
    let one = r#"("SLEEP",5),("PUSH","c"),("NOTIFY",)"#;
    let played = play(&program(&[("late", &later), ("early", WAIT), ("notifier", one)]));
    assert_eq!(played.lines, ["[early] woken"]);
    assert_eq!(played.outcome.end, End::Deadlock);
    let all = r#"("SLEEP",5),("PUSH","c"),("NOTIFY_ALL",)"#;
    let played = play(&program(&[("late", &later), ("early", WAIT), ("notifier", all)]));
    assert_eq!(played.lines, ["[early] woken", "[late] woken"]);
    assert_eq!(played.outcome.end, End::Finished);
}

#[test]
fn a_notification_that_nobody_waits_for_is_lost() {
    let late = format!(r#"("SLEEP",5),{WAIT}"#);
    let played = play(&program(&[("late", &late), ("notifier", r#"("PUSH","c"),("NOTIFY",)"#)]));
    assert_eq!(played.outcome.end, End::Deadlock);
}

#[test]
fn waiting_so_long_at_most_still_gets_the_lock_back() {
    let timed = r#"("PUSH","m"),("LOCK_ACQUIRE",),("PUSH","c"),("WAIT_FOR",5),("PRINT","{}"),("PUSH","m"),("LOCK_RELEASE",)"#;
    let holder = r#"("SLEEP",1),("PUSH","m"),("LOCK_ACQUIRE",),("SLEEP",20),("PRINT","lets go"),("PUSH","m"),("LOCK_RELEASE",)"#;
    let played = play(&program(&[("timed", timed), ("holder", holder)]));
    assert_eq!(played.lines, ["[holder] lets go", "[timed] 0"]);
    assert_eq!(played.outcome.end, End::Finished);
    let notifier = r#"("SLEEP",1),("PUSH","c"),("NOTIFY",)"#;
    assert_eq!(play(&program(&[("timed", timed), ("n", notifier)])).lines, ["[timed] 1"]);
}

#[test]
fn only_who_holds_the_lock_may_wait() {
    let played = play(&program(&[("a", r#"("PUSH","c"),("WAIT",)"#)]));
    assert_eq!(played.faults(), ["m is not held by this thread, nor by anyone"]);
}

/// Holds the lock, and waits for the end of one who will want it back.
const JOINS: &str = r#"("SLEEP",3),("PUSH","m"),("LOCK_ACQUIRE",),("PUSH","a"),("THREAD_JOIN",)"#;

#[test]
fn each_of_those_notified_at_once_may_close_a_cycle() {
    let later = format!(r#"("SLEEP",1),{WAIT}"#);
    let all = r#"("SLEEP",5),("PUSH","c"),("NOTIFY_ALL",)"#;
    // The second one is in no cycle, the first one is.
    let played =
        play(&program(&[("a", WAIT), ("b", &later), ("holder", JOINS), ("notifier", all)]));
    assert_eq!(played.outcome.cycles.len(), 1);
    assert_eq!(played.outcome.cycles[0].threads.len(), 2);
}

#[test]
fn a_wait_that_was_long_enough_may_close_a_cycle() {
    let timed = r#"("PUSH","m"),("LOCK_ACQUIRE",),("PUSH","c"),("WAIT_FOR",5)"#;
    for other in [r#"("SLEEP",9)"#, r#"("NOP",)"#] {
        let played = play(&program(&[("a", timed), ("holder", JOINS), ("other", other)]));
        assert_eq!(played.outcome.cycles.len(), 1, "{other}");
    }
}

#[test]
fn a_cycle_that_two_close_at_once_is_told_once() {
    let text = r#"
vm = ToyVM()
vm.create_lock("m")
vm.create_lock("n")
vm.create_condition("m", "c")
vm.create_condition("n", "d")
def waits(lock, condition):
    return [("PUSH",lock),("LOCK_ACQUIRE",),("PUSH",condition),("WAIT_FOR",5)]
vm.create_thread(waits("m", "c"), "a")
vm.create_thread(waits("n", "d"), "b")
takes_n = [("SLEEP",1),("PUSH","n"),("LOCK_ACQUIRE",),("PUSH","a"),("THREAD_JOIN",)]
takes_m = [("SLEEP",1),("PUSH","m"),("LOCK_ACQUIRE",),("PUSH","b"),("THREAD_JOIN",)]
vm.create_thread(takes_n, "k")
vm.create_thread(takes_m, "l")
"#;
    // a waits for m, which l holds, who joins b; b waits for n, which k holds, who joins a. Everybody
    // slept, so that the clock jumps, and wakes one after the other.
    let played = play(text);
    assert_eq!(played.outcome.cycles.len(), 1);
    assert_eq!(played.outcome.cycles[0].threads.len(), 4);
}
