//! `--pipe`: blocks of the input on the commands' standard input.

use crate::forebay::{Folder, input, run};

#[test]
fn blocks_end_after_an_item() {
    let ended =
        run(&["--pipe", "--block", "4", "-k", "--shell", "cat; echo {#}"], b"1\n2\n3\n4\n5");
    assert_eq!(ended.exits(0).says(&["3 items: 3 finished"]).text(), "1\n2\n1\n3\n4\n2\n53\n");
    let ended = run(&["--pipe", "--block=3", "-0", "-k", "--tag", "cat"], b"a\0bb\0cc\0").exits(0);
    let tagged = "block 1 (2 bytes)\ta\0block 2 (3 bytes)\tbb\0block 3 (3 bytes)\tcc\0";
    assert_eq!(ended.text(), tagged);
}

#[test]
fn all_of_a_large_input_once() {
    let items = input(0..300_000);
    let arguments = ["--pipe", "-k", "-j3", "--block", "50k", "--capacity", "2", "cat"];
    let ended = run(&arguments, &items).exits(0);
    assert!(ended.stdout == items);
}

#[test]
fn commands_that_do_not_read_hurt_nobody() {
    // More than a pipe would hold.
    run(&["--pipe", "--block", "200k", "true"], &input(0..100_000)).exits(0);
}

#[test]
fn an_item_longer_than_a_block_stays_whole() {
    let mut items = vec![b'x'; 300_000];
    items.push(b'\n');
    let ended = run(&["--pipe", "--block", "1k", "wc", "-c"], &items).exits(0);
    assert_eq!(ended.text().trim(), "300001");
}

#[test]
fn a_retry_gets_the_same_block() {
    let folder = Folder::new();
    let (log, seen) = (folder.arg("log"), folder.arg("seen"));
    // The first try spoils what it was given, as far as it can.
    let script = format!(
        "cat >> {seen}; echo spoilt 1<>/dev/stdin; test $(wc -l < {seen}) -gt 2 && cat {seen}"
    );
    let flags = ["--pipe", "--retries", "2", "--backoff", "1ms", "--joblog", &log];
    let ended = run(&[&flags[..], &["--shell", &script]].concat(), b"a\nb\n").exits(0);
    assert_eq!(ended.text(), "a\nb\na\nb\n");
    let line = folder.lines("log").pop().expect("a line");
    assert!(line.ends_with("\tblock 1 (4 bytes)"), "{line}");
}

#[test]
fn files_are_cut_one_after_another() {
    let folder = Folder::new();
    let (one, two) = (folder.write("one", b"1\n2"), folder.write("two", b"3\n"));
    let ended = run(&["--pipe", "-k", "--tag", "-a", &one, "-a", &two, "cat"], b"not read\n");
    let tagged = "block 1 (3 bytes)\t1\nblock 1 (3 bytes)\t2block 2 (2 bytes)\t3\n";
    assert_eq!(ended.exits(0).text(), tagged);
}

#[test]
fn failed_blocks_are_named() {
    let ended = run(&["--pipe", "--block", "2", "grep", "-v", "2"], b"1\n2\n").exits(1);
    ended.says(&["failed: block 2 (2 bytes): exit status 1"]);
}

#[test]
fn what_makes_no_sense_with_blocks() {
    run(&["--pipe", "--resume", "--joblog", "/dev/null", "cat"], b"")
        .exits(255)
        .says(&["--resume", "--pipe"]);
    let dead = ["--pipe", "--dead", "/dev/null", "cat"];
    run(&dead, b"").exits(255).says(&["--dead", "--pipe"]);
    run(&["--pipe", "cat", ":::", "a"], b"").exits(255).says(&["--pipe", "-a"]);
    run(&["--pipe", "echo", "{}"], b"a\n").exits(255).says(&["--pipe", "standard input", "-I"]);
    run(&["--pipe", "--block", "0", "cat"], b"").exits(255).says(&["at least 1 byte"]);
    run(&["--pipe", "-a", "/no/such/file", "cat"], b"").exits(255).says(&["/no/such/file"]);
    let ended = run(&["--pipe", "-I%", "echo", "{}"], b"a\n").exits(0);
    assert_eq!(ended.text(), "{}\n");
}

#[test]
fn few_blocks_wait_unless_asked() {
    let folder = Folder::new();
    let report = folder.arg("report");
    let arguments = ["--pipe", "-j2", "--block", "2", "--report-json", &report, "true"];
    run(&arguments, &input(0..10)).exits(0);
    assert_eq!(folder.report("report")["capacity"], 4);
}
