//! What the names of a file stand for: its constants, globals, things, threads and procedures.

use std::collections::HashMap;

use super::constant::constant;
use super::syntax::{Block, Declares, Does, Expression, File, Name, Statement, Value};
use super::token::BUILT_IN;
use super::walk::{Part, parts};
use crate::nearest;
use crate::program::Span;
use crate::source::{Diagnostic, draft};
use crate::value::Kind;

/// The most things of one name, but for the places of an array.
const MOST_ALIKE: i64 = 1_000;
/// The most things of a file.
const MOST_THINGS: i64 = 10_000;
/// The most places of an array.
const LONGEST: i64 = 1_000_000;

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    Constant(i64),
    Global,
    /// Its number among things.
    Thing(usize),
    /// How many run its body; none if it is one.
    Thread(Option<i64>),
    /// Its number among procedures.
    Procedure(usize),
    /// Its declaration is wrong, and that was told.
    Wrong,
}

/// A thing, or several of one name.
#[derive(Debug)]
pub(super) struct Thing<'a> {
    pub(super) kind: Kind,
    pub(super) name: &'a str,
    /// How many; none if it is one. An array is one.
    pub(super) count: Option<i64>,
    initial: i64,
    bound: Option<i64>,
    /// The number of its first lock among locks, and whether each has its own.
    lock: (i64, bool),
    /// If it is a lock, its number among locks.
    first: i64,
}

impl Thing<'_> {
    /// What the machine calls one of them.
    pub(super) fn called(&self, index: i64) -> String {
        match self.count {
            Some(_) => format!("{}[{index}]", self.name),
            None => self.name.to_owned(),
        }
    }
}

/// All names of a file.
pub(super) struct Names<'a> {
    known: HashMap<&'a str, (Meaning, Span)>,
    pub(super) things: Vec<Thing<'a>>,
    pub(super) globals: Vec<(String, draft::Operand, Span)>,
    pub(super) errors: Vec<Diagnostic>,
}

impl<'a> Names<'a> {
    pub(super) fn of(file: &File<'a>, overrides: &[(String, i64)]) -> Self {
        let (known, errors) = (HashMap::new(), Vec::new());
        let mut names = Self { known, things: Vec::new(), globals: Vec::new(), errors };
        for declaration in &file.declarations {
            if let Declares::Constant(value) = &declaration.what {
                let (name, set) = (declaration.name.text, overrides.iter().rev());
                let value = match set.clone().find(|(set, _)| set == name) {
                    Some((_, value)) => Some(*value),
                    None => names.number(value, "a constant"),
                };
                let meaning = value.map_or(Meaning::Wrong, Meaning::Constant);
                names.christen(&declaration.name, meaning);
            }
        }
        for (name, _) in overrides {
            if !matches!(names.meaning(name), Some(Meaning::Constant(_) | Meaning::Wrong)) {
                let constants = names
                    .known
                    .iter()
                    .filter(|(_, (meaning, _))| matches!(meaning, Meaning::Constant(_)));
                let hint = nearest::hint(name, constants.map(|(name, _)| *name));
                names
                    .tell(Diagnostic::error(format!("there is no constant `{name}` to set{hint}")));
            }
        }
        let mut locks = 0;
        let (mut things, mut places) = (0, 0);
        for declaration in &file.declarations {
            let name = &declaration.name;
            match &declaration.what {
                Declares::Constant(_) => {}
                Declares::Global(value) => {
                    let value = match &value.is {
                        Value::Text(text) => draft::Operand::Text(text.as_str().into()),
                        _ => draft::Operand::Int(names.number(value, "a global").unwrap_or(0)),
                    };
                    names.christen(name, Meaning::Global);
                    names.globals.push((name.text.to_owned(), value, name.span.clone()));
                }
                Declares::Thing { .. } => {
                    let meaning = match names.thing(name, &declaration.what, locks) {
                        Some(thing) => {
                            let count = thing.count.unwrap_or(1);
                            things += count;
                            if thing.kind == Kind::Array {
                                places += thing.initial;
                            }
                            if thing.kind == Kind::Lock {
                                locks += count;
                            }
                            names.things.push(thing);
                            Meaning::Thing(names.things.len() - 1)
                        }
                        None => Meaning::Wrong,
                    };
                    names.christen(name, meaning);
                }
            }
            if things > MOST_THINGS || places > LONGEST {
                let message = if things > MOST_THINGS {
                    format!("a file makes at most {MOST_THINGS} things")
                } else {
                    format!("arrays have at most {LONGEST} places, all together")
                };
                names.tell(Diagnostic::error(message).at(name.span.clone()));
                break;
            }
        }
        for (number, procedure) in file.procedures.iter().enumerate() {
            names.christen(&procedure.name, Meaning::Procedure(number));
        }
        names.threads(&file.main);
        for procedure in &file.procedures {
            names.no_threads(&procedure.body);
        }
        names
    }

