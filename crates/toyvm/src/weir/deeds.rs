//! Statements, compiled.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::compiler::Compiler;
use super::frame::{Binding, Body, Loop, common};
use super::list::Label;
use super::names::{Meaning, word};
use super::places::Target;
use super::syntax::{Block, Does, Expression, Name, Place, Statement, Thread, Value};
use super::walk;
use crate::program::Span;
use crate::program::claim::Arithmetic;
use crate::source::Diagnostic;
use crate::source::draft::Operand;
use crate::value::Kind;

impl<'t, 'a> Compiler<'t, 'a> {
    pub(super) fn statements(&mut self, statements: &'t [Statement<'a>]) {
        let mut is_reached = self.list.is_reached();
        for statement in statements {
            if !self.goes_on(&statement.span) {
                return;
            }
            if is_reached && !self.list.is_reached() {
                let warning = Diagnostic::warning("this is never reached");
                self.warn(warning.at(statement.span.clone()));
                is_reached = false;
            }
            self.statement(statement);
        }
    }

    fn statement(&mut self, statement: &'t Statement<'a>) {
        let span = &statement.span;
        match &statement.does {
            Does::Assign(place, operation, value) => self.assign(place, *operation, value, span),
            Does::ReceiveInto(value, got, attempt) => {
                self.attempt(attempt, span);
                self.give(got, span);
                self.give(value, span);
            }
            Does::If(arms, otherwise) => self.branch(arms, otherwise.as_ref()),
            Does::While(condition, body) => self.repeat(condition, body),
            Does::For(name, from, to, body) => self.count(name, from, to, body, span),
            Does::Break | Does::Continue => {
                self.leave_loop(matches!(statement.does, Does::Break), span);
            }
            Does::Return(value) => self.leave_body(value.as_ref(), span),
            Does::Thread(thread) => self.start(thread, span),
            Does::Join(place) => {
                for handle in self.handles(place) {
                    self.list.text("LOAD", handle, span);
                    self.list.bare("THREAD_JOIN", span);
                }
            }
            Does::Lock(place, body) => self.hold(place, body, span),
            Does::Acquire(place) => {
                self.get(place, span, ["LOCK_ACQUIRE", "SEMAPHORE_ACQUIRE"]);
            }
            Does::Release(place) => {
                self.get(place, span, ["LOCK_RELEASE", "SEMAPHORE_RELEASE"]);
            }
            Does::Send(place, value) => {
                if let Some(queue) = self.object(place, &[Kind::Queue]) {
                    self.push_object(&queue, span);
                }
                self.value(value);
                self.list.bare("QUEUE_SEND", span);
            }
            Does::Wait(place) => self.on_condition(place, "WAIT", span),
            Does::Notify(false, place) => self.on_condition(place, "NOTIFY", span),
            Does::Notify(true, place) => self.on_condition(place, "NOTIFY_ALL", span),
            Does::Assert(claim, text) => {
                // Without a text it is said how the claim is written.
                let written = || {
                    let written = &self.text[claim.span.start as usize..claim.span.end as usize];
                    written.split_whitespace().collect::<Vec<_>>().join(" ")
                };
                let text = text.clone().unwrap_or_else(written);
                self.assert(claim, &text.into(), span);
            }
            Does::Invariant(claim, lock) => self.invariant(claim, lock.as_ref(), span),
            Does::Sleep(time) => self.counted("SLEEP", time, span),
            Does::Print(text, values) => self.print(text.as_deref(), values, span),
            Does::Evaluate(expression) => {
                if let Value::Call(name, arguments) = &expression.is {
                    return self.call(name, arguments, span, false);
                }
                self.value(expression);
                self.list.bare("POP", span);
            }
        }
    }

    /// Claims what must hold, part by part: what is right then leads past nothing.
    fn assert(&mut self, claim: &'t Expression<'a>, text: &Arc<str>, span: &Span) {
        match &claim.is {
            Value::Logic(a, true, b) => {
                self.assert(a, text, span);
                self.assert(b, text, span);
            }
            Value::Logic(a, false, b) => {
                let holds = self.list.label();
                self.when(a, holds);
                self.assert(b, text, span);
                self.list.place(holds);
            }
            _ => {
                self.value(claim);
                self.list.text("ASSERT", Arc::clone(text), span);
            }
        }
    }

    fn get(&mut self, place: &'t Place<'a>, span: &Span, [lock, semaphore]: [&'static str; 2]) {
        if let Some(object) = self.object(place, &[Kind::Lock, Kind::Semaphore]) {
            self.push_object(&object, span);
            let is_lock = object.kind() == Kind::Lock;
            self.list.bare(if is_lock { lock } else { semaphore }, span);
        }
    }

    fn on_condition(&mut self, place: &'t Place<'a>, name: &'static str, span: &Span) {
        if let Some(condition) = self.object(place, &[Kind::Condition]) {
            self.push_object(&condition, span);
            self.list.bare(name, span);
        }
    }

    fn assign(
        &mut self,
        place: &'t Place<'a>,
        operation: Option<Arithmetic>,
        value: &'t Expression<'a>,
        span: &Span,
    ) {
        if place.index.is_some() {
            return self.assign_element(place, operation, value, span);
        }
        if operation.is_some() {
            self.push_place(place);
        }
        self.value(value);
        if let Some(operation) = operation {
            self.arithmetic(operation, span);
        }
        self.give(place, span);
    }

    fn assign_element(
        &mut self,
        place: &'t Place<'a>,
        operation: Option<Arithmetic>,
        value: &'t Expression<'a>,
        span: &Span,
    ) {
        let (array, index) = match self.target(place) {
            Target::Element(array, index) => (array, index),
            Target::Wrong => return self.value(value),
            _ => {
                let message = format!("`{}` is no array", place.name.text);
                return self.wrong_at(&place.span, message);
            }
        };
        self.push_object(&array, &place.span);
        self.value(index);
        if let Some(operation) = operation {
            if !walk::is_quiet(index) {
                let error = Diagnostic::error("this index would be computed twice");
                let error = error.at(index.span.clone());
                self.wrong(error.help("keep it in a variable first"));
            }
            self.push_place(place);
            self.value(value);
            self.arithmetic(operation, span);
        } else {
            self.value(value);
        }
        self.list.bare("ARRAY_SET", span);
    }

    /// Gives a place the value on the top.
    fn give(&mut self, place: &'t Place<'a>, span: &Span) {
        let name = place.name.text;
        if place.index.is_some() {
            let message = "only a variable stands here";
            return self.wrong_at(&place.span, message);
        }
        match self.frame.parameters.get(name) {
            None if self.names.meaning(name).is_none() && name != "index" => {
                self.frame.given.entry(name).or_insert_with(|| place.name.span.clone());
                return self.set(name, span);
            }
            Some(Binding::Value) => return self.set(name, span),
            Some(Binding::Anything) => return,
            _ => {}
        }
        match self.target(place) {
            Target::Global(name) => self.list.text("GLOBAL_STORE", name, span),
            Target::Wrong => {}
            target => {
                let what = match target {
                    Target::Object(object) => word(object.kind()),
                    Target::Things(number) => word(self.names.things[number].kind),
                    Target::Threads(..) => "a thread",
                    _ => "a constant",
                };
                let error =
                    Diagnostic::error(format!("`{name}` is {what}, and nothing is assigned to it"));
                let error = error.at(place.span.clone());
                self.wrong(match what {
                    "an atomic" => error.help(format!(
                        "`increment {name}`, or `compare_and_swap({name}, old, new)`"
                    )),
                    "an array" => error.help(format!("`{name}[0] = …` sets its first value")),
                    _ => error,
                });
            }
        }
    }

    fn set(&mut self, name: &'a str, span: &Span) {
        self.list.text("STORE", self.frame.variable(name), span);
        if self.list.is_reached() {
            self.frame.set.insert(name);
        }
    }

    fn branch(
        &mut self,
        arms: &'t [(Expression<'a>, Block<'a>)],
        otherwise: Option<&'t Block<'a>>,
    ) {
        let over = self.list.label();
        let mut ways = Vec::new();
        for (number, (condition, block)) in arms.iter().enumerate() {
            let is_last = number + 1 == arms.len() && otherwise.is_none();
            let next = if is_last { over } else { self.list.label() };
            let is_passed = self.list.is_reached()
                && self.constant(condition).is_none_or(|constant| constant == 0);
            self.unless(condition, next);
            let before = self.frame.set.clone();
            self.statements(&block.statements);
            let after = std::mem::replace(&mut self.frame.set, before);
            if self.list.is_reached() {
                ways.push(after);
            }
            if !is_last {
                self.list.jump("JUMP", over, &block.close);
                self.list.place(next);
            } else if is_passed {
                ways.push(self.frame.set.clone());
            }
        }
        if let Some(block) = otherwise {
            self.statements(&block.statements);
            if self.list.is_reached() {
                ways.push(self.frame.set.clone());
            }
        }
        self.list.place(over);
        if let Some(set) = common(ways) {
            self.frame.set = set;
        }
    }

    fn repeat(&mut self, condition: &'t Expression<'a>, body: &'t Block<'a>) {
        let (again, over) = (self.list.label(), self.list.label());
        self.list.place(again);
        self.open_loop(over, again, None);
        self.unless(condition, over);
        let ends = (self.constant(condition).is_none_or(|value| value == 0))
            .then(|| self.frame.set.clone());
        self.statements(&body.statements);
        self.list.jump("JUMP", again, &body.close);
        self.close_loop(over, ends);
    }

    fn count(
        &mut self,
        name: &Name<'a>,
        from: &'t Expression<'a>,
        to: &'t Expression<'a>,
        body: &'t Block<'a>,
        span: &Span,
    ) {
        let is_local = match self.frame.parameters.get(name.text) {
            Some(Binding::Value) | None => self.names.meaning(name.text).is_none(),
            Some(_) => false,
        };
        if !is_local || name.text == "index" {
            let message = format!("what counts is a local variable, and `{}` is none", name.text);
            self.wrong_at(&name.span, message);
        }
        if self.frame.loops.iter().any(|open| open.counts == Some(name.text)) {
            let message = format!("`{}` counts another loop round this one already", name.text);
            self.wrong_at(&name.span, message);
        }
        let variable = self.frame.variable(name.text);
        let bound = format!("{variable}.end");
        let known = self.constant(to);
        self.value(from);
        if known.is_none() {
            self.value(to);
            self.list.text("STORE", bound.as_str(), span);
        }
        self.set(name.text, span);
        let (test, again, over) = (self.list.label(), self.list.label(), self.list.label());
        self.list.place(test);
        self.open_loop(over, again, Some(name.text));
        self.list.text("LOAD", variable.as_str(), span);
        match known {
            Some(known) => self.list.int("PUSH", known, span),
            None => self.list.text("LOAD", bound.as_str(), span),
        }
        self.list.bare("LT", span);
        self.list.jump("JUMP_IF_FALSE", over, span);
        let ends = Some(self.frame.set.clone());
        self.statements(&body.statements);
        self.list.place(again);
        self.list.text("LOAD", variable.as_str(), span);
        self.list.int("PUSH", 1, span);
        self.list.bare("ADD", span);
        self.list.text("STORE", variable.as_str(), span);
        self.list.jump("JUMP", test, &body.close);
        self.close_loop(over, ends);
    }

    fn open_loop(&mut self, over: Label, again: Label, counts: Option<&'a str>) {
        let held = self.frame.held.len();
        self.frame.loops.push(Loop { over, again, held, breaks: Vec::new(), counts });
    }

    /// The end of a loop, to which its condition and each `break` lead.
    fn close_loop(&mut self, over: Label, ends: Option<BTreeSet<&'a str>>) {
        self.list.place(over);
        if let Some(closed) = self.frame.loops.pop()
            && let Some(set) = common(ends.into_iter().chain(closed.breaks))
        {
            self.frame.set = set;
        }
    }

    fn leave_loop(&mut self, breaks: bool, span: &Span) {
        let set = self.frame.set.clone();
        let is_reached = self.list.is_reached();
        let Some(open) = self.frame.loops.last_mut() else {
            let word = if breaks { "break" } else { "continue" };
            return self.wrong_at(span, format!("`{word}` stands in no loop"));
        };
        if breaks && is_reached {
            open.breaks.push(set);
        }
        let (to, held) = (if breaks { open.over } else { open.again }, open.held);
        self.let_go(held, span);
        self.list.jump("JUMP", to, span);
    }

    fn leave_body(&mut self, value: Option<&'t Expression<'a>>, span: &Span) {
        match (self.frame.body, value) {
            (Body::Thread, Some(value)) => {
                let error = Diagnostic::error("a thread has no value to return");
                let error = error.at(value.span.clone());
                self.wrong(error.help("keep it in a global, or send it to a queue"));
            }
            (Body::Procedure(_, true), None) => {
                let error = Diagnostic::error("a value is missing here").at(span.clone());
                let name = match self.frame.body {
                    Body::Procedure(number, _) => self.file.procedures[number].name.text,
                    Body::Thread => "",
                };
                self.wrong(error.help(format!("the value of `{name}` is wanted elsewhere")));
            }
            (Body::Procedure(_, wanted), Some(value)) => {
                self.value(value);
                if !wanted {
                    self.list.bare("POP", span);
                }
            }
            (_, None) => {}
        }
        self.let_go(0, span);
        self.list.jump("JUMP", self.frame.end, span);
    }

    /// Releases what the blocks hold that are left, but for the outermost `kept`.
    fn let_go(&mut self, kept: usize, span: &Span) {
        let held: Vec<_> = self.frame.held[kept..].iter().rev().cloned().collect();
        for (lock, _) in held {
            self.push_object(&lock, span);
            self.list.bare("LOCK_RELEASE", span);
        }
    }

    fn hold(&mut self, place: &'t Place<'a>, body: &'t Block<'a>, span: &Span) {
        let Some(lock) = self.object(place, &[Kind::Lock]) else {
            return self.statements(&body.statements);
        };
        self.push_object(&lock, span);
        self.list.bare("LOCK_ACQUIRE", span);
        self.frame.held.push((lock.clone(), span.clone()));
        self.statements(&body.statements);
        self.frame.held.pop();
        self.push_object(&lock, &body.close);
        self.list.bare("LOCK_RELEASE", &body.close);
    }

    fn start(&mut self, thread: &'t Thread<'a>, span: &Span) {
        let count = match self.names.meaning(thread.name.text) {
            Some(Meaning::Thread(count)) => count,
            _ => None,
        };
        let lists = self.bodies(thread, count);
        for index in 0..count.unwrap_or(1) {
            let body = if lists.len() > 1 { index } else { 0 };
            self.list.int("PUSH", body, span);
            let mut operands = vec![Operand::Lists(lists.clone())];
            if thread.daemon {
                operands.push(Operand::Text("daemon".into()));
            }
            self.list.with("THREAD_CREATE", operands, span);
            let handle = match count {
                Some(_) => format!("{}[{index}]", thread.name.text),
                None => thread.name.text.to_owned(),
            };
            self.list.text("STORE", handle, span);
        }
        if self.list.is_reached() {
            self.frame.set.insert(thread.name.text);
        }
    }

    /// What is known is written into the text; what is not is put there when it comes to it.
    fn print(&mut self, text: Option<&str>, values: &'t [Expression<'a>], span: &Span) {
        let [value] = values else { return self.print_text(text, values, span) };
        if text.is_some() {
            return self.print_text(text, values, span);
        }
        self.value(value);
        self.list.bare("PRINT", span);
        self.list.bare("POP", span);
    }

    fn print_text(&mut self, text: Option<&str>, values: &'t [Expression<'a>], span: &Span) {
        let Some(text) = text else {
            let error = Diagnostic::error("several values are printed within a text");
            return self.wrong(error.at(span.clone()).help("print(\"{} and {}\", a, b)"));
        };
        let mut parts = text.split("{}");
        let mut said = parts.next().unwrap_or_default().to_owned();
        let places = text.matches("{}").count();
        if places != values.len() {
            let (s, many) = (if places == 1 { "" } else { "s" }, values.len());
            let values = if many == 1 { "value" } else { "values" };
            let message =
                format!("the text has {places} place{s} {{}}, and there are {many} {values}");
            self.wrong_at(span, message);
        }
        let mut open = 0;
        for (value, part) in values.iter().zip(parts) {
            if let Some(constant) = self.constant(value) {
                said.push_str(&constant.to_string());
            } else {
                self.value(value);
                said.push_str("{}");
                open += 1;
            }
            said.push_str(part);
        }
        match open {
            0 => self.list.text("PRINT", said, span),
            1 => {
                self.list.text("PRINT", said, span);
                self.list.bare("POP", span);
            }
            _ => self.list.text("PRINT_EACH", said, span),
        }
    }
}
