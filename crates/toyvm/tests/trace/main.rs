//! Traces: written, read, replayed and drawn.

mod drawings;
mod hostile;
mod programs;
mod rebuilding;
mod replaying;
mod writing;
