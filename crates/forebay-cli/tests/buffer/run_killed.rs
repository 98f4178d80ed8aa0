//! `kill -9` of `run --buffer` at any moment, and the same line again.

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use rustix::process::Signal;

use crate::forebay::{Folder, figure, input, run, start, stat, until};
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
    crate::forebay::line(&folder, "close b").exits(0);
    work.wait().exits(0);
    // Whoever works beside does not look whether a line was written before an ack that came too late.
    let found: BTreeSet<_> = finished(&folder).into_iter().collect();
    assert_eq!(found, (1..=200).map(|item: u32| item.to_string()).collect());
    assert_eq!(figure(&folder, "produced"), 200);
}
