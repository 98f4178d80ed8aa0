//! Statements: run in order, each once, earlier than in order only when somebody needs its name.

use ruff_python_ast::{Expr, Stmt, StmtAssign, StmtImportFrom};
use ruff_text_size::Ranged;

use super::evaluate::Evaluator;
use super::function::Function;
use super::host::is_guard;
use super::operator::place_of;
use super::scope::{MODULE, Progress, ScopeId, names_in};
use super::thing::{Item, Thing};
use super::{Diagnostic, span};

impl<'a> Evaluator<'a> {
    /// Runs every statement of a scope that has not been run, until one returns.
    pub(super) fn run_all(&mut self, scope: ScopeId) {
        for at in 0..self.scopes[scope as usize].body.len() {
            if self.stopped || self.scopes[scope as usize].returned.is_some() {
                return;
            }
            if self.scopes[scope as usize].progress[at] == Progress::Waiting {
                self.run(scope, at);
            }
        }
    }

    /// Runs one statement of a scope.
    pub(super) fn run(&mut self, scope: ScopeId, at: usize) {
        let here = &mut self.scopes[scope as usize];
        let statement = &here.body[at];
        here.progress[at] = Progress::Running;
        self.statement(scope, statement);
        self.scopes[scope as usize].progress[at] = Progress::Done;
    }

    /// Runs statements that are no scope of their own.
    pub(super) fn block(&mut self, scope: ScopeId, body: &'a [Stmt]) {
        for statement in body {
            if self.stopped || self.scopes[scope as usize].returned.is_some() {
                return;
            }
            self.statement(scope, statement);
        }
    }

    fn statement(&mut self, scope: ScopeId, statement: &'a Stmt) {
        if !self.descend(statement) {
            return;
        }
        match statement {
            Stmt::Assign(assign) => self.assign(scope, assign),
            Stmt::AnnAssign(assign) => {
                if let Some(value) = &assign.value {
                    self.assign_to(scope, std::slice::from_ref(&*assign.target), value);
                }
            }
            Stmt::AugAssign(assign) => {
                let old = self.evaluate(scope, &assign.target);
                let more = self.evaluate(scope, &assign.value);
                let place = span(assign);
                let new = match (old, assign.op, more) {
                    // A list grows where it is, whoever else has it.
                    (
                        Thing::Sequence(list),
                        ruff_python_ast::Operator::Add,
                        Thing::Sequence(other),
                    ) if !self.sequences[list as usize].tuple => {
                        self.grow(list, other, assign);
                        old
                    }
                    _ => self.operate(scope, old, assign.op, more, place),
                };
                self.set(scope, &assign.target, new);
            }
            Stmt::Expr(expression) => self.expression_statement(scope, &expression.value),
            Stmt::FunctionDef(function) => {
                self.functions.push(Function::new(function, scope));
                let id = self.functions.len() as u32 - 1;
                self.bind(scope, function.name.as_str(), Thing::Function(id));
            }
            Stmt::Return(returned) => {
                let thing = returned
                    .value
                    .as_ref()
                    .map_or(Thing::None, |value| self.evaluate(scope, value));
                self.scopes[scope as usize].returned = Some(thing);
            }
            Stmt::ClassDef(class) => {
                let name = class.name.as_str();
                if name == "ToyVM" {
                    self.skipped(&class.name, "this class is what forebay has of its own");
                } else {
                    self.skipped(&class.name, &format!("the class `{name}` is Python's"));
                }
                let thing = self.host(&format!("the class `{name}`"));
                self.bind(scope, name, thing);
            }
            Stmt::Import(import) => {
                self.skipped(import, "the import is Python's");
                for alias in &import.names {
                    let thing = self.host(&format!("the module `{}`", alias.name.as_str()));
                    let name = alias.asname.as_ref().unwrap_or(&alias.name).as_str();
                    // `import a.b` binds `a`.
                    self.bind(scope, name.split('.').next().unwrap_or(name), thing);
                }
            }
            Stmt::ImportFrom(import) => self.import_from(scope, import),
            Stmt::Pass(_) | Stmt::Nonlocal(_) => {}
            Stmt::Global(global) if scope != MODULE => {
                self.wrong_at(global, "`global` is not understood: return the value, or pass it");
            }
            Stmt::If(condition) if is_guard(&condition.test) => {
                self.skipped(&*condition.test, "`if __name__` is Python's");
            }
            // Nothing fails while a program is read.
            Stmt::Try(attempt) => {
                self.block(scope, &attempt.body);
                self.block(scope, &attempt.orelse);
                self.block(scope, &attempt.finalbody);
            }
            Stmt::If(condition) => {
                let mut parts: Vec<&'a [Stmt]> = vec![&condition.body];
                parts.extend(condition.elif_else_clauses.iter().map(|clause| &clause.body[..]));
                self.leave_out(scope, "a condition", statement, &parts);
            }
            Stmt::For(each) => {
                self.leave_out(scope, "a loop", statement, &[&each.body, &each.orelse]);
            }
            Stmt::While(each) => {
                self.leave_out(scope, "a loop", statement, &[&each.body, &each.orelse]);
            }
            Stmt::With(with) => self.leave_out(scope, "a `with` block", statement, &[&with.body]),
            Stmt::Match(choice) => {
                let parts: Vec<&'a [Stmt]> =
                    choice.cases.iter().map(|case| &case.body[..]).collect();
                self.leave_out(scope, "a `match`", statement, &parts);
            }
            Stmt::TypeAlias(_)
            | Stmt::Raise(_)
            | Stmt::Assert(_)
            | Stmt::Delete(_)
            | Stmt::Global(_)
            | Stmt::Break(_)
            | Stmt::Continue(_)
            | Stmt::IpyEscapeCommand(_) => self.skipped(statement, "this statement is Python's"),
        }
        self.ascend();
    }

