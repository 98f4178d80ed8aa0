//! One of those who search: it takes states, and makes all steps from each that matter.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::super::explorer::Explorer;
use super::super::finding::Finding;
use super::super::flaw::{Flaw, flawed};
use super::super::moves::Moves;
use super::super::outcomes::values;
use super::super::store::{Batch, StateId};
use super::super::{Order, Progress, Stopped, stubborn};
use super::{Found, Search};
use crate::machine::ThreadId;

/// States between two looks at the clock.
const LOOK: u64 = 256;

/// States that are added in one go, at most.
const BATCH: u64 = 256;

/// Time between two words on how the search goes.
const TELL: Duration = Duration::from_millis(100);

/// One in so many states is taken from where the search began, so that what is near is found even where
/// it may go on for ever.
const NEAR: u64 = 8;

/// Whose steps are made in a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    /// All that matter.
    All,
    /// Of the thread that stepped last.
    TheLast,
    /// Of the others.
    Others,
}

/// One of those who search.
pub(super) struct Worker<'s, 'a> {
    search: &'s Search<'a>,
    pub(super) explorer: Explorer,
    states: VecDeque<StateId>,
    taken: u64,
    /// When it was told last how the search goes.
    told: Duration,
    transitions: u64,
    bytes: Vec<u8>,
    next: Vec<u8>,
    /// What came of the last steps.
    batch: Batch,
}

impl<'s, 'a> Worker<'s, 'a> {
    /// One that has nothing to do yet.
    pub(super) fn new(search: &'s Search<'a>) -> Self {
        Self {
            search,
            explorer: Explorer::new(search.program, &search.analysis, search.plan),
            states: VecDeque::new(),
            taken: 0,
            told: Duration::ZERO,
            transitions: 0,
            bytes: Vec::new(),
            next: Vec::new(),
            batch: Batch::default(),
        }
    }

    /// Goes on as long as anyone has something to do.
    pub(super) fn run(&mut self, workers: usize, tells: bool) {
        while let Some(state) = self.take(workers) {
            self.expand(state, Whose::All);
            if self.search.over.load(Ordering::Relaxed) {
                break;
            }
            if self.search.hungry.load(Ordering::Relaxed) > 0 && self.states.len() > 1 {
                self.share();
            }
            if self.taken.is_multiple_of(LOOK) {
                self.look(tells, self.taken.is_multiple_of(8 * LOOK));
            }
        }
        self.count();
    }

    /// All that one thread does after the other, then all that takes one switch more.
    pub(super) fn run_by_switches(&mut self) {
        let mut switches = 0;
        let mut settled = Vec::new();
        loop {
            while let Some(state) = self.own(false) {
                self.expand_alone(state, Whose::TheLast);
                settled.push(state);
            }
            if self.search.plan.max_switches == Some(switches)
                && settled.iter().any(|state| self.has_others(*state))
            {
                self.search.stop(Stopped::Switches, None);
            }
            if settled.is_empty() || self.search.over.load(Ordering::Relaxed) {
                return self.count();
            }
            switches += 1;
            for state in settled.drain(..) {
                self.expand_alone(state, Whose::Others);
            }
        }
    }

    /// Whether another thread than the last one can go on.
    fn has_others(&mut self, state: StateId) -> bool {
        self.search.store.read(state, &mut self.bytes);
        self.explorer.unpack(&self.bytes);
        let last = self.explorer.origins.last;
        self.explorer.enabled().any(|thread| last.is_some_and(|last| last != thread))
    }

    fn expand_alone(&mut self, state: StateId, whose: Whose) {
        if self.search.over.load(Ordering::Relaxed) {
            return;
        }
        self.taken += 1;
        if self.taken.is_multiple_of(LOOK) {
            self.look(true, self.taken.is_multiple_of(8 * LOOK));
        }
        self.expand(state, whose);
    }

    fn count(&mut self) {
        self.search.transitions.fetch_add(std::mem::take(&mut self.transitions), Ordering::Relaxed);
    }

