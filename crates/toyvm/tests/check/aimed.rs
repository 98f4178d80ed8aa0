//! Small programs, each aimed at one thing that a search must heed. With everything cut that can be, and
//! with nothing cut, the same comes of them.

use toyvm::check::{Deaths, Plan, check};
use toyvm::machine::Service;

use super::{agree, aimed_deaths, aimed_ids, findings, plain, program};

/// What the programs share, if they are not whole ones.
pub(crate) const DECLARED: &str = r#"vm = ToyVM()
m = vm.create_lock("m")
vm.create_lock("n")
vm.create_semaphore(1, "s")
vm.create_semaphore(0, "t")
vm.create_bounded_semaphore(1, 1, "u")
vm.create_message_queue("q")
vm.create_bounded_queue(1, "b")
vm.create_atomic_counter(0, "c")
vm.create_condition(m, "w")
vm.create_array(2, "a")
vm.globals["x"] = 0
vm.globals["y"] = 1
"#;

/// One of them.
pub(crate) struct Aimed {
    /// What must be heeded.
    pub(crate) what: &'static str,
    pub(crate) service: Service,
    /// So many may be killed.
    pub(crate) deaths: u32,
    pub(super) text: &'static str,
}

impl Aimed {
    /// The program.
    pub(crate) fn text(&self) -> String {
        format!("{DECLARED}{}", self.text)
    }
}

pub(crate) const fn aimed(what: &'static str, text: &'static str) -> Aimed {
    Aimed { what, service: Service::InOrder, deaths: 0, text }
}

/// All of them.
pub(crate) fn all() -> impl Iterator<Item = &'static Aimed> {
    ALL.iter().chain(aimed_ids::ALL).chain(aimed_deaths::ALL)
}

