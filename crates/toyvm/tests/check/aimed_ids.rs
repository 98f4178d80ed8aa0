//! Likewise, aimed at what makes numbers from a counter mere names, or not.

use super::aimed::{Aimed, aimed};

pub(crate) const ALL: &[Aimed] = &[
    aimed(
        "which of two numbers from a counter is less",
        r#"
draws = [("PUSH", "c"), ("ATOMIC_INCREMENT",), ("POP",)]
compares = [
    ("PUSH", "c"), ("ATOMIC_INCREMENT",), ("STORE", "v"), ("PUSH", "s"), ("SEMAPHORE_ACQUIRE",), ("PUSH", "s"),
    ("SEMAPHORE_RELEASE",), ("LOAD", "v"), ("PUSH", 3), ("LT",), ("ASSERT", "it is among the first two"),
]
vm.create_thread(draws, "draws")
vm.create_thread(compares, "one")
vm.create_thread(compares, "two")
"#,
    ),
    aimed(
        "a number that a counter gives out again",
        r#"
vm.create_array(3, "e")
marks = [
    ("PUSH", "c"), ("ATOMIC_INCREMENT",), ("STORE", "v"), ("PUSH", "e"), ("LOAD", "v"), ("PUSH", 1), ("ARRAY_SET",),
    ("PUSH", "t"), ("SEMAPHORE_RELEASE",),
]
looks = [
    ("PUSH", "t"), ("SEMAPHORE_ACQUIRE",), ("PUSH", "s"), ("SEMAPHORE_ACQUIRE",), ("PUSH", "s"),
    ("SEMAPHORE_RELEASE",),
    ("PUSH", "c"), ("ATOMIC_DECREMENT",), ("POP",), ("PUSH", "c"), ("ATOMIC_INCREMENT",), ("STORE", "v"),
    ("PUSH", "e"), ("LOAD", "v"), ("ARRAY_GET",), ("NOT",), ("ASSERT", "it is not marked"),
]
vm.create_thread(marks, "marks")
vm.create_thread(looks, "looks")
vm.create_thread([("PUSH", "s"), ("SEMAPHORE_ACQUIRE",), ("PUSH", "s"), ("SEMAPHORE_RELEASE",)], "other")
"#,
    ),
    aimed(
        "a number that two counters give out",
        r#"
vm.create_array(3, "e")
vm.create_atomic_counter(0, "d")
marks = [
    ("PUSH", "c"), ("ATOMIC_INCREMENT",), ("STORE", "v"), ("PUSH", "e"), ("LOAD", "v"), ("PUSH", 1), ("ARRAY_SET",),
    ("PUSH", "t"), ("SEMAPHORE_RELEASE",),
]
looks = [
    ("PUSH", "t"), ("SEMAPHORE_ACQUIRE",), ("PUSH", "s"), ("SEMAPHORE_ACQUIRE",), ("PUSH", "s"),
    ("SEMAPHORE_RELEASE",),
    ("PUSH", "d"), ("ATOMIC_INCREMENT",), ("STORE", "v"),
    ("PUSH", "e"), ("LOAD", "v"), ("ARRAY_GET",), ("NOT",), ("ASSERT", "it is not marked"),
]
vm.create_thread(marks, "marks")
vm.create_thread(looks, "looks")
vm.create_thread([("PUSH", "s"), ("SEMAPHORE_ACQUIRE",), ("PUSH", "s"), ("SEMAPHORE_RELEASE",)], "other")
"#,
    ),
    aimed(
        "a number from a counter that stands in the program, too",
        r#"
vm.create_array(3, "e")
marks = [
    ("PUSH", "c"), ("ATOMIC_INCREMENT",), ("STORE", "v"), ("PUSH", "e"), ("LOAD", "v"), ("PUSH", 1), ("ARRAY_SET",),
    ("PUSH", "t"), ("SEMAPHORE_RELEASE",),
]
looks = [
    ("PUSH", "t"), ("SEMAPHORE_ACQUIRE",), ("PUSH", "s"), ("SEMAPHORE_ACQUIRE",), ("PUSH", "s"),
    ("SEMAPHORE_RELEASE",),
    ("PUSH", "e"), ("PUSH", 1), ("ARRAY_GET",), ("NOT",), ("ASSERT", "it is not marked"),
]
vm.create_thread(marks, "marks")
vm.create_thread(looks, "looks")
vm.create_thread([("PUSH", "s"), ("SEMAPHORE_ACQUIRE",), ("PUSH", "s"), ("SEMAPHORE_RELEASE",)], "other")
"#,
    ),
    aimed(
        "a number from a counter that a claim reads",
        r#"
vm.globals["i"] = 0
draws = [("PUSH", "c"), ("ATOMIC_INCREMENT",), ("POP",)]
keeps = [
    ("PUSH", "c"), ("ATOMIC_INCREMENT",), ("GLOBAL_STORE", "i"), ("PUSH", "t"), ("SEMAPHORE_RELEASE",),
]
claims = [("PUSH", "t"), ("SEMAPHORE_ACQUIRE",), ("INVARIANT", "i < 2 or y == 0")]
sets = [("PUSH", 2), ("GLOBAL_STORE", "y")]
vm.create_thread(draws, "draws")
vm.create_thread(keeps, "keeps")
vm.create_thread(claims, "claims")
vm.create_thread(sets, "sets")
"#,
    ),
    aimed(
        "what stands at the places of numbers from a counter",
        r#"
vm.create_array(3, "e")
marks = [
    ("PUSH", "c"), ("ATOMIC_INCREMENT",), ("STORE", "v"), ("PUSH", "e"), ("LOAD", "v"), ("PUSH", 1), ("ARRAY_SET",),
    ("PUSH", "s"), ("SEMAPHORE_ACQUIRE",), ("PUSH", "s"), ("SEMAPHORE_RELEASE",),
    ("PUSH", "e"), ("LOAD", "v"), ("ARRAY_GET",), ("ASSERT", "it is marked"),
]
vm.create_thread(marks, "one")
vm.create_thread(marks, "two")
"#,
    ),
    aimed(
        "which of two alike has the number that another has",
        r#"
vm.create_array(3, "e")
vm.create_semaphore(0, "p")
vm.create_atomic_counter(0, "d")
marks = [
    ("PUSH", "c"), ("ATOMIC_INCREMENT",), ("STORE", "v"), ("PUSH", "q"), ("LOAD", "v"), ("QUEUE_SEND",),
    ("PUSH", "d"), ("ATOMIC_INCREMENT",), ("POP",), ("PUSH", "e"), ("LOAD", "v"), ("PUSH", 1), ("ARRAY_SET",),
    ("PUSH", "d"), ("ATOMIC_DECREMENT",), ("POP",),
]
first = [
    ("PUSH", "q"), ("QUEUE_RECEIVE",), ("STORE", "v"), ("PUSH", "t"), ("SEMAPHORE_ACQUIRE",), ("PUSH", "d"),
    ("ATOMIC_GET",), ("PUSH", 2), ("NE",), ("ASSERT", "not both mark"), ("PUSH", "p"), ("SEMAPHORE_RELEASE",),
    ("PUSH", "e"), ("LOAD", "v"), ("ARRAY_GET",), ("PUSH", 2), ("NE",), ("ASSERT", "it is 0 or 1"),
]
second = [
    ("PUSH", "q"), ("QUEUE_RECEIVE",), ("STORE", "v"), ("PUSH", "t"), ("SEMAPHORE_RELEASE",), ("PUSH", "p"),
    ("SEMAPHORE_ACQUIRE",),
    ("PUSH", "e"), ("LOAD", "v"), ("ARRAY_GET",), ("PUSH", 2), ("NE",), ("ASSERT", "it is 0 or 1"),
]
vm.create_thread(marks, "one")
vm.create_thread(marks, "two")
vm.create_thread(first, "first")
vm.create_thread(second, "second")
"#,
    ),
];
