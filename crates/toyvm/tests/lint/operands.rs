//! Values that an instruction cannot do anything with.

use super::{NOTHING, beside, found};

fn first(instructions: &str) -> Option<String> {
    let found = found(&format!("main = [{instructions}]"));
    assert!(found.len() < 2, "{found:?}");
    found.into_iter().next().map(|line| line.split_once(' ').expect("a message").1.to_owned())
}

#[test]
fn the_wrong_kind() {
    let cases = [
        (r#"("PUSH", 5), ("LOCK_ACQUIRE",)"#, "LOCK_ACQUIRE wants a lock, not the integer 5"),
        (r#"("QUEUE_CREATE",), ("LOCK_ACQUIRE",)"#, "LOCK_ACQUIRE wants a lock, not a queue"),
        (r#"("PUSH", "x"), ("PUSH", 1), ("SUB",)"#, "SUB wants an integer, not the string \"x\""),
        (r#"("LOCK_CREATE",), ("JUMP_IF", 0)"#, "JUMP_IF wants an integer, not a lock"),
        (
            r#"("PUSH", 1), ("STORE", "x"), ("LOAD", "x"), ("ARRAY_LENGTH",)"#,
            "ARRAY_LENGTH wants an array, not the integer 1, which is all that `x` stands for",
        ),
        (
            r#"("PUSH", "m"), ("LOCK_ACQUIRE",)"#,
            "LOCK_ACQUIRE wants a lock, and no object is called `m`",
        ),
        (
            r#"("PUSH", 1), ("PUSH", "m"), ("QUEUE_SEND",)"#,
            "QUEUE_SEND wants a queue, and finds the integer 1 and the string \"m\"",
        ),
        (
            r#"("PUSH", 1), ("PUSH", "m"), ("ADD",)"#,
            "two integers or two strings can be added, not the integer 1 and the string \"m\"",
        ),
    ];
    for (instructions, told) in cases {
        assert_eq!(first(instructions).as_deref(), Some(told), "{instructions}");
    }
}

#[test]
fn the_right_kind() {
    for instructions in [
        r#"("PUSH", "x"), ("PUSH", "y"), ("ADD",)"#,
        r#"("PUSH", 1), ("QUEUE_CREATE",), ("QUEUE_SEND",)"#,
        r#"("QUEUE_CREATE",), ("LOCK_CREATE",), ("QUEUE_SEND",)"#,
        r#"("PUSH", "x"), ("PUSH", 1), ("EQ",)"#,
        r#"("PUSH", "x"), ("ATOMIC_CREATE", 0), ("ATOMIC_INCREMENT",), ("PUSH", 1), ("SUB",)"#,
    ] {
        assert_eq!(first(instructions), None, "{instructions}");
    }
}

#[test]
fn a_name_that_is_no_objects() {
    let text = r#"
worker = [("PUSH", "lokc"), ("LOCK_ACQUIRE",), ("PUSH", "m"), ("LOCK_ACQUIRE",), ("LOAD", "m"), ("POP",)]
vm = ToyVM()
vm.create_lock("lock")
vm.globals["m"] = 1
vm.create_thread(worker, "w")
vm.run()
"#;
    assert_eq!(
        beside(text),
        ["did you mean `lock`?", "LOAD \"m\" pushes what is stored under that name"]
    );
}

#[test]
fn numbers_out_of_range() {
    let cases = [
        (r#"("SLEEP", -1)"#, "a time is at least 0, not -1"),
        (r#"("PUSH", -1), ("SLEEP",)"#, "a time is at least 0, not -1"),
        (r#"("PUSH", 1), ("PUSH", 3), ("SUB",), ("SLEEP",)"#, "a time is at least 0, not -2"),
        (r#"("PUSH", -1), ("SEMAPHORE_CREATE",)"#, "a semaphore's count is at least 0, not -1"),
        (
            r#"("PUSH", 3), ("BOUNDED_SEMAPHORE_CREATE", 2)"#,
            "a semaphore's bound is at least 3, not 2",
        ),
        (r#"("BOUNDED_QUEUE_CREATE", 0)"#, "a queue's capacity is at least 1, not 0"),
        (r#"("CHOOSE", 0)"#, "what is chosen below is at least 1, not 0"),
        (
            r#"("ARRAY_CREATE", 2), ("PUSH", -1), ("ARRAY_GET",)"#,
            "a place in an array is at least 0, not -1",
        ),
        (r#"("PUSH", 1), ("PUSH", 0), ("DIV",)"#, "division by zero"),
        (r#"("CHOOSE", 9), ("PUSH", 0), ("MUL", "mod")"#, "division by zero"),
        (
            r#"("PUSH", 9223372036854775807), ("PUSH", 1), ("ADD",)"#,
            "the result does not fit in 64 bits",
        ),
        (
            r#"("PUSH", 2), ("THREAD_CREATE", [[("NOP",)], [("NOP",)]], "daemon")"#,
            "there is no list 2 to start: they are 0 to 1",
        ),
    ];
    for (instructions, told) in cases {
        assert_eq!(first(instructions).as_deref(), Some(told), "{instructions}");
    }
    assert_eq!(first(r#"("PUSH", 0), ("SLEEP",), ("PUSH", 0), ("SEMAPHORE_CREATE",)"#), None);
}

#[test]
fn jump_if_after_a_comparison() {
    let text = r#"main = [
    ("LABEL", "next"), ("CHOOSE", 9), ("PUSH", 3), ("LT",), ("JUMP_IF", "next"),
]"#;
    assert_eq!(found(text), ["2:61: JUMP_IF jumps at 0 and at 1, and nothing else comes here"]);
    assert_eq!(beside(text), ["JUMP_IF_TRUE jumps at 1 only, JUMP_IF_FALSE at 0 only"]);
    for right in [
        r#"("JUMP_IF_TRUE", "next")"#,
        r#"("ASSERT",)"#,
        r#"("PUSH", 1), ("SUB",), ("JUMP_IF", "next")"#,
    ] {
        let right = text.replace(r#"("JUMP_IF", "next")"#, right);
        let right = right.replace(r#"("LABEL", "next")"#, r#"("NOP",)"#).replace("\"next\"", "0");
        assert_eq!(found(&right), NOTHING);
    }
}

#[test]
fn what_a_name_stands_for_is_known_over_the_whole_program() {
    let text = |stored| {
        format!(
            r#"
worker = [("LOAD", "s"), ("LOCK_ACQUIRE",), ("LOAD", "o"), ("QUEUE_RECEIVE",)]
other = [{stored}]
vm = ToyVM()
vm.create_lock("o")
vm.globals["s"] = 1
vm.create_thread(worker, "w")
vm.create_thread(other, "x")
vm.run()
"#
        )
    };
    let queue = "2:60: QUEUE_RECEIVE wants a queue, not the lock `o`";
    let lock = "2:26: LOCK_ACQUIRE wants a lock, not";
    assert_eq!(
        found(&text(r#"("NOP",)"#)),
        [&format!("{lock} the integer 1, which is all that `s` stands for"), queue]
    );
    // An integer in any case.
    assert_eq!(
        found(&text(r#"("CHOOSE", 3), ("GLOBAL_STORE", "s")"#)),
        [&format!("{lock} an integer, which is all that `s` stands for"), queue]
    );
    // Perhaps a lock.
    assert_eq!(
        found(&text(r#"("LOCK_CREATE",), ("GLOBAL_STORE", "s")"#)),
        ["2:26: the lock `s` is never released", queue]
    );
    // Another thread's variable is another's.
    assert_eq!(found(&text(r#"("LOCK_CREATE",), ("STORE", "s")"#)).len(), 2);
}
