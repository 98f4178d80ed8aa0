//! A SLEEP that stands where a join is meant.
//!
//! Told only if a thread is never joined, its maker sleeps, once and not in a loop, without having
//! waited for anything else since, and then looks at what may have come of it, or ends.

use std::collections::HashSet;

use super::flow::Analysis;
use super::list::List;
use crate::instruction::Instruction;
use crate::program::{Code, NameId};
use crate::source::Diagnostic;

/// What has happened on some path.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Since {
    /// A thread was started here, and then nothing waited for.
    started: Option<u32>,
    /// Then there was a sleep here, and nothing was done since.
    slept: Option<u32>,
}

struct Sleeps<'a> {
    code: &'a Code,
    unjoined: &'a [u32],
}

impl Analysis for Sleeps<'_> {
    type Facts = Since;

    fn pass(&mut self, since: &mut Since, pc: u32) {
        use Instruction as I;
        match self.code.instructions[pc as usize] {
            I::ThreadCreate(_) | I::DaemonCreate(_) => {
                since.slept = None;
                if self.unjoined.binary_search(&pc).is_ok() {
                    since.started = since.started.or(Some(pc));
                }
            }
            I::Sleep(ms) if ms.0 != Some(0) && since.started.is_some() => {
                since.slept = since.slept.or(Some(pc));
            }
            // Waits for what threads do.
            I::ThreadJoin
            | I::ThreadJoinFor(_)
            | I::Alive
            | I::SemaphoreAcquire
            | I::SemaphoreAcquireFor(_)
            | I::TrySemaphoreAcquire
            | I::QueueReceive
            | I::QueueReceiveFor(_)
            | I::TryQueueReceive
            | I::Wait
            | I::WaitFor(_) => *since = Since::default(),
            // Does what the sleep was to come before.
            I::GlobalStore(_)
            | I::SemaphoreRelease
            | I::QueueSend
            | I::QueueSendFor(_)
            | I::TryQueueSend
            | I::Notify
            | I::NotifyAll
            | I::ArraySet
            | I::AtomicIncrement
            | I::AtomicDecrement
            | I::AtomicCompareAndSwap => since.slept = None,
            _ => {}
        }
    }

    fn merge(&mut self, into: &mut Since, path: &Since, _: u32, _: u32) -> bool {
        let before = *into;
        into.started = into.started.or(path.started);
        into.slept = into.slept.or(path.slept);
        *into != before
    }

    fn give_up(&mut self, since: &mut Since) {
        *since = Since::default();
    }
}

/// Looks for a sleep after threads that nobody joins; whether there is one.
pub(super) fn check(list: &List, unjoined: &[u32], findings: &mut Vec<Diagnostic>) -> bool {
    if unjoined.is_empty() {
        return false;
    }
    let mut analysis = Sleeps { code: list.code, unjoined };
    let known = list.flow.solve(&mut analysis, Since::default());
    let stores = list.code.instructions.iter().filter_map(|instruction| match instruction {
        Instruction::Store(name) => Some(name.id),
        _ => None,
    });
    let own = stores.collect();
    let mut looked_after = Vec::new();
    for (block, since) in list.flow.blocks.iter().zip(&known) {
        let Some(mut since) = *since else { continue };
        for pc in block.range.clone() {
            if looks(list, &own, list.code.instructions[pc as usize]) {
                looked_after.extend(since.slept);
            }
            analysis.pass(&mut since, pc);
        }
    }
    looked_after.extend(known.last().copied().flatten().and_then(|since| since.slept));
    looked_after.sort_unstable();
    looked_after.dedup();
    // What comes round again polls, or works by the clock.
    let loops = list.flow.loops();
    looked_after.retain(|pc| !loops.iter().any(|range| range.contains(pc)));
    for pc in &looked_after {
        let finding = Diagnostic::warning(
            "this SLEEP does not wait for the threads started before, which may still run after it",
        );
        let mut finding =
            finding.at(list.span(*pc)).help("keep their handles and THREAD_JOIN them");
        for started in unjoined.iter().filter(|started| *started < pc).take(8) {
            finding = finding.with(list.span(*started), "nobody joins the thread started here");
        }
        findings.push(finding);
    }
    !looked_after.is_empty()
}

/// Whether it shows or reads what threads may have done.
fn looks(list: &List, own: &HashSet<NameId>, instruction: Instruction) -> bool {
    match instruction {
        Instruction::Print(_)
        | Instruction::PrintEach(_)
        | Instruction::AtomicGet
        | Instruction::ArrayGet => true,
        Instruction::Load(name) => {
            !own.contains(&name.id) && list.program.object_named(name.id).is_none()
        }
        _ => false,
    }
}
