//! `vm run`, once: what is printed, what is told, and the exit status.

use std::time::{Duration, Instant};

use crate::forebay::{Folder, vm_of};

/// Two locks in both orders, by round-robin a deadlock; a third thread goes on meanwhile.
const CIRCLE: &str = r#"
vm = ToyVM()
vm.create_lock("A")
vm.create_lock("B")
def both(first, second):
    return [("PUSH", first), ("LOCK_ACQUIRE",),
            ("PUSH", second), ("LOCK_ACQUIRE",)]
vm.create_thread(both("A", "B"), "one")
vm.create_thread(both("B", "A"), "two")
vm.create_thread([("SLEEP", 10), ("PRINT", "still here")], "three")
vm.run()
"#;

const FAILS: &str = r#"
bad = [("POP",)]
main = [
    ("PUSH", 0), ("THREAD_CREATE", [bad]), ("THREAD_JOIN",), ("PRINT", "goes on"),
    ("LOCK_CREATE",), ("DUP",), ("LOCK_ACQUIRE",), ("LOCK_ACQUIRE",),
]
"#;

const FOREVER: &str = r#"main = [("PRINT", "x"), ("JUMP", 0)]"#;

#[test]
fn standard_output_carries_what_is_printed_and_nothing_else() {
    let folder = Folder::of_programs();
    folder.vm("run mutex.toy").exits(0).prints(&["[main] counter = 200"]).tells(&[]);
    let ended = folder.vm("run missing_join.toy --races --debug -v").exits(1);
    ended.prints(&["[main] the result is 0"]).says(&["race on `result`"]);
}

#[test]
fn names_reach_the_terminal_without_control_characters() {
    let program = r#"
vm = ToyVM()
vm.create_lock("a\x1b[31m\nb")
vm.create_thread([("PUSH", "a\x1b[31m\nb"), ("LOCK_ACQUIRE",)] * 2, "who\x07")
"#;
    for flags in ["", " --debug"] {
        let ended = vm_of(&format!("run -{flags}"), program).exits(1);
        assert!(!ended.err.contains(['\x1b', '\x07']), "{:?}", ended.err);
        assert!(ended.err.contains("who· waits for itself"), "{:?}", ended.err);
    }
}

#[test]
fn warnings_change_no_status() {
    let folder = Folder::of_programs();
    folder.vm("run missing_join.toy").exits(0).tells(&["warning: nobody joined thread-0"]);
    let holds = r#"main = [("LOCK_CREATE",), ("DUP",), ("GLOBAL_STORE", "m"), ("LOCK_ACQUIRE",)]"#;
    vm_of("run -", holds).exits(0).tells(&["warning: main ended and still holds lock-0 (m)"]);
    // This schedule is lucky.
    let ended = folder.vm("run two_locks.toy --quantum 20").exits(0);
    ended.says(&["warning: locks A and B are taken in both orders"]);
}

#[test]
fn a_circle_is_told_as_soon_as_it_is_there() {
    let circle = [
        "deadlock: 2 threads wait for each other in a circle",
        "  two waits at line 7 (LOCK_ACQUIRE) for lock A, which one holds",
        "  one waits at line 7 (LOCK_ACQUIRE) for lock B, which two holds",
    ];
    let ended = vm_of("run -", CIRCLE).exits(1).prints(&["[three] still here"]);
    let told: Vec<&str> = ended.err.lines().collect();
    assert_eq!(told[..3], circle);
    assert_eq!(told[3], "deadlock: nobody else can go on");
    // On one terminal, the third still prints after that.
    let folder = Folder::new();
    folder.write("circle.py", CIRCLE);
    let both = folder.shell("forebay vm run circle.py 2>&1").exits(1);
    let place = |words: &str| both.out.find(words).unwrap_or_else(|| panic!("{words}"));
    assert!(place("in a circle") < place("still here"), "{}", both.out);
    assert!(place("still here") < place("nobody else"), "{}", both.out);
    // Whatever the others do, it is a deadlock; also for those who stop it.
    let goes_on = CIRCLE.replace("(\"PRINT\", \"still here\")", "(\"JUMP\", 0)");
    vm_of("run - --max-steps 100", &goes_on).exits(1).says(&["INCOMPLETE", "100 steps"]);
}

