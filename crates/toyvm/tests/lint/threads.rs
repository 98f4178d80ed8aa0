//! Threads that nobody joins, and sleeps that stand for a join.

use super::{NOTHING, beside, found};

const WORKER: &str = r#"worker = [("PUSH", 1), ("GLOBAL_STORE", "x")]"#;

fn in_main(instructions: &str) -> String {
    format!("{WORKER}\nmain = [\n{instructions}\n]")
}

#[test]
fn a_thread_that_is_never_joined() {
    for forgets in [
        r#"("PUSH", 0), ("THREAD_CREATE", [worker]), ("POP",)"#,
        r#"("PUSH", 0), ("THREAD_CREATE", [worker])"#,
        r#"("PUSH", 0), ("THREAD_CREATE", [worker]), ("STORE", "t")"#,
        r#"("PUSH", 0), ("THREAD_CREATE", [worker]), ("STORE", "t"), ("LOAD", "t"), ("PRINT",)"#,
        r#"("PUSH", 0), ("THREAD_CREATE", [worker]), ("GLOBAL_STORE", "t"),
           ("PUSH", 0), ("THREAD_CREATE", [worker]), ("THREAD_JOIN",)"#,
    ] {
        assert_eq!(
            found(&in_main(forgets)),
            ["3:14: the thread that starts here is never joined"],
            "{forgets}"
        );
    }
    assert_eq!(
        beside(&in_main(r#"("PUSH", 0), ("THREAD_CREATE", [worker])"#)),
        ["THREAD_JOIN its handle, or start it with \"daemon\""]
    );
}

#[test]
fn who_has_no_end_is_not_to_be_joined() {
    let server =
        r#"server = [("LABEL", "again"), ("PUSH", 1), ("GLOBAL_STORE", "x"), ("JUMP", "again")]"#;
    let main = r#"main = [("PUSH", 0), ("THREAD_CREATE", [server]), ("POP",)]"#;
    assert_eq!(found(&format!("{server}\n{main}")), NOTHING);
    let ends = server.replace("\"JUMP\"", "\"PUSH\", 0), (\"JUMP_IF_FALSE\"");
    let unjoined = ["2:22: the thread that starts here is never joined"];
    assert_eq!(found(&format!("{ends}\n{main}")), unjoined);
}

#[test]
fn a_handle_may_be_joined_from_anywhere() {
    let text = r#"
worker = [("NOP",)]
joiner = [("LOAD", "t"), ("THREAD_JOIN",), ("LOAD", "q"), ("QUEUE_RECEIVE",), ("THREAD_JOIN",)]
main = [
    ("QUEUE_CREATE",), ("GLOBAL_STORE", "q"),
    ("PUSH", 0), ("THREAD_CREATE", [worker]), ("STORE", "own"), ("LOAD", "own"), ("GLOBAL_STORE", "t"),
    ("LOAD", "q"), ("PUSH", 0), ("THREAD_CREATE", [worker]), ("QUEUE_SEND",),
    ("PUSH", 0), ("THREAD_CREATE", [joiner]), ("THREAD_JOIN",),
]"#;
    assert_eq!(found(text), NOTHING);
}

#[test]
fn a_sleep_that_stands_for_a_join() {
    let text = in_main(
        r#"("PUSH", 0), ("THREAD_CREATE", [worker]), ("POP",),
("SLEEP", 100),
("LOAD", "x"), ("PRINT",)"#,
    );
    assert_eq!(
        found(&text),
        [
            "4:1: this SLEEP does not wait for the threads started before, which may still run after it"
        ]
    );
    assert_eq!(
        beside(&text),
        ["3:14: nobody joins the thread started here", "keep their handles and THREAD_JOIN them"]
    );
}

#[test]
fn other_sleeps() {
    let unjoined = ["3:14: the thread that starts here is never joined"];
    for sleeps in [
        // It waits for something first.
        r#"("PUSH", 0), ("THREAD_CREATE", [worker]), ("POP",), ("QUEUE_CREATE",), ("QUEUE_RECEIVE",),
           ("SLEEP", 1), ("PRINT",)"#,
        // It works by the clock.
        r#"("PUSH", 0), ("THREAD_CREATE", [worker]), ("POP",), ("SLEEP", 1), ("PRINT", "tick"), ("JUMP", 3)"#,
        // It lets time pass before it does something.
        r#"("PUSH", 0), ("THREAD_CREATE", [worker]), ("POP",), ("SLEEP", 1), ("PUSH", 1), ("GLOBAL_STORE", "go")"#,
    ] {
        assert_eq!(found(&in_main(sleeps)), unjoined, "{sleeps}");
    }
    // Who joins may sleep.
    let joins = r#"("PUSH", 0), ("THREAD_CREATE", [worker]), ("SLEEP", 1), ("THREAD_JOIN",), ("LOAD", "x"), ("PRINT",)"#;
    assert_eq!(found(&in_main(joins)), NOTHING);
}
