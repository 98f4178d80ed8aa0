//! From the tree to lists of instructions: the main thread, the bodies of threads, and what
//! procedures do, which is written out where they are called.

use std::collections::{BTreeSet, HashMap};

use super::constant::constant;
use super::frame::{Binding, Body, Frame};
use super::list::List;
use super::names::{Meaning, Names};
use super::syntax::{Expression, File, Statement, Thread};
use super::{MOST_ERRORS, walk};
use crate::program::Span;
use crate::source::{Diagnostic, draft};
use crate::value::Kind;

/// The most instructions of a program: what is written out may be much more than what is written.
const MOST_INSTRUCTIONS: usize = 200_000;
/// The most calls that are written out.
const MOST_CALLS: usize = 20_000;

/// The state of a program that is being made.
pub(super) struct Compiler<'t, 'a> {
    pub(super) text: &'a str,
    pub(super) file: &'t File<'a>,
    pub(super) names: Names<'a>,
    pub(super) findings: Vec<Diagnostic>,
    errors: usize,
    /// The list that is being written.
    pub(super) list: List,
    /// The body that is being compiled, and those whose calls it is part of.
    pub(super) frame: Frame<'t, 'a>,
    pub(super) callers: Vec<Frame<'t, 'a>>,
    lists: Vec<draft::List>,
    /// The lists of each body that was compiled.
    bodies: HashMap<&'a str, Vec<usize>>,
    /// The names of several things that are chosen from by an index that is computed.
    pub(super) chosen: BTreeSet<usize>,
    /// Instructions of the lists that are written.
    written: usize,
    calls: usize,
    /// It is too large: nothing more is written.
    stopped: bool,
}

/// Compiles a file; no program if something is wrong with it.
pub(super) fn compile<'a>(
    text: &'a str,
    file: &File<'a>,
    overrides: &[(String, i64)],
) -> (Vec<Diagnostic>, Option<draft::Draft>) {
    let mut names = Names::of(file, overrides);
    let findings = std::mem::take(&mut names.errors);
    let mut list = List::default();
    let end = list.label();
    let mut compiler = Compiler {
        text,
        file,
        names,
        errors: findings.len(),
        findings,
        list,
        frame: Frame::new(Body::Thread, end, String::new()),
        callers: Vec::new(),
        lists: Vec::new(),
        bodies: HashMap::new(),
        chosen: BTreeSet::new(),
        written: 0,
        calls: 0,
        stopped: false,
    };
    compiler.unused_procedures();
    // The main thread's list is the first.
    compiler.lists.push(draft::List { name: String::new(), instructions: Vec::new(), span: 0..0 });
    compiler.body(&file.main);
    let list = std::mem::take(&mut compiler.list).after(compiler.opening());
    let last = text.len() as u32;
    compiler.lists[0] = list.finish("main".to_owned(), last..last);
    if compiler.errors > 0 {
        return (compiler.findings, None);
    }
    let mut things = compiler.names.made();
    for number in &compiler.chosen {
        let thing = &compiler.names.things[*number];
        let (name, initial) = (thing.name.to_owned(), thing.count.unwrap_or(1));
        things.push(draft::Made { kind: Kind::Array, name, initial, bound: None });
    }
    let globals = std::mem::take(&mut compiler.names.globals);
    (compiler.findings, Some(draft::Draft { lists: compiler.lists, things, globals }))
}

impl<'t, 'a> Compiler<'t, 'a> {
    /// Tells an error.
    pub(super) fn wrong(&mut self, error: Diagnostic) {
        self.errors += 1;
        if self.errors <= MOST_ERRORS {
            self.findings.push(error);
        } else {
            self.stopped = true;
        }
    }

    /// Whether more errors were found than are told.
    pub(super) fn has_told_enough(&self) -> bool {
        self.errors > MOST_ERRORS
    }

    pub(super) fn wrong_at(&mut self, span: &Span, message: impl Into<String>) {
        self.wrong(Diagnostic::error(message).at(span.clone()));
    }

    /// Tells what is probably a mistake.
    pub(super) fn warn(&mut self, warning: Diagnostic) {
        if self.findings.len() < 4 * MOST_ERRORS {
            self.findings.push(warning);
        }
    }

    /// Whether it may go on, or is too large.
    pub(super) fn goes_on(&mut self, span: &Span) -> bool {
        if !self.stopped && self.written + self.list.len() > MOST_INSTRUCTIONS {
            self.stopped = true;
            let message = format!("the program has more than {MOST_INSTRUCTIONS} instructions");
            let error = Diagnostic::error(message).at(span.clone());
            self.wrong(error.help("what procedures do is written out wherever they are called"));
        }
        !self.stopped
    }