    pub(super) fn finish(self) {
        let mut executed = self.search.executed.lock().expect("nobody panics here");
        for (all, of) in executed.iter_mut().zip(&self.explorer.executed) {
            for (all, it) in all.iter_mut().zip(of) {
                *all |= it;
            }
        }
    }

    fn take(&mut self, workers: usize) -> Option<StateId> {
        self.taken += 1;
        let breadth = self.search.plan.order == Order::Breadth;
        let near = breadth || self.taken.is_multiple_of(NEAR);
        let own = self.own(near);
        if own.is_some() {
            return own;
        }
        let search = self.search;
        let mut pool = search.pool.lock().expect("nobody panics here");
        loop {
            if search.over.load(Ordering::Relaxed) {
                return None;
            }
            if let Some(state) = pool.states.pop_front() {
                let more = pool.states.len() / 2;
                self.states.extend(pool.states.drain(..more));
                return Some(state);
            }
            pool.idle += 1;
            if pool.idle == workers {
                search.over.store(true, Ordering::Relaxed);
                search.changed.notify_all();
                return None;
            }
            search.hungry.fetch_add(1, Ordering::Relaxed);
            pool = search.changed.wait(pool).expect("nobody panics here");
            search.hungry.fetch_sub(1, Ordering::Relaxed);
            pool.idle -= 1;
        }
    }

    /// One of those that it has found, and nobody looked at.
    fn own(&mut self, near: bool) -> Option<StateId> {
        if self.states.is_empty() {
            self.add_all();
        }
        if near { self.states.pop_front() } else { self.states.pop_back() }
    }

    /// Adds what came of the last steps.
    fn add_all(&mut self) {
        let Self { search, batch, states, .. } = self;
        search.store.insert_all(batch, |state| states.push_back(state));
    }

    /// Gives half of what there is to do to those who have nothing to do.
    fn share(&mut self) {
        let half = self.states.len() / 2;
        let mut pool = self.search.pool.lock().expect("nobody panics here");
        pool.states.extend(self.states.drain(..half));
        self.search.changed.notify_all();
    }

    /// Looks at the clock, and, if that is due, at the memory.
    fn look(&mut self, tells: bool, at_memory: bool) {
        self.count();
        let (search, plan) = (self.search, self.search.plan);
        if self.states.is_empty() {
            self.add_all();
        }
        let next = self.states.back().copied();
        let elapsed = search.began.elapsed();
        if plan.cancelled.is_some_and(|cancelled| cancelled.load(Ordering::Relaxed)) {
            return search.stop(Stopped::Cancelled, next);
        }
        if plan.timeout.is_some_and(|timeout| elapsed >= timeout) {
            return search.stop(Stopped::Timeout, next);
        }
        if plan.max_states.is_some_and(|most| search.store.len() as u64 >= most) {
            return search.stop(Stopped::States, next);
        }
        if !at_memory {
            return;
        }
        let bytes = search.store.bytes() + self.states.capacity() * size_of::<StateId>();
        if plan.memory.is_some_and(|most| bytes >= most) {
            return search.stop(Stopped::Memory, next);
        }
        if tells && elapsed >= self.told + TELL {
            self.told = elapsed;
            (plan.progress)(&Progress {
                states: search.store.len() as u64,
                transitions: search.transitions(),
                waiting: self.states.len() as u64,
                depth: next.map_or(0, |next| search.path(next).len() as u64),
                bytes,
                elapsed,
            });
        }
    }

    /// The state that the explorer is in comes first.
    pub(super) fn begin(&mut self, bytes: &[u8]) {
        self.states.extend(self.search.store.insert(bytes, StateId::NONE));
    }

