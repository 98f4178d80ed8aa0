//! The verbs of a buffer in a file from outside: the real program, several of it at a time, killed at any moment.

#[path = "../run/ends.rs"]
mod ends;
mod forebay;
#[path = "../run/process.rs"]
mod process;

mod bridge;
mod broken;
mod close;
mod create;
mod damaged;
mod dead;
mod groups;
mod guide;
mod hostile;
mod join;
mod killed;
mod put;
mod run;
mod run_killed;
mod stall;
mod stat;
mod take;
#[path = "../vm/transcript.rs"]
mod transcript;
mod verify;
mod work;
