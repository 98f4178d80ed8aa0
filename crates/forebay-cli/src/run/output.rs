//! Printing what commands wrote: one item at a time, in order if asked for.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io;
use std::os::fd::BorrowedFd;
use std::os::unix::ffi::OsStrExt;
use std::sync::{Arc, Mutex, PoisonError};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::{Errno, write};
use rustix::stdio;

use super::capture::{Output, Stream};
use super::item::Item;
use super::message::beside_the_bar;
use super::spill::Spill;

/// Outputs that wait for their turn hold at most about this much memory; the rest goes to the
/// spill file.
const IN_MEMORY: usize = 8 << 20;

/// Outputs whose turn has come are printed together, up to about so many bytes.
const ONE_PIECE: u64 = 1 << 16;

/// The way to standard output and standard error, for one item at a time.
#[derive(Debug)]
pub(crate) struct Printer {
    keep_order: bool,
    tag: bool,
    spill: Arc<Spill>,
    turns: Mutex<Turns>,
}

/// Which item's turn it is under `--keep-order`.
#[derive(Debug, Default)]
struct Turns {
    next: u64,
    waiting: BTreeMap<u64, Waiting>,
    held: usize,
}

#[derive(Debug)]
struct Waiting {
    tag: Vec<u8>,
    output: Output,
}

impl Printer {
    pub(crate) fn new(keep_order: bool, tag: bool, spill: Arc<Spill>) -> Self {
        Self { keep_order, tag, spill, turns: Mutex::default() }
    }

    /// Prints the item's output, now or when its turn comes, and leaves `output` empty. An error
    /// tells that standard output takes no more.
    pub(crate) fn print(&self, item: &Item, output: &mut Output) -> io::Result<()> {
        // Writing under the lock is what keeps outputs apart, and a slow reader holds consumers
        // back instead of filling memory.
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        if self.keep_order {
            return self.print_in_turn(&mut turns, item, output);
        }
        let printed = self.write(&self.tag_of(item), output);
        output.clear(&self.spill);
        printed
    }

    fn print_in_turn(&self, turns: &mut Turns, item: &Item, output: &mut Output) -> io::Result<()> {
        if item.place != turns.next {
            let mut output = std::mem::take(output);
            if turns.held + output.held() > IN_MEMORY {
                output.spill(&self.spill);
            }
            turns.held += output.held();
            turns.waiting.insert(item.place, Waiting { tag: self.tag_of(item), output });
            return Ok(());
        }
        let printed = self.write(&self.tag_of(item), output);
        output.clear(&self.spill);
        turns.next += 1;
        printed?;
        self.print_due(turns, &mut Vec::new())
    }

    /// Prints the text, and what waits and whose turn it is now: what is small in one piece.
    fn print_due(&self, turns: &mut Turns, text: &mut Vec<u8>) -> io::Result<()> {
        while let Some(waiting) = {
            let next = turns.next;
            turns.waiting.remove(&next)
        } {
            turns.next += 1;
            let Output { stdout, stderr } = &waiting.output;
            if stderr.length() > 0 || text.len() as u64 + stdout.length() > ONE_PIECE {
                write_out(text)?;
                self.print_waiting(turns, waiting)?;
                continue;
            }
            let mut line_begins = true;
            stdout.read(&self.spill, |part| {
                tag_lines(&waiting.tag, part, &mut line_begins, text);
                io::Result::Ok(())
            })?;
            turns.held -= waiting.output.held();
            let Waiting { mut output, .. } = waiting;
            output.clear(&self.spill);
        }
        write_out(text)
    }

    /// Prints what a worker answered to each of these items, as [`print`](Self::print) would one after
    /// another, in one piece.
    pub(crate) fn print_answers<'a>(
        &self,
        answers: impl Iterator<Item = (&'a Item, &'a [u8])>,
    ) -> io::Result<()> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = Vec::new();
        for (item, answer) in answers {
            if !self.keep_order || item.place == turns.next {
                tag_lines(&self.tag_of(item), answer, &mut true, &mut text);
                turns.next += 1;
                continue;
            }
            self.print_due(&mut turns, &mut text)?;
            let mut output = Output::default();
            output.stdout.push(answer, &self.spill);
            self.print_in_turn(&mut turns, item, &mut output)?;
        }
        self.print_due(&mut turns, &mut text)
    }

    /// Nothing will ever be printed for the item: those after it need not wait for its turn.
    pub(crate) fn pass(&self, item: &Item) -> io::Result<()> {
        if self.keep_order { self.print(item, &mut Output::default()) } else { Ok(()) }
    }

    /// Prints what still waits for its turn because an item before it did not finish.
    pub(crate) fn finish(&self) -> io::Result<()> {
        // A consumer that still prints does so for a reader who does not read: nobody is waited for
        // any more, and nothing could be printed.
        let Ok(mut turns) = self.turns.try_lock() else { return Ok(()) };
        while let Some((_, waiting)) = turns.waiting.pop_first() {
            self.print_waiting(&mut turns, waiting)?;
        }
        Ok(())
    }

    fn print_waiting(&self, turns: &mut Turns, mut waiting: Waiting) -> io::Result<()> {
        turns.held -= waiting.output.held();
        let printed = self.write(&waiting.tag, &waiting.output);
        waiting.output.clear(&self.spill);
        printed
    }

    fn tag_of(&self, item: &Item) -> Vec<u8> {
        if !self.tag {
            return Vec::new();
        }
        let args: Vec<_> = item.args.iter().map(|arg| OsStr::as_bytes(arg)).collect();
        let mut tag = args.join(&b' ');
        tag.push(b'\t');
        tag
    }

    fn write(&self, tag: &[u8], output: &Output) -> io::Result<()> {
        if output.is_empty() {
            return Ok(());
        }
        beside_the_bar(|| {
            let printed = self.write_stream(stdio::stdout(), tag, &output.stdout);
            // That nobody reads the errors is no reason to stop.
            let _ = self.write_stream(stdio::stderr(), tag, &output.stderr);
            printed
        })
    }

    fn write_stream(&self, to: BorrowedFd<'_>, tag: &[u8], stream: &Stream) -> io::Result<()> {
        if tag.is_empty() {
            return stream.read(&self.spill, |part| write_all(to, part));
        }
        let mut line_begins = true;
        let mut tagged = Vec::new();
        stream.read(&self.spill, |part| {
            tagged.clear();
            tag_lines(tag, part, &mut line_begins, &mut tagged);
            write_all(to, &tagged)
        })
    }
}

/// Adds the part of an output to the text, each line of it after the tag.
fn tag_lines(tag: &[u8], part: &[u8], line_begins: &mut bool, text: &mut Vec<u8>) {
    if tag.is_empty() {
        return text.extend_from_slice(part);
    }
    for line in part.split_inclusive(|byte| *byte == b'\n') {
        if *line_begins {
            text.extend_from_slice(tag);
        }
        text.extend_from_slice(line);
        *line_begins = line.ends_with(b"\n");
    }
}

/// Prints the text, and leaves it empty.
fn write_out(text: &mut Vec<u8>) -> io::Result<()> {
    if text.is_empty() {
        return Ok(());
    }
    let printed = beside_the_bar(|| write_all(stdio::stdout(), text));
    text.clear();
    printed
}

fn write_all(to: BorrowedFd<'_>, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match write(to, bytes) {
            Ok(written) => bytes = &bytes[written..],
            Err(Errno::INTR) => {}
            // Someone who shares the pipe or terminal made it non-blocking.
            Err(Errno::AGAIN) => {
                let _ = poll(&mut [PollFd::from_borrowed_fd(to, PollFlags::OUT)], None);
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
