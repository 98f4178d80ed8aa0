//! A list of instructions that is being written: places that jumps go to are known later.

use std::sync::Arc;

use crate::program::Span;
use crate::source::draft;

/// Where a jump goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Label(usize);

/// What stands after the name of an instruction.
#[derive(Debug, Clone)]
enum Argument {
    Known(Vec<draft::Operand>),
    To(Label),
}

#[derive(Debug)]
struct Instruction {
    name: &'static str,
    argument: Argument,
    span: Span,
}

/// A list, as far as it is written.
#[derive(Debug, Default)]
pub(super) struct List {
    instructions: Vec<Instruction>,
    /// By label: its address, and how many jumps go there.
    labels: Vec<(Option<usize>, usize)>,
    /// The labels that stand where it goes on.
    latest: Vec<Label>,
    /// The last instruction is the last that was written.
    is_fresh: bool,
    /// Nothing leads to where it goes on: what is written is left out.
    is_cut: bool,
}

impl List {
    /// Whether something leads to where it goes on.
    pub(super) fn is_reached(&self) -> bool {
        !self.is_cut
    }

    pub(super) fn len(&self) -> usize {
        self.instructions.len()
    }

    pub(super) fn label(&mut self) -> Label {
        self.labels.push((None, 0));
        Label(self.labels.len() - 1)
    }

    /// The label stands here. Whether anything leads here now.
    pub(super) fn place(&mut self, label: Label) {
        // A jump to the next instruction is none.
        let jumps_here = self.instructions.last().is_some_and(|last| {
            last.name == "JUMP" && matches!(last.argument, Argument::To(to) if to == label)
        });
        if jumps_here && self.is_fresh {
            self.instructions.pop();
            let end = self.instructions.len();
            self.latest.iter().for_each(|latest| self.labels[latest.0].0 = Some(end));
            self.labels[label.0].1 -= 1;
            (self.is_cut, self.is_fresh) = (false, false);
        }
        let end = self.instructions.len();
        self.labels[label.0].0 = Some(end);
        self.latest.push(label);
        self.is_cut &= self.labels[label.0].1 == 0;
    }

    pub(super) fn jump(&mut self, name: &'static str, to: Label, span: &Span) {
        if self.is_cut {
            return;
        }
        self.labels[to.0].1 += 1;
        self.push(name, Argument::To(to), span);
        self.is_cut = name == "JUMP";
    }

    pub(super) fn bare(&mut self, name: &'static str, span: &Span) {
        self.push(name, Argument::Known(Vec::new()), span);
    }

    pub(super) fn int(&mut self, name: &'static str, int: i64, span: &Span) {
        self.push(name, Argument::Known(vec![draft::Operand::Int(int)]), span);
    }

    pub(super) fn text(&mut self, name: &'static str, text: impl Into<Arc<str>>, span: &Span) {
        self.push(name, Argument::Known(vec![draft::Operand::Text(text.into())]), span);
    }

    pub(super) fn with(&mut self, name: &'static str, operands: Vec<draft::Operand>, span: &Span) {
        self.push(name, Argument::Known(operands), span);
    }

    fn push(&mut self, name: &'static str, argument: Argument, span: &Span) {
        if !self.is_cut {
            self.latest.clear();
            self.is_fresh = true;
            self.instructions.push(Instruction { name, argument, span: span.clone() });
        }
    }

    /// The other list first, then this one.
    pub(super) fn after(mut self, first: Self) -> Self {
        let by = first.instructions.len();
        self.labels.iter_mut().filter_map(|label| label.0.as_mut()).for_each(|at| *at += by);
        self.instructions.splice(0..0, first.instructions);
        self
    }

    /// What was written; a list has one instruction at least.
    pub(super) fn finish(mut self, name: String, span: Span) -> draft::List {
        if self.instructions.is_empty() {
            self.is_cut = false;
            self.bare("NOP", &span);
        }
        let end = self.instructions.len();
        let address = |label: Label| self.labels[label.0].0.unwrap_or(end) as i64;
        let instructions = self.instructions.iter().map(|it| draft::Instruction {
            name: it.name,
            operands: match &it.argument {
                Argument::Known(operands) => operands.clone(),
                Argument::To(label) => vec![draft::Operand::Int(address(*label))],
            },
            span: it.span.clone(),
        });
        draft::List { name, instructions: instructions.collect(), span }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jump_to_the_next_instruction_is_left_out() {
        let mut list = List::default();
        let (over, next) = (list.label(), list.label());
        list.jump("JUMP_IF_TRUE", over, &(0..1));
        list.place(over);
        list.jump("JUMP", next, &(0..1));
        list.bare("POP", &(0..1));
        assert!(!list.is_reached());
        list.place(next);
        assert!(list.is_reached());
        list.bare("NOP", &(0..1));
        let names: Vec<_> =
            list.finish(String::new(), 0..0).instructions.iter().map(|it| it.name).collect();
        assert_eq!(names, ["JUMP_IF_TRUE", "NOP"]);
    }
}
