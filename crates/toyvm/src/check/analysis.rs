//! What is known of a program before the search begins.

use super::Plan;
use super::access::{Accesses, is_threads_own};
use super::flow::{Flow, Site, Thing};
use super::future::Futures;
use super::lives::Lives;
use super::symmetry::{ALONE, Group, Symmetry};
use crate::instruction::Instruction as I;
use crate::program::{CodeId, NameId, Program};

/// All of it.
#[derive(Debug)]
pub(super) struct Analysis {
    pub(super) flow: Option<Flow>,
    /// Dead values are dropped.
    pub(super) drops: bool,
    /// Of ways that commute, one is gone.
    pub(super) reduces: bool,
    pub(super) lives: Lives,
    pub(super) accesses: Accesses,
    pub(super) futures: Futures,
    pub(super) symmetry: Symmetry,
    /// By list and address: whether each value on the stack matters; none where all do.
    stacks: Vec<Vec<Option<Box<[bool]>>>>,
    /// By list and address: whether nobody else ever notices the instruction.
    own: Vec<Vec<bool>>,
    /// The globals that may come to be, and whether their values matter.
    pub(super) globals: Vec<(NameId, bool)>,
}

impl Analysis {
    pub(super) fn of(program: &Program, plan: &Plan) -> Self {
        let flow = Flow::of(program);
        let accesses = Accesses::of(program, flow.as_ref(), plan.service);
        let futures = Futures::of(program, flow.as_ref(), &accesses);
        let symmetry = match &flow {
            Some(flow) if plan.symmetry => Symmetry::of(program, flow, &accesses),
            _ => Symmetry::none(program),
        };
        let dropping = flow.as_ref().filter(|_| plan.drop_dead);
        let stacks = |code: CodeId| {
            let end = program.code(code).instructions.len() as u32;
            let sites = (0..end).map(|pc| Site { code, pc });
            let stack = |site| dropping?.stack_matters(site).map(Vec::into_boxed_slice);
            sites.map(stack).collect()
        };
        let instructions = || program.codes().iter().flat_map(|code| &code.instructions);
        let stored = instructions().filter_map(|instruction| match instruction {
            I::GlobalStore(name) => Some(name.id),
            _ => None,
        });
        let stored: Vec<NameId> = stored.collect();
        let own = |code: CodeId| {
            let is_own = |(pc, instruction): (usize, &I)| {
                let site = Site { code, pc: pc as u32 };
                let is_constant =
                    matches!(instruction, I::Load(name) if !stored.contains(&name.id));
                (is_threads_own(*instruction) || is_constant) && !accesses.is_any(site)
            };
            program.code(code).instructions.iter().enumerate().map(is_own).collect()
        };
        let initial = program.globals().iter().map(|(name, _)| *name);
        let mut globals: Vec<NameId> = initial.chain(stored.iter().copied()).collect();
        globals.sort_unstable();
        globals.dedup();
        let matters = |name| dropping.is_none_or(|flow| flow.global_matters(name));
        let globals = globals.into_iter().map(|name| (name, matters(name))).collect();
        Self {
            stacks: program.code_ids().map(stacks).collect(),
            own: program.code_ids().map(own).collect(),
            globals,
            drops: dropping.is_some(),
            reduces: plan.reduce && flow.is_some(),
            lives: Lives::of(program),
            accesses,
            futures,
            symmetry,
            flow,
        }
    }

    /// Whether each value on the stack there matters; none if all do.
    pub(super) fn stack(&self, code: CodeId, pc: u32) -> Option<&[bool]> {
        self.stacks[code.index()].get(pc as usize)?.as_deref()
    }

    /// What tells threads from others that are made there; nothing is known of those of which `flow` does
    /// not know where they are made.
    pub(super) fn group_of(&self, made: Thing) -> Group {
        let site = self.flow.as_ref().and_then(|flow| flow.site_of(made));
        site.map_or(ALONE, |site| self.symmetry.of_made(site.code, site.pc))
    }

    /// Whether nobody else ever notices the instruction there.
    pub(super) fn is_own(&self, code: CodeId, pc: u32) -> bool {
        self.own[code.index()][pc as usize]
    }
}
