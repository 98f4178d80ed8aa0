//! C8: the counts add up, the waits are measured, nothing leaks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use forebay_contract::{Consume, JoinError, Leased, Patience, Produce, Statistics};

use crate::ensure::{ensure, ensure_eq};
use crate::task::Task;
use crate::watchdog::eventually;
use crate::worker::{Worker, blocked_producer, finish_all};
use crate::{Factory, Item, Settings, Subject, sequence};

/// How long the waits last that must be measured.
const WAIT: Duration = Duration::from_millis(30);

/// Random operations, one at a time: the buffer and the model answer and count alike.
pub fn c8_random_operations_match_the_model<F: Factory>(factory: &F) {
    for seed in 0..F::scaled(500) {
        let sequence = sequence::Sequence::random(seed, 60);
        if let Err(difference) = sequence.compare(factory) {
            let (shortest, difference) = sequence.shrink(factory, difference);
            panic!("C8 accounting: seed {seed}, shrunk: {shortest:?}: {difference}");
        }
    }
}

/// Each count moves by what happened, step by step.
pub fn c8_each_step_is_counted<F: Factory>(factory: &F) {
    fn counts(s: &Statistics) -> [u64; 6] {
        [s.produced, s.finished, s.waiting, s.leased, s.dead, s.dropped]
    }
    let subject = Subject::with_capacity(factory, 4);
    let ensure_counts = |step: &str, promised: [u64; 6]| {
        let found = counts(&subject.ensure_accounted());
        ensure_eq!(Accounting, found, promised, "{step}: counts");
        let found = counts(&subject.producer.statistics());
        ensure_eq!(Accounting, found, promised, "{step}: counts that the producer tells");
    };
    ensure_counts("fresh", [0; 6]);
    subject.fill(0..4);
    ensure_counts("four puts", [4, 0, 4, 0, 0, 0]);
    ensure!(Bound, subject.try_put(9).is_err(), "a fifth put");
    ensure_counts("a refusal", [4, 0, 4, 0, 0, 0]);
    ensure_eq!(Order, subject.try_take(), Ok(0), "a take");
    ensure_counts("a take", [4, 1, 3, 0, 0, 0]);
    let lease = subject.consumer.try_lease();
    ensure_counts("a lease", [4, 1, 2, 1, 0, 0]);
    ensure!(NothingLost, lease.is_ok_and(|lease| lease.ack().is_ok()), "an ack");
    ensure_counts("an ack", [4, 2, 2, 0, 0, 0]);
    drop(subject.consumer.try_lease());
    ensure_counts("a dropped lease", [4, 2, 2, 0, 0, 0]);
    let rejected = subject.consumer.try_lease().map(|lease| lease.reject("no use"));
    ensure_eq!(NothingLost, rejected, Ok(Ok(())), "a reject");
    ensure_counts("a reject", [4, 2, 1, 0, 1, 0]);
    ensure!(NothingLost, subject.consumer.take_dead().is_some(), "a dead letter");
    ensure_counts("a purge", [4, 2, 1, 0, 0, 1]);
    subject.producer.close();
    ensure!(CloseAndDrain, subject.try_put(9).is_err(), "a put after close");
    ensure_counts("a refusal after close", [4, 2, 1, 0, 0, 1]);
}

/// The greatest depth, nacked items included, and never less afterwards.
pub fn c8_high_water_is_the_greatest_depth<F: Factory>(factory: &F) {
    let subject = Subject::with_capacity(factory, 3);
    let high_water = || subject.statistics().high_water;
    ensure_eq!(Accounting, high_water(), 0, "the high-water mark of a fresh buffer");
    subject.fill(0..2);
    subject.drain();
    subject.fill([2]);
    ensure_eq!(Accounting, high_water(), 2, "the high-water mark after two, none, one");
    let lease = subject.consumer.try_lease();
    subject.fill(3..6);
    ensure_eq!(Accounting, high_water(), 3, "the high-water mark at capacity");
    drop(lease);
    ensure_eq!(Accounting, high_water(), 4, "the high-water mark after a nack past capacity");
    subject.drain();
    ensure_eq!(Accounting, high_water(), 4, "the high-water mark in the end");
}

