//! C10: a waiter is overtaken at most 2 × (capacity + waiters) times; then the next place or item
//! is its own.
//!
//! Once a place or an item is kept for a waiter, it may take its time: what others put into *other*
//! places meanwhile no longer counts, since the waiter waits for nothing but its own turn to run.
//! So there are three kinds of waiters here. One is polled as soon as it is woken, and counts who
//! was admitted before it. One is left alone while others help themselves, and must then find its
//! place kept at the first poll. One is a thread, which runs when the machine pleases; there the
//! capacity is 1, so that a place kept for it leaves none for others, and overtaking is read off
//! the order of the items.

use std::task::Poll;
use std::thread;

use forebay_contract::{Consume, Leased, Overflow, Produce, Refusal, TakeError};

use crate::ensure::{ensure, ensure_eq};
use crate::task::Task;
use crate::worker::{Worker, blocked_consumer, blocked_producer, finish_all};
use crate::{Factory, Item, Settings, Subject};

/// First id of the items that overtake; waiters' items are below.
const OVERTAKER: u64 = 1_000;

/// The shapes tried: capacity and waiters.
const SHAPES: [(usize, usize); 6] = [(1, 1), (1, 3), (2, 1), (2, 3), (5, 1), (5, 3)];

/// The most overtakers that the clause allows.
const fn most(capacity: usize, waiters: usize) -> usize {
    2 * (capacity + waiters)
}

/// Full buffer, with puts that wait as tasks.
fn waiting_puts<F: Factory>(
    subject: &Subject<F>,
    capacity: usize,
    waiters: usize,
) -> Vec<Task<'_, bool>> {
    subject.fill(100..100 + capacity as u64);
    (0..waiters as u64)
        .map(|id| {
            let put = subject.producer.put_async(subject.item(id));
            let mut task = Task::new(async { put.await.is_ok() });
            ensure!(Waiting, task.settled::<F>().is_pending(), "a put on a full buffer waits");
            task
        })
        .collect()
}

/// Empty buffer, with takes that wait as tasks.
fn waiting_takes<F: Factory>(subject: &Subject<F>, waiters: usize) -> Vec<Task<'_, bool>> {
    (0..waiters)
        .map(|_| {
            let take = subject.consumer.take_async();
            let mut task = Task::new(async { take.await.is_ok() });
            ensure!(Waiting, task.settled::<F>().is_pending(), "a take on an empty buffer waits");
            task
        })
        .collect()
}

/// Polls those that are due; the ones that are done leave, and must be done well.
fn run_woken<F: Factory>(tasks: &mut Vec<Task<'_, bool>>) {
    tasks.retain_mut(|task| !task.is_due::<F>() || is_still_waiting::<F>(task));
}

fn is_still_waiting<F: Factory>(task: &mut Task<'_, bool>) -> bool {
    match task.settled::<F>() {
        Poll::Pending => true,
        Poll::Ready(well) => {
            ensure!(Waiting, well, "a call that waited on an open buffer was refused");
            false
        }
    }
}

fn try_put<F: Factory>(subject: &Subject<F>, id: u64) -> bool {
    let put = subject.try_put(id);
    let may = matches!(put, Ok(()) | Err(Refusal::Full));
    ensure!(Fairness, may, "a try_put beside waiters: {put:?}");
    put.is_ok()
}

fn try_take<F: Factory>(subject: &Subject<F>) -> bool {
    let taken = subject.try_take();
    let may = matches!(taken, Ok(_) | Err(TakeError::Empty));
    ensure!(Fairness, may, "a try_take beside waiters: {taken:?}");
    taken.is_ok()
}

/// Puts that are polled when woken are placed, though a `try_put` always comes first.
pub fn c10_waiting_put_is_not_overtaken_without_end<F: Factory>(factory: &F) {
    for (capacity, waiters) in SHAPES {
        let subject = Subject::with_capacity(factory, capacity);
        let mut tasks = waiting_puts(&subject, capacity, waiters);
        let limit = most(capacity, waiters);
        let mut times = 0;
        for round in 0..(limit as u64 + 2) * (waiters as u64 + 1) {
            try_take(&subject);
            times += usize::from(try_put(&subject, OVERTAKER + round));
            run_woken::<F>(&mut tasks);
            if tasks.is_empty() {
                break;
            }
            ensure!(
                Fairness,
                times <= limit,
                "capacity {capacity}, {waiters} waiters: {times} calls of try_put overtook a put \
                 that waits, {limit} are allowed"
            );
        }
        ensure_eq!(Fairness, tasks.len(), 0, "capacity {capacity}: puts that still wait");
    }
}

