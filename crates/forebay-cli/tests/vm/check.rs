//! `vm check`: first lines and statuses, the way to what is wrong, and what ends a search.

use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::forebay::{Folder, vm_of};

/// A semaphore that is raised for ever.
const ENDLESS: &str = r#"main = [("PUSH", 0), ("SEMAPHORE_CREATE",), ("STORE", "s"), ("LABEL", "again"),
    ("LOAD", "s"), ("SEMAPHORE_RELEASE",), ("JUMP", "again")]"#;

#[test]
fn each_kind_has_its_first_line_and_status() {
    for (first, status, text) in [
        ("PROVED", 0, r#"main = [("PUSH", 1), ("POP",)]"#),
        (
            "FAILED DEADLOCK",
            1,
            r#"main = [("LOCK_CREATE",), ("DUP",), ("LOCK_ACQUIRE",), ("LOCK_ACQUIRE",)]"#,
        ),
        (
            "FAILED ASSERTION",
            1,
            r#"main = [("CHOOSE", 9), ("PUSH", 7), ("NE",), ("ASSERT", "no 7")]"#,
        ),
        (
            "FAILED INVARIANT",
            1,
            r#"main = [("PUSH", 0), ("GLOBAL_STORE", "x"), ("INVARIANT", "x < 1"), ("PUSH", 1), ("GLOBAL_STORE", "x")]"#,
        ),
        ("FAILED ERROR", 1, r#"main = [("PUSH", 1), ("CHOOSE", 3), ("DIV",)]"#),
        (
            "FAILED OVERFLOW",
            1,
            r#"main = [("PUSH", 1), ("BOUNDED_SEMAPHORE_CREATE", 1), ("SEMAPHORE_RELEASE",)]"#,
        ),
        ("FAILED SPIN", 1, r#"main = [("LABEL", "a"), ("JUMP", "a")]"#),
    ] {
        let ended = vm_of("check -", text).exits(status);
        assert_eq!(ended.out.lines().next(), Some(first), "{text}\n{}", ended.out);
    }
    let folder = Folder::of_programs();
    let ended = folder.vm("check lost_wakeup.toy").exits(1);
    assert!(ended.out.starts_with("FAILED DEADLOCK, a lost wakeup\n"), "{}", ended.out);
    assert!(ended.out.contains("lost wakeup: thread-1 notified"), "{}", ended.out);
    let ended = folder.vm("check no_mutex.toy").exits(1);
    assert!(ended.out.starts_with("FAILED RACE\nrace on `counter`"), "{}", ended.out);
}

#[test]
fn what_is_proved_says_of_what_and_under_which_assumptions() {
    let text = r#"main = [("PUSH", 1), ("JUMP_IF_TRUE", "end"), ("NOP",), ("LABEL", "end")]"#;
    let ended = vm_of("check -", text).exits(0);
    for told in [
        "checked: deadlocks, races,",
        "assumed: memory is sequentially consistent; who waits longest is served first",
        "searched: 1 state, ",
        "never executed, under no schedule:\n  main: line 1 (NOP)\n",
    ] {
        assert!(ended.out.contains(told), "{told}: {}", ended.out);
    }
    let ended = vm_of("check - --weak", text).exits(0);
    assert!(ended.out.contains("anyone who waits may be served"), "{}", ended.out);
}

#[test]
fn the_way_to_what_is_wrong_is_a_trace_that_steps() {
    let folder = Folder::of_programs();
    let ended = folder.vm("check philosophers_deadlock.toy --trace way.trace").exits(1);
    assert!(ended.out.contains("the shortest way there: 6 steps, 5 context switches"));
    assert!(ended.out.contains("step through it: forebay vm step way.trace"), "{}", ended.out);
    let ended = folder.vm("show way.trace").exits(0);
    assert!(ended.out.contains("deadlock after 12 steps"), "{}", ended.out);
    folder.vm_with("step way.trace --plain", "end\nq\n").exits(0);
    // A program is no trace.
    let ended = folder.vm("check philosophers_deadlock.toy --trace mutex.toy").exits(2);
    ended.says(&["mutex.toy is no trace"]);
}

/// A sleep takes any time: the one who sleeps long may come first.
#[test]
fn a_trace_in_which_time_does_not_matter_replays() {
    let text = r#"
slow = [("SLEEP", 1000), ("PUSH", "q"), ("PUSH", 1), ("QUEUE_SEND",)]
fast = [("PUSH", "q"), ("PUSH", 2), ("QUEUE_SEND",)]
main = [("PUSH", "q"), ("QUEUE_RECEIVE",), ("PUSH", 2), ("EQ",), ("ASSERT", "fast is first")]
vm = ToyVM()
vm.create_message_queue("q")
vm.create_thread(main, "main")
vm.create_thread(slow, "slow")
vm.create_thread(fast, "fast")
vm.run()
"#;
    let folder = Folder::new();
    folder.write("sleep.toy", text);
    let ended = folder.vm("run sleep.toy --seeds 100").exits(0);
    assert!(ended.out.contains("finished"), "{}", ended.out);
    let ended = folder.vm("check sleep.toy --trace way.trace").exits(1);
    assert!(ended.out.starts_with("FAILED ASSERTION\n"), "{}", ended.out);
    let shown = folder.vm("show way.trace").exits(0);
    assert!(shown.out.contains("assertion after"), "{}", shown.out);
}

/// The way with fewest steps has more switches than the one with fewest switches.
#[test]
fn the_fewest_switches_are_another_way_than_the_fewest_steps() {
    // `a` fails at once if `b` has begun, and after three steps of its own in any case.
    let text = r#"
a = [("PUSH", "go"), ("ATOMIC_GET",), ("POP",),
     ("PUSH", "x"), ("ATOMIC_GET",), ("JUMP_IF_TRUE", "bad"),
     ("PUSH", "x"), ("ATOMIC_GET",), ("POP",), ("PUSH", "x"), ("ATOMIC_GET",), ("POP",),
     ("PUSH", "x"), ("ATOMIC_GET",), ("POP",), ("PUSH", "x"), ("ATOMIC_GET",), ("POP",),
     ("LABEL", "bad"), ("PUSH", 0), ("ASSERT", "never")]
b = [("PUSH", "x"), ("ATOMIC_INCREMENT",), ("POP",), ("PUSH", "x"), ("ATOMIC_GET",), ("POP",)]
vm = ToyVM()
vm.create_atomic_counter(0, "go")
vm.create_atomic_counter(0, "x")
vm.create_thread(a, "a")
vm.create_thread(b, "b")
vm.run()
"#;
    // Those that `x` matters to keep their values with --no-dead.
    let steps = vm_of("check - --no-dead", text).exits(1);
    let line = "the shortest way there: 3 steps, 2 context switches";
    assert!(steps.out.contains(line), "{}", steps.out);
    let switches = vm_of("check - --no-dead --fewest-switches", text).exits(1);
    let line = "the way there with the fewest context switches: 6 steps, 0 context switches";
    assert!(switches.out.contains(line), "{}", switches.out);
    let first = vm_of("check - --shorten 0", text).exits(1);
    assert!(first.out.contains("a way there, not surely the shortest"), "{}", first.out);
}

#[test]
fn a_bound_on_switches_is_incomplete_unless_nothing_is_beyond() {
    let folder = Folder::of_programs();
    let ended = folder.vm("check philosophers_deadlock.toy --bound-switches 1").exits(3);
    assert!(ended.out.starts_with("INCOMPLETE\nstopped: nothing is wrong up to 1 context switch;"));
    let ended = folder.vm("check philosophers_deadlock.toy --bound-switches 5").exits(1);
    assert!(ended.out.starts_with("FAILED DEADLOCK\n"), "{}", ended.out);
    vm_of("check - --bound-switches 0", r#"main = [("PUSH", 1)]"#).exits(0);
}

#[test]
fn limits_end_a_search_and_say_what_grows() {
    for (flags, word) in [
        ("--max-states 3000", "3,000 states were not enough; --max-states N allows more"),
        ("--memory 1M", "1.00 MiB of states were not enough; --memory SIZE allows more"),
        ("--timeout 100ms", "100ms were not enough; --timeout TIME allows more"),
    ] {
        let ended = vm_of(&format!("check - {flags}"), ENDLESS).exits(3);
        assert!(ended.out.starts_with(&format!("INCOMPLETE\nstopped: {word}\n")), "{}", ended.out);
        assert!(ended.out.contains("nothing is wrong as far as it was looked"));
        assert!(ended.out.contains("grows: semaphore-0: "), "{}", ended.out);
    }
    let counts = r#"main = [("PUSH", 0), ("LABEL", "a"), ("PUSH", 1), ("ADD",), ("JUMP", "a")]"#;
    let ended = vm_of("check -", counts).exits(3);
    assert!(ended.out.contains("a thread that runs main goes on on its own for ever"));
}

#[test]
fn ctrl_c_ends_a_search_with_what_is_known() {
    let folder = Folder::new();
    folder.write("endless.toy", ENDLESS);
    let mut child = Command::new(env!("CARGO_BIN_EXE_forebay"))
        .args(["vm", "check", "endless.toy", "--memory", "200G"])
        .current_dir(folder.path(""))
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    thread::sleep(Duration::from_millis(700));
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("it goes on");
    let mut out = String::new();
    std::io::Read::read_to_string(&mut child.stdout.take().expect("piped"), &mut out)
        .expect("text");
    assert_eq!(child.wait().expect("it ends").code(), Some(3), "{out}");
    assert!(out.starts_with("INCOMPLETE\nstopped: interrupted\n"), "{out}");
}

#[test]
fn allowed_races_are_told_and_the_search_goes_on() {
    let text = r#"w = [("LOAD", "n"), ("PUSH", 1), ("ADD",), ("GLOBAL_STORE", "n")]
main = [("PUSH", 0), ("GLOBAL_STORE", "n"),
        ("PUSH", 0), ("THREAD_CREATE", [w]), ("PUSH", 0), ("THREAD_CREATE", [w]),
        ("THREAD_JOIN",), ("THREAD_JOIN",)]"#;
    vm_of("check -", text).exits(1);
    // What is wrong is far away; whoever looks for a nearer way to it finds no more than the race.
    let far = r#"w = [("PUSH", 12), ("STORE", "i"), ("LABEL", "again"),
     ("LOAD", "n"), ("PUSH", 1), ("ADD",), ("GLOBAL_STORE", "n"),
     ("LOAD", "i"), ("PUSH", 1), ("SUB",), ("DUP",), ("STORE", "i"), ("JUMP_IF_TRUE", "again")]
main = [("PUSH", 0), ("GLOBAL_STORE", "n"),
        ("PUSH", 0), ("THREAD_CREATE", [w]), ("STORE", "a"), ("PUSH", 0), ("THREAD_CREATE", [w]), ("STORE", "b"),
        ("LOAD", "a"), ("THREAD_JOIN",), ("LOAD", "b"), ("THREAD_JOIN",), ("PUSH", 0), ("ASSERT", "never")]"#;
    let ended = vm_of("check - -j 1 --allow-races --max-states 2000", far).exits(1);
    assert!(ended.out.starts_with("FAILED ASSERTION\n"), "{}", ended.out);
    let ended = vm_of("check - --allow-races", text).exits(0);
    assert!(ended.out.starts_with("PROVED\nallowed: race on `n`"), "{}", ended.out);
}

#[test]
fn json_says_the_same() {
    let folder = Folder::of_programs();
    let json = folder.vm("check philosophers_deadlock.toy --json").exits(1).json();
    assert_eq!(json["verdict"], "FAILED");
    assert_eq!(json["kind"], "DEADLOCK");
    assert_eq!(json["way"]["least"], "steps");
    assert_eq!(json["way"]["steps"], 6);
    assert_eq!(json["way"]["schedule"].as_array().map(Vec::len), Some(12));
    let json = vm_of("check - --json --max-states 1000", ENDLESS).exits(3).json();
    assert_eq!((&json["verdict"], &json["stopped"]), (&"INCOMPLETE".into(), &"states".into()));
    assert_eq!(json["grows"][0]["what"], "semaphore-0");
    let json = vm_of("check - --json", r#"main = [("PUSH", 1)]"#).exits(0).json();
    assert_eq!((&json["verdict"], &json["states"]), (&"PROVED".into(), &1.into()));
}

#[test]
fn wrong_usage_is_2() {
    let folder = Folder::new();
    folder.vm("check").exits(2).says(&["<FILE>"]);
    folder.vm("check nothing.toy").exits(2).says(&["cannot read nothing.toy"]);
    folder.vm("check x --memory lots").exits(2).says(&["the units of size are"]);
    folder.vm("check x --max-states 0").exits(2).says(&["--max-states"]);
    vm_of("check -", "main = [(\"NOPE\",)]").exits(2).says(&["NOPE"]);
}

#[test]
fn a_graph_is_drawn_of_what_is_small_and_over_nothing_else() {
    let folder = Folder::of_programs();
    folder.vm("check two_locks.toy --graph states.dot").exits(1);
    let drawn = std::fs::read_to_string(folder.path("states.dot")).expect("written");
    assert!(drawn.starts_with("digraph states {") && drawn.contains("DEADLOCK"), "{drawn}");
    folder.vm("check two_locks.toy --graph states.dot").exits(1);
    let ended = folder.vm("check two_locks.toy --graph two_locks.toy").exits(2);
    ended.says(&["two_locks.toy is no graph of states"]);
    let ended = folder.vm("check mutex.toy --graph large.dot").exits(2);
    assert!(ended.out.starts_with("PROVED\n"), "{}", ended.out);
    ended.says(&["over 2000 states"]);
    assert!(!folder.path("large.dot").exists());
}

#[test]
fn who_dies_is_drawn_and_replayed() {
    let text = r#"worker = [("PUSH", "m"), ("LOCK_ACQUIRE",), ("PUSH", "m"), ("LOCK_RELEASE",)]
main = [("PUSH", 0), ("THREAD_CREATE", [worker]), ("POP",), ("PUSH", "m"), ("LOCK_ACQUIRE",), ("PUSH", "m"), ("LOCK_RELEASE",)]
vm = ToyVM()
vm.create_lock("m")
"#;
    let folder = Folder::new();
    folder.write("dies.toy", text);
    let ended = folder.vm("check dies.toy").exits(0);
    assert!(!ended.out.contains("killed"), "{}", ended.out);
    let ended = folder.vm("check --kill 1 --trace way.trace dies.toy").exits(1);
    for told in [
        "FAILED DEADLOCK\n",
        "for lock m, which thread-0 held when it was killed\n",
        " is killed",
        "; anyone but main may be killed at any moment, one thread at most\n",
    ] {
        assert!(ended.out.contains(told), "no {told:?} in {}", ended.out);
    }
    let ended = folder.vm("show way.trace --as mermaid").exits(0);
    assert!(ended.out.contains("is killed"), "{}", ended.out);
    let ended = folder.vm("check --kill 1 --json dies.toy").exits(1);
    let told: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
    let at = told["way"]["deaths"][0].as_u64().unwrap();
    assert_eq!(told["way"]["schedule"][at as usize], serde_json::json!([1, null]));
    assert_eq!(told["kill"], 1);
    let ended = folder.vm("check --kill-of main dies.toy").exits(1);
    assert!(ended.out.contains("which main held when it was killed"), "{}", ended.out);
    let ended = folder.vm("check --kill-of worker,nobody dies.toy").exits(2);
    assert!(
        ended.err.contains("there is no thread `nobody` that could be killed"),
        "{}",
        ended.err
    );
    let ended = folder.vm("count --kill 1 dies.toy").exits(2);
    assert!(ended.err.contains("schedules in which threads die are not counted"), "{}", ended.err);
    folder.write("dies.toy", format!("# verdict: DEADLOCK\n# kill: 1\n{text}"));
    folder.vm("test .").exits(0);
    let ended = folder.vm("explain --kill 1 dies.toy").exits(1);
    assert!(ended.out.starts_with("FAILED DEADLOCK: a death that the others do not get over\n"));
    assert!(ended.out.contains("`forebay vm check --kill 1` shows the way there"), "{}", ended.out);
    let ended = folder.vm("outcomes --kill 1 dies.toy").exits(0);
    let told =
        " under all schedules; anyone but main may be killed at any moment, one thread at most;";
    assert!(ended.out.contains(told), "{}", ended.out);
    assert!(ended.out.contains(". DEADLOCK after 4 steps, one of them a death\n"), "{}", ended.out);
    let ended = folder.vm("outcomes --kill 1 --json dies.toy").exits(0);
    let told: serde_json::Value = serde_json::from_str(&ended.out).unwrap();
    let deaths = |end: &str| {
        let all = told["outcomes"].as_array().unwrap();
        all.iter().find(|it| it["end"] == end).unwrap()["deaths"].as_array().unwrap().len()
    };
    assert_eq!(deaths("DEADLOCK"), 1);
    let ended = folder.vm("test --max-states 0 .").exits(1);
    assert!(ended.out.contains("in a run nobody is killed"), "{}", ended.out);
}

/// A function that is called twice makes two lists of the same lines.
#[test]
fn what_is_executed_in_one_place_only_is_counted_and_not_listed() {
    let text = r#"def turn(way):
    return [("PUSH", way), ("JUMP_IF_TRUE", "end"), ("NOP",), ("LABEL", "end"), ("JUMP", 6), ("NOP",)]
vm = ToyVM()
vm.create_thread(turn(0), "a")
vm.create_thread(turn(1), "b")
"#;
    let ended = vm_of("check -", text).exits(0);
    let told = "never executed, under no schedule:\n  turn(0): line 2 (NOP)\n  turn(1): line 2 (NOP)\n\
                executed in one place and not in another: 1 instruction\n";
    assert!(ended.out.contains(told), "{}", ended.out);
}
