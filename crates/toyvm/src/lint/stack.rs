//! What is known of a thread's stack at each place of a list.

use std::collections::{BTreeMap, HashSet};

use super::flow::{Analysis, Ways};
use super::known::{Known, Site};
use crate::instruction::Instruction;
use crate::program::claim::Arithmetic;
use crate::program::{Code, CodeId};

/// How many values from the top are kept in mind where paths may meet. Depths are exact all the same.
const WINDOW: usize = 16;

/// A stack, as far as it is known.
#[derive(Debug, Clone)]
pub(super) struct Stack {
    /// The uppermost values, the top last.
    top: Vec<Known>,
    /// How many values the shallowest path brings.
    pub(super) least: u32,
    /// How many the deepest brings; none if that is not known, and then `least` says nothing.
    pub(super) most: Option<u32>,
    /// The instruction before, on the first path here; none at the beginning.
    came: Option<u32>,
    /// Where the paths met whose depths disagree.
    pub(super) split: Option<u32>,
}

/// Paths that meet with stacks of different depth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Disagreement {
    /// The depth on one path, and the instruction that it comes from; none at the beginning.
    pub(super) one: (u32, Option<u32>),
    /// The depth on the other.
    pub(super) other: (u32, u32),
}

impl Stack {
    /// A thread begins with an empty stack.
    pub(super) fn empty() -> Self {
        Self { top: Vec::new(), least: 0, most: Some(0), came: None, split: None }
    }

    /// The value so far below the top.
    pub(super) fn peek(&self, below: usize) -> Known {
        let at = self.top.len().checked_sub(below + 1);
        at.map_or(Known::Anything, |at| self.top[at])
    }

    /// How many values are known to be there.
    pub(super) fn in_sight(&self) -> usize {
        self.top.len()
    }

    /// The depth, if all paths bring the same.
    pub(super) fn depth(&self) -> Option<u32> {
        self.most.filter(|most| *most == self.least)
    }

    fn push(&mut self, known: Known) {
        self.top.push(known);
        self.least = self.least.saturating_add(1);
        self.most = self.most.map(|most| most.saturating_add(1));
    }

    /// Paths that do not bring so many end here: the others go on.
    fn take(&mut self, count: usize) {
        self.top.truncate(self.top.len().saturating_sub(count));
        self.least = self.least.saturating_sub(count as u32);
        self.most = self.most.map(|most| most.saturating_sub(count as u32));
    }
}

/// The analysis of one list.
#[derive(Debug)]
pub(super) struct Stacks<'p> {
    pub(super) id: CodeId,
    pub(super) code: &'p Code,
    /// By where the paths meet.
    pub(super) disagreements: BTreeMap<u32, Disagreement>,
    /// What was made here and then lost from sight.
    pub(super) lost: HashSet<Site>,
}

impl Stacks<'_> {
    fn lose(&mut self, known: Known) {
        if let Known::Made(_, site) = known {
            self.lost.insert(site);
        }
    }

    /// Keeps in sight what is near the top.
    fn trim(&mut self, stack: &mut Stack, window: usize) {
        let over = stack.top.len().saturating_sub(window);
        for known in stack.top.drain(..over) {
            self.lose(known);
        }
    }

    fn disagree(&mut self, into: &Stack, path: &Stack, from: u32, to: u32) {
        // Whoever has reached the end needs nothing more.
        let at_end = to as usize == self.code.instructions.len();
        if let (Some(one), Some(other), false) = (into.depth(), path.depth(), at_end) {
            let told = Disagreement { one: (one, into.came), other: (other, from) };
            self.disagreements.entry(to).or_insert(told);
        }
    }
}

impl Analysis for Stacks<'_> {
    type Facts = Stack;

    fn pass(&mut self, stack: &mut Stack, pc: u32) {
        use Instruction as I;
        let instruction = self.code.instructions[pc as usize];
        let (below, top) = (stack.peek(1), stack.peek(0));
        let site = Site { code: self.id, pc };
        stack.take(instruction.takes());
        match instruction {
            I::Push(literal) => stack.push(Known::Constant(literal.0)),
            I::Load(name) => stack.push(Known::Named(name.id)),
            I::Dup => {
                stack.push(top);
                stack.push(top);
            }
            I::Add => stack.push(Known::computed(Arithmetic::Add, below, top)),
            I::Sub => stack.push(Known::computed(Arithmetic::Sub, below, top)),
            I::Mul => stack.push(Known::computed(Arithmetic::Mul, below, top)),
            I::Mod => stack.push(Known::computed(Arithmetic::Mod, below, top)),
            I::Div => stack.push(Known::computed(Arithmetic::Div, below, top)),
            _ => {
                for word in instruction.row().gives {
                    stack.push(Known::given(word, instruction, site));
                }
            }
        }
        if stack.top.len() > 4 * WINDOW {
            self.trim(stack, 2 * WINDOW);
        }
    }

    fn arrive(&mut self, stack: &mut Stack, from: u32) {
        self.trim(stack, WINDOW);
        stack.came = Some(from);
    }

    fn merge(&mut self, into: &mut Stack, path: &Stack, from: u32, to: u32) -> bool {
        let mut news = false;
        let same_depth = (into.least, into.most) == (path.least, path.most);
        match (into.most, path.most) {
            (None, _) => {}
            (Some(_), None) => {
                into.most = None;
                news = true;
            }
            (Some(_), Some(_)) if same_depth => {}
            (Some(one), Some(other)) => {
                self.disagree(into, path, from, to);
                // A loop may go round any number of times.
                let most = (to > from).then_some(one.max(other));
                let least = into.least.min(path.least);
                news = (into.least, into.most) != (least, most);
                (into.least, into.most) = (least, most);
                if news {
                    into.split = into.split.or(path.split).or(Some(to));
                }
            }
        }
        let common = into.top.len().min(path.top.len());
        let over_path = path.top.len() - common;
        news |= into.top.len() > common;
        self.trim(into, common);
        for known in &path.top[..over_path] {
            self.lose(*known);
        }
        for (there, brought) in into.top.iter_mut().zip(&path.top[over_path..]) {
            let either = there.or(*brought);
            if either != *there || either != *brought {
                self.lose(*there);
                self.lose(*brought);
            }
            news |= either != *there;
            *there = either;
        }
        news
    }

    fn give_up(&mut self, stack: &mut Stack) {
        self.trim(stack, 0);
        stack.most = None;
    }

    fn ways(&self, stack: &Stack, last: u32) -> Ways {
        use Instruction as I;
        let jump = match (self.code.instructions[last as usize], stack.peek(0).integer()) {
            (I::JumpIf(_), Some(constant)) => constant >= 0,
            (I::JumpIfTrue(_), Some(constant)) => constant != 0,
            (I::JumpIfFalse(_), Some(constant)) => constant == 0,
            _ => return Ways { next: true, jump: true },
        };
        Ways { next: !jump, jump }
    }
}
