use std::path::PathBuf;

use tempfile::TempDir;

use crate::process::{Ended, Example};

struct Spool {
    _folder: TempDir,
    path: PathBuf,
}

impl Spool {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("spool.fb");
        Self { _folder: folder, path }
    }

    fn start(&self, verb: &str, documents: &[&str]) -> Example {
        let path = self.path.to_str().expect("text");
        Example::start("print_spooler", &[&[verb, path], documents].concat())
    }

    fn run(&self, verb: &str, documents: &[&str]) -> Ended {
        self.start(verb, documents).end()
    }
}

/// Reads up to this line.
fn hears(spooler: &Example, line: &str) -> Vec<String> {
    let mut heard = Vec::new();
    while heard.last().is_none_or(|last| last != line) {
        heard.push(spooler.line());
    }
    heard
}

#[test]
fn a_killed_spooler_prints_what_it_was_at_again_and_all_the_rest_once() {
    let spool = Spool::new();
    // Nobody prints yet: separate commands, which are gone before it begins.
    for document in ["report", "photo", "letter"] {
        assert_eq!(spool.run("print", &[document]).lines, [format!("{document} is in the spool")]);
    }
    let spooler = spool.start("run", &[]);
    let heard = hears(&spooler, "photo: page 2 of 3");
    assert_eq!(heard[0], "the spooler is ready: 3 documents wait");
    assert_eq!(heard[4], "report: printed");
    spooler.kill();

    let spooler = spool.start("run", &[]);
    let heard = hears(&spooler, "letter: printed");
    assert_eq!(heard[0], "the spooler is ready: 2 documents wait");
    assert_eq!(heard[1], "photo: again, because the spooler was interrupted");
    let pages = |name: &str| {
        (1..=3).map(move |page| format!("{name}: page {page} of 3")).collect::<Vec<_>>()
    };
    assert_eq!(heard[2..5], pages("photo"));
    assert_eq!(heard[5], "photo: printed");
    assert_eq!(heard[6..9], pages("letter"));
    spool.run("close", &[]);
    assert!(spooler.end().lines.is_empty(), "it ends by itself, and prints nothing twice");
}

#[test]
fn wait_comes_back_when_all_is_printed_also_after_a_crash() {
    let spool = Spool::new();
    spool.run("print", &["report"]);
    let spooler = spool.start("run", &[]);
    hears(&spooler, "report: page 1 of 3");
    let waiting = spool.start("wait", &[]);
    spooler.kill();
    let spooler = spool.start("run", &[]);
    waiting.end();
    // Whatever it says now it said before.
    let said = spooler.kill();
    assert!(said.contains(&"report: page 3 of 3".to_owned()), "{said:?}");
}
