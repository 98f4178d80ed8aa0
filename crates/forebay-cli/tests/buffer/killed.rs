//! `kill -9` of `work` at any moment: nothing is lost, nothing is left running.

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal};

use crate::forebay::{Folder, Going, buffer, figure, input, line, run, start, stat, until};
use crate::work::is_running;

#[test]
fn what_it_held_goes_back_at_once_and_what_ran_is_gone_before() {
    let folder = buffer("");
    run(&folder, &["put", "b", "x"], b"").exits(0);
    // A shell, its child, and a grandchild in the background.
    let script = "(sleep 300 & echo $! >> numbers; wait) & echo $$ $! >> numbers; wait; : {}";
    let work = start(&folder, &["work", "b", "--shell", script], b"");
    until("at work", || folder.lines("numbers").len() == 2);
    work.signal(Signal::KILL);
    work.wait().exits(137);
    // It waits until the item is there.
    assert_eq!(line(&folder, "take b").exits(0).text(), "x\n");
    let numbers = folder.lines("numbers");
    for process in numbers.iter().flat_map(|line| line.split(' ')) {
        assert!(!is_running(process), "{process} still works on an item that was delivered again");
    }
}

/// A command that tells when another works on its item at the same time: the kernel frees a lock only when nobody of
/// those who have it is left.
const ALONE: &str = "exec 9> lock-{#}; flock -n 9 || echo {} >> overlap; \
                     echo {} >> begun; sleep 0.0$(({#} % 4)); echo {} >> ended";

fn kill_again_and_again(folder: &Folder, items: u32, work: &[&str], rounds: u64) {
    run(folder, &["put", "-q", "b"], &input(1..=items)).exits(0);
    line(folder, "close b").exits(0);
    for round in 0..rounds {
        let victim = start(folder, work, b"");
        let before = folder.lines("ended").len();
        // From before it has begun to the midst of its work.
        if round % 4 > 0 {
            until("at work", || {
                folder.lines("ended").len() > before || figure(folder, "waiting") == 0
            });
        }
        thread::sleep(Duration::from_micros(round * 7919 % 60_000));
        victim.signal(Signal::KILL);
        victim.wait();
    }
    run(folder, work, b"").exits(0);
    let now = stat(folder);
    assert_eq!((&now["waiting"], &now["leased"], &now["dead"]), (&0.into(), &0.into(), &0.into()));
    assert_eq!(now["finished"], items);
    line(folder, "verify b").exits(0);
}

#[test]
fn every_item_is_done_whenever_it_is_killed() {
    let folder = buffer("");
    let work = ["work", "b", "-q", "-j4", "--shell", ALONE];
    kill_again_and_again(&folder, 300, &work, 12);
    let ended: BTreeSet<_> = folder.lines("ended").into_iter().collect();
    assert_eq!(ended.len(), 300, "each was done to its end");
    assert_eq!(folder.lines("overlap"), [""; 0], "two at a time worked on these");
}

#[test]
fn every_item_is_done_by_workers_whenever_they_are_killed() {
    let folder = buffer("--capacity 20000");
    let work = [
        "work",
        "b",
        "-q",
        "-j2",
        "--worker",
        "--shell",
        "while read -r item; do echo $item >> ended; echo; done",
    ];
    kill_again_and_again(&folder, 20_000, &work, 8);
    let ended: BTreeSet<_> = folder.lines("ended").into_iter().collect();
    assert_eq!(ended.len(), 20_000);
}

#[test]
fn others_go_on_when_one_is_killed() {
    let folder = buffer("");
    let work = ["work", "b", "-q", "-j2", "--shell", ALONE];
    let others = [0, 1].map(|_| start(&folder, &work, b""));
    let victim = start(&folder, &work, b"");
    run(&folder, &["put", "-q", "b"], &input(1..=200)).exits(0);
    line(&folder, "close b").exits(0);
    until("at work", || folder.lines("begun").len() > 20);
    victim.signal(Signal::KILL);
    victim.wait();
    for other in others {
        other.wait().exits(0);
    }
    let ended: BTreeSet<_> = folder.lines("ended").into_iter().collect();
    assert_eq!((ended.len(), figure(&folder, "finished")), (200, 200));
    assert_eq!(folder.lines("overlap"), [""; 0]);
}

/// The process that ends what it runs if it is killed.
fn guard_of(work: &Going) -> Pid {
    let mark = format!("guard-of-run\0{}\0", work.child.id());
    let guards: Vec<_> = std::fs::read_dir("/proc")
        .expect("/proc")
        .flatten()
        .filter(|process| {
            std::fs::read(process.path().join("cmdline"))
                .is_ok_and(|line| line.ends_with(mark.as_bytes()))
        })
        .filter_map(|process| process.file_name().to_str()?.parse().ok())
        .filter_map(Pid::from_raw)
        .collect();
    let [guard] = guards[..] else { panic!("{guards:?}") };
    guard
}

#[test]
fn once_does_what_a_process_had_that_was_killed() {
    // Nobody is sent SIGHUP and SIGCONT then for being orphaned while it is stopped.
    rustix::process::set_child_subreaper(Some(rustix::process::getpid())).expect("set");
    let folder = buffer("");
    run(&folder, &["put", "b", "x", "y"], b"").exits(0);
    let victim = start(&folder, &["work", "b", "-j1", "--shell", "sleep 300; : {}"], b"");
    until("at work", || figure(&folder, "leased") == 1);
    let guard = guard_of(&victim);
    rustix::process::kill_process(guard, Signal::STOP).expect("it is there");
    victim.signal(Signal::KILL);
    victim.wait();
    let once = start(&folder, &["work", "b", "--once", "-q", "-j1", "echo"], b"");
    once.until_printed("y\n");
    thread::sleep(Duration::from_millis(300));
    rustix::process::kill_process(guard, Signal::CONT).expect("it is there");
    assert_eq!(once.wait().exits(0).text(), "y\nx\n");
    assert_eq!(figure(&folder, "finished"), 2);
}

#[test]
fn an_item_is_nobody_elses_while_what_works_on_it_is_not_gone() {
    // Nobody is sent SIGHUP and SIGCONT then for being orphaned while it is stopped.
    rustix::process::set_child_subreaper(Some(rustix::process::getpid())).expect("set");
    let folder = buffer("");
    run(&folder, &["put", "b", "x"], b"").exits(0);
    let work =
        start(&folder, &["work", "b", "--shell", "echo $$ >> numbers; exec sleep 300; : {}"], b"");
    until("at work", || folder.lines("numbers").len() == 1);
    let guard = guard_of(&work);
    // Whoever is to end what runs does not come to it.
    rustix::process::kill_process(guard, Signal::STOP).expect("it is there");
    work.signal(Signal::KILL);
    work.wait().exits(137);
    assert_eq!(line(&folder, "take b --timeout 300ms").exits(1).text(), "");
    assert!(is_running(&folder.lines("numbers")[0]));
    rustix::process::kill_process(guard, Signal::CONT).expect("it is there");
    assert_eq!(line(&folder, "take b").exits(0).text(), "x\n");
    assert!(!is_running(&folder.lines("numbers")[0]));
}
