//! What every measurement here shares: rounds, their spread, and the page they end on.
//!
//! Absolute figures drift with the machine and the hour, so a claim is always a ratio between
//! contenders measured side by side: every round runs each of them once, each round begins with
//! another one, and what is told is the median and the spread.

pub mod machine;
pub mod page;
pub mod rounds;
pub mod spread;
