//! Writing a trace while a run goes on.

use std::io::{self, Write};

use super::header::{write_header, write_object, write_thread};
use super::json::Json;
use super::sink::Sink;
use super::{About, outcome};
use crate::deadlock::{self, Cycle};
use crate::instruction::Instruction;
use crate::machine::{Event, Machine, On, Status, Stepped, ThreadId};
use crate::observer::Observer;
use crate::program::NameId;
use crate::program::argument::Name;
use crate::run::Outcome;
use crate::value::{Handle, Kind};

/// Writes a trace of the run that it watches.
///
/// Each step is written when it is made, in bounded memory; buffering is up to `W`. What cannot be
/// written, because the disk is full, ends the trace there and is told by [`finish`](Self::finish).
#[derive(Debug)]
pub struct Recorder<W> {
    sink: Sink<W>,
    line: Json,
    changes: Changes,
    /// How instructions are written, by list and address.
    shown: Vec<Vec<Option<Shown>>>,
    threads: Vec<Known>,
    steps: u64,
    step: Option<Step>,
}

/// An instruction, ready to be written.
#[derive(Debug)]
struct Shown {
    json: Box<[u8]>,
    takes: usize,
    sets: Option<Name>,
}

/// The step that is being made.
#[derive(Debug)]
struct Step {
    at: u32,
    /// How many values lay on the stack before it.
    stack: usize,
    /// The thread waited: it is stepped to take what it waits for.
    waited: bool,
    /// The place of an array that it sets.
    place: Option<(u32, i64)>,
}

/// What the lines so far say about a thread.
#[derive(Debug)]
struct Known {
    stack: usize,
    enabled: bool,
    /// Its status has to be told in the next line.
    changed: bool,
}

/// What has happened since the last line.
#[derive(Debug, Default)]
struct Changes {
    chosen: Option<u64>,
    stored: Option<NameId>,
    /// Threads that may have another status, or may be enabled or no longer be.
    touched: Vec<ThreadId>,
    made: Json,
    set: Json,
    printed: Json,
    threads: Json,
    on: Json,
    off: Json,
}

impl<W: Write> Recorder<W> {
    /// Begins the trace of a run that begins: writes who is there before the first step.
    pub fn new(out: W, machine: &Machine, about: &About) -> Self {
        let program = machine.program();
        let known = |thread: ThreadId| Known {
            stack: machine.thread(thread).stack().len(),
            enabled: machine.state().ready().contains(thread),
            changed: false,
        };
        let shown = |code: &crate::program::Code| {
            std::iter::repeat_with(|| None).take(code.instructions.len()).collect()
        };
        let mut recorder = Self {
            sink: Sink::new(out),
            line: Json::default(),
            changes: Changes::default(),
            shown: program.codes().iter().map(shown).collect(),
            threads: machine.state().thread_ids().map(known).collect(),
            steps: 0,
            step: None,
        };
        write_header(&mut recorder.line, machine, about);
        recorder.write_line();
        recorder
    }

    /// Writes something that was found out about the run: a race, say, in one sentence.
    pub fn finding(&mut self, kind: &str, sentence: &str) {
        self.line.raw("{\"finding\":").string(kind).raw(",\"n\":").number(self.steps);
        self.line.raw(",\"text\":[").string(sentence).raw("]}");
        self.write_line();
    }

    /// Ends the trace. `status` is the exit status of the run: [`Outcome::status`], unless whoever ran
    /// it judges by more.
    pub fn finish(mut self, machine: &Machine, outcome: &Outcome, status: u8) -> io::Result<W> {
        self.write_what_time_did(machine);
        outcome::write(&mut self.line, machine, outcome, status);
        self.write_line();
        self.sink.finish()
    }

    fn write_line(&mut self) {
        self.line.raw("\n");
        self.sink.write(self.line.bytes());
        self.line.clear();
    }

    /// A line of its own for those whom the clock woke, between two steps.
    fn write_what_time_did(&mut self, machine: &Machine) {
        if self.changes.touched.is_empty() && self.changes.set.is_empty() {
            return;
        }
        self.line.raw("{\"clock\":").number(machine.state().clock());
        self.changes.write(&mut self.line, machine, &mut self.threads, None);
        self.line.raw("}");
        self.write_line();
    }

    #[cold]
    fn show(machine: &Machine, thread: ThreadId, at: u32) -> Shown {
        let (program, code) = (machine.program(), machine.thread(thread).code());
        let instruction = program.code(code).instructions[at as usize];
        let mut json = Json::default();
        json.raw(",\"pc\":").number(at);
        json.raw(",\"do\":").string(&instruction.show(program, code));
        let sets = match instruction {
            Instruction::Store(name) => Some(name),
            _ => None,
        };
        Shown { json: json.bytes().into(), takes: instruction.takes(), sets }
    }
}

