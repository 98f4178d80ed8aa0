//! The `ToyVM` object of a script: what is made with it before the run begins.

use std::collections::HashMap;

use ruff_python_ast::ExprCall;

use super::evaluate::Evaluator;
use super::function::Given;
use super::scope::ScopeId;
use super::thing::Thing;
use super::{Diagnostic, span};
use crate::nearest;
use crate::program::{Declared, Span, Wishes};
use crate::value::{Handle, Kind, Text};

/// A thread that a script starts.
#[derive(Debug, Clone)]
pub(super) struct Start {
    /// The list that it runs.
    pub(super) list: u32,
    pub(super) name: Option<Text>,
    pub(super) priority: i64,
    pub(super) daemon: bool,
    pub(super) span: Span,
}

/// One `ToyVM()`.
#[derive(Debug, Default)]
pub(super) struct Script {
    /// Where it was made.
    pub(super) span: Span,
    pub(super) declared: Vec<Declared>,
    pub(super) threads: Vec<Start>,
    pub(super) globals: Vec<(Text, Thing, Span)>,
    pub(super) wishes: Wishes,
    /// `run` was called: all that follows reports on the run.
    pub(super) ran: bool,
    /// Where each name was given.
    names: HashMap<Text, Span>,
    pub(super) global_at: HashMap<Text, usize>,
    counts: [u32; Kind::COUNT],
}

impl Script {
    /// The name of something that it made.
    pub(super) fn name_of(&self, handle: Handle) -> Option<Text> {
        match handle.kind {
            Kind::Thread => self.threads.get(handle.index as usize)?.name,
            kind => {
                let mut all = self.declared.iter().filter(|declared| declared.kind == kind);
                all.nth(handle.index as usize)?.name
            }
        }
    }

    /// What a global is set to.
    pub(super) fn global(&self, name: Text) -> Option<Thing> {
        self.global_at.get(&name).map(|at| self.globals[*at].1)
    }
}

/// What can be called on a `ToyVM`, for those who mistype it.
const METHODS: &[&str] = &[
    "create_lock",
    "create_semaphore",
    "create_bounded_semaphore",
    "create_message_queue",
    "create_queue",
    "create_bounded_queue",
    "create_atomic_counter",
    "create_counter",
    "create_condition",
    "create_array",
    "create_thread",
    "run",
];

impl<'a> Evaluator<'a> {
    /// Tells something that is probably a mistake.
    pub(super) fn warn(&mut self, diagnostic: Diagnostic) {
        if self.warnings < 1000 {
            self.warnings += 1;
            self.findings.push(diagnostic);
        }
    }

    /// `ToyVM(…)`.
    pub(super) fn make_machine(&mut self, scope: ScopeId, call: &'a ExprCall) -> Thing {
        let Some(given) = self.arguments(scope, &call.arguments) else { return Thing::Wrong };
        if !self.spend(64, &span(call)) {
            return Thing::Wrong;
        }
        self.machines.push(Script { span: span(call), ..Script::default() });
        let machine = self.machines.len() as u32 - 1;
        for item in &given.positional {
            let message = "this argument of ToyVM is not known and left out";
            self.warn(Diagnostic::warning(message).at(item.span.clone()));
        }
        for (name, item) in given.named {
            self.setting(machine, name, item.thing, item.span);
        }
        Thing::Machine(machine)
    }

    /// `vm.globals[name] = …`.
    pub(super) fn set_global(&mut self, machine: u32, name: Text, thing: Thing, place: Span) {
        if self.machines[machine as usize].ran {
            return;
        }
        let what = match thing {
            Thing::Int(_) | Thing::Bool(_) | Thing::Text(_) | Thing::Wrong => None,
            Thing::Handle(of, _) if of == machine => None,
            Thing::Handle(..) => Some("something that another ToyVM made".to_owned()),
            other => Some(self.describe(other)),
        };
        if let Some(what) = what {
            let message = format!("a global is an integer or a string, not {what}");
            self.wrong(Diagnostic::error(message).at(place));
            return;
        }
        let script = &mut self.machines[machine as usize];
        if let Some(at) = script.global_at.get(&name) {
            script.globals[*at] = (name, thing, place);
        } else {
            script.global_at.insert(name, script.globals.len());
            script.globals.push((name, thing, place));
        }
    }

