//! The supply: leases from the shared buffer what is in demand, and puts it into the buffer that the consumers lease from.

use std::collections::HashSet;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use forebay::{Fault, Producer, TakeError};

use super::demand::Pulse;
use super::duty::Duty;
use super::dying::Dying;
use super::standing::Standing;
use super::{Shared, number};
use crate::buffer::place::Lease;
use crate::run::Run;
use crate::run::intake::producer::Production;
use crate::run::item::Item;
use crate::run::observer::event::Event;

/// How long nothing is wanted before the place in line is left to others; and how long a closed buffer is left alone in
/// which nothing waits.
const GLANCE: Duration = Duration::from_millis(100);

/// How long it is waited for what is leased ahead, for what a process had that was killed, and for a turn.
const BRIEF: Duration = Duration::from_millis(20);

/// How often it is looked whether others have done what is left, at most.
const SELDOM: Duration = Duration::from_millis(300);

/// No more are leased in one go: others wait for theirs.
const BATCH: usize = 512;

/// Whether to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Course {
    On,
    Ended,
    /// The buffer cannot be used.
    Broken,
}

impl Run {
    /// Starts the thread that leases from the shared buffer.
    pub(crate) fn start_supply(self: &Arc<Self>, producer: Producer<Item>) -> io::Result<()> {
        let run = Arc::clone(self);
        self.spawn("supply", (), move || {
            if let Some(shared) = &run.shared {
                supply(&run, shared, &producer);
            }
        })
    }
}

fn supply(run: &Run, shared: &Shared, producer: &Producer<Item>) {
    let (standing, dying) = (Standing::new(shared), Dying::default());
    let mut supply = Supply { run, shared, producer, place: 0, standing, dying };
    let mut pulse = Pulse::default();
    let mut comparing = Comparing { next: Instant::now() };
    let mut course = Course::On;
    while course == Course::On && !run.stop.is_stopping() {
        comparing.look(shared);
        if shared.own.as_ref().is_some_and(super::own::Own::has_ended) {
            course = Course::Ended;
            break;
        }
        let (done, _) = run.tally.service();
        match shared.demand.next(pulse.ahead(Instant::now(), done), GLANCE) {
            0 => supply.standing.leave(),
            wanted => course = supply.fetch(wanted.min(BATCH)),
        }
    }
    supply.standing.leave();
    if course == Course::Ended && !run.stop.is_stopping() {
        run.end_supply(shared, producer);
    }
    // What was leased ahead is for others now, before anybody begins with it.
    run.give_rest_back();
    producer.close();
}

/// What some commands get, each one or several items that follow each other.
type Groups = Vec<Vec<Lease>>;

/// Leases from the shared buffer, and brings to the consumers.
struct Supply<'a> {
    run: &'a Run,
    shared: &'a Shared,
    producer: &'a Producer<Item>,
    /// Of the next item, in the order of output.
    place: u64,
    standing: Standing<'a>,
    dying: Dying,
}

