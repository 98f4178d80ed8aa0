//! How control flows through a list: its blocks, what follows each, and the solver that carries
//! facts along until nothing new is learned.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::instruction::Instruction;
use crate::program::Code;

/// How often a block is looked at before its facts are given up: the work for a list is linear.
const PATIENCE: u8 = 40;

/// Instructions that only ever run one after the other.
#[derive(Debug)]
pub(super) struct Block {
    /// Their addresses.
    pub(super) range: Range<u32>,
    /// The block that follows when the last does not jump.
    pub(super) next: Option<u32>,
    /// The block that the last jumps to.
    pub(super) jump: Option<u32>,
}

/// The ways by which a block may be left.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ways {
    pub(super) next: bool,
    pub(super) jump: bool,
}

/// The control flow graph of a list. The last block is empty: it is the end.
#[derive(Debug)]
pub(super) struct Flow {
    pub(super) blocks: Vec<Block>,
}

/// Facts that are carried along the flow.
pub(super) trait Analysis {
    /// What is known at one place.
    type Facts: Clone;

    /// What is known after an instruction.
    fn pass(&mut self, facts: &mut Self::Facts, pc: u32);

    /// What is known where the first path leads that comes from `from`.
    fn arrive(&mut self, _facts: &mut Self::Facts, _from: u32) {}

    /// Adds what a path brings that comes from `from` to `to`; whether that was news.
    fn merge(&mut self, into: &mut Self::Facts, path: &Self::Facts, from: u32, to: u32) -> bool;

    /// Forgets everything: nothing that a path brings is news any more.
    fn give_up(&mut self, facts: &mut Self::Facts);

    /// Which ways a block may be left by, with this known before its last instruction.
    fn ways(&self, _facts: &Self::Facts, _last: u32) -> Ways {
        Ways { next: true, jump: true }
    }
}

impl Flow {
    pub(super) fn of(code: &Code) -> Self {
        let end = code.instructions.len() as u32;
        let landing = |instruction: &Instruction| {
            instruction.target().and_then(|to| u32::try_from(to).ok()).filter(|to| *to <= end)
        };
        let mut leads = vec![false; end as usize + 1];
        leads[0] = true;
        leads[end as usize] = true;
        for (pc, instruction) in code.instructions.iter().enumerate() {
            if instruction.target().is_some() {
                leads[pc + 1] = true;
            }
            if let Some(to) = landing(instruction) {
                leads[to as usize] = true;
            }
        }
        let starts: Vec<u32> = (0..=end).filter(|pc| leads[*pc as usize]).collect();
        let block_at = |pc: u32| starts.binary_search(&pc).ok().map(|block| block as u32);
        let blocks = starts.iter().enumerate().map(|(number, start)| {
            let Some(after) = starts.get(number + 1) else {
                return Block { range: *start..*start, next: None, jump: None };
            };
            let last = code.instructions[*after as usize - 1];
            let next = !matches!(last, Instruction::Jump(_));
            Block {
                range: *start..*after,
                next: next.then_some(number as u32 + 1),
                jump: landing(&last).and_then(block_at),
            }
        });
        Self { blocks: blocks.collect() }
    }

    /// Which blocks some path leads to, whatever the values are.
    pub(super) fn reached(&self) -> Vec<bool> {
        let mut reached = vec![false; self.blocks.len()];
        let mut due = vec![0];
        while let Some(number) = due.pop() {
            if !std::mem::replace(&mut reached[number as usize], true) {
                let block = &self.blocks[number as usize];
                due.extend(block.next.into_iter().chain(block.jump));
            }
        }
        reached
    }

    /// What is known at the beginning of each block; nothing where no path leads.
    ///
    /// Blocks are taken in the order of their addresses, so that most are taken once.
    pub(super) fn solve<A: Analysis>(
        &self,
        analysis: &mut A,
        start: A::Facts,
    ) -> Vec<Option<A::Facts>> {
        let mut known = vec![None; self.blocks.len()];
        known[0] = Some(start);
        let mut visits = vec![0; self.blocks.len()];
        let mut due = BTreeSet::from([0]);
        while let Some(number) = due.pop_first() {
            let block = &self.blocks[number as usize];
            let Some(last) = block.range.end.checked_sub(1).filter(|_| !block.range.is_empty())
            else {
                continue;
            };
            visits[number as usize] += 1;
            if visits[number as usize] == PATIENCE
                && let Some(facts) = &mut known[number as usize]
            {
                analysis.give_up(facts);
            }
            let Some(mut facts) = known[number as usize].clone() else { continue };
            for pc in block.range.start..last {
                analysis.pass(&mut facts, pc);
            }
            let ways = analysis.ways(&facts, last);
            analysis.pass(&mut facts, last);
            let next = block.next.filter(|_| ways.next);
            for to in next.into_iter().chain(block.jump.filter(|_| ways.jump)) {
                let start = self.blocks[to as usize].range.start;
                let news = match &mut known[to as usize] {
                    Some(there) => analysis.merge(there, &facts, last, start),
                    nothing => {
                        let mut brought = facts.clone();
                        analysis.arrive(&mut brought, last);
                        *nothing = Some(brought);
                        true
                    }
                };
                if news {
                    due.insert(to);
                }
            }
        }
        known
    }

    /// The loops, by their addresses: from where a jump goes back to, to the jump. Those that share any
    /// are one.
    pub(super) fn loops(&self) -> Vec<Range<u32>> {
        let backward = self.blocks.iter().filter_map(|block| {
            let to = self.blocks[block.jump? as usize].range.start;
            (to < block.range.end).then_some(to..block.range.end)
        });
        let mut all: Vec<Range<u32>> = backward.collect();
        all.sort_by_key(|range| range.start);
        all.dedup_by(|next, before| {
            let touch = next.start < before.end;
            if touch {
                before.end = before.end.max(next.end);
            }
            touch
        });
        all
    }

    /// Takes out the ways that are never taken.
    pub(super) fn cut(&mut self, block: u32, ways: Ways) {
        let block = &mut self.blocks[block as usize];
        block.next = block.next.filter(|_| ways.next);
        block.jump = block.jump.filter(|_| ways.jump);
    }
}
