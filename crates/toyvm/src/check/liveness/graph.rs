//! All states of a program and the macro-steps between them.

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::super::analysis::Analysis;
use super::super::explorer::{Explorer, Passed};
use super::super::flaw::{Flaw, flawed};
use super::super::moves::Moves;
use super::super::{Finding, Plan, Progress, Stopped};
use super::states::States;
use super::stopped;
use crate::machine::{On, Status, ThreadId};
use crate::program::{Ends, Program};

/// So many threads have a bit each.
const MOST_THREADS: usize = 64;

/// States between two looks at the clock.
const LOOK: u32 = 256;

/// Time between two words on how it goes.
const TELL: Duration = Duration::from_millis(100);

/// Bytes that whoever looks for components needs for each state.
const LATER: usize = 32;

/// What threads are at in a state: sets of them, as bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Threads {
    /// Those that can go on.
    pub(super) ready: u64,
    /// Those that wait, and have to get on: no daemons, and none that joins another that is no daemon, which is judged itself.
    pub(super) waits: u64,
    /// Those that are not over, may come to their end, and have to: neither daemons nor those that join.
    pub(super) could_end: u64,
}

/// The threads of a set, in order of creation.
pub(super) fn threads_of(mut set: u64) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        (set != 0).then(|| {
            let thread = set.trailing_zeros();
            set &= set - 1;
            thread
        })
    })
}

/// All states, numbered as they were found, nearest first, and what leads from one to another.
#[derive(Debug)]
pub(super) struct Graph {
    states: States,
    ends: Ends,
    /// By state.
    threads: Vec<Threads>,
    /// By state: whose step led there first, and from where.
    first: Vec<(u8, u32)>,
    /// By state that was looked at, where its macro-steps begin; then where the last one's end.
    starts: Vec<usize>,
    /// By macro-step: where it leads, and whose it is.
    to: Vec<u32>,
    whose: Vec<u8>,
}

impl Graph {
    /// Of a program that has not begun.
    pub(super) fn new(program: &Program) -> Self {
        Self {
            states: States::default(),
            ends: Ends::of(program),
            threads: Vec::new(),
            first: Vec::new(),
            starts: vec![0],
            to: Vec::new(),
            whose: Vec::new(),
        }
    }

    /// Looks at all states.
    pub(super) fn explore(
        &mut self,
        program: &Arc<Program>,
        analysis: &Arc<Analysis>,
        plan: &Plan<'_>,
        began: Instant,
    ) -> Result<(), Stopped> {
        let mut explorer = Explorer::new(program, analysis, plan);
        let (mut bytes, mut next, mut told) = (Vec::new(), Vec::new(), Duration::ZERO);
        let begun = explorer.begin();
        if is_state(&begun)? {
            explorer.pack(&mut next);
            self.add(&explorer, &next, (0, 0), plan)?;
        }
        let mut at = 0_u32;
        while (at as usize) < self.len() {
            if at.is_multiple_of(LOOK) {
                self.look(at, plan, began, &mut told)?;
            }
            bytes.clear();
            bytes.extend_from_slice(self.states.get(at));
            explorer.unpack(&bytes);
            let threads: Vec<ThreadId> = explorer.enabled().collect();
            let mut is_there = true;
            for thread in threads {
                let begins = self.to.len();
                if !std::mem::replace(&mut is_there, true) {
                    explorer.undo(&bytes);
                }
                // Nobody dies on a way round: that is a step to where nothing leads back from.
                let mut moves = Moves::of(&explorer, thread);
                while let Some(how) = moves.next(&mut explorer) {
                    if !std::mem::replace(&mut is_there, false) {
                        explorer.undo(&bytes);
                    }
                    let passed = explorer.step(thread, how);
                    if is_state(&passed)? {
                        explorer.pack_after(&bytes, &mut next);
                        let to = self.add(&explorer, &next, (thread.0 as u8, at), plan)?;
                        // What is chosen often comes to the same.
                        if self.to.len() == begins || self.to.last() != Some(&to) {
                            self.to.push(to);
                            self.whose.push(thread.0 as u8);
                        }
                    }
                    if moves.made.is_multiple_of(u64::from(LOOK)) {
                        self.look(at, plan, began, &mut told)?;
                    }
                }
            }
            self.starts.push(self.to.len());
            at += 1;
        }
        Ok(())
    }

