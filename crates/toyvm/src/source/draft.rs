//! A program that was written in another notation, before names and addresses are settled.

use std::sync::Arc;

use super::assemble::{Assembled, assemble};
use super::entry::Chosen;
use super::evaluate::Evaluator;
use super::scope::MODULE;
use super::script::{Script, Start};
use super::thing::{Item, Thing};
use super::{Diagnostic, Severity};
use crate::program::{Declared, Span};
use crate::value::Kind;

/// What a compiler makes.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    /// Lists of instructions; the first is the main thread's.
    pub(crate) lists: Vec<List>,
    /// What is there before the run begins, in order.
    pub(crate) things: Vec<Made>,
    /// What globals are set to, and where that is said.
    pub(crate) globals: Vec<(String, Operand, Span)>,
}

/// One list of instructions.
#[derive(Debug)]
pub(crate) struct List {
    pub(crate) name: String,
    pub(crate) instructions: Vec<Instruction>,
    pub(crate) span: Span,
}

/// One instruction, as the table names it.
#[derive(Debug)]
pub(crate) struct Instruction {
    pub(crate) name: &'static str,
    pub(crate) operands: Vec<Operand>,
    pub(crate) span: Span,
}

/// What stands after the name of an instruction.
#[derive(Debug, Clone)]
pub(crate) enum Operand {
    Int(i64),
    Text(Arc<str>),
    /// Lists, by number.
    Lists(Vec<usize>),
}

/// Something that is there before the run begins.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) kind: Kind,
    pub(crate) name: String,
    /// As in [`Declared`].
    pub(crate) initial: i64,
    pub(crate) bound: Option<i64>,
}

impl Draft {
    /// Settles names, addresses and claims; what is wrong besides, and no program if that is an error.
    pub(crate) fn assemble(self) -> (Vec<Diagnostic>, Option<Assembled>) {
        let mut evaluator = Evaluator::new("", &[]);
        let mut script = Script::default();
        for made in self.things {
            let name = Some(evaluator.texts.intern(&made.name));
            let (kind, initial, bound) = (made.kind, made.initial, made.bound);
            script.declared.push(Declared { kind, name, initial, bound });
        }
        for (name, value, span) in self.globals {
            let name = evaluator.texts.intern(&name);
            let value = written(&mut evaluator, &value, &span);
            script.globals.push((name, value, span));
        }
        evaluator.machines.push(script);
        // Lists are mentioned by number, before what mentions them is read.
        for list in &self.lists {
            let number = evaluator.sequence(false, MODULE, list.span.clone());
            evaluator.sequences[number as usize].name = Some(list.name.as_str().into());
        }
        for (number, list) in self.lists.iter().enumerate() {
            let items = list.instructions.iter().map(|it| {
                let tuple = evaluator.sequence(true, MODULE, it.span.clone());
                let name = Thing::Text(evaluator.texts.intern(it.name));
                let mut items = vec![Item { thing: name, span: it.span.clone() }];
                for operand in &it.operands {
                    let thing = written(&mut evaluator, operand, &it.span);
                    items.push(Item { thing, span: it.span.clone() });
                }
                evaluator.sequences[tuple as usize].items = items;
                Item { thing: Thing::Sequence(tuple), span: it.span.clone() }
            });
            let items = items.collect();
            evaluator.sequences[number].items = items;
        }
        let name = Some(evaluator.texts.intern("main"));
        let span = self.lists.first().map(|list| list.span.clone()).unwrap_or_default();
        let main = Start { list: 0, name, priority: 0, daemon: false, span };
        let assembled = assemble(&mut evaluator, Chosen { machine: Some(0), starts: vec![main] });
        let is_wrong = evaluator.findings.iter().any(|it| it.severity == Severity::Error);
        (evaluator.findings, (!is_wrong).then_some(assembled))
    }
}

fn written(evaluator: &mut Evaluator<'_>, operand: &Operand, span: &Span) -> Thing {
    match operand {
        Operand::Int(int) => Thing::Int(*int),
        Operand::Text(text) => Thing::Text(evaluator.texts.intern(text)),
        Operand::Lists(lists) => {
            let of = evaluator.sequence(false, MODULE, span.clone());
            let item =
                |list: &usize| Item { thing: Thing::Sequence(*list as u32), span: span.clone() };
            evaluator.sequences[of as usize].items = lists.iter().map(item).collect();
            Thing::Sequence(of)
        }
    }
}
