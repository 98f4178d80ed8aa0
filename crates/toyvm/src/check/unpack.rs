//! States from bytes: what [`pack`](super::pack) made of them.

use super::analysis::Analysis;
use super::bits::has_bit;
use super::flow::Thing;
use super::outputs::Output;
use super::pack::{
    DAEMON, DEAD, HANDLE, HOLDS, INTEGER, JOINING, KILLED, LAST, LEAST, MADE_TEXT, NOTHING, OVER,
    Origins, STATUS, TEXT, WAITING,
};
use super::touched::Touched;
use crate::machine::{Answer, Machine, On, Status, ThreadId, Wait};
use crate::program::{ClaimId, CodeId};
use crate::value::{Handle, Kind, Text, Value};

/// Reads what was packed.
struct Reader<'a> {
    bytes: &'a [u8],
}

impl Reader<'_> {
    #[inline]
    fn byte(&mut self) -> u8 {
        let (byte, rest) = self.bytes.split_first().expect("it was packed");
        self.bytes = rest;
        *byte
    }

    #[inline]
    fn number(&mut self) -> u64 {
        let (mut number, mut shift) = (0, 0);
        loop {
            let byte = self.byte();
            number |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return number;
            }
            shift += 7;
        }
    }

    #[inline]
    fn signed(&mut self) -> i64 {
        let number = self.number();
        (number >> 1) as i64 ^ -((number & 1) as i64)
    }

    #[inline]
    fn value(&mut self, machine: &mut Machine) -> Option<Value> {
        let byte = self.byte();
        Some(match byte {
            NOTHING => return None,
            INTEGER => Value::Int(self.signed()),
            TEXT => {
                let number = self.number();
                Value::Text(Text::at(number as u32))
            }
            MADE_TEXT => {
                let length = self.number() as usize;
                let (text, rest) = self.bytes.split_at(length);
                self.bytes = rest;
                let text = std::str::from_utf8(text).expect("it was packed");
                Value::Text(machine.intern(text))
            }
            HANDLE.. => {
                let kind = Kind::ALL[usize::from(byte - HANDLE)];
                Value::Handle(Handle { kind, index: self.number() as u32 })
            }
            small => Value::Int(i64::from(small) + LEAST),
        })
    }
}

/// Where the parts of a state lie in its bytes.
#[derive(Debug, Default)]
pub(super) struct Parts {
    contents: usize,
    /// Where each thread begins, and where the last one ends. What stands at the places of ids comes after it.
    threads: Vec<u32>,
}

impl Parts {
    /// Globals, and what was made where.
    pub(super) fn globals<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        &bytes[..self.contents]
    }

    /// What things hold, and the claims.
    pub(super) fn contents<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        &bytes[self.contents..self.threads[0] as usize]
    }

    pub(super) fn thread<'a>(&self, bytes: &'a [u8], at: usize) -> &'a [u8] {
        &bytes[self.threads[at] as usize..self.threads[at + 1] as usize]
    }

    fn places<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        let end = self.threads.last().expect("the last one ends somewhere");
        &bytes[*end as usize..]
    }
}

/// Puts a machine into a state, and finds its parts. Those who wait in a run of JOINs are put before it,
/// and can go on.
pub(super) fn unpack(
    bytes: &[u8],
    analysis: &Analysis,
    machine: &mut Machine,
    origins: &mut Origins,
    parts: &mut Parts,
) {
    let mut reader = Reader { bytes };
    read_globals(&mut reader, analysis, machine);
    if analysis.outputs.is_some() {
        origins.output = reader.number() as Output;
    }
    read_made(&mut reader, machine, origins);
    parts.contents = bytes.len() - reader.bytes.len();
    leave_lines(machine, &Touched::ALL);
    read_contents(&mut reader, analysis, machine, origins);
    let made = &origins.made[Kind::Thread as usize];
    let entries = machine.program().entries().len();
    let count = entries + made.len();
    machine.have_threads(count);
    origins.groups.truncate(entries);
    origins.groups.extend(made.iter().map(|thing| analysis.group_of(*thing)));
    origins.joining.clear();
    origins.last = None;
    parts.threads.clear();
    for at in 0..count {
        parts.threads.push((bytes.len() - reader.bytes.len()) as u32);
        read_thread(&mut reader, analysis, machine, origins, at);
    }
    parts.threads.push((bytes.len() - reader.bytes.len()) as u32);
    read_places(&mut reader, analysis, machine, origins);
    machine.all_stand();
    debug_assert!(reader.bytes.is_empty(), "all of it is read");
}

