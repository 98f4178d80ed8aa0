//! Declarations and procedures, read: what stands at the top of a file beside statements.

use super::parser::{Parsed, Parser};
use super::syntax::{Declaration, Declares, Procedure};
use crate::source::Diagnostic;
use crate::value::Kind;

impl<'a> Parser<'a> {
    /// Whether a declaration stands here, not a statement.
    pub(super) fn declares(&self) -> bool {
        match self.word() {
            "const" | "global" | "procedure" | "semaphore" | "queue" | "atomic" | "condition"
            | "array" => self.is(self.word()),
            "lock" => self.is("lock") && !self.opens_block(),
            _ => false,
        }
    }

    /// Whether a brace follows on the line.
    fn opens_block(&self) -> bool {
        self.ahead().any(|word| word == "{")
    }

    pub(super) fn declaration(&mut self) -> Parsed<()> {
        let word = self.word();
        let start = self.advance();
        if self.blocks > 0 {
            let error = Diagnostic::error(format!("`{word}` stands within a block")).at(start);
            return self.wrong(error.help(match word {
                "lock" => "`lock m { … }` holds m; a lock is declared at the top of the file",
                _ => "it is declared at the top of the file, outside of all braces",
            }));
        }
        let what = match word {
            "const" => "the name of the constant",
            "global" => "the name of the global",
            "procedure" => return self.procedure(),
            "semaphore" => "the name of the semaphore",
            "queue" => "the name of the queue",
            "atomic" => "the name of the atomic",
            "condition" => "the name of the condition",
            "array" => "the name of the array",
            _ => "the name of the lock",
        };
        let name = self.name(what)?;
        let what = match word {
            "const" | "global" => {
                self.expect("=", "and a value")?;
                let value = self.expression()?;
                if word == "const" { Declares::Constant(value) } else { Declares::Global(value) }
            }
            _ => self.thing(word)?,
        };
        self.file.declarations.push(Declaration { name, what });
        Ok(())
    }

    fn thing(&mut self, word: &str) -> Parsed<Declares<'a>> {
        let kind = match word {
            "semaphore" => Kind::Semaphore,
            "queue" => Kind::Queue,
            "atomic" => Kind::Counter,
            "condition" => Kind::Condition,
            "array" => Kind::Array,
            _ => Kind::Lock,
        };
        let count = self.count()?;
        if kind == Kind::Array && count.is_none() {
            return self.unexpected("`[` and the length of the array");
        }
        let (mut initial, mut bound, mut lock) = (None, None, None);
        if matches!(kind, Kind::Semaphore | Kind::Counter) {
            self.expect("=", "and a number")?;
            initial = Some(self.expression()?);
        }
        if matches!(kind, Kind::Semaphore | Kind::Queue) && self.takes_soft("max") {
            bound = Some(self.expression()?);
        }
        if kind == Kind::Condition {
            if !self.takes_soft("of") {
                return self.unexpected("`of` and the lock of the condition");
            }
            lock = Some(self.place("a lock")?);
        }
        Ok(Declares::Thing { kind, count, initial, bound, lock })
    }

    fn procedure(&mut self) -> Parsed<()> {
        let name = self.name("the name of the procedure")?;
        self.expect("(", "and the parameters")?;
        let mut parameters = Vec::new();
        while !self.is(")") {
            parameters.push(self.name("the name of a parameter")?);
            if !self.takes(",") {
                break;
            }
        }
        self.expect(")", "after the parameters")?;
        let body = self.block("before what the procedure does")?;
        self.file.procedures.push(Procedure { name, parameters, body });
        Ok(())
    }
}