impl Changes {
    /// Writes all that has happened since the last line, except what only a step does; then nothing
    /// has happened. What the stack of `stepped` received has been written.
    #[inline]
    fn write(
        &mut self,
        line: &mut Json,
        machine: &Machine,
        known: &mut [Known],
        stepped: Option<ThreadId>,
    ) {
        if !self.made.is_empty() {
            line.raw(",\"new\":").piece(self.made.bytes());
            self.made.clear();
        }
        if !self.set.is_empty() {
            line.raw(",\"set\":[").piece(self.set.bytes()).raw("]");
            self.set.clear();
        }
        if !self.touched.is_empty() {
            self.write_threads(line, machine, known, stepped);
        }
    }

    fn write_threads(
        &mut self,
        line: &mut Json,
        machine: &Machine,
        known: &mut [Known],
        stepped: Option<ThreadId>,
    ) {
        // In the order in which they stand in line: whoever begins to wait did nothing else before.
        for thread in self.touched.drain(..) {
            let it = &mut known[thread.index()];
            if std::mem::take(&mut it.changed) {
                self.threads.comma().raw("{\"thread\":").number(thread.0);
                write_status(&mut self.threads, machine, thread);
                let stack = machine.thread(thread).stack();
                if stepped != Some(thread) && stack.len() > it.stack {
                    self.threads.raw(",\"push\":");
                    self.threads.values(machine, stack[it.stack..].iter().copied());
                    it.stack = stack.len();
                }
                self.threads.raw("}");
            }
            let enabled = machine.state().ready().contains(thread);
            if it.enabled != enabled {
                it.enabled = enabled;
                if enabled { &mut self.on } else { &mut self.off }.comma().number(thread.0);
            }
        }
        for (key, json) in
            [("threads", &mut self.threads), ("on", &mut self.on), ("off", &mut self.off)]
        {
            if !json.is_empty() {
                line.raw(",\"").raw(key).raw("\":[").piece(json.bytes()).raw("]");
                json.clear();
            }
        }
    }
}

fn write_status(json: &mut Json, machine: &Machine, thread: ThreadId) {
    let status = machine.thread(thread).status();
    json.raw(",\"is\":\"").raw(status.word()).raw("\"");
    match status {
        Status::Runnable | Status::Ended | Status::Killed => {}
        Status::Sleeping { until, .. } => {
            json.raw(",\"until\":").number(until.0);
        }
        Status::Failed(failure) => {
            json.raw(",\"why\":").string(&machine.tell_fault(failure.fault));
        }
        Status::Waiting(wait) => {
            let (word, kind, index) = match wait.on {
                On::Lock(lock) => ("lock", Kind::Lock, lock),
                On::Semaphore(semaphore) => ("semaphore", Kind::Semaphore, semaphore),
                On::Message(queue) => ("message", Kind::Queue, queue),
                On::Room(queue) => ("room", Kind::Queue, queue),
                On::Condition(condition) => ("condition", Kind::Condition, condition),
                On::Thread(other) => ("thread", Kind::Thread, other.0),
            };
            json.raw(",\"for\":{\"").raw(word).raw("\":").number(index).raw("},\"name\":");
            json.name(machine, kind, machine.label_of(Handle { kind, index }));
            if let On::Lock(lock) = wait.on
                && let Some(owner) = machine.state().locks()[lock as usize].owner
            {
                json.raw(",\"owner\":").number(owner.0);
            }
            if let Some((until, _)) = wait.until {
                json.raw(",\"until\":").number(until);
            }
        }
    }
}

impl<W: Write> Observer for Recorder<W> {
    #[inline]
    fn before(&mut self, machine: &Machine, thread: ThreadId) {
        self.write_what_time_did(machine);
        let it = machine.thread(thread);
        let at = it.at();
        let shown = &mut self.shown[it.code().index()][at as usize];
        if shown.is_none() {
            *shown = Some(Self::show(machine, thread, at));
        }
        let instruction = machine.program().code(it.code()).instructions[at as usize];
        let place = match (instruction, it.stack()) {
            (Instruction::ArraySet, [.., array, crate::value::Value::Int(index), _]) => {
                machine.handle_of(*array).map(|array| (array.index, *index))
            }
            _ => None,
        };
        let waited = matches!(it.status(), Status::Waiting(_));
        self.step = Some(Step { at, stack: it.stack().len(), waited, place });
    }