    fn tell(&mut self, error: Diagnostic) {
        if self.errors.len() < super::MOST_ERRORS {
            self.errors.push(error);
        }
    }

    pub(super) fn meaning(&self, name: &str) -> Option<Meaning> {
        self.known.get(name).map(|(meaning, _)| *meaning)
    }

    /// Where a name was given.
    pub(super) fn place(&self, name: &str) -> Option<Span> {
        self.known.get(name).map(|(_, place)| place.clone())
    }

    /// Every name, for those who mistype one.
    pub(super) fn all(&self) -> impl Iterator<Item = (&'a str, Meaning)> {
        self.known.iter().map(|(name, (meaning, _))| (*name, *meaning))
    }

    /// Gives a name, once over all sorts.
    fn christen(&mut self, name: &Name<'a>, meaning: Meaning) {
        if name.text == "main" || BUILT_IN.contains(&name.text) {
            let what = if name.text == "main" { "the first thread" } else { "what is built in" };
            let message = format!("`{}` is the name of {what}", name.text);
            return self.tell(Diagnostic::error(message).at(name.span.clone()));
        }
        if let Some((_, earlier)) = self.known.get(name.text) {
            let message = format!("the name `{}` is given twice", name.text);
            let error = Diagnostic::error(message).at(name.span.clone());
            let error = error.with(earlier.clone(), "it was given here before");
            return self.tell(error);
        }
        self.known.insert(name.text, (meaning, name.span.clone()));
    }

    /// A number that must be known before the run.
    fn number(&mut self, value: &Expression<'a>, of: &str) -> Option<i64> {
        let known = |name: &str| match self.meaning(name) {
            Some(Meaning::Constant(value)) => Some(value),
            _ => None,
        };
        let number = constant(value, &known);
        if number.is_none() {
            let message = format!("{of} is an integer that is known before the run");
            let help = "it may be computed from constants that are declared above";
            self.tell(Diagnostic::error(message).at(value.span.clone()).help(help));
        }
        number
    }

    /// Likewise, not less than `least` and not more than `most`.
    fn bounded(&mut self, value: &Expression<'a>, of: &str, least: i64, most: i64) -> Option<i64> {
        let number = self.number(value, of)?;
        if (least..=most).contains(&number) {
            return Some(number);
        }
        let message = if number < least {
            format!("{of} cannot be {number}: at least {least}")
        } else {
            format!("{of} cannot be {number}: at most {most}")
        };
        self.tell(Diagnostic::error(message).at(value.span.clone()));
        None
    }

