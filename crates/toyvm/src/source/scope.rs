//! Names: what they are bound to, now or by a statement that comes later.

use std::collections::HashMap;
use std::rc::Rc;

use ruff_python_ast::{Expr, Stmt};
use ruff_text_size::TextRange;

use super::Diagnostic;
use super::evaluate::Evaluator;
use super::span;
use super::thing::Thing;
use crate::instruction::Opcode;

/// The number of a scope.
pub(super) type ScopeId = u32;

/// The module's scope.
pub(super) const MODULE: ScopeId = 0;

/// How many names are looked at for one that was meant.
pub(super) const CANDIDATES: usize = 10_000;

/// The statements of a body that bind each name, in order.
pub(super) type Binders<'a> = HashMap<&'a str, Vec<u32>>;

/// Where a statement stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    Waiting,
    Running,
    Done,
}

/// The names of a module, or of one call of a function.
pub(super) struct Scope<'a> {
    pub(super) parent: Option<ScopeId>,
    pub(super) body: &'a [Stmt],
    pub(super) progress: Vec<Progress>,
    pub(super) bound: HashMap<&'a str, Thing>,
    binders: Rc<Binders<'a>>,
    /// What `return` gave.
    pub(super) returned: Option<Thing>,
    /// The module of `from … import *`: it may bind anything.
    pub(super) anything: Option<&'a str>,
}

impl<'a> Scope<'a> {
    pub(super) fn new(parent: Option<ScopeId>, body: &'a [Stmt], binders: Rc<Binders<'a>>) -> Self {
        Self {
            parent,
            body,
            progress: vec![Progress::Waiting; body.len()],
            bound: HashMap::new(),
            binders,
            returned: None,
            anything: None,
        }
    }
}

/// Which statements of a body bind which names.
pub(super) fn binders(body: &[Stmt]) -> Binders<'_> {
    let mut binders = Binders::new();
    for (at, statement) in body.iter().enumerate() {
        bound_by(statement, &mut |name| {
            let all = binders.entry(name).or_default();
            if all.last() != Some(&(at as u32)) {
                all.push(at as u32);
            }
        });
    }
    binders
}

/// The names that a statement binds when it is run.
fn bound_by<'a>(statement: &'a Stmt, each: &mut impl FnMut(&'a str)) {
    match statement {
        Stmt::Assign(assign) => assign.targets.iter().for_each(|target| names_in(target, each)),
        Stmt::AnnAssign(assign) if assign.value.is_some() => names_in(&assign.target, each),
        Stmt::FunctionDef(function) => each(function.name.as_str()),
        Stmt::ClassDef(class) => each(class.name.as_str()),
        Stmt::Import(import) => {
            for alias in &import.names {
                each(alias.asname.as_ref().unwrap_or(&alias.name).as_str());
            }
        }
        Stmt::ImportFrom(import) => {
            for alias in &import.names {
                each(alias.asname.as_ref().unwrap_or(&alias.name).as_str());
            }
        }
        Stmt::Try(attempt) => {
            for inner in attempt.body.iter().chain(&attempt.orelse).chain(&attempt.finalbody) {
                bound_by(inner, each);
            }
        }
        _ => {}
    }
}

/// The names in the target of an assignment.
pub(super) fn names_in<'a>(target: &'a Expr, each: &mut impl FnMut(&'a str)) {
    match target {
        Expr::Name(name) => each(name.id.as_str()),
        Expr::Tuple(tuple) => tuple.elts.iter().for_each(|inner| names_in(inner, each)),
        Expr::List(list) => list.elts.iter().for_each(|inner| names_in(inner, each)),
        Expr::Starred(starred) => names_in(&starred.value, each),
        _ => {}
    }
}

impl<'a> Evaluator<'a> {
    /// Binds a name.
    pub(super) fn bind(&mut self, scope: ScopeId, name: &'a str, thing: Thing) {
        self.scopes[scope as usize].bound.insert(name, thing);
    }

    /// What a name is bound to in one scope; a statement that binds it later is run now.
    fn find_in(&mut self, scope: ScopeId, name: &str) -> Option<Thing> {
        let here = &self.scopes[scope as usize];
        if let Some(thing) = here.bound.get(name) {
            return Some(*thing);
        }
        let binders = Rc::clone(&here.binders);
        let statements = binders.get(name)?;
        let progress = |at: &&u32| here.progress[**at as usize];
        if let Some(at) = statements.iter().find(|at| progress(at) == Progress::Waiting) {
            self.run(scope, *at as usize);
            // A statement that was wrong may have bound nothing.
            let wrong = (self.errors > 0).then_some(Thing::Wrong);
            return self.scopes[scope as usize].bound.get(name).copied().or(wrong);
        }
        let at = statements.iter().find(|at| progress(at) == Progress::Running)?;
        let place = &here.body[*at as usize];
        Some(
            self.wrong(
                Diagnostic::error(format!("`{name}` needs its own value before it has one"))
                    .at(span(place)),
            ),
        )
    }

    /// What a name is bound to, here or around; nothing if it is not.
    pub(super) fn find(&mut self, scope: ScopeId, name: &str) -> Option<Thing> {
        if name == "ToyVM" {
            return Some(Thing::Toy);
        }
        let mut next = Some(scope);
        while let Some(scope) = next {
            if let Some(thing) = self.find_in(scope, name) {
                return Some(thing);
            }
            next = self.scopes[scope as usize].parent;
        }
        self.scopes[MODULE as usize]
            .anything
            .map(|module| self.host(&format!("what `{module}` may call `{name}`")))
    }

    /// What a name is bound to, or an error.
    pub(super) fn look_up(&mut self, scope: ScopeId, name: &str, range: TextRange) -> Thing {
        if let Some(thing) = self.find(scope, name) {
            return thing;
        }
        if super::host::is_builtin(name) {
            return self.host(&format!("Python's `{name}`"));
        }
        let near = self.nearest(scope, name).map(|near| format!("; did you mean `{near}`?"));
        let message = format!("`{name}` is not defined{}", near.unwrap_or_default());
        let mut error = Diagnostic::error(message).at(span(range));
        if !Opcode::named(name).is_empty() {
            error = error.help(format!("an instruction's name is a string: (\"{name}\", …)"));
        }
        self.wrong(error)
    }

    /// The bound name that comes nearest.
    pub(super) fn nearest(&self, scope: ScopeId, name: &str) -> Option<&'a str> {
        let mut known: Vec<&'a str> = Vec::new();
        let mut next = Some(scope);
        while let Some(scope) = next {
            let here = &self.scopes[scope as usize];
            known.extend(here.bound.keys().chain(here.binders.keys()).take(CANDIDATES));
            next = here.parent;
        }
        known.truncate(CANDIDATES);
        crate::nearest::nearest(name, known.into_iter())
    }
}
