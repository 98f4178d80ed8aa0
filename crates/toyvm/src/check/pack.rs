//! States as bytes: what tells two states apart, and nothing else.
//!
//! Time, priorities and what only reports need are left out; so are variables that are not read again,
//! and values that matter to nothing. Who waits for what, and at which place in its line, stands with
//! the thread, as does what it holds; so threads that cannot be told apart are put in order by their
//! bytes, and nothing else has to be renamed.

use super::analysis::Analysis;
use super::bits::has_bit;
use super::flaw::{Flaw, flawed};
use super::flow::{Family, Ids, Thing};
use super::names::Names;
use super::outputs::Output;
use super::symmetry::{ALONE, Group};
use super::touched::Touched;
use super::unpack::Parts;
use crate::machine::{Answer, Machine, On, State, Status, ThreadId, Wait};
use crate::value::{Handle, Kind, Value};

/// What a machine does not keep, and a search has to know.
#[derive(Debug, Clone, Default)]
pub(super) struct Origins {
    /// By thread, what tells it from others, as far as it is known.
    pub(super) groups: Vec<Group>,
    /// By kind, of those that the program makes, which CREATE made them.
    pub(super) made: [Vec<Thing>; Kind::COUNT],
    /// Who, in the state that was unpacked last, was put before a run of JOINs in which it waits.
    pub(super) joining: Vec<ThreadId>,
    /// Who stepped last, where that is part of the state.
    pub(super) last: Option<ThreadId>,
    /// What was printed, where that is part of the state.
    pub(super) output: Output,
}

/// Integers from here on for some way up have one byte.
pub(super) const LEAST: i64 = -32;
const MOST: i64 = LEAST + INTEGER as i64 - 1;
pub(super) const INTEGER: u8 = 0xE0;
pub(super) const TEXT: u8 = 0xE1;
pub(super) const MADE_TEXT: u8 = 0xE2;
pub(super) const HANDLE: u8 = 0xE3;
pub(super) const NOTHING: u8 = 0xEA;

const RUNNABLE: u8 = 0;
pub(super) const WAITING: u8 = 1;
pub(super) const OVER: u8 = 2;
/// It waits in a run of JOINs, which is begun anew.
pub(super) const JOINING: u8 = 3;
pub(super) const STATUS: u8 = 3;
pub(super) const DAEMON: u8 = 4;
pub(super) const HOLDS: u8 = 8;
pub(super) const LAST: u8 = 16;
pub(super) const KILLED: u8 = 32;

/// What makes bytes of states.
#[derive(Debug, Default)]
pub(super) struct Packer {
    records: Vec<u8>,
    /// By thread, where its record lies.
    ends: Vec<u32>,
    order: Vec<u32>,
    names: Names,
}

/// A state, and what is known of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subject<'a> {
    pub(super) analysis: &'a Analysis,
    pub(super) machine: &'a Machine,
    pub(super) origins: &'a Origins,
}

pub(super) fn put_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn put_signed(out: &mut Vec<u8>, number: i64) {
    put_number(out, ((number << 1) ^ (number >> 63)) as u64);
}

pub(super) fn put_integer(out: &mut Vec<u8>, integer: i64) {
    if (LEAST..=MOST).contains(&integer) {
        out.push((integer - LEAST) as u8);
    } else {
        out.push(INTEGER);
        put_signed(out, integer);
    }
}

pub(super) fn put_value(out: &mut Vec<u8>, machine: &Machine, value: Value) {
    match value {
        Value::Int(integer) => put_integer(out, integer),
        Value::Text(text) if text.index() < machine.program().texts().len() => {
            out.push(TEXT);
            put_number(out, text.index() as u64);
        }
        // Its number depends on the way by which the machine came here.
        Value::Text(text) => {
            let text = machine.text(text).as_bytes();
            out.push(MADE_TEXT);
            put_number(out, text.len() as u64);
            out.extend_from_slice(text);
        }
        Value::Handle(handle) => {
            out.push(HANDLE + handle.kind as u8);
            put_number(out, u64::from(handle.index));
        }
    }
}

pub(super) const DEAD: Value = Value::Int(0);

/// What puts an id, if it may change places with others.
type Naming<'a> = dyn FnMut(Family, i64, &mut Vec<u8>) + 'a;

