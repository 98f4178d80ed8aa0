//! Right programs, in which nothing is found; and what is found in those that ship.

use toyvm::source::Language;

use super::{NOTHING, found, found_in};

#[test]
fn the_programs_that_ship() {
    let programs = concat!(env!("CARGO_MANIFEST_DIR"), "/programs");
    let mut linted = 0;
    for file in std::fs::read_dir(programs).expect("the programs") {
        let path = file.expect("a file").path();
        let text = std::fs::read_to_string(&path).expect("a text");
        let expected: &[&str] = if path.ends_with("missing_join.toy") {
            &["12:18: the thread that starts here is never joined"]
        } else {
            &[]
        };
        let language = Language::of_file(&path.display().to_string());
        assert_eq!(found_in(language, &text), expected, "{}", path.display());
        linted += 1;
    }
    assert!(linted > 0, "{programs} is empty");
}

#[test]
fn the_bounded_buffer() {
    let text = r#"
ITEMS = 8
producer = [
    ("PUSH", ITEMS - 1), ("STORE", "left"),
    ("LABEL", "next"),
    ("LOAD", "id"), ("ATOMIC_INCREMENT",), ("STORE", "item"),
    ("LOAD", "empty"), ("SEMAPHORE_ACQUIRE",),
    ("LOAD", "m"), ("LOCK_ACQUIRE",),
    ("LOAD", "buffer"), ("LOAD", "item"), ("QUEUE_SEND",),
    ("LOAD", "m"), ("LOCK_RELEASE",),
    ("LOAD", "filled"), ("SEMAPHORE_RELEASE",),
    ("LOAD", "item"), ("PRINT", "produced {}"), ("POP",),
    ("LOAD", "left"), ("PUSH", 1), ("SUB",), ("DUP",), ("STORE", "left"),
    ("JUMP_IF", "next"),
]
consumer = [
    ("PUSH", 2 * ITEMS), ("LOAD", "claimed"), ("ATOMIC_INCREMENT",), ("SUB",),
    ("JUMP_IF", "one more"),
    ("JUMP", "end"),
    ("LABEL", "one more"),
    ("LOAD", "filled"), ("SEMAPHORE_ACQUIRE",),
    ("LOAD", "m"), ("LOCK_ACQUIRE",),
    ("LOAD", "buffer"), ("QUEUE_RECEIVE",),
    ("LOAD", "m"), ("LOCK_RELEASE",),
    ("LOAD", "empty"), ("SEMAPHORE_RELEASE",),
    ("PRINT", "consumed {}"), ("POP",),
    ("JUMP", 0),
    ("LABEL", "end"),
    ("PRINT", "ends"),
]
main = [
    ("LOCK_CREATE",), ("GLOBAL_STORE", "m"),
    ("PUSH", 5), ("SEMAPHORE_CREATE",), ("GLOBAL_STORE", "empty"),
    ("PUSH", 0), ("SEMAPHORE_CREATE",), ("GLOBAL_STORE", "filled"),
    ("QUEUE_CREATE",), ("GLOBAL_STORE", "buffer"),
    ("ATOMIC_CREATE", 0), ("GLOBAL_STORE", "id"),
    ("ATOMIC_CREATE", 0), ("GLOBAL_STORE", "claimed"),
    ("PUSH", 0), ("THREAD_CREATE", [producer, consumer]), ("STORE", "p0"),
    ("PUSH", 0), ("THREAD_CREATE", [producer, consumer]), ("STORE", "p1"),
    ("PUSH", 1), ("THREAD_CREATE", [producer, consumer]), ("STORE", "c0"),
    ("PUSH", 1), ("THREAD_CREATE", [producer, consumer]), ("STORE", "c1"),
    ("LOAD", "p0"), ("THREAD_JOIN",), ("LOAD", "p1"), ("THREAD_JOIN",),
    ("LOAD", "c0"), ("THREAD_JOIN",), ("LOAD", "c1"), ("THREAD_JOIN",),
    ("PRINT", "all joined"),
]
"#;
    assert_eq!(found(text), NOTHING);
}

#[test]
fn a_counter_under_a_lock() {
    let text = r#"
worker = [
    ("PUSH", 9), ("STORE", "i"),
    ("LOAD", "m"), ("LOCK_ACQUIRE",),
    ("LOAD", "n"), ("PUSH", 1), ("ADD",), ("GLOBAL_STORE", "n"),
    ("LOAD", "m"), ("LOCK_RELEASE",),
    ("LOAD", "i"), ("PUSH", 1), ("SUB",), ("DUP",), ("STORE", "i"), ("JUMP_IF", 2),
]
main = [
    ("PUSH", 0), ("GLOBAL_STORE", "n"),
    ("LOCK_CREATE",), ("GLOBAL_STORE", "m"),
    ("PUSH", 0), ("THREAD_CREATE", [worker]), ("PUSH", 0), ("THREAD_CREATE", [worker]),
    ("THREAD_JOIN",), ("THREAD_JOIN",),
    ("LOAD", "n"), ("PRINT",),
]
"#;
    assert_eq!(found(text), NOTHING);
}

