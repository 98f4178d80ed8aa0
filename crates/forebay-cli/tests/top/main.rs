//! `forebay top` from outside: the real program, on a real terminal and without one, over a real buffer.

#[path = "../vm_step/display.rs"]
mod display;
mod live;
#[path = "../vm_step/pty.rs"]
mod pty;
mod scene;
mod text;
