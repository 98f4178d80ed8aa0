use toyvm::machine::Thread;
use toyvm::run::End;

use crate::{fault, play, says};

#[test]
fn a_child_starts_with_nothing_and_one_more_priority() {
    let played = play(
        r#"main = [("PUSH",1),("STORE","x"),("PUSH",0),("THREAD_CREATE",[[("LOAD","x")]]),("THREAD_JOIN",)]"#,
    );
    assert!(played.faults()[0].contains("`x`"));
    let state = played.machine.state();
    let priorities: Vec<i64> = state.threads().iter().map(Thread::priority).collect();
    assert_eq!(priorities, [0, 1]);
}

#[test]
fn the_index_chooses_the_body() {
    let bodies = r#"[("PRINT","a")],[("PRINT","b")]"#;
    let program = format!(
        r#"main = [("PUSH",1),("THREAD_CREATE",[{bodies}]),("THREAD_JOIN",),("PUSH",0),("THREAD_CREATE",[{bodies}]),("THREAD_JOIN",)]"#
    );
    assert_eq!(play(&program).lines, ["[thread-0] b", "[thread-1] a"]);
    let none = fault(r#"("PUSH",2),("THREAD_CREATE",[[("NOP",)],[("NOP",)]])"#);
    assert_eq!(none, "there is no list 2 to start: they are 0 to 1");
    assert!(fault(r#"("PUSH",-1),("THREAD_CREATE",[[("NOP",)]])"#).contains("no list -1"));
}

#[test]
fn joining_who_is_over_returns_at_once_also_twice() {
    assert_eq!(
        says(
            r#"("PUSH",0),("THREAD_CREATE",[[("NOP",)]]),("DUP",),("DUP",),("THREAD_JOIN",),("THREAD_JOIN",),
               ("ALIVE",),("PRINT","alive: {}")"#
        ),
        ["alive: 0"]
    );
}

#[test]
fn joining_who_failed_returns_too() {
    let played = play(
        r#"main = [("PUSH",0),("THREAD_CREATE",[[("SLEEP",3),("POP",)]]),("THREAD_JOIN",),("PRINT","on")]"#,
    );
    assert_eq!(played.lines, ["[main] on"]);
    assert_eq!((played.outcome.end.clone(), played.outcome.status()), (End::Finished, 2));
}

#[test]
fn joining_oneself_is_a_cycle_of_one() {
    let played = play(
        r#"
vm = ToyVM()
vm.create_thread([("PUSH","me"),("THREAD_JOIN",)], "me")"#,
    );
    assert_eq!(played.outcome.end, End::Deadlock);
    assert_eq!(played.outcome.cycles[0].threads.len(), 1);
}

#[test]
fn the_end_of_main_stops_nobody() {
    let played =
        play(r#"main = [("PUSH",0),("THREAD_CREATE",[[("SLEEP",5),("PRINT","after main")]])]"#);
    assert_eq!(played.lines, ["[thread-0] after main"]);
}

#[test]
fn joining_so_long_at_most_tells_whether_it_ended() {
    let program = |ms: u64| {
        says(&format!(
            r#"("PUSH",0),("THREAD_CREATE",[[("SLEEP",10)]]),("THREAD_JOIN_FOR",{ms}),("PRINT",)"#
        ))
    };
    assert_eq!(program(5), ["0"]);
    assert_eq!(program(50), ["1"]);
}

#[test]
fn a_daemon_may_wait_when_the_run_ends() {
    let program = |word: &str| {
        play(&format!(
            r#"main = [("QUEUE_CREATE",),("GLOBAL_STORE","q"),
            ("PUSH",0),("THREAD_CREATE",[[("LOAD","q"),("QUEUE_RECEIVE",)]]{word}),("POP",),("SLEEP",1)]"#
        ))
        .outcome
        .end
    };
    assert_eq!(program(", \"daemon\""), End::Finished);
    assert_eq!(program(""), End::Deadlock);
}

#[test]
fn a_list_may_start_itself() {
    let played = play(
        r#"
forks = [("LOAD","n"),("ATOMIC_INCREMENT",),("PUSH",5),("SUB",),("JUMP_IF",7),("PUSH",0),("THREAD_CREATE",[forks])]
main = [("ATOMIC_CREATE",0),("GLOBAL_STORE","n"),("PUSH",0),("THREAD_CREATE",[forks])]"#,
    );
    assert_eq!(played.machine.state().threads().len(), 6);
    assert_eq!(played.outcome.end, End::Finished);
}

#[test]
fn a_thousand_threads_run() {
    let played = play(
        r#"
worker = [("LOAD","n"),("ATOMIC_INCREMENT",),("POP",)]
main = [
    ("ATOMIC_CREATE",0),("GLOBAL_STORE","n"),("PUSH",999),("STORE","i"),
    ("PUSH",0),("THREAD_CREATE",[worker]),("POP",),
    ("LOAD","i"),("PUSH",1),("SUB",),("DUP",),("STORE","i"),("JUMP_IF",4),
    ("SLEEP",1000),("LOAD","n"),("ATOMIC_GET",),("PRINT",),
]"#,
    );
    assert_eq!(played.lines, ["[main] 1000"]);
}

#[test]
fn there_is_a_limit_to_threads() {
    let played = play(
        r#"forks = [("PUSH",0),("THREAD_CREATE",[forks]),("JUMP",0)]
main = [("PUSH",0),("THREAD_CREATE",[forks])]"#,
    );
    assert!(played.faults().iter().all(|fault| fault.contains("threads are limited to 10000")));
    assert_eq!(played.machine.state().threads().len(), 10_000);
}
