//! Lock-order inversions: threads take the same locks in orders that can make them wait for each other
//! for ever, also if they did not in this run.
//!
//! After Havelund (GoodLock, 2000), in the form of Bensalem & Havelund (2005): each time a thread asks
//! for a lock while it holds others, the graph of locks gets an edge from each of those to that one. A
//! cycle is an inversion if all its edges could be waited on at once:
//!
//! - each is another thread's;
//! - no two of those threads hold the same lock meanwhile, for that lock, a gate, keeps them apart;
//! - none is over before another begins, by THREAD_CREATE and THREAD_JOIN. Whatever else puts things in
//!   order, messages for instance, is not looked at: this is a warning, and may be a false one.
//!
//! TRY_LOCK_ACQUIRE and LOCK_ACQUIRE_FOR cannot wait for ever, so they make no edge to their lock; what
//! they got makes edges from it as any lock does. After WAIT and WAIT_FOR a thread asks for the lock
//! like anyone else.

use std::cmp::Ordering;
use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use super::clock::{Clock, Clocks};
use super::grown;
use crate::deadlock::{tell_place, wait_of};
use crate::instruction::Instruction;
use crate::machine::{Event, Machine, On, ThreadId};
use crate::observer::Observer;
use crate::value::Kind;

/// A thread asked for one lock while it held another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Nesting {
    /// Who.
    pub thread: ThreadId,
    /// The lock that it held.
    pub held: u32,
    /// The address at which it had got that.
    pub held_at: u32,
    /// The lock that it asked for.
    pub wanted: u32,
    /// The address at which it did.
    pub wanted_at: u32,
}

/// Locks that are taken in a circle: what each thread wants, the next one holds, and the last one
/// wants what the first one holds. The first is the one that was seen first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inversion {
    /// Two or more, each of another thread, with which it was first seen.
    pub nestings: Vec<Nesting>,
}

impl Inversion {
    /// The inversion in one sentence, without a full stop.
    pub fn tell(&self, machine: &Machine) -> String {
        let lock = |index| machine.identify(Kind::Lock, index);
        let names: Vec<_> = self.nestings.iter().map(|it| lock(it.held)).collect();
        let names = match names.split_last() {
            Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
            None => String::new(),
        };
        let order = if self.nestings.len() == 2 { "both orders" } else { "a circle" };
        let told: Vec<String> = self
            .nestings
            .iter()
            .map(|it| {
                format!(
                    "{} takes {} {} while it holds {}, taken {}",
                    machine.show_thread(it.thread),
                    lock(it.wanted),
                    tell_place(machine, it.thread, it.wanted_at),
                    lock(it.held),
                    tell_place(machine, it.thread, it.held_at),
                )
            })
            .collect();
        format!("locks {names} are taken in {order}: {}", told.join("; "))
    }
}

/// Finds lock-order inversions.
#[derive(Debug, Clone, Default)]
pub struct Inversions {
    /// Told by creating and joining threads alone.
    clocks: Clocks,
    /// What each thread holds: which lock, and the address at which it got it.
    held: Vec<Vec<(u32, u32)>>,
    edges: Vec<Edge>,
    /// Those that leave each lock.
    leaving: Vec<Vec<usize>>,
    /// Each edge, with all locks that its thread held, and when.
    known_edges: HashSet<(Nesting, Arc<[u32]>, u32)>,
    /// The locks of each finding, the lowest first.
    known: HashSet<Vec<u32>>,
    findings: Vec<Inversion>,
    /// How many edges were looked at.
    looked_at: usize,
}

/// An edge of the graph of locks.
#[derive(Debug, Clone)]
struct Edge {
    nesting: Nesting,
    /// All locks that the thread held, in order.
    holding: Arc<[u32]>,
    /// When, in the thread's own time, and what it had seen of the others.
    when: u32,
    seen: Clock,
}

impl Edge {
    /// Whether both threads can stand there at once. One thread cannot: it comes to one of them first.
    fn can_be_with(&self, other: &Self) -> bool {
        other.seen.of(self.nesting.thread) < self.when
            && self.seen.of(other.nesting.thread) < other.when
            && are_disjoint(&self.holding, &other.holding)
    }
}

impl Inversions {
    /// How many edges are looked at for the cycles of a new one, so that graphs with more cycles than
    /// anyone can read are no trap. Short cycles are found first.
    const MOST: usize = 2_000;

    /// How many are looked at in all: a run is not to be slow because it is watched.
    const MOST_IN_ALL: usize = 200_000;

    /// Who holds more locks than this is looked at no further: each new one would cost more.
    const MOST_HELD: usize = 64;

    /// Nothing seen, nothing found.
    pub fn new() -> Self {
        Self::default()
    }

    /// What was found so far: each cycle of locks once, in the order in which they were closed.
    pub fn findings(&self) -> &[Inversion] {
        &self.findings
    }

