//! Where what watches a run is written to: an observer cannot fail, so an error waits here.

use std::fmt;
use std::io::{self, Write};

/// Writes until it cannot.
#[derive(Debug)]
pub(super) struct Sink<W> {
    out: W,
    error: Option<io::Error>,
}

impl<W: Write> Sink<W> {
    pub(super) fn new(out: W) -> Self {
        Self { out, error: None }
    }

    pub(super) fn write(&mut self, bytes: &[u8]) {
        if self.error.is_none() {
            self.error = self.out.write_all(bytes).err();
        }
    }

    /// A line of text, with its end.
    pub(super) fn line(&mut self, text: fmt::Arguments<'_>) {
        if self.error.is_none() {
            self.error = writeln!(self.out, "{text}").err();
        }
    }

    /// The first error, or where it was written to.
    pub(super) fn finish(mut self) -> io::Result<W> {
        match self.error {
            Some(error) => Err(error),
            None => self.out.flush().map(|()| self.out),
        }
    }
}
