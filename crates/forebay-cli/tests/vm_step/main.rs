//! `forebay vm step` from outside: the real program, on a real terminal and in plain mode.

mod display;
mod plain;
mod pty;
mod terminal;

/// A program that comes with the machine.
fn program(name: &str) -> String {
    format!("{}/../toyvm/programs/{name}", env!("CARGO_MANIFEST_DIR"))
}
