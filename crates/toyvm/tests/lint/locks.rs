//! Locks that are kept, released without being held, or acquired while held.

use super::{NOTHING, beside, found};

#[test]
fn a_lock_that_is_never_released() {
    let text = r#"main = [
    ("LOCK_CREATE",), ("STORE", "m"),
    ("LOAD", "m"), ("LOCK_ACQUIRE",),
    ("PRINT", "holds it"),
]"#;
    assert_eq!(found(text), ["3:20: the lock `m` is never released"]);
    assert_eq!(beside(text), ["LOCK_RELEASE it on every path to the end of the list"]);
}

#[test]
fn the_wrong_lock_is_released() {
    let text = r#"
worker = [("PUSH", "a"), ("LOCK_ACQUIRE",), ("PUSH", "b"), ("LOCK_RELEASE",)]
vm = ToyVM()
vm.create_lock("a")
vm.create_lock("b")
vm.create_thread(worker, "w")
vm.run()
"#;
    assert_eq!(
        found(text),
        [
            "2:26: the lock `a` is never released",
            "2:60: the lock `b` is released without being held"
        ]
    );
}

#[test]
fn an_early_exit_with_a_lock() {
    let text = r#"
worker = [
    ("LOAD", "m"), ("LOCK_ACQUIRE",),
    ("LOAD", "n"), ("JUMP_IF_TRUE", "end"),
    ("LOAD", "m"), ("LOCK_RELEASE",),
    ("LABEL", "end"),
    ("PRINT", "ends"),
]
main = [
    ("PUSH", 0), ("GLOBAL_STORE", "n"), ("LOCK_CREATE",), ("GLOBAL_STORE", "m"),
    ("PUSH", 0), ("THREAD_CREATE", [worker]), ("THREAD_JOIN",),
]"#;
    assert_eq!(found(text), ["3:20: the lock `m` is not released on some path"]);
}

#[test]
fn a_lock_that_is_only_tried() {
    let text = r#"main = [
    ("LOCK_CREATE",), ("STORE", "m"),
    ("LOAD", "m"), ("TRY_LOCK_ACQUIRE",), ("JUMP_IF_FALSE", 6),
    ("PRINT", "has it"),
]"#;
    assert_eq!(found(text), ["3:20: the lock `m` is not released on some path"]);
}

#[test]
fn a_lock_that_is_released_without_being_held() {
    let text = r#"main = [
    ("LOCK_CREATE",), ("STORE", "m"),
    ("CHOOSE", 2), ("JUMP_IF_TRUE", "there"),
    ("LOAD", "m"), ("LOCK_ACQUIRE",),
    ("LABEL", "there"),
    ("LOAD", "m"), ("LOCK_RELEASE",),
    ("LOAD", "m"), ("LOCK_RELEASE",),
]"#;
    assert_eq!(
        found(text),
        [
            "6:20: on some path the lock `m` is released without being held",
            "7:20: the lock `m` is released without being held"
        ]
    );
}

#[test]
fn a_lock_that_is_acquired_twice() {
    let text = r#"
worker = [
    ("LABEL", "next"),
    ("PUSH", "m"), ("LOCK_ACQUIRE",), ("PRINT", "works"),
    ("CHOOSE", 2), ("JUMP_IF_TRUE", "next"),
]
hasty = [
    ("PUSH", "m"), ("LOCK_ACQUIRE",),
    ("PUSH", "m"), ("LOCK_ACQUIRE",),
    ("PUSH", "m"), ("LOCK_RELEASE",),
]
vm = ToyVM()
vm.create_lock("m")
vm.create_thread(worker, "w")
vm.create_thread(hasty, "h")
vm.run()
"#;
    assert_eq!(
        found(text),
        [
            "4:20: on some path the lock `m` is acquired again by who holds it, and waits for ever",
            "9:20: the lock `m` is acquired again by who holds it, and waits for ever"
        ]
    );
    assert_eq!(
        beside(text),
        ["LOCK_RELEASE it before", "8:20: it is acquired here", "LOCK_RELEASE it before"]
    );
}

