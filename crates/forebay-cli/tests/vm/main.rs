//! `forebay vm` from outside: the real program, keyed by verb.

mod forebay;

mod check;
mod debug;
mod explain;
mod grid;
mod guide;
mod lint;
mod liveness;
mod mistakes;
mod outcomes;
mod programs;
mod run;
mod sweep;
mod test;
mod trace;
mod transcript;
mod usage;
mod weir;
