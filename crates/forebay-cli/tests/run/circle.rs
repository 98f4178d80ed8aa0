//! Commands that write into the pipe that their items come from.

use std::fs;
use std::io::Write;

use rustix::fs::{CWD, Mode};

use crate::forebay::{Ended, Folder, assert_sums, number, run};

/// Runs with a pipe as source into which something has written more than fits, and then waits.
fn from_full_pipe(folder: &Folder, arguments: &[&str]) -> Ended {
    let pipe = folder.path("pipe");
    rustix::fs::mkfifoat(CWD, &pipe, Mode::RUSR | Mode::WUSR).expect("a pipe");
    let writer = std::thread::spawn({
        let pipe = pipe.clone();
        move || {
            let mut pipe = fs::OpenOptions::new().write(true).open(pipe).expect("opened");
            // As long as somebody reads.
            while pipe.write_all(b"item\n").is_ok() {}
        }
    });
    let report = folder.arg("report");
    let source = folder.arg("pipe");
    let common = ["--capacity", "2", "-a", &source, "--report-json", &report];
    let ended = run(&[&common[..], arguments].concat(), b"");
    writer.join().expect("writer");
    assert_sums(&folder.report("report"));
    ended
}

#[test]
fn commands_that_all_write_to_the_full_pipe_they_drain_are_named_and_stopped() {
    for worker in [false, true] {
        let folder = Folder::new();
        let write = format!("yes | head -c 200000 > {}", folder.arg("pipe"));
        let ended = if worker {
            let work = format!("while read x; do {write}; echo $x; done");
            from_full_pipe(&folder, &["-j2", "--worker", "sh", "-c", &work])
        } else {
            from_full_pipe(&folder, &["-j2", "--shell", &format!(": {{}}; {write}")])
        };
        ended.exits(255).says(&["pipe that the items come from", "never end", "--capacity"]);
        assert!(number(&folder.report("report"), "remaining") > 0.5);
    }
}

#[test]
fn where_somebody_else_may_read_the_pipe_nothing_is_proven() {
    let folder = Folder::new();
    let pipe = folder.arg("pipe");
    // A reader that will make room, but later than it is looked why nothing moves.
    let script = format!(
        "mkfifo {pipe}; exec 3<> {pipe}; seq 4 >&3; (sleep 6; exec timeout 20 cat <&3 > /dev/null) & \
         {} run -q -j2 --capacity 1 --halt now,done=4 -a {pipe} -- \
         sh -c 'yes | head -c 100000 > {pipe}' 3>&-; echo $? > {}; kill %1",
        env!("CARGO_BIN_EXE_forebay"),
        folder.arg("status"),
    );
    let output =
        std::process::Command::new("bash").args(["-c", &script]).output().expect("bash starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!said.contains("never end"), "{said}");
    assert_eq!(folder.lines("status"), ["0"], "{said}");
}

#[test]
fn a_circle_that_may_end_is_only_named() {
    // The second consumer does something else, and then reads what is too much in the pipe.
    let folder = Folder::new();
    let pipe = folder.arg("pipe");
    let script = format!(
        "if [ {{#}} = 1 ]; then yes | head -c 200000 > {pipe}; else sleep 6; exec sleep 300; fi"
    );
    let ended = from_full_pipe(
        &folder,
        &["-j2", "--timeout", "8", "--halt", "now,fail=1", "--shell", &script],
    );
    // How many had failed when the first did.
    assert!(matches!(ended.code(), 1 | 2));
    ended.says(&["1 of 2 consumers stand still", "pipe that the items come from"]);
}

#[test]
fn slow_commands_are_no_circle() {
    let folder = Folder::new();
    let pipe = folder.arg("pipe");
    // They hold the pipe, and do not write to it.
    let script = format!("sleep 5 3>> {pipe}");
    let ended = from_full_pipe(
        &folder,
        &["-j2", "--halt", "soon,done=1", "--shell", &format!(": {{}}; {script}")],
    );
    assert!(!ended.exits(0).errors().contains("the items come from"));
}
