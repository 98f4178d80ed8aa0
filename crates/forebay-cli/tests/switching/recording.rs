//! What the old tools did, as they were seen to do it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use crate::workplace::Done;

/// For each line, what it did.
#[derive(Debug, Default)]
pub(crate) struct Recording {
    lines: BTreeMap<String, Done>,
}

impl Recording {
    pub(crate) fn read(path: &str) -> Self {
        let mut recording = Self::default();
        let text = fs::read_to_string(path).unwrap_or_default();
        for block in text.split("\n\n").filter(|block| !block.trim().is_empty()) {
            let (old, rest) = block.trim_start().split_once('\n').expect("a line, and what it did");
            let mut done = Done::default();
            for line in rest.lines() {
                if line == "succeeded" {
                    done.succeeded = true;
                } else if let Some(printed) = line.strip_prefix("> ") {
                    done.output.push(printed.to_owned());
                } else if let Some(file) = line.strip_prefix("file ") {
                    let (name, text) = file.split_once(" \"").expect("a name and a text");
                    let text = text.strip_suffix('"').expect("a text in quotes");
                    done.files
                        .insert(name.to_owned(), text.replace("\\n", "\n").replace("\\t", "\t"));
                }
            }
            recording.lines.insert(old.strip_prefix("$ ").expect("a line").to_owned(), done);
        }
        recording
    }

    pub(crate) fn of(&self, old: &str) -> Option<&Done> {
        self.lines.get(old)
    }

    pub(crate) fn add(&mut self, old: &str, done: Done) {
        self.lines.insert(old.to_owned(), done);
    }

    pub(crate) fn lines(&self) -> impl Iterator<Item = &str> {
        self.lines.keys().map(String::as_str)
    }

    /// Writes it back, if it was added to.
    pub(crate) fn write(&self, path: &str) {
        let mut text = String::new();
        for (old, done) in &self.lines {
            let _ = writeln!(text, "$ {old}\n{done}");
        }
        if std::env::var_os("RECORD").is_some() {
            fs::write(path, text).expect("it can be written");
        }
    }
}
