//! Data races: two threads get at the same global, at least one of them stores, and nothing puts one
//! before the other.
//!
//! Before is Lamport's relation (1978), kept in vector clocks, and asked in epochs as in FastTrack
//! (Flanagan & Freund, 2009). Unlike there, every place is remembered with every thread that came by,
//! not only the last store: pairs of places are found, and all that this order of events shows. What
//! puts one thing before another:
//!
//! - THREAD_CREATE before all that the thread does; all that before its THREAD_JOIN, and before an
//!   ALIVE that says 0;
//! - a LOCK_RELEASE, or WAIT, before the next LOCK_ACQUIRE; the end of whoever held the lock before the
//!   robust LOCK_ACQUIRE that finds it held;
//! - a SEMAPHORE_RELEASE before the SEMAPHORE_ACQUIRE that takes its token, the oldest there is. The
//!   bound of a semaphore puts nothing before anything: a release too many fails, it does not wait;
//! - a QUEUE_SEND before the QUEUE_RECEIVE of that message. In a bounded queue also the n-th
//!   QUEUE_RECEIVE before the QUEUE_SEND after as many more as there is room: it could not have come
//!   sooner, whether it waited or not. (Go's memory model has the same two rules.)
//! - whatever is done to a counter before whatever is done to it next;
//! - a NOTIFY before the end of the WAIT that it wakes.
//!
//! Time, SLEEP and the order in which a scheduler happens to step put nothing before anything. What
//! globals are set to before the run comes before all of it.

use std::collections::HashSet;

use super::clock::{Clock, Clocks};
use super::grown;
use super::tokens::Tokens;
use crate::deadlock::tell_place;
use crate::machine::{Event, Machine, ThreadId};
use crate::observer::Observer;
use crate::program::{CodeId, NameId};

/// What a thread does to a global.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Deed {
    /// LOAD, whether it finds the global or not.
    Loads,
    /// GLOBAL_STORE.
    Stores,
}

impl Deed {
    /// Whether it matters which comes first.
    fn conflicts_with(self, other: Self) -> bool {
        self == Self::Stores || other == Self::Stores
    }
}

/// A thread gets at a global.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Access {
    /// Who.
    pub thread: ThreadId,
    /// The list that it runs.
    pub code: CodeId,
    /// The address in that list.
    pub at: u32,
    /// What it does.
    pub kind: Deed,
}

impl Access {
    fn place(&self) -> (CodeId, u32) {
        (self.code, self.at)
    }
}

/// Two places that race, with the threads for which that was first seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Race {
    /// The global.
    pub name: NameId,
    /// What came first in this run.
    pub first: Access,
    /// What came later.
    pub second: Access,
}

impl Race {
    /// The race in one sentence, without a full stop.
    pub fn tell(&self, machine: &Machine) -> String {
        let name = machine.program().name(self.name);
        let (first, second) = (&self.first, &self.second);
        let does = match first.kind {
            Deed::Loads => "loads",
            Deed::Stores => "stores",
        };
        let other_may = if first.place() == second.place() {
            "do the same".to_owned()
        } else {
            let may = match second.kind {
                Deed::Loads => "load",
                Deed::Stores => "store",
            };
            format!("{may} it {}", tell_place(machine, second.thread, second.at))
        };
        format!(
            "race on `{name}`: {} {does} it {} while {} may {other_may}; nothing puts one before the \
             other",
            machine.show_thread(first.thread),
            tell_place(machine, first.thread, first.at),
            machine.show_thread(second.thread),
        )
    }
}

/// Finds races.
#[derive(Debug, Clone, Default)]
pub struct Races {
    clocks: Clocks,
    locks: Vec<Held>,
    semaphores: Vec<Option<Tokens>>,
    queues: Vec<Option<Passage>>,
    counters: Vec<Clock>,
    globals: Vec<Global>,
    known: HashSet<[(CodeId, u32); 2]>,
    findings: Vec<Race>,
}

/// What is known of a lock.
#[derive(Debug, Clone, Default)]
struct Held {
    /// What its last release told.
    told: Clock,
    by: Option<ThreadId>,
}

/// What is known of a queue.
#[derive(Debug, Clone)]
struct Passage {
    messages: Tokens,
    /// Of a bounded queue.
    room: Option<Tokens>,
}

/// What is known of a global.
#[derive(Debug, Clone, Default)]
struct Global {
    /// The last to get at it: who, when, and where.
    last: Option<(ThreadId, u32, u32)>,
    spots: Vec<Spot>,
}

/// A place at which threads get at a global.
#[derive(Debug, Clone)]
struct Spot {
    place: (CodeId, u32),
    kind: Deed,
    /// Who came by, in order of creation, and when last: what raced sooner does then.
    visits: Vec<(ThreadId, u32)>,
}

impl Races {
    /// Nothing seen, nothing found.
    pub fn new() -> Self {
        Self::default()
    }

