//! Which variables a thread may still read before it sets them.

use super::bits::{Bits, add_bits, has_bit, no_bits, set_bit};
use super::flaw::{Flaw, flawed};
use super::flow::read_names;
use crate::instruction::Instruction as I;
use crate::program::{Code, CodeId, NameId, Program};

/// By list and address: the variables, by slot.
#[derive(Debug)]
pub(super) struct Lives {
    live: Vec<Vec<Bits>>,
}

impl Lives {
    pub(super) fn of(program: &Program) -> Self {
        let mut claimed = Vec::new();
        for claim in &program.claims {
            read_names(&claim.holds, &mut claimed);
        }
        Self { live: program.codes().iter().map(|code| live_in(code, &claimed)).collect() }
    }

    /// Those that a thread which goes on at that address may still read, or a claim may.
    pub(super) fn at(&self, code: CodeId, pc: u32) -> &[u64] {
        &self.live[code.index()][pc as usize]
    }
}

fn live_in(code: &Code, claimed: &[NameId]) -> Vec<Bits> {
    let (end, size) = (code.instructions.len(), code.variables.len());
    let mut always = no_bits(size);
    for (slot, name) in code.variables.iter().enumerate() {
        if claimed.contains(name) {
            set_bit(&mut always, slot);
        }
    }
    let mut live = vec![always.clone(); end + 1];
    loop {
        let mut news = false;
        for pc in (0..end).rev() {
            let instruction = code.instructions[pc];
            let mut here = no_bits(size);
            let jumps = flawed(Flaw::DeadAfterJump);
            for to in code.next(pc as u32).filter(|to| !jumps || *to as usize == pc + 1) {
                add_bits(&mut here, &live[to as usize]);
            }
            match instruction {
                I::Load(name) => set_bit(&mut here, name.slot as usize),
                I::Store(name) if has_bit(&here, name.slot as usize) => {
                    here[name.slot as usize / 64] &= !(1 << (name.slot % 64));
                }
                I::ThreadJoin if flawed(Flaw::DeadAfterJoin) => here.clone_from(&always),
                _ => {}
            }
            news |= add_bits(&mut live[pc], &here);
        }
        if !news {
            return live;
        }
    }
}
