//! The body that is being compiled, of a thread or of a procedure that is called: its names, its
//! loops, the locks that its blocks hold.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::list::Label;
use super::syntax::Expression;
use crate::program::Span;
use crate::value::Kind;

/// A thing of the machine, as it is to be found when the program runs.
#[derive(Debug, Clone)]
pub(super) enum Object<'t, 'a> {
    /// By its name.
    Named(Kind, String),
    /// One of several, by an index that is computed: the number of the name, and the index.
    Chosen(Kind, usize, &'t Expression<'a>),
    /// In a variable.
    Held(Kind, String),
}

impl Object<'_, '_> {
    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Named(kind, _) | Self::Chosen(kind, ..) | Self::Held(kind, _) => *kind,
        }
    }
}

/// What a parameter was given.
#[derive(Debug, Clone)]
pub(super) enum Binding {
    /// A value, in a variable.
    Value,
    Constant(i64),
    /// A thing by its name, or in a variable.
    Object(Kind, String),
    Held(Kind, String),
    /// All of one name, to be chosen from.
    Things(usize),
    /// Nobody calls it.
    Anything,
}

/// A loop that is open.
#[derive(Debug)]
pub(super) struct Loop<'a> {
    pub(super) over: Label,
    pub(super) again: Label,
    /// How many locks its outside holds.
    pub(super) held: usize,
    /// What has a value at each `break`.
    pub(super) breaks: Vec<BTreeSet<&'a str>>,
    /// What it counts.
    pub(super) counts: Option<&'a str>,
}

/// What it is the body of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Body {
    Thread,
    /// Of the procedure of that number; whether its value is wanted.
    Procedure(usize, bool),
}

/// The body that is being compiled.
#[derive(Debug)]
pub(super) struct Frame<'t, 'a> {
    pub(super) body: Body,
    /// Where `return` goes.
    pub(super) end: Label,
    /// What its variables begin with.
    pub(super) prefix: String,
    pub(super) parameters: HashMap<&'a str, Binding>,
    /// The names that its statements give values to.
    pub(super) locals: HashSet<&'a str>,
    /// Those locals that have a value, and threads that were started, wherever one comes here from.
    pub(super) set: BTreeSet<&'a str>,
    pub(super) loops: Vec<Loop<'a>>,
    /// The locks that blocks hold here.
    pub(super) held: Vec<(Object<'t, 'a>, Span)>,
    /// The number of the thread among those of its body.
    pub(super) index: Option<i64>,
    /// Where each local is first given a value.
    pub(super) given: BTreeMap<&'a str, Span>,
    /// The locals that are read.
    pub(super) read: HashSet<&'a str>,
}

impl Frame<'_, '_> {
    pub(super) fn new(body: Body, end: Label, prefix: String) -> Self {
        Self {
            body,
            end,
            prefix,
            parameters: HashMap::new(),
            locals: HashSet::new(),
            set: BTreeSet::new(),
            loops: Vec::new(),
            held: Vec::new(),
            index: None,
            given: BTreeMap::new(),
            read: HashSet::new(),
        }
    }

    /// The variable in which the machine keeps a local.
    pub(super) fn variable(&self, local: &str) -> String {
        format!("{}{local}", self.prefix)
    }
}

/// What has a value where several ways meet.
pub(super) fn common<'a>(
    ways: impl IntoIterator<Item = BTreeSet<&'a str>>,
) -> Option<BTreeSet<&'a str>> {
    let one = |a: BTreeSet<&'a str>, b: BTreeSet<&'a str>| a.intersection(&b).copied().collect();
    ways.into_iter().reduce(one)
}