    fn thing(&mut self, name: &Name<'a>, declares: &Declares<'a>, locks: i64) -> Option<Thing<'a>> {
        let Declares::Thing { kind, count, initial, bound, lock } = declares else { return None };
        let is_array = *kind == Kind::Array;
        let (of, most) = if is_array {
            ("the length of an array", LONGEST)
        } else {
            ("how many there are of a name", MOST_ALIKE)
        };
        let least = i64::from(!is_array);
        let count = match count {
            Some(count) => Some(self.bounded(count, of, least, most)?),
            None => None,
        };
        let initial = match (initial, *kind) {
            (Some(value), Kind::Semaphore) => {
                self.bounded(value, "the count of a semaphore", 0, i64::MAX)?
            }
            (Some(value), _) => self.number(value, "the value of an atomic")?,
            (None, Kind::Array) => count.unwrap_or(0),
            (None, _) => 0,
        };
        let bound = match (bound, *kind) {
            (Some(value), Kind::Queue) => {
                Some(self.bounded(value, "the bound of a queue", 1, i64::MAX)?)
            }
            (Some(value), _) => {
                Some(self.bounded(value, "the bound of a semaphore", initial.max(1), i64::MAX)?)
            }
            (None, _) => None,
        };
        let count = count.filter(|_| !is_array);
        let lock = match lock {
            Some(lock) => {
                let Some(Meaning::Thing(number)) = self.meaning(lock.name.text) else {
                    let hint = self.hint(lock.name.text, Kind::Lock);
                    let message = format!("there is no lock `{}` above{hint}", lock.name.text);
                    self.tell(Diagnostic::error(message).at(lock.span.clone()));
                    return None;
                };
                let (of, first) = (&self.things[number], self.things[number].first);
                if of.kind != Kind::Lock {
                    let message =
                        format!("a condition is of a lock, and `{}` is {}", of.name, word(of.kind));
                    self.tell(Diagnostic::error(message).at(lock.span.clone()));
                    return None;
                }
                match (&lock.index, of.count) {
                    (None, None) => (first, false),
                    (Some(index), Some(of)) => {
                        (first + self.bounded(index, "the index", 0, of - 1)?, false)
                    }
                    (None, of) if of == count => (first, true),
                    _ => {
                        let message = format!(
                            "a condition is of one lock, or of as many as there are conditions; \
                             this is not what `{}` is",
                            lock.name.text
                        );
                        self.tell(Diagnostic::error(message).at(lock.span.clone()));
                        return None;
                    }
                }
            }
            None => (0, false),
        };
        let first = if *kind == Kind::Lock { locks } else { 0 };
        Some(Thing { kind: *kind, name: name.text, count, initial, bound, lock, first })
    }

    fn hint(&self, name: &str, kind: Kind) -> String {
        let of_kind = self.things.iter().filter(|thing| thing.kind == kind);
        nearest::hint(name, of_kind.map(|thing| thing.name))
    }

    /// The names of threads, wherever they are started.
    fn threads(&mut self, statements: &[Statement<'a>]) {
        for statement in statements {
            if let Does::Thread(thread) = &statement.does {
                let of = "how many threads run a body";
                let count = match &thread.count {
                    Some(count) => self.bounded(count, of, 1, MOST_ALIKE).map(Some),
                    None => Some(None),
                };
                let meaning = count.map_or(Meaning::Wrong, Meaning::Thread);
                self.christen(&thread.name, meaning);
                self.threads(&thread.body.statements);
            }
            parts(statement, &mut |part| {
                if let Part::Block(block) = part {
                    self.threads(&block.statements);
                }
            });
        }
    }

    fn no_threads(&mut self, block: &Block<'a>) {
        for statement in &block.statements {
            if let Does::Thread(thread) = &statement.does {
                let error = Diagnostic::error("a procedure starts no thread");
                let help = "start it where the procedure is called";
                self.tell(error.at(thread.name.span.clone()).help(help));
            }
            parts(statement, &mut |part| {
                if let Part::Block(block) = part {
                    self.no_threads(block);
                }
            });
        }
    }

    /// What the machine makes before the run.
    pub(super) fn made(&self) -> Vec<draft::Made> {
        let each = self.things.iter().flat_map(|thing| {
            (0..thing.count.unwrap_or(1)).map(|index| draft::Made {
                kind: thing.kind,
                name: thing.called(index),
                initial: match (thing.kind, thing.lock) {
                    (Kind::Condition, (first, true)) => first + index,
                    (Kind::Condition, (first, false)) => first,
                    _ => thing.initial,
                },
                bound: thing.bound,
            })
        });
        each.collect()
    }
}

/// A kind, as it is called here, with its article.
pub(super) fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Thread => "a thread",
        Kind::Lock => "a lock",
        Kind::Semaphore => "a semaphore",
        Kind::Queue => "a queue",
        Kind::Counter => "an atomic",
        Kind::Condition => "a condition",
        Kind::Array => "an array",
    }
}