#[test]
fn a_deadlock_without_a_circle_says_who_waits_for_what() {
    let receives = r#"
consumer = [("LOAD", "q"), ("QUEUE_RECEIVE",)]
main = [("QUEUE_CREATE",), ("GLOBAL_STORE", "q"),
        ("PUSH", 0), ("THREAD_CREATE", [consumer]), ("THREAD_JOIN",)]
"#;
    vm_of("run -", receives).exits(1).prints(&[]).tells(&[
        "deadlock: nobody can go on",
        "  main waits at line 4 (THREAD_JOIN) for the end of thread-0, which is waiting",
        "  thread-0 waits at line 2 (QUEUE_RECEIVE) for a message in queue-0 (q), which is empty",
    ]);
    let oneself = r#"
main = [("LOCK_CREATE",), ("DUP",), ("LOCK_ACQUIRE",), ("LOCK_ACQUIRE",)]"#;
    vm_of("run -", oneself).exits(1).tells(&[
        "deadlock: main waits for itself",
        "  main waits at line 2 (LOCK_ACQUIRE) for lock-0, which it holds itself",
        "deadlock: nobody else can go on",
    ]);
    let dead = r#"
vm = ToyVM()
vm.create_lock("m")
vm.create_thread([("PUSH", "m"), ("LOCK_ACQUIRE",), ("POP",)], "dies")
vm.create_thread([("SLEEP", 1), ("PUSH", "m"), ("LOCK_ACQUIRE",)], "waits")
"#;
    vm_of("run -", dead).exits(2).says(&["waits waits", "lock m, which dies held when it failed"]);
}

#[test]
fn a_failed_thread_outweighs_all_else() {
    let ended = vm_of("run -", FAILS).exits(2).prints(&["[main] goes on"]);
    ended
        .says(&["error: thread-0 failed at line 2 (POP): the stack is empty", "POP takes (a)"])
        .says(&["deadlock: main waits for itself"]);
    let fails_forever = FAILS.replace("(\"LOCK_CREATE\",)", "(\"JUMP\", 3)");
    vm_of("run - --max-steps 50", &fails_forever).exits(2).says(&["INCOMPLETE"]);
}

#[test]
fn a_broken_claim_is_1() {
    let asserts = r#"main = [("PRINT", "a"), ("PUSH", 0), ("ASSERT", "it is so"), ("PRINT", "b")]"#;
    vm_of("run -", asserts).exits(1).prints(&["[main] a"]).says(&["assertion", "main", "line 1"]);
    let breaks = r#"
main = [("PUSH", 0), ("GLOBAL_STORE", "x"), ("INVARIANT", "x < 1"),
        ("PUSH", 1), ("GLOBAL_STORE", "x")]"#;
    vm_of("run -", breaks).exits(1).says(&["invariant", "\"x < 1\" does not hold", "line 3"]);
}

#[test]
fn a_race_is_1_if_it_was_asked_for() {
    let folder = Folder::of_programs();
    folder.vm("run no_mutex.toy").exits(0).tells(&[]);
    folder.vm("run no_mutex.toy --debug").exits(0).says(&["race on `counter`"]);
    folder.vm("run no_mutex.toy --trace t").exits(0).says(&["race on `counter`"]);
    let ended = folder.vm("run no_mutex.toy --races").exits(1);
    ended.says(&["race on `counter`", "thread-0 stores it at line 15", "thread-1 may load it"]);
    folder.vm("run mutex.toy --races").exits(0).tells(&[]);
}

#[test]
fn no_step_left_is_3_and_says_where_each_thread_is() {
    let ended = vm_of("run - --max-steps 4", FOREVER).exits(3).prints(&["[main] x", "[main] x"]);
    ended.tells(&[
        "INCOMPLETE: stopped after 4 steps; a loop never ends, or --max-steps N must be more",
        "  main is runnable at line 1 (PRINT \"x\")",
    ]);
    let ended = vm_of("run -", FOREVER).exits(3);
    assert_eq!(ended.out.lines().count(), 25_000, "50,000 steps unless somebody says otherwise");
    let sleeps = r#"
main = [("PUSH", 0), ("THREAD_CREATE", [[("SLEEP", 100)], FOREVER]), ("POP",), ("JUMP", 3)]
FOREVER = [("NOP",)]"#;
    let ended = vm_of("run - --max-steps 20", sleeps).exits(3);
    ended.says(&["thread-0 is sleeping at line 2 (SLEEP 100)"]);
}

#[test]
fn entry_and_threads_are_chosen() {
    let two = r#"
left = [("PRINT", "left")]
right = [("PRINT", "right")]
"#;
    vm_of("run -", two).exits(255).says(&["choose one with --entry"]);
    vm_of("run - --entry right", two).exits(0).prints(&["[main] right"]);
    vm_of("run - --entry lfet", two).exits(255).says(&["no `lfet`", "did you mean `left`"]);
    let ended = vm_of("run - --thread a=right:2 --thread b=left --scheduler priority", two);
    ended.exits(0).prints(&["[a] right", "[b] left"]);
    let ended = vm_of("run - --thread a=lfet", two).exits(255);
    ended.says(&["no list `lfet`", "did you mean `left`"]);
    let function = "def begin():\n    return [(\"PRINT\", \"begun\")]\n";
    vm_of("run - --entry begin", function).exits(0).prints(&["[main] begun"]);
}

