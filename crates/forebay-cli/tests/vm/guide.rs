//! `docs/toyvm/guide.md`: every command in it is run, and what it prints is what the guide shows.

use crate::forebay::Folder;

const GUIDE: &str = include_str!("../../../../docs/toyvm/guide.md");

/// A fenced block: what stands after the fence, and the lines in it.
fn blocks() -> Vec<(&'static str, Vec<&'static str>)> {
    let mut blocks = Vec::new();
    let mut open: Option<(&str, Vec<&str>)> = None;
    for line in GUIDE.lines() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(info), None) => open = Some((info, Vec::new())),
            (None, Some((_, lines))) => lines.push(line),
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block is not closed");
    blocks
}

/// Whether text is as shown: `…` stands for any text, and alone on a line for any lines.
fn is_shown(shown: &[&str], lines: &[&str]) -> bool {
    match shown {
        [] => lines.is_empty(),
        ["…", rest @ ..] => (0..=lines.len()).any(|skipped| is_shown(rest, &lines[skipped..])),
        [first, rest @ ..] => match lines {
            [line, later @ ..] => matches(first, line) && is_shown(rest, later),
            [] => false,
        },
    }
}

fn matches(shown: &str, line: &str) -> bool {
    match shown.split_once('…') {
        None => shown == line,
        Some((before, after)) => line.strip_prefix(before).is_some_and(|rest| {
            let places = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
            let mut ends = places.map(|at| &rest[at..]);
            ends.any(|rest| matches(after, rest))
        }),
    }
}

/// Blocks `python NAME` are files; in blocks `console`, what follows `$ ` is run among them and the
/// programs that ship, and prints what stands below.
#[test]
fn every_command_prints_what_the_guide_shows() {
    let folder = Folder::of_programs();
    let mut commands = 0;
    for (info, lines) in blocks() {
        if let Some(name) = info.strip_prefix("python ") {
            let path = folder.path(name);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            std::fs::write(path, lines.join("\n") + "\n").expect("written");
        }
        if info != "console" {
            continue;
        }
        for command in lines.join("\n").split("$ ").skip(1) {
            let (command, shown) = command.split_once('\n').unwrap_or((command, ""));
            let ended = folder.shell(&format!("exec 2>&1; {command}"));
            let shown: Vec<&str> = shown.trim_end().lines().map(str::trim_end).collect();
            let lines: Vec<&str> = ended.out.trim_end().lines().map(str::trim_end).collect();
            assert!(
                is_shown(&shown, &lines),
                "$ {command}\n{}\nshown:\n{}",
                ended.out,
                shown.join("\n")
            );
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
    let mut rust = blocks().into_iter().filter(|(info, _)| *info == "rust");
    let (_, lines) = rust.next().expect("a scheduler");
    assert!(docs.join("\n").contains(&lines.join("\n")), "{}", lines.join("\n"));
}

#[test]
fn the_wildcard_stands_for_text_and_lines() {
    assert!(is_shown(&["a … c", "…", "z"], &["a bb c", "1", "2", "z"]));
    assert!(is_shown(&["…"], &[]) && is_shown(&["a…"], &["a"]));
    assert!(!is_shown(&["a … c"], &["a bb d"]) && !is_shown(&["a"], &["a", "b"]));
    assert!(!is_shown(&["…", "z"], &["y"]));
}
