//! `--halt`: stopping early, now or soon.

use crate::forebay::{Folder, assert_sums, input, number, run};

#[test]
fn now_stops_what_runs() {
    let folder = Folder::new();
    let report = folder.arg("report");
    let arguments = ["-j3", "--halt", "now,fail=1", "--report-json", &report];
    let script = "[ $0 = bad ] && exit 1; exec sleep 300";
    let items = b"one\ntwo\nbad\nmore\nstill more\n";
    let ended = run(&[&arguments[..], &["sh", "-c", script]].concat(), items).exits(1);
    ended.says(&["halted", "1 failed"]).says(&["0 finished, 1 failed, 4 remaining"]);
    assert_sums(&folder.report("report"));
}

#[test]
fn soon_lets_what_runs_finish() {
    let folder = Folder::new();
    let report = folder.arg("report");
    // The third starts only once the other two run.
    let script = format!(
        "touch {0}/{{}}; [ {{}} = bad ] || {{ sleep 0.4; echo {{}}; exit; }}; \
         until [ -e {0}/one ] && [ -e {0}/two ]; do sleep 0.01; done; exit 1",
        folder.root().display()
    );
    let arguments = ["-j3", "--halt", "soon,fail=1", "--report-json", &report, "--shell", &script];
    let ended = run(&arguments, b"one\ntwo\nbad\nmore\nstill more\n").exits(1);
    assert_eq!(ended.lines(), ["one", "two"]);
    let report = folder.report("report");
    assert_sums(&report);
    assert!((number(&report, "remaining") - 2.0).abs() < 0.5, "{report}");
}

#[test]
fn success_is_success() {
    let ended =
        run(&["-j1", "--halt", "now,success=1", "sh", "-c", "echo $0; exit $0"], b"1\n0\n1\n");
    assert_eq!(ended.exits(0).text(), "1\n0\n");
}

#[test]
fn so_many_done() {
    let ended =
        run(&["-j1", "--halt", "soon,done=3", "sh", "-c", "echo $0; exit $0"], b"0\n1\n0\n0\n");
    assert_eq!(ended.exits(1).text(), "0\n1\n0\n");
}

#[test]
fn a_percentage_of_all_items() {
    let items: Vec<_> = (1..=10).map(|n| n.to_string()).collect();
    let mut arguments = vec!["-j1", "--halt", "soon,fail=30%", "sh", "-c", "echo $0; false", ":::"];
    arguments.extend(items.iter().map(String::as_str));
    assert_eq!(run(&arguments, b"").exits(3).text(), "1\n2\n3\n");
    // Read from a file: counted before the start.
    let folder = Folder::new();
    let file = folder.write("items", &input(1..=1_000));
    let ended = run(&["-j1", "--halt", "soon,done=0.5%", "-a", &file, "echo"], b"").exits(0);
    assert_eq!(ended.text(), "1\n2\n3\n4\n5\n");
    // Through a pipe: known once it has been read to its end.
    let ended =
        run(&["-j1", "--halt", "soon,done=50%", "sh", "-c", "sleep 0.2; echo $0"], &input(1..=4));
    assert_eq!(ended.exits(0).text(), "1\n2\n");
}

#[test]
fn a_condition_never_reached_changes_nothing() {
    run(&["--halt", "now,fail=2", "sh", "-c", "exit $0"], b"0\n1\n0\n").exits(1);
}