/// Puts a machine back into the state that it was in before something was touched: nobody who waited in
/// a run of JOINs.
pub(super) fn undo(
    bytes: &[u8],
    analysis: &Analysis,
    machine: &mut Machine,
    origins: &mut Origins,
    parts: &Parts,
    touched: &Touched,
) {
    if touched.globals() {
        read_globals(&mut Reader { bytes: parts.globals(bytes) }, analysis, machine);
    }
    leave_lines(machine, touched);
    if touched.contents() {
        read_contents(&mut Reader { bytes: parts.contents(bytes) }, analysis, machine, origins);
        read_places(&mut Reader { bytes: parts.places(bytes) }, analysis, machine, origins);
    }
    for at in touched.threads() {
        machine.joins_nobody(ThreadId(at as u32));
    }
    for at in touched.threads() {
        let mut reader = Reader { bytes: parts.thread(bytes, at) };
        read_thread(&mut reader, analysis, machine, origins, at);
    }
}

fn read_globals(reader: &mut Reader<'_>, analysis: &Analysis, machine: &mut Machine) {
    for (name, _) in &analysis.globals {
        let value = reader.value(machine);
        machine.state_mut().globals[name.index()] = value;
    }
}

fn read_made(reader: &mut Reader<'_>, machine: &mut Machine, origins: &mut Origins) {
    let mut made = [0; Kind::COUNT];
    for (made, count) in origins.made.iter_mut().zip(&mut made) {
        *count = reader.number() as usize;
        made.clear();
        made.extend((0..*count).map(|_| Thing(reader.number() as u32)));
    }
    machine.have_made(&made);
}

/// Nobody stands in the lines that were touched, and who was touched owns none of those locks.
fn leave_lines(machine: &mut Machine, touched: &Touched) {
    let state = machine.state_mut();
    for (at, lock) in state.locks.iter_mut().enumerate() {
        if touched.lock(at) {
            lock.owner = lock.owner.filter(|owner| !touched.thread(owner.index()));
            lock.line.clear();
        }
    }
    for (at, semaphore) in state.semaphores.iter_mut().enumerate() {
        if touched.semaphore(at) {
            semaphore.line.clear();
        }
    }
    for (at, queue) in state.queues.iter_mut().enumerate() {
        if touched.queue(at) {
            queue.receivers.clear();
            queue.senders.clear();
        }
    }
    if touched.is_all() {
        state.conditions.iter_mut().for_each(|condition| condition.line.clear());
    }
}

fn read_contents(
    reader: &mut Reader<'_>,
    analysis: &Analysis,
    machine: &mut Machine,
    origins: &Origins,
) {
    let bound = |bound: i64| (bound >= 0).then_some(bound);
    for semaphore in &mut machine.state_mut().semaphores {
        semaphore.count = reader.signed();
        semaphore.bound = bound(reader.signed());
    }
    for at in 0..machine.state().queues.len() {
        let capacity = bound(reader.signed());
        let count = reader.number() as usize;
        let matters = origins.contents_matter(analysis, Kind::Queue, at as u32);
        let mut messages = std::mem::take(&mut machine.state_mut().queues[at].messages);
        messages.clear();
        for _ in 0..count {
            let message = if matters { reader.value(machine) } else { Some(DEAD) };
            messages.extend(message);
        }
        let queue = &mut machine.state_mut().queues[at];
        queue.capacity = capacity;
        queue.messages = messages;
    }
    for at in 0..machine.state().counters.len() {
        let value = if origins.contents_matter(analysis, Kind::Counter, at as u32) {
            reader.signed()
        } else {
            0
        };
        machine.state_mut().counters[at].value = value;
    }
    for condition in &mut machine.state_mut().conditions {
        condition.lock = reader.number() as u32;
    }
    for at in 0..machine.state().arrays.len() {
        let count = reader.number() as usize;
        let matters = origins.contents_matter(analysis, Kind::Array, at as u32)
            && origins.family_of_places(analysis, at as u32).is_none();
        let mut values = std::mem::take(&mut machine.state_mut().arrays[at].values);
        values.clear();
        for _ in 0..count {
            values.extend(if matters { reader.value(machine) } else { Some(DEAD) });
        }
        machine.state_mut().arrays[at].values = values;
    }
    let claims = reader.number();
    let state = machine.state_mut();
    state.claims.clear();
    state.claims.extend((0..claims).map(|_| ClaimId(reader.number() as u32)));
}