/// Every handle is counted while it lives, and has its share; what those took that are gone is told
/// in one number, so that all takes and leases add up.
pub fn c8_shares_add_up<F: Factory>(factory: &F) {
    let subject = Subject::with_capacity(factory, 8);
    let (second, third) = (subject.consumer.clone(), subject.consumer.clone());
    let another = subject.producer.clone();
    let s = subject.statistics();
    ensure_eq!(Accounting, (s.producers, s.consumers), (2, 3), "handles alive");
    subject.fill(0..6);
    let takes = [
        subject.try_take().is_ok(),
        second.try_take().is_ok(),
        second.try_take().is_ok(),
        third.try_lease().is_ok_and(|lease| lease.nack().is_ok()),
        third.try_lease().is_ok_and(|lease| lease.ack().is_ok()),
        third.try_take().is_ok(),
    ];
    ensure_eq!(NothingLost, takes, [true; 6], "takes and leases");
    ensure!(Accounting, second.try_take().is_ok() && second.try_take().is_err(), "the last item");
    let told = |s: &Statistics| -> (Vec<(u64, u64)>, u64) {
        let shares = s.shares.iter().map(|share| (share.consumer, share.items));
        (shares.collect(), s.departed)
    };
    let promised = (vec![(0, 1), (1, 3), (2, 3)], 0);
    let found = told(&subject.ensure_accounted());
    ensure_eq!(Accounting, found, promised, "(consumer, items) of each share, and departed");
    drop((second, another));
    let s = subject.ensure_accounted();
    ensure_eq!(Accounting, (s.producers, s.consumers), (1, 2), "handles alive after drops");
    let promised = (vec![(0, 1), (2, 3)], 3);
    ensure_eq!(Accounting, told(&s), promised, "(consumer, items) of each share, and departed");
}

/// Time spent waiting for room is the producers'; time spent waiting for an item, the consumers'.
pub fn c8_waits_are_measured<F: Factory>(factory: &F) {
    let subject = Subject::with_capacity(factory, 1);
    let s = subject.statistics();
    let waits = (s.producer_wait, s.consumer_wait);
    ensure_eq!(Accounting, waits, (Duration::ZERO, Duration::ZERO), "waits of a fresh buffer");
    subject.fill([0]);
    let item = subject.item(1);
    let put = blocked_producer::<F, _>(&subject.producer, move |p| p.put(item).is_ok());
    ensure_eq!(Accounting, subject.statistics().producers_waiting, 1, "puts waiting now");
    thread::sleep(WAIT);
    ensure_eq!(Order, subject.try_take(), Ok(0), "a take");
    ensure!(Waiting, put.finish(), "the put that waited");
    let s = subject.statistics();
    ensure!(Accounting, s.producer_wait >= WAIT, "a put waited {WAIT:?}: {:?}", s.producer_wait);
    ensure!(Accounting, s.consumer_wait < WAIT, "no take waited: {:?}", s.consumer_wait);
    ensure_eq!(Accounting, s.producers_waiting, 0, "puts waiting in the end");
    ensure_eq!(Order, subject.try_take(), Ok(1), "a take");

    // The handle outlives its wait, so that its share can still be read.
    let second = Arc::new(subject.consumer.clone());
    let own = Arc::clone(&second);
    let take = Worker::start(move || own.take().is_ok());
    eventually("C8 accounting: a take that waits is counted", || {
        subject.statistics().consumers_waiting == 1
    });
    thread::sleep(WAIT);
    subject.fill([2]);
    ensure!(Waiting, take.finish(), "the take that waited");
    let s = subject.statistics();
    ensure!(Accounting, s.consumer_wait >= WAIT, "a take waited {WAIT:?}: {:?}", s.consumer_wait);
    ensure_eq!(Accounting, s.consumers_waiting, 0, "takes waiting in the end");
    let shared: Duration = s.shares.iter().map(|share| share.waited).sum();
    ensure_eq!(Accounting, shared, s.consumer_wait, "the sum of the consumers' waits");
    ensure_eq!(Accounting, s.shares.len(), 2, "consumers so far");
    ensure!(Accounting, s.shares[1].waited >= WAIT, "the wait is the second consumer's");

    // A wait that ends by giving up was a wait as well.
    let before = s.consumer_wait;
    let _ = subject.consumer.take_timeout(WAIT * 10);
    let waited = subject.statistics().consumer_wait.saturating_sub(before);
    // The rest is for the way to where it waits.
    ensure!(Accounting, waited >= WAIT * 9, "a take timed out after {:?}: {waited:?}", WAIT * 10);
}

