//! How values and things are printed.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::{Label, Machine, ThreadId};
use crate::value::{Handle, Kind, Value};

impl Machine {
    /// A value as PRINT writes it: strings bare, handles by name.
    pub fn show(&self, value: Value) -> Cow<'_, str> {
        match value {
            Value::Int(int) => int.to_string().into(),
            Value::Text(text) => self.text(text).into(),
            Value::Handle(handle) => self.show_handle(handle),
        }
    }

    /// A value as a program would write it: strings in quotes.
    pub fn quote(&self, value: Value) -> Cow<'_, str> {
        match value {
            Value::Text(text) => format!("{:?}", self.text(text)).into(),
            other => self.show(other),
        }
    }

    /// A value with what it is, for messages: `the integer 5`.
    pub fn describe(&self, value: Value) -> String {
        match value {
            Value::Int(int) => format!("the integer {int}"),
            Value::Text(_) => format!("the string {}", self.quote(value)),
            Value::Handle(handle) => {
                format!("the {} {}", handle.kind.word(), self.show_handle(handle))
            }
        }
    }

    /// What a thing is printed as.
    pub(crate) fn label_of(&self, handle: Handle) -> Label {
        let at = handle.index as usize;
        let state = self.state();
        match handle.kind {
            Kind::Thread => state.threads[at].label,
            Kind::Lock => state.locks[at].label,
            Kind::Semaphore => state.semaphores[at].label,
            Kind::Queue => state.queues[at].label,
            Kind::Counter => state.counters[at].label,
            Kind::Condition => state.conditions[at].label,
            Kind::Array => state.arrays[at].label,
        }
    }

    /// The name of a thing.
    pub fn show_handle(&self, handle: Handle) -> Cow<'_, str> {
        match self.label_of(handle) {
            Label::Named(text) => self.text(text).into(),
            Label::Numbered(number) => format!("{}-{number}", handle.kind.word()).into(),
        }
    }

    /// The name of a thing of that kind.
    pub fn show_thing(&self, kind: Kind, index: u32) -> Cow<'_, str> {
        self.show_handle(Handle { kind, index })
    }

    /// A thing for messages: its kind and name, or else its number and a global that holds it:
    /// `lock mine`, `lock-0 (buffer_lock)`.
    pub fn introduce(&self, kind: Kind, index: u32) -> Cow<'_, str> {
        let name = self.identify(kind, index);
        match self.label_of(Handle { kind, index }) {
            Label::Named(_) => format!("{} {name}", kind.word()).into(),
            Label::Numbered(_) => name,
        }
    }

    /// A thing for messages that say its kind already: its name, or else its number and a global
    /// that holds it: `mine`, `lock-0 (buffer_lock)`.
    pub fn identify(&self, kind: Kind, index: u32) -> Cow<'_, str> {
        let handle = Handle { kind, index };
        let name = self.show_handle(handle);
        if matches!(self.label_of(handle), Label::Named(_)) {
            return name;
        }
        let holds = |(_, value): &(usize, &Option<Value>)| **value == Some(Value::Handle(handle));
        match self.state().globals().iter().enumerate().find(holds) {
            Some((global, _)) => {
                let global = self.text(self.program.names()[global]);
                format!("{name} ({global})").into()
            }
            None => name,
        }
    }

    /// The name of a thread.
    pub fn show_thread(&self, thread: ThreadId) -> Cow<'_, str> {
        self.show_thing(Kind::Thread, thread.0)
    }

    /// The instruction at an address of the list that a thread runs.
    pub fn show_instruction(&self, thread: ThreadId, at: u32) -> String {
        let code = self.thread(thread).code;
        match self.program.code(code).instructions.get(at as usize) {
            Some(instruction) => instruction.show(&self.program, code),
            None => "the end".to_owned(),
        }
    }

    /// Where an address of the list that a thread runs stands in the source: its line, from 1.
    pub fn line_of(&self, thread: ThreadId, at: u32) -> Option<u32> {
        self.program.line_of(self.thread(thread).code, at)
    }

    /// A stack or a queue, the oldest first: `[1, "a", lock-0]`.
    pub fn show_all(&self, values: impl IntoIterator<Item = Value>) -> String {
        let mut text = String::from("[");
        for (place, value) in values.into_iter().enumerate() {
            let comma = if place > 0 { ", " } else { "" };
            let _ = write!(text, "{comma}{}", self.quote(value));
        }
        text.push(']');
        text
    }
}