/// What stands in arrays of which ids are the places; at those that nobody has, it is of no account.
fn read_places(
    reader: &mut Reader<'_>,
    analysis: &Analysis,
    machine: &mut Machine,
    origins: &Origins,
) {
    let Some(ids) = &analysis.ids else { return };
    let counts: Vec<i64> = (0..ids.families()).map(|_| reader.number() as i64).collect();
    for at in 0..machine.state().arrays.len() {
        let Some(family) = origins.family_of_places(analysis, at as u32) else { continue };
        let end = ids.least(family) + counts[family.0 as usize];
        let count = machine.state().arrays[at].values.len().min(end as usize);
        for place in 0..count {
            if let Some(value) = reader.value(machine) {
                machine.state_mut().arrays[at].values[place] = value;
            }
        }
    }
}

fn read_thread(
    reader: &mut Reader<'_>,
    analysis: &Analysis,
    machine: &mut Machine,
    origins: &mut Origins,
    at: usize,
) {
    let flags = reader.byte();
    let id = ThreadId(at as u32);
    if flags & LAST != 0 {
        origins.last = Some(id);
    }
    let made = at >= machine.program().entries().len();
    if made {
        let code = CodeId(reader.number() as u32);
        machine.state_mut().threads[at].code = code;
    }
    let state = machine.state_mut();
    state.threads[at].daemon = flags & DAEMON != 0;
    state.threads[at].held = 0;
    if flags & HOLDS != 0 {
        let held = reader.number() as u32;
        state.threads[at].held = held;
        for _ in 0..held {
            let lock = reader.number() as usize;
            state.locks[lock].owner = Some(id);
        }
    }
    let status = flags & STATUS;
    let over = if flags & KILLED == 0 { Status::Ended } else { Status::Killed };
    if status == OVER && !analysis.accesses.claims_steps {
        let it = &mut state.threads[at];
        it.status = over;
        it.stack.clear();
        it.variables.clear();
        return;
    }
    if flags & DAEMON == 0 && status != OVER {
        state.remaining += 1;
    }
    let pc = reader.number() as u32;
    let mut stack = std::mem::take(&mut state.threads[at].stack);
    let mut variables = std::mem::take(&mut state.threads[at].variables);
    let code = state.threads[at].code;
    stack.clear();
    for _ in 0..reader.number() {
        stack.extend(reader.value(machine));
    }
    variables.clear();
    let live = analysis.lives.at(code, pc);
    for slot in 0..machine.program().code(code).variables.len() {
        let is_there = !analysis.drops || has_bit(live, slot);
        variables.push(if is_there { reader.value(machine) } else { None });
    }
    let waiting = (status == WAITING).then(|| read_wait(reader, machine, pc));
    let state = machine.state_mut();
    let it = &mut state.threads[at];
    it.pc = pc;
    it.stack = stack;
    it.variables = variables;
    it.status = Status::Runnable;
    if status == OVER {
        it.status = over;
    } else if let Some((wait, place)) = waiting {
        it.status = Status::Waiting(wait);
        machine.stands(id, wait, place as usize);
    } else {
        state.ready.set(id, true);
    }
    if status == JOINING {
        origins.joining.push(id);
    }
}

fn read_wait(reader: &mut Reader<'_>, machine: &mut Machine, pc: u32) -> (Wait, u32) {
    let flags = reader.byte();
    let (index, place) = (reader.number() as u32, reader.number() as u32);
    let answer = match flags >> 3 & 3 {
        0 => Answer::Nothing,
        1 => Answer::WhetherServed,
        2 => Answer::WhetherAbandoned,
        _ => Answer::Says(reader.signed()),
    };
    let kind = flags & 7;
    let at = if kind == 0 { reader.number() as u32 } else { pc - 1 };
    let message = if kind == 3 { reader.value(machine) } else { None };
    let on = match kind {
        0 => On::Lock(index),
        1 => On::Semaphore(index),
        2 => On::Message(index),
        3 => On::Room(index),
        4 => On::Condition(index),
        _ => On::Thread(ThreadId(index)),
    };
    let until = (flags & 1 << 5 != 0).then_some((u64::MAX, 0));
    (Wait { on, at, since: 0, until, message, answer }, place)
}
