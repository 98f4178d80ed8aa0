//! Calls: of functions of the file, of the few of Python's that compute constants, of methods.

use std::rc::Rc;

use ruff_python_ast::{Arguments, Expr, ExprAttribute, ExprCall, StmtFunctionDef};

use super::evaluate::Evaluator;
use super::operator::place_of;
use super::scope::{Binders, Scope, ScopeId, binders};
use super::thing::{Item, Thing};
use super::{Diagnostic, span};
use crate::program::Span;

/// What a call costs, in elements that could be made instead.
const COST: usize = 32;

/// A function of the file.
pub(super) struct Function<'a> {
    pub(super) definition: &'a StmtFunctionDef,
    /// Where it was defined.
    pub(super) scope: ScopeId,
    binders: Option<Rc<Binders<'a>>>,
    /// Whether there is nothing in it but what is Python's own, once that was asked.
    pub(super) host_only: Option<bool>,
}

impl<'a> Function<'a> {
    pub(super) fn new(definition: &'a StmtFunctionDef, scope: ScopeId) -> Self {
        Self { definition, scope, binders: None, host_only: None }
    }

    pub(super) fn name(&self) -> &'a str {
        self.definition.name.as_str()
    }

    /// Whether it can be called without arguments.
    pub(super) fn needs_nothing(&self) -> bool {
        let parameters = &self.definition.parameters;
        parameters.iter_non_variadic_params().all(|parameter| parameter.default.is_some())
    }
}

/// The arguments of a call.
#[derive(Default)]
pub(super) struct Given<'a> {
    pub(super) positional: Vec<Item>,
    pub(super) named: Vec<(&'a str, Item)>,
}