#[test]
fn philosophers_who_take_the_lower_fork_first() {
    let text = r#"
def philosopher(first, second):
    return [
        ("PUSH", 2), ("STORE", "meals"),
        ("SLEEP", 1),
        ("PUSH", first), ("LOCK_ACQUIRE",),
        ("PUSH", second), ("LOCK_ACQUIRE",),
        ("PRINT", "eats"),
        ("PUSH", second), ("LOCK_RELEASE",),
        ("PUSH", first), ("LOCK_RELEASE",),
        ("LOAD", "meals"), ("PUSH", 1), ("SUB",), ("DUP",), ("STORE", "meals"), ("JUMP_IF", 2),
    ]

vm = ToyVM()
vm.create_lock("fork0")
vm.create_lock("fork1")
vm.create_lock("fork2")
vm.create_thread(philosopher("fork0", "fork1"), "a")
vm.create_thread(philosopher("fork1", "fork2"), "b")
vm.create_thread(philosopher("fork0", "fork2"), "c")
vm.run()
"#;
    assert_eq!(found(text), NOTHING);
}

#[test]
fn philosophers_with_forks_in_an_array() {
    let text = r#"
worker = [
    ("LOAD", "forks"), ("PUSH", 0), ("ARRAY_GET",), ("LOCK_ACQUIRE",),
    ("LOAD", "forks"), ("PUSH", 1), ("ARRAY_GET",), ("LOCK_ACQUIRE",),
    ("LOAD", "forks"), ("PUSH", 1), ("ARRAY_GET",), ("LOCK_RELEASE",),
    ("LOAD", "forks"), ("PUSH", 0), ("ARRAY_GET",), ("LOCK_RELEASE",),
]
main = [
    ("ARRAY_CREATE", 2), ("GLOBAL_STORE", "forks"),
    ("PUSH", 1), ("STORE", "i"),
    ("LABEL", "fork"),
    ("LOAD", "forks"), ("LOAD", "i"), ("LOCK_CREATE",), ("ARRAY_SET",),
    ("LOAD", "i"), ("PUSH", 1), ("SUB",), ("DUP",), ("STORE", "i"), ("JUMP_IF", "fork"),
    ("PUSH", 0), ("THREAD_CREATE", [worker]), ("THREAD_JOIN",),
]
"#;
    assert_eq!(found(text), NOTHING);
}

#[test]
fn readers_and_writers() {
    let text = r#"
reader = [
    ("LOAD", "mutex"), ("LOCK_ACQUIRE",),
    ("LOAD", "readers"), ("PUSH", 1), ("ADD",), ("DUP",), ("GLOBAL_STORE", "readers"),
    ("PUSH", 1), ("EQ",), ("JUMP_IF_FALSE", "in"),
    ("LOAD", "room"), ("SEMAPHORE_ACQUIRE",),
    ("LABEL", "in"),
    ("LOAD", "mutex"), ("LOCK_RELEASE",),
    ("LOAD", "book"), ("PRINT", "reads {}"), ("POP",),
    ("LOAD", "mutex"), ("LOCK_ACQUIRE",),
    ("LOAD", "readers"), ("PUSH", 1), ("SUB",), ("DUP",), ("GLOBAL_STORE", "readers"),
    ("PUSH", 0), ("EQ",), ("JUMP_IF_FALSE", "out"),
    ("LOAD", "room"), ("SEMAPHORE_RELEASE",),
    ("LABEL", "out"),
    ("LOAD", "mutex"), ("LOCK_RELEASE",),
]
writer = [
    ("LOAD", "room"), ("SEMAPHORE_ACQUIRE",),
    ("LOAD", "book"), ("PUSH", 1), ("ADD",), ("GLOBAL_STORE", "book"),
    ("LOAD", "room"), ("SEMAPHORE_RELEASE",),
]
vm = ToyVM()
mutex = vm.create_lock("mutex")
vm.create_semaphore(1, "room")
vm.globals["readers"] = 0
vm.globals["book"] = 0
vm.create_thread(reader, "r0")
vm.create_thread(reader, "r1")
vm.create_thread(writer, "w")
vm.run()
"#;
    assert_eq!(found(text), NOTHING);
}

