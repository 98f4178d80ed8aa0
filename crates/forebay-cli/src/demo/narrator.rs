//! Prints what happens, as it happens: when, who, what.
//!
//! The lines of one actor come in the order of what it did. Whoever puts or takes without waiting does
//! so while it has the page, so those lines come in the order of the buffer, too; the line of one who
//! had to wait comes a moment after it was woken, and somebody quick may have been written down
//! before.

use std::fmt;
use std::io::{self, ErrorKind, IsTerminal as _, StdoutLock, Write as _};
use std::process;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use forebay::Statistics;

use super::cast::{Actor, Cast, Role};

/// The one who tells.
#[derive(Debug)]
pub(super) struct Narrator {
    begun: Instant,
    coloured: bool,
    /// Whoever has it may print.
    page: Mutex<()>,
}

impl Narrator {
    /// Tells who plays.
    pub(super) fn begin(cast: &Cast) -> Self {
        let asked_for_none = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let narrator = Self {
            begun: Instant::now(),
            coloured: io::stdout().is_terminal() && !asked_for_none,
            page: Mutex::new(()),
        };
        let items =
            cast.items.map_or("items without end".to_owned(), |items| counted(items, "item"));
        print_all([format!(
            "{}: {}, {}, capacity {}, {items}, seed {}",
            cast.scene,
            counted(cast.producers, "producer"),
            counted(cast.consumers, "consumer"),
            cast.capacity,
            cast.seed,
        )]);
        narrator
    }

    /// The page: nobody else prints until it is dropped.
    pub(super) fn page(&self) -> Page<'_> {
        let turn = self.page.lock().unwrap_or_else(PoisonError::into_inner);
        Page { narrator: self, _turn: turn }
    }
}

/// Tells how the buffer was used; the last line is the account.
pub(super) fn end(statistics: &Statistics) {
    let waited =
        |side, cause, time| format!("{side} waited {} in all, on {cause} buffer", shown(time));
    let capacity = statistics.capacity.unwrap_or_default();
    print_all([
        waited("producers", "a full", statistics.producer_wait),
        waited("consumers", "an empty", statistics.consumer_wait),
        format!("high-water mark {} of {capacity}", statistics.high_water),
        format!(
            "{} produced, {} consumed, {} remaining",
            statistics.produced,
            statistics.finished,
            statistics.unfinished()
        ),
    ]);
}

/// The right to print.
pub(super) struct Page<'a> {
    narrator: &'a Narrator,
    _turn: MutexGuard<'a, ()>,
}

impl Page<'_> {
    /// One line: what an actor did.
    pub(super) fn line(&mut self, who: Actor, what: impl fmt::Display) {
        let at = shown(self.narrator.begun.elapsed());
        let who = painted(self.narrator.coloured, who);
        print_all([format!("{at:>10}  {who}  {what}")]);
    }
}

/// An actor's name in its column, and in its side's colour.
fn painted(coloured: bool, who: Actor) -> String {
    let colour = match who.role {
        Role::Producer => 32,
        Role::Consumer => 36,
        Role::Collector => 35,
        Role::Main => 1,
    };
    if coloured { format!("\x1b[{colour}m{who:<13}\x1b[0m") } else { format!("{who:<13}") }
}

fn counted(number: u64, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}

/// A time as a person says it.
pub(super) fn shown(time: Duration) -> String {
    if time < Duration::from_secs(1) {
        format!("{:.1} ms", time.as_secs_f64() * 1e3)
    } else {
        format!("{:.2} s", time.as_secs_f64())
    }
}

/// Prints lines to standard output. When nobody reads them any more (`| head`), there is nothing left
/// to tell, and the program ends quietly.
pub(super) fn print_all(lines: impl IntoIterator<Item = String>) {
    let print = |mut out: StdoutLock<'_>| {
        lines.into_iter().try_for_each(|line| writeln!(out, "{line}")).and_then(|()| out.flush())
    };
    match print(io::stdout().lock()) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::BrokenPipe => process::exit(0),
        Err(error) => {
            eprintln!("forebay demo: cannot print: {error}");
            process::exit(255);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_in_a_column_with_and_without_colour() {
        let plain = painted(false, Actor::MAIN);
        let coloured = painted(true, Actor::MAIN);
        assert_eq!(plain.len(), 13);
        assert_eq!(coloured, format!("\x1b[1m{plain}\x1b[0m"));
    }

    #[test]
    fn times_are_short() {
        assert_eq!(shown(Duration::from_micros(1_250)), "1.2 ms");
        assert_eq!(shown(Duration::from_millis(1_500)), "1.50 s");
    }
}
