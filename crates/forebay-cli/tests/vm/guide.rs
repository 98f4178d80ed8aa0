//! `docs/toyvm/guide.md`: every command in it is run, and what it prints is what the guide shows.

use crate::forebay::Folder;
use crate::transcript::{self, assert_shown, blocks};

const GUIDE: &str = include_str!("../../../../docs/toyvm/guide.md");

/// Blocks `python NAME` and `weir NAME` are files; in blocks `console`, what follows `$ ` is run among them and the
/// programs that ship, and prints what stands below.
#[test]
fn every_command_prints_what_the_guide_shows() {
    let folder = Folder::of_programs();
    let mut commands = 0;
    for (info, lines) in blocks(GUIDE) {
        if let Some(name) = info.strip_prefix("python ").or(info.strip_prefix("weir ")) {
            let path = folder.path(name);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            std::fs::write(path, lines.join("\n") + "\n").expect("written");
        }
        if info != "console" {
            continue;
        }
        for (command, shown) in transcript::commands(&lines) {
            let ended = folder.shell(&format!("exec 2>&1; {command}"));
            assert_shown(command, &shown, &ended.out);
            commands += 1;
        }
    }
    assert!(commands >= 15, "{commands} commands");
}

#[test]
fn the_scheduler_is_that_of_the_docs() {
    let docs = include_str!("../../../toyvm/src/scheduler/mod.rs");
    let docs: Vec<&str> = docs
        .lines()
        .map_while(|line| line.strip_prefix("//!"))
        .map(|line| line.strip_prefix(' ').unwrap_or(line))
        .collect();
    let mut rust = blocks(GUIDE).into_iter().filter(|(info, _)| *info == "rust");
    let (_, lines) = rust.next().expect("a scheduler");
    assert!(docs.join("\n").contains(&lines.join("\n")), "{}", lines.join("\n"));
}
