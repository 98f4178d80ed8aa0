//! The verbs of a BUFFER, which is [a file, or on a server](place): made, filled, emptied and looked at from any terminal.
//! One file for each verb; `work`, which runs commands, is `forebay run` with another source.

pub(crate) mod bridge;
pub(crate) mod close;
pub(crate) mod create;
pub(crate) mod dead;
pub(crate) mod delete;
mod interruption;
pub(crate) mod join;
mod label;
pub(crate) mod place;
pub(crate) mod put;
mod stall;
pub(crate) mod stat;
pub(crate) mod take;
pub(crate) mod verify;
pub(crate) mod work;

use std::process::ExitCode;

use place::Place;

/// Usage, and whatever could not start or go on.
const USAGE: u8 = 255;

/// Not what was asked for, and no error either: nothing came in time, there was no room.
const NOT_SO: u8 = 1;

/// The exit status of a verb, which tells what went wrong.
fn status(verb: &str, done: Result<u8, String>) -> ExitCode {
    match done {
        Ok(code) => ExitCode::from(code),
        Err(complaint) => {
            eprintln!("forebay {verb}: {complaint}");
            ExitCode::from(USAGE)
        }
    }
}

/// That so many items could not be read, and what to do about it.
pub(crate) fn unreadable(place: &Place, items: u64) -> String {
    let items = counted(items);
    let beside = match place.file() {
        Some(_) => format!(", and `forebay verify {place}` for what is damaged beside"),
        None => String::new(),
    };
    format!(
        "{place}: {items} could not be read: the bytes are not those that were put. What is left of them is among the \
         dead letters: see `forebay dead {place}`{beside}"
    )
}

fn counted(number: u64) -> String {
    format!("{number} item{}", if number == 1 { "" } else { "s" })
}
