//! Names where they are used: what they stand for there, and how it is had.

use super::compiler::Compiler;
use super::frame::{Binding, Object};
use super::names::{Meaning, word};
use super::syntax::{Expression, Place};
use crate::nearest;
use crate::program::Span;
use crate::source::Diagnostic;
use crate::value::Kind;

/// What a place stands for.
#[derive(Debug, Clone)]
pub(super) enum Target<'t, 'a> {
    /// A variable of the thread.
    Local(String),
    Global(&'a str),
    Object(Object<'t, 'a>),
    /// A place of an array.
    Element(Object<'t, 'a>, &'t Expression<'a>),
    /// All things of a name.
    Things(usize),
    /// A thread, or all of its name; with one index, that one.
    Threads(&'a str, Option<i64>, Option<&'t Expression<'a>>),
    Constant(i64),
    /// What is wrong was told, or cannot be known.
    Wrong,
}

impl<'t, 'a> Compiler<'t, 'a> {
    /// What a place stands for.
    pub(super) fn target(&mut self, place: &'t Place<'a>) -> Target<'t, 'a> {
        let name = place.name.text;
        let index = place.index.as_deref();
        let target = if let Some(binding) = self.frame.parameters.get(name).cloned() {
            self.frame.read.insert(name);
            match binding {
                Binding::Value => Target::Local(self.frame.variable(name)),
                Binding::Constant(value) => Target::Constant(value),
                Binding::Object(Kind::Array, called) | Binding::Held(Kind::Array, called)
                    if index.is_some() =>
                {
                    return element(Object::Held(Kind::Array, called), place);
                }
                Binding::Object(kind, called) => Target::Object(Object::Named(kind, called)),
                Binding::Held(kind, called) => Target::Object(Object::Held(kind, called)),
                Binding::Things(thing) => return self.of_thing(thing, place),
                Binding::Anything => {
                    self.look_at_index(place);
                    return Target::Wrong;
                }
            }
        } else if name == "index" {
            let Some(index) = self.frame.index else {
                let message = "`index` is the number of a thread among several of one body";
                let error = Diagnostic::error(message).at(place.name.span.clone());
                self.wrong(error.help("thread worker[3] { … index … }"));
                return Target::Wrong;
            };
            Target::Constant(index)
        } else {
            match self.names.meaning(name) {
                Some(Meaning::Constant(value)) => Target::Constant(value),
                Some(Meaning::Global) => Target::Global(name),
                Some(Meaning::Thing(thing)) => return self.of_thing(thing, place),
                Some(Meaning::Thread(count)) => return Target::Threads(name, count, index),
                Some(Meaning::Procedure(_)) => {
                    let message = format!("`{name}` is a procedure, and has no value");
                    let error = Diagnostic::error(message).at(place.name.span.clone());
                    self.wrong(error.help(format!("`{name}(…)` calls it")));
                    return Target::Wrong;
                }
                Some(Meaning::Wrong) => {
                    self.look_at_index(place);
                    return Target::Wrong;
                }
                None if self.frame.locals.contains(name) => {
                    Target::Local(self.frame.variable(name))
                }
                None => {
                    let hint = self.hint(name);
                    self.wrong_at(&place.name.span, format!("nothing is called `{name}`{hint}"));
                    self.look_at_index(place);
                    return Target::Wrong;
                }
            }
        };
        if let Some(index) = index {
            let message = format!("`{name}` is not several, and has no index");
            self.wrong_at(&index.span, message);
            return Target::Wrong;
        }
        target
    }

    /// What is wrong with an index is told also where nothing else is known.
    fn look_at_index(&mut self, place: &'t Place<'a>) {
        if let Some(index) = &place.index {
            self.value(index);
            self.list.bare("POP", &index.span);
        }
    }

    fn of_thing(&mut self, number: usize, place: &'t Place<'a>) -> Target<'t, 'a> {
        let thing = &self.names.things[number];
        let (kind, name) = (thing.kind, thing.name);
        if kind == Kind::Array {
            return element(Object::Named(kind, name.to_owned()), place);
        }
        let Some(index) = place.index.as_deref() else {
            return match thing.count {
                Some(_) => Target::Things(number),
                None => Target::Object(Object::Named(kind, name.to_owned())),
            };
        };
        let Some(count) = thing.count else {
            let message = format!("`{name}` is one {}, and has no index", &word(kind)[2..]);
            self.wrong_at(&index.span, message.replace(" n ", " "));
            return Target::Wrong;
        };
        match self.constant(index) {
            Some(at) if (0..count).contains(&at) => {
                Target::Object(Object::Named(kind, self.names.things[number].called(at)))
            }
            Some(at) => {
                // What a constant condition rules out may be out of bounds.
                if self.list.is_reached() {
                    let message = format!("there is no `{name}[{at}]`: the last is {}", count - 1);
                    self.wrong_at(&index.span, message);
                }
                Target::Wrong
            }
            None => Target::Object(Object::Chosen(kind, number, index)),
        }
    }

    /// A thing of one of these kinds.
    pub(super) fn object(
        &mut self,
        place: &'t Place<'a>,
        wanted: &[Kind],
    ) -> Option<Object<'t, 'a>> {
        let found = match self.target(place) {
            Target::Object(object) if wanted.contains(&object.kind()) => return Some(object),
            Target::Wrong => return None,
            Target::Object(object) => word(object.kind()).to_owned(),
            Target::Things(number) if wanted.contains(&self.names.things[number].kind) => {
                let message = format!("`{}` is several: say which", place.name.text);
                let error = Diagnostic::error(message).at(place.span.clone());
                self.wrong(error.help(format!("{}[0] is the first", place.name.text)));
                return None;
            }
            Target::Things(number) => word(self.names.things[number].kind).to_owned(),
            Target::Local(_) => "a local variable".to_owned(),
            Target::Global(_) => "a global".to_owned(),
            Target::Element(..) => "a place of an array".to_owned(),
            Target::Threads(..) => "a thread".to_owned(),
            Target::Constant(_) => "a constant".to_owned(),
        };
        let wanted: Vec<&str> = wanted.iter().map(|kind| word(*kind)).collect();
        let message =
            format!("this needs {}, and `{}` is {found}", wanted.join(" or "), place.name.text);
        self.wrong_at(&place.span, message);
        None
    }

    /// Pushes the handle of a thing.
    pub(super) fn push_object(&mut self, object: &Object<'t, 'a>, span: &Span) {
        match object {
            Object::Named(_, name) | Object::Held(_, name) => {
                self.list.text("LOAD", name.as_str(), span);
            }
            Object::Chosen(_, number, index) => {
                self.chosen.insert(*number);
                let name = self.names.things[*number].name;
                self.list.text("LOAD", name, span);
                self.value(index);
                self.list.bare("ARRAY_GET", span);
            }
        }
    }

    /// A local is read: it must have a value, whichever way one comes here.
    pub(super) fn reads(&mut self, place: &Place<'a>) {
        let name = place.name.text;
        self.frame.read.insert(name);
        if self.list.is_reached() && !self.frame.set.contains(name) {
            let message = format!("`{name}` may have no value here");
            let error = Diagnostic::error(message).at(place.name.span.clone());
            self.wrong(error.help("give it one before, whichever way leads here"));
        }
    }

    /// Pushes the value of a place.
    pub(super) fn push_place(&mut self, place: &'t Place<'a>) {
        let span = &place.span;
        match self.target(place) {
            Target::Local(variable) => {
                self.reads(place);
                self.list.text("LOAD", variable, span);
            }
            Target::Global(name) => self.list.text("LOAD", name, span),
            Target::Constant(value) => self.list.int("PUSH", value, span),
            Target::Object(object) if object.kind() == Kind::Counter => {
                self.push_object(&object, span);
                self.list.bare("ATOMIC_GET", span);
            }
            Target::Element(array, index) => {
                self.push_object(&array, span);
                self.value(index);
                self.list.bare("ARRAY_GET", span);
            }
            Target::Object(object) => {
                let name = place.name.text;
                let message = format!("`{name}` is {}, and has no value", word(object.kind()));
                let error = Diagnostic::error(message).at(span.clone());
                self.wrong(match object.kind() {
                    Kind::Array => error.help(format!("{name}[0] is its first value")),
                    Kind::Queue => error.help(format!("`receive {name}` takes a message from it")),
                    Kind::Lock | Kind::Semaphore => {
                        error.help("an invariant may ask for its state, a thread may `try acquire`")
                    }
                    _ => error,
                });
            }
            Target::Things(number) => {
                let message = format!(
                    "`{}` is several of a kind, {} each, and has no value",
                    place.name.text,
                    word(self.names.things[number].kind)
                );
                self.wrong_at(span, message);
            }
            Target::Threads(name, ..) => match self.handles(place).as_slice() {
                [handle] => self.list.text("LOAD", handle.as_str(), span),
                [] => {}
                _ => self.wrong_at(span, format!("`{name}` is several: say which")),
            },
            Target::Wrong => {}
        }
    }

    /// The handles of a thread, or of all of its name: the variables that hold them.
    pub(super) fn handles(&mut self, place: &'t Place<'a>) -> Vec<String> {
        let (name, count, index) = match self.target(place) {
            Target::Threads(name, count, index) => (name, count, index),
            Target::Wrong => return Vec::new(),
            _ => {
                let message = format!("`{}` is no thread", place.name.text);
                self.wrong_at(&place.span, message);
                return Vec::new();
            }
        };
        if self.list.is_reached() && !self.frame.set.contains(name) {
            let message = format!("`{name}` may not have been started here");
            let error = Diagnostic::error(message).at(place.span.clone());
            let error = match self.names.place(name) {
                Some(start) => error.with(start, "it is started here"),
                None => error,
            };
            self.wrong(error.help("who starts a thread joins it, after it was started"));
        }
        match (count, index) {
            (None, None) => vec![name.to_owned()],
            (None, Some(index)) => {
                self.wrong_at(&index.span, format!("`{name}` is one thread, and has no index"));
                Vec::new()
            }
            (Some(count), None) => (0..count).map(|at| format!("{name}[{at}]")).collect(),
            (Some(count), Some(index)) => match self.constant(index) {
                Some(at) if (0..count).contains(&at) => vec![format!("{name}[{at}]")],
                Some(at) => {
                    let message = format!("there is no `{name}[{at}]`: the last is {}", count - 1);
                    self.wrong_at(&index.span, message);
                    Vec::new()
                }
                None => {
                    let error =
                        Diagnostic::error("which thread is meant must be known before the run");
                    let error = error.at(index.span.clone());
                    self.wrong(error.help(format!("`join {name}` joins all of them")));
                    Vec::new()
                }
            },
        }
    }

    /// `; did you mean …?`, of what has a value or is a thing here.
    pub(super) fn hint(&self, name: &str) -> String {
        // Names of one letter all come near to each other.
        if self.has_told_enough() || name.len() == 1 {
            return String::new();
        }
        let named = self
            .names
            .all()
            .filter(|(_, meaning)| !matches!(meaning, Meaning::Procedure(_) | Meaning::Wrong));
        let mut known: Vec<&str> = named.map(|(name, _)| name).collect();
        known.extend(self.frame.parameters.keys());
        known.extend(&self.frame.set);
        known.retain(|known| *known != name);
        known.sort_unstable();
        nearest::hint(name, known.into_iter())
    }
}

/// A place of an array, or all of it.
fn element<'t, 'a>(array: Object<'t, 'a>, place: &'t Place<'a>) -> Target<'t, 'a> {
    match place.index.as_deref() {
        Some(index) => Target::Element(array, index),
        None => Target::Object(array),
    }
}