const ALL: &[Aimed] = &[
    aimed("whom a run of joins waits for first", findings::CIRCLE),
    aimed(
        "whoever holds a lock that somebody waits for",
        r#"
first = [("PUSH", "c"), ("ATOMIC_INCREMENT",), ("PUSH", 2), ("NE",), ("ASSERT", "it is first"),]
waiter = [
    ("PUSH", "m"), ("LOCK_ACQUIRE",), ("PUSH", "c"), ("ATOMIC_INCREMENT",), ("POP",), ("PUSH", "m"),
    ("LOCK_RELEASE",),
]
main = [
    ("PUSH", "m"), ("LOCK_ACQUIRE",), ("PUSH", 0), ("THREAD_CREATE", [waiter]), ("POP",), ("CHOOSE", 2),
    ("JUMP_IF_TRUE", "l1"), ("LABEL", "l1"), ("PUSH", "m"), ("LOCK_RELEASE",),
]
vm.create_thread(first, "first")
vm.create_thread(main, "main")
"#,
    ),
    aimed(
        "whoever may raise a semaphore that somebody waits for",
        r#"
first = [("PUSH", "c"), ("ATOMIC_INCREMENT",), ("PUSH", 2), ("NE",), ("ASSERT", "it is first"),]
waiter = [("PUSH", "t"), ("SEMAPHORE_ACQUIRE",), ("PUSH", "c"), ("ATOMIC_INCREMENT",), ("POP",),]
raiser = [
    ("CHOOSE", 2), ("JUMP_IF_TRUE", "l2"), ("LABEL", "l2"), ("PUSH", "t"), ("SEMAPHORE_RELEASE",),
]
vm.create_thread(first, "first")
vm.create_thread(waiter, "waiter")
vm.create_thread(raiser, "raiser")
"#,
    ),
    aimed(
        "whoever is joined",
        r#"
first = [("PUSH", "c"), ("ATOMIC_INCREMENT",), ("PUSH", 2), ("NE",), ("ASSERT", "it is first"),]
joined = [("CHOOSE", 2), ("JUMP_IF_TRUE", "l3"), ("LABEL", "l3"),]
main = [
    ("PUSH", 0), ("THREAD_CREATE", [joined]), ("THREAD_JOIN",), ("PUSH", "c"), ("ATOMIC_INCREMENT",), ("POP",),
]
vm.create_thread(first, "first")
vm.create_thread(main, "main")
"#,
    ),
    aimed(
        "one who goes round for ever leaves nobody out",
        r#"
round = [
    ("LABEL", "again"), ("PUSH", "s"), ("SEMAPHORE_ACQUIRE",), ("PUSH", "s"), ("SEMAPHORE_RELEASE",),
    ("JUMP", "again"),
]
third = [("PUSH", "m"), ("LOCK_ACQUIRE",), ("PUSH", "m"), ("LOCK_RELEASE",)]
other = [*third, ("PUSH", 0), ("ASSERT", "it never comes here")]
vm.create_thread(round, "round")
vm.create_thread(other, "other")
vm.create_thread(third, "third")
"#,
    ),
    Aimed {
        what: "which of those who wait is notified, though the lock is held",
        service: Service::Weak,
        deaths: 0,
        text: r#"
two = [
    ("PUSH", "m"), ("LOCK_ACQUIRE",), ("PUSH", "c"), ("ATOMIC_INCREMENT",), ("POP",), ("PUSH", "w"),
    ("WAIT",), ("PUSH", "c"), ("ATOMIC_INCREMENT",), ("POP",), ("PUSH", "m"), ("LOCK_RELEASE",),
]
one = [
    ("PUSH", "m"), ("LOCK_ACQUIRE",), ("PUSH", 0), ("THREAD_CREATE", [two], "daemon"), ("POP",), ("PUSH", "c"),
    ("ATOMIC_INCREMENT",), ("POP",), ("PUSH", "w"), ("WAIT",), ("PUSH", "m"), ("LOCK_RELEASE",),
]
notifier = [
    ("PUSH", "m"), ("LOCK_ACQUIRE",), ("PUSH", "c"), ("ATOMIC_GET",), ("PUSH", 2), ("NE",), ("JUMP_IF_TRUE", "end"),
    ("PUSH", "w"), ("NOTIFY",), ("LABEL", "end"), ("PUSH", "m"), ("LOCK_RELEASE",),
    ("PUSH", "c"), ("ATOMIC_GET",), ("PUSH", 3), ("NE",), ("ASSERT", "two slept on"),
]
vm.create_thread(one, "one", daemon=True)
vm.create_thread(notifier, "notifier")
"#,
    },
    aimed(
        "the end of a thread whose last step is a load of its own",
        r#"
short = [("PUSH", 1), ("STORE", "v"), ("LOAD", "v")]
main = [
    ("PUSH", 0), ("THREAD_CREATE", [short]), ("ALIVE",), ("PUSH", 0), ("EQ",), ("ASSERT", "it is over")
]
vm.create_thread(main, "main")
"#,
    ),
    aimed(
        "the end of a thread whose last step is a join",
        r#"
short = [("NOP",)]
joins = [
    ("PUSH", 0), ("THREAD_CREATE", [short]), ("DUP",), ("GLOBAL_STORE", "g"), ("STORE", "h"), ("LOAD", "h"),
    ("THREAD_JOIN",)
]
main = [
    ("PUSH", 0), ("THREAD_CREATE", [joins]), ("STORE", "j"),
    ("LABEL", "again"), ("LOAD", "g"), ("PUSH", 0), ("EQ",), ("JUMP_IF_TRUE", "end"),
    ("LOAD", "g"), ("ALIVE",), ("JUMP_IF_TRUE", "end"), ("LOAD", "j"), ("ALIVE",), ("PUSH", 0), ("EQ",),
    ("ASSERT", "both are over"),
    ("LABEL", "end"),
]
vm.globals["g"] = 0
vm.create_thread(main, "main")
"#,
    ),
    aimed(
        "joins by a global that somebody else sets",
        r#"
other = [("PUSH", 3), ("GLOBAL_STORE", "h")]
worker = [("NOP",)]
main = [
    ("PUSH", 0), ("THREAD_CREATE", [worker]), ("GLOBAL_STORE", "h"),
    ("PUSH", 0), ("THREAD_CREATE", [other]), ("POP",), ("LOAD", "h"), ("THREAD_JOIN",),
]
vm.create_thread(main, "main")
"#,
    ),
    aimed(
        "a list that starts one thread after another, and joins the last",
        r#"
worker = [
    ("CHOOSE", 2), ("JUMP_IF_TRUE", "l4"), ("LABEL", "l4"), ("PUSH", "c"), ("ATOMIC_INCREMENT",), ("POP",),
]
main = [
    ("PUSH", 1), ("STORE", "i"), ("LABEL", "again"),
    ("PUSH", 0), ("THREAD_CREATE", [worker]), ("STORE", "h"), ("LOAD", "h"), ("THREAD_JOIN",),
    ("LOAD", "i"), ("PUSH", 1), ("SUB",), ("DUP",), ("STORE", "i"), ("JUMP_IF", "again"),
    ("PUSH", "c"), ("ATOMIC_GET",), ("PUSH", 2), ("EQ",), ("ASSERT", "both are over"),
]
vm.create_thread(main, "main")
"#,
    ),
    aimed(
        "threads alike but that somebody asks after each",
        r#"
worker = [("CHOOSE", 2), ("JUMP_IF_TRUE", "l5"), ("LABEL", "l5"),]
main = [
    ("PUSH", 0), ("THREAD_CREATE", [worker]), ("STORE", "a"), ("PUSH", 0), ("THREAD_CREATE", [worker]),
    ("STORE", "b"),
    ("LOAD", "a"), ("ALIVE",), ("LOAD", "b"), ("ALIVE",), ("GE",), ("ASSERT", "the first ends last"),
]
vm.create_thread(main, "main")
"#,
    ),
    aimed(
        "threads alike but for their names",
        r#"
worker = [("CHOOSE", 2), ("JUMP_IF_TRUE", "l6"), ("LABEL", "l6"),]
main = [
    ("PUSH", "one"), ("ALIVE",), ("PUSH", "two"), ("ALIVE",), ("GE",), ("ASSERT", "the first ends last")
]
vm.create_thread(worker, "one")
vm.create_thread(worker, "two")
vm.create_thread(main, "main")
"#,
    ),
    aimed(
        "threads alike but that a claim means each",
        r#"
worker = [("NOP",), ("NOP",), ("NOP",), ("NOP",)]
main = [
    ("PUSH", 0), ("THREAD_CREATE", [worker]), ("GLOBAL_STORE", "one"), ("PUSH", 0),
    ("THREAD_CREATE", [worker]), ("GLOBAL_STORE", "two"),
    ("INVARIANT", "one.pc <= two.pc + 1"),
]
vm.create_thread(main, "main")
"#,
    ),
    aimed(
        "what claims read of threads that are over",
        r#"
worker = [("PUSH", 3), ("STORE", "v"), ("NOP",)]
other = [("NOP",), ("CHOOSE", 2), ("POP",), ("NOP",)]
main = [
    ("PUSH", 0), ("THREAD_CREATE", [worker]), ("GLOBAL_STORE", "one"), ("LOAD", "one"), ("THREAD_JOIN",),
    ("INVARIANT", "one.pc == 3 and one.v == 3"),
    ("PUSH", 0), ("THREAD_CREATE", [other]), ("THREAD_JOIN",),
]
vm.create_thread(main, "main")
"#,
    ),
    aimed(
        "a run of joins that a jump leads into",
        r#"
worker = [("CHOOSE", 2), ("JUMP_IF_TRUE", "l7"), ("LABEL", "l7"),]
main = [
    ("PUSH", 0), ("THREAD_CREATE", [worker]), ("STORE", "a"), ("PUSH", 0), ("THREAD_CREATE", [worker]),
    ("STORE", "b"),
    ("JUMP", 9), ("LOAD", "a"), ("THREAD_JOIN",), ("LOAD", "b"), ("THREAD_JOIN",),
]
vm.create_thread(main, "main")
"#,
    ),
    aimed(
        "a place that one reads while another sets it",
        r#"
reader = [("PUSH", "a"), ("PUSH", 0), ("ARRAY_GET",), ("PUSH", 0), ("EQ",), ("ASSERT", "not yet")]
writer = [("PUSH", "a"), ("PUSH", 0), ("PUSH", 1), ("ARRAY_SET",)]
vm.create_thread(reader, "reader")
vm.create_thread(writer, "writer")
"#,
    ),
    aimed(
        "who sends first",
        r#"
one = [("PUSH", "q"), ("PUSH", 1), ("QUEUE_SEND",)]
two = [("PUSH", "q"), ("PUSH", 2), ("QUEUE_SEND",)]
receiver = [("PUSH", "q"), ("QUEUE_RECEIVE",), ("PUSH", 1), ("EQ",), ("ASSERT", "the first")]
vm.create_thread(one, "one")
vm.create_thread(two, "two")
vm.create_thread(receiver, "receiver")
"#,
    ),
    aimed(
        "a semaphore raised above its bound",
        r#"
lowers = [("PUSH", "u"), ("SEMAPHORE_ACQUIRE",)]
raises = [("PUSH", "u"), ("SEMAPHORE_RELEASE",)]
vm.create_thread(lowers, "lowers")
vm.create_thread(raises, "raises")
"#,
    ),
    aimed(
        "the lock that one gives back who waits for a condition",
        r#"
waiter = [("PUSH", "m"), ("LOCK_ACQUIRE",), ("PUSH", "w"), ("WAIT",)]
tries = [("PUSH", "m"), ("TRY_LOCK_ACQUIRE",), ("ASSERT", "it was free")]
vm.create_thread(waiter, "waiter", daemon=True)
vm.create_thread(tries, "tries")
"#,
    ),
    aimed(
        "who makes a lock first",
        r#"
one = [("LOCK_CREATE",), ("POP",)]
two = [("LOCK_CREATE",), ("POP",), ("NOP",)]
vm.create_thread(one, "one")
vm.create_thread(two, "two")
"#,
    ),
    aimed(
        "that one asks whether another is over",
        r#"
worker = [("CHOOSE", 2), ("JUMP_IF_TRUE", "l8"), ("LABEL", "l8"),]
main = [("PUSH", 0), ("THREAD_CREATE", [worker]), ("ALIVE",), ("ASSERT", "not yet")]
vm.create_thread(main, "main")
"#,
    ),
    aimed(
        "a claim about what two threads set",
        r#"
one = [("PUSH", 1), ("GLOBAL_STORE", "x"), ("PUSH", 0), ("GLOBAL_STORE", "x")]
two = [("PUSH", 2), ("GLOBAL_STORE", "y"), ("PUSH", 1), ("GLOBAL_STORE", "y")]
main = [
    ("INVARIANT", "x + y < 3"), ("PUSH", 0), ("THREAD_CREATE", [one]), ("POP",), ("PUSH", 0),
    ("THREAD_CREATE", [two]), ("POP",)
]
vm.create_thread(main, "main")
"#,
    ),
    aimed(
        "a lock that is one of two",
        r#"
other = [
    ("CHOOSE", 2), ("JUMP_IF_TRUE", "m"), ("PUSH", "n"), ("JUMP", "go"), ("LABEL", "m"), ("PUSH", "m"),
    ("LABEL", "go"), ("LOCK_ACQUIRE",), ("PUSH", "c"), ("ATOMIC_INCREMENT",), ("POP",),
]
main = [
    ("PUSH", "m"), ("LOCK_ACQUIRE",), ("PUSH", 0), ("THREAD_CREATE", [other]), ("POP",), ("PUSH", "c"),
    ("ATOMIC_INCREMENT",), ("PUSH", 2), ("NE",), ("ASSERT", "it is first"), ("PUSH", "m"), ("LOCK_RELEASE",),
]
vm.create_thread(main, "main")
"#,
    ),
    aimed(
        "two locks made by one instruction",
        r#"
other = [("LOAD", "l"), ("LOCK_ACQUIRE",), ("PUSH", "c"), ("ATOMIC_INCREMENT",), ("POP",),]
main = [
    ("PUSH", 1), ("STORE", "i"), ("LABEL", "again"), ("LOCK_CREATE",), ("GLOBAL_STORE", "l"),
    ("LOAD", "i"), ("JUMP_IF_FALSE", "skip"), ("LOAD", "l"), ("LOCK_ACQUIRE",), ("LABEL", "skip"),
    ("LOAD", "i"), ("PUSH", 1), ("SUB",), ("DUP",), ("STORE", "i"), ("JUMP_IF", "again"),
    ("PUSH", 0), ("THREAD_CREATE", [other]), ("POP",), ("PUSH", "c"), ("ATOMIC_INCREMENT",), ("PUSH", 2),
    ("NE",), ("ASSERT", "it is first"),
]
vm.create_thread(main, "main")
"#,
    ),
    aimed(
        "whoever only tries to get a lock",
        r#"
other = [
    ("PUSH", "m"), ("TRY_LOCK_ACQUIRE",), ("POP",), ("PUSH", "c"), ("ATOMIC_INCREMENT",), ("POP",),
]
main = [
    ("PUSH", "m"), ("LOCK_ACQUIRE",), ("PUSH", 0), ("THREAD_CREATE", [other]), ("POP",), ("PUSH", "c"),
    ("ATOMIC_INCREMENT",), ("PUSH", 2), ("NE",), ("ASSERT", "it is first"), ("PUSH", "m"), ("LOCK_RELEASE",),
]
vm.create_thread(main, "main")
"#,
    ),
    aimed(
        "what is compared may be no integer",
        r#"
main = [
    ("PUSH", "text"), ("STORE", "v"), ("CHOOSE", 2), ("JUMP_IF_TRUE", "l9"), ("LABEL", "l9"), ("LOAD", "v"),
    ("PUSH", 1), ("LT",), ("POP",)
]
vm.create_thread(main, "main")
"#,
    ),
    aimed(
        "a time may be negative",
        r#"
main = [
    ("PUSH", -1), ("STORE", "v"), ("CHOOSE", 2), ("JUMP_IF_TRUE", "l10"), ("LABEL", "l10"), ("LOAD", "v"),
    ("SLEEP",)
]
vm.create_thread(main, "main")
"#,
    ),
    aimed(
        "what comes out of a queue",
        r#"
main = [
    ("PUSH", "q"), ("PUSH", 1), ("QUEUE_SEND",), ("CHOOSE", 2), ("JUMP_IF_TRUE", "l11"), ("LABEL", "l11"),
    ("PUSH", "q"), ("QUEUE_RECEIVE",), ("ASSERT", "1")
]
vm.create_thread(main, "main")
"#,
    ),
    aimed(
        "stacks that differ where paths meet, and a variable of one's own",
        r#"
one = [
    ("PUSH", 1), ("STORE", "x"), ("CHOOSE", 2), ("JUMP_IF_TRUE", 5), ("PUSH", 1), ("LOAD", "x"), ("POP",)
]
two = [("PUSH", 1), ("GLOBAL_STORE", "x")]
vm.create_thread(one, "one")
vm.create_thread(two, "two")
"#,
    ),
    aimed(
        "one who waits for a while, and may give up",
        r#"
waits = [("PUSH", "t"), ("SEMAPHORE_ACQUIRE_FOR", 5), ("ASSERT", "it was raised")]
raises = [("PUSH", "t"), ("SEMAPHORE_RELEASE",)]
vm.create_thread(waits, "waits")
vm.create_thread(raises, "raises")
"#,
    ),
    aimed(
        "a variable that is read where a jump leads",
        r#"
main = [
    ("PUSH", 1), ("STORE", "v"), ("CHOOSE", 2), ("JUMP_IF_TRUE", "on"), ("JUMP", "end"),
    ("LABEL", "on"), ("LOAD", "v"), ("POP",), ("LABEL", "end"),
]
vm.create_thread(main, "main")
"#,
    ),
];

#[test]
fn each_comes_to_the_same() {
    for aimed in all() {
        let (service, program) = (aimed.service, program(&aimed.text()));
        for allow_races in [false, true] {
            let deaths = Deaths { most: aimed.deaths, of: &[] };
            let base = Plan { service, allow_races, deaths, ends: true, ..plain() };
            let whole = check(&program, &base);
            for bits in 1..8 {
                let (reduce, symmetry, drop_dead) = (bits & 1 > 0, bits & 2 > 0, bits & 4 > 0);
                let plan = Plan { reduce, symmetry, drop_dead, ..base };
                let cut = check(&program, &plan);
                agree(&program, &plan, &whole, &cut)
                    .unwrap_or_else(|why| panic!("{}: {why}, {plan:?}", aimed.what));
            }
        }
    }
}
