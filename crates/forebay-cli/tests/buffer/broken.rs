//! A run that breaks says why before it ends.

use std::io::{ErrorKind, Read, Write, pipe};
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::fs::{OFlags, fcntl_setfl};

use crate::forebay::{buffer, figure, until};

#[test]
fn it_does_not_end_before_it_was_told_why() {
    let (mut errors, mut full) = pipe().expect("a pipe");
    fcntl_setfl(&full, OFlags::NONBLOCK).expect("set");
    let refused = loop {
        if let Err(error) = full.write(&[b'.'; 4096]) {
            break error;
        }
    };
    assert_eq!(refused.kind(), ErrorKind::WouldBlock);
    fcntl_setfl(&full, OFlags::empty()).expect("set");
    let folder = buffer("");
    let mut work = Command::new(env!("CARGO_BIN_EXE_forebay"))
        .args(["work", "b", "-q", "-j1", "echo"])
        .current_dir(folder.root())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(full)
        .spawn()
        .expect("starts");
    until("it waits", || figure(&folder, "consumers_waiting") == 1);
    std::fs::remove_file(folder.path("b")).expect("it is there");
    // For now nobody reads what it has to say.
    std::thread::sleep(Duration::from_millis(1500));
    assert!(work.try_wait().expect("looked").is_none(), "it has ended, and told nobody why");
    let mut said = String::new();
    errors.read_to_string(&mut said).expect("it ends");
    assert!(said.contains("was deleted or replaced"), "{said}");
    assert_eq!(work.wait().expect("it ends").code(), Some(255));
}
