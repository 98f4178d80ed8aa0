//! From where a list can come to its end at all, as far as its jumps tell.

use super::{Code, CodeId, Program};

/// By list and address.
#[derive(Debug)]
pub(crate) struct Ends(Vec<Vec<bool>>);

impl Ends {
    pub(crate) fn of(program: &Program) -> Self {
        Self(program.codes().iter().map(of).collect())
    }

    /// Whether a thread that goes on there may ever end; one of which that is not so is meant to go on for ever.
    pub(crate) fn may_end(&self, code: CodeId, pc: u32) -> bool {
        self.0[code.index()][pc as usize]
    }
}

fn of(code: &Code) -> Vec<bool> {
    let end = code.instructions.len();
    let mut may_end = vec![false; end + 1];
    may_end[end] = true;
    loop {
        let mut news = false;
        for pc in (0..end).rev().filter(|pc| !may_end[*pc]).collect::<Vec<_>>() {
            may_end[pc] = code.next(pc as u32).any(|to| may_end[to as usize]);
            news |= may_end[pc];
        }
        if !news {
            return may_end;
        }
    }
}