impl Supply<'_> {
    /// Leases what there is, up to what so many commands get, and brings it to the consumers. Where there is nothing, it
    /// stands in line until it is to be looked round.
    fn fetch(&mut self, wanted: usize) -> Course {
        let shared = self.shared;
        // Asked before: what is held here may come back to the buffer afterwards.
        let held = shared.demand.held();
        let mut found =
            if self.standing.is_in_line() { self.come(wanted) } else { self.lease(wanted) };
        if found.is_none() && shared.once && held == 0 && !self.dying.may_bring(&shared.buffer) {
            // What came back before that was seen is there now.
            self.standing.leave();
            found = self.lease(wanted);
            if found.is_none() {
                return Course::Ended;
            }
        }
        match found.or_else(|| self.come(wanted)) {
            Some(Ok(groups)) => {
                // What came after the run was to stop is given back, and was never here.
                if !self.run.stop.is_stopping() {
                    self.bring(groups);
                }
            }
            None => {
                let fewer = (shared.once && held > 0).then_some(held);
                shared.demand.until_called(self.patience(held), fewer);
            }
            Some(Err(TakeError::Closed)) if held == 0 && shared.own.is_none() => {
                return Course::Ended;
            }
            // It goes on, or is killed: until then there is nothing to be done.
            Some(Err(TakeError::Unable(Fault::Stalled { .. }))) => shared.demand.pause(BRIEF),
            Some(Err(TakeError::Unable(fault))) => {
                let why = shared.buffer.place().in_words(fault);
                self.run.stop_broken(format_args!("{why}; starting nothing more"));
                return Course::Broken;
            }
            // What is left is held here, or is to be compared.
            Some(Err(_)) => shared.demand.pause(GLANCE),
        }
        Course::On
    }

    /// How long it stands in line before it is looked round, if that is bounded.
    fn patience(&self, held: usize) -> Option<Duration> {
        let shared = self.shared;
        if (shared.once && held == 0) || !shared.demand.is_somebody_free() {
            return Some(BRIEF);
        }
        shared.own.as_ref().is_some_and(super::own::Own::all_put).then_some(SELDOM)
    }

    /// What there is now, without standing in line for it.
    fn lease(&self, wanted: usize) -> Option<Result<Groups, TakeError>> {
        let consumer = &self.shared.consumer;
        match consumer.try_lease().map(|first| self.groups(first, wanted)) {
            Err(TakeError::Empty | TakeError::LeaseLimit | TakeError::TimedOut) => None,
            found => Some(found),
        }
    }

    /// What has come while this stood in line, if anything has; from here on it stands there.
    fn come(&mut self, wanted: usize) -> Option<Result<Groups, TakeError>> {
        let first = self.standing.first()?;
        Some(first.map(|first| self.groups(first, wanted)))
    }

    /// What so many commands get, beginning with this; fewer, if there is no more now.
    fn groups(&self, first: Lease, wanted: usize) -> Groups {
        self.shared.consumer.groups(first, wanted, self.shared.rows)
    }

    /// Makes items of what was leased, and puts them where consumers find them.
    fn bring(&mut self, groups: Groups) {
        let (run, shared) = (self.run, self.shared);
        let items: Vec<_> = self.unfinished(groups).into_iter().map(|it| self.item(it)).collect();
        if shared.own.is_none() {
            for _ in &items {
                run.intake.put(0);
            }
        }
        for item in &items {
            run.tell(&Event::Put { producer: 0, item });
        }
        shared.brought.fetch_add(items.len() as u64, Ordering::Relaxed);
        shared.demand.brought(items.len());
        // Refused only once the run stops: what comes back is given back.
        drop(self.producer.put_many(items));
    }

    /// Those that the joblog does not say have finished: where its line was written, and the ack came too late.
    fn unfinished(&self, groups: Groups) -> Groups {
        let shared = self.shared;
        if !shared.buffer.knows_positions() {
            // No joblog knows them, and what came together is taken for what follows each other.
            return groups;
        }
        let logged = match &shared.logged {
            Some(logged) => logged.finished(groups.iter().flatten(), &shared.form),
            None => HashSet::new(),
        };
        let is_done = |position| {
            shared.own.as_ref().is_some_and(|own| own.is_done(position))
                || logged.contains(&number(position))
        };
        let mut left = Groups::new();
        for group in groups {
            let mut next = None;
            for lease in group {
                let position = lease.position();
                if is_done(position) {
                    let _ = lease.ack();
                    continue;
                }
                // What does not follow begins a group of its own.
                match left.last_mut().filter(|_| next == Some(position)) {
                    Some(last) => last.push(lease),
                    None => left.push(vec![lease]),
                }
                next = Some(position + 1);
            }
        }
        left
    }

    /// What one command gets for a group, which is not empty.
    fn item(&mut self, group: Vec<Lease>) -> Item {
        let shared = self.shared;
        // Where an item has no number of its own, it is counted here.
        let knows_positions = shared.buffer.knows_positions();
        let seq = number(if knows_positions { group[0].position() } else { self.place });
        let args = shared.form.arguments(seq, group.iter().map(Lease::bytes));
        let duty = Duty::new(group, Arc::clone(&shared.consumer), Arc::clone(&shared.demand));
        let duty = Arc::new(duty);
        if let Some(extending) = &shared.extending {
            extending.watch(seq, &duty);
        }
        let place = self.place;
        self.place += 1;
        Item { seq, place, args, duty: Some(duty) }
    }
}

/// Looks now and then whether others have done what is left.
#[derive(Debug)]
struct Comparing {
    next: Instant,
}

impl Comparing {
    fn look(&mut self, shared: &Shared) {
        let Some(own) = shared.own.as_ref().filter(|own| own.all_put()) else { return };
        let began = Instant::now();
        if began < self.next {
            return;
        }
        // That the buffer is of no use is found out by the next lease.
        if let Ok(items) = shared.buffer.items() {
            let alive: HashSet<_> = items
                .iter()
                .filter(|item| !item.is_dead)
                .filter_map(|item| item.position)
                .collect();
            own.forget_done(|position| alive.contains(&position));
            let unreadable = shared.unreadable_letters(&items);
            let readable = items.iter().filter(|item| item.is_readable);
            own.compare(readable.map(|item| (&item.bytes[..], item.is_dead)), unreadable);
        }
        self.next = Instant::now() + (20 * began.elapsed()).max(SELDOM);
    }
}

impl Run {
    /// All there was has come.
    fn end_supply(&self, shared: &Shared, producer: &Producer<Item>) {
        let statistics = producer.statistics();
        let now = self.began.elapsed();
        if shared.own.is_none() {
            self.intake.end(0, now, now);
        }
        self.end_production(Production {
            ended: now,
            consumer_wait: statistics.consumer_wait,
            items: statistics.produced,
        });
    }

    /// Gives what waits in memory back to the shared buffer.
    pub(crate) fn give_rest_back(&self) {
        while self.shared.is_some() && self.buffer.try_take().is_ok() {}
    }
}
