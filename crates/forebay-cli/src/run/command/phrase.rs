//! A text with placeholders that is no command: a directory, a variable's value, a tag.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use crate::run::command::line::{Kind, Line, Values};
use crate::run::command::placeholder::Part;
use crate::run::command::template::Reading;
use crate::run::item::Item;

/// The text. Several items in it are a space apart.
#[derive(Debug)]
pub(crate) struct Phrase(Vec<Part>);

impl Phrase {
    pub(crate) fn read(text: &OsStr, reading: Reading<'_>) -> Result<Self, String> {
        reading.parts(text.as_bytes()).map(Self)
    }

    /// Whether it is the same for every item.
    pub(crate) fn is_fixed(&self) -> bool {
        self.0.iter().all(|part| matches!(part, Part::Literal(_)))
    }

    pub(crate) fn parts(&self) -> &[Part] {
        &self.0
    }

    /// The text for this item on this consumer, which counts from 1.
    pub(crate) fn fill(&self, item: &Item, consumer: usize) -> OsString {
        let mut line = Line::new(Kind::Text, 0);
        let values = Values { items: &item.args, numbered: &item.args, seq: item.seq, consumer };
        line.push(&self.0, values);
        line.into_text()
    }
}
