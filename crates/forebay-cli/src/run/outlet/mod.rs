//! What becomes of what a command writes: while it runs, and when it has ended.

pub(crate) mod capture;
pub(crate) mod dead;
pub(crate) mod escape;
pub(crate) mod joblog;
pub(crate) mod lines;
pub(crate) mod output;
pub(crate) mod results;
pub(crate) mod spill;
pub(crate) mod text;

use std::io;
use std::os::unix::ffi::OsStringExt;

use crate::run::Run;
use crate::run::item::Item;
use crate::run::observer::event::Event;
use crate::run::outlet::capture::{Output, Which};
use crate::run::outlet::lines::{Lines, Tagger};
use crate::run::outlet::text::Pieces;

/// How outputs of commands that run at once are kept apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// By item: printed when it has ended.
    Grouped,
    /// By line: printed when the line is whole.
    Lines,
    /// Not at all: commands have our own streams.
    Direct,
}

/// Takes what one command writes.
pub(crate) struct Receiver<'a> {
    run: &'a Run,
    consumer: usize,
    item: &'a Item,
    output: &'a mut Output,
    lines: Option<[Live<'a>; 2]>,
}

/// A stream that is printed while the command runs.
struct Live<'a> {
    lines: Lines,
    tagger: Tagger<'a>,
    pieces: Pieces,
}

impl<'a> Receiver<'a> {
    /// The tag is [the run's](Run::tag_of) for this item.
    pub(crate) fn new(
        run: &'a Run,
        consumer: usize,
        item: &'a Item,
        tag: &'a [u8],
        output: &'a mut Output,
    ) -> Self {
        let lines = (run.manner == Manner::Lines).then(|| {
            Which::BOTH.map(|_| Live {
                lines: Lines::default(),
                tagger: Tagger::new(tag),
                pieces: Pieces::default(),
            })
        });
        Self { run, consumer, item, output, lines }
    }

    /// The command wrote this.
    pub(crate) fn push(&mut self, which: Which, bytes: &[u8]) {
        let stream = self.output.stream_mut(which);
        if self.lines.is_none() || self.run.results.is_some() {
            stream.push(bytes, &self.run.spill);
        } else {
            stream.pass(bytes);
        }
        let Some(lines) = &mut self.lines else { return };
        let Live { lines, tagger, pieces } = &mut lines[which as usize];
        let (run, consumer, item) = (self.run, self.consumer, self.item);
        let handed_on = lines.push(bytes, |lines| {
            if run.is_json {
                return pieces.push(lines, |piece| run.tell_output(consumer, item, which, piece));
            }
            run.printer.print_lines(item.place, which, tagger.tag(lines))
        });
        self.note(handed_on);
    }

    /// The command writes nothing more.
    pub(crate) fn end(mut self) {
        let Some(lines) = self.lines.take() else { return };
        let (run, consumer, item) = (self.run, self.consumer, self.item);
        for (Live { mut lines, mut tagger, mut pieces }, which) in
            lines.into_iter().zip(Which::BOTH)
        {
            let last = lines.end();
            let handed_on = if run.is_json {
                let tell = |piece: &[u8]| run.tell_output(consumer, item, which, piece);
                pieces.push(&last.unwrap_or_default(), tell).and_then(|()| pieces.end(tell))
            } else if let Some(mut last) = last {
                last.push(b'\n');
                run.printer.print_lines(item.place, which, tagger.tag(&last))
            } else {
                Ok(())
            };
            self.note(handed_on);
        }
    }

    fn note(&mut self, handed_on: io::Result<()>) {
        if let Err(error) = handed_on {
            self.run.stop_without_output(&error);
            self.output.is_lost = true;
        }
    }
}

impl Run {
    /// What each line of this item's output begins with.
    pub(crate) fn tag_of(&self, consumer: usize, item: &Item) -> Vec<u8> {
        let Some(tag) = &self.tag else { return Vec::new() };
        let mut tag = tag.fill(item, consumer + 1).into_vec();
        tag.push(b'\t');
        tag
    }

    /// Prints what is left to print of an item that has come to its end.
    pub(crate) fn print(
        &self,
        consumer: usize,
        item: &Item,
        output: &mut Output,
    ) -> io::Result<()> {
        match self.manner {
            Manner::Direct => Ok(()),
            Manner::Lines => self.printer.end_turn(item.place),
            Manner::Grouped if self.is_json && !self.is_dry => {
                for which in Which::BOTH {
                    let tell = |piece: &[u8]| self.tell_output(consumer, item, which, piece);
                    let mut pieces = Pieces::default();
                    output.stream(which).read(&self.spill, |part| pieces.push(part, tell))?;
                    pieces.end(tell)?;
                }
                Ok(())
            }
            Manner::Grouped => {
                let tag = if output.is_empty() { Vec::new() } else { self.tag_of(consumer, item) };
                self.printer.print(item.place, tag, output)
            }
        }
    }

    /// Prints what a worker answered to each of some items.
    pub(crate) fn print_answers<'a>(
        &self,
        consumer: usize,
        mut answers: impl Iterator<Item = (&'a Item, &'a [u8])>,
    ) -> io::Result<()> {
        if self.is_json {
            return answers.try_for_each(|(item, answer)| {
                let tell = |piece: &[u8]| self.tell_output(consumer, item, Which::Stdout, piece);
                let mut pieces = Pieces::default();
                pieces.push(answer, tell)?;
                pieces.end(tell)
            });
        }
        self.printer.print_answers(
            answers.map(|(item, answer)| (item.place, self.tag_of(consumer, item), answer)),
        )
    }

    fn tell_output(
        &self,
        consumer: usize,
        item: &Item,
        which: Which,
        bytes: &[u8],
    ) -> io::Result<()> {
        let blinded = self.observers.tell(&Event::Output { consumer, item, which, bytes });
        let mut told = Ok(());
        for blinded in blinded {
            if blinded.is_output {
                told = Err(blinded.error);
            } else {
                self.note_blinded(blinded);
            }
        }
        told
    }
}
