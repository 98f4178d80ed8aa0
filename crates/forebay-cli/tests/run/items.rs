//! Where items come from, and what the command makes of them.

use crate::forebay::{Folder, bytes, input, run};

#[test]
fn lines_of_standard_input() {
    let ended = run(&["-j2", "--", "echo", "got"], b"a b\n\nlast").exits(0);
    assert_eq!(ended.lines(), ["got ", "got a b", "got last"]);
}

#[test]
fn zero_bytes_end_items_that_hold_newlines() {
    let ended = run(&["-0", "-k", "printf", "<%s>"], b"a\nb\0\0c\0").exits(0);
    assert_eq!(ended.text(), "<a\nb><><c>");
}

#[test]
fn a_delimiter_of_ones_own() {
    let ended = run(&["-d", ",", "-k", "printf", "<%s>"], b"a,b\n,c").exits(0);
    assert_eq!(ended.text(), "<a><b\n><c>");
    let ended = run(&["-d", r"\x3a\t", "-k", "printf", "<%s>"], b"a:\tb:c").exits(0);
    assert_eq!(ended.text(), "<a><b:c>");
}

#[test]
fn what_separates_may_begin_with_a_hyphen() {
    for flag in ["-d", "--delimiter"] {
        let ended = run(&[flag, r"--\n", "-k", "printf", "<%s>"], b"a--\nb").exits(0);
        assert_eq!(ended.text(), "<a><b>");
    }
    assert_eq!(run(&["-C", "--", "echo", "{2}"], b"a--b\n").exits(0).text(), "b\n");
    assert_eq!(run(&["-E", "--end", "echo"], b"a\n--end\nb\n").exits(0).text(), "a\n");
    assert_eq!(run(&["-I", "-x", "echo", "-x-x"], b"a\n").exits(0).text(), "aa\n");
    assert_eq!(run(&["--tagstring", "--{}", "echo"], b"a\n").exits(0).text(), "--a\ta\n");
}

#[test]
fn files_one_after_another_then_arguments() {
    let folder = Folder::new();
    let (one, two) = (folder.write("one", b"1\n2"), folder.write("two", b"3\n"));
    let ended =
        run(&["-k", "-a", &one, "-a", &two, "-a", "-", "echo", "{}", ":::", "5"], b"4\n").exits(0);
    assert_eq!(ended.text(), "1\n2\n3\n4\n5\n");
}

#[test]
fn arguments_are_items_and_standard_input_is_left_alone() {
    let ended = run(&["-k", "echo", ":::", "a", "-b", "c d"], b"not read\n").exits(0);
    assert_eq!(ended.text(), "a\n-b\nc d\n");
}

#[test]
fn no_items_run_nothing() {
    for arguments in [&["echo", "x"][..], &["-r", "echo", "x"], &["echo", "x", ":::"]] {
        let ended = run(arguments, b"").exits(0).says(&["0 items"]);
        assert_eq!(ended.text(), "");
    }
}

#[test]
fn blank_items_are_left_out_when_asked() {
    let ended = run(&["-k", "-r", "printf", "<%s>"], b"a\n\n \t\nb\n").exits(0);
    assert_eq!(ended.text(), "<a><b>");
}

#[test]
fn placeholders() {
    let ended =
        run(&["-j1", "echo", "{}", "{.}", "{/}", "{//}", "{/.}", "{#}", "{%}"], b"d/f.tar.gz\n");
    assert_eq!(ended.exits(0).text(), "d/f.tar.gz d/f.tar f.tar.gz d f.tar 1 1\n");
}

#[test]
fn numbers_count_items_and_consumers() {
    let ended = run(&["-k", "-j3", "echo", "{#} {%}"], &input(1..=30)).exits(0);
    for (index, line) in ended.text().lines().enumerate() {
        let (number, consumer) = line.split_once(' ').expect("two numbers");
        assert_eq!(number, (index + 1).to_string());
        assert!(["1", "2", "3"].contains(&consumer), "{line}");
    }
}

#[test]
fn a_placeholder_of_ones_own_leaves_braces_alone() {
    let ended = run(&["-I", "@@", "echo", "{} @@ x@@y"], b"a\n").exits(0);
    assert_eq!(ended.text(), "{} a xay\n");
}

#[test]
fn several_items_for_each_command() {
    let ended = run(&["-k", "-n", "2", "printf", "<%s>"], b"a\nb c\nd\n").exits(0);
    assert_eq!(ended.text(), "<a><b c><d>");
    let ended = run(&["-k", "-n2", "-j1", "printf", "<%s>", "{#}", "x{/}y"], b"p/a\np/b\nc\n");
    assert_eq!(ended.exits(0).text(), "<1><xa><by><2><xcy>");
    let ended = run(&["-n2", "--shell", "printf '<%s>' x{}y"], b"a b\nc;d\n").exits(0);
    assert_eq!(ended.text(), "<xa b><c;dy>");
}

#[test]
fn bytes_that_are_not_utf8_pass_untouched() {
    let ended = run(&["-k", "printf", "%s|"], b"\xff\xfe\n\xc3\n").exits(0);
    assert_eq!(ended.stdout, b"\xff\xfe|\xc3|");
    let ended = run(&[bytes(b"printf"), bytes(b"%s|\xfe"), bytes(b":::"), bytes(b"\xff/x")], b"");
    assert_eq!(ended.exits(0).stdout, b"\xff/x|\xfe");
}

#[test]
fn hundred_thousand_items_each_once() {
    // With many items for each command, to be many items soon.
    let ended = run(&["-n", "1000", "-k", "printf", "%s\\n"], &input(0..100_000)).exits(0);
    assert_eq!(ended.stdout, input(0..100_000));
}

#[test]
fn dry_run_prints_and_runs_nothing() {
    let folder = Folder::new();
    let made = folder.arg("made");
    let ended = run(&["--dry-run", "touch", &made, "{}"], b"a b\nit's\n").exits(0);
    assert_eq!(ended.text(), format!("touch {made} 'a b'\ntouch {made} 'it'\"'\"'s'\n"));
    assert!(folder.names().is_empty());
}

#[test]
fn verbose_prints_commands_on_standard_error() {
    let ended = run(&["-t", "-q", "echo", "{}"], b"a b\n").exits(0);
    assert_eq!(ended.errors(), "echo 'a b'\n");
    assert_eq!(ended.text(), "a b\n");
}

#[test]
fn commands_read_nothing_of_our_input() {
    let ended = run(&["-j1", "-k", "sh", "-c", "cat; echo $0"], b"a\nb\n").exits(0);
    assert_eq!(ended.text(), "a\nb\n");
}
