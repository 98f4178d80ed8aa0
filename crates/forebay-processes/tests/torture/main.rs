//! Processes that use one buffer, killed and stopped: at random, at every store, at every instruction.
//!
//! This program starts itself again for each process that is to die, so it has no harness: `main` is the tests, or what
//! a child does. A short slice by default; as long as `FOREBAY_TORTURE_SECONDS` says, for each test, with
//! `cargo xtask torture`. A failure prints its seed; `FOREBAY_TORTURE_SEED` repeats it, as far as processes can.
//!
//! - [`kills`]: everything at once, killed and stopped at random, against a [`ledger`] that the buffer knows nothing of.
//! - [`stores`]: each [`operation`], killed before each of its stores to the file; and so its recovery.
//! - [`instructions`]: the same after each instruction.
//! - [`stops`], [`waiters`]: what the others do while one is stopped.

mod account;
mod child;
mod instructions;
mod item;
mod kills;
mod ledger;
mod operation;
mod picture;
mod scene;
#[cfg(feature = "crash-points")]
mod stops;
#[cfg(feature = "crash-points")]
mod stores;
mod waiters;
mod watchdog;
mod worker;

use std::env;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What a test is told: its luck, and how long it may go on.
pub(crate) struct Orders {
    pub(crate) seed: u64,
    /// `None` for the short slice.
    pub(crate) time: Option<Duration>,
}

type Test = (&'static str, fn(&Orders));

const TESTS: &[Test] = &[
    #[cfg(feature = "crash-points")]
    ("killed_at_every_store", stores::killed_at_every_store),
    #[cfg(feature = "crash-points")]
    ("killed_twice", stores::killed_twice),
    #[cfg(feature = "crash-points")]
    ("stopped_with_the_lock", stops::stopped_with_the_lock),
    #[cfg(feature = "crash-points")]
    ("stopped_in_its_recovery", stops::stopped_in_its_recovery),
    #[cfg(feature = "crash-points")]
    ("stopped_while_others_stand_in_line", stops::stopped_while_others_stand_in_line),
    ("stopped_when_called", waiters::stopped_when_called),
    ("killed_when_called", waiters::killed_when_called),
    #[cfg(feature = "crash-points")]
    ("joins_end_at_the_end_only", stops::joins_end_at_the_end_only),
    #[cfg(feature = "crash-points")]
    ("a_dead_leader_of_syncs_is_followed", stops::a_dead_leader_of_syncs_is_followed),
    #[cfg(feature = "crash-points")]
    ("takes_under_way_leave_room", stops::takes_under_way_leave_room),
    ("the_dead_crowd_nobody_out", waiters::the_dead_crowd_nobody_out),
    ("killed_at_every_instruction", instructions::killed_at_every_instruction),
    ("killed_and_stopped_at_random", kills::killed_and_stopped_at_random),
];

fn main() {
    if child::play() {
        return;
    }
    let number = |name: &str| env::var(name).ok().and_then(|text| text.parse().ok());
    let time = number("FOREBAY_TORTURE_SECONDS").map(Duration::from_secs);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |now| now.as_nanos() as u64);
    let seed = number("FOREBAY_TORTURE_SEED").unwrap_or(now % 1_000_000_000);
    let arguments: Vec<String> = env::args().skip(1).collect();
    let wanted: Vec<&String> =
        arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    let is_list = arguments.iter().any(|argument| argument == "--list");
    for (name, test) in TESTS {
        if !wanted.is_empty() && !wanted.iter().any(|wanted| name.contains(wanted.as_str())) {
            continue;
        }
        if is_list {
            println!("{name}: test");
            continue;
        }
        println!("{name} (FOREBAY_TORTURE_SEED={seed})");
        watchdog::begin(name, seed);
        test(&Orders { seed, time });
        watchdog::end();
    }
}
