//! Why an instruction failed.

use super::{Machine, ThreadId};
use crate::nearest;
use crate::program::NameId;
use crate::program::claim::ArithmeticError;
use crate::value::{Kind, Text, Value};

/// What was wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The stack holds fewer values than are needed.
    Underflow {
        /// How many are needed.
        needs: u32,
    },
    /// No variable, global or object has that name.
    UnknownName(NameId),
    /// A string names no object.
    NoObject(Text),
    /// Another kind of thing is wanted.
    WrongKind {
        /// What is wanted.
        wanted: Kind,
        /// What there is.
        found: Value,
    },
    /// Neither the top nor what lies below it is a queue.
    NoQueue,
    /// An integer is wanted.
    NotAnInteger(Value),
    /// An integer and something else cannot be added.
    NotAddable(Value, Value),
    /// By zero.
    DivisionByZero,
    /// Out of 64 bits.
    Overflow,
    /// A jump out of the list.
    BadJump(i64),
    /// There is no such list to start.
    BadBody {
        /// The index.
        index: i64,
        /// How many there are.
        count: u32,
    },
    /// Fewer than 0, or too few, of something.
    TooLow {
        /// Of what.
        what: &'static str,
        /// The least.
        least: i64,
        /// What there is.
        found: i64,
    },
    /// A lock is released, or waited with, by another than its holder.
    NotHeld {
        /// The lock.
        lock: u32,
        /// Its holder then.
        holder: Option<ThreadId>,
    },
    /// A semaphore was raised past its bound.
    AboveBound(u32),
    /// An array has no such place.
    BadIndex {
        /// The array.
        array: u32,
        /// The index.
        index: i64,
    },
    /// More than the limits of the machine allow.
    TooMuch {
        /// Of what.
        what: &'static str,
        /// The limit.
        limit: u64,
    },
}

impl From<ArithmeticError> for Fault {
    fn from(error: ArithmeticError) -> Self {
        match error {
            ArithmeticError::DivisionByZero => Self::DivisionByZero,
            ArithmeticError::Overflow => Self::Overflow,
        }
    }
}

/// A fault, and where.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Failure {
    /// What was wrong.
    pub fault: Fault,
    /// The address of the instruction. The stack is as it was before it.
    pub at: u32,
}

/// That there is no such list to start.
pub(crate) fn tell_bad_body(index: i64, count: u32) -> String {
    match count {
        0 => format!("there is no list {index} to start, nor any other"),
        1 => format!("there is no list {index} to start: the only one is 0"),
        _ => format!("there is no list {index} to start: they are 0 to {}", count - 1),
    }
}

impl Machine {
    /// A fault in one sentence, without a full stop.
    pub fn tell_fault(&self, fault: Fault) -> String {
        match fault {
            Fault::Underflow { needs: 1 } => "the stack is empty".to_owned(),
            Fault::Underflow { needs } => {
                format!("the stack holds fewer than the {needs} values that are needed")
            }
            Fault::UnknownName(name) => {
                let program = self.program();
                let known = program.names().iter().copied();
                let known = known.filter(|known| *known != program.names()[name.index()]);
                let near = nearest::hint(program.name(name), known.map(|known| self.text(known)));
                format!("no variable, global or object is called `{}`{near}", program.name(name))
            }
            Fault::NoObject(text) => format!("no object is called `{}`", self.text(text)),
            Fault::WrongKind { wanted, found } => {
                let article = if wanted == Kind::Array { "an" } else { "a" };
                format!("{article} {} is wanted, not {}", wanted.word(), self.describe(found))
            }
            Fault::NoQueue => {
                "neither the top of the stack nor what lies below it is a queue".to_owned()
            }
            Fault::NotAnInteger(found) => {
                format!("an integer is wanted, not {}", self.describe(found))
            }
            Fault::NotAddable(a, b) => format!(
                "two integers or two strings can be added, not {} and {}",
                self.describe(a),
                self.describe(b)
            ),
            Fault::DivisionByZero => "division by zero".to_owned(),
            Fault::Overflow => "the result does not fit in 64 bits".to_owned(),
            Fault::BadJump(to) => format!("there is no address {to} to jump to in this list"),
            Fault::BadBody { index, count } => tell_bad_body(index, count),
            Fault::TooLow { what, least, found } => {
                format!("{what} is at least {least}, not {found}")
            }
            Fault::NotHeld { lock, holder } => {
                let lock = self.identify(Kind::Lock, lock);
                match holder.map(|holder| self.show_thread(holder)) {
                    Some(holder) => format!("{lock} is held by {holder}, not by this thread"),
                    None => format!("{lock} is not held by this thread, nor by anyone"),
                }
            }
            Fault::AboveBound(index) => format!(
                "{} was released past its bound of {}",
                self.show_thing(Kind::Semaphore, index),
                self.state().semaphores[index as usize].bound.unwrap_or(i64::MAX)
            ),
            Fault::BadIndex { array, index } => format!(
                "{} has no place {index}; it has {}, counted from 0",
                self.show_thing(Kind::Array, array),
                self.state().arrays[array as usize].values.len()
            ),
            Fault::TooMuch { what, limit } => {
                format!("too much for this machine: {what} are limited to {limit}")
            }
        }
    }
}