    fn event(&mut self, machine: &Machine, thread: ThreadId, _: u32, event: Event) {
        let (state, changes) = (machine.state(), &mut self.changes);
        let set = |changes: &mut Changes, kind: Kind, index: u32| {
            changes.set.comma().raw("[\"").raw(kind.word()).raw("\",").number(index).raw(",");
        };
        match event {
            Event::Created(handle) => write_object(&mut changes.made, machine, handle),
            Event::Started(child) => {
                write_thread(&mut changes.made, machine, child);
                self.threads.push(Known { stack: 0, enabled: false, changed: false });
                changes.touched.push(child);
            }
            Event::Ended
            | Event::Failed
            | Event::Killed
            | Event::Waits
            | Event::Sleeps
            | Event::GoesOn => {
                self.threads[thread.index()].changed = true;
                changes.touched.push(thread);
            }
            Event::CanTake(_) => changes.touched.push(thread),
            Event::Acquired(lock) | Event::Released(lock) => {
                set(changes, Kind::Lock, lock);
                match state.locks()[lock as usize].owner {
                    Some(owner) => changes.set.number(owner.0),
                    None => changes.set.raw("null"),
                };
                changes.set.raw("]");
            }
            Event::Lowered(semaphore) | Event::Raised(semaphore) => {
                set(changes, Kind::Semaphore, semaphore);
                changes.set.number(state.semaphores()[semaphore as usize].count).raw("]");
            }
            Event::Counted(counter) => {
                set(changes, Kind::Counter, counter);
                changes.set.number(state.counters()[counter as usize].value).raw("]");
            }
            Event::Sent(queue) => {
                set(changes, Kind::Queue, queue);
                changes.set.raw("\"+\",");
                match state.queues()[queue as usize].messages.back() {
                    Some(message) => changes.set.value(machine, *message),
                    None => changes.set.raw("null"),
                };
                changes.set.raw("]");
            }
            Event::Received(queue) => {
                set(changes, Kind::Queue, queue);
                changes.set.raw("\"-\"]");
            }
            Event::Stored(name) => changes.stored = Some(name),
            Event::Chose(number) => changes.chosen = Some(number),
            // The instruction, or the status that follows, says it.
            Event::Joined(_) | Event::Loaded(_) | Event::Notified { .. } | Event::GaveUp => {}
        }
    }

    fn print(&mut self, _: &Machine, _: ThreadId, line: &str) {
        self.changes.printed.string(line);
    }

    fn prints(&self) -> bool {
        true
    }

    #[inline]
    fn after(&mut self, machine: &Machine, thread: ThreadId, stepped: Stepped) {
        let Some(step) = self.step.take() else { return };
        let it = machine.thread(thread);
        let Some(shown) = &self.shown[it.code().index()][step.at as usize] else { return };
        let (line, changes) = (&mut self.line, &mut self.changes);
        self.steps += 1;
        line.raw("{\"n\":").number(self.steps);
        line.raw(",\"t\":").number(machine.state().clock());
        line.raw(",\"thread\":").number(thread.0);
        let died = matches!(it.status(), Status::Killed);
        if died {
            line.raw(",\"pc\":").number(step.at).raw(",\"dies\":true");
        } else {
            line.piece(&shown.json);
        }
        if let Some(number) = changes.chosen.take() {
            line.raw(",\"chose\":").number(number);
        }
        // Neither an instruction that failed nor an assertion that does not hold takes anything, nor do
        // the dead.
        let failed = matches!(it.status(), Status::Failed(_));
        let undone = died || failed || stepped == Stepped::Asserted;
        let takes = if undone || step.waited { 0 } else { shown.takes };
        if takes > 0 {
            line.raw(",\"pop\":").number(takes);
        }
        let kept = step.stack.saturating_sub(takes);
        if it.stack().len() > kept {
            line.raw(",\"push\":").values(machine, it.stack()[kept..].iter().copied());
        }
        self.threads[thread.index()].stack = it.stack().len();
        if !undone {
            if let Some(name) = shown.sets
                && let Some(Some(value)) = it.variables().get(name.slot as usize)
            {
                line.raw(",\"vars\":{").string(machine.program().name(name.id)).raw(":");
                line.value(machine, *value).raw("}");
            }
            if !step.waited && it.pc() != step.at + 1 {
                line.raw(",\"to\":").number(it.pc());
            }
            if let Some((array, index)) = step.place {
                let value = machine.state().arrays()[array as usize].values[index as usize];
                changes.set.comma().raw("[\"array\",").number(array).raw(",").number(index);
                changes.set.raw(",").value(machine, value).raw("]");
            }
        }
        if let Some(name) = changes.stored.take()
            && let Some(value) = machine.state().globals()[name.index()]
        {
            line.raw(",\"globals\":{").string(machine.program().name(name)).raw(":");
            line.value(machine, value).raw("}");
        }
        if !changes.printed.is_empty() {
            line.raw(",\"print\":").piece(changes.printed.bytes());
            changes.printed.clear();
        }
        changes.write(line, machine, &mut self.threads, Some(thread));
        line.raw("}");
        self.write_line();
    }

    fn cycle(&mut self, machine: &Machine, cycle: &Cycle) {
        self.line.raw("{\"finding\":\"cycle\",\"n\":").number(self.steps);
        self.line.raw(",\"threads\":").list(&cycle.threads, |json, thread| {
            json.number(thread.0);
        });
        self.line.raw(",\"text\":").list(&cycle.threads, |json, thread| {
            if let Some(wait) = deadlock::wait_of(machine, *thread) {
                json.string(&deadlock::tell_wait(machine, *thread, wait));
            }
        });
        self.line.raw("}");
        self.write_line();
    }
}
