//! The programs that are run for their speed.

use std::fmt::Write as _;
use std::sync::Arc;

use toyvm::Program;
use toyvm::source::{self, Selection, Source};

/// A program that could go on for ever, so that the number of steps decides how long it runs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject {
    /// What it does, in words.
    pub(crate) name: &'static str,
    /// Its text, in which `THREADS` is not bound yet.
    pub(crate) text: &'static str,
    /// That.
    pub(crate) threads: u32,
}

const COUNTING: &str = include_str!("programs/counting.toy");

/// Two threads count, each for itself: nothing but the machine and who goes on.
pub(crate) const COUNTING_BY_TWO: Subject =
    Subject { name: "counting", text: COUNTING, threads: 2 };

/// Two threads under one lock.
pub(crate) const LOCK: Subject =
    Subject { name: "a lock", text: include_str!("programs/lock.toy"), threads: 2 };

/// All of them.
pub(crate) const SUBJECTS: [Subject; 6] = [
    Subject { name: "counting", text: COUNTING, threads: 1 },
    COUNTING_BY_TWO,
    LOCK,
    Subject { name: "messages", text: include_str!("programs/messages.toy"), threads: 2 },
    Subject { name: "an atomic counter", text: include_str!("programs/counter.toy"), threads: 2 },
    Subject { name: "counting", text: COUNTING, threads: 1_000 },
];

impl Subject {
    /// The program.
    pub(crate) fn load(self) -> Result<Arc<Program>, String> {
        load(self.name, format!("THREADS = {}\n{}", self.threads, self.text))
    }
}

/// Reads a program that must be right.
pub(crate) fn load(name: &str, text: String) -> Result<Arc<Program>, String> {
    let source = Source::new(name, text.into_bytes()).map_err(|error| format!("{error:?}"))?;
    let loaded = source::load(source, &Selection::default());
    loaded.map(|loaded| Arc::new(loaded.program)).map_err(|rejected| {
        let first = rejected.diagnostics.first();
        first.map_or_else(|| name.to_owned(), |error| error.line(&rejected.source))
    })
}

/// The text of a program of so many instructions in one flat list, some 16 bytes each.
pub(crate) fn long(instructions: u32) -> String {
    let mut text = String::from("main = [\n");
    for number in 0..instructions / 2 {
        writeln!(text, "    (\"PUSH\", {number}),\n    (\"POP\",),").expect("a string takes it");
    }
    text + "]\n"
}
