//! On a terminal there is a progress bar; elsewhere there is none.

use std::fs::File;
use std::io::Read;
use std::process::{Command, Stdio};

use rustix::termios::{Winsize, tcsetwinsize};

use crate::ends::terminal;
use crate::forebay::{run, until};

/// What forebay shows on a terminal.
fn shown(no_color: bool, arguments: &[&str]) -> String {
    shown_on(100, no_color, arguments)
}

fn shown_on(columns: u16, no_color: bool, arguments: &[&str]) -> String {
    let (main, terminal) = terminal();
    tcsetwinsize(&terminal, Winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 })
        .expect("a size");
    let mut command = Command::new(env!("CARGO_BIN_EXE_forebay"));
    command.arg("run").args(arguments).env("TERM", "xterm-256color").env_remove("NO_COLOR");
    if no_color {
        command.env("NO_COLOR", "1");
    }
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(terminal)
        .spawn()
        .expect("starts");
    // The command keeps a handle of the terminal's other end, without which this would never end.
    drop(command);
    let mut bytes = Vec::new();
    // A terminal that nobody has open any more ends with an error.
    let _ = File::from(main).read_to_end(&mut bytes);
    assert!(child.wait().expect("ends").success());
    String::from_utf8_lossy(&bytes).into_owned()
}

#[test]
fn a_bar_with_rate_depth_and_time_left() {
    let shown = shown(false, &["-j1", "--shell", "sleep 0.4; : {}", ":::", "a", "b", "c"]);
    for word in ["/3", "/s", "depth", "left", "\x1b["] {
        assert!(shown.contains(word), "{word:?} in {shown:?}");
    }
    assert!(shown.contains("3 finished"), "{shown:?}");
}

#[test]
fn a_narrow_terminal_is_not_overrun() {
    for columns in [20, 40, 60, 80] {
        let shown =
            shown_on(columns, true, &["-j1", "--shell", "sleep 0.3; : {}", ":::", "a", "b"]);
        let bar = shown.split("forebay:").next().expect("a bar").replace("\x1b[2K", "\n");
        assert!(bar.contains("/2"), "{shown:?}");
        for line in bar.split(['\r', '\n']) {
            assert!(line.chars().count() <= columns.into(), "{columns}: {line:?} in {shown:?}");
        }
    }
}

#[test]
fn what_workers_write_on_standard_error_stands_beside_the_bar() {
    let work =
        "while read x; do sleep 0.4; echo \"note $x\" >&2; echo $x; done; echo last note >&2";
    let arguments = ["--worker", "-j1", "sh", "-c", work, ":::", "a", "b", "c"];
    let shown = shown(true, &arguments);
    for note in ["note b\r\n", "note c\r\n", "last note\r\n"] {
        let (before, _) = shown.split_once(note).unwrap_or_else(|| panic!("{note:?} in {shown:?}"));
        assert!(before.ends_with(['\n', 'K']), "the bar is out of the way: {before:?}");
    }
}

#[test]
fn no_color_is_respected() {
    let shown = shown(true, &["-j1", "--shell", "sleep 0.4; : {}", ":::", "a", "b"]);
    assert!(shown.contains("depth"), "{shown:?}");
    assert!(!shown.contains("\x1b[3") && !shown.contains("\x1b[4"), "{shown:?}");
}

#[test]
fn no_bar_when_quiet_or_elsewhere() {
    assert_eq!(shown(false, &["-q", "--shell", "sleep 0.3; : {}", ":::", "a"]), "");
    let ended = run(&["--shell", "sleep 0.3; : {}", ":::", "a"], b"").exits(0);
    assert!(!ended.errors().contains('\x1b') && !ended.errors().contains("depth"));
}

