//! What expressions of a file evaluate to.

use crate::program::Span;
use crate::value::{Handle, Text};

/// A value of the evaluator; lists and the like by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Thing {
    /// `None`.
    None,
    /// True or False: 1 or 0 wherever it matters.
    Bool(bool),
    /// An integer of 64 bits.
    Int(i64),
    /// An integer beyond them.
    Big,
    /// A float, whichever.
    Float,
    /// A string.
    Text(Text),
    /// A list or a tuple.
    Sequence(u32),
    /// A dict.
    Dict(u32),
    /// A function of the file.
    Function(u32),
    /// `ToyVM` itself.
    Toy,
    /// What `ToyVM()` makes.
    Machine(u32),
    /// `vm.globals`.
    Globals(u32),
    /// What `vm.create_…` returns, and of which machine.
    Handle(u32, Handle),
    /// Something of Python's that is not evaluated; what it is, among the evaluator's words.
    Host(Words),
    /// What an error stands for that has been told.
    Wrong,
}

/// A description, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Words(pub(super) Text);

impl Thing {
    /// The integer that it is.
    pub(super) fn int(self) -> Option<i64> {
        match self {
            Self::Int(int) => Some(int),
            Self::Bool(bool) => Some(i64::from(bool)),
            _ => None,
        }
    }
}

/// One element, and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) thing: Thing,
    pub(super) span: Span,
}

/// A list or a tuple.
#[derive(Debug)]
pub(super) struct Sequence {
    pub(super) items: Vec<Item>,
    pub(super) tuple: bool,
    /// Its elements are being evaluated: it may be mentioned, not read.
    pub(super) open: bool,
    pub(super) span: Span,
    /// What a list is called: the name that it was first bound to, or the call that returned it.
    pub(super) name: Option<Box<str>>,
    /// Where the names are looked up that strings in it mention.
    pub(super) scope: u32,
}
