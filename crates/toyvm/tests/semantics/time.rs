use toyvm::run::End;

use crate::{fault, play};

#[test]
fn who_sleeps_less_wakes_first_and_of_equals_who_slept_first() {
    let played = play(
        r#"
def sleeper(ms):
    return [("SLEEP", ms), ("PRINT", "awake")]
vm = ToyVM()
vm.create_thread(sleeper(30), "c")
vm.create_thread(sleeper(10), "a")
vm.create_thread(sleeper(20), "b")
"#,
    );
    assert_eq!(played.lines, ["[a] awake", "[b] awake", "[c] awake"]);
    assert!(played.machine.state().clock() >= 30_000);
}

#[test]
fn a_step_costs_a_microsecond_and_the_clock_jumps_when_nobody_can_go_on() {
    let played = play(r#"main = [("NOP",),("NOP",),("SLEEP",7),("NOP",)]"#);
    assert_eq!(played.machine.state().clock(), 3 + 7_000 + 1);
    assert_eq!(played.outcome.steps, 4);
}

#[test]
fn a_sleep_used_as_a_join_fails_when_it_should() {
    let program = |work: u64| {
        play(&format!(
            r#"
worker = [("SLEEP",{work}),("PUSH",42),("GLOBAL_STORE","result")]
main = [("PUSH",0),("GLOBAL_STORE","result"),("PUSH",0),("THREAD_CREATE",[worker]),("POP",),
        ("SLEEP",10),("LOAD","result"),("PRINT",)]"#
        ))
        .lines
    };
    assert_eq!(program(5), ["[main] 42"]);
    assert_eq!(program(15), ["[main] 0"]);
}

#[test]
fn a_sleep_of_0_yields_and_a_negative_one_is_an_error() {
    let played = play(r#"main = [("SLEEP",0),("SLEEP",0)]"#);
    assert_eq!((played.outcome.end, played.machine.state().clock()), (End::Finished, 2));
    assert_eq!(fault(r#"("SLEEP",-1)"#), "a time is at least 0, not -1");
    assert_eq!(fault(r#"("PUSH",-1),("SLEEP",)"#), "a time is at least 0, not -1");
}

#[test]
fn a_long_sleep_takes_no_time() {
    let played = play(r#"main = [("SLEEP",9223372036854775807),("PRINT","awake")]"#);
    assert_eq!(played.lines, ["[main] awake"]);
}

#[test]
fn of_those_who_are_due_at_once_who_slept_first_wakes_first() {
    // Both are due at the end of time, and go for the lock when they wake.
    let waits = r#"("PUSH","m"),("LOCK_ACQUIRE",),("PUSH","c"),("WAIT_FOR",9223372036854775807),
        ("PRINT","awake"),("PUSH","m"),("LOCK_RELEASE",)"#;
    let played = play(&format!(
        r#"
vm = ToyVM()
vm.create_condition(vm.create_lock("m"), "c")
vm.create_thread([("SLEEP",1),{waits}], "late")
vm.create_thread([{waits}], "early")
"#
    ));
    assert_eq!(played.lines, ["[early] awake", "[late] awake"]);
}
