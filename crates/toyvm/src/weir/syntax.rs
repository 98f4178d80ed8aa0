//! The tree of a Weir file, as it is written: names are not resolved, nothing is known to fit.

use crate::program::Span;
use crate::program::claim::{Arithmetic, Comparison};
use crate::value::Kind;

/// A name, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name<'a> {
    pub(super) text: &'a str,
    pub(super) span: Span,
}

/// `name` or `name[index]`.
#[derive(Debug)]
pub(super) struct Place<'a> {
    pub(super) name: Name<'a>,
    pub(super) index: Option<Box<Expression<'a>>>,
    pub(super) span: Span,
}

/// What has a value.
#[derive(Debug)]
pub(super) struct Expression<'a> {
    pub(super) is: Value<'a>,
    pub(super) span: Span,
    /// How many lie within each other here, itself included.
    pub(super) height: u16,
}

/// The sorts of expressions.
#[derive(Debug)]
pub(super) enum Value<'a> {
    Int(i64),
    Text(String),
    Place(Place<'a>),
    Minus(Box<Expression<'a>>),
    Not(Box<Expression<'a>>),
    Arithmetic(Box<Expression<'a>>, Arithmetic, Box<Expression<'a>>),
    Compare(Box<Expression<'a>>, Comparison, Box<Expression<'a>>),
    /// `and`, or if it is true `or`.
    Logic(Box<Expression<'a>>, bool, Box<Expression<'a>>),
    /// A procedure, or what is built in.
    Call(Name<'a>, Vec<Expression<'a>>),
    Receive(Place<'a>),
    /// `robust acquire m`: whether whoever held the lock is over.
    Robust(Place<'a>),
    /// Of an atomic: up by 1, or down if it is false; the new value.
    Count(Place<'a>, bool),
    /// 1 or 0: whether it went well.
    Try(Box<Attempt<'a>>),
}

/// What is tried.
#[derive(Debug)]
pub(super) struct Attempt<'a> {
    pub(super) deed: Deed,
    pub(super) place: Place<'a>,
    /// What is sent.
    pub(super) message: Option<Expression<'a>>,
    /// For so many milliseconds; else it is given up at once.
    pub(super) within: Option<Expression<'a>>,
}

/// What can be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
    Acquire,
    Send,
    Receive,
    Wait,
    Join,
}

/// `{ … }`.
#[derive(Debug)]
pub(super) struct Block<'a> {
    pub(super) statements: Vec<Statement<'a>>,
    /// The brace that closes it.
    pub(super) close: Span,
}

/// One statement.
#[derive(Debug)]
pub(super) struct Statement<'a> {
    pub(super) does: Does<'a>,
    /// Of what is written on its first line: a block is no part of it.
    pub(super) span: Span,
}

/// The sorts of statements.
#[derive(Debug)]
pub(super) enum Does<'a> {
    /// `=`, or `+=` and the like.
    Assign(Place<'a>, Option<Arithmetic>, Expression<'a>),
    /// `value, got = try receive …`: what is told is whether there was something.
    ReceiveInto(Place<'a>, Place<'a>, Attempt<'a>),
    If(Vec<(Expression<'a>, Block<'a>)>, Option<Block<'a>>),
    While(Expression<'a>, Block<'a>),
    /// `for i in a..b`.
    For(Name<'a>, Expression<'a>, Expression<'a>, Block<'a>),
    Break,
    Continue,
    Return(Option<Expression<'a>>),
    Thread(Thread<'a>),
    Join(Place<'a>),
    Lock(Place<'a>, Block<'a>),
    Acquire(Place<'a>),
    Release(Place<'a>),
    Send(Place<'a>, Expression<'a>),
    Wait(Place<'a>),
    /// All of them, if it is true.
    Notify(bool, Place<'a>),
    Assert(Expression<'a>, Option<String>),
    Invariant(Expression<'a>, Option<Name<'a>>),
    Sleep(Expression<'a>),
    Print(Option<String>, Vec<Expression<'a>>),
    /// For what it does; its value is dropped.
    Evaluate(Expression<'a>),
}

/// `thread name[count] { … }`.
#[derive(Debug)]
pub(super) struct Thread<'a> {
    pub(super) name: Name<'a>,
    pub(super) count: Option<Expression<'a>>,
    pub(super) daemon: bool,
    pub(super) body: Block<'a>,
}

/// `procedure name(parameters) { … }`.
#[derive(Debug)]
pub(super) struct Procedure<'a> {
    pub(super) name: Name<'a>,
    pub(super) parameters: Vec<Name<'a>>,
    pub(super) body: Block<'a>,
}

/// Something that is there before the run begins.
#[derive(Debug)]
pub(super) struct Declaration<'a> {
    pub(super) name: Name<'a>,
    pub(super) what: Declares<'a>,
}

/// The sorts of declarations.
#[derive(Debug)]
pub(super) enum Declares<'a> {
    Constant(Expression<'a>),
    Global(Expression<'a>),
    Thing {
        kind: Kind,
        /// How many; an array's length.
        count: Option<Expression<'a>>,
        initial: Option<Expression<'a>>,
        bound: Option<Expression<'a>>,
        /// A condition's lock.
        lock: Option<Place<'a>>,
    },
}

/// All of a file.
#[derive(Debug, Default)]
pub(super) struct File<'a> {
    pub(super) declarations: Vec<Declaration<'a>>,
    pub(super) procedures: Vec<Procedure<'a>>,
    /// What stands at the top: the main thread.
    pub(super) main: Vec<Statement<'a>>,
}
