//! Several sources of items, and items of several columns.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::forebay::{Folder, input, run, until};

/// What is printed for each row.
#[track_caller]
fn rows(arguments: &[&str], stdin: &[u8]) -> String {
    let arguments = [&["-k", "-q"], arguments].concat();
    let ended = run(&arguments, stdin).exits(0);
    assert_eq!(ended.errors(), "");
    ended.text()
}

/// What GNU parallel 20221122 prints for the same.
#[test]
fn each_with_each_or_side_by_side() {
    let folder = Folder::new();
    let (abc, numbers) = (folder.write("abc", b"a\nb\nc\n"), folder.write("12", b"1\n2"));
    for (arguments, expected) in [
        (&["echo", "{1}", "{2}", ":::", "a", "b", ":::", "c", "d"][..], "a c\na d\nb c\nb d\n"),
        (&["echo", "x{}y", ":::", "a", ":::", "c", "d"], "xa cy\nxa dy\n"),
        (&["echo", "{2}-{-1}-{1/.}", ":::", "d/a.x", ":::", "c"], "c-c-a\n"),
        (&["echo", ":::", "a", "b", "c", ":::+", "1", "2"], "a 1\nb 2\n"),
        (&["echo", ":::", "a", ":::+", "1", ":::", "x", "y"], "a 1 x\na 1 y\n"),
        (
            &["echo", ":::", "a", "b", ":::", "x", "y", ":::+", "1", "2"],
            "a x 1\na y 2\nb x 1\nb y 2\n",
        ),
        (&["echo", "::::", &abc, &numbers], "a 1\na 2\nb 1\nb 2\nc 1\nc 2\n"),
        (&["echo", "::::", &abc, "::::+", &numbers], "a 1\nb 2\n"),
        (&["echo", ":::", "u", "v", "w", "::::+", &abc, &numbers], "u a 1\nv b 2\n"),
        (&["-E", "b", "echo", "::::", &abc, ":::", "1", "2"], "a 1\na 2\n"),
    ] {
        assert_eq!(rows(arguments, b"not read\n"), expected, "{arguments:?}");
    }
}

#[test]
fn files_of_a_and_standard_input_are_the_first_source() {
    let folder = Folder::new();
    let file = folder.write("file", b"1\n2\n");
    assert_eq!(rows(&["-a", &file, "echo", ":::", "3", ":::", "x"], b""), "1 x\n2 x\n3 x\n");
    assert_eq!(rows(&["-a", &file, "echo", ":::+", "x", "y"], b""), "1 x\n2 y\n");
    assert_eq!(rows(&["echo", ":::+", "x", "y"], b"1\n2\n3\n"), "1 x\n2 y\n");
    assert_eq!(rows(&["echo", "::::", "-", ":::", "x"], b"1\n2\n"), "1 x\n2 x\n");
}

#[test]
fn the_first_source_is_streamed() {
    let folder = Folder::new();
    let script = format!("echo {{}} >> {}", folder.arg("ran"));
    let mut child = Command::new(env!("CARGO_BIN_EXE_forebay"))
        .args(["run", "-q", "-j1", "--shell", &script, "::::", "-", ":::", "a", "b"])
        .stdin(Stdio::piped())
        .spawn()
        .expect("starts");
    let mut stdin = child.stdin.take().expect("piped");
    // It has not ended, and yet its first item is combined with all of the others.
    stdin.write_all(b"1\n").expect("written");
    until("the first two rows", || folder.lines("ran") == ["1 a", "1 b"]);
    drop(stdin);
    until("the end", || child.try_wait().expect("waits").is_some());
}

#[test]
fn nothing_times_anything_is_nothing() {
    run(&["echo", ":::", "a", ":::"], b"").exits(0).says(&["0 items"]);
    run(&["echo", "::::", "/dev/null", ":::", "a"], b"").exits(0).says(&["0 items"]);
}

#[test]
fn columns_of_lines() {
    let stdin = b"a.x,b\n\n1,2,3\n";
    let expected = "a-b--a.x b\n---\n1-2-3-1 2 3\n";
    assert_eq!(rows(&["--colsep", ",", "echo", "{1.}-{2}-{3}-{}"], stdin), expected);
    assert_eq!(rows(&["-C", r"\t", "printf", "<%s>", "{2}", "{1}"], b"a b\tc\n"), "<c><a b>");
    let script = &["-C", ", ", "--shell", "printf '<%s>' {2} x{3}"];
    assert_eq!(rows(script, b"a, $(id);b\n"), "<$(id);b><x>");
    assert_eq!(rows(&["-C,", "-n2", "echo", "{3}{1}"], b"a,b\nc,d\n"), "ca\n");
    assert_eq!(rows(&["-C,", "echo", "{1}{2}{3}", ":::", "a,b", ":::", "c"], b""), "abc\n");
}

