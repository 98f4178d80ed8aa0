//! `forebay run` from outside: the real program, keyed by behaviour.

mod forebay;

mod circle;
mod failure;
mod halt;
mod interrupt;
mod items;
mod joblog;
mod orphan;
mod output;
mod report;
mod shell;
mod terminal;
mod usage;
mod worker;
mod worker_death;
