//! The last steps, for the lanes: who did what, and what that did to the others.

use std::collections::VecDeque;
use std::rc::Rc;

use toyvm::machine::{Event, Machine, ThreadId};
use toyvm::trace::tell_event;
use toyvm::value::{Handle, Kind};

/// What stands in the lane of a thread that does nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bar {
    /// It is not there yet, or over.
    Absent,
    /// It can go on.
    Runs,
    /// It waits.
    Waits,
    /// It sleeps.
    Sleeps,
}

/// Something shared that a step used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Used {
    /// A lock, a semaphore and so on.
    Thing(Handle),
    /// A global, by the index of its name.
    Global(usize),
}

/// One step, or what time did after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    /// The number of the step; none for what time did.
    pub(super) step: Option<usize>,
    /// What was done, and whose lane it stands in; the thread that stepped comes first.
    pub(super) cells: Vec<(ThreadId, String)>,
    /// Bars that it changed, as they were before, in order.
    pub(super) moves: Vec<(ThreadId, Bar)>,
    /// What it used that others see too.
    pub(super) used: Vec<Used>,
}

/// The last rows, and how the bars stand after them.
#[derive(Debug, Clone)]
pub(super) struct Lanes {
    rows: VecDeque<Rc<Row>>,
    bars: Vec<Bar>,
    making: Row,
}

impl Lanes {
    /// More than a screen shows.
    const MOST: usize = 200;

    pub(super) fn new(machine: &Machine) -> Self {
        let bars = vec![Bar::Runs; machine.state().threads().len()];
        Self { rows: VecDeque::new(), bars, making: Row::empty() }
    }

    /// The last rows, the oldest first.
    pub(super) fn rows(&self) -> impl DoubleEndedIterator<Item = &Row> {
        self.rows.iter().map(Rc::as_ref)
    }

    /// How the bars stand after the last row, by thread.
    pub(super) fn bars(&self) -> &[Bar] {
        &self.bars
    }

    /// Whether the last step used it.
    pub(super) fn just_used(&self, what: Used) -> bool {
        self.rows.back().is_some_and(|row| row.used.contains(&what))
    }

    /// A thread did something.
    pub(super) fn event(&mut self, machine: &Machine, thread: ThreadId, event: Event) {
        match event {
            Event::Started(child) => self.turn(child, Bar::Runs),
            Event::GoesOn => self.turn(thread, Bar::Runs),
            Event::Waits => self.turn(thread, Bar::Waits),
            Event::Sleeps => self.turn(thread, Bar::Sleeps),
            Event::Ended | Event::Failed | Event::Killed => self.turn(thread, Bar::Absent),
            _ => {}
        }
        self.making.used.extend(used(event));
        if let Some(text) = tell_event(machine, thread, event) {
            self.say(thread, text);
        } else if event == Event::GoesOn && !self.making.speaks_of(thread) {
            self.say(thread, "goes on".to_owned());
        }
    }

    /// A thread printed something.
    pub(super) fn printed(&mut self, thread: ThreadId, line: &str) {
        let said = line.split_once("] ").map_or(line, |(_, said)| said);
        self.say(thread, format!("prints {said}"));
    }

    /// A step is over; the instruction serves if there is nothing else to say.
    pub(super) fn stepped(&mut self, step: usize, thread: ThreadId, instruction: String) {
        if !self.making.speaks_of(thread) {
            self.say(thread, instruction);
        }
        // Whose step it was comes first, whoever was served by it.
        self.making.cells.sort_by_key(|(other, _)| *other != thread);
        self.making.step = Some(step);
        self.close();
    }

    /// Time has passed.
    pub(super) fn time_passed(&mut self) {
        if !self.making.cells.is_empty() {
            self.close();
        }
    }

    fn close(&mut self) {
        if self.rows.len() == Self::MOST {
            self.rows.pop_front();
        }
        let row = std::mem::replace(&mut self.making, Row::empty());
        self.rows.push_back(Rc::new(row));
    }

    fn say(&mut self, thread: ThreadId, text: String) {
        self.making.cells.push((thread, text));
    }

    fn turn(&mut self, thread: ThreadId, bar: Bar) {
        if self.bars.len() <= thread.index() {
            self.bars.resize(thread.index() + 1, Bar::Absent);
        }
        let before = std::mem::replace(&mut self.bars[thread.index()], bar);
        self.making.moves.push((thread, before));
    }
}

impl Row {
    fn empty() -> Self {
        Self { step: None, cells: Vec::new(), moves: Vec::new(), used: Vec::new() }
    }

    fn speaks_of(&self, thread: ThreadId) -> bool {
        self.cells.iter().any(|(other, _)| *other == thread)
    }

    /// All that was done in the lane of a thread.
    pub(super) fn of(&self, thread: ThreadId) -> Option<String> {
        let texts = self.cells.iter().filter(|(other, _)| *other == thread);
        let texts: Vec<&str> = texts.map(|(_, text)| text.as_str()).collect();
        (!texts.is_empty()).then(|| texts.join("; "))
    }

    /// The row in one sentence: `Kant acquires fork 1; Plato goes on`.
    pub(super) fn tell(&self, machine: &Machine) -> String {
        let mut told: Vec<String> = Vec::new();
        let mut last = None;
        for (thread, text) in &self.cells {
            // Who does several things is named once.
            let name = if last == Some(*thread) {
                String::new()
            } else {
                format!("{} ", machine.show_thread(*thread))
            };
            told.push(format!("{name}{text}"));
            last = Some(*thread);
        }
        told.join("; ")
    }
}

/// What others see too that an event is about.
fn used(event: Event) -> Option<Used> {
    let thing = |kind, index| Some(Used::Thing(Handle { kind, index }));
    match event {
        Event::Created(handle) => Some(Used::Thing(handle)),
        Event::Acquired(lock) | Event::Released(lock) => thing(Kind::Lock, lock),
        Event::Lowered(semaphore) | Event::Raised(semaphore) => thing(Kind::Semaphore, semaphore),
        Event::Counted(counter) => thing(Kind::Counter, counter),
        Event::Sent(queue) | Event::Received(queue) => thing(Kind::Queue, queue),
        Event::Notified { condition, .. } => thing(Kind::Condition, condition),
        Event::Stored(name) => Some(Used::Global(name.index())),
        _ => None,
    }
}
