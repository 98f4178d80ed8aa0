//! Values that an instruction cannot do anything with.

use super::known::{Known, kind_called};
use super::list::{List, bodies_of};
use super::origins::Origins;
use super::stack::Stack;
use crate::instruction::Instruction;
use crate::machine::tell_bad_body;
use crate::nearest::nearest;
use crate::program::NameId;
use crate::program::argument::Instead;
use crate::program::claim::{Arithmetic, ArithmeticError};
use crate::source::Diagnostic;
use crate::value::{Kind, Text, Value};

/// What an instruction can work with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Anything,
    Integer,
    A(Kind),
}

pub(super) fn check(list: &List, origins: &Origins, findings: &mut Vec<Diagnostic>) {
    list.walk(|pc, instruction, stack| {
        let place = Place { list, origins, pc, instruction, stack };
        let found = place.wrong_kind().or_else(|| place.wrong_number());
        findings.extend(found.or_else(|| place.always_jumps()));
    });
}

/// One instruction, and what it finds.
struct Place<'a, 'p> {
    list: &'a List<'p>,
    origins: &'a Origins<'p>,
    pc: u32,
    instruction: Instruction,
    stack: &'a Stack,
}

impl Place<'_, '_> {
    /// The value so far below the top, with its name followed to its origin.
    fn operand(&self, below: usize) -> Known {
        self.origins.resolve(self.list.id, self.stack.peek(below))
    }

    /// The integer that a word of the table of instructions stands for, if it is known.
    fn number(&self, word: &str) -> Option<i64> {
        let takes = self.instruction.row().takes;
        let at = takes.iter().position(|taken| *taken == word)?;
        match self.instruction.takes().checked_sub(at + 1) {
            Some(below) => self.operand(below).integer(),
            None => literal(self.instruction),
        }
    }

    fn warning(&self, message: String) -> Diagnostic {
        Diagnostic::warning(message).at(self.list.span(self.pc))
    }

    fn wrong_kind(&self) -> Option<Diagnostic> {
        let word = self.list.word(self.pc);
        match self.instruction {
            Instruction::Add => return self.not_addable(),
            // Anything can be said.
            Instruction::PrintEach(_) => return None,
            Instruction::QueueSend | Instruction::TryQueueSend => return self.no_queue(0),
            Instruction::QueueSendFor(ms) => return self.no_queue(usize::from(ms.0.is_none())),
            _ => {}
        }
        let count = self.instruction.takes();
        let words = &self.instruction.row().takes[..count];
        words.iter().enumerate().find_map(|(at, taken)| {
            let (raw, known) = (self.stack.peek(count - 1 - at), self.operand(count - 1 - at));
            let wanted = wanted(self.instruction, taken);
            if let (Wanted::A(kind), Known::Constant(Value::Text(text))) = (wanted, known)
                && self.list.program.object_called(text).is_none()
            {
                return Some(self.no_object(kind, text));
            }
            let fits = match wanted {
                Wanted::Anything => true,
                Wanted::Integer => known.is_integer() || !is_certain(known),
                Wanted::A(kind) => self.kind(known).map_or(!is_certain(known), |it| it == kind),
            };
            (!fits).then(|| {
                let wanted = match wanted {
                    Wanted::A(kind) => a(kind),
                    _ => "an integer".to_owned(),
                };
                let message = format!("{word} wants {wanted}, not {}", self.describe(raw, known));
                self.made_here(self.warning(message), known)
            })
        })
    }

    fn kind(&self, known: Known) -> Option<Kind> {
        match known {
            Known::Made(kind, _) => Some(kind),
            known => known.handle(self.list.program).map(|handle| handle.kind),
        }
    }

    fn no_object(&self, kind: Kind, text: Text) -> Diagnostic {
        let program = self.list.program;
        let (word, called) = (self.list.word(self.pc), program.text(text));
        let message = format!("{word} wants {}, and no object is called `{called}`", a(kind));
        let finding = self.warning(message);
        let name = program.names().iter().position(|name| *name == text);
        if name.is_some_and(|name| self.origins.has(self.list.id, NameId(name as u32))) {
            return finding.help(format!("LOAD {called:?} pushes what is stored under that name"));
        }
        let objects = program.declared().iter().filter(|declared| declared.kind == kind);
        let names = objects.filter_map(|declared| declared.name);
        match nearest(called, names.take(1000).map(|name| program.text(name))) {
            Some(near) => finding.help(format!("did you mean `{near}`?")),
            None => finding,
        }
    }

    fn no_queue(&self, top: usize) -> Option<Diagnostic> {
        let is_none = |below| {
            let known = self.operand(below);
            is_certain(known) && self.kind(known) != Some(Kind::Queue)
        };
        (is_none(top) && is_none(top + 1)).then(|| {
            self.warning(format!(
                "{} wants a queue, and finds {} and {}",
                self.list.word(self.pc),
                self.describe(self.stack.peek(top + 1), self.operand(top + 1)),
                self.describe(self.stack.peek(top), self.operand(top)),
            ))
        })
    }

    fn not_addable(&self) -> Option<Diagnostic> {
        let (a, b) = (self.operand(1), self.operand(0));
        let is_text = |known| matches!(known, Known::Constant(Value::Text(_)));
        let is_thing = |known: Known| is_certain(known) && !is_text(known) && !known.is_integer();
        let mixed = (is_text(a) && b.is_integer()) || (a.is_integer() && is_text(b));
        (mixed || is_thing(a) || is_thing(b)).then(|| {
            self.warning(format!(
                "two integers or two strings can be added, not {} and {}",
                self.describe(self.stack.peek(1), a),
                self.describe(self.stack.peek(0), b)
            ))
        })
    }

