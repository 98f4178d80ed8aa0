//! What is Python's own: code that a file has beside its program, which may be left out.

use ruff_python_ast::{Expr, ExprCall, Stmt};
use ruff_text_size::{Ranged, TextRange};

use super::evaluate::Evaluator;
use super::scope::{ScopeId, names_in};
use super::thing::Thing;
use super::{Diagnostic, span};

/// How deep functions are followed that have nothing but Python's own in them.
const DEPTH: usize = 50;

/// Whether Python has something of that name without an import.
pub(super) fn is_builtin(name: &str) -> bool {
    const BUILTINS: &[&str] = &[
        "abs",
        "aiter",
        "all",
        "anext",
        "any",
        "ascii",
        "bin",
        "bool",
        "breakpoint",
        "bytearray",
        "bytes",
        "callable",
        "chr",
        "classmethod",
        "compile",
        "complex",
        "copyright",
        "credits",
        "delattr",
        "dict",
        "dir",
        "divmod",
        "enumerate",
        "eval",
        "exec",
        "exit",
        "filter",
        "float",
        "format",
        "frozenset",
        "getattr",
        "globals",
        "hasattr",
        "hash",
        "help",
        "hex",
        "id",
        "input",
        "int",
        "isinstance",
        "issubclass",
        "iter",
        "len",
        "license",
        "list",
        "locals",
        "map",
        "max",
        "memoryview",
        "min",
        "next",
        "object",
        "oct",
        "open",
        "ord",
        "pow",
        "print",
        "property",
        "quit",
        "range",
        "repr",
        "reversed",
        "round",
        "set",
        "setattr",
        "slice",
        "sorted",
        "staticmethod",
        "str",
        "sum",
        "super",
        "tuple",
        "type",
        "vars",
        "zip",
        "NotImplemented",
        "Ellipsis",
    ];
    BUILTINS.contains(&name)
        || (name.starts_with("__") && name.ends_with("__"))
        || name.ends_with("Error")
        || name.ends_with("Exception")
        || name.ends_with("Warning")
        || matches!(name, "KeyboardInterrupt" | "SystemExit" | "StopIteration")
}

/// Whether this is the test that a file makes to find out whether it was started or imported.
pub(super) fn is_guard(test: &Expr) -> bool {
    let Expr::Compare(compare) = test else { return false };
    let is_name = |side: &Expr| matches!(side, Expr::Name(name) if name.id.as_str() == "__name__");
    is_name(&compare.left) || compare.comparators.iter().any(is_name)
}

/// What was found in a block: the names that it binds, and the first thing that it would matter to
/// run.
#[derive(Default)]
struct Survey<'a> {
    names: Vec<&'a str>,
    matters: Option<TextRange>,
}

impl<'a> Evaluator<'a> {
    /// Notes something that is left out.
    pub(super) fn skipped(&mut self, place: impl Ranged, what: &str) {
        self.warn(Diagnostic::note(format!("{what}; skipped")).at(span(place)));
    }

