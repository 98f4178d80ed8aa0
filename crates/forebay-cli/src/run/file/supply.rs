//! The supply: leases from the file what is in demand, and puts it into the buffer that the consumers lease from.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use forebay::{Patience, Producer, TakeError};

use super::demand::Pulse;
use super::duty::{Duty, FileLease};
use super::dying::Dying;
use super::{FileSide, number};
use crate::file::opening::in_words;
use crate::run::Run;
use crate::run::intake::producer::Production;
use crate::run::item::Item;
use crate::run::observer::event::Event;

/// How long nothing comes before it is looked round: is the run to stop, has it ended?
const GLANCE: Duration = Duration::from_millis(100);

/// Where others are waited for who hold what is left.
const BRIEF: Duration = Duration::from_millis(20);

/// How long a wait is in which the death of others is found out.
const FINDING: Duration = Duration::from_millis(60);

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
    let mut pulse = Pulse::default();
    let mut place = 0;
    let mut comparing = Comparing { next: Instant::now() };
    let mut dying = Dying::default();
    let mut course = Course::On;
    while course == Course::On && !run.stop.is_stopping() {
        comparing.look(file);
        if file.own.as_ref().is_some_and(super::own::Own::has_ended) {
            course = Course::Ended;
            break;
        }
        let (done, _) = run.tally.service();
        let wanted = file.demand.next(pulse.ahead(Instant::now(), done), GLANCE);
        if wanted > 0 {
            course = fetch(run, file, producer, wanted.min(BATCH), &mut place, &mut dying);
        }
    }
    if course == Course::Ended && !run.stop.is_stopping() {
        run.end_supply(file, producer);
    }
    // What was leased ahead is for others now, before anybody begins with it.
    run.give_rest_back();
    producer.close();
}

/// Leases what there is, up to what so many commands get, and brings it to the consumers.
fn fetch(
    run: &Run,
    file: &FileSide,
    producer: &Producer<Item>,
    wanted: usize,
    place: &mut u64,
    dying: &mut Dying,
) -> Course {
    // Asked before: what is held here may come back to the file afterwards.
    let held = file.demand.held();
    let is_idle = held == 0;
    // A run that has put all waits for its own items, most of which it holds itself.
    let all_put = file.own.as_ref().is_some_and(super::own::Own::all_put);
    // Whoever waits finds out whether those who hold the rest still live.
    let others_hold = file.buffer.statistics().leased > held as u64;
    let patience = match () {
        () if !file.once && !all_put => Patience::lasting(GLANCE),
        () if others_hold => Patience::lasting(FINDING),
        () => Patience::Try,
    };
    let nothing = match file.consumer.lease_many_within(wanted * file.rows, patience) {
        Ok(mut leases) => {
            while file.rows > 1
                && leases.len() % file.rows != 0
                && let Ok(more) = file
                    .consumer
                    .lease_many_within(file.rows - leases.len() % file.rows, Patience::Try)
            {
                leases.extend(more);
            }
            // What came after the run was to stop is given back, and was never here.
            if !run.stop.is_stopping() {
                bring(run, file, producer, leases, place);
            }
            return Course::On;
        }
        Err(nothing) => nothing,
    };
    match nothing {
        TakeError::Unable(fault) => {
            run.stop_broken(format_args!("{}; starting nothing more", in_words(&file.path, fault)));
            return Course::Broken;
        }
        TakeError::Closed if is_idle && file.own.is_none() => return Course::Ended,
        TakeError::Empty | TakeError::TimedOut if is_idle && file.once => {
            if !dying.may_bring(&file.buffer) {
                return Course::Ended;
            }
            file.demand.pause(BRIEF);
        }
        TakeError::Empty if all_put => file.demand.pause(GLANCE),
        TakeError::Closed | TakeError::Empty | TakeError::LeaseLimit => file.demand.pause(BRIEF),
        _ => {}
    }
    Course::On
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
            let unreadable = file.unreadable_letters(&items);
            let readable = items.iter().filter(|item| item.is_readable);
            own.compare(readable.map(|item| (&item.bytes[..], item.is_dead)), unreadable);
        }
        self.next = Instant::now() + (20 * began.elapsed()).max(SELDOM);
    }
}

/// Makes items of what was leased, and puts them where consumers find them.
fn bring(
    run: &Run,
    file: &FileSide,
    producer: &Producer<Item>,
    leases: Vec<FileLease>,
    place: &mut u64,
) {
    let logged = file.logged.as_ref().map(|logged| logged.finished(&leases, &file.form));
    let mut items = Vec::with_capacity(leases.len().div_ceil(file.rows));
    let mut leases = leases.into_iter().peekable();
    while leases.peek().is_some() {
        let group: Vec<_> = leases
            .by_ref()
            .take(file.rows)
            .filter_map(|lease| {
                let position = lease.position();
                let is_done = file.own.as_ref().is_some_and(|own| own.is_done(position))
                    || logged.as_ref().is_some_and(|done| done.contains(&number(position)));
                if is_done {
                    // Its joblog line was written, and its ack came too late.
                    let _ = lease.ack();
                    return None;
                }
                Some(lease)
            })
            .collect();
        let Some(first) = group.first() else { continue };
        let seq = number(first.position());
        let args = file.form.arguments(seq, group.iter().map(|lease| &***lease));
        let duty = Duty::new(group, Arc::clone(&file.consumer), Arc::clone(&file.demand));
        let duty = Arc::new(duty);
        if let Some(extending) = &file.extending {
            extending.watch(seq, &duty);
        }
        items.push(Item { seq, place: *place, args, duty: Some(duty) });
        *place += 1;
    }
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
    drop(producer.put_many(items));
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
