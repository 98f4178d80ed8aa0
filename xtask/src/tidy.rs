//! The rules of the house that no compiler checks, checked.
//!
//! Each rule is a function from the files of the tree to complaints, and is tested on a tree that
//! breaks it.

mod imports;
mod source;

use std::collections::BTreeSet;

use crate::house::{self, File};
use crate::step::Finding;
use source::{code_of, has_word};

/// A file longer than this is mentioned: it probably holds two concepts.
const LONG: usize = 500;

pub(crate) fn run() -> Finding {
    let files = match house::files() {
        Ok(files) => files,
        Err(complaint) => return Finding::failure(complaint),
    };
    let rules = [names, unsafe_code, atomics, network, imports::check];
    let complaints: Vec<String> = rules.iter().flat_map(|rule| rule(&files)).collect();
    let long = long_files(&files);
    let remark = if long.is_empty() {
        String::new()
    } else {
        format!("over {LONG} lines: {}", long.join(", "))
    };
    Finding { complaint: complaints.join("\n"), remark, ..Finding::default() }
}

/// No file or folder has a name that says nothing about what is in it.
fn names(files: &[File]) -> Vec<String> {
    const EMPTY_NAMES: [&str; 8] =
        ["util", "utils", "helper", "helpers", "common", "misc", "stuff", "manager"];
    let mut complaints = BTreeSet::new();
    for file in files {
        for part in file.path.split('/') {
            let stem = part.split('.').next().unwrap_or(part);
            if EMPTY_NAMES.contains(&stem.to_lowercase().as_str()) {
                complaints.insert(format!(
                    "{}: `{stem}` says nothing; name it by the noun that it is about",
                    file.path
                ));
            }
        }
    }
    complaints.into_iter().collect()
}

/// `unsafe` stands only in the files that ARCHITECTURE.md names, and those it names under its
/// heading about `unsafe` do hold some.
fn unsafe_code(files: &[File]) -> Vec<String> {
    const MAP: &str = "ARCHITECTURE.md";
    let map = files.iter().find(|file| file.path == MAP).map_or("", |file| &file.text);
    let listed = listed_under(map, "unsafe");
    let holds: BTreeSet<&str> = product(files)
        .filter(|file| has_word(&code_of(&file.text), "unsafe"))
        .map(|file| file.path.as_str())
        .collect();
    let unlisted = holds.iter().filter(|path| !listed.contains(*path)).map(|path| {
        format!("{path}: holds `unsafe`, and {MAP} does not list it under its heading on `unsafe`")
    });
    let stale = listed
        .iter()
        .filter(|path| house::is_rust(path) && !holds.contains(*path))
        .map(|path| format!("{MAP}: lists {path} under `unsafe`, which holds none"));
    unlisted.chain(stale).collect()
}

/// What stands between backquotes in the sections whose heading has `word` in it.
fn listed_under<'a>(text: &'a str, word: &str) -> BTreeSet<&'a str> {
    let mut inside = false;
    let mut listed = BTreeSet::new();
    for line in text.lines() {
        if line.starts_with('#') {
            inside = line.to_lowercase().contains(word);
        } else if inside {
            listed.extend(line.split('`').skip(1).step_by(2));
        }
    }
    listed
}

/// In `forebay-threads`, one file names the atomics, so that the code which ships is the code which
/// loom explores. A file that its docs name in backquotes is excepted.
fn atomics(files: &[File]) -> Vec<String> {
    const FOLDER: &str = "crates/forebay-threads/src/";
    const ONE: &str = "atomics.rs";
    let sources = || files.iter().filter(|file| file.path.starts_with(FOLDER) && file.is_rust());
    let Some(one) = sources().find(|file| file.path[FOLDER.len()..] == *ONE) else {
        return sources().next().map(|_| format!("{FOLDER}{ONE} is gone")).into_iter().collect();
    };
    let docs: String =
        one.text.lines().take_while(|line| line.starts_with("//!")).collect::<Vec<_>>().join("\n");
    sources()
        .filter(|file| file.path != one.path && !docs.contains(&format!("`{}`", file.name())))
        .flat_map(|file| {
            let code = code_of(&file.text);
            let named = |line: &str| {
                ["sync::atomic", "loom::", "shuttle::"].iter().any(|n| line.contains(n))
            };
            let lines: Vec<usize> =
                code.lines().zip(1..).filter(|(line, _)| named(line)).map(|(_, n)| n).collect();
            lines.into_iter().map(|n| {
                format!("{}:{n}: names atomics; import them from `crate::atomics`", file.path)
            })
        })
        .collect()
}

