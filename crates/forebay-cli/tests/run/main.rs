//! `forebay run` from outside: the real program, keyed by behaviour.

mod forebay;

mod failure;
mod halt;
mod interrupt;
mod items;
mod joblog;
mod orphan;
mod output;
mod picture;
mod report;
mod shell;
mod terminal;
mod trace;
mod usage;