    /// The number of the state that the explorer is in.
    fn add(
        &mut self,
        explorer: &Explorer,
        bytes: &[u8],
        first: (u8, u32),
        plan: &Plan<'_>,
    ) -> Result<u32, Stopped> {
        let (number, is_new) = self.states.number(bytes);
        if is_new {
            if plan.max_states.is_some_and(|most| self.len() as u64 > most) {
                return Err(Stopped::States);
            }
            let threads = self.threads_in(explorer).ok_or(Stopped::ManyThreads)?;
            self.threads.push(threads);
            self.first.push(first);
        }
        Ok(number)
    }

    /// What threads are at where an explorer is; none if there are too many.
    pub(super) fn threads_in(&self, explorer: &Explorer) -> Option<Threads> {
        let state = explorer.machine.state();
        if state.threads().len() > MOST_THREADS {
            return None;
        }
        let mut threads = Threads::default();
        for thread in state.thread_ids() {
            let (it, bit) = (explorer.machine.thread(thread), 1 << thread.0);
            if state.ready().contains(thread) {
                threads.ready |= bit;
            }
            if it.status().is_over() || (it.is_daemon() && !flawed(Flaw::Daemons)) {
                continue;
            }
            let (waits, joins) = match it.status() {
                Status::Waiting(wait) => {
                    let is_daemon = |other| explorer.machine.thread(other).is_daemon();
                    let joins = matches!(wait.on, On::Thread(other) if !is_daemon(other));
                    (true, joins && !flawed(Flaw::Joining))
                }
                _ => (false, false),
            };
            if waits && !joins {
                threads.waits |= bit;
            }
            if !joins && self.ends.may_end(it.code(), it.pc()) {
                threads.could_end |= bit;
            }
        }
        Some(threads)
    }

    /// Looks at the clock and at the memory.
    fn look(
        &self,
        at: u32,
        plan: &Plan<'_>,
        began: Instant,
        told: &mut Duration,
    ) -> Result<(), Stopped> {
        stopped(plan, began)?;
        let (elapsed, bytes) = (began.elapsed(), self.bytes());
        let is_full = self.len() > u32::MAX as usize - (1 << 20);
        if is_full || plan.memory.is_some_and(|most| bytes >= most) {
            return Err(Stopped::Memory);
        }
        if elapsed >= *told + TELL {
            *told = elapsed;
            (plan.progress)(&Progress {
                states: self.len() as u64,
                transitions: self.transitions(),
                waiting: (self.len() - at as usize) as u64,
                depth: self.stem(at).len() as u64,
                bytes,
                elapsed,
            });
        }
        Ok(())
    }

    pub(super) fn len(&self) -> usize {
        self.states.len()
    }

    pub(super) fn transitions(&self) -> u64 {
        self.to.len() as u64
    }

    /// Bytes of all of it, and of what will be made of it.
    pub(super) fn bytes(&self) -> usize {
        let by_state = self.threads.capacity() * size_of::<Threads>()
            + self.first.capacity() * size_of::<(u8, u32)>()
            + self.starts.capacity() * size_of::<usize>();
        let by_step = self.to.capacity() * size_of::<u32>() + self.whose.capacity();
        self.states.bytes() + by_state + by_step + self.len() * LATER
    }

    pub(super) fn bytes_of(&self, state: u32) -> &[u8] {
        self.states.get(state)
    }

    pub(super) fn threads(&self, state: u32) -> Threads {
        self.threads[state as usize]
    }

    /// All threads that are ever in a set.
    pub(super) fn ever(&self, set: impl Fn(&Threads) -> u64) -> u64 {
        self.threads.iter().fold(0, |all, threads| all | set(threads))
    }

    /// The numbers of the macro-steps from a state.
    pub(super) fn steps(&self, state: u32) -> Range<usize> {
        self.starts[state as usize]..self.starts[state as usize + 1]
    }

    /// Whose macro-step that is, and where it leads.
    pub(super) fn step(&self, number: usize) -> (u8, u32) {
        (self.whose[number], self.to[number])
    }

    /// A shortest way from the first state: whose steps, and where each leads.
    pub(super) fn stem(&self, mut to: u32) -> Vec<(u8, u32)> {
        let mut stem = Vec::new();
        while to != 0 {
            let (whose, from) = self.first[to as usize];
            stem.push((whose, to));
            to = from;
        }
        stem.reverse();
        stem
    }
}

/// Whether a macro-step leads to a state. That nothing is found on the way was shown before, in a search that
/// leaves out in which order a limit of the machine is reached.
fn is_state(passed: &Passed) -> Result<bool, Stopped> {
    match passed.finding {
        Some(Finding::Endless { code, pc }) => Err(Stopped::Endless { code, pc }),
        Some(_) => Ok(false),
        None => Ok(true),
    }
}
