//! A recording for the terminal: a lane for each thread, a row for each step.
//!
//! Consecutive steps of one thread that nobody else can see are one row. A thread that waits has a
//! double line in its lane, one that sleeps a dotted one, one that can go on a plain one. What is
//! printed stands below the step. If there is no room for a lane for each, each row names its thread. Steps that
//! can be gone through again and again, for ever, stand between two lines that say so.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::sentence::tell;
use super::sink::Sink;
use super::{ExportError, Recording, outcome};
use crate::deadlock;
use crate::machine::{Event, Machine, Stepped, ThreadId};
use crate::observer::Observer;
use crate::run::Outcome;

/// How lanes are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// How many columns the terminal has.
    pub columns: usize,
    /// With colours.
    pub color: bool,
    /// Without any character that is not ASCII.
    pub ascii: bool,
    /// With how the run ended, below.
    pub end: bool,
}

impl Default for Style {
    fn default() -> Self {
        Self { columns: 80, color: false, ascii: false, end: true }
    }
}

/// The narrowest lane worth drawing, and the widest.
const NARROWEST: usize = 12;
const WIDEST: usize = 40;

/// Writes a recording as lanes.
pub fn export<W: Write>(recording: &Recording, style: Style, out: W) -> Result<W, ExportError> {
    // Once to learn who there will be, once to draw.
    let end = recording.replay(())?.machine;
    let beginning = recording.machine()?;
    let mut lanes = Lanes::new(out, &beginning, &end, style, recording.schedule().len());
    lanes.repeats_from = recording.repeats_from().map(|from| from as u64);
    let mut replayed = recording.replay_on(beginning, recording.schedule().len(), lanes)?;
    replayed.observer.ending = outcome::ending(recording, &replayed.outcome.end);
    Ok(replayed.observer.finish(&replayed.machine, &replayed.outcome)?)
}

#[derive(Clone, Copy)]
enum Ink {
    Plain,
    Waits,
    Quiet,
    Printed,
}

impl Ink {
    fn code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Waits => "\x1b[31m",
            Self::Quiet => "\x1b[2m",
            Self::Printed => "\x1b[32m",
        }
    }
}

/// What stands in the lane of a thread that does nothing.
#[derive(Clone, Copy)]
enum Bar {
    Absent,
    Runs,
    Waits,
    Sleeps,
}

impl Bar {
    fn drawn(self, ascii: bool) -> (&'static str, Ink) {
        let pick = |plain, plainer| if ascii { plainer } else { plain };
        match self {
            Self::Absent => ("", Ink::Plain),
            Self::Runs => (pick("│", "|"), Ink::Quiet),
            Self::Waits => (pick("║", "#"), Ink::Waits),
            Self::Sleeps => (pick("┊", ":"), Ink::Quiet),
        }
    }
}

struct Lanes<W> {
    sink: Sink<W>,
    style: Style,
    names: Vec<String>,
    /// Columns of the longest name, if there is room.
    longest: usize,
    /// Columns of the number of a step, and of a lane; no lanes if there is no room.
    margin: usize,
    width: Option<usize>,
    steps: u64,
    /// After so many, those begin that are gone through again and again.
    repeats_from: Option<u64>,
    /// How the run ended, in a word or two.
    ending: &'static str,
    bars: Vec<Bar>,
    /// Bars that change with the row that is being made.
    moves: Vec<(ThreadId, Bar)>,
    /// What each thread does in the row that is being made, in order.
    cells: Vec<(ThreadId, String)>,
    /// The instruction of the step that is being made.
    instruction: String,
    /// The step that is being made can be seen by other threads.
    visible: bool,
    /// Steps that only their thread sees, and the number of the first.
    local: Option<(u64, ThreadId, String)>,
    printed: Vec<String>,
    /// The row that is being written.
    row: String,
}

