//! Expressions, compiled: each leaves one value on the stack. Conditions become jumps.

use super::compiler::Compiler;
use super::list::Label;
use super::syntax::{Attempt, Deed, Expression, Value};
use crate::program::Span;
use crate::program::claim::{Arithmetic, Comparison};
use crate::source::draft::Operand;
use crate::value::Kind;

impl<'t, 'a> Compiler<'t, 'a> {
    /// Pushes the value of an expression.
    pub(super) fn value(&mut self, expression: &'t Expression<'a>) {
        let span = &expression.span;
        if let Some(constant) = self.constant(expression) {
            return self.list.int("PUSH", constant, span);
        }
        match &expression.is {
            Value::Int(int) => self.list.int("PUSH", *int, span),
            Value::Text(text) => self.list.text("PUSH", text.as_str(), span),
            Value::Place(place) => self.push_place(place),
            Value::Minus(part) => {
                self.list.int("PUSH", 0, span);
                self.value(part);
                self.list.bare("SUB", span);
            }
            Value::Not(part) => {
                self.value(part);
                self.list.bare("NOT", span);
            }
            Value::Arithmetic(a, operation, b) => {
                self.value(a);
                self.value(b);
                self.arithmetic(*operation, span);
            }
            Value::Compare(a, comparison, b) => {
                self.value(a);
                self.value(b);
                self.list.bare(
                    match comparison {
                        Comparison::Eq => "EQ",
                        Comparison::Ne => "NE",
                        Comparison::Lt => "LT",
                        Comparison::Le => "LE",
                        Comparison::Gt => "GT",
                        Comparison::Ge => "GE",
                    },
                    span,
                );
            }
            Value::Logic(..) => {
                let (is_false, over) = (self.list.label(), self.list.label());
                self.unless(expression, is_false);
                self.list.int("PUSH", 1, span);
                self.list.jump("JUMP", over, span);
                self.list.place(is_false);
                self.list.int("PUSH", 0, span);
                self.list.place(over);
            }
            Value::Call(name, arguments) => self.call(name, arguments, span, true),
            Value::Receive(place) => {
                if let Some(queue) = self.object(place, &[Kind::Queue]) {
                    self.push_object(&queue, span);
                    self.list.bare("QUEUE_RECEIVE", span);
                }
            }
            Value::Robust(place) => {
                if let Some(lock) = self.object(place, &[Kind::Lock]) {
                    self.push_object(&lock, span);
                    self.list.text("LOCK_ACQUIRE", "robust", span);
                }
            }
            Value::Count(place, up) => {
                if let Some(counter) = self.object(place, &[Kind::Counter]) {
                    self.push_object(&counter, span);
                    let name = if *up { "ATOMIC_INCREMENT" } else { "ATOMIC_DECREMENT" };
                    self.list.bare(name, span);
                }
            }
            Value::Try(attempt) => self.attempt(attempt, span),
        }
    }

    pub(super) fn arithmetic(&mut self, operation: Arithmetic, span: &Span) {
        match operation {
            Arithmetic::Add => self.list.bare("ADD", span),
            Arithmetic::Sub => self.list.bare("SUB", span),
            Arithmetic::Mul => self.list.bare("MUL", span),
            Arithmetic::Div => self.list.bare("DIV", span),
            Arithmetic::Mod => self.list.with("MUL", vec![Operand::Text("mod".into())], span),
        }
    }

    /// Jumps if the condition is false, and goes on if it is true.
    pub(super) fn unless(&mut self, condition: &'t Expression<'a>, to: Label) {
        self.jump_on(condition, false, to);
    }

    /// Jumps if the condition is true, and goes on if it is false.
    pub(super) fn when(&mut self, condition: &'t Expression<'a>, to: Label) {
        self.jump_on(condition, true, to);
    }

    /// Jumps if the condition is as it is said, and goes on if not.
    fn jump_on(&mut self, condition: &'t Expression<'a>, truth: bool, to: Label) {
        let span = &condition.span;
        if let Some(constant) = self.constant(condition) {
            if (constant != 0) == truth {
                self.list.jump("JUMP", to, span);
            }
            return;
        }
        match &condition.is {
            Value::Not(part) => self.jump_on(part, !truth, to),
            // What the first part decides, it decides alone.
            Value::Logic(a, is_and, b) if *is_and != truth => {
                self.jump_on(a, truth, to);
                self.jump_on(b, truth, to);
            }
            Value::Logic(a, _, b) => {
                let over = self.list.label();
                self.jump_on(a, !truth, over);
                self.jump_on(b, truth, to);
                self.list.place(over);
            }
            _ => {
                self.value(condition);
                self.list.jump(if truth { "JUMP_IF_TRUE" } else { "JUMP_IF_FALSE" }, to, span);
            }
        }
    }

    /// What is tried, and whether it went well; what was received lies below that.
    pub(super) fn attempt(&mut self, attempt: &'t Attempt<'a>, span: &Span) {
        let place = &attempt.place;
        let (plain, timed) = match attempt.deed {
            Deed::Acquire => {
                let wanted = [Kind::Lock, Kind::Semaphore];
                let Some(object) = self.object(place, &wanted) else { return };
                self.push_object(&object, span);
                match object.kind() {
                    Kind::Lock => ("TRY_LOCK_ACQUIRE", "LOCK_ACQUIRE_FOR"),
                    _ => ("TRY_SEMAPHORE_ACQUIRE", "SEMAPHORE_ACQUIRE_FOR"),
                }
            }
            Deed::Send | Deed::Receive => {
                let Some(queue) = self.object(place, &[Kind::Queue]) else { return };
                self.push_object(&queue, span);
                if let Some(message) = &attempt.message {
                    self.value(message);
                }
                match attempt.deed {
                    Deed::Send => ("TRY_QUEUE_SEND", "QUEUE_SEND_FOR"),
                    _ => ("TRY_QUEUE_RECEIVE", "QUEUE_RECEIVE_FOR"),
                }
            }
            Deed::Wait => {
                let Some(condition) = self.object(place, &[Kind::Condition]) else { return };
                self.push_object(&condition, span);
                ("WAIT", "WAIT_FOR")
            }
            Deed::Join => {
                let handles = self.handles(place);
                let [handle] = handles.as_slice() else {
                    if !handles.is_empty() {
                        let message = format!("`{}` is several: say which", place.name.text);
                        self.wrong_at(&place.span, message);
                    }
                    return;
                };
                self.list.text("LOAD", handle.as_str(), span);
                ("THREAD_JOIN", "THREAD_JOIN_FOR")
            }
        };
        match &attempt.within {
            None => self.list.bare(plain, span),
            Some(within) => self.counted(timed, within, span),
        }
    }

    /// An instruction with a number that may be written after its name.
    pub(super) fn counted(&mut self, name: &'static str, number: &'t Expression<'a>, span: &Span) {
        if let Some(number) = self.constant(number) {
            return self.list.int(name, number, span);
        }
        self.value(number);
        self.list.bare(name, span);
    }
}
