//! `forebay run` from outside: the real program, keyed by behaviour.

mod forebay;

mod arguments;
mod failure;
mod halt;
mod interrupt;
mod items;
mod joblog;
mod orphan;
mod output;
mod pipe;
mod report;
mod shell;
mod sources;
mod terminal;
mod usage;