#[test]
fn a_barrier_with_a_condition() {
    let text = r#"
worker = [
    ("PUSH", "m"), ("LOCK_ACQUIRE",),
    ("LOAD", "arrived"), ("PUSH", 1), ("ADD",), ("DUP",), ("GLOBAL_STORE", "arrived"),
    ("PUSH", 3), ("EQ",), ("JUMP_IF_TRUE", "last"),
    ("LABEL", "wait"),
    ("PUSH", "all here"), ("WAIT",),
    ("LOAD", "arrived"), ("PUSH", 3), ("LT",), ("JUMP_IF_TRUE", "wait"),
    ("JUMP", "through"),
    ("LABEL", "last"),
    ("PUSH", "all here"), ("NOTIFY_ALL",),
    ("LABEL", "through"),
    ("PUSH", "m"), ("LOCK_RELEASE",),
    ("PRINT", "through"),
]
vm = ToyVM()
m = vm.create_lock("m")
vm.create_condition(m, "all here")
vm.globals["arrived"] = 0
vm.create_thread(worker, "a")
vm.create_thread(worker, "b")
vm.create_thread(worker, "c")
vm.run()
"#;
    assert_eq!(found(text), NOTHING);
}

#[test]
fn a_barrier_of_semaphores_and_handles_piled_up_in_a_loop() {
    let text = r#"
worker = [
    ("LOAD", "gate"), ("SEMAPHORE_ACQUIRE",),
    ("LOAD", "arrived"), ("ATOMIC_INCREMENT",), ("PUSH", 3), ("SUB",), ("JUMP_IF", "open"),
    ("LOAD", "gate"), ("SEMAPHORE_RELEASE",),
    ("JUMP", "wait"),
    ("LABEL", "open"),
    ("LOAD", "gate"), ("SEMAPHORE_RELEASE",),
    ("LOAD", "turnstile"), ("SEMAPHORE_RELEASE",),
    ("LABEL", "wait"),
    ("LOAD", "turnstile"), ("SEMAPHORE_ACQUIRE",),
    ("LOAD", "turnstile"), ("SEMAPHORE_RELEASE",),
]
main = [
    ("PUSH", 1), ("SEMAPHORE_CREATE",), ("GLOBAL_STORE", "gate"),
    ("PUSH", 0), ("SEMAPHORE_CREATE",), ("GLOBAL_STORE", "turnstile"),
    ("ATOMIC_CREATE", 0), ("GLOBAL_STORE", "arrived"),
    ("PUSH", 2), ("STORE", "i"),
    ("LABEL", "start"),
    ("PUSH", 0), ("THREAD_CREATE", [worker]),
    ("LOAD", "i"), ("PUSH", 1), ("SUB",), ("DUP",), ("STORE", "i"), ("JUMP_IF", "start"),
    ("PUSH", 2), ("STORE", "i"),
    ("LABEL", "join"),
    ("THREAD_JOIN",),
    ("LOAD", "i"), ("PUSH", 1), ("SUB",), ("DUP",), ("STORE", "i"), ("JUMP_IF", "join"),
    ("PRINT", "done"),
]
"#;
    assert_eq!(found(text), NOTHING);
}

#[test]
fn a_server_that_never_ends_and_is_a_daemon() {
    let text = r#"
server = [
    ("LABEL", "next"),
    ("LOAD", "questions"), ("QUEUE_RECEIVE",), ("PUSH", 2), ("MUL",), ("STORE", "answer"),
    ("LOAD", "answers"), ("LOAD", "answer"), ("QUEUE_SEND",),
    ("JUMP", "next"),
]
main = [
    ("QUEUE_CREATE",), ("GLOBAL_STORE", "questions"),
    ("QUEUE_CREATE",), ("GLOBAL_STORE", "answers"),
    ("PUSH", 0), ("THREAD_CREATE", [server], "daemon"), ("POP",),
    ("LOAD", "questions"), ("PUSH", 21), ("QUEUE_SEND",),
    ("LOAD", "answers"), ("QUEUE_RECEIVE",), ("PRINT", "{}"),
]
"#;
    assert_eq!(found(text), NOTHING);
}

#[test]
fn a_lock_that_is_held_only_sometimes() {
    let text = r#"
main = [
    ("LOCK_CREATE",), ("STORE", "m"), ("CHOOSE", 2), ("STORE", "careful"),
    ("LOAD", "careful"), ("JUMP_IF_FALSE", "work"),
    ("LOAD", "m"), ("LOCK_ACQUIRE",),
    ("LABEL", "work"),
    ("PRINT", "works"),
    ("LOAD", "careful"), ("JUMP_IF_FALSE", "try"),
    ("LOAD", "m"), ("LOCK_RELEASE",),
    ("LABEL", "try"),
    ("LOAD", "m"), ("TRY_LOCK_ACQUIRE",), ("JUMP_IF_FALSE", "end"),
    ("PRINT", "works more"),
    ("LOAD", "m"), ("LOCK_RELEASE",),
    ("LABEL", "end"),
]
"#;
    assert_eq!(found(text), NOTHING);
}
