//! Cutting what a worker prints into answers.
//!
//! Short ones are looked at where they were read; what is not whole yet is kept aside, and a long
//! one goes to the spill file in between like any output.

use std::io;
use std::os::fd::BorrowedFd;

use rustix::io::{Errno, read};

use crate::run::outlet::capture::Output;
use crate::run::outlet::spill::Spill;

/// So much of an answer is shown in a message.
const SHOWN: usize = 200;

/// What a read has given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Read {
    /// Some bytes.
    Some,
    /// Nothing for now.
    Nothing,
    /// The end: nobody can write any more.
    End,
}

/// What was read, and where the answers in it end.
#[derive(Debug)]
pub(super) struct Answers {
    end: u8,
    chunk: Vec<u8>,
    length: usize,
    /// The places after the ends in the chunk.
    ends: Vec<usize>,
    /// The beginning of an answer from earlier chunks, and how it looks.
    part: Output,
    part_shown: Vec<u8>,
}

impl Answers {
    pub(super) fn new(end: u8) -> Self {
        Self {
            end,
            chunk: vec![0; 1 << 16],
            length: 0,
            ends: Vec::new(),
            part: Output::default(),
            part_shown: Vec::new(),
        }
    }

    /// Reads once, without waiting. What was read before has to be [kept](Self::keep) first.
    pub(super) fn read(&mut self, from: BorrowedFd<'_>) -> io::Result<Read> {
        self.ends.clear();
        self.length = 0;
        loop {
            match read(from, &mut self.chunk[..]) {
                Ok(0) => return Ok(Read::End),
                Ok(length) => {
                    self.length = length;
                    let bytes = self.chunk[..length].iter().enumerate();
                    let end = self.end;
                    self.ends.extend(bytes.filter(|(_, byte)| **byte == end).map(|(at, _)| at + 1));
                    return Ok(Read::Some);
                }
                Err(Errno::AGAIN) => return Ok(Read::Nothing),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// How many answers came to their end in what was read.
    pub(super) fn count(&self) -> usize {
        self.ends.len()
    }

    /// The first answer as an output, if it began in an earlier read. Then it is the first of the count, and
    /// not among [`whole`](Self::whole).
    pub(super) fn first(&mut self, spill: &Spill) -> Option<Output> {
        if self.part.is_empty() {
            return None;
        }
        let end = *self.ends.first()?;
        let mut output = std::mem::take(&mut self.part);
        output.stdout.push(&self.chunk[..end], spill);
        self.part_shown.clear();
        Some(output)
    }

    /// The answers that came whole, from the one with this number on, each with its end.
    pub(super) fn whole(&self, from: usize) -> impl Iterator<Item = &[u8]> + Clone {
        (from..self.ends.len()).map(|at| {
            let start = at.checked_sub(1).map_or(0, |before| self.ends[before]);
            &self.chunk[start..self.ends[at]]
        })
    }

    /// Keeps what is not whole yet.
    pub(super) fn keep(&mut self, spill: &Spill) {
        let start = self.ends.last().copied().unwrap_or(0);
        let rest = &self.chunk[start..self.length];
        if !rest.is_empty() {
            self.part.stdout.push(rest, spill);
            let room = SHOWN.saturating_sub(self.part_shown.len());
            self.part_shown.extend_from_slice(&rest[..rest.len().min(room)]);
        }
        self.length = 0;
        self.ends.clear();
    }

    /// The beginning of an answer that is not whole.
    pub(super) fn part(&self) -> &[u8] {
        &self.part_shown
    }

    /// The beginning of what was read last, after so many answers in it.
    pub(super) fn after(&self, answers: usize) -> &[u8] {
        let start = answers.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.chunk[start..self.length.min(start + SHOWN)]
    }

    /// The next worker is another one.
    pub(super) fn start_over(&mut self, spill: &Spill) {
        self.part.clear(spill);
        self.part_shown.clear();
        self.length = 0;
        self.ends.clear();
    }
}