    /// Leaves out a statement that is no straight-line code, if nothing in it matters.
    pub(super) fn leave_out(
        &mut self,
        scope: ScopeId,
        what: &str,
        statement: &'a Stmt,
        parts: &[&'a [Stmt]],
    ) {
        let mut survey = Survey::default();
        for part in parts {
            self.survey(scope, part, &mut survey, 0);
        }
        match statement {
            Stmt::For(each) => names_in(&each.target, &mut |name| survey.names.push(name)),
            Stmt::With(with) => {
                for item in with.items.iter().filter_map(|item| item.optional_vars.as_deref()) {
                    names_in(item, &mut |name| survey.names.push(name));
                }
            }
            _ => {}
        }
        // What matters is told once, where the statement stands; its names are known to be wrong.
        let stands_for = if let Some(place) = survey.matters {
            let line = self.source[..place.start().to_usize()].matches('\n').count() + 1;
            let start = statement.range().start();
            let end = self.source[start.to_usize()..]
                .find('\n')
                .map_or(self.source.len(), |end| start.to_usize() + end);
            self.wrong(
                Diagnostic::error(format!(
                    "{what} is not run, and line {line} depends on it: a program is straight-line \
                     code"
                ))
                .at(u32::from(start)..end as u32)
                .with(span(place), "this depends on it")
                .help(match statement {
                    Stmt::For(_) | Stmt::While(_) => {
                        "write each round out; a thread itself loops by LABEL and JUMP_IF"
                    }
                    _ => "write out what is to happen, or choose a list or a function with --entry",
                }),
            )
        } else {
            self.skipped(statement, &format!("{what} is Python's"));
            self.host(&format!("what {what} computes"))
        };
        for name in survey.names {
            self.bind(scope, name, stands_for);
        }
    }

    fn survey(&mut self, scope: ScopeId, body: &'a [Stmt], survey: &mut Survey<'a>, depth: usize) {
        for statement in body {
            if survey.matters.is_some() {
                return;
            }
            match statement {
                Stmt::Expr(expression) => match &*expression.value {
                    Expr::Call(call) if self.call_matters(scope, call, depth) => {
                        survey.matters = Some(call.range());
                    }
                    _ => {}
                },
                Stmt::Assign(assign) => {
                    self.survey_value(scope, &assign.value, survey, depth);
                    for target in &assign.targets {
                        self.survey_target(scope, target, survey);
                    }
                }
                Stmt::AugAssign(assign) => {
                    self.survey_value(scope, &assign.value, survey, depth);
                    self.survey_target(scope, &assign.target, survey);
                }
                Stmt::AnnAssign(assign) => {
                    if let Some(value) = &assign.value {
                        self.survey_value(scope, value, survey, depth);
                    }
                    self.survey_target(scope, &assign.target, survey);
                }
                // Whether a function ends here decides about all that follows.
                Stmt::Return(_) if depth == 0 => survey.matters = Some(statement.range()),
                Stmt::Return(inner) => {
                    if let Some(value) = &inner.value {
                        self.survey_value(scope, value, survey, depth);
                    }
                }
                Stmt::FunctionDef(function) => survey.names.push(function.name.as_str()),
                Stmt::ClassDef(class) => survey.names.push(class.name.as_str()),
                Stmt::Import(import) => {
                    for alias in &import.names {
                        survey.names.push(alias.asname.as_ref().unwrap_or(&alias.name).as_str());
                    }
                }
                Stmt::ImportFrom(import) => {
                    for alias in &import.names {
                        survey.names.push(alias.asname.as_ref().unwrap_or(&alias.name).as_str());
                    }
                }
                Stmt::For(inner) => {
                    names_in(&inner.target, &mut |name| survey.names.push(name));
                    self.survey(scope, &inner.body, survey, depth);
                    self.survey(scope, &inner.orelse, survey, depth);
                }
                Stmt::While(inner) => {
                    self.survey(scope, &inner.body, survey, depth);
                    self.survey(scope, &inner.orelse, survey, depth);
                }
                Stmt::If(inner) => {
                    self.survey(scope, &inner.body, survey, depth);
                    for clause in &inner.elif_else_clauses {
                        self.survey(scope, &clause.body, survey, depth);
                    }
                }
                Stmt::With(inner) => self.survey(scope, &inner.body, survey, depth),
                Stmt::Try(inner) => {
                    self.survey(scope, &inner.body, survey, depth);
                    for handler in &inner.handlers {
                        let ruff_python_ast::ExceptHandler::ExceptHandler(handler) = handler;
                        self.survey(scope, &handler.body, survey, depth);
                    }
                    self.survey(scope, &inner.orelse, survey, depth);
                    self.survey(scope, &inner.finalbody, survey, depth);
                }
                Stmt::Match(inner) => {
                    for case in &inner.cases {
                        self.survey(scope, &case.body, survey, depth);
                    }
                }
                _ => {}
            }
        }
    }

    fn survey_value(
        &mut self,
        scope: ScopeId,
        value: &'a Expr,
        survey: &mut Survey<'a>,
        depth: usize,
    ) {
        if let Expr::Call(call) = value
            && self.call_matters(scope, call, depth)
        {
            survey.matters = Some(call.range());
        }
    }

    fn survey_target(&mut self, scope: ScopeId, target: &'a Expr, survey: &mut Survey<'a>) {
        match target {
            Expr::Attribute(_) | Expr::Subscript(_) => {
                if self.root_matters(scope, target) {
                    survey.matters = Some(target.range());
                }
            }
            _ => names_in(target, &mut |name| survey.names.push(name)),
        }
    }

    /// Whether `x` in `x.a[b].c` is something of the program.
    fn root_matters(&mut self, scope: ScopeId, mut expression: &'a Expr) -> bool {
        loop {
            expression = match expression {
                Expr::Attribute(attribute) => &attribute.value,
                Expr::Subscript(subscript) => &subscript.value,
                Expr::Call(call) => &call.func,
                Expr::Name(name) => {
                    return match self.find(scope, name.id.as_str()) {
                        Some(Thing::Machine(machine) | Thing::Globals(machine)) => {
                            !self.machines[machine as usize].ran
                        }
                        Some(Thing::Sequence(_) | Thing::Dict(_)) => true,
                        _ => false,
                    };
                }
                _ => return false,
            }
        }
    }

    /// Whether a call could change what the program is.
    fn call_matters(&mut self, scope: ScopeId, call: &'a ExprCall, depth: usize) -> bool {
        match &*call.func {
            Expr::Name(name) => match self.find(scope, name.id.as_str()) {
                Some(Thing::Toy) => true,
                Some(Thing::Function(function)) => !self.is_host_only(function, depth),
                _ => false,
            },
            func @ Expr::Attribute(attribute) => {
                attribute.attr.as_str() == "ToyVM" || self.root_matters(scope, func)
            }
            _ => false,
        }
    }

    fn is_host_only(&mut self, function: u32, depth: usize) -> bool {
        let asked = &mut self.functions[function as usize];
        if let Some(known) = asked.host_only {
            return known;
        }
        if depth >= DEPTH {
            return false;
        }
        // What calls itself is not judged.
        asked.host_only = Some(false);
        let (body, scope) = (&asked.definition.body, asked.scope);
        let mut survey = Survey::default();
        self.survey(scope, body, &mut survey, depth + 1);
        let host_only = survey.matters.is_none();
        self.functions[function as usize].host_only = Some(host_only);
        host_only
    }
}