    fn import_from(&mut self, scope: ScopeId, import: &'a StmtImportFrom) {
        self.skipped(import, "the import is Python's");
        let module = import.module.as_ref().map_or(".", |module| module.as_str());
        for alias in &import.names {
            let name = alias.name.as_str();
            if name == "*" {
                self.scopes[MODULE as usize].anything = Some(module);
                continue;
            }
            let thing = match name {
                "ToyVM" => Thing::Toy,
                _ => self.host(&format!("`{name}` of the module `{module}`")),
            };
            self.bind(scope, alias.asname.as_ref().unwrap_or(&alias.name).as_str(), thing);
        }
    }

    fn expression_statement(&mut self, scope: ScopeId, expression: &'a Expr) {
        match expression {
            Expr::StringLiteral(string) => self.skipped(string, "a docstring is Python's"),
            Expr::Call(call) => {
                // What Python alone would do is left out with its arguments.
                let host = match &*call.func {
                    Expr::Name(name) => match self.find(scope, name.id.as_str()) {
                        Some(thing) => matches!(thing, Thing::Host(_)),
                        None => super::host::is_builtin(name.id.as_str()),
                    },
                    Expr::Attribute(attribute) => {
                        let base = self.evaluate(scope, &attribute.value);
                        match base {
                            Thing::Host(_) | Thing::Text(_) | Thing::Handle(..) => {
                                attribute.attr.as_str() != "ToyVM"
                            }
                            Thing::Machine(machine) => self.machines[machine as usize].ran,
                            _ => false,
                        }
                    }
                    _ => false,
                };
                if host {
                    let what = match self.written(&*call.func) {
                        Some(written) => format!("`{written}` is Python's"),
                        None => "this call is Python's".to_owned(),
                    };
                    self.skipped(call, &what);
                    return;
                }
                self.evaluate(scope, expression);
            }
            Expr::List(_) if scope == MODULE => {
                if let Thing::Sequence(list) = self.evaluate(scope, expression) {
                    self.bare.push(list);
                }
            }
            Expr::Yield(_) | Expr::YieldFrom(_) => {
                self.wrong_at(expression, "a function that yields is not run; return a list");
            }
            Expr::Named(_) => {
                self.evaluate(scope, expression);
            }
            _ => self.skipped(expression, "this expression is Python's"),
        }
    }

    fn assign(&mut self, scope: ScopeId, assign: &'a StmtAssign) {
        self.assign_to(scope, &assign.targets, &assign.value);
    }

    fn assign_to(&mut self, scope: ScopeId, targets: &'a [Expr], value: &'a Expr) {
        // A list may mention itself by a name that it has only now.
        let new = |target: &Expr, here: &Self| match target {
            Expr::Name(name) => !here.scopes[scope as usize].bound.contains_key(name.id.as_str()),
            _ => false,
        };
        if let Expr::List(list) = value
            && targets.iter().all(|target| new(target, self))
        {
            let id = self.sequence(false, scope, span(list));
            self.sequences[id as usize].open = true;
            for target in targets {
                self.set(scope, target, Thing::Sequence(id));
            }
            self.fill(id, scope, &list.elts);
            return;
        }
        let thing = self.evaluate(scope, value);
        for target in targets {
            self.set(scope, target, thing);
        }
    }

    /// What a name of the module is set to instead, if it is one of the constants that are.
    fn constant(&mut self, scope: ScopeId, name: &str, thing: Thing) -> Thing {
        let mut constants = self.constants.iter_mut();
        match constants.find(|(constant, ..)| scope == MODULE && constant == name) {
            Some((_, value, is_known)) if thing.int().is_some() => {
                *is_known = true;
                Thing::Int(*value)
            }
            _ => thing,
        }
    }

