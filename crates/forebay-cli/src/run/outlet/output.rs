//! Printing what commands wrote: one item at a time or line by line, in order if asked for.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal as _};
use std::os::fd::BorrowedFd;
use std::sync::{Arc, Mutex, PoisonError};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::{Errno, write};
use rustix::stdio;

use crate::run::message::{beside_the_bar, is_bar_shown};
use crate::run::outlet::capture::{Output, Stream, Which};
use crate::run::outlet::lines::Tagger;
use crate::run::outlet::spill::Spill;

/// Outputs that wait for their turn hold at most about this much memory; the rest goes to the
/// spill file.
const IN_MEMORY: usize = 8 << 20;

/// Answers whose turn has come are printed together, up to about so many bytes; and what comes line by
/// line and has to wait goes to the spill file in pieces of at least so many.
const PIECE: usize = 64 << 10;

/// The way to standard output and standard error, for one item at a time.
#[derive(Debug)]
pub(crate) struct Printer {
    keep_order: bool,
    spill: Arc<Spill>,
    turns: Mutex<Turns>,
}

/// Which item's turn it is under `--keep-order`, by its place.
#[derive(Debug, Default)]
struct Turns {
    next: u64,
    waiting: BTreeMap<u64, Waiting>,
    held: usize,
}

#[derive(Debug, Default)]
struct Waiting {
    tag: Vec<u8>,
    output: Output,
    has_ended: bool,
}

impl Printer {
    pub(crate) fn new(keep_order: bool, spill: Arc<Spill>) -> Self {
        Self { keep_order, spill, turns: Mutex::default() }
    }

    /// Prints the output of the item at this place, now or when its turn comes, each line with the
    /// tag before it, and leaves `output` empty. An error tells that standard output takes no more.
    pub(crate) fn print(&self, place: u64, tag: Vec<u8>, output: &mut Output) -> io::Result<()> {
        // Writing under the lock is what keeps outputs apart, and a slow reader holds consumers
        // back instead of filling memory.
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        if self.keep_order && place != turns.next {
            let mut output = std::mem::take(output);
            if turns.held + output.held() > IN_MEMORY {
                output.spill(&self.spill);
            }
            turns.held += output.held();
            turns.waiting.insert(place, Waiting { tag, output, has_ended: true });
            return Ok(());
        }
        let printed = self.write(&tag, output);
        output.clear(&self.spill);
        printed?;
        self.next_turn(&mut turns)
    }

    /// Prints whole lines of an item that still runs, now or when its turn comes. Its end is to be
    /// [told](Self::end_turn).
    pub(crate) fn print_lines(&self, place: u64, which: Which, lines: &[u8]) -> io::Result<()> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.keep_order || place == turns.next {
            return beside_the_bar(|| write_to(which, lines));
        }
        let turns = &mut *turns;
        let output = &mut turns.waiting.entry(place).or_default().output;
        turns.held -= output.held();
        output.stream_mut(which).push(lines, &self.spill);
        if turns.held + output.held() > IN_MEMORY && output.held() > PIECE {
            output.spill(&self.spill);
        }
        turns.held += output.held();
        Ok(())
    }

    /// The item at this place prints nothing more, or never did.
    pub(crate) fn end_turn(&self, place: u64) -> io::Result<()> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.keep_order || place == turns.next {
            return self.next_turn(&mut turns);
        }
        let turns = &mut *turns;
        let waiting = turns.waiting.entry(place).or_default();
        waiting.has_ended = true;
        if turns.held > IN_MEMORY {
            turns.held -= waiting.output.held();
            waiting.output.spill(&self.spill);
            turns.held += waiting.output.held();
        }
        Ok(())
    }

    /// Prints what a worker answered to the items at these places, each after its tag, as
    /// [`print`](Self::print) would one after another, in one piece.
    pub(crate) fn print_answers<'a>(
        &self,
        answers: impl Iterator<Item = (u64, Vec<u8>, &'a [u8])>,
    ) -> io::Result<()> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        let turns = &mut *turns;
        let mut text = Vec::new();
        for (place, tag, answer) in answers {
            if self.keep_order && place != turns.next {
                let mut output = Output::default();
                output.stdout.push(answer, &self.spill);
                turns.held += output.held();
                turns.waiting.insert(place, Waiting { tag, output, has_ended: true });
                continue;
            }
            text.extend_from_slice(Tagger::new(&tag).tag(answer));
            self.print_due(turns, &mut text)?;
        }
        write_out(&mut text)
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

    /// The item whose turn it was has ended: prints what waited for that, up to the first item that
    /// has not ended.
    fn next_turn(&self, turns: &mut Turns) -> io::Result<()> {
        let mut text = Vec::new();
        self.print_due(turns, &mut text)?;
        write_out(&mut text)
    }

    /// The same, where a text is still to be printed before; what is small is added to it.
    fn print_due(&self, turns: &mut Turns, text: &mut Vec<u8>) -> io::Result<()> {
        if !self.keep_order {
            return Ok(());
        }
        turns.next += 1;
        while let Some(waiting) = {
            let next = turns.next;
            turns.waiting.remove(&next)
        } {
            turns.next += u64::from(waiting.has_ended);
            let Output { stdout, stderr, .. } = &waiting.output;
            if stderr.length() > 0 || text.len() as u64 + stdout.length() > PIECE as u64 {
                write_out(text)?;
                self.print_waiting(turns, waiting)?;
                continue;
            }
            let mut tagger = Tagger::new(&waiting.tag);
            stdout.read(&self.spill, |part| {
                text.extend_from_slice(tagger.tag(part));
                io::Result::Ok(())
            })?;
            turns.held -= waiting.output.held();
            let Waiting { mut output, .. } = waiting;
            output.clear(&self.spill);
        }
        Ok(())
    }

    fn print_waiting(&self, turns: &mut Turns, mut waiting: Waiting) -> io::Result<()> {
        turns.held -= waiting.output.held();
        let printed = self.write(&waiting.tag, &waiting.output);
        waiting.output.clear(&self.spill);
        printed
    }

    fn write(&self, tag: &[u8], output: &Output) -> io::Result<()> {
        if output.is_empty() {
            return Ok(());
        }
        let write = |which| self.write_stream(which, tag, output.stream(which));
        beside_the_bar(|| write(Which::Stdout).and(write(Which::Stderr)))
    }

    fn write_stream(&self, which: Which, tag: &[u8], stream: &Stream) -> io::Result<()> {
        let mut tagger = Tagger::new(tag);
        let mut is_line_open = false;
        stream.read(&self.spill, |part| {
            is_line_open = !part.ends_with(b"\n");
            write_to(which, tagger.tag(part))
        })?;
        // The bar would be drawn over a line that has no end.
        if is_line_open && is_bar_shown() && is_terminal(which) {
            write_to(which, b"\n")?;
        }
        Ok(())
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

fn is_terminal(which: Which) -> bool {
    match which {
        Which::Stdout => io::stdout().is_terminal(),
        Which::Stderr => io::stderr().is_terminal(),
    }
}

fn write_to(which: Which, bytes: &[u8]) -> io::Result<()> {
    match which {
        Which::Stdout => write_all(stdio::stdout(), bytes),
        Which::Stderr => {
            // That nobody reads the errors is no reason to stop.
            let _ = write_all(stdio::stderr(), bytes);
            Ok(())
        }
    }
}

/// Writes all of it, whoever shares the stream.
pub(crate) fn write_all(to: BorrowedFd<'_>, mut bytes: &[u8]) -> io::Result<()> {
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