#[test]
fn one_lock_by_several_names() {
    // The lock on the stack is the one in the variable.
    let text = r#"main = [
    ("LOCK_CREATE",), ("DUP",), ("STORE", "m"), ("LOCK_ACQUIRE",),
    ("LOAD", "m"), ("STORE", "same"),
    ("LOAD", "same"), ("LOCK_RELEASE",),
]"#;
    assert_eq!(found(text), NOTHING);
    // It is one of two.
    let text = r#"main = [
    ("LOCK_CREATE",), ("STORE", "a"), ("LOCK_CREATE",), ("STORE", "b"),
    ("LOAD", "a"), ("STORE", "m"), ("CHOOSE", 2), ("JUMP_IF_TRUE", "there"),
    ("LOAD", "b"), ("STORE", "m"),
    ("LABEL", "there"),
    ("LOAD", "m"), ("LOCK_ACQUIRE",),
    ("LOAD", "a"), ("LOCK_RELEASE",),
]"#;
    assert_eq!(found(text), NOTHING);
}

#[test]
fn a_wait_keeps_the_lock_and_needs_it() {
    let text = r#"main = [
    ("LOCK_CREATE",), ("DUP",), ("STORE", "m"), ("CONDITION_CREATE",), ("STORE", "c"),
    ("LOAD", "m"), ("LOCK_ACQUIRE",),
    ("LOAD", "c"), ("WAIT",),
    ("LOAD", "m"), ("LOCK_RELEASE",),
    ("LOAD", "c"), ("WAIT",),
]"#;
    assert_eq!(
        found(text),
        ["6:20: WAIT needs its condition's lock, and the lock `m` is not held here"]
    );
}

#[test]
fn a_lock_without_a_name() {
    let text = r#"main = [
    ("LOCK_CREATE",),
    ("LOCK_ACQUIRE",),
]"#;
    assert_eq!(found(text), ["3:5: the lock that is made on line 2 is never released"]);
}

#[test]
fn a_lock_that_came_from_elsewhere_may_be_any() {
    let text = |then| {
        format!(
            r#"
worker = [
    ("LOAD", "q"), ("QUEUE_RECEIVE",), ("STORE", "m"),
    {then}
]
vm = ToyVM()
vm.create_lock("l")
vm.create_message_queue("q")
vm.create_thread(worker, "w")
vm.run()
"#
        )
    };
    // By its name it is known all the same.
    assert_eq!(
        found(&text(r#"("LOAD", "m"), ("LOCK_ACQUIRE",)"#)),
        ["4:20: the lock `m` is never released"]
    );
    for then in [
        r#"("LOAD", "m"), ("LOCK_ACQUIRE",), ("PUSH", "l"), ("LOCK_RELEASE",)"#,
        r#"("LOAD", "q"), ("QUEUE_RECEIVE",), ("LOCK_ACQUIRE",), ("PUSH", "l"), ("LOCK_RELEASE",)"#,
        r#"("PUSH", "l"), ("LOCK_ACQUIRE",), ("LOAD", "q"), ("QUEUE_RECEIVE",), ("LOCK_RELEASE",)"#,
        // Another lock by that name.
        r#"("LOAD", "m"), ("DUP",), ("LOCK_ACQUIRE",), ("LOAD", "q"), ("QUEUE_RECEIVE",),
           ("STORE", "m"), ("LOCK_RELEASE",)"#,
    ] {
        assert_eq!(found(&text(then)), NOTHING, "{then}");
    }
}

#[test]
fn a_lock_that_a_loop_makes_anew_is_another() {
    let text = r#"main = [
    ("LABEL", "next"),
    ("LOCK_CREATE",), ("LOCK_ACQUIRE",),
    ("CHOOSE", 2), ("JUMP_IF_TRUE", "next"),
    ("PRINT", "holds some"),
]"#;
    assert_eq!(found(text), ["3:23: the lock that is made on line 3 is never released"]);
}

#[test]
fn a_path_that_a_constant_closes_keeps_no_lock() {
    let text = |debug| {
        format!(
            r#"DEBUG = {debug}
main = [
    ("LOCK_CREATE",), ("STORE", "m"), ("PUSH", DEBUG), ("JUMP_IF_FALSE", "on"),
    ("LOAD", "m"), ("LOCK_ACQUIRE",), ("JUMP", "end"),
    ("LABEL", "on"), ("PRINT", "works"),
    ("LABEL", "end"),
]"#
        )
    };
    assert_eq!(found(&text("0")), NOTHING);
    assert_eq!(found(&text("1")), ["4:20: the lock `m` is never released"]);
}
