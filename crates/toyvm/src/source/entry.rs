//! Which part of a file is the program.

use ruff_python_ast::visitor::{Visitor, walk_expr};
use ruff_python_ast::{Expr, Stmt};

use super::evaluate::Evaluator;
use super::function::Given;
use super::host::is_guard;
use super::scope::MODULE;
use super::script::Start;
use super::thing::{Item, Thing};
use super::{Diagnostic, Selection, span};
use crate::instruction::Opcode;
use crate::program::Span;

/// What was chosen.
pub(super) struct Chosen {
    /// Whose objects and globals there are.
    pub(super) machine: Option<u32>,
    /// The threads that are there from the beginning.
    pub(super) starts: Vec<Start>,
}

/// What an attempt to choose came to.
enum Found {
    Program(Chosen),
    /// An error was told.
    Told,
    Nothing,
}

impl Evaluator<'_> {
    /// Runs the module, and finds the program in it; nothing if an error was told.
    pub(super) fn choose(&mut self, selection: &Selection) -> Option<Chosen> {
        self.run_all(MODULE);
        let found = match &selection.entry {
            Some(name) => self.named(name),
            None => self.unnamed(),
        };
        let mut chosen = match found {
            Found::Program(chosen) => chosen,
            Found::Told => return None,
            Found::Nothing if self.errors > 0 => return None,
            Found::Nothing if !selection.threads.is_empty() => {
                Chosen { machine: self.only_machine(), starts: Vec::new() }
            }
            Found::Nothing => {
                self.tell_nothing();
                return None;
            }
        };
        for extra in &selection.threads {
            let Some(Thing::Sequence(list)) = self.in_module(&extra.list) else {
                let near = self.nearest(MODULE, &extra.list);
                let near = near.map(|near| format!("; did you mean `{near}`?"));
                self.wrong(Diagnostic::error(format!(
                    "there is no list `{}` for the thread `{}`{}",
                    extra.list,
                    extra.name,
                    near.unwrap_or_default()
                )));
                continue;
            };
            let name = self.texts.intern(&extra.name);
            let declared = chosen.machine.map(|m| &self.machines[m as usize].declared);
            let taken = declared.is_some_and(|all| all.iter().any(|of| of.name == Some(name)))
                || chosen.starts.iter().any(|start| start.name == Some(name));
            if taken {
                let message = format!("the thread `{}` has a name that is taken", extra.name);
                self.wrong(Diagnostic::error(message));
                continue;
            }
            chosen.starts.push(Start {
                list,
                name: Some(name),
                priority: extra.priority,
                daemon: false,
                span: self.sequences[list as usize].span.clone(),
            });
        }
        Some(chosen)
    }

    /// The part of that name.
    fn named(&mut self, name: &str) -> Found {
        match self.in_module(name) {
            Some(Thing::Machine(machine)) => self.script(machine),
            Some(Thing::Sequence(list)) => Found::Program(self.list(list)),
            Some(Thing::Function(function)) => match self.through(function) {
                Found::Nothing if self.errors == 0 => {
                    let place = span(&self.functions[function as usize].definition.name);
                    let message =
                        format!("`{name}` neither starts threads of a ToyVM nor returns a list");
                    self.wrong(Diagnostic::error(message).at(place));
                    Found::Told
                }
                found => found,
            },
            Some(Thing::Wrong) => Found::Told,
            Some(other) => {
                let what = self.describe(other);
                let message = format!("`{name}` is no list and no function, but {what}");
                self.wrong(Diagnostic::error(message));
                Found::Told
            }
            None => {
                let near = self.nearest(MODULE, name);
                let near = near.map(|near| format!("; did you mean `{near}`?"));
                let message = format!("there is no `{name}` in it{}", near.unwrap_or_default());
                let error = Diagnostic::error(message).help("--entry takes a list or a function");
                self.wrong(error);
                Found::Told
            }
        }
    }

    /// The part that is meant when nobody says.
    fn unnamed(&mut self) -> Found {
        let found = self.made_since(0);
        if !matches!(found, Found::Nothing) {
            return found;
        }
        match self.in_module("main") {
            Some(Thing::Sequence(list)) => return Found::Program(self.list(list)),
            Some(Thing::Function(main)) => {
                let found = self.through(main);
                if !matches!(found, Found::Nothing) || self.errors > 0 {
                    return found;
                }
            }
            Some(Thing::Wrong) => return Found::Told,
            _ => {}
        }
        let makers = self.makers();
        match makers.as_slice() {
            [] => {}
            [only] => return self.through(*only),
            several => {
                let places = several.iter().map(|maker| {
                    let name = &self.functions[*maker as usize].definition.name;
                    (span(name), format!("--entry {}", name.as_str()))
                });
                let places = places.collect();
                return self.several("several functions make a ToyVM", places);
            }
        }
        let lists = self.lists();
        let guard =
            self.scopes[MODULE as usize].body.iter().find_map(|statement| match statement {
                Stmt::If(condition) if is_guard(&condition.test) => Some(&condition.body),
                _ => None,
            });
        if let Some(guard) = guard
            && (lists.len() != 1 || makes_machine(guard))
        {
            let before = self.machines.len();
            self.block(MODULE, guard);
            let found = self.made_since(before);
            if !matches!(found, Found::Nothing) || self.errors > 0 {
                return found;
            }
        }
        match lists.as_slice() {
            [only] => Found::Program(self.list(*only)),
            _ => Found::Nothing,
        }
    }

    /// Says what there is, when nothing of it is the program.
    fn tell_nothing(&mut self) {
        let lists = self.lists();
        if lists.len() > 1 {
            let places = lists.iter().map(|list| {
                let list = &self.sequences[*list as usize];
                let name = list.name.as_deref();
                let what =
                    name.map_or("it has no name".to_owned(), |name| format!("--entry {name}"));
                (list.span.clone(), what)
            });
            let places = places.collect();
            self.several("several lists of instructions, and none is called `main`", places);
            return;
        }
        let mut error = Diagnostic::error(
            "there is no program in it: no list of instructions, and no ToyVM that starts a thread",
        );
        for machine in self.machines.iter().take(5) {
            error = error.with(machine.span.clone(), "this ToyVM starts no thread");
        }
        self.wrong(error.help("a program is a list such as main = [(\"PUSH\", 1), (\"PRINT\",)]"));
    }

    fn several(&mut self, what: &str, places: Vec<(Span, String)>) -> Found {
        let mut error = Diagnostic::error(format!("{what}; choose one with --entry NAME"));
        error.span = places.first().map(|(place, _)| place.clone());
        error.related = places;
        self.wrong(error);
        Found::Told
    }

    /// The program of the only ToyVM with threads that was made since there were `before`.
    fn made_since(&mut self, before: usize) -> Found {
        let with_threads: Vec<u32> = (before..self.machines.len())
            .filter(|machine| !self.machines[*machine].threads.is_empty())
            .map(|machine| machine as u32)
            .collect();
        match with_threads.as_slice() {
            [] => Found::Nothing,
            [only] => self.script(*only),
            several => {
                let bound = &self.scopes[MODULE as usize].bound;
                let places = several.iter().map(|machine| {
                    let variable =
                        bound.iter().filter(|(_, thing)| **thing == Thing::Machine(*machine));
                    let what = match variable.map(|(name, _)| *name).min() {
                        Some(name) => format!("--entry {name}"),
                        None => "this one has no name in the module".to_owned(),
                    };
                    (self.machines[*machine as usize].span.clone(), what)
                });
                let places = places.collect();
                self.several("several ToyVMs start threads", places)
            }
        }
    }

    /// What comes of calling a function without arguments.
    fn through(&mut self, function: u32) -> Found {
        let before = self.machines.len();
        let errors = self.errors;
        let place = span(&self.functions[function as usize].definition.name);
        let returned = self.call_function(function, Given::default(), place);
        match returned {
            _ if self.errors > errors => Found::Told,
            Thing::Machine(machine) if !self.machines[machine as usize].threads.is_empty() => {
                self.script(machine)
            }
            Thing::Sequence(list)
                if self.machines[before..].iter().all(|m| m.threads.is_empty()) =>
            {
                Found::Program(self.list(list))
            }
            _ => self.made_since(before),
        }
    }

    /// The program of a ToyVM.
    fn script(&mut self, machine: u32) -> Found {
        let main = self.texts.intern("main");
        let script = &self.machines[machine as usize];
        let mut starts = script.threads.clone();
        let taken = script.declared.iter().any(|declared| declared.name == Some(main));
        if let [only] = starts.as_mut_slice()
            && !taken
        {
            only.name.get_or_insert(main);
        }
        if starts.is_empty() {
            let error = Diagnostic::error("this ToyVM starts no thread").at(script.span.clone());
            self.wrong(error);
            return Found::Told;
        }
        Found::Program(Chosen { machine: Some(machine), starts })
    }

    /// A program of one thread that runs a list.
    fn list(&mut self, list: u32) -> Chosen {
        let name = Some(self.texts.intern("main"));
        let span = self.sequences[list as usize].span.clone();
        let start = Start { list, name, priority: 0, daemon: false, span };
        Chosen { machine: self.only_machine(), starts: vec![start] }
    }

    /// A list is run with the objects of the only ToyVM that there is.
    fn only_machine(&self) -> Option<u32> {
        (self.machines.len() == 1).then_some(0)
    }

    /// The functions of the module that make a ToyVM and need no arguments.
    fn makers(&self) -> Vec<u32> {
        let module = &self.scopes[MODULE as usize];
        let numbered = self.functions.iter().enumerate().map(|(at, of)| (at as u32, of));
        numbered
            .filter(|(at, function)| {
                module.bound.get(function.name()) == Some(&Thing::Function(*at))
                    && function.needs_nothing()
                    && makes_machine(&function.definition.body)
            })
            .map(|(at, _)| at)
            .collect()
    }

    /// The lists of instructions of the module.
    fn lists(&self) -> Vec<u32> {
        let bound = self.scopes[MODULE as usize].bound.values().filter_map(|thing| match thing {
            Thing::Sequence(list) => Some(*list),
            _ => None,
        });
        let mut lists: Vec<u32> =
            bound.chain(self.bare.iter().copied()).filter(|list| self.is_code(*list)).collect();
        lists.sort_unstable();
        lists.dedup();
        lists
    }

    /// Whether the first element of a list is an instruction.
    fn is_code(&self, list: u32) -> bool {
        let list = &self.sequences[list as usize];
        let Some(Thing::Sequence(first)) = list.items.first().map(|item| item.thing) else {
            return false;
        };
        !list.tuple && self.is_instruction(first)
    }

    /// Whether this is an instruction rather than a list of them.
    pub(super) fn is_instruction(&self, sequence: u32) -> bool {
        match self.sequences[sequence as usize].items.first().map(|item| item.thing) {
            Some(Thing::Text(name)) => !Opcode::named(self.texts.get(name)).is_empty(),
            _ => false,
        }
    }

    /// Whether a list begins like one instruction only because its first, in brackets, lacks the comma.
    pub(super) fn lacks_commas(&self, list: u32) -> bool {
        let list = &self.sequences[list as usize];
        let other = |item: &Item| match item.thing {
            Thing::Text(name) => !Opcode::named(self.texts.get(name)).is_empty(),
            Thing::Sequence(inner) => self.is_instruction(inner),
            _ => false,
        };
        !list.tuple && (list.items.len() == 1 || list.items.iter().skip(1).any(other))
    }
}

/// Whether there is a call of ToyVM somewhere in it.
fn makes_machine(body: &[Stmt]) -> bool {
    struct Search(bool);
    impl<'a> Visitor<'a> for Search {
        fn visit_expr(&mut self, expression: &'a Expr) {
            if let Expr::Call(call) = expression {
                self.0 |= match &*call.func {
                    Expr::Name(name) => name.id.as_str() == "ToyVM",
                    Expr::Attribute(attribute) => attribute.attr.as_str() == "ToyVM",
                    _ => false,
                };
            }
            walk_expr(self, expression);
        }
    }
    let mut search = Search(false);
    search.visit_body(body);
    search.0
}