    /// Looks at the state that the explorer is in; false if nothing comes after it.
    fn look_at(&mut self, state: StateId) -> bool {
        let race = if self.search.plan.races { self.explorer.race() } else { None };
        if let Some(whole) = &self.search.whole
            && self.explorer.is_at_the_end()
        {
            let end = self.explorer.pack_by(whole);
            self.search.ends.lock().expect("nobody panics here").insert(end);
        }
        if self.search.plan.outcomes && self.explorer.is_at_the_end() {
            self.comes_to(Found { finding: Finding::Finished, state, by_step: false });
        }
        if let Some(finding) = self.explorer.deadlock().or(race) {
            if self.search.plan.outcomes {
                self.comes_to(Found { finding, state, by_step: false });
                return false;
            }
            let is_over = !matches!(finding, Finding::Race { .. });
            self.search.finds(Found { finding, state, by_step: false });
            if is_over {
                return false;
            }
        }
        true
    }

    /// The program may end like this. How much others have printed when something else is wrong
    /// does not tell that apart.
    pub(super) fn comes_to(&self, found: Found) {
        let ending = match found.finding {
            Finding::Finished | Finding::Deadlock => {
                let of_values = self.search.plan.values;
                let values = if of_values { values(&self.explorer.machine) } else { Vec::new() };
                (found.finding.verdict(), self.explorer.origins.output, values)
            }
            _ => (found.finding.verdict(), 0, Vec::new()),
        };
        let mut outcomes = self.search.outcomes.lock().expect("nobody panics here");
        outcomes.entry(ending).or_insert(found);
    }

    fn expand(&mut self, state: StateId, whose: Whose) {
        let mut bytes = std::mem::take(&mut self.bytes);
        let mut next = std::mem::take(&mut self.next);
        self.search.store.read(state, &mut bytes);
        self.explorer.unpack(&bytes);
        let goes_on = whose == Whose::Others || self.look_at(state);
        let all: Vec<ThreadId> = self.explorer.enabled().filter(|_| goes_on).collect();
        let last = self.explorer.origins.last;
        let is_the_last = |thread: &ThreadId| last.is_none_or(|last| last == *thread);
        let mut chosen = match whose {
            Whose::TheLast => all.iter().copied().filter(is_the_last).collect(),
            Whose::Others => all.iter().copied().filter(|thread| !is_the_last(thread)).collect(),
            Whose::All if self.explorer.analysis.reduces && goes_on => {
                stubborn::choose(&self.explorer)
            }
            Whose::All => all.clone(),
        };
        let (mut at, mut goes_back, mut is_there) = (0, false, true);
        while at < chosen.len() && !self.search.over.load(Ordering::Relaxed) {
            let thread = chosen[at];
            if !std::mem::replace(&mut is_there, true) {
                self.explorer.undo(&bytes);
            }
            let mut moves = Moves::of(&self.explorer, thread);
            while let Some(how) = moves.next(&mut self.explorer) {
                if !std::mem::replace(&mut is_there, false) {
                    self.explorer.undo(&bytes);
                }
                let passed = self.explorer.step(thread, how);
                self.transitions += 1;
                goes_back |= passed.goes_back;
                self.search.note(&passed);
                if let Some(finding) = passed.finding {
                    let found = Found { finding, state, by_step: true };
                    if self.search.plan.outcomes {
                        self.comes_to(found);
                    } else {
                        self.search.finds(found);
                    }
                } else {
                    self.explorer.pack_after(&bytes, &mut next);
                    self.search.store.put_off(&mut self.batch, &next, state);
                }
                // There may be as many as there are integers.
                if moves.made.is_multiple_of(LOOK) {
                    self.look(false, moves.made.is_multiple_of(8 * LOOK));
                }
                if self.search.over.load(Ordering::Relaxed) {
                    break;
                }
            }
            at += 1;
            // Nobody is left out for ever: whoever goes round goes through a state in which all step.
            let is_round = at == chosen.len() && goes_back && !flawed(Flaw::LeftOut);
            if whose == Whose::All && is_round && at < all.len() {
                let rest: Vec<ThreadId> =
                    all.iter().filter(|thread| !chosen.contains(thread)).copied().collect();
                chosen.extend(rest);
            }
        }
        self.bytes = bytes;
        self.next = next;
        // While there are few states, all is at hand, and what was found last can come next.
        if self.batch.len() as u64 >= (self.taken / BATCH).min(BATCH) {
            self.add_all();
        }
    }
}
