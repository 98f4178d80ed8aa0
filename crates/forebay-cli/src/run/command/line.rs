//! Filling in a template: parts become words of an argv, or of a shell script, or plain text.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use crate::run::command::placeholder::{Part, nth};
use crate::run::command::quote;

/// What placeholders are filled in with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Values<'a> {
    /// What `{}` stands for: each is a word of its own.
    pub(crate) items: &'a [OsString],
    /// Among which `{1}` is the first.
    pub(crate) numbered: &'a [OsString],
    /// `{#}`
    pub(crate) seq: u64,
    /// `{%}`
    pub(crate) consumer: usize,
}

/// What is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Words, which nobody reads as code.
    Argv,
    /// Text for a shell: what is filled in is quoted.
    Script,
    /// Text.
    Text,
}

/// What has been made so far.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    kind: Kind,
    words: Vec<OsString>,
    /// The word, or the text, that is not ended yet.
    text: Vec<u8>,
    ended: usize,
}

impl Line {
    pub(crate) fn new(kind: Kind, words: usize) -> Self {
        Self { kind, words: Vec::with_capacity(words), text: Vec::new(), ended: 0 }
    }

    /// Fills in some parts.
    pub(crate) fn push(&mut self, parts: &[Part], values: Values<'_>) {
        for part in parts {
            match part {
                Part::Literal(bytes) => self.text.extend_from_slice(bytes),
                Part::Number => self.text.extend_from_slice(values.seq.to_string().as_bytes()),
                Part::Consumer => {
                    self.text.extend_from_slice(values.consumer.to_string().as_bytes());
                }
                Part::Item(form) => {
                    for (index, item) in values.items.iter().enumerate() {
                        // Between two items a word ends, as it would at a space in a shell.
                        if index > 0 {
                            self.end_word();
                        }
                        self.push_value(form.of(item.as_bytes()));
                    }
                }
                Part::Nth(number, form) => {
                    // Of what is missing, each part is empty.
                    let column = nth(values.numbered, *number);
                    self.push_value(column.map_or(b"", |column| form.of(column.as_bytes())));
                }
            }
        }
    }

    fn push_value(&mut self, value: &[u8]) {
        if self.kind == Kind::Script {
            quote::push_quoted(&mut self.text, value);
        } else {
            self.text.extend_from_slice(value);
        }
    }

    /// What comes next is another word.
    pub(crate) fn end_word(&mut self) {
        self.ended += 1;
        if self.kind == Kind::Argv {
            self.words.push(OsString::from_vec(std::mem::take(&mut self.text)));
        } else {
            self.text.push(b' ');
        }
    }

    pub(crate) fn clear(&mut self) {
        self.text.clear();
        self.ended = 0;
    }

    /// The text so far; of an argv, the word that is not ended.
    pub(crate) fn text(&self) -> &[u8] {
        &self.text
    }

    /// How many words were ended.
    pub(crate) fn ended(&self) -> usize {
        self.ended
    }

    /// The words that were ended.
    pub(crate) fn into_words(self) -> Vec<OsString> {
        self.words
    }

    pub(crate) fn into_text(self) -> OsString {
        OsString::from_vec(self.text)
    }
}
