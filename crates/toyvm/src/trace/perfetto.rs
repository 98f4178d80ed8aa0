//! A timeline for Perfetto (<https://ui.perfetto.dev>) and chrome://tracing, in the JSON of Chrome's
//! *Trace Event Format*.
//!
//! Each thread is a track: its steps, its waits and its sleeps are slices, what it prints is a mark.
//! Each lock is a track of a second group, on which a slice is who holds it: threads hold locks that
//! overlap without nesting, which slices of one track cannot. Arrows go from who let a thread go on to
//! that thread. Time is the virtual clock, in µs.

use std::collections::HashMap;
use std::io::Write;

use serde_json::{Value, json};

use super::edges::{Edge, Edges};
use super::sentence::awaited;
use super::sink::Sink;
use super::{ExportError, Recording, outcome};
use crate::machine::{Event, Machine, Status, Stepped, ThreadId};
use crate::observer::Observer;
use crate::value::Kind;

/// The groups of tracks; 0 is no process to Perfetto.
const THREADS: u32 = 1;
const LOCKS: u32 = 2;

/// Writes a recording as a timeline.
pub fn export<W: Write>(recording: &Recording, out: W) -> Result<W, ExportError> {
    let machine = recording.machine()?;
    let mut timeline = Timeline::new(out, &machine, recording.program_name());
    timeline.repeats_from = recording.repeats_from().map(|from| from as u64);
    let replayed = recording.replay_on(machine, recording.schedule().len(), timeline)?;
    Ok(replayed.observer.finish(&replayed.machine)?)
}

/// Where an arrow begins.
#[derive(Debug, Clone, Copy)]
struct Place {
    thread: ThreadId,
    at: u64,
}

/// A slice that has begun.
#[derive(Debug)]
struct Open {
    name: String,
    category: &'static str,
    since: u64,
}

struct Timeline<W> {
    sink: Sink<W>,
    first: bool,
    edges: Edges<Place>,
    arrows: u64,
    /// Threads that have been started and have not stepped.
    born: HashMap<ThreadId, Place>,
    waits: HashMap<ThreadId, Open>,
    holds: HashMap<u32, Open>,
    /// The instruction of the step now made, and its line in the source.
    step: Option<(String, Option<u32>)>,
    /// Steps made, and after how many the others are gone through again and again.
    steps: u64,
    repeats_from: Option<u64>,
}

impl<W: Write> Timeline<W> {
    fn new(out: W, machine: &Machine, program: &str) -> Self {
        let mut timeline = Self {
            sink: Sink::new(out),
            first: true,
            edges: Edges::default(),
            arrows: 0,
            born: HashMap::new(),
            waits: HashMap::new(),
            holds: HashMap::new(),
            step: None,
            steps: 0,
            repeats_from: None,
        };
        timeline.sink.write(b"{\"displayTimeUnit\":\"ms\",\"traceEvents\":[");
        timeline.name(THREADS, None, program);
        timeline.name(LOCKS, None, "who holds each lock");
        for thread in machine.state().thread_ids() {
            timeline.name(THREADS, Some(thread.0), &machine.show_thread(thread));
        }
        for lock in 0..machine.state().locks().len() as u32 {
            timeline.name(LOCKS, Some(lock), &machine.show_thing(Kind::Lock, lock));
        }
        timeline
    }

    fn write(&mut self, event: &Value) {
        self.sink.write(if self.first { b"\n" } else { b",\n" });
        self.first = false;
        self.sink.write(event.to_string().as_bytes());
    }

    /// Names a group, or a track of it. Tracks are numbered from 1.
    fn name(&mut self, group: u32, track: Option<u32>, name: &str) {
        let Some(track) = track else {
            self.write(&json!({"ph": "M", "name": "process_name", "pid": group, "tid": 0,
                "args": {"name": name}}));
            return;
        };
        let tid = track + 1;
        self.write(&json!({"ph": "M", "name": "thread_name", "pid": group, "tid": tid,
            "args": {"name": name}}));
        self.write(&json!({"ph": "M", "name": "thread_sort_index", "pid": group, "tid": tid,
            "args": {"sort_index": track}}));
    }

    fn slice(&mut self, group: u32, track: u32, open: &Open, until: u64) {
        if until > open.since {
            self.write(&json!({"ph": "X", "name": open.name, "cat": open.category, "pid": group,
                "tid": track + 1, "ts": open.since, "dur": until - open.since}));
        }
    }

    fn stop_waiting(&mut self, thread: ThreadId, now: u64) {
        if let Some(open) = self.waits.remove(&thread) {
            self.slice(THREADS, thread.0, &open, now);
        }
    }

