//! Prints what happens, as it happens: when, who, what.
//!
//! The lines of one actor come in the order of what it did. Whoever puts or takes without waiting does
//! so while it has the page, so those lines come in the order of the buffer, too; the line of one who
//! had to wait comes a moment after it was woken, and somebody quick may have been written down
//! before.

use std::fmt;
use std::io::{self, ErrorKind, IsTerminal as _, StdoutLock, Write as _};
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use forebay::Statistics;
use rustix::termios::tcgetwinsize;

use super::cast::{Actor, Cast, Role};
use super::litter;

/// The one who tells.
#[derive(Debug)]
pub(super) struct Narrator {
    begun: Instant,
    coloured: bool,
    /// Whoever has it may print.
    page: Mutex<Room>,
}

/// How many lines are still told of what actors do.
#[derive(Debug)]
struct Room {
    left: usize,
    /// Whether it has been said that there is more.
    ended: bool,
}

impl Narrator {
    /// Tells who plays.
    pub(super) fn begin(cast: &Cast) -> Self {
        let asked_for_none = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let narrator = Self {
            begun: Instant::now(),
            coloured: io::stdout().is_terminal() && !asked_for_none,
            page: Mutex::new(Room { left: usize::MAX, ended: false }),
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

    /// Begins a part of a scene that has several. Of what actors do in it, the first `lines` are told.
    pub(super) fn chapter(&self, title: impl fmt::Display, lines: usize) {
        print_all([String::new(), title.to_string()]);
        let mut room = self.page.lock().unwrap_or_else(PoisonError::into_inner);
        *room = Room { left: lines, ended: false };
    }

    /// The page: nobody else prints until it is dropped.
    pub(super) fn page(&self) -> Page<'_> {
        let turn = self.page.lock().unwrap_or_else(PoisonError::into_inner);
        Page { narrator: self, turn }
    }
}

/// Tells how the buffer was used; the last line is the account.
pub(super) fn end(statistics: &Statistics) {
    report(statistics);
    account(statistics.produced, statistics.finished, statistics.unfinished());
}

/// Who waited, and how deep the buffer was.
pub(super) fn report(statistics: &Statistics) {
    let waited =
        |side, cause, time| format!("{side} waited {} in all, on {cause} buffer", shown(time));
    let capacity = statistics.capacity.unwrap_or_default();
    print_all([
        waited("producers", "a full", statistics.producer_wait),
        waited("consumers", "an empty", statistics.consumer_wait),
        format!("high-water mark {} of {capacity}", statistics.high_water),
    ]);
}

/// The last line of a scene.
pub(super) fn account(produced: u64, consumed: u64, remaining: u64) {
    print_all([format!("{produced} produced, {consumed} consumed, {remaining} remaining")]);
}

/// The right to print.
pub(super) struct Page<'a> {
    narrator: &'a Narrator,
    turn: MutexGuard<'a, Room>,
}

impl Page<'_> {
    /// One line: what an actor did. Once there is no room for more, it is said so, and no more.
    pub(super) fn line(&mut self, who: Actor, what: impl fmt::Display) {
        let Some(left) = self.turn.left.checked_sub(1) else {
            if !mem::replace(&mut self.turn.ended, true) {
                print_all([format!("{:>10}  and so on", "...")]);
            }
            return;
        };
        self.turn.left = left;
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
        Role::Collector | Role::Stage => 35,
        Role::Main => 1,
    };
    if coloured { format!("\x1b[{colour}m{who:<13}\x1b[0m") } else { format!("{who:<13}") }
}

/// A number of things.
pub(super) fn counted(number: u64, what: &str) -> String {
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
    litter::stop_at_the_end();
    let print = |mut out: StdoutLock<'_>| {
        lines.into_iter().try_for_each(|line| writeln!(out, "{line}")).and_then(|()| out.flush())
    };
    match print(io::stdout().lock()) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::BrokenPipe => litter::exit(0),
        Err(error) => give_up(&format!("cannot print: {error}")),
    }
}

/// Ends the program: the scene cannot go on.
pub(super) fn give_up(complaint: &str) -> ! {
    litter::stop_at_the_end();
    eprintln!("forebay demo: {complaint}");
    litter::exit(255)
}

/// How many columns there are to print in: the terminal's; in a file as many as one likes to read.
pub(super) fn width() -> usize {
    let columns = tcgetwinsize(io::stdout()).map_or(0, |size| size.ws_col);
    if columns == 0 { 100 } else { columns.into() }
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
