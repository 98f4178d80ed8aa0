//! `forebay run` from outside: the real program, keyed by behaviour.

mod ends;
mod forebay;
mod process;

mod arguments;
mod circle;
mod dead;
mod elastic;
mod failure;
mod halt;
mod interrupt;
mod items;
mod joblog;
mod json;
mod line_buffer;
mod on_full;
mod orphan;
mod output;
mod pace;
mod picture;
mod pipe;
mod producers;
mod report;
mod results;
mod shell;
mod sources;
mod terminal;
mod trace;
mod ungroup;
mod usage;
mod watermarks;
mod weight;
mod worker;
mod worker_death;
