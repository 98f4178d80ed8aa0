//! `forebay demo`, run as a user runs it.

mod classics;
mod consumers;
mod coordination;
mod forebay;
mod imbalance;
mod processes;
mod usage;
