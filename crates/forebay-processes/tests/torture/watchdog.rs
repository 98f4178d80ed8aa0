//! The guard against hangs: a test that does not go on for so long ends the program, and its children with it.

use std::process;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How long one step of a test may take: far past what a slow machine needs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

struct Watched {
    what: String,
    since: Instant,
}

static WATCHED: OnceLock<Mutex<Option<Watched>>> = OnceLock::new();

fn set(watched: Option<Watched>) {
    let mutex = WATCHED.get_or_init(|| {
        thread::spawn(look);
        Mutex::new(None)
    });
    *mutex.lock().unwrap_or_else(PoisonError::into_inner) = watched;
}

fn look() {
    loop {
        thread::sleep(Duration::from_millis(500));
        let Some(mutex) = WATCHED.get() else { continue };
        let watched = mutex.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(watched) = &*watched
            && watched.since.elapsed() > PATIENCE
        {
            eprintln!("hung for {PATIENCE:?}: {}", watched.what);
            process::exit(101);
        }
    }
}

pub(crate) fn begin(test: &str, seed: u64) {
    set(Some(Watched { what: format!("{test}, seed {seed}"), since: Instant::now() }));
}

/// The test goes on, with this.
pub(crate) fn step(what: &str) {
    set(Some(Watched { what: what.to_owned(), since: Instant::now() }));
}

pub(crate) fn end() {
    set(None);
}

/// Sleeps until it is so; hangs into the watchdog otherwise.
pub(crate) fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    step(what);
    while !is_so() {
        thread::sleep(Duration::from_micros(500));
    }
}