/// Takes that are polled when woken get their item, though a `try_take` always comes first.
pub fn c10_waiting_take_is_not_overtaken_without_end<F: Factory>(factory: &F) {
    for (capacity, waiters) in SHAPES {
        let subject = Subject::with_capacity(factory, capacity);
        let mut tasks = waiting_takes(&subject, waiters);
        let limit = most(capacity, waiters);
        let mut times = 0;
        for round in 0..(limit as u64 + 2) * (waiters as u64 + 1) {
            try_put(&subject, round);
            times += usize::from(try_take(&subject));
            run_woken::<F>(&mut tasks);
            if tasks.is_empty() {
                break;
            }
            ensure!(
                Fairness,
                times <= limit,
                "capacity {capacity}, {waiters} waiters: {times} calls of try_take overtook a \
                 take that waits, {limit} are allowed"
            );
        }
        ensure_eq!(Fairness, tasks.len(), 0, "capacity {capacity}: takes that still wait");
    }
}

/// A put that is not polled for long finds its place kept.
pub fn c10_place_is_kept_for_a_slow_put<F: Factory>(factory: &F) {
    for (capacity, waiters) in SHAPES {
        let subject = Subject::with_capacity(factory, capacity);
        let mut tasks = waiting_puts(&subject, capacity, waiters);
        for round in 0..most(capacity, waiters) as u64 + 10 {
            try_take(&subject);
            try_put(&subject, OVERTAKER + round);
        }
        let settled =
            tasks.iter_mut().filter_map(|task| (!is_still_waiting::<F>(task)).then_some(()));
        let placed = settled.count();
        ensure!(
            Fairness,
            placed > 0,
            "capacity {capacity}, {waiters} waiters: no place was kept for any put that waits"
        );
        ensure!(Bound, subject.statistics().waiting <= capacity as u64, "the depth at the end");
    }
}

/// A put that is not polled for long finds its place kept, though others drop what is oldest to get
/// in.
pub fn c10_place_is_kept_against_drop_oldest<F: Factory>(factory: &F) {
    for (capacity, waiters) in SHAPES {
        let subject = Subject::with_capacity(factory, capacity);
        let mut tasks = waiting_puts(&subject, capacity, waiters);
        let dropping = subject.producer.clone().with_overflow(Overflow::DropOldest);
        for round in 0..most(capacity, waiters) as u64 + 10 {
            try_take(&subject);
            let _ = dropping.put(subject.item(OVERTAKER + round));
        }
        let settled =
            tasks.iter_mut().filter_map(|task| (!is_still_waiting::<F>(task)).then_some(()));
        ensure!(
            Fairness,
            settled.count() > 0,
            "capacity {capacity}, {waiters} waiters: no place was kept for any put that waits"
        );
    }
}

/// A take that is not polled for long finds its item kept.
pub fn c10_item_is_kept_for_a_slow_take<F: Factory>(factory: &F) {
    for (capacity, waiters) in SHAPES {
        let subject = Subject::with_capacity(factory, capacity);
        let mut tasks = waiting_takes(&subject, waiters);
        for round in 0..most(capacity, waiters) as u64 + 10 {
            try_put(&subject, round);
            try_take(&subject);
        }
        let settled =
            tasks.iter_mut().filter_map(|task| (!is_still_waiting::<F>(task)).then_some(()));
        let taken = settled.count();
        ensure!(
            Fairness,
            taken > 0,
            "capacity {capacity}, {waiters} waiters: no item was kept for any take that waits"
        );
    }
}

