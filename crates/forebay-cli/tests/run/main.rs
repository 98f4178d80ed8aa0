//! `forebay run` from outside: the real program, keyed by behaviour.

mod forebay;

mod failure;
mod halt;
mod interrupt;
mod items;
mod joblog;
mod json;
mod line_buffer;
mod orphan;
mod output;
mod report;
mod results;
mod shell;
mod terminal;
mod ungroup;
mod usage;
