//! What may stand after the name of an instruction, each kind of argument a type: how it is read from
//! what the file says, and how it is shown again.

use std::fmt;

use super::{BodiesId, ClaimId, CodeId, NameId, Program};
use crate::notation::{Notation, string};
use crate::value::{Handle, Text, Value};

/// What a file puts after the name of an instruction, evaluated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operand {
    /// An integer; True is 1, False is 0.
    Int(i64),
    /// A string.
    Text(String),
    /// A thing that the file made and named.
    Handle(Handle),
    /// A list: of instructions, or of lists of them. The number is the reader's.
    List(usize),
    /// Anything else, in words: "a float", "what `input` returns".
    Other(String),
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(int) => write!(f, "the integer {int}"),
            Self::Text(text) => write!(f, "the string {text:?}"),
            Self::Handle(handle) => write!(f, "a {}", handle.kind.word()),
            Self::List(_) => f.write_str("a list"),
            Self::Other(what) => f.write_str(what),
        }
    }
}

/// What arguments ask of whoever reads a program.
pub trait Reading {
    /// The number of a string.
    fn text(&mut self, text: &str) -> Text;
    /// The name of a variable of the list that is being read.
    fn name(&mut self, name: &str) -> Name;
    /// The lists that a `THREAD_CREATE` may start.
    fn bodies(&mut self, list: usize) -> Result<BodiesId, String>;
    /// Where a label of the list that is being read stands.
    fn label(&mut self, label: &str) -> Result<i64, String>;
    /// A claim, from its text.
    fn claim(&mut self, text: &str) -> Result<ClaimId, String>;
}

/// How many arguments, and what they are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    /// What it is called; empty if there is none.
    pub what: &'static str,
    /// Whether it may be left out.
    pub optional: bool,
    /// Whether it then is taken from the top instead.
    pub replaces: bool,
}

impl Form {
    pub(crate) const NONE: Self = Self { what: "", optional: true, replaces: false };

    pub(crate) fn takes(self, count: usize) -> bool {
        match count {
            0 => self.optional,
            1 => !self.what.is_empty(),
            _ => false,
        }
    }

    /// In words, for messages.
    pub(crate) fn told(self) -> String {
        match (self.what, self.optional) {
            ("", _) => "no argument".to_owned(),
            (what, true) => format!("at most 1 argument ({what})"),
            (what, false) => format!("1 argument ({what})"),
        }
    }
}

impl fmt::Display for Form {
    /// As in the reference: `pc`, `[ms]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.what, self.optional) {
            ("", _) => Ok(()),
            (what, true) => write!(f, "[{what}]"),
            (what, false) => f.write_str(what),
        }
    }
}

/// One kind of argument, shown.
pub trait Argument {
    /// As it is written; empty if there is none.
    fn show(&self, program: &Program, code: CodeId) -> String;

    /// As it is written in Python; none if there is none.
    fn python(&self, notation: &Notation<'_>) -> Option<String>;

    /// Whether it stands for the operand that would else be taken from the top.
    fn replaces_the_top(&self) -> bool {
        false
    }
}

/// One kind of argument, read.
pub trait Decode: Argument + Sized {
    /// How many, and what it is called.
    const FORM: Form;

    /// From what the file says. Their number has been checked.
    fn decode(operands: &[Operand], reading: &mut dyn Reading) -> Result<Self, String>;
}

/// Any constant: an integer, a string, a thing that the file made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Literal(pub Value);

impl Decode for Literal {
    const FORM: Form = Form { what: "v", optional: false, replaces: false };

    fn decode(operands: &[Operand], reading: &mut dyn Reading) -> Result<Self, String> {
        Ok(Self(match &operands[0] {
            Operand::Int(int) => Value::Int(*int),
            Operand::Text(text) => Value::Text(reading.text(text)),
            Operand::Handle(handle) => Value::Handle(*handle),
            other => return Err(format!("only integers and strings can be pushed, not {other}")),
        }))
    }
}

impl Argument for Literal {
    fn show(&self, program: &Program, _: CodeId) -> String {
        program.show_literal(self.0)
    }

    fn python(&self, notation: &Notation<'_>) -> Option<String> {
        Some(notation.value(self.0))
    }
}

/// An integer that stands for the operand on the top.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Instead(pub Option<i64>);

impl Decode for Instead {
    const FORM: Form = Form { what: "number", optional: true, replaces: true };

    fn decode(operands: &[Operand], _: &mut dyn Reading) -> Result<Self, String> {
        match operands.first() {
            None => Ok(Self(None)),
            Some(Operand::Int(int)) => Ok(Self(Some(*int))),
            Some(other) => Err(format!("this takes an integer, not {other}")),
        }
    }
}

impl Argument for Instead {
    fn show(&self, _: &Program, _: CodeId) -> String {
        self.0.map(|int| int.to_string()).unwrap_or_default()
    }

    fn replaces_the_top(&self) -> bool {
        self.0.is_some()
    }

    fn python(&self, _: &Notation<'_>) -> Option<String> {
        self.0.map(|int| int.to_string())
    }
}

/// The name of a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name {
    /// Which name.
    pub id: NameId,
    /// Where threads that run this list keep their variable of that name.
    pub slot: u32,
}

impl Decode for Name {
    const FORM: Form = Form { what: "name", optional: false, replaces: false };

