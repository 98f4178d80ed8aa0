//! The loss of power: every sector of the file holds any image since the last sync of its page.
//!
//! A long life of a buffer, used by one at a time or by several at once, is recorded, store by store; then power fails at some moment of it, also in the middle of
//! an operation, and the disk is put together of what each sector may have held. What is promised of every item
//! follows from what was asked for and had returned. `FOREBAY_TORTURE_SECONDS` says for how long, and
//! `FOREBAY_TORTURE_SEED` repeats one life.

mod baton;
mod company;
mod history;
mod journal;
mod reopening;
mod workload;

use std::env;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use forebay_conformance::watchdog::{PATIENCE, watch};
use forebay_processes::Durability;

use crate::history::History;

const STEPS: usize = 250;
/// Lives, where nobody says for how long: in the last one, a place set aside had links to blocks of others.
const SEEDS: u64 = 16;
/// Images of each life.
const IMAGES: u64 = 200;

fn number(variable: &str) -> Option<u64> {
    env::var(variable).ok()?.parse().ok()
}

/// Where syncs cost nothing: what a disk makes of them is what is simulated here.
fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { memory.to_owned() } else { env::temp_dir() };
    tempfile::tempdir_in(folder).expect("a folder")
}

/// A life in a new buffer at this path: of this durability, from this seed, so many steps long.
type Live = fn(&Path, Durability, u64, usize) -> History;

/// Lives and loses power, for as long as was asked for, from one seed on. Returns for how many steps that were to be on the
/// disk there were how many syncs.
fn lose_power(durability: Durability, live: Live) -> (u64, u64) {
    let folder = folder();
    let time = number("FOREBAY_TORTURE_SECONDS").map(Duration::from_secs);
    let start = Instant::now();
    let mut losses = 0;
    let (mut commits, mut syncs) = (0, 0);
    let first = number("FOREBAY_TORTURE_SEED");
    for seed in first.unwrap_or(if time.is_some() { 1 } else { SEEDS - 3 }).. {
        let path = folder.path().join(format!("life-{seed}"));
        let history = live(&path, durability, seed, STEPS);
        let (more_commits, more_syncs) = history.journal.commits();
        (commits, syncs) = (commits + more_commits, syncs + more_syncs);
        losses += lose_power_in(&path, history, seed);
        let is_over = match time {
            Some(time) => start.elapsed() >= time,
            None => seed >= SEEDS,
        };
        if first.is_some() || is_over {
            break;
        }
    }
    println!("{losses} losses of power; {syncs} syncs for {commits} steps");
    (commits, syncs)
}

fn lose_power_in(path: &Path, history: History, seed: u64) -> u64 {
    let durability = history.durability;
    let history = Arc::new(history);
    let next = AtomicU64::new(0);
    let wrong = Mutex::new(None);
    // Whoever finds the lock held sleeps for a moment, so there are more of them than processors.
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                loop {
                    let image = next.fetch_add(1, Ordering::Relaxed);
                    if image >= IMAGES || wrong.lock().expect("no panic").is_some() {
                        return;
                    }
                    let mut random = fastrand::Rng::with_seed(seed << 32 | image);
                    let time = random.usize(..=history.journal.end());
                    let disk = history.journal.crash(time, &mut random);
                    let path = PathBuf::from(format!("{}-{image}", path.display()));
                    let life = Arc::clone(&history);
                    let checked = watch("an image", PATIENCE, move || {
                        reopening::check(&life, time, disk, &path, &mut random)
                    });
                    if let Err(found) = checked.unwrap_or_else(|mishap| Err(format!("{mishap:?}")))
                    {
                        let found = format!("seed {seed}, image {image} at {time}: {found}");
                        *wrong.lock().expect("no panic") = Some(found);
                    }
                }
            });
        }
    });
    if let Some(found) = wrong.into_inner().expect("no panic") {
        panic!("{durability:?}: {found}");
    }
    IMAGES
}

#[test]
fn what_was_acknowledged_survives_a_loss_of_power() {
    let (commits, syncs) = lose_power(Durability::Power, workload::live);
    assert_eq!(commits, syncs, "one at a time shares no sync");
}

#[test]
fn what_was_acknowledged_to_several_at_once_survives_a_loss_of_power() {
    let (commits, syncs) = lose_power(Durability::Power, company::live);
    assert!(syncs < commits, "no sync was shared: {syncs} for {commits}");
}

#[test]
fn a_buffer_that_promises_nothing_comes_up_clean() {
    assert_eq!(lose_power(Durability::Process, workload::live), (0, 0));
}

#[test]
fn a_buffer_that_promises_nothing_to_several_comes_up_clean() {
    assert_eq!(lose_power(Durability::Process, company::live), (0, 0));
}
