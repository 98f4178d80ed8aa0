//! `vm run --trace` and `vm show`: pictures of runs, and programs as the machine sees them.

use serde_json::Value;

use crate::forebay::{Folder, vm_of};

/// A folder with the trace `t` of a deadlock.
fn traced() -> Folder {
    let folder = Folder::of_programs();
    folder.vm("run two_locks.toy --trace t").exits(1);
    folder
}

#[test]
fn a_trace_changes_nothing_of_the_run() {
    let folder = Folder::of_programs();
    let plain = folder.vm("run producer_consumer.toy --scheduler random --seed 3").exits(0);
    let traced = folder.vm("run producer_consumer.toy --scheduler random --seed 3 --trace t");
    assert_eq!(plain.out, traced.exits(0).out);
    folder.vm("run mutex.toy --trace no/such/folder").exits(255).says(&["cannot write", "no/such"]);
}

#[test]
fn lanes_for_the_terminal() {
    let shown = traced().vm("show t").exits(0).tells(&[]).out;
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(lines[0].split_whitespace().collect::<Vec<_>>(), ["step", "there", "back"]);
    assert!(shown.contains("waits for lock A (held by there)"), "{shown}");
    assert!(shown.contains("deadlock after 8 steps"), "{shown}");
    assert_eq!(shown, traced().vm("show t --as lanes").exits(0).out);
}

#[test]
fn dot_draws_who_waits_for_whom() {
    let folder = traced();
    let dot = folder.vm("show t --as dot").exits(0).out;
    assert!(dot.starts_with("digraph waits {\n") && dot.ends_with("}\n"), "{dot}");
    for edge in ["thread_0 -> lock_1", "thread_1 -> lock_0", "lock_0 -> thread_0"] {
        assert!(dot.contains(edge), "{edge}: {dot}");
    }
    let before = folder.vm("show t --as dot --at 6").exits(0).out;
    assert!(before.contains("nobody waits"), "{before}");
    let between = folder.vm("show t --as dot --at 7").exits(0).out;
    assert!(between.contains("thread_0 -> lock_1") && !between.contains("thread_1 -> lock_0"));
}

#[test]
fn mermaid_draws_a_sequence() {
    let mermaid = traced().vm("show t --as mermaid").exits(0).out;
    assert!(mermaid.starts_with("sequenceDiagram\n    participant t0 as there\n"), "{mermaid}");
    assert!(mermaid.contains("Note over t1: waits for lock A"), "{mermaid}");
}

#[test]
fn perfetto_is_json() {
    let told = traced().vm("show t --as perfetto").exits(0).json();
    let events = told["traceEvents"].as_array().expect("events");
    let named = |name: &str| {
        let is = |event: &&Value| event["ph"] == "M" && event["args"]["name"] == name;
        events.iter().find(is).unwrap_or_else(|| panic!("{name}"));
    };
    named("there");
    named("back");
    assert!(events.iter().any(|event| event["ph"] == "X" || event["ph"] == "B"), "somebody acts");
}

#[test]
fn shiviz_has_a_clock_on_every_second_line() {
    let log = traced().vm("show t --as shiviz").exits(0).out;
    let (pattern, events) = log.split_once("\n\n").expect("a pattern, then events");
    assert!(pattern.contains("(?<clock>"), "{pattern}");
    let lines: Vec<&str> = events.lines().collect();
    assert!(lines.len() >= 8 && lines.len().is_multiple_of(2), "{events}");
    for pair in lines.chunks(2) {
        let (host, clock) = pair[1].split_once(' ').expect("host and clock");
        let clock: Value = serde_json::from_str(clock).expect("a clock");
        assert!(clock[host].as_u64() >= Some(1), "{pair:?}");
    }
}

#[test]
fn a_program_is_disassembled() {
    let shown = Folder::of_programs().vm("show mutex.toy").exits(0).tells(&[]).out;
    assert!(shown.contains("thread main runs main, priority 0\n"), "{shown}");
    let lines: Vec<Vec<&str>> =
        shown.lines().map(|line| line.split_whitespace().collect()).collect();
    assert!(lines.contains(&vec!["22", "0", "-0", "+1", "LOCK_CREATE"]), "{shown}");
    let named = "vm = ToyVM()\nvm.create_semaphore(3, \"s\")\nvm.globals[\"g\"] = 1\n\
                 vm.create_thread([(\"NOP\",)], \"t\", priority=2)";
    let shown = vm_of("show -", named).exits(0).out;
    for line in ["semaphore s = 3", "global g = 1", "thread t runs", "priority 2"] {
        assert!(shown.contains(line), "{line}: {shown}");
    }
}

#[test]
fn without_a_file_the_instructions_are_shown() {
    let page = include_str!("../../../../docs/toyvm/instructions.md");
    assert_eq!(Folder::new().vm("show").exits(0).out, page);
}

#[test]
fn what_cannot_be_shown_is_refused() {
    let folder = traced();
    folder.vm("show mutex.toy --as dot").exits(255).says(&["mutex.toy is no trace", "--trace"]);
    folder.vm("show nothing").exits(255).says(&["cannot read nothing"]);
    folder.vm("show t --as pdf").exits(255).says(&["possible values", "lanes", "dot"]);
    let text = std::fs::read_to_string(folder.path("t")).expect("the trace");
    folder.write("cut", &text[..text.len() / 2]);
    let ended = folder.vm("show cut --as perfetto");
    assert!(!ended.err.contains("panicked"), "{}", ended.err);
    folder.write("wrong", "{\"toyvm-trace\": 99}\n");
    folder.vm("show wrong").exits(255).says(&["wrong"]);
}