    fn decode(operands: &[Operand], reading: &mut dyn Reading) -> Result<Self, String> {
        match &operands[0] {
            Operand::Text(name) => Ok(reading.name(name)),
            other => Err(format!("a variable is named by a string, not by {other}")),
        }
    }
}

impl Argument for Name {
    fn show(&self, program: &Program, _: CodeId) -> String {
        format!("{:?}", program.name(self.id))
    }

    fn python(&self, notation: &Notation<'_>) -> Option<String> {
        Some(string(notation.program.name(self.id)))
    }
}

/// Where to go on, in the same list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address(pub i64);

impl Decode for Address {
    const FORM: Form = Form { what: "pc", optional: false, replaces: false };

    fn decode(operands: &[Operand], reading: &mut dyn Reading) -> Result<Self, String> {
        match &operands[0] {
            Operand::Int(to) => Ok(Self(*to)),
            Operand::Text(label) => reading.label(label).map(Self),
            other => Err(format!("a jump goes to an address or a label, not to {other}")),
        }
    }
}

impl Argument for Address {
    fn show(&self, program: &Program, code: CodeId) -> String {
        match program.code(code).label_at(self.0) {
            Some(label) => format!("{} ({})", self.0, program.text(label)),
            None => self.0.to_string(),
        }
    }

    fn python(&self, _: &Notation<'_>) -> Option<String> {
        Some(self.0.to_string())
    }
}

/// What an address is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark(pub Text);

impl Decode for Mark {
    const FORM: Form = Form { what: "label", optional: false, replaces: false };

    fn decode(operands: &[Operand], reading: &mut dyn Reading) -> Result<Self, String> {
        match &operands[0] {
            Operand::Text(label) => Ok(Self(reading.text(label))),
            other => Err(format!("a label is a string, not {other}")),
        }
    }
}

impl Argument for Mark {
    fn show(&self, program: &Program, _: CodeId) -> String {
        format!("{:?}", program.text(self.0))
    }

    fn python(&self, notation: &Notation<'_>) -> Option<String> {
        Some(notation.text(self.0))
    }
}

/// What is said when it comes to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Saying(pub Option<Text>);

impl Decode for Saying {
    const FORM: Form = Form { what: "text", optional: true, replaces: false };

    fn decode(operands: &[Operand], reading: &mut dyn Reading) -> Result<Self, String> {
        match operands.first() {
            None => Ok(Self(None)),
            Some(Operand::Text(text)) => Ok(Self(Some(reading.text(text)))),
            Some(Operand::Int(int)) => Ok(Self(Some(reading.text(&int.to_string())))),
            Some(other) => Err(format!("the text is a string, not {other}")),
        }
    }
}

impl Argument for Saying {
    fn show(&self, program: &Program, _: CodeId) -> String {
        self.0.map(|text| format!("{:?}", program.text(text))).unwrap_or_default()
    }

    fn python(&self, notation: &Notation<'_>) -> Option<String> {
        self.0.map(|text| notation.text(text))
    }
}

/// A text with a place for each of the values that are said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Phrase {
    /// The text.
    pub text: Text,
    /// How many `{}` it has.
    pub places: u32,
}

impl Decode for Phrase {
    const FORM: Form = Form { what: "text", optional: false, replaces: false };

    fn decode(operands: &[Operand], reading: &mut dyn Reading) -> Result<Self, String> {
        match &operands[0] {
            Operand::Text(text) => {
                let places = text.matches("{}").count() as u32;
                Ok(Self { text: reading.text(text), places })
            }
            other => Err(format!("the text is a string, not {other}")),
        }
    }
}

impl Argument for Phrase {
    fn show(&self, program: &Program, _: CodeId) -> String {
        format!("{:?}", program.text(self.text))
    }

    fn python(&self, notation: &Notation<'_>) -> Option<String> {
        Some(notation.text(self.text))
    }
}

/// The lists that a thread may be started with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bodies(pub BodiesId);

impl Decode for Bodies {
    const FORM: Form = Form { what: "bodies", optional: false, replaces: false };

    fn decode(operands: &[Operand], reading: &mut dyn Reading) -> Result<Self, String> {
        match &operands[0] {
            Operand::List(list) => reading.bodies(*list).map(Self),
            other => Err(format!("this takes a list of lists of instructions, not {other}")),
        }
    }
}

impl Argument for Bodies {
    fn show(&self, program: &Program, _: CodeId) -> String {
        let names: Vec<&str> =
            program.bodies(self.0).iter().map(|code| program.code(*code).name.as_str()).collect();
        format!("[{}]", names.join(", "))
    }

    fn python(&self, notation: &Notation<'_>) -> Option<String> {
        let bodies = notation.program.bodies(self.0).iter();
        let names: Vec<&str> = bodies.map(|code| notation.list(*code)).collect();
        Some(format!("[{}]", names.join(", ")))
    }
}

/// What must hold from here on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim(pub ClaimId);

impl Decode for Claim {
    const FORM: Form = Form { what: "claim", optional: false, replaces: false };

    fn decode(operands: &[Operand], reading: &mut dyn Reading) -> Result<Self, String> {
        match &operands[0] {
            Operand::Text(text) => reading.claim(text).map(Self),
            other => Err(format!("a claim is a string, not {other}")),
        }
    }
}

impl Argument for Claim {
    fn show(&self, program: &Program, _: CodeId) -> String {
        format!("{:?}", program.claim(self.0).text)
    }

    fn python(&self, notation: &Notation<'_>) -> Option<String> {
        Some(string(&notation.program.claim(self.0).text))
    }
}
