//! Items that somebody has written over: told by whoever meets them, and the others are done.

use std::fs::File;
use std::os::unix::fs::FileExt;

use crate::forebay::{Folder, buffer, figure, line, number, run, start, until};

/// Writes over these bytes in the buffer `b`.
pub(crate) fn write_over(folder: &Folder, bytes: &[u8], with: &[u8]) {
    let content = folder.read("b");
    let at = content.windows(bytes.len()).position(|part| part == bytes);
    let file = File::options().write(true).open(folder.path("b")).expect("open");
    file.write_all_at(with, at.expect("it is there as it is") as u64).expect("write");
}

/// A buffer of three items, the second of which is damaged.
fn damaged() -> Folder {
    let folder = buffer("");
    run(&folder, &["put", "b", "first", "second", "third"], b"").exits(0);
    write_over(&folder, b"second", b"secOnd");
    folder
}

const TOLD: [&str; 2] = ["b: 1 item could not be read", "forebay dead b"];

#[test]
fn take_tells_of_them_and_goes_on() {
    let folder = damaged();
    // What was asked for was taken.
    let taken = line(&folder, "take b -n 2").exits(0).says(&TOLD);
    assert_eq!(taken.text(), "first\nthird\n");
    assert!(line(&folder, "dead b").text().contains("cannot be read"));
    let folder = damaged();
    let taken = line(&folder, "take b --all --no-wait").exits(1).says(&TOLD);
    assert_eq!(taken.text(), "first\nthird\n");
    let none = line(&folder, "take b --all --no-wait").exits(0);
    assert_eq!(none.errors(), "");
}

#[test]
fn work_tells_of_them_and_goes_on() {
    for flags in ["-j1", "-j1 --worker"] {
        let folder = damaged();
        let command = if flags == "-j1" { "echo" } else { "cat" };
        let work = line(&folder, &format!("work b --once -k {flags} {command}"));
        let work = work.exits(255).says(&TOLD).says(&["2 items: 2 finished"]);
        assert_eq!(work.text(), "first\nthird\n");
        line(&folder, &format!("work b --once -q {command}")).exits(0);
    }
}

#[test]
fn a_run_whose_item_is_damaged_meanwhile_ends_and_another_one_mends_it() {
    let folder = Folder::new();
    let command = "until [ -e go ]; do sleep 0.01; done; echo {}";
    let arguments =
        ["run", "--buffer", "b", "-k", "-j1", "--report-json", "report", "--shell", command];
    for is_met_by_another in [false, true] {
        let input = b"first\nsecond\nthird\n";
        let going = start(&folder, &arguments, input);
        until("at work", || folder.path("b").exists() && figure(&folder, "leased") == 1);
        until("all put", || figure(&folder, "waiting") == 2);
        write_over(&folder, b"second", b"secOnd");
        if is_met_by_another {
            assert_eq!(line(&folder, "take b").exits(0).says(&TOLD).text(), "third\n");
        }
        folder.write("go", b"");
        going.wait().exits(255).says(&TOLD);
        let report = folder.report("report");
        for (key, expected) in
            [("produced", 3.0), ("finished", 2.0), ("failed", 1.0), ("remaining", 0.0)]
        {
            assert!((number(&report, key) - expected).abs() < 0.5, "{key} in {report}");
        }
        // It is in the input still, and put again.
        let again = run(&folder, &arguments, input).exits(0);
        assert!(again.text().contains("second\n"));
        for name in ["b", "b.joblog", "go"] {
            std::fs::remove_file(folder.path(name)).expect("it is there");
        }
    }
}
