//! `vm outcomes`: each thing that can be printed, once, with a way to it.

use crate::forebay::{Folder, vm_of};

const LOST_UPDATE: &str = r#"w = [("LOAD", "n"), ("PUSH", 1), ("ADD",), ("GLOBAL_STORE", "n")]
main = [("PUSH", 0), ("GLOBAL_STORE", "n"), ("PUSH", 0), ("THREAD_CREATE", [w]), ("STORE", "a"),
        ("PUSH", 0), ("THREAD_CREATE", [w]), ("STORE", "b"),
        ("LOAD", "a"), ("THREAD_JOIN",), ("LOAD", "b"), ("THREAD_JOIN",), ("LOAD", "n"), ("PRINT",)]
"#;

#[test]
fn what_can_be_printed_is_told_and_drawn() {
    let folder = Folder::new();
    folder.write("lost.toy", LOST_UPDATE);
    let ended = folder.vm("outcomes lost.toy").exits(0);
    assert!(ended.out.starts_with("2 outcomes under all schedules; "), "{}", ended.out);
    for line in ["   [main] 1\n", "   [main] 2\n", "1. finished after ", "2. finished after "] {
        assert!(ended.out.contains(line), "{line}: {}", ended.out);
    }
    let json = folder.vm("outcomes lost.toy --json --values").exits(0).json();
    assert_eq!(json["outcomes"].as_array().map(Vec::len), Some(2));
    let first = json["outcomes"][0]["lines"][0].as_str().expect("a line");
    assert_eq!(json["outcomes"][0]["values"][0], first.replace("[main]", "n ="));
    let ended = folder.vm("outcomes lost.toy --show 2 --trace way.trace").exits(0);
    assert!(ended.out.contains("step  main"), "{}", ended.out);
    let shown = folder.vm("show way.trace").exits(0);
    let second = json["outcomes"][1]["lines"][0].as_str().expect("a line");
    assert!(shown.out.contains(second), "{}", shown.out);
    folder.vm("outcomes lost.toy --show 3").exits(2).says(&["numbered from 1 to 2"]);
}

#[test]
fn a_deadlock_and_a_failure_are_outcomes() {
    let text = r#"main = [("CHOOSE", 3), ("DUP",), ("JUMP_IF_FALSE", "waits"), ("PUSH", 2), ("NE",),
        ("ASSERT", "not 2"), ("PRINT", "well"), ("JUMP", "end"),
        ("LABEL", "waits"), ("PRINT", "waits"), ("LOCK_CREATE",), ("DUP",), ("LOCK_ACQUIRE",),
        ("LOCK_ACQUIRE",), ("LABEL", "end")]"#;
    let ended = vm_of("outcomes -", text).exits(0);
    assert!(ended.out.starts_with("3 outcomes"), "{}", ended.out);
    for told in ["finished after", "DEADLOCK after", "ASSERTION after", "   [main] waits"] {
        assert!(ended.out.contains(told), "{told}: {}", ended.out);
    }
    vm_of("outcomes -", "main = [(\"NOPE\",)]").exits(2);
    let endless = r#"main = [("PUSH", 0), ("SEMAPHORE_CREATE",), ("STORE", "s"), ("LABEL", "again"),
        ("LOAD", "s"), ("SEMAPHORE_RELEASE",), ("JUMP", "again")]"#;
    let ended = vm_of("outcomes - --max-states 1000", endless).exits(3);
    assert!(ended.out.starts_with("INCOMPLETE: "), "{}", ended.out);
}

#[test]
fn schedules_are_counted() {
    let ended = vm_of("count -", LOST_UPDATE).exits(0);
    assert!(ended.out.contains(" schedules; the longest has "), "{}", ended.out);
    let json = vm_of("count - --json", LOST_UPDATE).exits(0).json();
    assert_eq!(json["complete"], true);
    let ended = vm_of("count - --limit 2", LOST_UPDATE).exits(3);
    assert_eq!(ended.out, "more than 2; --limit N counts further\n");
    vm_of("count - --limit 0", LOST_UPDATE).exits(2);
}

#[test]
fn schedules_without_an_end_are_told() {
    let asks = "atomic go = 0
thread asks { while go == 0 { sleep 1 } print(\"went\") }
daemon thread lets { while choose(2) == 0 { sleep 1 } increment go }
";
    let folder = Folder::new();
    folder.write("asks.weir", asks);
    let ended = folder.vm("outcomes asks.weir").exits(0);
    assert!(ended.out.starts_with("1 outcome under all schedules"), "{}", ended.out);
    assert!(ended.out.contains("and some schedules have no end, though all"), "{}", ended.out);
    let json = folder.vm("outcomes asks.weir --json").exits(0).json();
    assert_eq!(json["goes_on"], true);
    // To go round while others could step is no such schedule.
    let fair = asks.replace("while choose(2) == 0 { sleep 1 } ", "");
    folder.write("lets.weir", &fair);
    let json = folder.vm("outcomes lets.weir --json").exits(0).json();
    assert_eq!(json["goes_on"], false);
    let ended = folder.vm("outcomes lets.weir").exits(0);
    assert!(!ended.out.contains("no end"), "{}", ended.out);
}
