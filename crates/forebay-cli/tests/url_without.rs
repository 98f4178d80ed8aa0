//! A program that was built without engines.

#![cfg(not(any(feature = "amqp", feature = "kafka", feature = "nats", feature = "redis")))]

use std::process::{Command, Output};

fn forebay(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_forebay")).args(arguments).output().expect("it starts")
}

#[test]
fn a_url_is_refused_with_how_to_build_what_takes_it() {
    for line in [
        "create URL",
        "put URL x",
        "take URL",
        "work URL echo",
        "bridge URL b",
        "bridge b URL",
        "join URL",
        "stat URL",
        "close URL",
        "dead URL",
        "delete URL",
        "verify URL",
        "top URL",
        "run --buffer URL echo ::: x",
    ] {
        let line = line.replace("URL", "redis://me:hidden@localhost/jobs");
        let done = forebay(&line.split(' ').collect::<Vec<_>>());
        let said = String::from_utf8_lossy(&done.stderr);
        assert_eq!(done.status.code(), Some(255), "{line}: {said}");
        assert!(said.contains("without redis") && said.contains("--features redis"), "{said}");
        assert!(!said.contains("hidden"), "{said}");
    }
}

#[test]
fn the_version_says_what_is_in() {
    let said = String::from_utf8(forebay(&["--version"]).stdout).expect("text");
    assert!(said.ends_with("\nbuffers: files\n"), "{said}");
}
