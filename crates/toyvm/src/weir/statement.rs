//! Statements, read.

use super::parser::{DEEPEST, Parsed, Parser, Told};
use super::syntax::{Block, Deed, Does, Place, Statement, Thread, Value};
use super::token::Sort;
use crate::program::claim::Arithmetic;
use crate::source::Diagnostic;

impl<'a> Parser<'a> {
    /// All statements up to a brace that closes, or the end.
    pub(super) fn statements(&mut self) -> Vec<Statement<'a>> {
        let mut statements = Vec::new();
        loop {
            self.skip_newlines();
            if self.sort() == Sort::End || self.is("}") {
                return statements;
            }
            let read = if self.declares() {
                self.declaration()
            } else {
                self.statement().map(|statement| statements.push(statement))
            };
            if read.and_then(|()| self.end_of_statement()).is_err() {
                self.recover();
            }
        }
    }

    /// `{ … }`
    pub(super) fn block(&mut self, after: &str) -> Parsed<Block<'a>> {
        if self.blocks >= DEEPEST {
            let message = format!("blocks nest deeper than {DEEPEST} here");
            let span = self.span();
            let error = Diagnostic::error(message).at(span);
            self.is_unclosed = true;
            return self.wrong(error.help("make a procedure of the inner ones"));
        }
        let open = self.expect("{", after)?;
        self.blocks += 1;
        let statements = self.statements();
        self.blocks -= 1;
        if self.sort() == Sort::End {
            // Of those that are open at the end, one is enough.
            if std::mem::replace(&mut self.is_unclosed, true) {
                return Err(Told);
            }
            return self.wrong(Diagnostic::error("this `{` is never closed").at(open));
        }
        Ok(Block { statements, close: self.advance() })
    }

    fn statement(&mut self) -> Parsed<Statement<'a>> {
        let start = self.span().start;
        let (does, span) = match self.sort() {
            Sort::Keyword => return self.keyword_statement(),
            Sort::Name if self.second().is_some_and(|(sign, _)| sign == "(") => {
                (Does::Evaluate(self.expression()?), None)
            }
            Sort::Name => (self.assignment()?, None),
            _ => {
                let found = self.found();
                let error = Diagnostic::error(format!("no statement begins with {found}"));
                let span = self.span();
                return self.wrong(error.at(span));
            }
        };
        Ok(Statement { does, span: span.unwrap_or_else(|| self.since(start)) })
    }

    /// `place = value`, `place += value`, `value, got = try receive q`
    fn assignment(&mut self) -> Parsed<Does<'a>> {
        let name = self.word();
        let place = self.place("a name")?;
        let operation = match self.word() {
            "=" => None,
            "+=" => Some(Arithmetic::Add),
            "-=" => Some(Arithmetic::Sub),
            "*=" => Some(Arithmetic::Mul),
            "," => return self.receive_into(place),
            _ => {
                let found = self.found();
                let message = format!("no statement begins with `{name}` and goes on with {found}");
                let near = Self::near_keyword(name);
                let error = Diagnostic::error(format!("{message}{near}")).at(place.span);
                return self.wrong(error.help("`name = value` assigns, `name(…)` calls"));
            }
        };
        self.advance();
        self.skip_newlines();
        let value = self.expression()?;
        Ok(Does::Assign(place, operation, value))
    }

    fn receive_into(&mut self, value: Place<'a>) -> Parsed<Does<'a>> {
        self.advance();
        let got = self.place("where it is kept whether there was something")?;
        self.expect("=", "after the two places")?;
        if !self.is("try") || self.second().is_none_or(|(word, _)| word != "receive") {
            return self.unexpected("`try receive`");
        }
        let attempt = self.attempt()?;
        debug_assert_eq!(attempt.deed, Deed::Receive);
        Ok(Does::ReceiveInto(value, got, attempt))
    }

    fn keyword_statement(&mut self) -> Parsed<Statement<'a>> {
        let start = self.span().start;
        let word = self.word();
        match word {
            "if" => return self.branch(),
            "while" => {
                self.advance();
                let condition = self.expression()?;
                let span = self.since(start);
                let body = self.block("after the condition")?;
                return Ok(Statement { does: Does::While(condition, body), span });
            }
            "for" => {
                self.advance();
                let name = self.name("the name of what counts")?;
                if !self.takes("in") {
                    return self.unexpected("`in`");
                }
                let from = self.expression()?;
                self.expect("..", "between the first number and the one after the last")?;
                let to = self.expression()?;
                let span = self.since(start);
                let body = self.block("after how far it counts")?;
                return Ok(Statement { does: Does::For(name, from, to, body), span });
            }
            "thread" | "daemon" => return self.thread(),
            "lock" => {
                self.advance();
                let place = self.place("a lock")?;
                let span = self.since(start);
                let body = self.block("after the lock that is held")?;
                return Ok(Statement { does: Does::Lock(place, body), span });
            }
            "receive" | "increment" | "decrement" | "robust" | "try" => {
                let does = Does::Evaluate(self.expression()?);
                return Ok(Statement { does, span: self.since(start) });
            }
            _ => {}
        }
        let does = self.simple(word)?;
        Ok(Statement { does, span: self.since(start) })
    }

    /// What has no block.
    fn simple(&mut self, word: &'a str) -> Parsed<Does<'a>> {
        let start = self.advance();
        Ok(match word {
            "break" => Does::Break,
            "continue" => Does::Continue,
            "return" => match self.sort() {
                Sort::Newline | Sort::End => Does::Return(None),
                _ if self.is("}") => Does::Return(None),
                _ => Does::Return(Some(self.expression()?)),
            },
            "join" => Does::Join(self.place("a thread")?),
            "acquire" => Does::Acquire(self.place("a lock or a semaphore")?),
            "release" => Does::Release(self.place("a lock or a semaphore")?),
            "send" => {
                let queue = self.place("a queue")?;
                self.expect(",", "between the queue and what is sent")?;
                Does::Send(queue, self.expression()?)
            }
            "wait" => Does::Wait(self.place("a condition")?),
            "notify" => {
                // A condition may be called `all`.
                let all = self.is_soft("all") && matches!(self.second(), Some((_, Sort::Name)));
                if all {
                    self.advance();
                }
                Does::Notify(all, self.place("a condition")?)
            }
            "assert" => {
                let claim = self.expression()?;
                let text = if self.takes(",") { Some(self.said()?) } else { None };
                Does::Assert(claim, text)
            }
            "invariant" => {
                let claim = self.expression()?;
                let lock = if self.takes_soft("when") {
                    let lock = self.name("a lock")?;
                    if !self.takes_soft("free") {
                        return self.unexpected("`free`");
                    }
                    Some(lock)
                } else {
                    None
                };
                Does::Invariant(claim, lock)
            }
            "sleep" => Does::Sleep(self.expression()?),
            "print" => {
                let mut values = self.arguments()?.into_iter().peekable();
                let text = match values.peek() {
                    Some(first) => matches!(first.is, Value::Text(_)).then(|| values.next()),
                    None => return self.unexpected("a text or a value to print"),
                };
                let text = text.flatten().map(|text| match text.is {
                    Value::Text(text) => text,
                    _ => String::new(),
                });
                Does::Print(text, values.collect())
            }
            _ => {
                let error = Diagnostic::error(format!("no statement begins with `{word}`"));
                return self.wrong(error.at(start));
            }
        })
    }

    /// The text of an assertion.
    fn said(&mut self) -> Parsed<String> {
        match self.sort() {
            Sort::Text => self.string(),
            _ => self.unexpected("a string that says what is wrong"),
        }
    }

    fn branch(&mut self) -> Parsed<Statement<'a>> {
        let start = self.advance().start;
        let condition = self.expression()?;
        let span = self.since(start);
        let mut arms = vec![(condition, self.block("after the condition")?)];
        let mut otherwise = None;
        loop {
            // `else` may stand on a line of its own.
            if self.sort() == Sort::Newline && self.second().is_some_and(|(word, _)| word == "else")
            {
                self.advance();
            }
            if !self.takes("else") {
                break;
            }
            if self.takes("if") {
                let condition = self.expression()?;
                arms.push((condition, self.block("after the condition")?));
            } else {
                otherwise = Some(self.block("after `else`")?);
                break;
            }
        }
        Ok(Statement { does: Does::If(arms, otherwise), span })
    }

    fn thread(&mut self) -> Parsed<Statement<'a>> {
        let start = self.span().start;
        let daemon = self.takes("daemon");
        if !self.takes("thread") {
            return self.unexpected("`thread`");
        }
        let name = self.name("the name of the thread")?;
        let count = self.count()?;
        let span = self.since(start);
        let body = self.block("before what the thread does")?;
        Ok(Statement { does: Does::Thread(Thread { name, count, daemon, body }), span })
    }
}