impl<W: Write> Lanes<W> {
    fn new(out: W, beginning: &Machine, end: &Machine, style: Style, steps: usize) -> Self {
        let mut bars = vec![Bar::Absent; end.state().threads().len()];
        bars[..beginning.state().threads().len()].fill(Bar::Runs);
        let names: Vec<String> =
            end.state().thread_ids().map(|it| clean(&end.show_thread(it), style.ascii)).collect();
        let margin = steps.to_string().len().max(4);
        let room = style.columns.saturating_sub(margin) / names.len().max(1);
        let longest = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
        // Two blanks stand between.
        let width = (room >= NARROWEST + 2).then(|| (room - 2).min(WIDEST));
        let mut lanes = Self {
            sink: Sink::new(out),
            style,
            names,
            longest: longest.min(style.columns / 4),
            margin,
            width,
            steps: 0,
            repeats_from: None,
            ending: "",
            bars,
            moves: Vec::new(),
            cells: Vec::new(),
            instruction: String::new(),
            visible: false,
            local: None,
            printed: Vec::new(),
            row: String::new(),
        };
        if let Some(width) = width {
            let _ = write!(lanes.row, "{:margin$}", "step");
            for name in lanes.names.clone() {
                lanes.cell(&name, width, Ink::Plain);
            }
            lanes.write_row();
        }
        lanes
    }

    fn cell(&mut self, text: &str, width: usize, ink: Ink) {
        self.row.push_str("  ");
        self.ink(&fitting(text, width, self.style.ascii), ink);
    }

    fn ink(&mut self, text: &str, ink: Ink) {
        if self.style.color && !ink.code().is_empty() && !text.trim().is_empty() {
            let _ = write!(self.row, "{}{text}\x1b[0m", ink.code());
        } else {
            self.row.push_str(text);
        }
    }

    fn write_row(&mut self) {
        self.sink.line(format_args!("{}", self.row.trim_end()));
        self.row.clear();
    }

    /// Writes the row of the step that was made, or of what time did, and what was printed.
    fn flush(&mut self, number: Option<u64>) {
        for (thread, bar) in std::mem::take(&mut self.moves) {
            self.bars[thread.index()] = bar;
        }
        let cells = std::mem::take(&mut self.cells);
        self.row_of(number, &cells);
        let margin = self.margin;
        let mark = if self.style.ascii { '>' } else { '»' };
        let room = self.style.columns.saturating_sub(margin + 4);
        for line in std::mem::take(&mut self.printed) {
            let line = fitting(&clean(&line, self.style.ascii), room, self.style.ascii);
            let _ = write!(self.row, "{:margin$}  ", "");
            self.ink(&format!("{mark} {}", line.trim_end()), Ink::Printed);
            self.write_row();
        }
    }

    /// Writes the row of steps that only their thread sees. The step that is being made is not in
    /// the bars yet.
    fn flush_local(&mut self) {
        if let Some((number, thread, text)) = self.local.take() {
            self.row_of(Some(number), &[(thread, text)]);
        }
    }

    fn row_of(&mut self, number: Option<u64>, cells: &[(ThreadId, String)]) {
        let margin = self.margin;
        let number = number.map_or_else(|| "time".to_owned(), |number| number.to_string());
        if let Some(width) = self.width {
            let _ = write!(self.row, "{number:>margin$}");
            for at in 0..self.names.len() {
                let texts = cells.iter().filter(|(thread, _)| thread.index() == at);
                let texts: Vec<&str> = texts.map(|(_, text)| text.as_str()).collect();
                if texts.is_empty() {
                    let (bar, ink) = self.bars[at].drawn(self.style.ascii);
                    self.cell(bar, width, ink);
                } else {
                    self.cell(&texts.join("; "), width, Ink::Plain);
                }
            }
            self.write_row();
            return;
        }
        let longest = self.longest;
        let room = self.style.columns.saturating_sub(margin + longest + 4);
        for (thread, text) in cells {
            let name = fitting(&self.names[thread.index()], longest, self.style.ascii);
            let text = fitting(text, room, self.style.ascii);
            let _ = write!(self.row, "{number:>margin$}  {name}  {text}");
            self.write_row();
        }
    }

    /// A line from side to side that says something.
    fn rule(&mut self, text: &str) {
        let dash = if self.style.ascii { '-' } else { '─' };
        let lanes = self.width.map_or(0, |width| self.names.len() * (width + 2));
        let mut line = format!("{dash}{dash} {text} {dash}{dash}");
        line.extend(std::iter::repeat_n(
            dash,
            (self.margin + lanes).saturating_sub(text.len() + 6),
        ));
        let line = fitting(&line, line.chars().count().min(self.style.columns), self.style.ascii);
        self.ink(&line, Ink::Waits);
        self.write_row();
    }

