//! Invariants: the claim as the machine reads it, over globals and things.

use super::compiler::Compiler;
use super::frame::Object;
use super::places::Target;
use super::syntax::{Expression, Name, Value};
use crate::notation::string;
use crate::program::Span;
use crate::program::claim::{Arithmetic, Comparison};
use crate::source::Diagnostic;
use crate::value::Kind;

/// How tightly a claim's parts bind: what binds less stands in brackets.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Binds {
    Or,
    And,
    Not,
    Comparison,
    Sum,
    Product,
    Sign,
    Atom,
}

impl<'t, 'a> Compiler<'t, 'a> {
    pub(super) fn invariant(
        &mut self,
        claim: &'t Expression<'a>,
        lock: Option<&Name<'a>>,
        span: &Span,
    ) {
        let Some((mut text, _)) = self.claimed(claim) else { return };
        if let Some(lock) = lock {
            let is_lock = self.names.things.iter().any(|thing| {
                thing.name == lock.text && thing.kind == Kind::Lock && thing.count.is_none()
            });
            if !is_lock {
                let message = format!("there is no lock `{}`", lock.text);
                return self.wrong_at(&lock.span, message);
            }
            text = format!("{text} when {} free", lock.text);
        }
        self.list.text("INVARIANT", text, span);
    }

    /// The text of a claim's part, and how tightly it binds.
    fn claimed(&mut self, claim: &'t Expression<'a>) -> Option<(String, Binds)> {
        if let Some(constant) = self.constant(claim) {
            let binds = if constant < 0 { Binds::Sign } else { Binds::Atom };
            return Some((constant.to_string(), binds));
        }
        Some(match &claim.is {
            Value::Int(int) => (int.to_string(), Binds::Atom),
            Value::Text(text) => (string(text), Binds::Atom),
            Value::Place(place) => {
                let name = match self.target(place) {
                    Target::Global(name) => name.to_owned(),
                    Target::Object(Object::Named(kind, name))
                        if !matches!(kind, Kind::Array | Kind::Condition)
                            && !name.contains('[') =>
                    {
                        name
                    }
                    Target::Wrong => return None,
                    _ => return self.unclaimed(claim),
                };
                (name, Binds::Atom)
            }
            Value::Minus(part) => (format!("-{}", self.part(part, Binds::Sign)?), Binds::Sign),
            Value::Not(part) => (format!("not {}", self.part(part, Binds::Not)?), Binds::Not),
            Value::Arithmetic(a, operation, b) => {
                let (sign, binds, right) = match operation {
                    Arithmetic::Add => ("+", Binds::Sum, Binds::Product),
                    Arithmetic::Sub => ("-", Binds::Sum, Binds::Product),
                    Arithmetic::Mul => ("*", Binds::Product, Binds::Sign),
                    Arithmetic::Mod => ("%", Binds::Product, Binds::Sign),
                    Arithmetic::Div => ("//", Binds::Product, Binds::Sign),
                };
                (format!("{} {sign} {}", self.part(a, binds)?, self.part(b, right)?), binds)
            }
            Value::Compare(a, comparison, b) => {
                let sign = match comparison {
                    Comparison::Eq => "==",
                    Comparison::Ne => "!=",
                    Comparison::Lt => "<",
                    Comparison::Le => "<=",
                    Comparison::Gt => ">",
                    Comparison::Ge => ">=",
                };
                let (a, b) = (self.part(a, Binds::Sum)?, self.part(b, Binds::Sum)?);
                (format!("{a} {sign} {b}"), Binds::Comparison)
            }
            Value::Logic(a, true, b) => {
                let (a, b) = (self.part(a, Binds::And)?, self.part(b, Binds::Not)?);
                (format!("{a} and {b}"), Binds::And)
            }
            Value::Logic(a, false, b) => {
                let (a, b) = (self.part(a, Binds::Or)?, self.part(b, Binds::And)?);
                (format!("{a} or {b}"), Binds::Or)
            }
            Value::Call(..)
            | Value::Receive(_)
            | Value::Robust(_)
            | Value::Count(..)
            | Value::Try(_) => {
                return self.unclaimed(claim);
            }
        })
    }

    /// A part, in brackets unless it binds so tightly.
    fn part(&mut self, claim: &'t Expression<'a>, least: Binds) -> Option<String> {
        let (text, binds) = self.claimed(claim)?;
        Some(if binds < least { format!("({text})") } else { text })
    }

    fn unclaimed<T>(&mut self, claim: &Expression<'a>) -> Option<T> {
        let error = Diagnostic::error("an invariant cannot read this").at(claim.span.clone());
        self.wrong(error.help(
            "it reads globals, and locks, semaphores, queues and atomics of which there is one: a \
             semaphore stands for its count, an atomic for its value, a queue for its length, a lock \
             for 1 while it is held",
        ));
        None
    }
}
