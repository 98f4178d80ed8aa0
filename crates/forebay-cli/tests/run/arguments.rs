//! How many items one command gets, where it runs, and what is in its environment.

use std::fs;

use crate::forebay::{Folder, input, run};

#[track_caller]
fn printed(arguments: &[&str], stdin: &[u8]) -> String {
    let arguments = [&["-k", "-q"], arguments].concat();
    let ended = run(&arguments, stdin).exits(0);
    assert_eq!(ended.errors(), "");
    ended.text()
}

#[test]
fn as_many_as_fit_repeating_the_word_or_not() {
    let items = input(1..=4);
    assert_eq!(printed(&["-j1", "-X", "echo", "x{}y", "{#}"], &items), "x1y x2y x3y x4y 1\n");
    assert_eq!(printed(&["-j1", "-m", "echo", "x{}y"], &items), "x1 2 3 4y\n");
    assert_eq!(printed(&["-j1", "-X", "-n3", "echo", "x{}"], &items), "x1 x2 x3\nx4\n");
    assert_eq!(printed(&["-j1", "-m", "-n3", "echo", "x{}"], &items), "x1 2 3\nx4\n");
    assert_eq!(printed(&["-j1", "-X", "--shell", "echo x{}.c;:"], b"1\na b\n"), "x1.c xa b.c\n");
    assert_eq!(
        printed(&["-X", "-j1", "echo", "{2}-{1}", ":::", "a", ":::", "b", "c"], b""),
        "b-a c-a\n"
    );
}

#[test]
fn numbers_are_columns_where_rows_are_packed() {
    for flags in [&["-X", "-j1"][..], &["-X", "-n4"], &["-s1000", "-j1"]] {
        let arguments = [flags, &["echo", "{2}-{1}", ":::", "1", "2", ":::", "a", "b"]].concat();
        assert_eq!(printed(&arguments, b""), "a-1 b-1 a-2 b-2\n");
    }
    // In a group of a known number, they are arguments.
    for flag in ["-n2", "-L2"] {
        let arguments = [flag, "echo", "{1}{2}{3}{4}", ":::", "1", "2", ":::", "a", "b"];
        assert_eq!(printed(&arguments, b""), "1a1b\n2a2b\n");
    }
}

/// `-L` and `-N` repeat the word, and `-n` does not, as in GNU parallel 20221122.
#[test]
fn so_many_lines() {
    for flag in ["-L2", "-N2", "--max-lines=2"] {
        assert_eq!(printed(&[flag, "echo", "x{}y"], &input(1..=3)), "x1y x2y\nx3y\n");
    }
    assert_eq!(printed(&["-L2", "echo"], b"a b\nc\nd\n"), "a b c\nd\n");
    assert_eq!(printed(&["-n2", "echo", "{2}-{1}"], &input(1..=3)), "2-1\n-3\n");
}

/// The same as xargs of findutils 4.9 does with the same `-s`.
#[test]
fn no_command_is_longer_than_asked() {
    assert_eq!(printed(&["-j1", "-s9", "echo"], b"a\nb\nc\nd\n"), "a b\nc d\n");
    assert_eq!(printed(&["-j1", "-s10", "-m", "echo"], b"a\nb\nc\nd\n"), "a b\nc d\n");
    let ended = run(&["-k", "-j1", "-s10", "echo"], b"a\nb\nccccccccc\nd\n").exits(1);
    assert_eq!(ended.says(&["ccccccccc", "longer than -s 10"]).text(), "a b\nd\n");
    run(&["-s5", "echo"], b"a\n").exits(255).says(&["-s 5", "6 bytes even with an empty item"]);
}

#[test]
fn what_is_left_is_shared_out() {
    assert_eq!(printed(&["-j3", "-m", "echo"], &input(1..=7)), "1 2 3\n4 5 6\n7\n");
    let ended = run(&["-j4", "-X", "echo", ":::", "a"], b"").exits(0).says(&["1 item:"]);
    assert_eq!(ended.text(), "a\n");
}

/// The words are so many, or one so long, that they do not fit into one command.
#[test]
fn commands_keep_within_the_systems_limit() {
    let items = input((0..40_000).map(|number| format!("{number:0100}")));
    let folder = Folder::new();
    let log = folder.arg("log");
    for arguments in [
        &["-m", "printf", "%s\\n"][..],
        &["-X", "printf", "%s\\n", "{}"],
        &["-m", "--shell", "printf '%s\\n'"],
        &["-X", "--shell", "printf '%s\\n' {};:"],
        &["-m", "--env", "ALL={}", "sh", "-c", "printf '%s\\n' $ALL", "x", "{#}"],
    ] {
        let all = [&["-k", "-q", "-j1", "--joblog", &log], arguments].concat();
        let ended = run(&all, &items).exits(0);
        assert!(ended.stdout == items, "{arguments:?}: {}", ended.stdout.len());
        let commands = folder.lines("log").len() - 1;
        assert!((2..100).contains(&commands), "{arguments:?}: {commands}");
    }
}

#[test]
fn a_word_that_cannot_be_repeated_safely_is_refused() {
    for script in ["echo 'a b'{}", "echo $x{}", "echo \\ {}"] {
        let ended = run(&["-X", "--shell", script], b"a\n").exits(255);
        assert_eq!(ended.says(&["-X", "use -m"]).text(), "");
    }
}

