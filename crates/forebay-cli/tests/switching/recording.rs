//! What the old tools did, as they were seen to do it.

use std::collections::BTreeMap;
use std::fs;

use crate::workplace::Done;

/// For each line, what it did.
#[derive(Debug, Default)]
pub(crate) struct Recording {
    /// What the file begins with: whose doings these are.
    head: String,
    lines: BTreeMap<String, Done>,
}

impl Recording {
    pub(crate) fn read(path: &str) -> Self {
        let mut recording = Self::default();
        let text = fs::read_to_string(path).unwrap_or_default();
        for block in text.split("\n\n").map(str::trim).filter(|block| !block.is_empty()) {
            let (first, rest) = block.split_once('\n').unwrap_or((block, ""));
            match first.strip_prefix("$ ") {
                Some(old) => recording.add(old, done(rest)),
                None => recording.head = format!("{block}\n\n"),
            }
        }
        recording
    }

    pub(crate) fn of(&self, old: &str) -> Option<&Done> {
        self.lines.get(old)
    }

    pub(crate) fn add(&mut self, old: &str, done: Done) {
        self.lines.insert(old.to_owned(), done);
    }

    pub(crate) fn keep(&mut self, wanted: impl Fn(&str) -> bool) {
        self.lines.retain(|old, _| wanted(old));
    }

    pub(crate) fn lines(&self) -> impl Iterator<Item = &str> {
        self.lines.keys().map(String::as_str)
    }

    pub(crate) fn write(&self, path: &str) {
        let blocks = self.lines.iter().map(|(old, done)| format!("$ {old}\n{done}"));
        let text = self.head.clone() + &blocks.collect::<Vec<_>>().join("\n");
        fs::write(path, text).expect("it can be written");
    }
}

/// Reads what `Done` displays.
fn done(text: &str) -> Done {
    let mut done = Done::default();
    for line in text.lines() {
        match line.split_once(' ').unwrap_or((line, "")) {
            ("succeeded", _) => done.succeeded = true,
            ("failed", _) => {}
            (">", printed) => done.output.push(printed.to_owned()),
            ("file", file) => {
                let (name, text) = file.split_once(" = ").expect("a name, and what is in it");
                let text = serde_json::from_str(text).expect("a text in quotes");
                done.files.insert(name.to_owned(), text);
            }
            ("folder", name) => drop(done.files.insert(name.to_owned(), String::new())),
            ("removed", name) => drop(done.removed.insert(name.to_owned())),
            _ => panic!("what does this line say? {line}"),
        }
    }
    done
}