    /// Gives a target of an assignment its value.
    fn set(&mut self, scope: ScopeId, target: &'a Expr, thing: Thing) {
        match target {
            Expr::Name(name) => {
                let thing = self.constant(scope, name.id.as_str(), thing);
                self.entitle(scope, name.id.as_str(), thing, target);
                self.bind(scope, name.id.as_str(), thing);
            }
            Expr::Tuple(_) | Expr::List(_) => self.unpack(scope, target, thing),
            Expr::Subscript(subscript) => {
                let base = self.evaluate(scope, &subscript.value);
                let key = self.evaluate(scope, &subscript.slice);
                match (base, key) {
                    (Thing::Wrong | Thing::Host(_), _) | (_, Thing::Wrong) => {}
                    (Thing::Globals(machine), Thing::Text(name)) => {
                        self.set_global(machine, name, thing, span(target));
                    }
                    (Thing::Dict(dict), Thing::Text(key)) => {
                        if self.spend(1, &span(target)) {
                            self.dicts[dict as usize].push((key, thing));
                        }
                    }
                    (Thing::Sequence(list), key) if !self.sequences[list as usize].tuple => {
                        let Some(length) = self.items(list, target).map(<[Item]>::len) else {
                            return;
                        };
                        let index = key.int().and_then(|index| place_of(index, length));
                        if let Some(index) = index.filter(|index| *index < length) {
                            let item = Item { thing, span: span(target) };
                            self.sequences[list as usize].items[index] = item;
                        } else {
                            let key = self.describe(key);
                            self.wrong_at(target, format!("the list has nothing at {key}"));
                        }
                    }
                    _ => {
                        let (base, key) = (self.describe(base), self.describe(key));
                        self.wrong_at(target, format!("nothing can be set in {base} at {key}"));
                    }
                }
            }
            Expr::Attribute(attribute) => match self.evaluate(scope, &attribute.value) {
                Thing::Machine(machine) => self.set_attribute(machine, attribute, thing),
                Thing::Wrong | Thing::Host(_) => {}
                other => {
                    let what = self.describe(other);
                    self.wrong_at(target, format!("{what} has no attributes to set"));
                }
            },
            Expr::Starred(_) => {
                self.wrong_at(target, "`*` among the names of an assignment is not understood");
            }
            _ => {
                self.wrong_at(target, "nothing can be assigned to this");
            }
        }
    }

    fn unpack(&mut self, scope: ScopeId, target: &'a Expr, thing: Thing) {
        let targets = match target {
            Expr::Tuple(tuple) => &tuple.elts,
            Expr::List(list) => &list.elts,
            _ => return,
        };
        let Thing::Sequence(sequence) = thing else {
            let stands_for = match thing {
                Thing::Wrong | Thing::Host(_) => thing,
                other => {
                    let what = self.describe(other);
                    self.wrong_at(target, format!("several names need a list, not {what}"))
                }
            };
            names_in(target, &mut |name| self.bind(scope, name, stands_for));
            return;
        };
        let Some(items) = self.items(sequence, target) else { return };
        if items.len() != targets.len() {
            let message = format!("there are {} values for {} names", items.len(), targets.len());
            let wrong = self.wrong_at(target, message);
            names_in(target, &mut |name| self.bind(scope, name, wrong));
            return;
        }
        for (at, target) in targets.iter().enumerate() {
            // An earlier target may have changed the list.
            let item = self.sequences[sequence as usize].items.get(at);
            let thing = item.map_or(Thing::None, |item| item.thing);
            self.set(scope, target, thing);
        }
    }

    /// A list is called by the name that it is first bound to. A name that had a list already loses
    /// it, which is told.
    fn entitle(&mut self, scope: ScopeId, name: &'a str, thing: Thing, place: &'a Expr) {
        let Thing::Sequence(list) = thing else { return };
        let before = self.scopes[scope as usize].bound.get(name).copied();
        if let Some(Thing::Sequence(before)) = before
            && before != list
            && !self.sequences[before as usize].tuple
            && self.sequences[before as usize].name.as_deref() == Some(name)
            && self.sequences[list as usize].name.is_none()
            && !self.within(before, list)
        {
            let earlier = self.sequences[before as usize].span.clone();
            self.warn(
                Diagnostic::warning(format!(
                    "`{name}` is bound twice; from here on it is this list"
                ))
                .at(span(place))
                .with(earlier, "this is the list that it was"),
            );
        }
        let list = &mut self.sequences[list as usize];
        if list.name.is_none() && !list.tuple {
            list.name = Some(name.into());
        }
    }

    /// Whether a list goes on with what another has, as after `x = x + […]`.
    fn within(&self, before: u32, after: u32) -> bool {
        let (before, after) =
            (&self.sequences[before as usize].items, &self.sequences[after as usize].items);
        let first = before.first().map(|item| item.thing);
        after.len() >= before.len() && first == after.first().map(|item| item.thing)
    }

    fn grow(&mut self, list: u32, other: u32, place: impl Ranged) {
        let range = place.range();
        if self.items(list, range).is_none() {
            return;
        }
        let Some(added) = self.items(other, range).map(<[Item]>::to_vec) else { return };
        if self.spend(added.len() + 1, &span(range)) {
            self.sequences[list as usize].items.extend(added);
        }
    }
}