/// A value where there may be ids, of one family.
#[inline]
fn put_any(
    of: Subject<'_>,
    family: Option<Family>,
    value: Value,
    name: &mut Naming<'_>,
    out: &mut Vec<u8>,
) {
    let id = |family| Some((family, of.analysis.ids.as_ref()?.id(family, value)?));
    match family.and_then(id) {
        Some((family, id)) => name(family, id, out),
        None => put_value(out, of.machine, value),
    }
}

/// Globals, what was printed, and what was made where.
fn put_globals(of: Subject<'_>, name: &mut Naming<'_>, out: &mut Vec<u8>) {
    let Subject { analysis, machine, origins } = of;
    for (global, matters) in &analysis.globals {
        match machine.state().globals[global.index()] {
            None => out.push(NOTHING),
            Some(_) if !matters => put_value(out, machine, DEAD),
            Some(value) => {
                let family = analysis.ids.as_ref().and_then(|ids| ids.in_global(*global));
                put_any(of, family, value, name, out);
            }
        }
    }
    if analysis.outputs.is_some() {
        put_number(out, u64::from(origins.output));
    }
    for made in &origins.made {
        put_number(out, made.len() as u64);
        for thing in made {
            put_number(out, u64::from(thing.0));
        }
    }
}

/// What things hold, and the claims.
fn put_contents(of: Subject<'_>, name: &mut Naming<'_>, out: &mut Vec<u8>) {
    let Subject { analysis, machine, origins } = of;
    let state = machine.state();
    for semaphore in &state.semaphores {
        put_signed(out, semaphore.count);
        put_signed(out, semaphore.bound.unwrap_or(-1));
    }
    for (at, queue) in state.queues.iter().enumerate() {
        put_signed(out, queue.capacity.unwrap_or(-1));
        put_number(out, queue.messages.len() as u64);
        if origins.contents_matter(analysis, Kind::Queue, at as u32) {
            let family = of.family_in(Kind::Queue, at as u32);
            for message in &queue.messages {
                put_any(of, family, *message, name, out);
            }
        }
    }
    for (at, counter) in state.counters.iter().enumerate() {
        if origins.contents_matter(analysis, Kind::Counter, at as u32) {
            put_signed(out, counter.value);
        }
    }
    for condition in &state.conditions {
        put_number(out, u64::from(condition.lock));
    }
    for (at, array) in state.arrays.iter().enumerate() {
        put_number(out, array.values.len() as u64);
        let is_by_ids = origins.family_of_places(analysis, at as u32).is_some();
        if !is_by_ids && origins.contents_matter(analysis, Kind::Array, at as u32) {
            let family = of.family_in(Kind::Array, at as u32);
            for value in &array.values {
                put_any(of, family, *value, name, out);
            }
        }
    }
    put_number(out, state.claims.len() as u64);
    for claim in &state.claims {
        put_number(out, u64::from(claim.0));
    }
}

/// A state and its bytes, of which another differs in what was touched.
#[derive(Debug, Clone, Copy)]
pub(super) struct Before<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) parts: &'a Parts,
    pub(super) touched: Touched,
}

impl Packer {
    /// The bytes of the state of a machine; of what was not touched, those from before are known.
    pub(super) fn pack(
        &mut self,
        analysis: &Analysis,
        machine: &Machine,
        origins: &Origins,
        before: Option<Before<'_>>,
        out: &mut Vec<u8>,
    ) {
        out.clear();
        let of = Subject { analysis, machine, origins };
        if let Some(ids) = &analysis.ids {
            return self.pack_names(of, ids, out);
        }
        let nothing: &mut Naming<'_> = &mut |_, _, _| {};
        let before = before.filter(|before| !before.touched.is_all());
        match before {
            Some(Before { bytes, parts, touched }) if !touched.globals() => {
                out.extend_from_slice(parts.globals(bytes));
            }
            _ => put_globals(of, nothing, out),
        }
        match before {
            Some(Before { bytes, parts, touched }) if !touched.contents() => {
                out.extend_from_slice(parts.contents(bytes));
            }
            _ => put_contents(of, nothing, out),
        }
        let count = machine.state().threads.len();
        let mut put = |at, out: &mut Vec<u8>| match before {
            Some(Before { bytes, parts, touched }) if !touched.thread(at) => {
                out.extend_from_slice(parts.thread(bytes, at));
            }
            _ => put_thread(of, at, nothing, out),
        };
        if origins.groups.iter().all(|group| *group == ALONE) {
            (0..count).for_each(|at| put(at, out));
            return;
        }
        self.records.clear();
        self.ends.clear();
        for at in 0..count {
            put(at, &mut self.records);
            self.ends.push(self.records.len() as u32);
        }
        self.put_in_order(machine.state(), origins, out);
    }