impl<'a> Evaluator<'a> {
    /// The arguments of a call, evaluated; nothing, after an error, if they are not understood.
    pub(super) fn arguments(
        &mut self,
        scope: ScopeId,
        arguments: &'a Arguments,
    ) -> Option<Given<'a>> {
        let mut given = Given::default();
        if self.calls > 0 && !self.spend(arguments.args.len(), &span(arguments)) {
            return None;
        }
        for argument in &arguments.args {
            let Expr::Starred(starred) = argument else {
                let thing = self.evaluate(scope, argument);
                given.positional.push(Item { thing, span: span(argument) });
                continue;
            };
            let thing = self.evaluate(scope, &starred.value);
            let Thing::Sequence(sequence) = thing else {
                let what = self.describe(thing);
                self.wrong_at(starred, format!("`*` unpacks a list, not {what}"));
                return None;
            };
            let items = self.items(sequence, starred)?.to_vec();
            given.positional.extend(items);
            if !self.spend(given.positional.len(), &span(starred)) {
                return None;
            }
        }
        for keyword in &arguments.keywords {
            let Some(name) = &keyword.arg else {
                self.wrong_at(keyword, "`**` is not understood here; name the arguments");
                return None;
            };
            let thing = self.evaluate(scope, &keyword.value);
            given.named.push((name.as_str(), Item { thing, span: span(&keyword.value) }));
        }
        Some(given)
    }

    /// The value of a call.
    pub(super) fn call(&mut self, scope: ScopeId, call: &'a ExprCall) -> Thing {
        if let Expr::Attribute(attribute) = &*call.func {
            let base = self.evaluate(scope, &attribute.value);
            return self.method(scope, base, attribute, call);
        }
        let called = self.evaluate(scope, &call.func);
        self.call_thing(scope, called, call)
    }

    fn call_thing(&mut self, scope: ScopeId, called: Thing, call: &'a ExprCall) -> Thing {
        match called {
            Thing::Wrong => Thing::Wrong,
            Thing::Toy => self.make_machine(scope, call),
            Thing::Function(function) => match self.arguments(scope, &call.arguments) {
                Some(given) => self.call_function(function, given, span(call)),
                None => Thing::Wrong,
            },
            Thing::Host(_) => {
                if let Expr::Name(name) = &*call.func
                    && matches!(name.id.as_str(), "len" | "str" | "int" | "list" | "tuple")
                    && call.arguments.keywords.is_empty()
                {
                    return self.builtin(scope, name.id.as_str(), call);
                }
                self.returned_by(call)
            }
            other => {
                let what = self.describe(other);
                let mut error =
                    Diagnostic::error(format!("{what} cannot be called")).at(span(call));
                if matches!(other, Thing::Sequence(_) | Thing::Text(_) | Thing::Int(_)) {
                    error = error.help("is a comma missing before the bracket?");
                }
                self.wrong(error)
            }
        }
    }

    fn returned_by(&mut self, call: &'a ExprCall) -> Thing {
        let what = match self.written(&*call.func) {
            Some(written) => format!("what `{written}` returns"),
            None => "what a call of Python's returns".to_owned(),
        };
        self.host(&what)
    }

    /// The few functions of Python's that make constants of constants.
    fn builtin(&mut self, scope: ScopeId, name: &'a str, call: &'a ExprCall) -> Thing {
        let Some(given) = self.arguments(scope, &call.arguments) else { return Thing::Wrong };
        let [Item { thing, .. }] = given.positional.as_slice() else {
            return self.returned_by(call);
        };
        match (name, *thing) {
            (_, Thing::Wrong) => Thing::Wrong,
            ("len", Thing::Sequence(sequence)) => match self.items(sequence, call) {
                Some(items) => Thing::Int(items.len() as i64),
                None => Thing::Wrong,
            },
            ("len", Thing::Text(text)) => Thing::Int(self.texts.get(text).chars().count() as i64),
            ("str", thing) => match self.plain(thing) {
                Some(text) => self.made_text(&text, call),
                None => self.returned_by(call),
            },
            ("int", Thing::Text(text)) => match self.texts.get(text).trim().parse() {
                Ok(int) => Thing::Int(int),
                Err(_) => self.wrong_at(call, "this string is no integer"),
            },
            ("int", thing) => thing.int().map_or_else(|| self.returned_by(call), Thing::Int),
            ("list" | "tuple", Thing::Sequence(sequence)) => {
                let Some(items) = self.items(sequence, call).map(<[Item]>::to_vec) else {
                    return Thing::Wrong;
                };
                if !self.spend(items.len() + 1, &span(call)) {
                    return Thing::Wrong;
                }
                let id = self.sequence(name == "tuple", scope, span(call));
                self.sequences[id as usize].items = items;
                Thing::Sequence(id)
            }
            _ => self.returned_by(call),
        }
    }

    /// Calls a function of the file.
    pub(super) fn call_function(&mut self, function: u32, given: Given<'a>, place: Span) -> Thing {
        let called = &self.functions[function as usize];
        let (definition, parent) = (called.definition, called.scope);
        if definition.is_async || !definition.decorator_list.is_empty() {
            let how = if definition.is_async { "async" } else { "decorated" };
            let message = format!("`{}` is {how}: such functions are not called", called.name());
            return self.wrong(Diagnostic::error(message).at(place));
        }
        if !self.spend(COST + definition.body.len(), &place) {
            return Thing::Wrong;
        }
        let title = self.title(function, &given);
        let found = Rc::clone(
            self.functions[function as usize]
                .binders
                .get_or_insert_with(|| binders(&definition.body).into()),
        );
        self.scopes.push(Scope::new(Some(parent), &definition.body, found));
        let scope = self.scopes.len() as ScopeId - 1;
        let made = self.sequences.len();
        self.calls += 1;
        let returned = if self.pass(function, scope, given, &place) {
            self.run_all(scope);
            self.scopes[scope as usize].returned.unwrap_or(Thing::None)
        } else {
            Thing::Wrong
        };
        self.calls -= 1;
        if let Thing::Sequence(sequence) = returned
            && sequence as usize >= made
            && !self.sequences[sequence as usize].tuple
        {
            self.sequences[sequence as usize].name = Some(title.into());
        }
        returned
    }

    /// A call as it is written, for the list that it returns.
    fn title(&self, function: u32, given: &Given<'a>) -> String {
        let mut title = format!("{}(", self.functions[function as usize].name());
        let positional = given.positional.iter().map(|item| ("", item.thing));
        let named = given.named.iter().map(|(name, item)| (*name, item.thing));
        for (at, (name, thing)) in positional.chain(named).enumerate() {
            let shown = match thing {
                Thing::Text(text) if self.texts.get(text).len() <= 40 => {
                    format!("{:?}", self.texts.get(text))
                }
                Thing::Text(_) => "…".to_owned(),
                Thing::Sequence(sequence) => match &self.sequences[sequence as usize].name {
                    Some(name) => name.to_string(),
                    None => "[…]".to_owned(),
                },
                Thing::Machine(_) => "vm".to_owned(),
                other => self.plain(other).unwrap_or_else(|| "…".to_owned()),
            };
            if title.len() + shown.len() > 60 {
                title.push_str(if at > 0 { ", …" } else { "…" });
                break;
            }
            let equals = if name.is_empty() { "" } else { "=" };
            title.extend([if at > 0 { ", " } else { "" }, name, equals, &shown]);
        }
        title.push(')');
        title
    }

    /// Binds the parameters of a call.
    fn pass(&mut self, function: u32, scope: ScopeId, given: Given<'a>, place: &Span) -> bool {
        let called = &self.functions[function as usize];
        let (definition, defined) = (called.definition, called.scope);
        let name = definition.name.as_str();
        let parameters = &*definition.parameters;
        let positional = parameters.posonlyargs.iter().chain(&parameters.args);
        let mut rest = given.positional.into_iter();
        for parameter in positional {
            let Some(item) = rest.next() else { break };
            self.bind(scope, parameter.name().as_str(), item.thing);
        }
        let rest: Vec<Item> = rest.collect();
        if let Some(parameter) = &parameters.vararg {
            let id = self.sequence(true, scope, place.clone());
            self.sequences[id as usize].items = rest;
            self.bind(scope, parameter.name.as_str(), Thing::Sequence(id));
        } else if !rest.is_empty() {
            let wanted = parameters.posonlyargs.len() + parameters.args.len();
            let message = format!(
                "`{name}` takes {wanted} argument{}, not {}",
                if wanted == 1 { "" } else { "s" },
                wanted + rest.len()
            );
            let error = Diagnostic::error(message).at(place.clone());
            self.wrong(error.with(span(&definition.name), "it is defined here"));
            return false;
        }
        for (keyword, item) in given.named {
            let mut known = parameters.iter_non_variadic_params().map(|p| p.name().as_str());
            let message = if !known.any(|known| known == keyword) {
                format!("`{name}` has no parameter `{keyword}`")
            } else if self.scopes[scope as usize].bound.contains_key(keyword) {
                format!("`{name}` is given `{keyword}` twice")
            } else {
                self.bind(scope, keyword, item.thing);
                continue;
            };
            self.wrong(Diagnostic::error(message).at(item.span));
            return false;
        }
        for parameter in parameters.iter_non_variadic_params() {
            let keyword = parameter.name().as_str();
            if self.scopes[scope as usize].bound.contains_key(keyword) {
                continue;
            }
            let Some(default) = &parameter.default else {
                let message = format!("`{name}` is called without its argument `{keyword}`");
                let error = Diagnostic::error(message).at(place.clone());
                self.wrong(error.with(span(&definition.name), "it is defined here"));
                return false;
            };
            let thing = self.evaluate(defined, default);
            self.bind(scope, keyword, thing);
        }
        if let Some(parameter) = &parameters.kwarg {
            let thing = self.host("further arguments");
            self.bind(scope, parameter.name.as_str(), thing);
        }
        true
    }

    /// base.attribute, not called.
    pub(super) fn attribute(&mut self, base: Thing, attribute: &'a ExprAttribute) -> Thing {
        let name = attribute.attr.as_str();
        match base {
            Thing::Wrong => Thing::Wrong,
            Thing::Host(_) if name == "ToyVM" => Thing::Toy,
            Thing::Machine(machine) if name == "globals" => Thing::Globals(machine),
            _ => {
                let what = match self.written(attribute) {
                    Some(written) => format!("what `{written}` is"),
                    None => "an attribute".to_owned(),
                };
                self.host(&what)
            }
        }
    }

    fn method(
        &mut self,
        scope: ScopeId,
        base: Thing,
        attribute: &'a ExprAttribute,
        call: &'a ExprCall,
    ) -> Thing {
        let name = attribute.attr.as_str();
        match base {
            Thing::Wrong => Thing::Wrong,
            Thing::Host(_) if name == "ToyVM" => self.make_machine(scope, call),
            Thing::Machine(machine) => self.machine_method(scope, machine, name, call),
            Thing::Globals(machine) if name == "update" => self.update(scope, machine, call),
            Thing::Host(_)
            | Thing::Handle(..)
            | Thing::Text(_)
            | Thing::Globals(_)
            | Thing::Dict(_) => self.returned_by(call),
            Thing::Sequence(sequence) => self.list_method(scope, sequence, name, call),
            other => {
                let what = self.describe(other);
                self.wrong_at(call, format!("{what} has no `{name}` to call"))
            }
        }
    }

    fn list_method(
        &mut self,
        scope: ScopeId,
        sequence: u32,
        name: &'a str,
        call: &'a ExprCall,
    ) -> Thing {
        if self.sequences[sequence as usize].tuple {
            return match name {
                "count" | "index" => self.returned_by(call),
                _ => self.wrong_at(call, format!("a tuple has no `{name}`")),
            };
        }
        let Some(given) = self.arguments(scope, &call.arguments) else { return Thing::Wrong };
        if !matches!(name, "append" | "extend" | "insert" | "copy") {
            let message = format!("`{name}` of a list is not run");
            return self.wrong(
                Diagnostic::error(message)
                    .at(span(call))
                    .help("`append`, `extend`, `insert` and `copy` are; or write the list out"),
            );
        }
        let Some(length) = self.items(sequence, call).map(<[Item]>::len) else {
            return Thing::Wrong;
        };
        let place = span(call);
        if !given.named.is_empty() {
            return self.wrong_at(call, format!("`{name}` has no named arguments"));
        }
        let (at, added) = match (name, given.positional.as_slice()) {
            ("append", [item]) => (length, vec![item.clone()]),
            ("insert", [at, item]) if at.thing.int().is_some() => {
                let at = at.thing.int().unwrap_or(0);
                let at = if at < 0 { place_of(at, length).unwrap_or(0) } else { at as usize };
                (at.min(length), vec![item.clone()])
            }
            ("extend", [Item { thing: Thing::Sequence(other), .. }]) => {
                match self.items(*other, call) {
                    Some(items) => (length, items.to_vec()),
                    None => return Thing::Wrong,
                }
            }
            ("copy", []) => {
                let items = self.sequences[sequence as usize].items.clone();
                let id = self.sequence(false, scope, place.clone());
                self.sequences[id as usize].items = items;
                return if self.spend(length + 1, &place) {
                    Thing::Sequence(id)
                } else {
                    Thing::Wrong
                };
            }
            (_, arguments) => {
                if arguments.iter().any(|item| item.thing == Thing::Wrong) {
                    return Thing::Wrong;
                }
                let told: Vec<_> = arguments.iter().map(|item| self.describe(item.thing)).collect();
                let told = if told.is_empty() { "nothing".to_owned() } else { told.join(", ") };
                return self.wrong_at(call, format!("`{name}` of a list cannot be given {told}"));
            }
        };
        // An insertion moves what comes after it.
        if !self.spend(added.len() + (length - at) / 16, &place) {
            return Thing::Wrong;
        }
        self.sequences[sequence as usize].items.splice(at..at, added);
        Thing::None
    }
}
