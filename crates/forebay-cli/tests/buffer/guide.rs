//! `docs/processes.md`: every command in it is run, and what it prints is what the guide shows. Its Rust is compiled by
//! the documentation tests of the facade.

use std::env;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::forebay::Folder;
use crate::transcript::{assert_shown, blocks, commands};

const GUIDE: &str = include_str!("../../../../docs/processes.md");

/// Longer than anything in it takes, and a hang ends here.
const PATIENCE: &str = "300";

#[test]
fn every_command_prints_what_the_guide_shows() {
    let folder = Folder::new();
    let forebay = Path::new(env!("CARGO_BIN_EXE_forebay")).parent().expect("a folder");
    let path = format!("{}:{}", forebay.display(), env::var("PATH").unwrap_or_default());
    let mut count = 0;
    for (_, lines) in blocks(GUIDE).iter().filter(|(info, _)| *info == "console") {
        for (command, shown) in commands(lines) {
            let output = Command::new("timeout")
                .args(["-s", "KILL", PATIENCE, "sh", "-c", &format!("exec 2>&1; {command}")])
                .current_dir(folder.root())
                .env("PATH", &path)
                .env_remove("NO_COLOR")
                .stdin(Stdio::null())
                .output()
                .expect("it starts");
            assert_shown(command, &shown, &String::from_utf8_lossy(&output.stdout));
            count += 1;
        }
    }
    assert!(count >= 25, "{count} commands");
}

#[test]
fn every_verb_is_told_of() {
    for verb in ["create", "put", "take", "work", "join", "stat", "top", "close", "dead", "verify"]
    {
        assert!(
            GUIDE.contains(&format!("`forebay {verb}"))
                || GUIDE.contains(&format!("$ forebay {verb}")),
            "{verb}"
        );
    }
}
