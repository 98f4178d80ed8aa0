//! `--debug`, `-v`, and colours: what is told on standard error to those who ask.

use crate::forebay::{Folder, vm_of};

#[test]
fn debug_shows_each_step() {
    let program = r#"
main = [("PUSH", 5), ("STORE", "x"), ("LOAD", "x"),
        ("PUSH", "a"), ("SLEEP", 2), ("POP",), ("POP",), ("POP",)]"#;
    let ended = vm_of("run - --debug", program).exits(2).prints(&[]);
    let lines: Vec<Vec<&str>> =
        ended.err.lines().map(|line| line.split_whitespace().collect()).collect();
    let step = |at: usize| lines[at - 1].join(" ");
    assert_eq!(step(1), "1 0.001 ms main 0 PUSH 5 [5]");
    assert_eq!(step(2), "2 0.002 ms main 1 STORE \"x\" [] x=5");
    assert_eq!(step(4), "4 0.004 ms main 3 PUSH \"a\" [5, \"a\"] x=5");
    assert_eq!(step(5), "5 0.005 ms main 4 SLEEP 2 [5, \"a\"] x=5 sleeps until 2.005 ms");
    assert!(step(6).starts_with("6 2.006 ms main 5 POP"), "{}", step(6));
    assert!(step(8).ends_with("failed: the stack is empty"), "{}", step(8));
    assert!(step(9).starts_with("error: main failed at line 3 (POP)"), "{}", step(9));
}

#[test]
fn debug_says_who_waits() {
    let folder = Folder::of_programs();
    let ended = folder.vm("run two_locks.toy --debug").exits(1);
    ended.says(&["0.007 ms", "there waits at line 13 (LOCK_ACQUIRE) for lock B, which back holds"]);
}

#[test]
fn verbose_names_what_was_skipped() {
    let folder = Folder::of_programs();
    let quiet = folder.vm("run producer_consumer.py").exits(0).tells(&[]);
    let told = folder.vm("run -v producer_consumer.py").exits(0);
    assert_eq!(quiet.out, told.out);
    told.says(&["note: the import is Python's; skipped"])
        .says(&["note: a docstring is Python's; skipped"])
        .says(&["--> producer_consumer.py:13:1"]);
}

#[test]
fn there_are_no_colours_where_nobody_sees_them() {
    let folder = Folder::of_programs();
    folder.write("bad.toy", "main = [(\"PSUH\", 1)]");
    for command in ["run bad.toy", "run two_locks.toy --trace t", "show t", "lint bad.toy", "rnu"] {
        for colours in ["", "NO_COLOR=1 "] {
            let ended = folder.shell(&format!("{colours}forebay vm {command}"));
            assert!(!ended.out.contains('\x1b') && !ended.err.contains('\x1b'), "{command}");
        }
    }
}