/// `try_lease` in a loop, against a lease that waits at the lease limit and is polled when woken,
/// or late.
pub fn c10_waiting_lease_is_not_overtaken_without_end<F: Factory>(factory: &F) {
    let capacity = 4;
    for late in [false, true] {
        let subject = Subject::new(factory, Settings::new(capacity).max_leased(1));
        subject.fill(0..4);
        let mut next = 4;
        let mut held = subject.consumer.try_lease().ok();
        ensure!(Bound, held.is_some(), "the first lease");
        let lease = subject.consumer.lease_async();
        let mut task = Task::new(async { lease.await.is_ok() });
        ensure!(Bound, task.settled::<F>().is_pending(), "a lease beyond the limit waits");
        let limit = most(capacity, 1);
        let mut times = 0;
        let mut waits = true;
        for _ in 0..limit + 10 {
            if let Some(lease) = held.take() {
                ensure!(NothingLost, lease.ack().is_ok(), "an ack");
                next += u64::from(try_put(&subject, next));
            }
            held = subject.consumer.try_lease().ok();
            times += usize::from(held.is_some());
            if !late && task.is_due::<F>() && !is_still_waiting::<F>(&mut task) {
                waits = false;
                break;
            }
        }
        ensure!(
            Fairness,
            times <= limit,
            "{times} calls of try_lease overtook a lease that waits, {limit} are allowed"
        );
        drop(held);
        let served = !waits || !is_still_waiting::<F>(&mut task);
        ensure!(Fairness, served, "a lease still waits beside an item and below the limit");
    }
}

/// `try_put` in a loop, against puts that wait as threads.
pub fn c10_blocked_put_is_not_overtaken_without_end<F: Factory>(factory: &F) {
    let waiters = 2;
    let subject = Subject::with_capacity(factory, 1);
    subject.fill([100]);
    let blocked = (0..waiters)
        .map(|id| {
            let item = subject.item(id);
            blocked_producer::<F, _>(&subject.producer, move |p| p.put(item).is_ok())
        })
        .collect();
    let limit = most(1, waiters as usize);
    let mut placed = 0;
    let mut times = 0;
    let mut next = OVERTAKER;
    while placed < waiters {
        match subject.try_take() {
            Ok(id) if id < waiters => placed += 1,
            Ok(id) => times += usize::from(id >= OVERTAKER),
            // The place is kept for a thread that has not run yet.
            Err(_) => thread::yield_now(),
        }
        ensure!(
            Fairness,
            times <= limit,
            "{times} calls of try_put overtook a put that sleeps, {limit} are allowed"
        );
        next += u64::from(try_put(&subject, next));
    }
    ensure!(Waiting, finish_all(blocked).into_iter().all(|placed| placed), "puts that slept");
}

/// `try_take` in a loop, against takes that wait as threads.
pub fn c10_blocked_take_is_not_overtaken_without_end<F: Factory>(factory: &F) {
    let waiters = 2;
    let subject = Subject::with_capacity(factory, 1);
    let blocked: Vec<_> = (0..waiters)
        .map(|_| blocked_consumer::<F, _>(&subject.consumer, |c| c.take().map(|item| item.id())))
        .collect();
    let limit = most(1, waiters);
    let mut next = 0;
    let mut overtaking = Vec::new();
    while !blocked.iter().all(Worker::has_ended) {
        let placed = try_put(&subject, next);
        next += u64::from(placed);
        match subject.try_take() {
            Ok(id) => overtaking.push(id),
            // The item is kept for a thread that has not run yet.
            Err(_) if !placed => thread::yield_now(),
            Err(_) => {}
        }
    }
    for waiter in finish_all(blocked).into_iter().flatten() {
        let times = overtaking.iter().filter(|id| **id < waiter).count();
        ensure!(
            Fairness,
            times <= limit,
            "{times} calls of try_take overtook a take that sleeps, {limit} are allowed"
        );
    }
}

/// A waiter that gives up gives its place up: `try` is not refused for its sake.
pub fn c10_cancelled_waiters_keep_no_place<F: Factory>(factory: &F) {
    let subject = Subject::with_capacity(factory, 1);
    let mut take = Task::new(subject.consumer.take_async());
    ensure!(Waiting, take.settled::<F>().is_pending(), "a take on an empty buffer waits");
    subject.fill([0]);
    drop(take);
    ensure_eq!(Fairness, subject.try_take(), Ok(0), "the item of the take that was cancelled");
    subject.fill([1]);
    let mut put = Task::new(subject.producer.put_async(subject.item(2)));
    ensure!(Waiting, put.settled::<F>().is_pending(), "a put on a full buffer waits");
    drop(put);
    ensure_eq!(Fairness, subject.try_take(), Ok(1), "the waiting item");
    ensure_eq!(Fairness, subject.try_put(3), Ok(()), "the place of the put that was cancelled");
}