    /// A thread asks for a lock and may have to wait for it for ever.
    fn ask(&mut self, thread: ThreadId, wanted: u32, wanted_at: u32) {
        let held = grown(&mut self.held, thread.index());
        if held.is_empty() || held.len() > Self::MOST_HELD {
            return;
        }
        let mut holding: Vec<u32> = held.iter().map(|(lock, _)| *lock).collect();
        holding.sort_unstable();
        let holding: Arc<[u32]> = holding.into();
        let (when, seen) = self.clocks.now(thread);
        let mut new = Vec::new();
        for (held, held_at) in held.iter().copied().filter(|(held, _)| *held != wanted) {
            let nesting = Nesting { thread, held, held_at, wanted, wanted_at };
            if self.known_edges.insert((nesting, Arc::clone(&holding), when)) {
                let (holding, seen) = (Arc::clone(&holding), seen.clone());
                new.push(Edge { nesting, holding, when, seen });
            }
        }
        for edge in new {
            let number = self.edges.len();
            grown(&mut self.leaving, edge.nesting.held as usize).push(number);
            self.edges.push(edge);
            self.search(number);
        }
    }

    fn leaving(&self, lock: u32) -> &[usize] {
        self.leaving.get(lock as usize).map_or(&[], Vec::as_slice)
    }

    /// Whether there is any way from one lock to another.
    fn leads(&self, from: u32, to: u32) -> bool {
        let mut reached = HashSet::from([from]);
        let mut next = vec![from];
        while let Some(lock) = next.pop() {
            if lock == to {
                return true;
            }
            for edge in self.leaving(lock) {
                let wanted = self.edges[*edge].nesting.wanted;
                if reached.insert(wanted) {
                    next.push(wanted);
                }
            }
        }
        false
    }

    /// Looks for cycles through a new edge, the shortest first.
    fn search(&mut self, new: usize) {
        let Nesting { held: goal, wanted, .. } = self.edges[new].nesting;
        if self.looked_at > Self::MOST_IN_ALL || !self.leads(wanted, goal) {
            return;
        }
        // Each way: its last edge, and the way before that.
        let mut ways = vec![(new, None)];
        let mut next = VecDeque::from([0]);
        let most = self.looked_at + Self::MOST;
        while let Some(way) = next.pop_front() {
            let path: Vec<usize> = std::iter::successors(Some(way), |way| ways[*way].1)
                .map(|way: usize| ways[way].0)
                .collect();
            let end = self.edges[path[0]].nesting.wanted;
            for at in 0..self.leaving(end).len() {
                self.looked_at += 1;
                if self.looked_at > most {
                    return;
                }
                let number = self.leaving(end)[at];
                let edge = &self.edges[number];
                // So no lock comes twice on a way: two edges from it are two threads that hold it.
                if !path.iter().all(|other| edge.can_be_with(&self.edges[*other])) {
                    continue;
                }
                if edge.nesting.wanted == goal {
                    let mut cycle: Vec<usize> =
                        path.iter().rev().copied().chain([number]).collect();
                    lowest_first(&mut cycle);
                    let nestings = cycle.iter().map(|edge| self.edges[*edge].nesting).collect();
                    self.found(Inversion { nestings });
                } else {
                    ways.push((number, Some(way)));
                    next.push_back(ways.len() - 1);
                }
            }
        }
    }

    fn found(&mut self, inversion: Inversion) {
        let mut locks: Vec<u32> = inversion.nestings.iter().map(|it| it.held).collect();
        lowest_first(&mut locks);
        if self.known.insert(locks) {
            self.findings.push(inversion);
        }
    }
}

/// Whether two lists in order have nothing in common.
fn are_disjoint(mut a: &[u32], mut b: &[u32]) -> bool {
    while let ([first, after @ ..], [other, after_other @ ..]) = (a, b) {
        match first.cmp(other) {
            Ordering::Less => a = after,
            Ordering::Greater => b = after_other,
            Ordering::Equal => return false,
        }
    }
    true
}

/// Begins a circle where it is lowest.
fn lowest_first<T: Ord + Copy>(circle: &mut [T]) {
    let lowest = (0..circle.len()).min_by_key(|at| circle[*at]).unwrap_or(0);
    circle.rotate_left(lowest);
}

/// Whether an instruction that got its lock would have waited for it as long as it takes.
fn waits_for_ever(machine: &Machine, thread: ThreadId, at: u32) -> bool {
    let code = machine.program().code(machine.thread(thread).code());
    !matches!(
        code.instructions.get(at as usize),
        Some(Instruction::TryLockAcquire | Instruction::LockAcquireFor(_))
    )
}

impl Observer for Inversions {
    /// Most events are none of its business, and those are passed over where they happen.
    #[inline]
    fn event(&mut self, machine: &Machine, thread: ThreadId, at: u32, event: Event) {
        if matches!(
            event,
            Event::Started(_)
                | Event::Joined(_)
                | Event::Waits
                | Event::Acquired(_)
                | Event::Released(_)
        ) {
            self.attend(machine, thread, at, event);
        }
    }
}

impl Inversions {
    fn attend(&mut self, machine: &Machine, thread: ThreadId, at: u32, event: Event) {
        match event {
            Event::Started(child) => self.clocks.pass(thread, child),
            Event::Joined(other) => self.clocks.pass(other, thread),
            Event::Waits => {
                if let Some(wait) = wait_of(machine, thread)
                    && let On::Lock(lock) = wait.on
                    && wait.until.is_none()
                {
                    self.ask(thread, lock, at);
                }
            }
            Event::Acquired(lock) => {
                if waits_for_ever(machine, thread, at) {
                    self.ask(thread, lock, at);
                }
                grown(&mut self.held, thread.index()).push((lock, at));
            }
            Event::Released(lock) => {
                grown(&mut self.held, thread.index()).retain(|(held, _)| *held != lock);
            }
            _ => {}
        }
    }
}
