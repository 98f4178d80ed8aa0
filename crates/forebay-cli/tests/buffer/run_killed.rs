//! `kill -9` of `run --buffer` at any moment, and the same line again.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::process::Signal;

use crate::forebay::{Folder, buffer, figure, input, line, run, start, stat, until};
use crate::run::finished;

fn kill_again_and_again(folder: &Folder, arguments: &[&str], input: &[u8], rounds: u64) {
    for round in 0..rounds {
        let before = folder.lines("ledger").len();
        let mut victim = start(folder, arguments, input);
        let mut has_ended = false;
        if round % 3 > 0 {
            until("at work", || {
                has_ended = victim.child.try_wait().expect("wait").is_some();
                has_ended || folder.lines("ledger").len() > before + round as usize
            });
        }
        if has_ended {
            return;
        }
        thread::sleep(Duration::from_micros(round * 7919 % 40_000));
        victim.signal(Signal::KILL);
        victim.wait();
    }
}

#[test]
fn each_item_is_finished_once_in_the_joblog() {
    let folder = Folder::new();
    let arguments = [
        "run",
        "--buffer",
        "b",
        "-q",
        "-j3",
        "--capacity",
        "40",
        "--retries",
        "50",
        "--backoff",
        "1ms",
        "--shell",
        "i={}; echo $i >> ledger; [ $((i % 10)) != 0 ] || [ $(grep -cx $i ledger) -ge 2 ]",
    ];
    let items = input((1..=300).chain(1..=20));
    kill_again_and_again(&folder, &arguments, &items, 10);
    run(&folder, &arguments, &items).exits(0);
    let mut expected: Vec<_> = (1..=300).chain(1..=20).map(|item: u32| item.to_string()).collect();
    expected.sort();
    assert_eq!(finished(&folder), expected);
    let now = stat(&folder);
    for (key, expected) in
        [("finished", 320), ("produced", 320), ("waiting", 0), ("leased", 0), ("dead", 0)]
    {
        assert_eq!(now[key], expected, "{key} in {now}");
    }
    let ledger: BTreeSet<_> = folder.lines("ledger").into_iter().collect();
    assert_eq!(ledger.len(), 300);
}

#[test]
fn those_who_work_beside_it_add_to_its_joblog() {
    let folder = Folder::new();
    let command = "echo {} >> ledger";
    let arguments = ["run", "--buffer", "b", "-q", "-j1", "--capacity", "20", "--shell", command];
    let items = input(1..=200);
    let first = start(&folder, &arguments, &items);
    until("there", || folder.lines("ledger").len() > 1);
    let work = start(&folder, &["work", "b", "-q", "-j1", "--shell", command], b"");
    first.signal(Signal::KILL);
    first.wait();
    kill_again_and_again(&folder, &arguments, &items, 6);
    run(&folder, &arguments, &items).exits(0);
    line(&folder, "close b").exits(0);
    work.wait().exits(0);
    let mut expected: Vec<_> = (1..=200).map(|item: u32| item.to_string()).collect();
    expected.sort();
    assert_eq!(finished(&folder), expected);
    assert_eq!(figure(&folder, "produced"), 200);
}

#[test]
fn what_the_joblog_beside_it_says_has_finished_is_not_done_again() {
    let folder = buffer("");
    run(&folder, &["put", "b", "x", "y", "z", "w"], b"").exits(0);
    let victim = start(&folder, &["work", "b", "-j4", "--shell", "sleep 300; : {}"], b"");
    until("at work", || figure(&folder, "leased") == 4);
    victim.signal(Signal::KILL);
    victim.wait();
    // As if it had been killed between the line of the first and its ack. Of the others one has failed, one is another
    // item, and one belongs to a buffer that was there before.
    let now = seconds_now();
    let header = "Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\tItem\t# forebay run";
    let rest = "\t     0.001\t0\t0";
    let log = format!(
        "{header} true\n1\t:\t{now:.3}{rest}\t0\t0\ttrue\tx\n2\t:\t{now:.3}{rest}\t1\t0\ttrue\ty\n\
         3\t:\t{now:.3}{rest}\t0\t0\ttrue\tZ\n4\t:\t{:.3}{rest}\t0\t0\ttrue\tw\n",
        now - 3600.0
    );
    folder.write("b.joblog", log.as_bytes());
    let work = line(&folder, "work b --once -k -j1 echo").exits(0);
    assert_eq!(work.text(), "y\nz\nw\n");
    work.says(&["3 items: 3 finished"]);
    assert_eq!((figure(&folder, "finished"), folder.lines("b.joblog").len()), (4, 8));
}

#[test]
fn the_run_itself_does_not_do_again_what_those_beside_it_have_logged() {
    let folder = Folder::new();
    let command = "until [ -e go ]; do sleep 0.01; done; echo {}";
    let items = input(1..=2);
    let run = start(&folder, &["run", "--buffer", "b", "-j1", "--shell", command], &items);
    until("at work", || folder.path("b").exists() && figure(&folder, "leased") == 1);
    let victim = start(&folder, &["work", "b", "-j1", "--shell", "sleep 300; : {}"], b"");
    until("beside it", || figure(&folder, "leased") == 2);
    victim.signal(Signal::KILL);
    victim.wait();
    let mut log = std::fs::OpenOptions::new()
        .append(true)
        .open(folder.path("b.joblog"))
        .expect("it is there");
    writeln!(log, "2\t:\t{:.3}\t0.1\t0\t0\t0\t0\ttrue\t2", seconds_now()).expect("written");
    folder.write("go", b"");
    let run = run.wait().exits(0);
    assert_eq!(run.text(), "1\n");
    run.says(&["2 items: 2 finished"]);
    assert_eq!(finished(&folder), ["1", "2"]);
}

pub(crate) fn seconds_now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("later").as_secs_f64()
}
