//! The verbs of a buffer in a file: made, filled, emptied and looked at from any terminal. One file for each verb;
//! `work`, which runs commands, is `forebay run` with another source.

pub(crate) mod close;
pub(crate) mod create;
pub(crate) mod dead;
mod interruption;
pub(crate) mod join;
mod label;
pub(crate) mod opening;
pub(crate) mod put;
mod stall;
pub(crate) mod stat;
pub(crate) mod take;
pub(crate) mod verify;
pub(crate) mod work;

use std::process::ExitCode;

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

fn counted(number: u64) -> String {
    format!("{number} item{}", if number == 1 { "" } else { "s" })
}