    /// `vm.globals.update(…)`.
    pub(super) fn update(&mut self, scope: ScopeId, machine: u32, call: &'a ExprCall) -> Thing {
        let Some(given) = self.arguments(scope, &call.arguments) else { return Thing::Wrong };
        for item in given.positional {
            match item.thing {
                Thing::Dict(dict) => {
                    for (name, thing) in self.dicts[dict as usize].clone() {
                        self.set_global(machine, name, thing, item.span.clone());
                    }
                }
                Thing::Wrong => {}
                other => {
                    let what = self.describe(other);
                    let message = format!("`update` takes a dict, not {what}");
                    self.wrong(Diagnostic::error(message).at(item.span));
                }
            }
        }
        for (name, item) in given.named {
            let name = self.texts.intern(name);
            self.set_global(machine, name, item.thing, item.span);
        }
        Thing::None
    }

    /// `vm.name(…)`.
    pub(super) fn machine_method(
        &mut self,
        scope: ScopeId,
        machine: u32,
        name: &'a str,
        call: &'a ExprCall,
    ) -> Thing {
        if self.machines[machine as usize].ran {
            return self.host("a report on the run");
        }
        if !METHODS.contains(&name) {
            let near = nearest::hint(name, METHODS.iter().copied());
            let message = format!("a ToyVM has no `{name}`{near}");
            let error = Diagnostic::error(message).at(span(&*call.func));
            return self.wrong(error.help(
                "it has create_lock, create_semaphore, create_message_queue, \
                 create_atomic_counter, create_thread and run, among others",
            ));
        }
        let Some(given) = self.arguments(scope, &call.arguments) else { return Thing::Wrong };
        if !self.spend(8, &span(call)) {
            return Thing::Wrong;
        }
        match name {
            "run" => self.run_machine(machine, given),
            "create_thread" => self.create_thread(scope, machine, given, span(call)),
            _ => self.create(machine, name, given, span(call)),
        }
    }

    fn run_machine(&mut self, machine: u32, given: Given<'a>) -> Thing {
        for item in given.positional {
            self.setting(machine, "max_steps", item.thing, item.span);
        }
        for (name, item) in given.named {
            self.setting(machine, name, item.thing, item.span);
        }
        self.machines[machine as usize].ran = true;
        self.host("what a run returns")
    }

    /// Gives a name, once over all kinds.
    fn christen(&mut self, machine: u32, name: Option<Text>, place: &Span) {
        let Some(name) = name else { return };
        let names = &mut self.machines[machine as usize].names;
        if let Some(earlier) = names.insert(name, place.clone()) {
            let message = format!("the name `{}` is given twice", self.texts.get(name));
            let error = Diagnostic::error(message).at(place.clone());
            self.wrong(error.with(earlier, "it was given here before"));
        }
    }

