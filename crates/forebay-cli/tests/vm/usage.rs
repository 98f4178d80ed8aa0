//! Wrong usage and files that are no program: 255, and what to do.

use std::fs::File;

use crate::forebay::{Folder, vm_of};

#[test]
fn a_mistyped_verb_or_flag_suggests_the_near_one() {
    let folder = Folder::new();
    for (typed, meant) in [("rnu", "run"), ("shwo", "show"), ("lnit", "lint"), ("tests", "test")] {
        folder.vm(&format!("{typed} x")).exits(255).says(&["similar", &format!("'{meant}'")]);
    }
    folder.vm("run x --sed 3").exits(255).says(&["similar", "'--seed'"]);
    folder.vm("run x --trase t").exits(255).says(&["similar", "'--trace'"]);
    let ended = folder.vm("run x --scheduler rondom").exits(255);
    ended.says(&["rondom", "round-robin, priority, random, pct"]);
    folder.vm("").exits(255).says(&["Usage"]);
    folder.vm("run").exits(255).says(&["<FILE>"]);
    folder.vm("run x --quantum 0").exits(255).says(&["--quantum"]);
    folder.vm("run x --thread a").exits(255).says(&["NAME=LIST"]);
    folder.vm("run x --thread a=b:high").exits(255).says(&["`high` is no priority"]);
}

#[test]
fn help_is_not_an_error() {
    let folder = Folder::new();
    for verb in ["", "run", "show", "lint", "build", "test"] {
        let ended = folder.vm(&format!("{verb} --help")).exits(0).tells(&[]);
        assert!(ended.out.contains("Usage: forebay vm"), "{}", ended.out);
    }
}

#[test]
fn a_trace_is_no_program_to_run() {
    let folder = Folder::of_programs();
    folder.vm("run mutex.toy --trace t").exits(0);
    let ended = folder.vm("run t").exits(255).prints(&[]);
    let ended = ended.says(&["t is a trace, and no program"]);
    ended.says(&["forebay vm step t", "forebay vm show t"]);
}

#[test]
fn a_trace_is_written_over_a_trace_and_over_nothing_else() {
    let folder = Folder::of_programs();
    let ended = folder.vm("run mutex.toy --trace no_mutex.toy").exits(255).prints(&[]);
    ended.says(&["no_mutex.toy is no trace", "not written over"]);
    folder.vm("run no_mutex.toy --trace t").exits(0);
    folder.vm("run mutex.toy --trace t").exits(0);
}

#[test]
fn files_that_hold_no_program() {
    let folder = Folder::new();
    folder
        .vm("run nothing.toy")
        .exits(255)
        .prints(&[])
        .says(&["cannot read nothing.toy", "No such"]);
    folder.vm("run .").exits(255).says(&["cannot read .", "directory"]);
    folder.write("binary", [0x7f, b'E', b'L', b'F', 0xff, 0, 1]);
    folder.vm("run binary").exits(255).says(&["binary is not a text file"]);
    folder.write("nul", b"main = []\0");
    folder.vm("run nul").exits(255).says(&["nul is not a text file: byte 9"]);
    folder.write("poem", "Shall I compare thee\nto a summer's day?\n");
    let told = folder.vm("run poem").exits(255).says(&["poem:1:"]).says(&["poem:2:"]).err;
    assert_eq!(told.matches("this is no Python").count(), 2, "one of each line: {told}");
    folder.write("empty", "");
    folder.vm("run empty").exits(255).says(&["no program in it"]).says(&["--> empty"]);
    // A hundred megabytes that take no room; no more than a program may have is read.
    let large = File::create(folder.path("large")).expect("made");
    large.set_len(100 << 20).expect("long");
    folder.vm("run large").exits(255).says(&["large is too large", "at most 32 MiB"]);
    for verb in ["show", "run --seeds 3"] {
        folder.vm(&format!("{verb} poem")).exits(255).prints(&[]);
    }
}

#[test]
fn a_program_may_come_on_standard_input() {
    let ended = vm_of("run -", r#"main = [("PRINT", "read")]"#).exits(0);
    ended.prints(&["[main] read"]).tells(&[]);
    vm_of("run -", "main = [(\"PSUH\", 1)]").exits(255).says(&["standard input:1:9"]);
}