    /// Likewise, with names for ids; one may change the names of others, so all is packed anew.
    fn pack_names(&mut self, of: Subject<'_>, ids: &Ids, out: &mut Vec<u8>) {
        let Self { names, records: record, .. } = self;
        names.begin(ids);
        let certain: &mut Naming<'_> = &mut |family, id, out| names.put(ids, family, id, out);
        put_globals(of, certain, out);
        put_contents(of, certain, out);
        for at in 0..of.machine.state().threads.len() {
            record.clear();
            let name: &mut Naming<'_> =
                &mut |family, id, out| names.note(of, family, id, out.len());
            put_thread(of, at, name, record);
            names.end_record(record);
        }
        names.put_threads(of, ids, out);
    }

    /// The records of those alike in order of their bytes.
    fn put_in_order(&mut self, state: &State, origins: &Origins, out: &mut Vec<u8>) {
        self.order.clear();
        self.order.extend(0..state.threads.len() as u32);
        for first in 0..state.threads.len() {
            let alike = |at: u32| {
                origins.groups[at as usize] == origins.groups[first]
                    && state.threads[at as usize].code == state.threads[first].code
            };
            // Selection, since there are few: the least of those alike comes first.
            if origins.groups[first] != ALONE {
                for at in first as u32 + 1..state.threads.len() as u32 {
                    if alike(at) {
                        let (one, other) =
                            (self.order[first] as usize, self.order[at as usize] as usize);
                        if self.record(other) < self.record(one) {
                            self.order.swap(first, at as usize);
                        }
                    }
                }
            }
            out.extend_from_slice(self.record(self.order[first] as usize));
        }
    }

    fn record(&self, at: usize) -> &[u8] {
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        &self.records[start as usize..self.ends[at] as usize]
    }
}

/// At which place of its line a thread stands.
fn place_of(state: &State, thread: ThreadId, on: On) -> u32 {
    let line = match on {
        On::Lock(lock) => &state.locks[lock as usize].line,
        On::Semaphore(semaphore) => &state.semaphores[semaphore as usize].line,
        On::Message(queue) => &state.queues[queue as usize].receivers,
        On::Room(queue) => &state.queues[queue as usize].senders,
        On::Condition(condition) => &state.conditions[condition as usize].line,
        On::Thread(_) => return 0,
    };
    if flawed(Flaw::Place) {
        return line.iter().filter(|it| **it < thread).count() as u32;
    }
    line.iter().position(|it| *it == thread).expect("who waits stands in its line") as u32
}

