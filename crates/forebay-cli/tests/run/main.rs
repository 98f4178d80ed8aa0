//! `forebay run` from outside: the real program, keyed by behaviour.

mod forebay;

mod circle;
mod dead;
mod failure;
mod halt;
mod interrupt;
mod items;
mod joblog;
mod on_full;
mod orphan;
mod output;
mod producers;
mod report;
mod shell;
mod terminal;
mod usage;
mod watermarks;
mod weight;
mod worker;
mod worker_death;