    /// Whether one more call may be written out.
    pub(super) fn may_call(&mut self, span: &Span) -> bool {
        self.calls += 1;
        if !self.stopped && self.calls > MOST_CALLS {
            self.stopped = true;
            let message = format!("the program makes more than {MOST_CALLS} calls");
            let error = Diagnostic::error(message).at(span.clone());
            self.wrong(error.help("what procedures do is written out wherever they are called"));
        }
        !self.stopped
    }

    /// The integer that an expression always is, if it is one.
    pub(super) fn constant(&self, expression: &Expression<'a>) -> Option<i64> {
        constant(expression, &|name| match self.frame.parameters.get(name) {
            Some(Binding::Constant(value)) => Some(*value),
            Some(_) => None,
            None if name == "index" => self.frame.index,
            None => match self.names.meaning(name) {
                Some(Meaning::Constant(value)) => Some(value),
                _ => None,
            },
        })
    }

    /// Compiles the body of the frame.
    pub(super) fn body(&mut self, statements: &'t [Statement<'a>]) {
        let names = &self.names;
        walk::assigned(statements, &mut |name| {
            if names.meaning(name).is_none() {
                self.frame.locals.insert(name);
            }
        });
        self.statements(statements);
        let unread = self
            .frame
            .given
            .iter()
            .filter(|(name, _)| !self.frame.read.contains(*name) && !name.starts_with('_'));
        let unread: Vec<_> = unread.map(|(name, place)| (*name, place.clone())).collect();
        for (name, place) in unread {
            let hint = self.hint(name);
            let message = format!("`{name}` is given a value that nothing reads{hint}");
            let warning = Diagnostic::warning(message).at(place);
            self.warn(warning.help(
                "a global is declared at the top: global n = 0; \
                                    a name that begins with _ may go unread",
            ));
        }
    }

    /// Procedures that nobody calls may be wrong all the same.
    fn unused_procedures(&mut self) {
        for (number, procedure) in self.file.procedures.iter().enumerate() {
            let mut list = List::default();
            let end = list.label();
            let prefix = format!("{}.", procedure.name.text);
            let mut frame = Frame::new(Body::Procedure(number, false), end, prefix);
            for parameter in &procedure.parameters {
                let again = frame.parameters.insert(parameter.text, Binding::Anything).is_some();
                let message = if again {
                    "is the name of two parameters"
                } else if self.names.meaning(parameter.text).is_some() {
                    "has a meaning in all of the file, and cannot be a parameter's name too"
                } else {
                    continue;
                };
                self.wrong_at(&parameter.span, format!("`{}` {message}", parameter.text));
            }
            let main_list = std::mem::replace(&mut self.list, list);
            let main_frame = std::mem::replace(&mut self.frame, frame);
            self.body(&procedure.body.statements);
            self.frame = main_frame;
            self.list = main_list;
        }
        // What was looked at only is not part of the program.
        (self.calls, self.written) = (0, 0);
        self.chosen.clear();
    }

    /// The lists that a thread may be started with: one, or one for each if they ask who they are.
    pub(super) fn bodies(&mut self, thread: &'t Thread<'a>, count: Option<i64>) -> Vec<usize> {
        if let Some(known) = self.bodies.get(thread.name.text) {
            return known.clone();
        }
        let asks = count.is_some() && walk::mentions(&thread.body.statements, "index");
        let several = if asks { count.unwrap_or(1) } else { 1 };
        let mut lists = Vec::new();
        for index in 0..several {
            if !self.goes_on(&thread.name.span) {
                break;
            }
            let mut list = List::default();
            let end = list.label();
            let mut frame = Frame::new(Body::Thread, end, String::new());
            frame.index = asks.then_some(index);
            let outer_list = std::mem::replace(&mut self.list, list);
            let outer_frame = std::mem::replace(&mut self.frame, frame);
            let callers = std::mem::take(&mut self.callers);
            self.body(&thread.body.statements);
            self.callers = callers;
            self.frame = outer_frame;
            let list = std::mem::replace(&mut self.list, outer_list);
            let name = if asks {
                format!("{}[{index}]", thread.name.text)
            } else {
                thread.name.text.to_owned()
            };
            let list = list.finish(name, thread.body.close.clone());
            self.written += list.instructions.len();
            lists.push(self.lists.len());
            self.lists.push(list);
        }
        self.bodies.insert(thread.name.text, lists.clone());
        lists
    }

    /// What must be done first: the handles of several things, put where they are chosen from.
    fn opening(&mut self) -> List {
        let mut list = List::default();
        for number in &self.chosen {
            let thing = &self.names.things[*number];
            let span = self.names.place(thing.name).unwrap_or_default();
            for index in 0..thing.count.unwrap_or(1) {
                list.text("LOAD", thing.name, &span);
                list.int("PUSH", index, &span);
                list.text("LOAD", thing.called(index), &span);
                list.bare("ARRAY_SET", &span);
            }
        }
        list
    }
}
