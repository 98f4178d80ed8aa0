//! Which variables a thread may still read before it sets them, and so that it matters (Giegerich, Möncke &
//! Wilhelm, 1981).

use super::bits::{Bits, add_bits, has_bit, no_bits, set_bit};
use super::flaw::{Flaw, flawed};
use super::flow::{Flow, Site, read_names};
use crate::instruction::Instruction as I;
use crate::program::{CodeId, NameId, Program};

/// By list and address: the variables, by slot.
#[derive(Debug)]
pub(super) struct Lives {
    live: Vec<Vec<Bits>>,
    /// Of these, those of which the value may matter, too.
    matter: Vec<Vec<Bits>>,
}

impl Lives {
    pub(super) fn of(program: &Program, flow: Option<&Flow>) -> Self {
        let mut claimed = Vec::new();
        for claim in &program.claims {
            read_names(&claim.holds, &mut claimed);
        }
        let is_told = |site| flow.is_none_or(|flow| flow.given_matters(site, 0));
        let live = |is_read: &dyn Fn(Site) -> bool| {
            let live = |code| live_in(program, code, &claimed, is_read);
            program.code_ids().map(live).collect()
        };
        Self { live: live(&|_| true), matter: live(&is_told) }
    }

    /// Those that a thread which goes on at that address may still read, or a claim may.
    pub(super) fn at(&self, code: CodeId, pc: u32) -> &[u64] {
        &self.live[code.index()][pc as usize]
    }

    /// Likewise, and not only to print it.
    pub(super) fn matter_at(&self, code: CodeId, pc: u32) -> &[u64] {
        &self.matter[code.index()][pc as usize]
    }
}

/// Those that may be read by a LOAD of some.
fn live_in(
    program: &Program,
    id: CodeId,
    claimed: &[NameId],
    is_read: &dyn Fn(Site) -> bool,
) -> Vec<Bits> {
    let code = program.code(id);
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
                I::Load(name) if is_read(Site { code: id, pc: pc as u32 }) => {
                    set_bit(&mut here, name.slot as usize);
                }
                I::Load(name) if flawed(Flaw::DeadAfterShown) => {
                    here[name.slot as usize / 64] &= !(1 << (name.slot % 64));
                }
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