#[test]
fn schedulers_differ_and_seeds_repeat() {
    let program = r#"
def worker(name):
    return [("PRINT", name), ("PRINT", name), ("PRINT", name)]
vm = ToyVM()
vm.create_thread(worker("a"), "a")
vm.create_thread(worker("b"), "b", priority=1)
vm.run()
"#;
    let said = |flags: &str| {
        let ended = vm_of(&format!("run - {flags}"), program).exits(0);
        ended.out.lines().map(|line| line[1..2].to_owned()).collect::<String>()
    };
    assert_eq!(said(""), "ababab");
    assert_eq!(said("--scheduler round-robin"), "ababab");
    assert_eq!(said("--scheduler round-robin --quantum 2"), "aabbab");
    assert_eq!(said("--scheduler priority"), "bbbaaa");
    for scheduler in ["random", "pct"] {
        let of_seed = |seed: u64| said(&format!("--scheduler {scheduler} --seed {seed}"));
        let runs: Vec<String> = (0..8).map(of_seed).collect();
        assert_eq!(runs, (0..8).map(of_seed).collect::<Vec<_>>(), "{scheduler}");
        assert!(runs.iter().any(|run| *run != runs[0]), "{scheduler} hears its seed: {runs:?}");
    }
    let wish = program.replace("vm.run()", "vm.scheduler_type = \"priority\"\nvm.run()");
    vm_of("run -", &wish)
        .exits(0)
        .prints(&["[b] b"; 3].into_iter().chain(["[a] a"; 3]).collect::<Vec<_>>());
}

#[test]
fn weak_lets_newcomers_overtake() {
    // Releases and acquires again at once: in order, the waiter has the lock by then.
    let program = r#"
vm = ToyVM()
vm.create_lock("m")
vm.create_thread([("PUSH", "m"), ("LOCK_ACQUIRE",), ("SLEEP", 1),
                  ("PUSH", "m"), ("PUSH", "m"), ("LOCK_RELEASE",), ("LOCK_ACQUIRE",),
                  ("PRINT", "again"), ("PUSH", "m"), ("LOCK_RELEASE",)], "one", priority=1)
vm.create_thread([("PUSH", "m"), ("LOCK_ACQUIRE",), ("PRINT", "had it"),
                  ("PUSH", "m"), ("LOCK_RELEASE",)], "two")
"#;
    let in_order = vm_of("run - --scheduler priority", program).exits(0);
    in_order.prints(&["[two] had it", "[one] again"]);
    let weak = vm_of("run - --scheduler priority --weak", program).exits(0);
    weak.prints(&["[one] again", "[two] had it"]);
}

#[test]
fn realtime_takes_its_time() {
    let sleeps = r#"main = [("SLEEP", 300), ("PRINT", "up")]"#;
    let began = Instant::now();
    vm_of("run - --realtime", sleeps).exits(0).prints(&["[main] up"]);
    assert!(began.elapsed() >= Duration::from_millis(300));
    // An hour of the machine's own time is over at once: the watchdog would bark.
    vm_of("run -", r#"main = [("SLEEP", 3600000), ("PRINT", "up")]"#).exits(0);
}

#[test]
fn a_closed_standard_output_ends_it_quietly() {
    let folder = Folder::of_programs();
    folder.write("forever.toy", FOREVER);
    for command in [
        // Far more than the watchdog lets pass.
        "run forever.toy --max-steps 1000000000000",
        "run -v producer_consumer.py 2>&1",
        "show",
        "show mutex.toy",
        "test mutex.toy two_locks.toy --seeds 3",
        "lint --json no_mutex.toy forever.toy",
    ] {
        let ended = folder.shell(&format!("forebay vm {command} | head -1"));
        ended.exits(0).tells(&[]);
        // Nobody reads at all.
        folder.shell(&format!("forebay vm {command} | true")).exits(0).tells(&[]);
    }
}

#[test]
fn a_full_disk_is_told() {
    let folder = Folder::of_programs();
    for command in ["run mutex.toy", "show", "run mutex.toy --seeds 2", "test mutex.toy --seeds 1"]
    {
        let ended = folder.shell(&format!("forebay vm {command} > /dev/full"));
        ended.exits(255).says(&["cannot write", "No space left"]);
    }
}