#[test]
fn the_bar_can_be_declined_or_asked_for() {
    let work = ["--shell", "sleep 0.3; : {}", ":::", "a"];
    let declined = shown(false, &[&["--no-progress"], &work[..]].concat());
    assert!(declined.contains("1 finished") && !declined.contains('\x1b'), "{declined:?}");
    for flag in ["--bar", "--progress"] {
        let asked_for = shown(false, &[&["-q", flag], &work[..]].concat());
        assert!(asked_for.contains("depth") && !asked_for.contains("finished"), "{asked_for:?}");
    }
    // Commands that write to the terminal themselves would write into it.
    let ungrouped = shown(false, &[&["-u"], &work[..]].concat());
    assert!(ungrouped.contains("1 finished") && !ungrouped.contains('\x1b'), "{ungrouped:?}");
    // Where there is no terminal, asking for it is no mistake.
    let ended = run(&[&["--bar"], &work[..]].concat(), b"").exits(0);
    assert!(!ended.errors().contains('\x1b') && !ended.errors().contains("depth"));
    run(&["--bar", "--no-progress", "true"], b"").exits(255).says(&["cannot be used with"]);
}

#[test]
fn the_report_is_whole_on_a_narrow_terminal() {
    let shown = shown_on(20, true, &["--no-progress", "true", ":::", "a"]);
    let lines: Vec<_> = shown.lines().collect();
    assert_eq!(lines.len(), 3, "the terminal breaks lines, forebay does not: {shown:?}");
    assert!(lines.iter().all(|line| line.starts_with("forebay: ")), "{shown:?}");
}

#[test]
fn lines_printed_as_they_come_stand_beside_the_bar() {
    let script = "echo one >&2; sleep 0.3; echo two >&2; sleep 0.3; : {}";
    let shown = shown(true, &["-j1", "--line-buffer", "--shell", script, ":::", "a"]);
    // After a line of the command the bar is drawn anew: never in the midst of one.
    assert!(shown.contains("one\r\n") && shown.contains("two\r\n"), "{shown:?}");
    assert!(shown.contains("0/1"), "{shown:?}");
}

/// What is said, and printed, where items are typed.
fn typed(arguments: &[&str]) -> (String, String) {
    let (main, terminal) = terminal();
    let mut command = Command::new(env!("CARGO_BIN_EXE_forebay"));
    command.arg("run").args(arguments).stdin(terminal);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
    // It would wait for this process, too.
    drop(command);
    // Ctrl-D at the start of a line ends the input, also where an item has not ended.
    rustix::io::write(&main, b"a\n\x04").expect("typed");
    until("the end", || child.try_wait().expect("waits").is_some());
    let output = child.wait_with_output().expect("ended");
    assert!(output.status.success());
    (String::from_utf8_lossy(&output.stderr).into(), String::from_utf8_lossy(&output.stdout).into())
}

#[test]
fn whoever_has_to_type_the_items_is_told() {
    let told =
        "forebay: reading items from the terminal, one a line; Ctrl-D ends them, Ctrl-C stops\n";
    let (said, printed) = typed(&["echo", "got"]);
    assert!(said.starts_with(told) && printed == "got a\n", "{said} {printed}");
    let (said, printed) = typed(&["--pipe", "cat"]);
    assert!(said.starts_with(told) && printed == "a\n", "{said} {printed}");
    let (said, printed) = typed(&["-d,", "printf", "%s"]);
    assert!(said.starts_with("forebay: reading items from the terminal; Ctrl-D"), "{said}");
    assert_eq!(printed, "a\n");
    for quiet in [&["-q", "echo"][..], &["echo", ":::", "a"], &["-a", "/dev/null", "echo"]] {
        assert!(!typed(quiet).0.contains("terminal"), "{quiet:?}");
    }
}

#[test]
fn the_bar_is_not_drawn_over_a_line_without_an_end() {
    let script = "printf unended >&2; sleep 0.3; : {}";
    let shown = shown(true, &["-j1", "--shell", script, ":::", "a", "b"]);
    assert!(shown.contains("unended\r\n"), "{shown:?}");
}
