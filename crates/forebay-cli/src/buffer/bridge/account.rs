//! What a bridge has done, and how it is told.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use serde::Serialize;

use super::say;
use crate::buffer::place::{Buffer, Place};
use crate::buffer::{NOT_SO, USAGE, counted, unreadable};
use crate::run::progress::Figures;

/// Why it ended.
#[derive(Debug)]
pub(super) enum Ending {
    /// Nothing waits any more.
    Empty,
    /// There is nothing any more, and nothing will come.
    Closed,
    /// By this signal.
    Interrupted(i32),
    /// For this reason, on one line.
    Broken(String),
}

/// What was done so far. Its counts are for the people who look, and nothing goes by them: all are relaxed.
#[derive(Debug)]
pub(super) struct Account {
    from: Place,
    to: Place,
    is_json: bool,
    is_quiet: bool,
    began: Instant,
    moved: AtomicU64,
    perhaps_twice: AtomicU64,
    set_aside: AtomicU64,
    /// What is waited for, and since when.
    waits: Mutex<Option<(&'static str, Instant)>>,
    is_concluded: AtomicBool,
}

#[derive(Debug, Serialize)]
struct Summary {
    from: String,
    to: String,
    ended: &'static str,
    moved: u64,
    perhaps_twice: u64,
    set_aside: u64,
    unreadable: u64,
    seconds: f64,
}

impl Account {
    pub(super) fn new(from: &Place, to: &Place, is_json: bool, is_quiet: bool) -> Self {
        Self {
            from: from.clone(),
            to: to.clone(),
            is_json,
            is_quiet,
            began: Instant::now(),
            moved: AtomicU64::new(0),
            perhaps_twice: AtomicU64::new(0),
            set_aside: AtomicU64::new(0),
            waits: Mutex::default(),
            is_concluded: AtomicBool::new(false),
        }
    }

    /// So many are at the other end now.
    pub(super) fn moved(&self, items: usize) {
        self.moved.fetch_add(items as u64, Ordering::Relaxed);
    }

    /// So many may be at both ends.
    pub(super) fn doubt(&self, items: usize) {
        self.perhaps_twice.fetch_add(items as u64, Ordering::Relaxed);
    }

    /// One is a dead letter now.
    pub(super) fn set_aside(&self) {
        self.set_aside.fetch_add(1, Ordering::Relaxed);
    }

    /// Something is waited for from here on, or no more.
    pub(super) fn waits(&self, what: Option<&'static str>) {
        let since = what.map(|what| (what, Instant::now()));
        *self.waits.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }

    /// What a bar shows: how full the buffer is from which it takes.
    pub(super) fn figures(&self, from: Option<&Buffer>) -> Figures {
        // Without an answer the bar shows none waiting.
        let standing = from.and_then(|from| from.statistics().ok()).unwrap_or_default();
        let waits = *self.waits.lock().unwrap_or_else(PoisonError::into_inner);
        let note = match waits.map(|(what, since)| (what, since.elapsed().as_secs())) {
            Some((what, seconds @ 1..)) => format!("waits for {what}, {seconds} s"),
            _ => String::new(),
        };
        Figures {
            ended: self.moved.load(Ordering::Relaxed),
            total: None,
            note,
            waiting: standing.waiting,
            capacity: from.map_or(0, |from| from.settings().capacity),
        }
    }

    /// Says what there is to say, once, and gives the exit status.
    pub(super) fn conclude(&self, ending: &Ending, unread: u64) -> u8 {
        let count = |of: &AtomicU64| of.load(Ordering::Relaxed);
        let set_aside = count(&self.set_aside);
        let status = match ending {
            Ending::Broken(_) => USAGE,
            Ending::Interrupted(signal) => 128 + *signal as u8,
            Ending::Empty | Ending::Closed if set_aside + unread > 0 => NOT_SO,
            Ending::Empty | Ending::Closed => 0,
        };
        if self.is_concluded.swap(true, Ordering::Relaxed) {
            return status;
        }
        let (moved, perhaps_twice) = (count(&self.moved), count(&self.perhaps_twice));
        let seconds = self.began.elapsed().as_secs_f64();
        if unread > 0 {
            say(unreadable(&self.from, unread));
        }
        if let Ending::Broken(why) = ending {
            say(why);
        }
        if !self.is_quiet || status != 0 || perhaps_twice > 0 {
            let is_interrupted = matches!(ending, Ending::Interrupted(_));
            let begins = if is_interrupted { "interrupted: " } else { "" };
            let mut line = format!("{begins}{} moved", counted(moved));
            if moved > 1 {
                let rate = moved as f64 / seconds.max(1e-6);
                let _ = write!(line, " in {seconds:.2} s ({rate:.0}/s)");
            }
            if perhaps_twice > 0 {
                let _ = write!(line, ", at most {perhaps_twice} of them twice");
            }
            if set_aside > 0 {
                let _ = write!(line, ", {set_aside} set aside: see `forebay dead {}`", self.from);
            }
            say(line);
        }
        if self.is_json {
            let summary = Summary {
                from: self.from.to_string(),
                to: self.to.to_string(),
                ended: match ending {
                    Ending::Empty => "empty",
                    Ending::Closed => "closed",
                    Ending::Interrupted(_) => "interrupted",
                    Ending::Broken(_) => "broken",
                },
                moved,
                perhaps_twice,
                set_aside,
                unreadable: unread,
                seconds,
            };
            // Strings and numbers: there is nothing to go wrong, and who does not read is not our concern.
            let line = serde_json::to_string(&summary).unwrap_or_default() + "\n";
            let _ = crate::page::print(line.as_bytes());
        }
        status
    }
}
