//! Plays without a terminal: what is played, what is seen, what keys do.

mod keys;
mod plain;
mod play;
mod screen;

use std::path::{Path, PathBuf};

use clap::Parser;

use super::super::file::FileArgs;
use super::super::run::ScheduleArgs;
use super::opening::Opening;
use super::play::Play;

/// The programs that come with the machine.
const PROGRAMS: [&str; 20] = [
    "arithmetic.toy",
    "atomic_counter.toy",
    "barrier.toy",
    "endless_consumers.toy",
    "lost_wakeup.toy",
    "message_passing.toy",
    "missing_join.toy",
    "mutex.toy",
    "no_mutex.toy",
    "philosophers.toy",
    "philosophers_deadlock.toy",
    "producer_consumer.py",
    "producer_consumer.toy",
    "producer_consumer_unsynchronised.py",
    "readers_writers.toy",
    "rendezvous.toy",
    "semaphore.toy",
    "semaphore_mutex.toy",
    "swapped_waits.toy",
    "two_locks.toy",
];

fn program(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../toyvm/programs").join(name)
}

#[derive(Parser)]
struct Flags {
    #[command(flatten)]
    schedule: ScheduleArgs,
}

/// A play of a file, with flags of `vm run`.
fn play_of(path: &Path, flags: &str) -> Play {
    let words = std::iter::once("step").chain(flags.split_whitespace());
    let flags = Flags::parse_from(words);
    Play::new(Opening::read(&FileArgs::of(path), &flags.schedule).expect("it can be read"))
}

/// A play of a program that comes with the machine.
fn play(name: &str, flags: &str) -> Play {
    play_of(&program(name), flags)
}

/// A play of a text, in whose folder a trace can be saved.
fn play_text(text: &str, flags: &str) -> (tempfile::TempDir, Play) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("program.toy");
    std::fs::write(&path, text).expect("written");
    let play = play_of(&path, flags);
    (folder, play)
}
