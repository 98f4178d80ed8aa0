//! What is known of one value before the program runs.

use crate::instruction::Instruction;
use crate::program::claim::Arithmetic;
use crate::program::{CodeId, NameId, Program};
use crate::value::{Handle, Kind, Value};

/// Where a program makes things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Site {
    pub(super) code: CodeId,
    pub(super) pc: u32,
}

/// What is known of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// Nothing.
    Anything,
    /// An integer.
    Integer,
    /// 0 or 1.
    Truth,
    /// This one.
    Constant(Value),
    /// What LOAD of this name gave.
    Named(NameId),
    /// What this instruction made.
    Made(Kind, Site),
}

impl Known {
    /// What the word in the table of instructions says of a value that is given.
    pub(super) fn given(word: &str, instruction: Instruction, site: Site) -> Self {
        match word {
            "0|1" => Self::Truth,
            "0…n−1" | "length" => Self::Integer,
            "value" if !matches!(instruction, Instruction::ArrayGet) => Self::Integer,
            word => kind_called(word).map_or(Self::Anything, |kind| Self::Made(kind, site)),
        }
    }

    /// What is known of the result of arithmetic.
    pub(super) fn computed(operation: Arithmetic, a: Self, b: Self) -> Self {
        match (operation, a, b) {
            (_, Self::Constant(Value::Int(a)), Self::Constant(Value::Int(b))) => operation
                .apply(a, b)
                .map_or(Self::Integer, |result| Self::Constant(Value::Int(result))),
            // ADD joins strings as well.
            (Arithmetic::Add, a, b) if !(a.is_integer() && b.is_integer()) => Self::Anything,
            _ => Self::Integer,
        }
    }

    /// What is known of a value that is one or the other.
    pub(super) fn or(self, other: Self) -> Self {
        match (self, other) {
            _ if self == other => self,
            _ if self.is_integer() && other.is_integer() => Self::Integer,
            _ => Self::Anything,
        }
    }

    pub(super) fn is_integer(self) -> bool {
        matches!(self, Self::Integer | Self::Truth | Self::Constant(Value::Int(_)))
    }

    pub(super) fn integer(self) -> Option<i64> {
        match self {
            Self::Constant(Value::Int(int)) => Some(int),
            _ => None,
        }
    }

    /// The thing that the file made, if it is one, or the name of one.
    pub(super) fn handle(self, program: &Program) -> Option<Handle> {
        match self {
            Self::Constant(Value::Handle(handle)) => Some(handle),
            Self::Constant(Value::Text(text)) => program.object_called(text),
            _ => None,
        }
    }
}

/// The kind of thing that a word of the table of instructions names.
pub(super) fn kind_called(word: &str) -> Option<Kind> {
    Some(match word {
        "thread" => Kind::Thread,
        "lock" => Kind::Lock,
        "semaphore" => Kind::Semaphore,
        "queue" => Kind::Queue,
        "counter" => Kind::Counter,
        "condition" => Kind::Condition,
        "array" => Kind::Array,
        _ => return None,
    })
}