#[test]
fn names_made_to_hurt_are_names_when_packed() {
    let names = b"; touch pwned\n$(touch pwned)\n' ; touch pwned; '\n\"\n`\n*\n-rf\n\\\n";
    let expected: Vec<u8> = names
        .split_inclusive(|byte| *byte == b'\n')
        .flat_map(|name| [b"<=", &name[..name.len() - 1], b">"].concat())
        .collect();
    let folder = Folder::new();
    let directory = folder.root().display().to_string();
    for arguments in [
        &["-X", "--shell", "printf '<%s>' ={}"][..],
        &["-X", "printf", "<%s>", "={}"],
        &["-L3", "--shell", "printf '<%s>' ={};:"],
        &["--shell", "printf '<%s>' ={1}"],
    ] {
        let ended = run(&[&["-k", "-q", "--wd", &directory], arguments].concat(), names).exits(0);
        assert_eq!(
            ended.stdout.escape_ascii().to_string(),
            expected.escape_ascii().to_string(),
            "{arguments:?}"
        );
        assert!(folder.names().is_empty(), "{arguments:?}");
    }
}

#[test]
fn groups_that_were_packed_are_resumed_item_by_item() {
    let folder = Folder::new();
    let log = folder.arg("log");
    let arguments = ["-k", "-j1", "--joblog", &log, "--resume", "echo"];
    run(&[&["-m"], &arguments[..]].concat(), b"a\nb\n").exits(0);
    let ended = run(&[&["-n2"], &arguments[..]].concat(), b"a\nc\nb\n").exits(0);
    assert_eq!(ended.says(&["2 items left out"]).text(), "c\n");
}

#[test]
fn directories_of_ones_own() {
    let folder = Folder::new();
    let root = fs::canonicalize(folder.root()).expect("exists").display().to_string();
    fs::create_dir(folder.path("a b")).expect("made");
    assert_eq!(printed(&["--wd", &root, "sh", "-c", "pwd", ":::", "x"], b""), format!("{root}\n"));
    let inner = format!("{root}/a b");
    assert_eq!(
        printed(&["--workdir", "{1}/{2}", "sh", "-c", "pwd", ":::", &root, ":::", "a b"], b""),
        format!("{inner}\n")
    );
    run(&["--wd", "/no/such", "true"], b"a\n").exits(255).says(&["--wd /no/such", "No such file"]);
    // Of an item's, the item alone has failed.
    let here =
        ["-k", "-j1", "--wd", "{}", "sh", "-c", "pwd", ":::", "/no/such", "/dev/null", &root];
    let ended = run(&here, b"").exits(2);
    let ended = ended.says(&["'/no/such'", "No such file"]).says(&["/dev/null", "not a directory"]);
    assert_eq!(ended.text(), format!("{root}\n"));
}

#[test]
fn variables_of_ones_own() {
    let show = ["sh", "-c", "echo \"$A;$B;$FOREBAY_ITEM\""];
    let variables = ["--env", "A={/.} ${}=x", "--env", "B={#}", "--env", "FOREBAY_ITEM=lost"];
    let text = printed(&[&variables[..], &show, &[":::", "d/a.b"]].concat(), b"");
    assert!(text.starts_with("a $d/a.b=x;1;") && !text.contains("lost"), "{text}");
    for wrong in ["A", "=x", ""] {
        run(&["--env", wrong, "true"], b"a\n").exits(255).says(&["--env", "NAME=VALUE"]);
    }
    run(&["--env", "A={2}", "true"], b"a\n").exits(255).says(&["{2}", "1 source"]);
}

#[test]
fn where_a_command_runs_is_part_of_it() {
    let folder = Folder::new();
    let log = folder.arg("log");
    let arguments = ["--joblog", &log, "--resume", "true"];
    run(&[&["--env", "A=1"], &arguments[..]].concat(), b"a\n").exits(0);
    let other = run(&[&["--env", "A=2"], &arguments[..]].concat(), b"a\n").exits(255);
    other.says(&["another command", "--env 'A=1'", "--env 'A=2'"]);
    let text = String::from_utf8_lossy(&folder.read("log")).into_owned();
    assert!(
        text.lines().next().is_some_and(|line| line.ends_with("--env 'A=1' -- true")),
        "{text}"
    );
}

#[test]
fn an_item_that_ends_the_input() {
    assert_eq!(printed(&["-E", "b", "echo"], b"a\nb\nc\n"), "a\n");
    assert_eq!(printed(&["-E", "b", "-m", "-j1", "echo", ":::", "a", "a", "b", "c"], b""), "a a\n");
}

#[test]
fn flags_that_exclude_each_other() {
    for flags in [["-X", "-m"], ["-n2", "-L2"], ["--pipe", "-X"], ["--pipe", "-C,"]] {
        run(&[&flags[..], &["true"]].concat(), b"a\n").exits(255).says(&["cannot be used with"]);
    }
    run(&["--block", "1k", "true"], b"a\n").exits(255).says(&["--pipe"]);
    run(&["-s0", "true"], b"a\n").exits(255).says(&["at least 1 byte"]);
    assert_eq!(printed(&["--max-procs", "1", "echo"], b"a\n"), "a\n");
}
