//! Files: how a program is read from Python source, and what all notations share.

#![allow(
    clippy::cast_possible_wrap,
    reason = "lengths are bounded by the file and by what it may make"
)]

mod assemble;
mod claim;
mod diagnostic;
pub(crate) mod draft;
mod entry;
mod evaluate;
mod function;
mod host;
mod loaded;
mod nesting;
mod operator;
mod scope;
mod script;
mod statement;
mod thing;
mod wish;

use std::fmt;
use std::path::Path;

use ruff_text_size::Ranged;

pub(crate) use assemble::Assembled;
pub use diagnostic::{Diagnostic, Severity};
pub use loaded::{Loaded, Rejected, load};

use crate::program::Span;

/// The largest file that is read, in bytes.
pub const LARGEST: usize = 32 << 20;

/// The text of a file, and what it is called in messages.
#[derive(Clone)]
pub struct Source {
    name: String,
    text: String,
    language: Language,
    /// Where each line begins.
    lines: Vec<u32>,
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("name", &self.name).finish_non_exhaustive()
    }
}

/// In which notation a program is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Instruction tuples in Python syntax: any file but those of the others.
    Python,
    /// [Weir](crate::weir): files that end in `.weir`.
    Weir,
}

impl Language {
    /// Every one.
    pub const ALL: [Self; 2] = [Self::Python, Self::Weir];

    /// What it is called: `python`, `weir`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Python => "python",
            Self::Weir => "weir",
        }
    }

    /// The one of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.name() == name)
    }

    /// The one that a file of that name is written in.
    pub fn of_file(name: &str) -> Self {
        let ending = Path::new(name).extension();
        if ending.is_some_and(|ending| ending == "weir") { Self::Weir } else { Self::Python }
    }
}

/// Which part of a file is the program.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// The list, or the function, to begin with; without it `main`, else the only function that
    /// makes a `ToyVM`.
    pub entry: Option<String>,
    /// Threads beside those that the file starts.
    pub threads: Vec<ExtraThread>,
    /// What constants of a file in Weir are set to, instead of what it says.
    pub constants: Vec<(String, i64)>,
}

/// `--thread name=list[:priority]`.
#[derive(Debug, Clone)]
pub struct ExtraThread {
    /// What it is called.
    pub name: String,
    /// The list that it runs.
    pub list: String,
    /// Its priority; main has 0.
    pub priority: i64,
}

impl Source {
    /// A source that is called `name` in messages; its ending tells the language.
    ///
    /// # Errors
    ///
    /// If it is longer than [`LARGEST`], is not UTF-8 or holds a NUL: then it is no program's text.
    pub fn new(name: impl Into<String>, bytes: Vec<u8>) -> Result<Self, Diagnostic> {
        let name = name.into();
        if bytes.len() > LARGEST {
            return Err(Diagnostic::error(format!(
                "{name} is too large: a program has at most {} MiB",
                LARGEST >> 20
            )));
        }
        let text = String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            Diagnostic::error(format!("{name} is not a text file: byte {at} is not UTF-8"))
        })?;
        if let Some(at) = text.find('\0') {
            return Err(Diagnostic::error(format!("{name} is not a text file: byte {at} is 0")));
        }
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let lines = std::iter::once(0).chain(ends.map(|(at, _)| at as u32 + 1)).collect();
        let language = Language::of_file(&name);
        Ok(Self { name, text, language, lines })
    }

    /// Whatever its name says, it is written in that language.
    #[must_use]
    pub fn in_language(mut self, language: Language) -> Self {
        self.language = language;
        self
    }

    /// What it is written in.
    pub fn language(&self) -> Language {
        self.language
    }

    /// What it is called in messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// All of it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Line and column, both from 1, of a byte; columns count characters.
    pub fn line_column(&self, at: u32) -> (u32, u32) {
        let line = self.lines.partition_point(|start| *start <= at);
        let start = self.lines[line - 1] as usize;
        let before = self.text.get(start..at as usize).unwrap_or_default();
        (line as u32, before.chars().count() as u32 + 1)
    }

    /// The byte at which a line, counted from 1, begins; the last line's past the last.
    pub fn line_start(&self, line: u32) -> u32 {
        let line = (line as usize).clamp(1, self.lines.len());
        self.lines[line - 1]
    }

    /// A line, counted from 1, without its end; empty past the last.
    pub fn line(&self, line: u32) -> &str {
        let line = line as usize;
        let Some(start) = line.checked_sub(1).and_then(|line| self.lines.get(line)) else {
            return "";
        };
        let end = self.lines.get(line).map_or(self.text.len(), |next| *next as usize);
        self.text[*start as usize..end].trim_end_matches(['\n', '\r'])
    }

    /// A piece of it.
    pub fn slice(&self, span: &Span) -> &str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or_default()
    }
}

/// Where something stands that the parser found.
fn span(place: impl Ranged) -> Span {
    let range = place.range();
    range.start().into()..range.end().into()
}