fn put_thread(of: Subject<'_>, at: usize, name: &mut Naming<'_>, out: &mut Vec<u8>) {
    let Subject { analysis, machine, origins } = of;
    let state = machine.state();
    let thread = &state.threads[at];
    let run = match &thread.status {
        Status::Waiting(Wait { on: On::Thread(_), at, until: None, .. }) => {
            analysis.symmetry.run_of(thread.code, *at)
        }
        _ => None,
    };
    let status = match &thread.status {
        Status::Runnable | Status::Sleeping { .. } => RUNNABLE,
        Status::Waiting(_) if run.is_some() => JOINING,
        Status::Waiting(_) => WAITING,
        Status::Killed if analysis.mortals.any() && !flawed(Flaw::Dead) => OVER | KILLED,
        Status::Ended | Status::Failed(_) | Status::Killed => OVER,
    };
    let holds = if thread.held > 0 && !flawed(Flaw::Holder) { HOLDS } else { 0 };
    let daemon = if thread.daemon { DAEMON } else { 0 };
    let last = if origins.last.is_some_and(|last| last.index() == at) { LAST } else { 0 };
    out.push(status | daemon | holds | last);
    if at >= machine.program().entries().len() {
        put_number(out, u64::from(thread.code.0));
    }
    if holds > 0 {
        put_number(out, u64::from(thread.held));
        for (lock, it) in state.locks.iter().enumerate() {
            if it.owner.is_some_and(|owner| owner.index() == at) {
                put_number(out, lock as u64);
            }
        }
    }
    if thread.status.is_over() && !analysis.accesses.claims_steps {
        return;
    }
    // One who waits has given its operands away, and what lies below them is as it was.
    let (pc, site) = match (&thread.status, run) {
        (_, Some(start)) => (start, start),
        (Status::Waiting(wait), None) => (thread.pc, wait.at),
        _ => (thread.pc, thread.pc),
    };
    put_number(out, u64::from(pc));
    put_number(out, thread.stack.len() as u64);
    let (matters, ids) = (analysis.stack(thread.code, site), analysis.ids.as_ref());
    for (at, value) in thread.stack.iter().enumerate() {
        if matters.is_some_and(|matters| !matters[at]) {
            put_value(out, machine, DEAD);
        } else {
            let family = ids.and_then(|ids| ids.on_stack(thread.code, site, at));
            put_any(of, family, *value, name, out);
        }
    }
    let live = analysis.lives.at(thread.code, pc);
    let flow = analysis.flow.as_ref().filter(|_| analysis.drops);
    for slot in 0..machine.program().code(thread.code).variables.len() {
        if analysis.drops && !has_bit(live, slot) {
            continue;
        }
        match thread.variables.get(slot).copied().flatten() {
            None => out.push(NOTHING),
            Some(value) => {
                let matters =
                    flow.is_none_or(|flow| flow.variable_matters(thread.code, slot as u32));
                if matters {
                    let family = ids.and_then(|ids| ids.in_variable(thread.code, slot));
                    put_any(of, family, value, name, out);
                } else {
                    put_value(out, machine, DEAD);
                }
            }
        }
    }
    if let (Status::Waiting(wait), None) = (&thread.status, run) {
        let place = place_of(state, ThreadId(at as u32), wait.on);
        put_wait(out, wait, place);
        if let On::Room(queue) = wait.on {
            let message = wait.message.expect("who waits for room has a message");
            if origins.contents_matter(analysis, Kind::Queue, queue) {
                put_any(of, of.family_in(Kind::Queue, queue), message, name, out);
            } else {
                put_value(out, machine, DEAD);
            }
        }
    }
}

fn put_wait(out: &mut Vec<u8>, wait: &Wait, place: u32) {
    let (kind, index) = match wait.on {
        On::Lock(index) => (0, index),
        On::Semaphore(index) => (1, index),
        On::Message(index) => (2, index),
        On::Room(index) => (3, index),
        On::Condition(index) => (4, index),
        On::Thread(other) => (5, other.0),
    };
    let (answer, says) = match wait.answer {
        Answer::Nothing => (0, 0),
        Answer::WhetherServed => (1, 0),
        Answer::WhetherAbandoned => (2, 0),
        Answer::Says(answer) => (3, answer),
    };
    let timed = u8::from(wait.until.is_some());
    out.push(kind | answer << 3 | timed << 5);
    put_number(out, u64::from(index));
    put_number(out, u64::from(place));
    if answer == 3 {
        put_signed(out, says);
    }
    if kind == 0 {
        put_number(out, u64::from(wait.at));
    }
}

impl Subject<'_> {
    /// The ids that a thing holds.
    fn family_in(&self, kind: Kind, index: u32) -> Option<Family> {
        let ids = self.analysis.ids.as_ref()?;
        ids.in_thing(self.origins.thing(self.analysis, Handle { kind, index }))
    }
}

impl Origins {
    /// Whether what a thing holds matters.
    pub(super) fn contents_matter(&self, analysis: &Analysis, kind: Kind, index: u32) -> bool {
        let Some(flow) = analysis.flow.as_ref().filter(|_| analysis.drops) else { return true };
        flow.contents_matter(self.thing(analysis, Handle { kind, index }))
    }

    /// The ids that are the places of an array, if it matters what stands there.
    pub(super) fn family_of_places(&self, analysis: &Analysis, array: u32) -> Option<Family> {
        let ids = analysis.ids.as_ref()?;
        let handle = Handle { kind: Kind::Array, index: array };
        let family = ids.places_of(self.thing(analysis, handle))?;
        self.contents_matter(analysis, Kind::Array, array).then_some(family)
    }

    pub(super) fn thing(&self, analysis: &Analysis, handle: Handle) -> Thing {
        let flow = analysis.flow.as_ref().expect("it is asked for only where it is known");
        let declared = flow.declared_of(handle.kind);
        match handle.index.checked_sub(declared) {
            None => flow.declared(handle),
            Some(made) => self.made[handle.kind as usize][made as usize],
        }
    }
}
