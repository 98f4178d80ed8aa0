//! What every measurement here shares: who runs, the rounds, their spread, and the report.
//!
//! Absolute figures drift with the machine and the hour, so a claim is always a ratio between
//! contenders measured side by side: every round runs each of them once, each round begins with
//! another one, and what is told is the median and the spread.

pub mod batched;
pub mod blocking;
pub mod contender;
pub mod item;
pub mod machine;
pub mod monitor;
pub mod options;
pub mod others;
pub mod pin;
pub mod processor;
pub mod progress;
pub mod race;
pub mod report;
pub mod rounds;
pub mod shape;
pub mod spread;
pub mod table;
#[cfg(feature = "tasks")]
pub mod tasks;
pub mod watchdog;
