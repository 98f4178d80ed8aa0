//! The kernel's futex: a table of sleepers under a lock of its own.
//!
//! A sleep lasts until a wake: a time that runs out would hide that a wake was lost. Only where it has to, by
//! [`Sleep::UntilDeath`] and [`time_out`], does it end by itself.

use std::cell::Cell;
use std::ptr;
use std::time::Duration;

use forebay_contract::Fault;
use loom::sync::{Condvar, Mutex};
use loom::thread;

use crate::clock;
use crate::crash;
use crate::words::Word32;

/// What ends the sleeps of a thread besides wakes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sleep {
    UntilWoken,
    /// Time runs out once somebody has died.
    UntilDeath,
}

loom::thread_local! {
    static SLEEP: Cell<Sleep> = Cell::new(Sleep::UntilWoken);
    /// For how many of the next sleeps time runs out at once.
    static TIMES_OUT: Cell<u32> = Cell::new(0);
}

#[derive(Debug)]
struct Sleeper {
    number: u64,
    /// Its address.
    word: usize,
    sleep: Sleep,
}

#[derive(Debug, Default)]
struct Table {
    sleepers: Vec<Sleeper>,
    next: u64,
    has_died: bool,
}

loom::lazy_static! {
    static ref TABLE: Mutex<Table> = Mutex::new(Table::default());
    static ref CHANGED: Condvar = Condvar::new();
}

/// How this thread sleeps from now on.
pub(crate) fn sleep(how: Sleep) {
    SLEEP.with(|sleep| sleep.set(how));
}

/// Lets time run out for so many of this thread's next sleeps.
pub(crate) fn time_out(times: u32) {
    TIMES_OUT.with(|left| left.set(times));
}

/// Lets time run out for all that sleep until a death.
pub(crate) fn tell_of_death() {
    let mut table = TABLE.lock().unwrap();
    table.has_died = true;
    table.sleepers.retain(|sleeper| sleeper.sleep != Sleep::UntilDeath);
    CHANGED.notify_all();
}

pub(crate) fn wait(word: &Word32, value: u32, at_most: Duration) -> Result<(), Fault> {
    let sleep = SLEEP.with(Cell::get);
    let times_out = TIMES_OUT.with(|left| {
        let now = left.get();
        left.set(now.saturating_sub(1));
        now > 0
    });
    let mut table = TABLE.lock().unwrap();
    let address = ptr::from_ref(word).addr();
    if word.get() != value {
        return Ok(());
    }
    if !times_out && !(table.has_died && sleep == Sleep::UntilDeath) {
        let number = table.next;
        table.next += 1;
        table.sleepers.push(Sleeper { number, word: address, sleep });
        while table.sleepers.iter().any(|sleeper| sleeper.number == number) {
            table = CHANGED.wait(table).unwrap();
        }
        if !(table.has_died && sleep == Sleep::UntilDeath) {
            return Ok(());
        }
    }
    drop(table);
    clock::pass(at_most);
    thread::yield_now();
    Ok(())
}

pub(crate) fn wake(word: &Word32, most: u32) {
    crash::point();
    let mut table = TABLE.lock().unwrap();
    let mut left = most;
    table.sleepers.retain(|sleeper| {
        let is_woken = left > 0 && sleeper.word == ptr::from_ref(word).addr();
        left -= u32::from(is_woken);
        !is_woken
    });
    CHANGED.notify_all();
}
