//! The supply: leases from the file what is in demand, and puts it into the buffer that the consumers lease from.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use std::{io, iter};

use forebay::{Fault, Patience, Producer, TakeError};

use super::demand::Pulse;
use super::duty::{Duty, FileLease};
use super::dying::Dying;
use super::standing::Standing;
use super::{FileSide, number};
use crate::file::opening::in_words;
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
    /// Starts the thread that leases from the file.
    pub(crate) fn start_supply(self: &Arc<Self>, producer: Producer<Item>) -> io::Result<()> {
        let run = Arc::clone(self);
        self.spawn("supply", (), move || {
            if let Some(file) = &run.file {
                supply(&run, file, &producer);
            }
        })
    }
}

fn supply(run: &Run, file: &FileSide, producer: &Producer<Item>) {
    let (standing, dying) = (Standing::new(file), Dying::default());
    let mut supply = Supply { run, file, producer, place: 0, standing, dying };
    let mut pulse = Pulse::default();
    let mut comparing = Comparing { next: Instant::now() };
    let mut course = Course::On;
    while course == Course::On && !run.stop.is_stopping() {
        comparing.look(file);
        if file.own.as_ref().is_some_and(super::own::Own::has_ended) {
            course = Course::Ended;
            break;
        }
        let (done, _) = run.tally.service();
        match file.demand.next(pulse.ahead(Instant::now(), done), GLANCE) {
            0 => supply.standing.leave(),
            wanted => course = supply.fetch(wanted.min(BATCH)),
        }
    }
    supply.standing.leave();
    if course == Course::Ended && !run.stop.is_stopping() {
        run.end_supply(file, producer);
    }
    // What was leased ahead is for others now, before anybody begins with it.
    run.give_rest_back();
    producer.close();
}

/// What some commands get, each one or several items that follow each other.
type Groups = Vec<Vec<FileLease>>;

/// Leases from the file, and brings to the consumers.
struct Supply<'a> {
    run: &'a Run,
    file: &'a FileSide,
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
        let file = self.file;
        // Asked before: what is held here may come back to the file afterwards.
        let held = file.demand.held();
        let mut found =
            if self.standing.is_in_line() { self.come(wanted) } else { self.lease(wanted) };
        if found.is_none() && file.once && held == 0 && !self.dying.may_bring(&file.buffer) {
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
                let fewer = (file.once && held > 0).then_some(held);
                file.demand.until_called(self.patience(held), fewer);
            }
            Some(Err(TakeError::Closed)) if held == 0 && file.own.is_none() => {
                return Course::Ended;
            }
            // It goes on, or is killed: until then there is nothing to be done.
            Some(Err(TakeError::Unable(Fault::Stalled { .. }))) => file.demand.pause(BRIEF),
            Some(Err(TakeError::Unable(fault))) => {
                let why = in_words(&file.path, fault);
                self.run.stop_broken(format_args!("{why}; starting nothing more"));
                return Course::Broken;
            }
            // What is left is held here, or is to be compared.
            Some(Err(_)) => file.demand.pause(GLANCE),
        }
        Course::On
    }

    /// How long it stands in line before it is looked round, if that is bounded.
    fn patience(&self, held: usize) -> Option<Duration> {
        let file = self.file;
        if (file.once && held == 0) || !file.demand.is_somebody_free() {
            return Some(BRIEF);
        }
        file.own.as_ref().is_some_and(super::own::Own::all_put).then_some(SELDOM)
    }

    /// What there is now, without standing in line for it.
    fn lease(&self, wanted: usize) -> Option<Result<Groups, TakeError>> {
        let consumer = &self.file.consumer;
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
    fn groups(&self, first: FileLease, wanted: usize) -> Groups {
        let (consumer, rows) = (&self.file.consumer, self.file.rows);
        // What is wrong with the rest the next call finds.
        if rows == 1 {
            let rest = consumer.lease_many_within(wanted - 1, Patience::Try).unwrap_or_default();
            return iter::once(first).chain(rest).map(|lease| vec![lease]).collect();
        }
        let group = |first: FileLease| {
            let rest = consumer.try_lease_after(first.position(), rows - 1).unwrap_or_default();
            iter::once(first).chain(rest).collect()
        };
        let mut groups = vec![group(first)];
        while groups.len() < wanted
            && let Ok(first) = consumer.try_lease()
        {
            groups.push(group(first));
        }
        groups
    }

    /// Makes items of what was leased, and puts them where consumers find them.
    fn bring(&mut self, groups: Groups) {
        let (run, file) = (self.run, self.file);
        let items: Vec<_> = self.unfinished(groups).into_iter().map(|it| self.item(it)).collect();
        if file.own.is_none() {
            for _ in &items {
                run.intake.put(0);
            }
        }
        for item in &items {
            run.tell(&Event::Put { producer: 0, item });
        }
        file.brought.fetch_add(items.len() as u64, Ordering::Relaxed);
        file.demand.brought(items.len());
        // Refused only once the run stops: what comes back is given back.
        drop(self.producer.put_many(items));
    }

    /// Those that the joblog does not say have finished: where its line was written, and the ack came too late.
    fn unfinished(&self, groups: Groups) -> Groups {
        let file = self.file;
        let logged = match &file.logged {
            Some(logged) => logged.finished(groups.iter().flatten(), &file.form),
            None => HashSet::new(),
        };
        let is_done = |position| {
            file.own.as_ref().is_some_and(|own| own.is_done(position))
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
    fn item(&mut self, group: Vec<FileLease>) -> Item {
        let file = self.file;
        let seq = number(group[0].position());
        let args = file.form.arguments(seq, group.iter().map(|lease| &***lease));
        let duty = Duty::new(group, Arc::clone(&file.consumer), Arc::clone(&file.demand));
        let duty = Arc::new(duty);
        if let Some(extending) = &file.extending {
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
    fn look(&mut self, file: &FileSide) {
        let Some(own) = file.own.as_ref().filter(|own| own.all_put()) else { return };
        let began = Instant::now();
        if began < self.next {
            return;
        }
        // That the buffer is of no use is found out by the next lease.
        if let Ok(items) = file.buffer.items() {
            own.forget_done(|position| {
                let found = items.binary_search_by_key(&position, |item| item.position);
                found.is_ok_and(|index| !items[index].is_dead)
            });
            let unreadable = file.unreadable_letters(&items);
            let readable = items.iter().filter(|item| item.is_readable);
            own.compare(readable.map(|item| (&item.bytes[..], item.is_dead)), unreadable);
        }
        self.next = Instant::now() + (20 * began.elapsed()).max(SELDOM);
    }
}

impl Run {
    /// All there was has come.
    fn end_supply(&self, file: &FileSide, producer: &Producer<Item>) {
        let statistics = producer.statistics();
        let now = self.began.elapsed();
        if file.own.is_none() {
            self.intake.end(0, now, now);
        }
        self.end_production(Production {
            ended: now,
            consumer_wait: statistics.consumer_wait,
            items: statistics.produced,
        });
    }

    /// Gives what waits in memory back to the file.
    pub(crate) fn give_rest_back(&self) {
        while self.file.is_some() && self.buffer.try_take().is_ok() {}
    }
}
