//! `--weight`: the bytes that may wait.

use crate::forebay::{Folder, assert_sums, number, run};

#[test]
fn waiting_items_weigh_no_more() {
    let folder = Folder::new();
    let report = folder.arg("report");
    // One item is at work; 3 of 1000 bytes fit beside it, 5 do not, although there are 64 places.
    let item = "x".repeat(1000);
    let arguments = ["-j1", "--weight", "3k", "--report-json", &report];
    let items = vec![item.as_str(); 8];
    let shell = ["--shell", "sleep 0.1; : {}", ":::"];
    let ended = run(&[&arguments[..], &shell, &items].concat(), b"").exits(0);
    ended.says(&["8 items: 8 finished"]);
    let report = folder.report("report");
    assert_sums(&report);
    assert!((number(&report, "high_water") - 3.0).abs() < 0.5, "{report}");
    assert!(number(&report, "producer_wait_seconds") > 0.2, "{report}");
}

#[test]
fn an_item_heavier_than_all_is_refused_and_kept_for_later() {
    let folder = Folder::new();
    let (dead, report) = (folder.arg("dead"), folder.arg("report"));
    let arguments = ["-k", "--weight", "3", "--dead", &dead, "--report-json", &report, "echo"];
    let ended = run(&arguments, b"a\nheavy\nabc\n").exits(255);
    assert_eq!(ended.text(), "a\nabc\n");
    ended
        .says(&["item 'heavy' is refused", "5 bytes", "--weight"])
        .says(&["1 item refused: too heavy"]);
    assert_eq!(folder.read("dead"), b"heavy\n");
    let report = folder.report("report");
    assert_sums(&report);
    assert!((number(&report, "refused") - 1.0).abs() < 0.5, "{report}");
    assert!((number(&report, "produced") - 2.0).abs() < 0.5, "{report}");
}

#[test]
fn a_group_weighs_what_its_items_do() {
    let ended = run(&["-n2", "-k", "--weight", "4", "echo"], b"aa\nbb\naaa\nbb\nc\n").exits(255);
    assert_eq!(ended.text(), "aa bb\nc\n");
}

#[test]
fn the_oldest_make_room_by_weight() {
    let folder = Folder::new();
    let begun = folder.arg("begun");
    let producer =
        format!("echo 1; until [ -e {begun} ]; do sleep 0.01; done; printf 'a\nb\nc\nd\neee\nf\n'");
    let work = format!("touch {begun}; echo {{}}; [ {{}} != 1 ] || sleep 0.5");
    let arguments = ["-j1", "-k", "--weight", "4", "--on-full", "drop-oldest", "--producer"];
    let ended = run(&[&arguments[..], &[&producer, "--shell", &work]].concat(), b"").exits(0);
    assert_eq!(ended.text(), "1\neee\nf\n");
    ended.says(&["4 items dropped"]);
}

#[test]
fn wrong_sizes_are_refused() {
    run(&["--weight", "0", "true"], b"a\n").exits(255).says(&["--weight", "give 1 or more"]);
    run(&["--weight", "5parsec", "true"], b"a\n").exits(255).says(&["units of size"]);
    run(&["--weight", "99999999999999999999", "true"], b"").exits(255).says(&["any memory"]);
}
