//! A run that breaks says why before it ends.

use std::io::{ErrorKind, Read, Write, pipe};
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::fs::{OFlags, fcntl_setfl};

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
    // Its workers never answer, and for now nobody reads what it has to say.
    let mut run = Command::new(env!("CARGO_BIN_EXE_forebay"))
        .args(["run", "-q", "-j1", "--worker", "true", ":::", "1", "2"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(full)
        .spawn()
        .expect("starts");
    std::thread::sleep(Duration::from_secs(1));
    assert!(run.try_wait().expect("looked").is_none(), "it has ended, and told nobody why");
    let mut said = String::new();
    errors.read_to_string(&mut said).expect("it ends");
    assert!(said.contains("before the worker had answered one item"), "{said}");
    assert_eq!(run.wait().expect("it ends").code(), Some(255));
}
