//! The group commit: who is told that its step is on the disk, and when.

use std::sync::Arc;

use forebay_contract::Fault;
use loom::sync::atomic::{AtomicU64, Ordering};
use loom::thread;

use crate::commits::Commits;
use crate::futex::{self, Sleep};
use crate::lock::Holder;
use crate::witness::Witness;
use crate::words::{Word, Word32};
use crate::{explore, explore_deaths};

const STEPS: usize = 3;

/// The words of those who sync, the steps of which they tell, and a disk.
struct Synced {
    lock: Word32,
    epoch: Word32,
    drawn: Word,
    synced: Word,
    poisoned: Word,
    witness: Witness,
    /// What each participant did: 1 once it has.
    steps: [Word; STEPS],
    /// Those of them that the disk has, a bit each, and whether the next sync fails. Every look at it is at its last state.
    disk: AtomicU64,
    fails: bool,
}

const HAS_FAILED: u64 = 1 << 32;

impl Synced {
    fn new(fails: bool) -> Arc<Self> {
        let word = || Word::new(0);
        Arc::new(Self {
            lock: Word32::new(0),
            epoch: Word32::new(0),
            drawn: word(),
            synced: word(),
            poisoned: word(),
            witness: Witness::new(),
            steps: std::array::from_fn(|_| word()),
            disk: AtomicU64::new(0),
            fails,
        })
    }

    /// Makes a step, and returns once it is told that it is on the disk: then it is.
    fn step(&self, participant: u32) -> Result<(), Fault> {
        self.steps[participant as usize].set(1);
        let commits = Commits {
            lock: &self.lock,
            epoch: &self.epoch,
            drawn: &self.drawn,
            synced: &self.synced,
            poisoned: &self.poisoned,
        };
        let me = Holder::new(participant, 1);
        let told = commits.commit(me, &self.witness, || Ok(()), || self.sync());
        if told.is_ok() {
            let disk = self.disk.fetch_or(0, Ordering::Relaxed);
            assert!(disk & 1 << participant != 0, "{participant} is told too early: {disk:b}");
        }
        told
    }

    /// What is there when it begins is on the disk when it has ended. After one that failed, the kernel takes all for clean that
    /// it could not write: the next one ends well, and writes nothing.
    fn sync(&self) -> Result<(), Fault> {
        let found = self.steps.iter().zip(0..).map(|(step, at)| step.get() << at).sum();
        let disk = self.disk.fetch_or(if self.fails { HAS_FAILED } else { 0 }, Ordering::Relaxed);
        if !self.fails {
            thread::yield_now();
            self.disk.fetch_or(found, Ordering::Relaxed);
        } else if disk & HAS_FAILED == 0 {
            self.poisoned.commit(5);
            return Err(Fault::System(5));
        }
        Ok(())
    }
}

/// Fails where one is told that its step is on the disk before it is, and where one is not told at all.
#[test]
fn two_are_told_when_their_steps_are_on_the_disk() {
    explore(4, || {
        let synced = Synced::new(false);
        let other = {
            let synced = Arc::clone(&synced);
            thread::spawn(move || synced.step(1))
        };
        assert_eq!(synced.step(0), Ok(()));
        assert_eq!(other.join().unwrap(), Ok(()));
    });
}

/// As above: one may have made its step while another's sync was on the way, and a third sleeps.
#[test]
fn three_are_told_when_their_steps_are_on_the_disk() {
    explore(2, || {
        let synced = Synced::new(false);
        let others = [1, 2].map(|who| {
            let synced = Arc::clone(&synced);
            thread::spawn(move || synced.step(who))
        });
        assert_eq!(synced.step(0), Ok(()));
        for other in others {
            assert_eq!(other.join().unwrap(), Ok(()));
        }
    });
}

/// Their sleeps end early, and they ask for the leader: it lives.
#[test]
fn a_long_sync_is_waited_for() {
    explore(3, || {
        let synced = Synced::new(false);
        let other = {
            let synced = Arc::clone(&synced);
            thread::spawn(move || {
                futex::time_out(3);
                synced.step(1)
            })
        };
        assert_eq!(synced.step(0), Ok(()));
        assert_eq!(other.join().unwrap(), Ok(()));
    });
}

/// One dies at any point, leading or not: the other is told all the same, and not too early.
#[test]
fn a_dead_leader_is_taken_over() {
    explore_deaths(3, |at| {
        let synced = Synced::new(false);
        let dies = {
            let synced = Arc::clone(&synced);
            thread::spawn(move || {
                let step = || assert_eq!(synced.step(0), Ok(()));
                synced.witness.mortal(0, at, step, || true);
            })
        };
        futex::sleep(Sleep::UntilDeath);
        assert_eq!(synced.step(1), Ok(()));
        dies.join().unwrap();
        assert_eq!(synced.step(2), Ok(()));
    });
}

/// The first sync fails, and all after it seem to go well: nobody is told that anything is on the disk.
#[test]
fn a_failed_sync_is_told_to_all() {
    explore(2, || {
        let synced = Synced::new(true);
        let others = [1, 2].map(|who| {
            let synced = Arc::clone(&synced);
            thread::spawn(move || synced.step(who))
        });
        let mut told = vec![synced.step(0)];
        told.extend(others.map(|other| other.join().unwrap()));
        let many = |fault| told.iter().filter(|told| **told == Err(fault)).count();
        assert_eq!((many(Fault::System(5)), many(Fault::Poisoned)), (1, 2), "{told:?}");
    });
}
