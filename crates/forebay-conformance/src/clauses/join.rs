//! C7: join returns exactly when nothing is unfinished.

use std::thread;
use std::time::Duration;

use forebay_contract::{Consume, JoinError, Leased, Patience, Produce};

use super::nothing_lost::die_with;
use crate::ensure::{ensure, ensure_eq};
use crate::task::{Task, block_on};
use crate::worker::{Worker, finish_all};
use crate::{Factory, Item, Settings, Subject};

/// Time in which a join that returns too early would have done so.
const PAUSE: Duration = Duration::from_millis(10);

/// Nothing unfinished, nothing to wait for: on a fresh buffer and after the last item.
pub fn c7_join_returns_when_nothing_is_unfinished<F: Factory>(factory: &F) {
    let subject = Subject::with_capacity(factory, 2);
    for lap in 0..2 {
        let joined = [
            subject.producer.join_within(Patience::Try),
            subject.consumer.join_within(Patience::Try),
            subject.producer.join_within(Patience::lasting(PAUSE)),
        ];
        ensure_eq!(Join, joined, [Ok(()); 3], "lap {lap}: a join with nothing unfinished");
        ensure_eq!(Join, subject.producer.join(), Ok(()), "a join");
        ensure_eq!(Join, subject.consumer.join(), Ok(()), "a join");
        ensure_eq!(Join, block_on(subject.producer.join_async()), Ok(()), "a join by a task");
        ensure_eq!(Join, block_on(subject.consumer.join_async()), Ok(()), "a join by a task");
        subject.fill(0..2);
        ensure_eq!(NothingLost, subject.drain(), vec![0, 1], "lap {lap}: what was put");
    }
}

/// What waits and what is leased is unfinished; only acks and dead letters finish it.
pub fn c7_join_counts_what_waits_and_what_is_leased<F: Factory>(factory: &F) {
    let subject = Subject::with_capacity(factory, 3);
    let ensure_unfinished = |what: &str| {
        let tried = subject.producer.join_within(Patience::Try);
        ensure_eq!(Join, tried, Err(JoinError::TimedOut), "a join with {what}");
        let tried = subject.consumer.join_within(Patience::lasting(Duration::from_millis(1)));
        ensure_eq!(Join, tried, Err(JoinError::TimedOut), "a join with {what}");
        let mut task = Task::new(subject.producer.join_async());
        ensure!(Join, task.settled::<F>().is_pending(), "a join task with {what}");
    };
    subject.fill(0..2);
    ensure_unfinished("items waiting");
    let (first, second) = (subject.consumer.try_lease(), subject.consumer.try_lease());
    ensure_unfinished("two leases out");
    ensure!(Join, first.is_ok_and(|lease| lease.ack().is_ok()), "lease and ack");
    ensure_unfinished("one lease out");
    ensure!(Join, second.is_ok_and(|lease| lease.nack().is_ok()), "lease and nack");
    ensure_unfinished("a nacked item waiting");
    let third = subject.consumer.try_lease();
    ensure!(Join, third.is_ok_and(|lease| lease.reject("no use").is_ok()), "lease and reject");
    let joined = subject.producer.join_within(Patience::Try);
    ensure_eq!(Join, joined, Ok(()), "a join with nothing but a dead letter");
}

/// The last item taken by a task ends a join, as by a thread.
pub fn c7_a_take_by_a_task_ends_a_join<F: Factory>(factory: &F) {
    let subject = Subject::with_capacity(factory, 3);
    subject.fill(0..2);
    let mut task = Task::new(subject.producer.join_async());
    ensure!(Join, task.settled::<F>().is_pending(), "a join with items waiting");
    for last in [false, true] {
        ensure!(Order, block_on(subject.consumer.take_async()).is_ok(), "an item by a task");
        let woken = if last { task.gets_woken::<F>() } else { task.is_woken() };
        ensure_eq!(Join, woken, last, "whether the join is woken");
    }
    ensure!(Join, task.gets_ready::<F>().is_ready(), "the join with nothing unfinished");
}

