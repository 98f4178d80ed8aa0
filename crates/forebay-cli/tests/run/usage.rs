//! Wrong usage: one clear line, and 255.

use crate::forebay::{Folder, run};

#[test]
fn wrong_flags() {
    run(&["-j", "0", "true"], b"a\n").exits(255).says(&["--jobs", "0 consumers", "1 or more"]);
    run(&["--capacity", "0", "true"], b"a\n").exits(255).says(&["--capacity", "at least 1 item"]);
    run(&["-n0", "true"], b"a\n").exits(255).says(&["--max-args", "at least 1 item"]);
    run(&["--retries", "0", "true"], b"a\n").exits(255).says(&["tried at least once"]);
    run(&["--jobbs", "2", "true"], b"a\n").exits(255).says(&["similar", "--jobs"]);
    run(&["--halt", "now", "true"], b"a\n").exits(255).says(&["now,fail=1"]);
    run(&["--timeout", "5y", "true"], b"a\n").exits(255).says(&["units of time"]);
    run(&["-0", "-d", ",", "true"], b"a\n").exits(255).says(&["cannot be used with"]);
    run(&["-d", "", "true"], b"a\n").exits(255).says(&["delimiter is empty"]);
    run(&["-d", "\\q", "true"], b"a\n").exits(255).says(&["after a backslash"]);
    run(&["-I", "", "true"], b"a\n").exits(255).says(&["placeholder cannot be empty"]);
    run(&["--resume", "true"], b"a\n").exits(255).says(&["--joblog"]);
}

#[test]
fn no_command() {
    run(&[""; 0], b"a\n").exits(255).says(&["required"]);
    run(&[":::", "a"], b"").exits(255).says(&["no command"]);
    run(&["echo", ":::", "a", ":::", "b"], b"").exits(255).says(&["more than one `:::`"]);
}

#[test]
fn files_that_cannot_be_read() {
    let ended = run(&["-a", "/no/such/file", "echo"], b"").exits(255);
    assert_eq!(ended.says(&["/no/such/file", "No such file"]).text(), "");
    let folder = Folder::new();
    let (good, bad) = (folder.write("good", b"a\n"), folder.root().display().to_string());
    let ended = run(&["-k", "-a", &good, "-a", &bad, "echo", ":::", "b"], b"").exits(255);
    assert_eq!(ended.says(&["cannot read items", &bad]).text(), "a\nb\n");
}

#[test]
fn a_commands_own_flags_are_left_alone() {
    let ended = run(&["-j1", "echo", "-n", "--jobs", "--help", "-r"], b"x\n").exits(0);
    assert_eq!(ended.text(), "--jobs --help -r x");
}

#[test]
fn help_is_not_an_error() {
    for flag in ["--help", "-h"] {
        let ended = run(&[flag], b"").exits(0);
        assert!(ended.text().contains("--retries"), "{}", ended.text());
        assert!(ended.errors().is_empty());
    }
    let help = run(&["--help"], b"").exits(0).text();
    assert!(help.contains("{/.}") && help.contains("Exit status") && help.contains("Examples"));
}