    /// What was found so far: each pair of places once, in the order in which they were seen.
    pub fn findings(&self) -> &[Race] {
        &self.findings
    }

    fn access(&mut self, machine: &Machine, thread: ThreadId, at: u32, name: NameId, kind: Deed) {
        let (now, seen) = self.clocks.now(thread);
        let global = grown(&mut self.globals, name.index());
        if global.last == Some((thread, now, at)) {
            return;
        }
        global.last = Some((thread, now, at));
        let code = machine.thread(thread).code();
        let second = Access { thread, code, at, kind };
        for spot in global.spots.iter().filter(|spot| spot.kind.conflicts_with(kind)) {
            let mut places = [spot.place, second.place()];
            places.sort_unstable();
            if self.known.contains(&places) {
                continue;
            }
            // What a thread does itself, it has seen.
            if let Some((other, _)) =
                spot.visits.iter().find(|(other, when)| *when > seen.of(*other))
            {
                let (code, at) = spot.place;
                let first = Access { thread: *other, code, at, kind: spot.kind };
                self.known.insert(places);
                self.findings.push(Race { name, first, second });
            }
        }
        global.spot(second.place(), kind).visit(thread, now);
    }

    fn passage(&mut self, machine: &Machine, queue: u32) -> &mut Passage {
        grown(&mut self.queues, queue as usize).get_or_insert_with(|| {
            let room = machine.state().queues()[queue as usize].capacity.map(Tokens::blank);
            Passage { messages: Tokens::default(), room }
        })
    }

    /// The tokens of a semaphore whose count was just changed by `change`.
    fn tokens(&mut self, machine: &Machine, semaphore: u32, change: i64) -> &mut Tokens {
        grown(&mut self.semaphores, semaphore as usize).get_or_insert_with(|| {
            Tokens::blank(machine.state().semaphores()[semaphore as usize].count - change)
        })
    }
}

impl Global {
    fn spot(&mut self, place: (CodeId, u32), kind: Deed) -> &mut Spot {
        let known = self.spots.iter().position(|spot| spot.place == place);
        let number = known.unwrap_or_else(|| {
            self.spots.push(Spot { place, kind, visits: Vec::new() });
            self.spots.len() - 1
        });
        &mut self.spots[number]
    }
}

impl Spot {
    fn visit(&mut self, thread: ThreadId, now: u32) {
        match self.visits.binary_search_by_key(&thread, |(visitor, _)| *visitor) {
            Ok(number) => self.visits[number].1 = now,
            Err(number) => self.visits.insert(number, (thread, now)),
        }
    }
}

impl Observer for Races {
    fn event(&mut self, machine: &Machine, thread: ThreadId, at: u32, event: Event) {
        match event {
            Event::Loaded(name) => self.access(machine, thread, at, name, Deed::Loads),
            Event::Stored(name) => self.access(machine, thread, at, name, Deed::Stores),

            Event::Started(child) => self.clocks.pass(thread, child),
            Event::Joined(other) => self.clocks.pass(other, thread),
            Event::Notified { woken: Some(woken), .. } => self.clocks.pass(thread, woken),

            Event::Acquired(lock) => {
                let lock = grown(&mut self.locks, lock as usize);
                self.clocks.learn(thread, &lock.told);
                if let Some(former) = lock.by.replace(thread) {
                    self.clocks.pass(former, thread);
                }
            }
            Event::Released(lock) => {
                let told = self.clocks.tell(thread);
                *grown(&mut self.locks, lock as usize) = Held { told, by: None };
            }

            Event::Raised(semaphore) => {
                let told = self.clocks.tell(thread);
                self.tokens(machine, semaphore, 1).put(told);
            }
            Event::Lowered(semaphore) => {
                if let Some(told) = self.tokens(machine, semaphore, -1).take() {
                    self.clocks.learn(thread, &told);
                }
            }

            Event::Sent(queue) => {
                if let Some(told) =
                    self.passage(machine, queue).room.as_mut().and_then(Tokens::take)
                {
                    self.clocks.learn(thread, &told);
                }
                let told = self.clocks.tell(thread);
                self.passage(machine, queue).messages.put(told);
            }
            Event::Received(queue) => {
                if let Some(told) = self.passage(machine, queue).messages.take() {
                    self.clocks.learn(thread, &told);
                }
                let told = self.clocks.tell(thread);
                if let Some(room) = &mut self.passage(machine, queue).room {
                    room.put(told);
                }
            }

            Event::Counted(counter) => {
                let told = grown(&mut self.counters, counter as usize);
                self.clocks.learn(thread, told);
                *told = self.clocks.tell(thread);
            }

            Event::Notified { woken: None, .. }
            | Event::Created(_)
            | Event::Ended
            | Event::Failed
            | Event::Killed
            | Event::Waits
            | Event::Sleeps
            | Event::GoesOn
            | Event::CanTake(_)
            | Event::GaveUp
            | Event::Chose(_) => {}
        }
    }
}
