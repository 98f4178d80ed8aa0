//! `--dead`: items past their tries, in a file that is read back.

use std::fs;
use std::process::Command;

use crate::forebay::{Folder, assert_sums, bytes, input, number, run, start, until};

#[test]
fn failed_items_are_read_back() {
    let folder = Folder::new();
    let dead = folder.arg("dead");
    let failing = ["-j1", "--retries", "2", "--backoff", "10ms", "--dead", &dead, "sh", "-c"];
    let ended = run(&[&failing[..], &["[ \"$0\" = good ]"]].concat(), b"a b\ngood\n\n-c\xff\n");
    ended.exits(3);
    assert_eq!(folder.read("dead"), b"a b\n\n-c\xff\n");
    let ended = run(&["-k", "-a", &dead, "--dead", &folder.arg("other"), "printf", "<%s>"], b"");
    assert_eq!(ended.exits(0).stdout, b"<a b><><-c\xff>");
    assert_eq!(folder.read("other"), b"");
}

#[test]
fn items_end_as_those_that_were_read() {
    let folder = Folder::new();
    let dead = folder.arg("dead");
    run(&["-0", "-j1", "--dead", &dead, "false"], b"a\nb\0c\0").exits(2);
    assert_eq!(folder.read("dead"), b"a\nb\0c\0");
    let ended = run(&["-0", "-k", "-a", &dead, "printf", "<%s>"], b"").exits(0);
    assert_eq!(ended.text(), "<a\nb><c>");
    let other = folder.arg("other");
    run(&["-d", ", ", "-j1", "--dead", &other, "false"], b"a,b, c d").exits(2);
    assert_eq!(folder.read("other"), b"a,b, c d, ");
}

#[test]
fn each_item_of_a_group_is_one() {
    let folder = Folder::new();
    let dead = folder.arg("dead");
    run(&["-n2", "-j1", "--dead", &dead, "false"], b"a\nb\nc\n").exits(2);
    assert_eq!(folder.read("dead"), b"a\nb\nc\n");
}

#[test]
fn items_that_can_never_be_run_are_there_too() {
    let folder = Folder::new();
    let dead = folder.arg("dead");
    let long = "x".repeat(3 << 20);
    let items = format!("{long}\nz\0z\ngood\n");
    run(&["-j1", "--dead", &dead, "true"], items.as_bytes()).exits(2);
    assert_eq!(folder.read("dead"), format!("{long}\nz\0z\n").as_bytes());
}

#[test]
fn what_stands_there_stays() {
    let folder = Folder::new();
    let dead = folder.write("dead", b"earlier\nhas no end");
    run(&["-j1", "--dead", &dead, "false"], b"new\n").exits(1);
    assert_eq!(folder.read("dead"), b"earlier\nhas no end\nnew\n");
    run(&["--dead", &dead, "true"], b"new\n").exits(0);
    assert_eq!(folder.read("dead"), b"earlier\nhas no end\nnew\n");
    run(&["--dry-run", "--dead", &folder.arg("none"), "false"], b"a\n").exits(0);
    assert!(!folder.path("none").exists());
}

#[test]
fn items_that_remain_are_not_there() {
    let folder = Folder::new();
    let dead = folder.arg("dead");
    run(&["-j1", "--halt", "now,fail=1", "--dead", &dead, "false"], &input(1..=5)).exits(1);
    assert_eq!(folder.read("dead"), b"1\n");
}

#[test]
fn a_list_that_would_not_be_read_back_is_refused_before_anything_runs() {
    let folder = Folder::new();
    let dead = folder.arg("dead");
    let ended = run(&["--dead", &dead, "echo", ":::", "a", "b\nc"], b"").exits(255);
    assert_eq!(ended.text(), "");
    ended.says(&[r"'b\nc'", "delimiter", "-0"]);
    // A part of the delimiter at the end of an item makes another one with it.
    let ended = run(&["-d", "abab", "--dead", &dead, "echo", ":::", "xab"], b"").exits(255);
    ended.says(&["'xab'", "-0"]);
    run(&["-0", "-j1", "--dead", &dead, "false", ":::", "a", "b\nc"], b"").exits(2);
    assert_eq!(folder.read("dead"), b"a\0b\nc\0");
}

