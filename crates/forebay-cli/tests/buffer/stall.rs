//! A process that was stopped while it had the lock.
//!
//! That it is stopped just then cannot be brought about from outside; so its number is written where the lock is.

use std::fs::File;
use std::os::unix::fs::FileExt;

use crate::forebay::{Folder, Going, buffer, figure, input, line, run, start, until};

/// Where the lock is: the first word of the second page.
const LOCK: u64 = 4096;

struct Lock(File);

impl Lock {
    fn of(folder: &Folder) -> Self {
        Self(File::options().read(true).write(true).open(folder.path("b")).expect("open"))
    }

    /// Gives it to the first participant, unless it is taken: one who really has it is about to let it go.
    fn give_to_the_first(&self) {
        let mut word = [0; 4];
        self.0.read_exact_at(&mut word, LOCK).expect("read");
        if word == [0; 4] {
            self.0.write_all_at(&1u32.to_le_bytes(), LOCK).expect("written");
        }
    }

    fn let_go(&self) {
        self.0.write_all_at(&[0; 4], LOCK).expect("written");
    }
}

/// Waits until it is told that the process holds everybody up.
fn until_told(lock: &Lock, told: &Going, of: &Going) {
    let words = format!("b: process {} has held the buffer's lock for ", of.child.id());
    until(&words, || {
        lock.give_to_the_first();
        told.has_said(&words)
    });
    assert!(told.has_said("if it was stopped, continue or kill it; until then this waits"));
}

#[test]
fn those_who_work_tell_of_it_and_go_on_when_it_does() {
    let folder = buffer("--capacity 3");
    let stopped = start(&folder, &["put", "-q", "b"], &input(1..=5));
    until("full", || figure(&folder, "producers_waiting") == 1);
    let lock = Lock::of(&folder);
    // The first try fails: then it looks for another item while that one is about to go back.
    let command = "echo {} >> begun; until [ -e go ]; do sleep 0.01; done; mkdir failed 2> rest && exit 1; echo {}";
    let flags = ["work", "b", "-k", "-j1", "--retries", "2", "--backoff", "1ms", "--shell"];
    let work = start(&folder, &[&flags[..], &[command]].concat(), b"");
    until("at work", || folder.lines("begun").len() == 1);
    until("full again", || {
        figure(&folder, "waiting") == 3 && figure(&folder, "producers_waiting") == 1
    });
    until_told(&lock, &work, &stopped);
    folder.write("go", b"");
    // One that only begins, and one that brings items.
    let other = start(&folder, &["work", "b", "-j1", "echo"], b"");
    until_told(&lock, &other, &stopped);
    let run = start(&folder, &["run", "--buffer", "b", "-j1", "echo"], b"x\ny\n");
    until_told(&lock, &run, &stopped);
    assert_eq!(folder.lines("begun").len(), 1);
    lock.let_go();
    stopped.wait().exits(0);
    run.wait().exits(0);
    other.until_said("b: it goes on, after ");
    line(&folder, "close b").exits(0);
    work.wait().exits(0);
    other.wait().exits(0);
    assert_eq!((figure(&folder, "finished"), figure(&folder, "dead")), (7, 0));
}

#[test]
fn other_verbs_tell_of_it_too() {
    let folder = buffer("--capacity 3");
    let stopped = start(&folder, &["put", "-q", "b"], &input(1..=4));
    until("full", || figure(&folder, "producers_waiting") == 1);
    let lock = Lock::of(&folder);
    lock.give_to_the_first();
    let verbs = ["take b -n 3", "close b", "verify b", "join b --timeout 1h", "put b x"];
    let verbs = verbs.map(|verb| crate::forebay::start_line(&folder, verb));
    for verb in &verbs {
        until_told(&lock, verb, &stopped);
    }
    // Nobody tells of himself, as when he looks through a large buffer.
    assert!(!stopped.has_said("has held"));
    // Whoever only looks does not wait.
    line(&folder, "stat b").exits(0);
    lock.let_go();
    let [take, close, verify, join, put] = verbs;
    take.wait().exits(0);
    close.wait().exits(0);
    verify.wait().exits(0);
    run(&folder, &["take", "b", "--all", "--no-wait"], b"").exits(0);
    join.wait().exits(0);
    let _ = (put.wait(), stopped.wait());
}