/// Only `forebay-machines` knows a network.
fn network(files: &[File]) -> Vec<String> {
    product(files)
        .filter(|file| file.crate_folder() != Some("forebay-machines"))
        .filter(|file| code_of(&file.text).contains("std::net"))
        .map(|file| format!("{}: only forebay-machines may know a network", file.path))
        .collect()
}

fn long_files(files: &[File]) -> Vec<String> {
    files
        .iter()
        .filter(|file| file.is_rust() && file.text.lines().count() > LONG)
        .map(|file| file.path.clone())
        .collect()
}

/// The Rust files of the product: the crates, tests included.
fn product(files: &[File]) -> impl Iterator<Item = &File> {
    files.iter().filter(|file| file.is_rust() && file.crate_folder().is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[(&str, &str)]) -> Vec<File> {
        files
            .iter()
            .map(|(path, text)| File { path: (*path).to_owned(), text: (*text).to_owned() })
            .collect()
    }

    #[test]
    fn empty_names_are_seen() {
        assert_eq!(names(&tree(&[("crates/a/src/utils.rs", "")])).len(), 1);
        assert_eq!(names(&tree(&[("crates/a/src/common/lease.rs", "")])).len(), 1);
        assert_eq!(names(&tree(&[("crates/a/src/commonplace.rs", "")])).len(), 0);
    }

    #[test]
    fn unsafe_is_seen_where_it_may_not_stand() {
        let map =
            "# Map\n`crates/a/src/x.rs`\n## Where `unsafe` stands\n- `crates/a/src/y.rs`: why\n";
        let both = "unsafe impl Send for A {}";
        let of = |x, y| {
            let files =
                [("ARCHITECTURE.md", map), ("crates/a/src/x.rs", x), ("crates/a/src/y.rs", y)];
            unsafe_code(&tree(&files))
        };
        assert_eq!(of("// unsafe", both), [""; 0]);
        assert!(of(both, both)[0].contains("x.rs: holds"));
        assert!(of("", "")[0].contains("holds none"));
    }

    #[test]
    fn atomics_named_elsewhere_are_seen() {
        let of = |docs, other| {
            let files = [
                ("crates/forebay-threads/src/atomics.rs", docs),
                ("crates/forebay-threads/src/disciplines/ring.rs", other),
            ];
            atomics(&tree(&files))
        };
        let naming = "use a;\nuse std::sync::atomic::AtomicBool;";
        assert!(of("", naming)[0].contains("ring.rs:2"));
        assert_eq!(of("", "use loom::thread;").len(), 1);
        assert_eq!(of("", "use shuttle::thread;").len(), 1);
        assert_eq!(of("//! Except `ring.rs`.", naming), [""; 0]);
        assert_eq!(of("", "// std::sync::atomic\nuse crate::atomics::AtomicBool;"), [""; 0]);
        assert_eq!(atomics(&tree(&[("crates/forebay-threads/src/ring.rs", "")])).len(), 1);
    }

    #[test]
    fn a_network_is_seen() {
        let text = "use std::net::TcpStream;";
        assert_eq!(network(&tree(&[("crates/forebay-threads/src/a.rs", text)])).len(), 1);
        assert_eq!(network(&tree(&[("crates/forebay-machines/src/a.rs", text)])), [""; 0]);
    }
}