#[test]
fn a_file_that_the_run_uses_otherwise_is_refused_and_left_alone() {
    let folder = Folder::new();
    let file = folder.write("file", b"a\nb\n");
    std::os::unix::fs::symlink(&file, folder.path("link")).expect("linked");
    let (link, fresh) = (folder.arg("link"), folder.arg("fresh"));
    for (other, path, words) in [
        ("-a", &file, "--arg-file and --dead"),
        ("--joblog", &file, "--joblog and --dead"),
        ("--report-json", &file, "--dead and --report-json"),
    ] {
        for dead in [path, &link] {
            let ended = run(&["--dead", dead, other, path, "echo"], b"c\n").exits(255);
            assert_eq!(ended.says(&[words, "give each its own"]).text(), "");
            assert_eq!(folder.read("file"), b"a\nb\n", "{other}");
        }
    }
    // Also where it is not there yet.
    for other in ["--joblog", "--report-json"] {
        run(&["--dead", &fresh, other, &fresh, "echo"], b"c\n")
            .exits(255)
            .says(&["give each its own"]);
    }
    // And where standard input is it.
    for more in [&[][..], &["-a", "-"]] {
        let ended = Command::new(env!("CARGO_BIN_EXE_forebay"))
            .args([&["run", "--dead", &file][..], more, &["echo"]].concat())
            .stdin(fs::File::open(&file).expect("open"))
            .output()
            .expect("forebay runs");
        assert_eq!(ended.status.code(), Some(255));
        assert!(
            String::from_utf8_lossy(&ended.stderr)
                .contains("standard input and --dead name the same file")
        );
    }
    // Read by nobody, it may be.
    let status = Command::new(env!("CARGO_BIN_EXE_forebay"))
        .args(["run", "-q", "--dead", &file, "false", ":::", "c"])
        .stdin(fs::File::open(&file).expect("open"))
        .status()
        .expect("forebay runs");
    assert_eq!(status.code(), Some(1));
    assert_eq!(folder.read("file"), b"a\nb\nc\n");
}

#[test]
fn two_runs_do_not_share_it_nor_one_twice() {
    let folder = Folder::new();
    let dead = folder.arg("dead");
    let script =
        format!("touch {0}; while [ -e {0} ]; do sleep 0.01; done; : {{}}", folder.arg("at-work"));
    let going = start(&["--dead", &dead, "--shell", &script], b"a\n");
    until("at work", || folder.path("at-work").exists());
    run(&["--dead", &dead, "true"], b"a\n").exits(255).says(&["--dead", "another forebay"]);
    fs::remove_file(folder.path("at-work")).expect("removed");
    going.wait().exits(0);
    run(&["--dead", &dead, "--dead", &dead, "true"], b"a\n")
        .exits(255)
        .says(&["--dead", "multiple"]);
}

#[test]
fn a_place_that_cannot_be_written_is_told_at_once() {
    let folder = Folder::new();
    let nowhere = folder.arg("no/such/folder");
    for path in [&nowhere, &folder.root().display().to_string()] {
        let ended = run(&["--dead", path, "echo"], b"a\n").exits(255).says(&["cannot open", path]);
        assert_eq!(ended.text(), "");
    }
}

#[test]
fn a_full_disk_loses_nothing() {
    let folder = Folder::new();
    let report = folder.arg("report");
    let arguments = ["-j1", "--report-json", &report, "--dead", "/dev/full", "false"];
    let ended = run(&arguments, b"a\nb\n").exits(255);
    let ended = ended.says(&["/dev/full", "No space left", "item 'a'", "not counted as failed"]);
    ended.says(&["0 failed, 2 remaining"]);
    let report = folder.report("report");
    assert_sums(&report);
    assert!((number(&report, "remaining") - 2.0).abs() < 0.5, "{report}");
    // A heavy item that has no place to go stops the run, too.
    let ended = run(&["-j1", "--weight", "1", "--dead", "/dev/full", "true"], b"heavy\nb\n");
    ended.exits(255).says(&["No space left", "'heavy'"]);
}

#[test]
fn a_disk_that_fills_leaves_whole_items() {
    let folder = Folder::new();
    let (dead, items) = (folder.arg("dead"), folder.write("items", &input(1000..1400)));
    // A limit on the file's size stands for the disk: 204 items of 5 bytes fit into it.
    let forebay = env!("CARGO_BIN_EXE_forebay");
    let script =
        format!("trap '' XFSZ; ulimit -f 2; exec {forebay} run -j1 --dead {dead} false < {items}");
    let ended = Command::new("sh").arg("-c").arg(&script).output().expect("sh runs");
    let errors = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(255), "{errors}");
    let written = folder.read("dead");
    assert!(!written.is_empty() && written.len().is_multiple_of(5), "{}", written.len());
    assert_eq!(written, input(1000..1000 + written.len() / 5));
    assert!(errors.contains(&format!("{} failed", written.len() / 5)), "{errors}");
}

#[test]
fn it_may_be_standard_output() {
    let ended = run(&["-q", "-j1", "--dead", "-", "false"], b"a\nb\n").exits(2);
    assert_eq!(ended.text(), "a\nb\n");
}

#[test]
fn names_of_bytes_are_kept() {
    let folder = Folder::new();
    let dead = folder.path(bytes(b"d\xffead"));
    run(&["--dead".as_ref(), dead.as_os_str(), "false".as_ref()], b"a\n").exits(1);
    assert_eq!(folder.names(), [bytes(b"d\xffead")]);
}