    fn finish(mut self, machine: &Machine, outcome: &Outcome) -> io::Result<W> {
        self.flush_local();
        if !self.cells.is_empty() {
            self.flush(None);
        }
        if let Some(from) = self.repeats_from {
            self.rule(&outcome::again(from));
        }
        if !self.style.end {
            return self.sink.finish();
        }
        self.sink.line(format_args!("{} after {} steps", self.ending, outcome.steps));
        for (thread, wait) in deadlock::waiting(machine) {
            let told = deadlock::tell_wait(machine, thread, wait);
            self.sink.line(format_args!("  {}", clean(&told, self.style.ascii)));
        }
        self.sink.finish()
    }
}

impl<W: Write> Observer for Lanes<W> {
    fn before(&mut self, machine: &Machine, thread: ThreadId) {
        if !self.cells.is_empty() {
            self.flush_local();
            self.flush(None);
        }
        let repeats = self.repeats_from == Some(self.steps);
        if repeats || self.local.as_ref().is_some_and(|(_, other, _)| *other != thread) {
            self.flush_local();
        }
        if repeats {
            self.rule(outcome::ROUND);
        }
        let at = machine.thread(thread).at();
        self.instruction = clean(&machine.show_instruction(thread, at), self.style.ascii);
        self.visible = false;
    }

    fn event(&mut self, machine: &Machine, thread: ThreadId, _: u32, event: Event) {
        match event {
            Event::Started(child) => self.moves.push((child, Bar::Runs)),
            Event::GoesOn => self.moves.push((thread, Bar::Runs)),
            Event::Waits => self.moves.push((thread, Bar::Waits)),
            Event::Sleeps => self.moves.push((thread, Bar::Sleeps)),
            Event::Ended | Event::Failed | Event::Killed => {
                self.moves.push((thread, Bar::Absent));
            }
            _ => {}
        }
        if let Some(text) = tell(machine, thread, event) {
            self.visible = true;
            self.cells.push((thread, clean(&text, self.style.ascii)));
        } else if event == Event::GoesOn {
            self.visible = true;
            self.cells.push((thread, "goes on".to_owned()));
        }
    }

    fn print(&mut self, _: &Machine, _: ThreadId, line: &str) {
        self.visible = true;
        self.printed.push(line.to_owned());
    }

    fn prints(&self) -> bool {
        true
    }

    fn after(&mut self, _: &Machine, thread: ThreadId, stepped: Stepped) {
        self.steps += 1;
        let instruction = std::mem::take(&mut self.instruction);
        if self.visible || stepped != Stepped::Went {
            self.flush_local();
            if !self.cells.iter().any(|(other, _)| *other == thread) {
                self.cells.push((thread, instruction));
            }
            self.flush(Some(self.steps));
            return;
        }
        match &mut self.local {
            // What is past the columns is cut off in the end.
            Some((_, _, text)) if text.len() > 4 * self.style.columns => {}
            Some((_, _, text)) => {
                text.push_str("; ");
                text.push_str(&instruction);
            }
            None => self.local = Some((self.steps, thread, instruction)),
        }
    }
}

/// Without what a terminal would take for a command.
fn clean(text: &str, ascii: bool) -> String {
    let clean = |char: char| match char {
        'µ' if ascii => 'u',
        '–' | '−' if ascii => '-',
        char if char.is_control() || (ascii && !char.is_ascii()) => '?',
        char => char,
    };
    text.chars().map(clean).collect()
}

/// Exactly that wide: cut off, or filled with blanks.
fn fitting(text: &str, width: usize, ascii: bool) -> String {
    if text.chars().count() <= width {
        return format!("{text:width$}");
    }
    let more = if ascii { '~' } else { '…' };
    let mut cut: String = text.chars().take(width.saturating_sub(1)).collect();
    if width > 0 {
        cut.push(more);
    }
    cut
}
