//! Calls: what is built in, and procedures, whose statements are written out in place.

use super::compiler::Compiler;
use super::frame::{Binding, Body, Frame, Object};
use super::names::Meaning;
use super::places::Target;
use super::syntax::{Expression, Name, Value};
use super::token::BUILT_IN;
use super::walk;
use crate::nearest;
use crate::program::Span;
use crate::source::Diagnostic;
use crate::value::Kind;

/// How deep procedures may call each other.
const DEEPEST: usize = 50;

/// What is to be done with an argument before the procedure begins.
enum Handing {
    /// Its value lies on the stack.
    Value,
    /// A handle lies on the stack.
    Handle(Kind),
    /// Nothing.
    Known(Binding),
}

impl<'t, 'a> Compiler<'t, 'a> {
    /// A call; its value is pushed if it is wanted.
    pub(super) fn call(
        &mut self,
        name: &Name<'a>,
        arguments: &'t [Expression<'a>],
        span: &Span,
        wanted: bool,
    ) {
        if let Some(Meaning::Procedure(number)) = self.names.meaning(name.text) {
            return self.call_procedure(number, arguments, span, wanted);
        }
        let takes = match name.text {
            "choose" | "random" | "length" | "alive" => 1,
            "compare_and_swap" => 3,
            _ => {
                let procedures = self.file.procedures.iter().map(|it| it.name.text);
                let functions = BUILT_IN.iter().copied().filter(|name| *name != "index");
                let hint = if self.has_told_enough() {
                    String::new()
                } else {
                    nearest::hint(name.text, procedures.chain(functions))
                };
                let message = format!("there is no procedure `{}`{hint}", name.text);
                return self.wrong_at(&name.span, message);
            }
        };
        if arguments.len() != takes {
            return self.wrong_count(name.text, takes, arguments.len(), span);
        }
        match name.text {
            "choose" => self.counted("CHOOSE", &arguments[0], span),
            "random" => self.counted("RANDOM", &arguments[0], span),
            "length" => {
                let Some(array) = self.object_of(&arguments[0], Kind::Array, "an array") else {
                    return;
                };
                self.push_object(&array, span);
                self.list.bare("ARRAY_LENGTH", span);
            }
            "alive" => {
                self.value(&arguments[0]);
                self.list.bare("ALIVE", span);
            }
            _ => {
                let Some(atomic) = self.object_of(&arguments[0], Kind::Counter, "an atomic") else {
                    return;
                };
                self.push_object(&atomic, span);
                self.value(&arguments[1]);
                self.value(&arguments[2]);
                self.list.bare("ATOMIC_COMPARE_AND_SWAP", span);
            }
        }
        if !wanted {
            self.list.bare("POP", span);
        }
    }

    fn object_of(
        &mut self,
        argument: &'t Expression<'a>,
        kind: Kind,
        what: &str,
    ) -> Option<Object<'t, 'a>> {
        if let Value::Place(place) = &argument.is {
            return self.object(place, &[kind]);
        }
        self.wrong_at(&argument.span, format!("this needs the name of {what}"));
        None
    }

    fn wrong_count(&mut self, name: &str, takes: usize, given: usize, span: &Span) {
        let s = if takes == 1 { "" } else { "s" };
        let message = format!("`{name}` takes {takes} argument{s}, not {given}");
        self.wrong_at(span, message);
    }

    fn call_procedure(
        &mut self,
        number: usize,
        arguments: &'t [Expression<'a>],
        span: &Span,
        wanted: bool,
    ) {
        let file = self.file;
        let procedure = &file.procedures[number];
        let name = procedure.name.text;
        if procedure.parameters.len() != arguments.len() {
            return self.wrong_count(name, procedure.parameters.len(), arguments.len(), span);
        }
        let is_it =
            |frame: &Frame<'_, '_>| matches!(frame.body, Body::Procedure(it, _) if it == number);
        if is_it(&self.frame) || self.callers.iter().any(is_it) {
            let message = format!("`{name}` calls itself, here or by others");
            let error = Diagnostic::error(message).at(span.clone());
            return self.wrong(error.help(
                "what a procedure does is written out where it is called; use a loop instead",
            ));
        }
        if self.callers.len() >= DEEPEST {
            let message = format!("procedures call each other deeper than {DEEPEST} here");
            return self.wrong_at(span, message);
        }
        if !self.may_call(span) || !self.goes_on(span) {
            return;
        }
        let mut handed = Vec::new();
        for (parameter, argument) in procedure.parameters.iter().zip(arguments) {
            let mut changes = false;
            walk::assigned(&procedure.body.statements, &mut |name| {
                changes |= name == parameter.text;
            });
            handed.push(self.hand_over(argument, changes));
        }
        let end = self.list.label();
        let body = Body::Procedure(number, wanted);
        let mut frame = Frame::new(body, end, format!("{name}."));
        for (parameter, handing) in procedure.parameters.iter().zip(handed).rev() {
            let binding = match handing {
                Handing::Known(binding) => binding,
                Handing::Value => {
                    self.list.text("STORE", frame.variable(parameter.text), span);
                    frame.set.insert(parameter.text);
                    Binding::Value
                }
                Handing::Handle(kind) => {
                    let variable = frame.variable(parameter.text);
                    self.list.text("STORE", variable.as_str(), span);
                    Binding::Held(kind, variable)
                }
            };
            frame.parameters.insert(parameter.text, binding);
        }
        let caller = std::mem::replace(&mut self.frame, frame);
        self.callers.push(caller);
        self.body(&procedure.body.statements);
        if wanted && self.list.is_reached() {
            let message = format!("`{name}` may come to its end here without a value");
            let error = Diagnostic::error(message).at(procedure.body.close.clone());
            self.wrong(error.with(span.clone(), "its value is wanted here"));
        }
        self.list.place(end);
        if let Some(caller) = self.callers.pop() {
            self.frame = caller;
        }
    }

    /// An argument: things are known by their names, all else is computed now.
    fn hand_over(&mut self, argument: &'t Expression<'a>, changes: bool) -> Handing {
        if let (Some(constant), false) = (self.constant(argument), changes) {
            return Handing::Known(Binding::Constant(constant));
        }
        if let Value::Place(place) = &argument.is
            && self.may_be_thing(place.name.text)
        {
            match self.target(place) {
                Target::Things(number) => return Handing::Known(Binding::Things(number)),
                Target::Object(Object::Named(kind, name)) => {
                    return Handing::Known(Binding::Object(kind, name));
                }
                Target::Object(Object::Held(kind, name)) => {
                    return Handing::Known(Binding::Held(kind, name));
                }
                Target::Object(object) => {
                    self.push_object(&object, &argument.span);
                    return Handing::Handle(object.kind());
                }
                Target::Wrong => return Handing::Known(Binding::Anything),
                _ => {}
            }
        }
        self.value(argument);
        Handing::Value
    }

    fn may_be_thing(&self, name: &str) -> bool {
        match self.frame.parameters.get(name) {
            Some(binding) => !matches!(binding, Binding::Value | Binding::Constant(_)),
            None => matches!(self.names.meaning(name), Some(Meaning::Thing(_))),
        }
    }
}
