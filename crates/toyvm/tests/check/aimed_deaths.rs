//! Likewise, in which one thread may be killed, aimed at when and how it matters that it was.

use super::aimed::{Aimed, aimed};

const fn with_a_death(what: &'static str, text: &'static str) -> Aimed {
    Aimed { deaths: 1, ..aimed(what, text) }
}

pub(crate) const ALL: &[Aimed] = &[
    with_a_death(
        "whoever was notified and dies on its way to the lock",
        r#"
waits = [
    ("PUSH", "m"), ("LOCK_ACQUIRE",), ("PUSH", "c"), ("ATOMIC_INCREMENT",), ("POP",), ("PUSH", "w"), ("WAIT",),
    ("PUSH", 1), ("GLOBAL_STORE", "x"), ("PUSH", "m"), ("LOCK_RELEASE",),
]
main = [
    ("PUSH", 0), ("THREAD_CREATE", [waits], "daemon"), ("POP",), ("PUSH", 0), ("THREAD_CREATE", [waits], "daemon"),
    ("POP",), ("PUSH", "m"), ("LOCK_ACQUIRE_FOR", 5), ("JUMP_IF_FALSE", "end"), ("PUSH", "c"), ("ATOMIC_GET",),
    ("PUSH", 2), ("EQ",), ("JUMP_IF_FALSE", "end"), ("PUSH", "w"), ("NOTIFY",), ("PUSH", "m"), ("LOCK_RELEASE",), ("PUSH", "m"),
    ("LOCK_ACQUIRE_FOR", 5), ("JUMP_IF_FALSE", "end"), ("LOAD", "x"), ("ASSERT", "one was here"), ("LABEL", "end"),
]
vm.create_thread(main, "main")
"#,
    ),
    with_a_death(
        "whoever waits and dies before it is notified",
        r#"
first = [
    ("PUSH", "m"), ("LOCK_ACQUIRE",), ("PUSH", "c"), ("ATOMIC_INCREMENT",), ("POP",), ("PUSH", "w"), ("WAIT",),
]
second = [
    ("PUSH", "m"), ("LOCK_ACQUIRE",), ("PUSH", "c"), ("ATOMIC_GET",), ("JUMP_IF_FALSE", "none"), ("PUSH", "c"),
    ("ATOMIC_INCREMENT",), ("POP",), ("PUSH", "w"), ("WAIT",), ("PUSH", 0), ("ASSERT", "the first was there"),
    ("LABEL", "none"), ("PUSH", "m"), ("LOCK_RELEASE",),
]
main = [
    ("PUSH", 0), ("THREAD_CREATE", [first], "daemon"), ("POP",), ("PUSH", 0), ("THREAD_CREATE", [second], "daemon"),
    ("POP",), ("PUSH", "m"), ("LOCK_ACQUIRE_FOR", 5), ("JUMP_IF_FALSE", "end"), ("PUSH", "c"), ("ATOMIC_GET",),
    ("PUSH", 2), ("EQ",), ("JUMP_IF_FALSE", "end"), ("PUSH", "w"), ("NOTIFY",), ("LABEL", "end"),
]
vm.create_thread(main, "main")
"#,
    ),
    with_a_death(
        "whoever dies between two steps that others wait to see",
        r#"
sets = [("PUSH", 1), ("GLOBAL_STORE", "x"), ("PUSH", 0), ("GLOBAL_STORE", "y")]
main = [
    ("PUSH", 0), ("THREAD_CREATE", [sets]), ("THREAD_JOIN",), ("LOAD", "x"), ("LOAD", "y"), ("NE",),
    ("JUMP_IF_TRUE", "end"), ("PUSH", 0), ("ASSERT", "both or none"), ("LABEL", "end"),
]
vm.create_thread(main, "main")
"#,
    ),
    with_a_death(
        "whoever dies though it is kept out",
        r#"
needs = [("PUSH", "m"), ("LOCK_ACQUIRE",), ("PUSH", "m"), ("LOCK_RELEASE",)]
main = [
    ("PUSH", "m"), ("LOCK_ACQUIRE",), ("PUSH", 0), ("THREAD_CREATE", [needs]), ("ALIVE",),
    ("ASSERT", "it cannot have ended"), ("PUSH", "m"), ("LOCK_RELEASE",),
]
vm.create_thread(main, "main")
"#,
    ),
    with_a_death(
        "how many have died",
        r#"
sets_x = [("PUSH", 1), ("GLOBAL_STORE", "x")]
sets_y = [("PUSH", 2), ("GLOBAL_STORE", "y")]
main = [
    ("PUSH", 0), ("THREAD_CREATE", [sets_x]), ("PUSH", 0), ("THREAD_CREATE", [sets_y]), ("THREAD_JOIN",),
    ("THREAD_JOIN",), ("LOAD", "x"), ("LOAD", "y"), ("ADD",), ("PUSH", 1), ("NE",), ("ASSERT", "one was set"),
]
vm.create_thread(main, "main")
"#,
    ),
];