    fn create(&mut self, machine: u32, method: &str, given: Given<'a>, place: Span) -> Thing {
        // What it takes beside its name; the last two may be numbers.
        let (kind, wanted): (_, &[&str]) = match method {
            "create_lock" => (Kind::Lock, &[]),
            "create_semaphore" => (Kind::Semaphore, &["count"]),
            "create_bounded_semaphore" => (Kind::Semaphore, &["count", "bound"]),
            "create_message_queue" | "create_queue" => (Kind::Queue, &[]),
            "create_bounded_queue" => (Kind::Queue, &["bound"]),
            "create_atomic_counter" | "create_counter" => (Kind::Counter, &["count"]),
            "create_condition" => (Kind::Condition, &["lock"]),
            _ => (Kind::Array, &["count"]),
        };
        let mut name = None;
        let mut numbers: HashMap<&str, i64> = HashMap::new();
        let positional = given.positional.into_iter().map(|item| (None, item));
        let named = given.named.into_iter().map(|(keyword, item)| (Some(keyword), item));
        for (keyword, item) in named.chain(positional) {
            let role = match keyword {
                Some("name") => "name",
                Some(
                    "count" | "initial" | "value" | "initial_value" | "initial_count" | "permits"
                    | "length" | "size",
                ) if wanted.contains(&"count") => "count",
                Some("bound" | "capacity" | "maxsize" | "max_size" | "max_count" | "limit")
                    if wanted.contains(&"bound") =>
                {
                    "bound"
                }
                Some("lock") => "lock",
                Some(keyword) => {
                    let message = format!("`{method}` has no parameter `{keyword}`");
                    return self.wrong(Diagnostic::error(message).at(item.span));
                }
                None if matches!(item.thing, Thing::Text(_) | Thing::None) => {
                    // The lock of a condition may be called by its name, which then stands first.
                    let first = wanted == ["lock"] && !numbers.contains_key("lock");
                    if first { "lock" } else { "name" }
                }
                None => wanted.iter().find(|role| !numbers.contains_key(**role)).unwrap_or(&""),
            };
            match (role, item.thing) {
                (_, Thing::Wrong) => return Thing::Wrong,
                ("name", Thing::Text(text)) if name.is_none() => name = Some(text),
                ("name", Thing::None) => {}
                ("count" | "bound", thing) if thing.int().is_some() => {
                    numbers.insert(role, thing.int().unwrap_or(0));
                }
                ("lock", Thing::Handle(of, Handle { kind: Kind::Lock, index }))
                    if of == machine =>
                {
                    numbers.insert(role, i64::from(index));
                }
                ("lock", Thing::Text(text)) => {
                    let declared = &self.machines[machine as usize].declared;
                    let mut locks = declared.iter().filter(|of| of.kind == Kind::Lock);
                    let Some(index) = locks.position(|lock| lock.name == Some(text)) else {
                        let what = self.describe(Thing::Text(text));
                        let message = format!("there is no lock that {what} names");
                        return self.wrong(Diagnostic::error(message).at(item.span));
                    };
                    numbers.insert(role, index as i64);
                }
                (_, thing) => {
                    let what = self.describe(thing);
                    let message = format!("`{method}` cannot be given {what} here");
                    return self.wrong(Diagnostic::error(message).at(item.span));
                }
            }
        }
        if kind == Kind::Counter {
            numbers.entry("count").or_insert(0);
        }
        for role in wanted {
            let least = i64::from(kind == Kind::Queue);
            let message = match numbers.get(role) {
                None => {
                    let what = match (*role, kind) {
                        ("bound", Kind::Queue) => "capacity",
                        ("count", Kind::Array) => "length",
                        (role, _) => role,
                    };
                    format!("`{method}` is called without the {what}")
                }
                Some(number) if kind != Kind::Counter && *number < least => {
                    format!(
                        "the {} of a {} cannot be {number}",
                        match kind {
                            Kind::Queue => "capacity",
                            Kind::Array => "length",
                            _ => role,
                        },
                        kind.word()
                    )
                }
                Some(_) => continue,
            };
            return self.wrong(Diagnostic::error(message).at(place));
        }
        self.christen(machine, name, &place);
        let initial = numbers.get("count").or(numbers.get("lock")).copied().unwrap_or(0);
        let bound = numbers.get("bound").copied();
        let script = &mut self.machines[machine as usize];
        script.declared.push(Declared { kind, name, initial, bound });
        let index = script.counts[kind as usize];
        script.counts[kind as usize] += 1;
        Thing::Handle(machine, Handle { kind, index })
    }

    fn create_thread(
        &mut self,
        scope: ScopeId,
        machine: u32,
        given: Given<'a>,
        place: Span,
    ) -> Thing {
        const ROLES: [&str; 4] = ["program", "name", "priority", "daemon"];
        let (mut list, mut name, mut priority, mut daemon) = (None, None, 0, false);
        let positional = given.positional.into_iter().enumerate();
        let positional = positional.map(|(at, item)| (ROLES.get(at).copied().unwrap_or(""), item));
        let named = given.named.into_iter();
        for (role, item) in positional.chain(named) {
            match (role, item.thing) {
                (_, Thing::Wrong) => return Thing::Wrong,
                ("program" | "code" | "instructions" | "list", thing) => {
                    list = self.list_named(thing, scope);
                    if list.is_none() {
                        let what = self.describe(thing);
                        let message = format!("a thread runs a list of instructions, not {what}");
                        return self.wrong(Diagnostic::error(message).at(item.span));
                    }
                }
                ("name", Thing::Text(text)) => name = Some(text),
                ("name", Thing::None) => {}
                ("priority" | "daemon", thing) if thing.int().is_some() => {
                    let int = thing.int().unwrap_or(0);
                    if role == "daemon" { daemon = int != 0 } else { priority = int }
                }
                (role, thing) => {
                    let what = self.describe(thing);
                    let message = if role.is_empty() || ROLES.contains(&role) {
                        format!("`create_thread` cannot be given {what} here")
                    } else {
                        format!("`create_thread` has no parameter `{role}`")
                    };
                    return self.wrong(
                        Diagnostic::error(message)
                            .at(item.span)
                            .help("it takes a list, a name, a priority and daemon, in this order"),
                    );
                }
            }
        }
        let Some(list) = list else {
            return self.wrong(Diagnostic::error("`create_thread` needs a list").at(place));
        };
        self.christen(machine, name, &place);
        let script = &mut self.machines[machine as usize];
        script.threads.push(Start { list, name, priority, daemon, span: place });
        let index = script.threads.len() as u32 - 1;
        Thing::Handle(machine, Handle { kind: Kind::Thread, index })
    }
}
