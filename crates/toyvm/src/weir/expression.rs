//! Expressions, read: the tighter an operator binds, the further down it stands here.

use super::parser::{Parsed, Parser};
use super::syntax::{Attempt, Deed, Expression, Value};
use super::token::Sort;
use crate::program::claim::{Arithmetic, Comparison};
use crate::source::Diagnostic;

impl<'a> Parser<'a> {
    pub(super) fn expression(&mut self) -> Parsed<Expression<'a>> {
        self.deeper(Self::either)
    }

    /// a or b
    fn either(&mut self) -> Parsed<Expression<'a>> {
        self.logic("or", false, Self::both)
    }

    /// a and b
    fn both(&mut self) -> Parsed<Expression<'a>> {
        self.logic("and", true, Self::negation)
    }

    fn logic(
        &mut self,
        word: &str,
        is_and: bool,
        part: fn(&mut Self) -> Parsed<Expression<'a>>,
    ) -> Parsed<Expression<'a>> {
        let mut left = part(self)?;
        while self.takes(word) {
            self.skip_newlines();
            let right = part(self)?;
            let (heights, start) = ([left.height, right.height], left.span.start);
            let is = Value::Logic(Box::new(left), is_and, Box::new(right));
            left = self.made(is, &heights, start)?;
        }
        Ok(left)
    }

    /// not a
    fn negation(&mut self) -> Parsed<Expression<'a>> {
        let start = self.span().start;
        if !self.takes("not") {
            return self.comparison();
        }
        let inner = self.deeper(Self::negation)?;
        let height = inner.height;
        self.made(Value::Not(Box::new(inner)), &[height], start)
    }

    /// a < b
    fn comparison(&mut self) -> Parsed<Expression<'a>> {
        let left = self.sum()?;
        let Some(comparison) = self.comparing() else { return Ok(left) };
        self.advance();
        self.skip_newlines();
        let right = self.sum()?;
        let (heights, start) = ([left.height, right.height], left.span.start);
        let compared = Value::Compare(Box::new(left), comparison, Box::new(right));
        let compared = self.made(compared, &heights, start)?;
        if self.comparing().is_some() {
            let span = self.span();
            let error = Diagnostic::error("comparisons cannot follow each other").at(span);
            return self.wrong(error.help("join two of them by `and`: a < b and b < c"));
        }
        if self.is("=") {
            let span = self.span();
            let error = Diagnostic::error("a value cannot be assigned here").at(span);
            return self.wrong(error.help("`==` compares"));
        }
        Ok(compared)
    }

    fn comparing(&self) -> Option<Comparison> {
        if self.sort() != Sort::Sign {
            return None;
        }
        Some(match self.word() {
            "==" => Comparison::Eq,
            "!=" => Comparison::Ne,
            "<" => Comparison::Lt,
            "<=" => Comparison::Le,
            ">" => Comparison::Gt,
            ">=" => Comparison::Ge,
            _ => return None,
        })
    }

    /// a + b
    fn sum(&mut self) -> Parsed<Expression<'a>> {
        let signs = [("+", Arithmetic::Add), ("-", Arithmetic::Sub)];
        self.arithmetic(&signs, Self::product)
    }

    /// a * b
    fn product(&mut self) -> Parsed<Expression<'a>> {
        let signs = [("*", Arithmetic::Mul), ("/", Arithmetic::Div), ("%", Arithmetic::Mod)];
        self.arithmetic(&signs, Self::sign)
    }

    fn arithmetic(
        &mut self,
        signs: &[(&str, Arithmetic)],
        part: fn(&mut Self) -> Parsed<Expression<'a>>,
    ) -> Parsed<Expression<'a>> {
        let mut left = part(self)?;
        while let Some((_, operation)) = signs.iter().find(|(sign, _)| self.is(sign)) {
            self.advance();
            self.skip_newlines();
            let right = part(self)?;
            let (heights, start) = ([left.height, right.height], left.span.start);
            let is = Value::Arithmetic(Box::new(left), *operation, Box::new(right));
            left = self.made(is, &heights, start)?;
        }
        Ok(left)
    }

    /// -a
    fn sign(&mut self) -> Parsed<Expression<'a>> {
        let start = self.span().start;
        if !self.takes("-") {
            return self.atom();
        }
        if let Sort::Int(int) = self.sort() {
            self.advance();
            return self.made(Value::Int((int as i64).wrapping_neg()), &[], start);
        }
        let inner = self.deeper(Self::sign)?;
        let height = inner.height;
        self.made(Value::Minus(Box::new(inner)), &[height], start)
    }

    fn atom(&mut self) -> Parsed<Expression<'a>> {
        let start = self.span().start;
        match self.sort() {
            Sort::Int(int) => {
                let span = self.advance();
                if let Ok(int) = i64::try_from(int) {
                    return self.made(Value::Int(int), &[], start);
                }
                let error = Diagnostic::error("this integer does not fit in 64 bits");
                self.wrong(error.at(span))
            }
            Sort::Text => {
                let text = self.string()?;
                self.made(Value::Text(text), &[], start)
            }
            Sort::Name if self.second().is_some_and(|(sign, _)| sign == "(") => self.call(),
            Sort::Name => {
                let place = self.place("a name")?;
                let height = place.index.as_ref().map_or(0, |index| index.height);
                self.made(Value::Place(place), &[height], start)
            }
            Sort::Sign if self.takes("(") => {
                let mut inner = self.expression()?;
                self.expect(")", "after this expression")?;
                inner.span = self.since(start);
                Ok(inner)
            }
            Sort::Keyword => self.keyword(start),
            _ => self.unexpected("a value"),
        }
    }

    fn keyword(&mut self, start: u32) -> Parsed<Expression<'a>> {
        match self.word() {
            "true" | "false" => {
                let is = Value::Int(i64::from(self.takes("true") || !self.takes("false")));
                self.made(is, &[], start)
            }
            "receive" => {
                self.advance();
                let queue = self.place("a queue")?;
                self.made(Value::Receive(queue), &[1], start)
            }
            "robust" => {
                self.advance();
                if !self.takes("acquire") {
                    return self.unexpected("`acquire`");
                }
                let lock = self.place("a lock")?;
                self.made(Value::Robust(lock), &[1], start)
            }
            "increment" | "decrement" => {
                let up = self.takes("increment") || !self.takes("decrement");
                let atomic = self.place("an atomic")?;
                self.made(Value::Count(atomic, up), &[1], start)
            }
            "try" => {
                let attempt = self.attempt()?;
                if attempt.deed == Deed::Receive {
                    let error = Diagnostic::error("a received value needs a place");
                    let span = self.since(start);
                    return self.wrong(
                        error.at(span).help("write `value, got = try receive q`, then ask `got`"),
                    );
                }
                let parts = [&attempt.message, &attempt.within];
                let heights = parts.map(|part| part.as_ref().map_or(1, |it| it.height));
                self.made(Value::Try(Box::new(attempt)), &heights, start)
            }
            _ => self.unexpected("a value"),
        }
    }

    /// `name(a, b)`
    fn call(&mut self) -> Parsed<Expression<'a>> {
        let name = self.name("a name")?;
        let start = name.span.start;
        let arguments = self.arguments()?;
        let height = arguments.iter().map(|argument| argument.height).max().unwrap_or(0);
        self.made(Value::Call(name, arguments), &[height], start)
    }

    /// `(a, b)`
    pub(super) fn arguments(&mut self) -> Parsed<Vec<Expression<'a>>> {
        self.expect("(", "before what is handed over")?;
        let mut arguments = Vec::new();
        while !self.is(")") {
            arguments.push(self.expression()?);
            if !self.takes(",") {
                break;
            }
        }
        self.expect(")", "or `,`")?;
        Ok(arguments)
    }

    /// `try acquire m within 5`
    pub(super) fn attempt(&mut self) -> Parsed<Attempt<'a>> {
        self.advance();
        let deed = match self.word() {
            "acquire" => Deed::Acquire,
            "send" => Deed::Send,
            "receive" => Deed::Receive,
            "wait" => Deed::Wait,
            "join" => Deed::Join,
            _ => return self.unexpected("acquire, send, receive, wait or join"),
        };
        self.advance();
        let what = match deed {
            Deed::Acquire => "a lock or a semaphore",
            Deed::Send | Deed::Receive => "a queue",
            Deed::Wait => "a condition",
            Deed::Join => "a thread",
        };
        let place = self.place(what)?;
        let message = if deed == Deed::Send {
            self.expect(",", "between the queue and what is sent")?;
            Some(self.sum()?)
        } else {
            None
        };
        let within = if self.takes_soft("within") { Some(self.sum()?) } else { None };
        if within.is_none() && matches!(deed, Deed::Wait | Deed::Join) {
            return self.unexpected("`within` and how many milliseconds");
        }
        Ok(Attempt { deed, place, message, within })
    }
}
