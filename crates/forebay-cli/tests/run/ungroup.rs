//! `--ungroup`: commands have forebay's own streams.

use crate::forebay::{Folder, run, start};

#[test]
fn commands_write_straight_to_our_streams() {
    let folder = Folder::new();
    let script = format!(
        "printf begun; until [ -e {} ]; do sleep 0.01; done; echo err >&2",
        folder.arg("go")
    );
    let joblog = folder.arg("log");
    let going = start(&["-u", "-q", "--joblog", &joblog, "sh", "-c", &script], b"a\n");
    // Not even a line, and it is there.
    going.until_printed("begun");
    folder.write("go", b"");
    let ended = going.wait().exits(0);
    assert_eq!((ended.text().as_str(), ended.errors().as_str()), ("begun", "err\n"));
    let row = &folder.lines("log")[1];
    assert_eq!(row.split('\t').nth(5), Some("0"), "{row}");
}

#[test]
fn failures_timeouts_and_tries_are_as_ever() {
    let arguments = ["--ungroup", "--retries", "2", "--backoff", "1ms", "--shell"];
    let ended = run(&[&arguments[..], &["echo {}; false"]].concat(), b"a\n").exits(1);
    assert_eq!(ended.text(), "a\na\n");
    run(&["-u", "--timeout", "200ms", "sleep", "300", ":::"], b"").exits(0);
    run(&["-u", "--timeout", "200ms", "sleep"], b"300\n").exits(1).says(&["stopped after 0.2 s"]);
}

#[test]
fn nothing_can_be_done_with_output_that_is_not_collected() {
    let flags: [&[&str]; 7] = [
        &["--tag"],
        &["--tagstring", "x"],
        &["--keep-order"],
        &["--line-buffer"],
        &["--results", "x"],
        &["--json"],
        &["--bar"],
    ];
    for flag in flags {
        run(&[&["--ungroup"], flag, &["echo"]].concat(), b"a\n").exits(255).says(&[
            "--ungroup",
            flag[0],
            "cannot be used with",
        ]);
    }
}

#[test]
fn a_reader_that_goes_away_ends_the_run() {
    let line = format!(
        "yes | timeout 60 {} run -q -u echo | head -1; echo ${{PIPESTATUS[1]}}",
        env!("CARGO_BIN_EXE_forebay")
    );
    let output =
        std::process::Command::new("bash").args(["-c", &line]).output().expect("bash starts");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "y\n141\n", "{output:?}");
}
