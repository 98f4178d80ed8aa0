//! Groups of items for one command: `-n`.

use std::fs::OpenOptions;
use std::io::Write as _;

use rustix::process::Signal;

use crate::forebay::{Folder, buffer, figure, input, line, run, start, until};
use crate::run_killed::seconds_now;

#[test]
fn a_group_is_of_items_that_follow_each_other() {
    let folder = buffer("");
    run(&folder, &["put", "-q", "b"], &input(1..=9)).exits(0);
    let held = "until [ -e go ]; do sleep 0.01; done; : {}";
    // The second and the fifth are in other hands.
    let flags = ["work", "b", "-q", "-j1", "--once", "--halt", "soon,done=1", "--shell"];
    let hold = |folder: &Folder, leased| {
        let going =
            start(folder, &["work", "b", "-j1", "--halt", "soon,done=1", "--shell", held], b"");
        until("at work", || figure(folder, "leased") == leased);
        going
    };
    run(&folder, &[&flags[..], &["echo {}"]].concat(), b"").exits(0);
    let first = hold(&folder, 1);
    let failing =
        ["work", "b", "-q", "-j1", "--retries", "9", "--backoff", "1h", "--shell", "false {}"];
    let failing = start(&folder, &failing, b"");
    until("they failed", || figure(&folder, "leased") == 8);
    // What failed comes back, but for the fifth.
    failing.signal(Signal::INT);
    failing.wait().exits(130);
    until("back", || figure(&folder, "leased") == 1);
    let second = start(&folder, &["work", "b", "-j1", "-n3", "--shell", held], b"");
    until("a group", || figure(&folder, "leased") == 4);
    let third = hold(&folder, 5);
    let rest = line(&folder, "work b --once -q -k -j1 -n4 echo").exits(0);
    assert_eq!(rest.text(), "7 8 9\n");
    second.signal(Signal::KILL);
    second.wait();
    // The third to the fifth are there again, and the sixth is not.
    let rest = line(&folder, "work b --once -q -k -j1 -n4 --joblog log echo").exits(0);
    assert_eq!(rest.text(), "3 4 5\n");
    assert!(folder.lines("log")[1].starts_with("3\t"));
    folder.write("go", b"");
    first.wait().exits(0);
    third.wait().exits(0);
    assert_eq!(figure(&folder, "finished"), 9);
}

#[test]
fn what_does_not_follow_is_left_to_others() {
    let folder = buffer("");
    run(&folder, &["put", "-q", "b"], &input(1..=4)).exits(0);
    let held = "until [ -e go ]; do sleep 0.01; done; : {}";
    let hold = |flags: &[&str], leased| {
        let going =
            start(&folder, &[&["work", "b", "-q"], flags, &["--shell", held]].concat(), b"");
        until("at work", || figure(&folder, "leased") == leased);
        going
    };
    let first = hold(&["-j1"], 1);
    let second = hold(&["-j1", "-n2"], 3);
    first.signal(Signal::KILL);
    first.wait();
    // The first is back, and before the fourth are two in other hands.
    until("back", || figure(&folder, "waiting") == 2 || line(&folder, "dead b").code() != 0);
    let third = hold(&["-j1", "-n2"], 3);
    assert_eq!(line(&folder, "take b").exits(0).text(), "4\n");
    folder.write("go", b"");
    line(&folder, "close b").exits(0);
    second.wait().exits(0);
    third.wait().exits(0);
}

/// A line that says that these items have finished, the first of which has this number.
fn group_line(number: u32, items: &str) -> String {
    format!("{number}\t:\t{:.3}\t0.1\t0\t0\t0\t0\ttrue\t{items}\n", seconds_now())
}

fn add(folder: &Folder, text: &str) {
    let log = OpenOptions::new().append(true).open(folder.path("b.joblog"));
    log.expect("it is there").write_all(text.as_bytes()).expect("written");
}

#[test]
fn nothing_of_a_group_whose_line_is_there_is_done_again_by_those_who_work_beside() {
    let folder = buffer("");
    run(&folder, &["put", "-q", "b"], &input(1..=7)).exits(0);
    let victim = start(&folder, &["work", "b", "-j1", "-n7", "--shell", "sleep 300; : {}"], b"");
    until("at work", || figure(&folder, "leased") == 7);
    let header = "Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\tItem\t# forebay run";
    // In one the third is another item.
    let log = format!("{header} true\n{}{}", group_line(2, "2\tx\t4"), group_line(6, "6"));
    folder.write("b.joblog", log.as_bytes());
    victim.signal(Signal::KILL);
    victim.wait();
    let work = line(&folder, "work b --once -k -j1 -n3 echo").exits(0);
    assert_eq!(work.text(), "1\n3\n5\n7\n");
    assert_eq!(figure(&folder, "finished"), 7);
}

#[test]
fn a_run_that_goes_on_does_nothing_again_of_a_group_whose_line_is_there() {
    for columns in [false, true] {
        let folder = Folder::new();
        let command = "echo {} >> begun; until [ -e go ]; do sleep 0.01; done";
        let mut arguments = vec!["run", "--buffer", "b", "-q", "-j1", "-n3"];
        if columns {
            arguments.extend(["-C", ","]);
        }
        arguments.extend(["--shell", command]);
        let (items, told): (&[u8], _) = if columns {
            (b"1,a\n2,b\n3,c\n4,d\n5,e\n", "1\ta\t\\;\t2\tb\t\\;\t3\tc")
        } else {
            (b"1\n2\n3\n4\n5\n", "1\t2\t3")
        };
        let going = start(&folder, &arguments, items);
        until("at work", || folder.lines("begun").len() == 1);
        until("all put", || figure(&folder, "produced") == 5);
        // Killed between the line of the first group and its acks.
        add(&folder, &group_line(1, told));
        going.signal(Signal::KILL);
        going.wait();
        folder.write("go", b"");
        run(&folder, &arguments, items).exits(0);
        let begun = folder.lines("begun");
        assert_eq!(begun.len(), 2, "{begun:?}");
        assert!(begun[1].starts_with('4') && begun[1].contains('5'), "{begun:?}");
        assert_eq!(figure(&folder, "finished"), 5);
    }
}
