//! Wrong usage: one clear line, and 255.

use std::process::{Command, Stdio};

use crate::forebay::{Folder, run};

#[test]
fn wrong_flags() {
    run(&["-j", "0", "true"], b"a\n").exits(255).says(&[
        "--jobs",
        "0 consumers",
        "give a number from 1",
    ]);
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
fn numbers_beyond_reason_are_refused() {
    for number in ["65537", "18446744073709551615", "1e99", "99999999999999999999"] {
        let most = if number == "1e99" { "whole number" } else { "at most 65536" };
        run(&["-j", number, "true"], b"a\n").exits(255).says(&["--jobs", most]);
    }
    for number in ["16777217", "100000000000", "18446744073709551615"] {
        run(&["--capacity", number, "true"], b"a\n")
            .exits(255)
            .says(&["--capacity", "at most 16777216"]);
    }
    for flag in ["--timeout", "--backoff"] {
        run(&[flag, "1e19", "true"], b"a\n").exits(255).says(&[flag, "36500d"]);
        run(&[flag, "36500d", "echo"], b"a\n").exits(0);
    }
    run(&["-n18446744073709551615", "true"], b"a\n").exits(255).says(&["at most 4294967295"]);
}

#[test]
fn numbers_of_consumers() {
    for jobs in ["auto", "+1", "+0", "-1", "-1000", "50%", "1%"] {
        run(&["-j", jobs, "true"], b"a\n").exits(0).says(&["1 finished"]);
        run(&[&format!("-j{jobs}"), "true"], b"a\n").exits(0).says(&["1 finished"]);
    }
    run(&["-j", "-1000", "echo", "{%}"], b"a\nb\n").exits(0).says(&["1 consumer ran"]);
    run(&["-j0", "true"], b"a\n").exits(255).says(&["0 consumers", "from 1", "--elastic"]);
    run(&["-j", "two", "true"], b"a\n").exits(255).says(&["whole number", "auto", "+N", "N%"]);
    for (range, words) in [
        ("5..2", "did you mean 2..5"),
        ("0..4", "at least 1"),
        ("3", "MIN..MAX"),
        ("-1..3", "MIN..MAX"),
        ("1..99999999", "up to 65536"),
        ("1..99999999999999999999", "up to 65536"),
    ] {
        run(&["--elastic", range, "true"], b"a\n").exits(255).says(&["--elastic", words]);
    }
    run(&["--elastic", "1..3", "-j2", "true"], b"a\n").exits(255).says(&["cannot be used with"]);
}

#[test]
fn rates_and_delays() {
    for (rate, words) in [
        ("0", "greater than 0"),
        ("-5/s", "greater than 0"),
        ("fast", "20/s"),
        ("5/y", "20/s"),
        ("nan", "20/s"),
        ("", "20/s"),
        ("1e9", "1000000"),
        ("1e-30/h", "hundred years"),
    ] {
        run(&["--rate", rate, "true"], b"a\n").exits(255).says(&["--rate", words]);
    }
    for (delay, words) in
        [("0", "greater than 0"), ("-1", "greater than 0"), ("soon", "units of time")]
    {
        run(&["--delay", delay, "true"], b"a\n").exits(255).says(&["--delay", words]);
    }
    for flags in [["--rate", "1e-3/h"], ["--rate", "1000000"], ["--delay", "36500d"]] {
        run(&[&flags[..], &["echo"]].concat(), b"a\n").exits(0);
    }
}

#[test]
fn consumers_by_the_flag_of_xargs() {
    assert_eq!(run(&["-P1", "echo", "{%}"], b"a\nb\n").exits(0).text(), "1\n1\n");
}

#[test]
fn no_command() {
    run(&[""; 0], b"a\n").exits(255).says(&["required"]);
    run(&[":::", "a"], b"").exits(255).says(&["no command"]);
    run(&["::::", "a"], b"").exits(255).says(&["no command"]);
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
    for told in ["`done` and none failed", "SIGPIPE", "129, 130, 143", "ssh host"] {
        assert!(help.contains(told), "{told}: {help}");
    }
}

#[test]
fn the_examples_of_the_help_work() {
    let folder = Folder::new();
    for name in ["log", "urls", "access.log", "a.png", "b.gz", "c.conf"] {
        folder.write(name, b"one\ntwo\n");
    }
    for name in ["a", "b"] {
        std::fs::create_dir(folder.path(name)).expect("made");
    }
    let help = run(&["--help"], b"").exits(0).text();
    let examples: Vec<_> = help
        .lines()
        .filter(|line| line.starts_with("    ") && line.contains("forebay run "))
        .collect();
    assert!(examples.len() > 10, "{help}");
    for example in examples {
        // What they run is not installed everywhere, and `log` is never read to its end.
        let line = example
            .replace("forebay run ", concat!(env!("CARGO_BIN_EXE_forebay"), " run --dry-run "))
            .replace("--dry-run --dry-run", "--dry-run")
            .replace("tail -F", "tail");
        let output = Command::new("timeout")
            .args(["120", "sh", "-c", &line])
            .current_dir(folder.root())
            .stdin(Stdio::null())
            .output()
            .expect("sh starts");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{example}: {errors}");
    }
}

#[test]
fn a_flag_of_another_tool_is_told_what_does_the_same() {
    for (flag, instead) in [
        ("--eta", "a bar wherever"),
        ("--retry-failed", "--resume"),
        ("--sshlogin=host", "ssh HOST"),
        ("-S", "ssh HOST"),
        ("--will-cite", "leave it out"),
        ("--link", ":::+"),
        ("--pipepart", "--pipe -a FILE"),
        ("--recend=x", "--pipe -d"),
        ("--shuf", "shuf FILE"),
        ("--header=:", "before"),
    ] {
        run(&[flag, "--", "true"], b"a\n").exits(255).says(&[instead]);
    }
}
