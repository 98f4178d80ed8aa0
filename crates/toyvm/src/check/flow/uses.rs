//! What instructions do with the values that they take, and which values matter by that.

use super::{Flow, Node, Origins, Site, Use, below_of, instruction_at, read_names};
use crate::check::flaw::{Flaw, flawed};
use crate::instruction::Instruction as I;
use crate::program::Program;
use crate::program::argument::Instead;
use crate::value::{Kind, Value};

impl Flow {
    /// What each instruction does with what it takes.
    pub(super) fn find_uses(&mut self, program: &Program) {
        for code in program.code_ids() {
            for pc in 0..program.code(code).instructions.len() as u32 {
                let site = Site { code, pc };
                if self.stack(site).is_some() {
                    let mut uses = Vec::new();
                    self.uses_at(program, site, &mut uses);
                    for (nodes, its) in uses {
                        for node in nodes {
                            if !self.uses[node as usize].contains(&its) {
                                self.uses[node as usize].push(its);
                            }
                        }
                    }
                }
            }
        }
    }

    fn uses_at(&self, program: &Program, site: Site, uses: &mut Vec<(Origins, Use)>) {
        let instruction = program.code(site.code).instructions[site.pc as usize];
        let operand = |below: usize| self.operand(site, below).to_vec();
        let given = [Use::Moves(self.given(site, 0))];
        let mut matters = |from: usize| {
            for below in from..instruction.takes() {
                uses.push((operand(below), Use::Matters));
            }
        };
        match instruction {
            I::Print(_) if self.prints => uses.push((operand(0), Use::Matters)),
            I::PrintEach(_) if self.prints => matters(0),
            I::Pop | I::Print(_) => uses.push((operand(0), Use::Dropped)),
            I::PrintEach(_) => {
                uses.extend((0..instruction.takes()).map(|below| (operand(below), Use::Dropped)));
            }
            I::Dup => {}
            I::JumpIf(_) | I::JumpIfTrue(_) | I::JumpIfFalse(_) if flawed(Flaw::Branches) => {}
            I::Assert(_) if flawed(Flaw::Assertions) => {}
            I::Store(name) => {
                uses.push((operand(0), Use::Moves(self.variable(site.code, name.slot))));
            }
            I::GlobalStore(name) => {
                let to = self.globals + name.id.index() as Node;
                uses.push((operand(0), Use::Moves(to)));
            }
            I::Load(name) => {
                let own = self.variable(site.code, name.slot);
                let global = self.globals + name.id.index() as Node;
                uses.push((vec![own, global], given[0]));
            }
            I::Eq | I::Ne => uses.extend((0..2).map(|below| (operand(below), given[0]))),
            I::Lt | I::Le | I::Gt | I::Ge | I::And | I::Or | I::Not => {
                for below in 0..instruction.takes() {
                    let nodes = operand(below);
                    let is_safe = self.is_surely_integer(&nodes) || flawed(Flaw::Compared);
                    uses.push((nodes, if is_safe { given[0] } else { Use::Matters }));
                }
            }
            I::ThreadJoin => uses.push((operand(0), Use::Joined(site))),
            I::AtomicIncrement | I::AtomicDecrement | I::AtomicGet => {
                matters(0);
                if !flawed(Flaw::Counts) {
                    uses.push((self.contents_of(&operand(0), Kind::Counter), given[0]));
                }
            }
            I::AtomicCompareAndSwap => {
                matters(0);
                uses.push((self.contents_of(&operand(2), Kind::Counter), Use::Matters));
            }
            I::QueueSend | I::TryQueueSend | I::QueueSendFor(_) => {
                let below = below_of(instruction);
                let ways = self.sent(site, below);
                let (lower, upper) = (operand(below + 1), operand(below));
                let is_clear = match ways.as_slice() {
                    [(queues, _)] if *queues == lower => self.is_surely(&lower, Kind::Queue),
                    [(queues, _)] if *queues == upper => self.is_surely(&upper, Kind::Queue),
                    _ => false,
                };
                match ways.first() {
                    Some((queues, message)) if is_clear => {
                        uses.push((queues.clone(), Use::Matters));
                        for to in self.contents_of(queues, Kind::Queue) {
                            uses.push((message.clone(), Use::Moves(to)));
                        }
                    }
                    _ => uses.extend([(lower, Use::Matters), (upper, Use::Matters)]),
                }
                if below == 1 {
                    uses.push((operand(0), Use::Matters));
                }
            }
            I::QueueReceive | I::TryQueueReceive | I::QueueReceiveFor(_) => {
                matters(0);
                let queues = operand(below_of(instruction));
                if !flawed(Flaw::Messages) {
                    uses.push((self.contents_of(&queues, Kind::Queue), given[0]));
                }
            }
            I::ArrayGet => {
                matters(0);
                if !flawed(Flaw::Places) {
                    uses.push((self.contents_of(&operand(1), Kind::Array), given[0]));
                }
            }
            I::ArraySet => {
                matters(1);
                for to in self.contents_of(&operand(2), Kind::Array) {
                    uses.push((operand(0), Use::Moves(to)));
                }
            }
            I::Sleep(Instead(None)) => {
                let is_safe = self.is_never_negative(program, site) || flawed(Flaw::Slept);
                uses.push((operand(0), if is_safe { Use::Dropped } else { Use::Matters }));
            }
            _ => matters(0),
        }
    }

    /// Whether what a SLEEP finds is surely a time: chosen, or written in the program.
    fn is_never_negative(&self, program: &Program, site: Site) -> bool {
        self.operand(site, 0).iter().all(|node| match instruction_at(program, *node) {
            Some(I::Choose(_) | I::Random(_)) => true,
            Some(I::Push(literal)) => matches!(literal.0, Value::Int(0..)),
            _ => false,
        })
    }

    pub(super) fn find_what_matters(&mut self, program: &Program) {
        let mut due: Vec<Node> = Vec::new();
        for node in 0..self.uses.len() {
            let matters = |its: &Use| matches!(its, Use::Matters | Use::Joined(_));
            if self.uses[node].iter().any(matters) {
                due.push(node as Node);
            }
        }
        let claims = program.claims.iter().filter(|_| !flawed(Flaw::ClaimedValues));
        for claim in claims {
            let mut names = claim.while_free.into_iter().collect();
            read_names(&claim.holds, &mut names);
            for name in names {
                let global = self.globals + name.index() as Node;
                due.push(global);
                let mut things = self.things_of(&[global]);
                things.extend(program.object_named(name).map(|handle| self.declared(handle)));
                // Of what else there is, how many it holds is read.
                things.retain(|thing| self.kind_of(*thing) == Kind::Counter);
                due.extend(things.iter().map(|thing| self.contents(*thing)));
                for (code, of) in program.codes().iter().zip(&self.variables) {
                    let slots = code.variables.iter().enumerate();
                    let slots = slots.filter(|(_, variable)| **variable == name);
                    due.extend(slots.map(|(slot, _)| of + slot as Node));
                }
            }
        }
        let mut sources: Vec<Vec<Node>> = vec![Vec::new(); self.uses.len()];
        for (node, uses) in self.uses.iter().enumerate() {
            for its in uses {
                if let Use::Moves(to) = its {
                    sources[*to as usize].push(node as Node);
                }
            }
        }
        while let Some(node) = due.pop() {
            if !std::mem::replace(&mut self.matters[node as usize], true) {
                due.extend(&sources[node as usize]);
            }
        }
    }
}
