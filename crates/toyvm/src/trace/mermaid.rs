//! A sequence diagram for Mermaid (<https://mermaid.js.org/syntax/sequenceDiagram.html>), which many
//! Markdown viewers draw: threads are participants, arrows go from who let a thread go on to that
//! thread, notes tell who waits and what is printed.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write;

use super::edges::{Edge, Edges};
use super::sentence::tell;
use super::{ExportError, Recording, outcome};
use crate::deadlock;
use crate::machine::{Event, Machine, Stepped, ThreadId};
use crate::observer::Observer;
use crate::run::End;

/// How many arrows and notes a diagram has, if nobody says otherwise: more cannot be read.
pub const MOST: usize = 200;

/// Writes a recording as a diagram with `most` arrows and notes at most; a last note tells how many
/// steps come after that.
pub fn export<W: Write>(recording: &Recording, most: usize, mut out: W) -> Result<W, ExportError> {
    let diagram = Diagram {
        most,
        lines: Vec::new(),
        participants: BTreeMap::new(),
        edges: Edges::default(),
        steps: 0,
        repeats_from: recording.repeats_from().map(|from| from as u64),
        left_out: 0,
    };
    let replayed = recording.replay(diagram)?;
    let (machine, mut diagram) = (replayed.machine, replayed.observer);
    if diagram.left_out > 0 {
        diagram.note_over_all(&machine, &format!("… {} more steps", diagram.left_out));
    }
    if let Some(from) = diagram.repeats_from {
        diagram.note_over_all(&machine, &outcome::again(from));
    }
    if replayed.outcome.end == End::Deadlock {
        let waits = deadlock::waiting(&machine);
        let waits = waits.map(|(thread, wait)| deadlock::tell_wait(&machine, thread, wait));
        let waits: Vec<String> = waits.collect();
        diagram.note_over_all(&machine, &format!("DEADLOCK\n{}", waits.join("\n")));
    }
    writeln!(out, "sequenceDiagram")?;
    for (thread, name) in &diagram.participants {
        writeln!(out, "    participant t{thread} as {name}")?;
    }
    for line in &diagram.lines {
        writeln!(out, "    {line}")?;
    }
    out.flush()?;
    Ok(out)
}

struct Diagram {
    most: usize,
    lines: Vec<String>,
    /// Whom the lines mention, by name.
    participants: BTreeMap<u32, String>,
    edges: Edges<ThreadId>,
    /// Steps made, and after how many the others are gone through again and again.
    steps: u64,
    repeats_from: Option<u64>,
    /// How many steps come after the last line.
    left_out: u64,
}

impl Diagram {
    fn is_full(&self) -> bool {
        self.lines.len() >= self.most
    }

    fn mention(&mut self, machine: &Machine, thread: ThreadId) {
        self.participants.entry(thread.0).or_insert_with(|| escaped(&machine.show_thread(thread)));
    }

    fn arrow(&mut self, machine: &Machine, from: ThreadId, line: &str, to: ThreadId, text: &str) {
        self.mention(machine, from);
        self.mention(machine, to);
        self.lines.push(format!("t{}{line}t{}: {}", from.0, to.0, escaped(text)));
    }

    fn note(&mut self, machine: &Machine, thread: ThreadId, text: &str) {
        self.mention(machine, thread);
        self.lines.push(format!("Note over t{}: {}", thread.0, escaped(text)));
    }

    fn note_over_all(&mut self, machine: &Machine, text: &str) {
        if self.participants.is_empty() {
            self.mention(machine, ThreadId(0));
        }
        let (first, last) = (self.participants.keys().next(), self.participants.keys().last());
        if let (Some(first), Some(last)) = (first, last) {
            self.lines.push(format!("Note over t{first},t{last}: {}", escaped(text)));
        }
    }
}

impl Observer for Diagram {
    fn before(&mut self, machine: &Machine, _: ThreadId) {
        if self.repeats_from == Some(self.steps) {
            self.note_over_all(machine, outcome::ROUND);
        }
    }

    fn event(&mut self, machine: &Machine, thread: ThreadId, _: u32, event: Event) {
        let edge = self.edges.note(machine, thread, event, thread);
        if self.is_full() {
            return;
        }
        let Some(text) = tell(machine, thread, event) else { return };
        match (edge, event) {
            (Some(Edge::To(other)), _) => self.arrow(machine, thread, "->>", other, &text),
            (Some(Edge::From(other)), Event::Received(_)) if other != thread => {
                self.arrow(machine, other, "-)", thread, &text);
            }
            (Some(Edge::From(other)), Event::Joined(_)) => {
                self.arrow(machine, other, "-->>", thread, &text);
            }
            (Some(Edge::From(other)), Event::Acquired(_) | Event::Lowered(_))
                if other != thread =>
            {
                self.arrow(machine, other, "->>", thread, &text);
            }
            (
                _,
                Event::Waits
                | Event::Sleeps
                | Event::GaveUp
                | Event::Failed
                | Event::Killed
                | Event::Acquired(_)
                | Event::Lowered(_)
                | Event::Sent(_)
                | Event::Stored(_)
                | Event::Counted(_)
                | Event::Chose(_),
            ) => self.note(machine, thread, &text),
            _ => {}
        }
    }

    fn print(&mut self, machine: &Machine, thread: ThreadId, line: &str) {
        if !self.is_full() {
            self.note(machine, thread, line);
        }
    }

    fn prints(&self) -> bool {
        true
    }

    fn after(&mut self, _: &Machine, _: ThreadId, _: Stepped) {
        self.steps += 1;
        if self.is_full() {
            self.left_out += 1;
        }
    }
}

/// Text without anything that Mermaid would read as its own.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for char in text.chars() {
        match char {
            '\n' => escaped.push_str("<br/>"),
            char if char.is_control() => escaped.push(' '),
            // Statements end at `;`, comments begin with `%%`, entities with `#`.
            '#' | ';' | ':' | ',' | '<' | '>' | '&' | '"' | '%' | '\\' | '`' | '{' | '}' => {
                let _ = write!(escaped, "#{};", u32::from(char));
            }
            char => escaped.push(char),
        }
    }
    escaped
}
