//! A program, read and ready to run: lists of instructions, what the file made and named, and where
//! each thing stands in the source.

pub mod argument;
pub mod claim;
mod ends;

pub(crate) use ends::Ends;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use crate::instruction::Instruction;
use crate::source::Source;
use crate::value::{Handle, Kind, Text, Texts, Value};
use claim::Claim;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub(crate) u32);

        impl $name {
            /// The number, from 0.
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}

ids! {
    /// A list of instructions.
    CodeId
    /// The name of a variable.
    NameId
    /// The lists that one `THREAD_CREATE` may start.
    BodiesId
    /// A claim.
    ClaimId
}

/// Bytes of the source.
pub type Span = Range<u32>;

/// One list of instructions.
#[derive(Debug)]
pub struct Code {
    /// What it is called: the name that it is bound to, or where it stands in another.
    pub name: String,
    /// The instructions; never none.
    pub instructions: Vec<Instruction>,
    /// Where each stands in the source.
    pub spans: Vec<Span>,
    /// Its labels, by address.
    pub labels: Vec<(i64, Text)>,
    /// The names that it mentions; a thread that runs it keeps its variables in this order.
    pub variables: Vec<NameId>,
}

impl Code {
    /// Where a thread may go on after the instruction at an address; its list's length is its end.
    pub fn next(&self, pc: u32) -> impl Iterator<Item = u32> + use<> {
        let (instruction, end) = (self.instructions[pc as usize], self.instructions.len() as u32);
        let jump = instruction.target().and_then(|to| u32::try_from(to).ok());
        let falls = !matches!(instruction, Instruction::Jump(_));
        jump.filter(|to| *to <= end).into_iter().chain(falls.then_some(pc + 1))
    }

    /// What an address is called.
    pub fn label_at(&self, address: i64) -> Option<Text> {
        self.labels.iter().find(|(at, _)| *at == address).map(|(_, label)| *label)
    }
}

/// Something that the file makes before the run begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declared {
    /// Its kind; never a thread.
    pub kind: Kind,
    /// The name in the file. What has none is numbered as if the program had made it.
    pub name: Option<Text>,
    /// A semaphore's count, a counter's value, a condition's lock by index, an array's length.
    pub initial: i64,
    /// A semaphore's bound, a queue's capacity.
    pub bound: Option<i64>,
}

/// A thread that is there from the beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it runs.
    pub code: CodeId,
    /// The name in the file. What has none is numbered.
    pub name: Option<Text>,
    /// Higher runs first under the scheduler of that name.
    pub priority: i64,
    /// It may still wait when the run ends.
    pub daemon: bool,
}

/// What the file says about how it wants to be run; flags override it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wishes {
    /// `vm.scheduler_type`.
    pub scheduler: Option<String>,
    /// `vm.run(max_steps=…)`.
    pub max_steps: Option<u64>,
    /// `vm.seed`.
    pub seed: Option<u64>,
    /// `vm.quantum`.
    pub quantum: Option<u64>,
}

/// A program.
pub struct Program {
    pub(crate) source: Source,
    pub(crate) texts: Arc<Texts>,
    pub(crate) names: Vec<Text>,
    /// For each name, the object of that name.
    pub(crate) objects_by_name: Vec<Option<Handle>>,
    /// For each string, likewise: where a handle is wanted, a name serves.
    pub(crate) objects_by_text: Vec<Option<Handle>>,
    pub(crate) codes: Vec<Code>,
    pub(crate) bodies: Vec<Vec<CodeId>>,
    pub(crate) claims: Vec<Claim>,
    pub(crate) declared: Vec<Declared>,
    pub(crate) entries: Vec<Entry>,
    pub(crate) globals: Vec<(NameId, Value)>,
    pub(crate) wishes: Wishes,
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program").field("codes", &self.codes).finish_non_exhaustive()
    }
}

impl Program {
    /// What it was read from.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// Its strings.
    pub fn texts(&self) -> &Arc<Texts> {
        &self.texts
    }

    /// One string of its own.
    pub fn text(&self, text: Text) -> &str {
        self.texts.get(text)
    }

    /// Every name of a variable, by [`NameId`].
    pub fn names(&self) -> &[Text] {
        &self.names
    }

    /// The name of a variable.
    pub fn name(&self, name: NameId) -> &str {
        self.texts.get(self.names[name.index()])
    }

    /// The name that is written like this, if the program mentions it.
    pub fn name_called(&self, name: &str) -> Option<NameId> {
        let text = self.texts.find(name)?;
        self.names.iter().position(|known| *known == text).map(|at| NameId(at as u32))
    }

    /// The object of that name.
    pub fn object_named(&self, name: NameId) -> Option<Handle> {
        self.objects_by_name[name.index()]
    }

    /// The object that a string names.
    pub fn object_called(&self, text: Text) -> Option<Handle> {
        self.objects_by_text.get(text.index()).copied().flatten()
    }

    /// Every list of instructions, by [`CodeId`].
    pub fn codes(&self) -> &[Code] {
        &self.codes
    }

    /// Their ids.
    pub fn code_ids(&self) -> impl Iterator<Item = CodeId> + use<> {
        (0..self.codes.len() as u32).map(CodeId)
    }

    /// One list.
    pub fn code(&self, code: CodeId) -> &Code {
        &self.codes[code.index()]
    }

    /// The lists that one `THREAD_CREATE` may start.
    pub fn bodies(&self, bodies: BodiesId) -> &[CodeId] {
        &self.bodies[bodies.index()]
    }

    /// One claim.
    pub fn claim(&self, claim: ClaimId) -> &Claim {
        &self.claims[claim.index()]
    }

    /// What the file makes before the run begins.
    pub fn declared(&self) -> &[Declared] {
        &self.declared
    }

    /// The threads that are there from the beginning.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// What globals are set to before the run begins.
    pub fn globals(&self) -> &[(NameId, Value)] {
        &self.globals
    }

    /// How the file wants to be run.
    pub fn wishes(&self) -> &Wishes {
        &self.wishes
    }

    /// A constant as it is written in a program.
    pub fn show_literal(&self, value: Value) -> String {
        match value {
            Value::Int(int) => int.to_string(),
            Value::Text(text) => format!("{:?}", self.text(text)),
            Value::Handle(handle) => self.show_declared(handle),
        }
    }

    fn show_declared(&self, handle: Handle) -> String {
        let name = match handle.kind {
            Kind::Thread => self.entries.get(handle.index as usize).and_then(|entry| entry.name),
            kind => {
                let mut of_kind = self.declared.iter().filter(|declared| declared.kind == kind);
                of_kind.nth(handle.index as usize).and_then(|declared| declared.name)
            }
        };
        match name {
            Some(name) => self.text(name).to_owned(),
            None => format!("{}-{}", handle.kind.word(), handle.index),
        }
    }

    /// The line, from 1, on which an instruction stands.
    pub fn line_of(&self, code: CodeId, pc: u32) -> Option<u32> {
        let span = self.code(code).spans.get(pc as usize)?;
        Some(self.source.line_column(span.start).0)
    }
}