#[test]
fn a_row_is_resumed_as_a_whole() {
    let folder = Folder::new();
    let (log, ran) = (folder.arg("log"), folder.arg("ran"));
    let script = format!("echo {{1}}{{2}} >> {ran}; test {{1}}{{2}} != by");
    let arguments = ["-j1", "--joblog", &log, "--resume", "--shell", &script];
    let run_it = |sources: &[&str]| run(&[&arguments[..], sources].concat(), b"");
    run_it(&[":::", "a", "b", ":::", "x", "y"]).exits(1);
    assert_eq!(folder.lines("ran"), ["ax", "ay", "bx", "by"]);
    let text = String::from_utf8_lossy(&folder.read("log")).into_owned();
    assert!(text.lines().nth(1).is_some_and(|line| line.ends_with("\ta\tx")), "{text}");
    // The same rows from elsewhere, and one more; what failed is run again.
    run_it(&[":::", "b", "a", "c", ":::", "y", "x"]).exits(1).says(&["3 items left out"]);
    assert_eq!(folder.lines("ran")[4..], ["by", "cy", "cx"]);
    // A row of two columns is not two rows.
    let arguments = ["--joblog", &folder.arg("log2"), "--resume", "echo", ":::"];
    run(&[&arguments[..], &["a", ":::", "x"]].concat(), b"").exits(0);
    run(&[&arguments[..], &["a", "x"]].concat(), b"").exits(255).says(&["another command"]);
}

#[test]
fn rows_in_groups_are_resumed() {
    let folder = Folder::new();
    let log = folder.arg("log");
    let arguments = ["-j1", "-k", "--joblog", &log, "--resume", "-C,", "-n2", "echo", "{}"];
    assert_eq!(run(&arguments, b"a,b\nc\nd,\n").exits(0).text(), "a b c\nd \n");
    let text = String::from_utf8_lossy(&folder.read("log")).into_owned();
    assert!(text.contains("\ta\tb\t\\;\tc\n") && text.contains("\td\t\n"), "{text}");
    let ended = run(&arguments, b"c\na\nb\na,b\nd\nd,\n").exits(0).says(&["3 items left out"]);
    assert_eq!(ended.text(), "a b\nd\n");
}

#[test]
fn placeholders_that_stand_for_nothing() {
    run(&["echo", "{3}", ":::", "a", ":::", "b"], b"").exits(255).says(&["{3}", "2 sources"]);
    run(&["echo", "{-3/}", ":::", "a", ":::", "b"], b"").exits(255).says(&["{-3}", "2 sources"]);
    run(&["echo", "{2}"], b"a\n").exits(255).says(&["{2}", "1 source", "--colsep", "-I"]);
    run(&["-n2", "echo", "{3}"], b"a\n").exits(255).says(&["{3}", "2 arguments at most"]);
    assert_eq!(rows(&["-I,,", "echo", "{2}", ",,"], b"a\n"), "{2} a\n");
    assert_eq!(rows(&["echo", "{foo}{0}{01}{1,2}{ }", "{1}"], b"a\n"), "{foo}{0}{01}{1,2}{ } a\n");
    for script in ["echo \"{1}\"", "echo '{2.}'", "cat <<E\n{1}\nE"] {
        let ended = run(&["--shell", script, ":::", "x", ":::", "y"], b"").exits(255);
        ended.says(&["placeholder", "quoted for you"]);
    }
}

#[test]
fn sources_that_cannot_be_read() {
    run(&["echo", "::::"], b"").exits(255).says(&["no file after `::::`"]);
    let missing = run(&["echo", ":::", "a", "::::", "/no/such/file"], b"").exits(255);
    missing.says(&["/no/such/file", "No such file"]);
    let folder = Folder::new();
    let bad = folder.root().display().to_string();
    for sources in [[":::", "a", "::::", &bad], ["::::", &bad, ":::", "a"]] {
        let ended = run(&[&["echo"], &sources[..]].concat(), b"").exits(255);
        assert_eq!(ended.says(&["cannot read items", &bad]).text(), "");
    }
}

#[test]
fn a_large_product() {
    let folder = Folder::new();
    let numbers = folder.write("numbers", &input(0..300));
    let arguments =
        ["-m", "-j1", "-q", "printf", "%s-%s-%s\\n", "::::", &numbers, &numbers, ":::", "x"];
    let text = run(&arguments, b"").exits(0).text();
    let mut expected = (0..300).flat_map(|one| (0..300).map(move |two| format!("{one}-{two}-x")));
    assert!(text.lines().all(|line| expected.next().as_deref() == Some(line)));
    assert_eq!(expected.next(), None);
}