    fn stop_holding(&mut self, lock: u32, now: u64) {
        if let Some(open) = self.holds.remove(&lock) {
            self.slice(LOCKS, lock, &open, now);
        }
    }

    fn arrow(&mut self, from: Place, to: Place, name: &str) {
        self.arrows += 1;
        for (phase, place) in [("s", from), ("f", to)] {
            // "bp": the arrow ends in the slice that is there, not in the next one.
            self.write(&json!({"ph": phase, "bp": "e", "id": self.arrows, "name": name,
                "cat": "goes on", "pid": THREADS, "tid": place.thread.0 + 1, "ts": place.at}));
        }
    }

    /// A mark on all tracks.
    fn mark(&mut self, name: &str, at: u64) {
        self.write(&json!({"ph": "i", "s": "g", "name": name, "cat": "round", "pid": THREADS,
            "tid": 0, "ts": at}));
    }

    fn finish(mut self, machine: &Machine) -> std::io::Result<W> {
        let now = machine.state().clock();
        if let Some(from) = self.repeats_from {
            self.mark(&outcome::again(from), now);
        }
        for thread in machine.state().thread_ids() {
            self.stop_waiting(thread, now);
        }
        for lock in 0..machine.state().locks().len() as u32 {
            self.stop_holding(lock, now);
        }
        self.sink.write(b"\n]}\n");
        self.sink.finish()
    }
}

impl<W: Write> Observer for Timeline<W> {
    fn before(&mut self, machine: &Machine, thread: ThreadId) {
        if self.repeats_from == Some(self.steps) {
            self.mark(outcome::ROUND, machine.state().clock());
        }
        let at = machine.thread(thread).at();
        self.step = Some((machine.show_instruction(thread, at), machine.line_of(thread, at)));
    }

    fn event(&mut self, machine: &Machine, thread: ThreadId, _: u32, event: Event) {
        let now = machine.state().clock();
        // A step begins a microsecond before what it does is told.
        let here = Place { thread, at: now.saturating_sub(1) };
        match event {
            Event::Started(child) => {
                self.name(THREADS, Some(child.0), &machine.show_thread(child));
                self.born.insert(child, here);
            }
            Event::Created(handle) if handle.kind == Kind::Lock => {
                self.name(LOCKS, Some(handle.index), &machine.show_handle(handle));
            }
            Event::Waits | Event::Sleeps => {
                self.stop_waiting(thread, now);
                let (name, category) = match machine.thread(thread).status() {
                    Status::Waiting(wait) => {
                        (format!("waits for {}", awaited(machine, wait)), "wait")
                    }
                    _ => ("sleeps".to_owned(), "sleep"),
                };
                self.waits.insert(thread, Open { name, category, since: now });
            }
            Event::GoesOn => self.stop_waiting(thread, now),
            Event::Released(lock) => self.stop_holding(lock, now),
            Event::Acquired(lock) => {
                self.stop_holding(lock, now);
                let name = machine.show_thread(thread).into_owned();
                self.holds.insert(lock, Open { name, category: "lock", since: now });
            }
            _ => {}
        }
        match self.edges.note(machine, thread, event, here) {
            Some(Edge::From(from)) if from.thread != thread => {
                let name = match event {
                    Event::Received(_) => "message",
                    Event::Acquired(_) => "lock",
                    Event::Lowered(_) => "semaphore",
                    Event::Joined(_) => "join",
                    // Counters are used by all the time, and let nobody go on.
                    _ => return,
                };
                self.arrow(from, here, name);
            }
            Some(Edge::To(other)) if matches!(event, Event::Notified { .. }) => {
                self.arrow(here, Place { thread: other, ..here }, "notify");
            }
            _ => {}
        }
    }

    fn print(&mut self, machine: &Machine, thread: ThreadId, line: &str) {
        let at = machine.state().clock().saturating_sub(1);
        self.write(&json!({"ph": "i", "s": "t", "name": line, "cat": "print", "pid": THREADS,
            "tid": thread.0 + 1, "ts": at}));
    }

    fn prints(&self) -> bool {
        true
    }

    fn after(&mut self, machine: &Machine, thread: ThreadId, _: Stepped) {
        self.steps += 1;
        let at = machine.state().clock() - 1;
        if let Some((name, line)) = self.step.take() {
            self.write(&json!({"ph": "X", "name": name, "cat": "step", "pid": THREADS,
                "tid": thread.0 + 1, "ts": at, "dur": 1, "args": {"line": line}}));
        }
        if let Some(from) = self.born.remove(&thread) {
            self.arrow(from, Place { thread, at }, "start");
        }
    }
}
