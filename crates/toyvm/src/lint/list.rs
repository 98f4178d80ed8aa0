//! One list as the lint sees it: its flow, and what is known of the stack at each place.

use std::collections::{BTreeMap, HashSet};

use super::flow::{Analysis, Flow};
use super::known::Site;
use super::stack::{Disagreement, Stack, Stacks};
use crate::instruction::Instruction;
use crate::program::argument::Bodies;
use crate::program::{Code, CodeId, Program, Span};

/// A list that a thread may run.
#[derive(Debug)]
pub(super) struct List<'p> {
    pub(super) program: &'p Program,
    pub(super) id: CodeId,
    pub(super) code: &'p Code,
    /// Without the ways that constants close.
    pub(super) flow: Flow,
    /// Which blocks some path leads to, whatever the values are.
    pub(super) reached: Vec<bool>,
    /// At the beginning of each block.
    pub(super) stacks: Vec<Option<Stack>>,
    /// By where the paths meet.
    pub(super) disagreements: BTreeMap<u32, Disagreement>,
    /// What was made here and then lost from sight.
    pub(super) lost: HashSet<Site>,
}

impl<'p> List<'p> {
    pub(super) fn new(program: &'p Program, id: CodeId) -> Self {
        let code = program.code(id);
        let mut flow = Flow::of(code);
        let reached = flow.reached();
        let mut analysis =
            Stacks { id, code, disagreements: BTreeMap::new(), lost: HashSet::new() };
        let stacks = flow.solve(&mut analysis, Stack::empty());
        for (number, stack) in stacks.iter().enumerate() {
            let range = flow.blocks[number].range.clone();
            if let (Some(stack), false) = (stack, range.is_empty()) {
                let (mut stack, last) = (stack.clone(), range.end - 1);
                (range.start..last).for_each(|pc| analysis.pass(&mut stack, pc));
                flow.cut(number as u32, analysis.ways(&stack, last));
            }
        }
        let Stacks { disagreements, lost, .. } = analysis;
        Self { program, id, code, flow, reached, stacks, disagreements, lost }
    }

    /// Every list that the program runs or could start.
    pub(super) fn all_of(program: &'p Program) -> Vec<Self> {
        let mut due: Vec<CodeId> = program.entries().iter().map(|entry| entry.code).collect();
        let mut met = HashSet::new();
        let mut lists = Vec::new();
        while let Some(id) = due.pop() {
            if met.insert(id) {
                lists.push(Self::new(program, id));
                for instruction in &program.code(id).instructions {
                    if let Some(bodies) = bodies_of(*instruction) {
                        due.extend(program.bodies(bodies.0));
                    }
                }
            }
        }
        lists.sort_by_key(|list| list.id);
        lists
    }

    /// Shows each instruction that may run, in the order of addresses, with the stack before it.
    pub(super) fn walk(&self, mut see: impl FnMut(u32, Instruction, &Stack)) {
        let mut analysis = Stacks {
            id: self.id,
            code: self.code,
            disagreements: BTreeMap::new(),
            lost: HashSet::new(),
        };
        for (block, stack) in self.flow.blocks.iter().zip(&self.stacks) {
            let Some(stack) = stack else { continue };
            let mut stack = stack.clone();
            for pc in block.range.clone() {
                see(pc, self.code.instructions[pc as usize], &stack);
                analysis.pass(&mut stack, pc);
            }
        }
    }

    /// Where an instruction stands in the source.
    pub(super) fn span(&self, pc: u32) -> Span {
        self.code.spans[pc as usize].clone()
    }

    /// The line on which it stands.
    pub(super) fn line(&self, pc: u32) -> u32 {
        self.program.source().line_column(self.code.spans[pc as usize].start).0
    }

    /// The name of an instruction.
    pub(super) fn word(&self, pc: u32) -> &'static str {
        self.code.instructions[pc as usize].row().name
    }
}

/// The lists that an instruction may start threads with.
pub(super) fn bodies_of(instruction: Instruction) -> Option<Bodies> {
    match instruction {
        Instruction::ThreadCreate(bodies) | Instruction::DaemonCreate(bodies) => Some(bodies),
        _ => None,
    }
}