/// The statistics can be read while everything moves; counts of what happened never go back.
pub fn c8_statistics_are_readable_while_running<F: Factory>(factory: &F) {
    let items = F::scaled(2_000);
    let subject = Subject::new(factory, Settings::new(4).max_leased(2));
    let done = Arc::new(AtomicBool::new(false));
    let read = Arc::new(AtomicBool::new(false));
    let (watching, watched, seen) =
        (subject.producer.clone(), Arc::clone(&done), Arc::clone(&read));
    let reader = Worker::start(move || {
        let mut last = watching.statistics();
        while !watched.load(Ordering::SeqCst) {
            let s = watching.statistics();
            let grown = s.produced >= last.produced
                && s.finished >= last.finished
                && s.high_water >= last.high_water;
            ensure!(Accounting, grown, "a count went back: {last:?}, then {s:?}");
            ensure!(Accounting, s.produced <= items, "more was produced than put: {s:?}");
            last = s;
            seen.store(true, Ordering::SeqCst);
            thread::yield_now();
        }
    });
    let workers = (0..2)
        .map(|_| {
            let own = subject.consumer.clone();
            Worker::start(move || {
                for id in 0.. {
                    let finished = if id % 4 == 0 {
                        own.lease().is_ok_and(|lease| lease.ack().is_ok())
                    } else {
                        own.take().is_ok()
                    };
                    if !finished {
                        return;
                    }
                }
            })
        })
        .collect();
    for id in 0..items {
        ensure!(NothingLost, subject.producer.put(subject.item(id)).is_ok(), "put {id}");
        // The second half moves only once somebody reads.
        while id == items / 2 && !read.load(Ordering::SeqCst) && !reader.has_ended() {
            thread::yield_now();
        }
    }
    subject.consumer.close();
    finish_all(workers);
    done.store(true, Ordering::SeqCst);
    reader.finish();
    let s = subject.ensure_accounted();
    ensure_eq!(Accounting, (s.produced, s.finished), (items, items), "produced and finished");
    let shared: u64 = s.shares.iter().map(|share| share.items).sum();
    ensure_eq!(Accounting, shared + s.departed, items, "the sum of all shares");
}

/// Puts in a race with the last consumer's going: each is refused with its item, or counted and
/// dropped, and a join returns. Where the buffer stays open, they go on until it is full, and wait.
pub fn c8_puts_racing_the_last_consumer_are_accounted<F: Factory>(factory: &F) {
    for round in 0..F::scaled(200) {
        let Subject { producer, consumer, ledger } = Subject::with_capacity(factory, 64);
        let putting = (0..2)
            .map(|_| {
                let (own, ledger) = (producer.clone(), ledger.clone());
                Worker::start(move || {
                    let put = |id: &u64| own.put(F::Item::new(*id, &ledger)).is_ok();
                    (0..u64::MAX).take_while(put).count() as u64
                })
            })
            .collect();
        let mut taken = 0;
        while taken < round % 4 * 20 {
            taken += u64::from(consumer.try_take().is_ok());
        }
        drop(consumer);
        if F::STAYS_OPEN {
            eventually("C6 close and drain: puts for nobody go on until there is no room", || {
                let s = producer.statistics();
                (s.waiting, s.producers_waiting) == (64, 2)
            });
            producer.close();
        }
        let placed: u64 = finish_all(putting).into_iter().sum();
        let s = producer.statistics();
        let counts = (s.produced, s.finished, s.waiting, s.dropped);
        let (waiting, dropped) = if F::STAYS_OPEN { (64, 0) } else { (0, placed - taken) };
        let promised = (placed, taken, waiting, dropped);
        ensure_eq!(Accounting, counts, promised, "produced, finished, waiting, dropped");
        if F::STAYS_OPEN {
            let tried = producer.join_within(Patience::Try);
            ensure_eq!(Join, tried, Err(JoinError::TimedOut), "a join with items for nobody");
        } else {
            ensure_eq!(Join, producer.join(), Ok(()), "a join");
        }
        drop(producer);
        ensure_eq!(Accounting, ledger.alive(), 0, "items that outlive their buffer");
    }
}

/// When the last handle is gone, so is every item: waiting, leased, dead or in a put that waited.
pub fn c8_nothing_outlives_the_buffer<F: Factory>(factory: &F) {
    for last in 0..3 {
        let Subject { producer, consumer, ledger } = Subject::with_capacity(factory, 4);
        for id in 0..3 {
            ensure!(Bound, producer.try_put(F::Item::new(id, &ledger)).is_ok(), "put {id}");
        }
        let rejected = consumer.try_lease().map(|lease| lease.reject("no use"));
        ensure_eq!(NothingLost, rejected, Ok(Ok(())), "lease and reject");
        let held = consumer.try_lease();
        for id in 3..6 {
            ensure!(Bound, producer.try_put(F::Item::new(id, &ledger)).is_ok(), "put {id}");
        }
        let mut waiting = Task::new(producer.put_async(F::Item::new(6, &ledger)));
        ensure!(Waiting, waiting.settled::<F>().is_pending(), "a put on a full buffer waits");
        drop(waiting);
        match last {
            0 => drop((held, consumer, producer)),
            1 => drop((producer, consumer, held)),
            _ => drop((consumer, held, producer)),
        }
        ensure_eq!(Accounting, ledger.alive(), 0, "items that outlive their buffer ({last})");
    }
}