    fn wrong_number(&self) -> Option<Diagnostic> {
        use Instruction as I;
        let (what, least, word) = match self.instruction {
            I::Mod | I::Div | I::Add | I::Sub | I::Mul => return self.no_result(),
            I::ThreadCreate(_) | I::DaemonCreate(_) => return self.no_such_list(),
            I::ArrayGet | I::ArraySet => ("a place in an array", 0, "index"),
            I::SemaphoreCreate => ("a semaphore's count", 0, "count"),
            I::BoundedSemaphoreCreate(_) => match self.number("count") {
                Some(count) if count < 0 => ("a semaphore's count", 0, "count"),
                count => ("a semaphore's bound", count.unwrap_or(0).max(1), "bound"),
            },
            I::BoundedQueueCreate(_) => ("a queue's capacity", 1, "capacity"),
            I::ArrayCreate(_) => ("an array's length", 0, "length"),
            I::Choose(_) | I::Random(_) => ("what is chosen below", 1, "n"),
            _ => ("a time", 0, "ms"),
        };
        let found = self.number(word).filter(|found| *found < least)?;
        Some(self.warning(format!("{what} is at least {least}, not {found}")))
    }

    fn no_result(&self) -> Option<Diagnostic> {
        let operation = match self.instruction {
            Instruction::Mod => Arithmetic::Mod,
            Instruction::Div => Arithmetic::Div,
            Instruction::Add => Arithmetic::Add,
            Instruction::Sub => Arithmetic::Sub,
            _ => Arithmetic::Mul,
        };
        let (a, b) = (self.operand(1).integer(), self.operand(0).integer()?);
        // By zero whatever is divided; else both must be known.
        let zero = operation.apply(1, b) == Err(ArithmeticError::DivisionByZero);
        let message = match a.map(|a| operation.apply(a, b)) {
            _ if zero => "division by zero",
            Some(Err(ArithmeticError::Overflow)) => "the result does not fit in 64 bits",
            _ => return None,
        };
        Some(self.warning(message.to_owned()))
    }

    fn no_such_list(&self) -> Option<Diagnostic> {
        let count = self.list.program.bodies(bodies_of(self.instruction)?.0).len();
        let index = self.number("index")?;
        let there = usize::try_from(index).is_ok_and(|index| index < count);
        (!there).then(|| self.warning(tell_bad_body(index, count as u32)))
    }

    /// JUMP_IF asks whether a value is below 0, which no answer to a question is.
    fn always_jumps(&self) -> Option<Diagnostic> {
        let jumps = matches!(self.instruction, Instruction::JumpIf(_));
        (jumps && self.operand(0) == Known::Truth).then(|| {
            self.warning("JUMP_IF jumps at 0 and at 1, and nothing else comes here".to_owned())
                .help("JUMP_IF_TRUE jumps at 1 only, JUMP_IF_FALSE at 0 only")
        })
    }

    fn describe(&self, raw: Known, known: Known) -> String {
        let program = self.list.program;
        let what = match known {
            Known::Constant(Value::Int(int)) => format!("the integer {int}"),
            Known::Constant(Value::Text(text)) => match program.object_called(text) {
                Some(handle) => format!("the {} `{}`", handle.kind.word(), program.text(text)),
                None => format!("the string {:?}", program.text(text)),
            },
            Known::Constant(Value::Handle(handle)) => {
                let shown = program.show_literal(Value::Handle(handle));
                format!("the {} `{shown}`", handle.kind.word())
            }
            Known::Made(kind, _) => a(kind),
            Known::Truth | Known::Integer => "an integer".to_owned(),
            Known::Anything | Known::Named(_) => "this".to_owned(),
        };
        match raw {
            Known::Named(name) if !what.ends_with('`') => {
                format!("{what}, which is all that `{}` stands for", program.name(name))
            }
            _ => what,
        }
    }

    fn made_here(&self, finding: Diagnostic, known: Known) -> Diagnostic {
        match known {
            Known::Made(_, site) if site.code == self.list.id => {
                finding.with(self.list.span(site.pc), "it is made here")
            }
            _ => finding,
        }
    }
}

fn is_certain(known: Known) -> bool {
    !matches!(known, Known::Anything | Known::Named(_))
}

fn wanted(instruction: Instruction, word: &str) -> Wanted {
    use Instruction as I;
    match (word, instruction) {
        ("a" | "b", I::Pop | I::Dup | I::Eq | I::Ne) | ("v" | "value" | "message", _) => {
            Wanted::Anything
        }
        (word, _) => kind_called(word).map_or(Wanted::Integer, Wanted::A),
    }
}

fn a(kind: Kind) -> String {
    let article = if kind == Kind::Array { "an" } else { "a" };
    format!("{article} {}", kind.word())
}

/// The number that stands after the name of an instruction.
fn literal(instruction: Instruction) -> Option<i64> {
    use Instruction as I;
    match instruction {
        I::ThreadJoinFor(Instead(number))
        | I::LockAcquireFor(Instead(number))
        | I::BoundedSemaphoreCreate(Instead(number))
        | I::SemaphoreAcquireFor(Instead(number))
        | I::AtomicCreate(Instead(number))
        | I::BoundedQueueCreate(Instead(number))
        | I::QueueSendFor(Instead(number))
        | I::QueueReceiveFor(Instead(number))
        | I::WaitFor(Instead(number))
        | I::ArrayCreate(Instead(number))
        | I::Choose(Instead(number))
        | I::Random(Instead(number))
        | I::Sleep(Instead(number)) => number,
        _ => None,
    }
}
