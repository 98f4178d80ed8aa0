//! What is known of a program before the search begins.

use super::Plan;
use super::access::{Accesses, is_threads_own};
use super::deaths::Mortals;
use super::flaw::{Flaw, flawed};
use super::flow::{Flow, Ids, Site, Thing};
use super::future::Futures;
use super::lives::Lives;
use super::outputs::Outputs;
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
    pub(super) mortals: Mortals,
    /// Numbers that are mere names.
    pub(super) ids: Option<Ids>,
    /// What may be printed, where that is part of the state.
    pub(super) outputs: Option<Outputs>,
    /// By list and address: whether each value on the stack matters; none where all do.
    stacks: Vec<Vec<Option<Box<[bool]>>>>,
    /// By list and address.
    traits: Vec<Vec<Traits>>,
    /// The globals that may come to be, and whether their values matter.
    pub(super) globals: Vec<(NameId, bool)>,
}

impl Analysis {
    pub(super) fn of(program: &Program, plan: &Plan) -> Self {
        let flow = Flow::of(program, plan.outcomes);
        let accesses = Accesses::of(program, flow.as_ref(), plan);
        let futures = Futures::of(program, flow.as_ref(), &accesses);
        let symmetry = match &flow {
            Some(flow) if plan.symmetry => Symmetry::of(program, flow, &accesses),
            _ => Symmetry::none(program),
        };
        let dropping = flow.as_ref().filter(|_| plan.drop_dead);
        let ids = dropping.filter(|_| plan.symmetry && !accesses.claims_steps);
        let ids = ids.and_then(|flow| Ids::of(program, flow));
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
        let traits = |code: CodeId| {
            let traits = |(pc, instruction): (usize, &I)| {
                let site = Site { code, pc: pc as u32 };
                let is_constant =
                    matches!(instruction, I::Load(name) if !stored.contains(&name.id));
                let is_own =
                    (is_threads_own(*instruction) || is_constant) && !accesses.is_any(site);
                let is_choice = matches!(instruction, I::Choose(_) | I::Random(_));
                let is_dead =
                    is_choice && dropping.is_some_and(|flow| !flow.given_matters(site, 0));
                let is_in_run = symmetry.run_of(code, site.pc).is_some();
                let goes_back = instruction.target().is_some_and(|to| to <= i64::from(site.pc));
                let chooses = is_choice && is_own && !is_dead && !flawed(Flaw::Choices);
                let loads = matches!(instruction, I::Load(_));
                let global = loads || matches!(instruction, I::GlobalStore(_));
                let contents = matches!(instruction, I::ArraySet | I::Invariant(_));
                Traits::of(&[
                    (Traits::OWN, (is_own && (!is_choice || is_dead)) || (is_in_run && !is_own)),
                    (Traits::CHOICE, is_choice && !flawed(Flaw::Choices)),
                    (Traits::DEAD_CHOICE, is_dead),
                    (Traits::CHOOSES, chooses),
                    (Traits::LOADS, loads && (!accesses.is_noticed(site) || flawed(Flaw::OwnSeen))),
                    (Traits::BACK, goes_back),
                    (Traits::GLOBAL, global),
                    (Traits::CONTENTS, contents),
                ])
            };
            program.code(code).instructions.iter().enumerate().map(traits).collect()
        };
        let initial = program.globals().iter().map(|(name, _)| *name);
        let mut globals: Vec<NameId> = initial.chain(stored.iter().copied()).collect();
        globals.sort_unstable();
        globals.dedup();
        let matters = |name| dropping.is_none_or(|flow| flow.global_matters(name));
        let globals = globals.into_iter().map(|name| (name, matters(name))).collect();
        Self {
            stacks: program.code_ids().map(stacks).collect(),
            traits: program.code_ids().map(traits).collect(),
            globals,
            drops: dropping.is_some(),
            reduces: plan.reduce && flow.is_some(),
            lives: Lives::of(program),
            accesses,
            futures,
            outputs: plan.outcomes.then(Outputs::default),
            symmetry,
            mortals: Mortals::of(program, plan.deaths),
            ids,
            flow,
        }
    }

    /// Whether each value on the stack there matters; none if all do.
    pub(super) fn stack(&self, code: CodeId, pc: u32) -> Option<&[bool]> {
        self.stacks[code.index()].get(pc as usize)?.as_deref()
    }

    /// What tells an entry from others that run the same list: whether it may be killed, too.
    pub(super) fn group_of_entry(&self, entry: usize) -> Group {
        match self.symmetry.of_entry(entry) {
            group if group != ALONE && self.mortals.has_entry(entry) => Group::MAX,
            group => group,
        }
    }

    /// What tells threads from others that are made there; nothing is known of those of which `flow` does
    /// not know where they are made.
    pub(super) fn group_of(&self, made: Thing) -> Group {
        let site = self.flow.as_ref().and_then(|flow| flow.site_of(made));
        site.map_or(ALONE, |site| self.symmetry.of_made(site.code, site.pc))
    }

    /// What is known of the instruction there; past the end, nothing.
    #[inline]
    pub(super) fn traits(&self, code: CodeId, pc: u32) -> Traits {
        self.traits[code.index()].get(pc as usize).copied().unwrap_or_default()
    }
}

/// What is known of an instruction, wherever the other threads are.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Traits(u8);

impl Traits {
    /// It is its thread's own business: nobody else ever notices it, or it is in a run of JOINs. A choice
    /// that matters is, but comes to several states.
    pub(super) const OWN: Self = Self(1);
    /// It chooses.
    pub(super) const CHOICE: Self = Self(1 << 1);
    /// It chooses, and it matters to nothing what.
    pub(super) const DEAD_CHOICE: Self = Self(1 << 2);
    /// It loads, and is its thread's own business if that is a variable of the thread.
    pub(super) const LOADS: Self = Self(1 << 3);
    /// It may go back.
    pub(super) const BACK: Self = Self(1 << 4);
    /// It may use a global.
    pub(super) const GLOBAL: Self = Self(1 << 5);
    /// It changes what things hold, or the claims, and no event tells.
    pub(super) const CONTENTS: Self = Self(1 << 6);

    /// It chooses what matters, and nobody else notices.
    pub(super) const CHOOSES: Self = Self(1 << 7);

    fn of(all: &[(Self, bool)]) -> Self {
        let bits = all.iter().filter(|(_, is_so)| *is_so).map(|(it, _)| it.0);
        Self(bits.fold(0, |all, it| all | it))
    }

    #[inline]
    pub(super) fn has(self, one: Self) -> bool {
        self.0 & one.0 != 0
    }
}