/// Whatever finishes the last item wakes every join that sleeps, and nothing else does.
pub fn c7_the_last_answer_wakes_every_join<F: Factory>(factory: &F) {
    for last in 0..4 {
        let subject = Subject::new(factory, Settings::new(2).max_failures(1));
        subject.fill(0..2);
        let Ok(held) = subject.consumer.try_lease() else {
            panic!("C3 nothing lost: no item to lease");
        };
        let (producer, consumer) = (subject.producer.clone(), subject.consumer.clone());
        let (timed, tasked) = (subject.producer.clone(), subject.consumer.clone());
        let joins = vec![
            Worker::start(move || producer.join()),
            Worker::start(move || consumer.join()),
            Worker::start(move || {
                let joined = timed.join_within(Patience::lasting(Duration::from_mins(10)));
                ensure_eq!(Join, joined, Ok(()), "a join with a far deadline");
                joined
            }),
            Worker::start(move || block_on(tasked.join_async())),
        ];
        let mut task = Task::new(subject.producer.join_async());
        ensure!(Join, task.settled::<F>().is_pending(), "a join task with items unfinished");
        thread::sleep(PAUSE);
        ensure_eq!(Order, subject.try_take(), Ok(1), "the item that is not leased");
        thread::sleep(PAUSE);
        ensure!(Join, task.settled::<F>().is_pending(), "a join task with one lease out");
        let early = joins.iter().filter(|join| join.has_ended()).count();
        ensure_eq!(Join, early, 0, "joins that returned with one lease out");
        let finished = match last {
            0 => held.ack().is_ok(),
            1 => held.reject("no use").is_ok(),
            2 => held.fail("for good").is_ok(),
            _ => {
                drop(held);
                subject.try_take().is_ok()
            }
        };
        ensure!(Join, finished, "the last answer ({last}) is accepted");
        ensure!(Join, task.gets_woken::<F>(), "the last answer ({last}) wakes the join task");
        ensure!(
            Join,
            task.gets_ready::<F>().is_ready(),
            "the join task is ready after answer {last}"
        );
        let joined = finish_all(joins);
        ensure!(Join, joined.iter().all(Result::is_ok), "each join: {joined:?}");
    }
}

/// A worker that dies with the last lease does not hold the join for ever: another finishes its
/// item.
pub fn c7_join_survives_the_death_of_a_worker<F: Factory>(factory: &F) {
    for panics in [false, true] {
        let subject = Subject::with_capacity(factory, 1);
        subject.fill([0]);
        let own = subject.producer.clone();
        let joining = Worker::start(move || own.join());
        let worker = subject.consumer.clone();
        Worker::start(move || {
            let lease = worker.lease();
            if panics { die_with(lease) } else { drop(lease) }
        })
        .finish();
        ensure!(Join, !joining.has_ended(), "the item of the dead worker is unfinished");
        let redelivered = subject.consumer.lease_timeout(Duration::from_secs(1));
        let finished = redelivered.map(|lease| lease.ack().map(|item| item.id()));
        ensure_eq!(Join, finished, Ok(Ok(0)), "the item of the dead worker, finished by another");
        ensure_eq!(Join, joining.finish(), Ok(()), "the join");
    }
}

/// After a join that followed the last put, everything is finished, whatever the workers did.
pub fn c7_join_means_it_while_everything_moves<F: Factory>(factory: &F) {
    let items = F::scaled(60);
    for round in 0..4 {
        let subject = Subject::with_capacity(factory, 3);
        let workers: Vec<_> = (0..3)
            .map(|number| {
                let own = subject.consumer.clone();
                Worker::start(move || {
                    let mut rng = fastrand::Rng::with_seed(round * 10 + number);
                    while let Ok(lease) = own.lease() {
                        match rng.u8(0..6) {
                            0 => drop(lease.nack()),
                            1 => drop(lease),
                            2 => die_with(lease),
                            _ => drop(lease.ack()),
                        }
                    }
                })
            })
            .collect();
        for lap in 0..2 {
            for id in 0..items {
                ensure!(NothingLost, subject.producer.put(subject.item(id)).is_ok(), "put {id}");
            }
            if round % 2 == 0 {
                ensure_eq!(Join, subject.producer.join(), Ok(()), "a join");
            } else {
                ensure_eq!(
                    Join,
                    block_on(subject.consumer.join_async()),
                    Ok(()),
                    "a join by a task"
                );
            }
            let s = subject.statistics();
            let counts = (s.finished, s.waiting, s.leased);
            ensure_eq!(Join, counts, ((lap + 1) * items, 0, 0), "finished, waiting, leased");
        }
        subject.producer.close();
        finish_all(workers);
    }
}
