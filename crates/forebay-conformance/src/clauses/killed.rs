//! C1 to C8 where processes die: what a killed one held is somebody else's, and everything is counted.
//!
//! A process is killed by SIGKILL, at whatever it is doing, and does nothing more. That it has died may be
//! noticed a moment later, so that these checks wait for what has to come of it. What it cannot tell any
//! more is open: a put or an ack that was under way may have been done.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use fastrand::Rng;
use forebay_contract::{
    Consume, Death, JoinError, LeaseError, Leased, Patience, Permitted, Produce, Refusal, TakeError,
};

use crate::ensure::{ensure, ensure_eq};
use crate::task::Task;
use crate::watchdog::{comes_true, eventually};
use crate::worker::{Worker, blocked_consumer, blocked_producer, finish_all};
use crate::{Item, Mortal, Settings, Subject};

/// Starts a thread that calls with this producer, and returns once that call waits.
fn waiting_producer<F: Mortal, T: Send + 'static>(
    producer: &Arc<F::Producer>,
    call: impl FnOnce(&F::Producer) -> T + Send + 'static,
) -> Worker<T> {
    let before = producer.statistics().producers_waiting;
    let own = Arc::clone(producer);
    let worker = Worker::start(move || call(&own));
    eventually("C5 waiting: a put on a full buffer is counted as waiting", || {
        producer.statistics().producers_waiting > before
    });
    worker
}

/// Starts a thread that calls with this consumer, and returns once that call waits.
fn waiting_consumer<F: Mortal, T: Send + 'static>(
    consumer: &Arc<F::Consumer>,
    call: impl FnOnce(&F::Consumer) -> T + Send + 'static,
) -> Worker<T> {
    let before = consumer.statistics().consumers_waiting;
    let own = Arc::clone(consumer);
    let worker = Worker::start(move || call(&own));
    eventually("C5 waiting: a take on an empty buffer is counted as waiting", || {
        consumer.statistics().consumers_waiting > before
    });
    worker
}

/// What a killed consumer held goes back to its own position; what others hold stays with them.
pub fn c3_a_killed_consumers_items_go_back_in_place<F: Mortal>(factory: &F) {
    let subject = Subject::with_capacity(factory, 5);
    subject.fill(0..5);
    let victim = subject.consumer.clone();
    let (first, second) = (victim.try_lease(), victim.try_lease());
    let third = subject.consumer.try_lease();
    F::kill_consumer(&victim);
    eventually("C3 nothing lost: what a killed consumer held comes back", || {
        subject.statistics().leased == 1
    });
    let late = first.map(|lease| lease.ack().map(drop));
    ensure!(NothingTwice, matches!(late, Ok(Err(LeaseError::Unable(_)))), "an answer of the dead");
    drop(second);
    let s = subject.ensure_accounted();
    ensure_eq!(NothingLost, (s.waiting, s.leased), (4, 1), "waiting and leased after the death");
    let again = subject.consumer.try_lease();
    let again = again.map(|lease| (lease.id(), lease.deliveries(), lease.failures()));
    ensure_eq!(
        NothingLost,
        again,
        Ok((0, 2, 0)),
        "the item of the dead (id, deliveries, failures)"
    );
    ensure_eq!(Order, subject.drain(), vec![0, 1, 3, 4], "what is left beside a lease");
    let nacked = third.map(Leased::nack);
    ensure_eq!(NothingTwice, nacked, Ok(Ok(())), "the answer of a consumer that lives");
    ensure_eq!(Order, subject.drain(), vec![2], "its item");
    ensure_eq!(Accounting, subject.ensure_accounted().finished, 5, "finished");
}

/// Who never waits, and only tries, finds what the dead held as well: an item, and a place.
pub fn c3_who_only_tries_finds_what_the_dead_held<F: Mortal>(factory: &F) {
    let subject = Subject::with_capacity(factory, 1);
    subject.fill([0]);
    let victim = subject.consumer.clone();
    let held = victim.try_lease();
    ensure!(NothingLost, held.is_ok(), "a lease");
    ensure_eq!(
        NothingTwice,
        subject.try_take(),
        Err(TakeError::Empty),
        "a try_take beside a lease"
    );
    F::kill_consumer(&victim);
    let found = comes_true(|| subject.try_take() == Ok(0));
    ensure!(NothingLost, found, "try_take after try_take never finds the item of the dead");

    let victim = subject.producer.clone();
    let permit = victim.try_reserve();
    ensure!(Bound, permit.is_ok(), "a permit");
    F::kill_producer(&victim);
    let found = comes_true(|| subject.try_put(1) == Ok(()));
    ensure!(NothingLost, found, "try_put after try_put never finds the place of the dead");
    ensure_eq!(NothingLost, subject.drain(), vec![1], "what was placed");
    subject.ensure_accounted();
}

/// What a killed producer had put is there, in its order.
pub fn c3_what_a_killed_producer_put_stays<F: Mortal>(factory: &F) {
    let subject = Subject::with_capacity(factory, 4);
    let victim = subject.producer.clone();
    for id in 0..3 {
        ensure!(Bound, victim.put(subject.item(id)).is_ok(), "put {id}");
    }
    F::kill_producer(&victim);
    let late = victim.put(subject.item(9)).map_err(|error| (error.item.id(), error.refusal));
    ensure!(Waiting, matches!(late, Err((9, Refusal::Unable(_)))), "a put of the dead: {late:?}");
    subject.fill([3]);
    ensure_eq!(NothingLost, subject.drain(), vec![0, 1, 2, 3], "what was put");
    ensure_eq!(Accounting, subject.ensure_accounted().produced, 4, "produced");
}

/// The place that a killed producer had set aside is free again, and wakes who waits for it.
pub fn c1_a_killed_producers_permit_is_free_again<F: Mortal>(factory: &F) {
    let subject = Subject::with_capacity(factory, 1);
    let victim = subject.producer.clone();
    let permit = victim.try_reserve();
    ensure!(Bound, permit.is_ok(), "a permit: {:?}", permit.as_ref().err());
    ensure_eq!(Bound, subject.try_put(0), Err(Refusal::Full), "a put beside a permit");
    let item = subject.item(1);
    let waiting = blocked_producer::<F, _>(&subject.producer, move |p| p.put(item).is_ok());
    F::kill_producer(&victim);
    ensure!(Waiting, waiting.finish(), "the put that waited for a permit of the dead");
    let late = permit.map(|permit| permit.put(subject.item(2)).map_err(|error| error.refusal));
    ensure!(Bound, matches!(late, Ok(Err(Refusal::Unable(_)))), "a permit of the dead: {late:?}");
    let s = subject.ensure_accounted();
    let counts = (s.produced, s.waiting, s.reserved);
    ensure_eq!(Bound, counts, (1, 1, 0), "produced, waiting and reserved");
    ensure_eq!(Bound, subject.drain(), vec![1], "what was placed");
}

/// A put that waited when its process was killed is not placed afterwards and holds nobody up.
pub fn c5_a_killed_put_is_out_of_the_way<F: Mortal>(factory: &F) {
    for by_task in [false, true] {
        let subject = Subject::with_capacity(factory, 1);
        subject.fill([0]);
        let victim = Arc::new(subject.producer.clone());
        let item = subject.item(1);
        let (mut task, mut thread) = (None, None);
        if by_task {
            let mut put = Task::new(victim.put_async(item));
            ensure!(Waiting, put.settled::<F>().is_pending(), "a put on a full buffer waits");
            task = Some(put);
        } else {
            thread =
                Some(waiting_producer::<F, _>(&victim, |p| p.put(item).map_err(|e| e.refusal)));
        }
        let item = subject.item(2);
        let next = blocked_producer::<F, _>(&subject.producer, move |p| p.put(item).is_ok());
        F::kill_producer(&victim);
        drop(task);
        if let Some(thread) = thread {
            let told = thread.finish();
            ensure!(
                Waiting,
                matches!(told, Err(Refusal::Unable(_))),
                "what the dead say: {told:?}"
            );
        }
        eventually("C5 waiting: a killed put is not counted as waiting", || {
            subject.statistics().producers_waiting == 1
        });
        ensure_eq!(Order, subject.try_take(), Ok(0), "the item that filled the buffer");
        ensure!(Waiting, next.finish(), "the put behind the dead one");
        ensure_eq!(Waiting, subject.drain(), vec![2], "what was placed");
        let s = subject.ensure_accounted();
        let counts = (s.produced, s.producers_waiting);
        ensure_eq!(Waiting, counts, (2, 0), "produced, and puts that wait");
    }
}

/// A batch that waited when its process was killed has placed a part, from the front.
pub fn c5_a_killed_batch_has_placed_its_front<F: Mortal>(factory: &F) {
    let subject = Subject::with_capacity(factory, 3);
    let victim = Arc::new(subject.producer.clone());
    let batch = (0..20).map(|id| subject.item(id)).collect();
    let putting = waiting_producer::<F, _>(&victim, |p| p.put_many(batch).is_ok());
    let mut taken: Vec<u64> =
        (0..5).map_while(|_| subject.consumer.take().ok()).map(|item| item.id()).collect();
    F::kill_producer(&victim);
    ensure!(Waiting, !putting.finish(), "the batch of the dead");
    // Whatever it has placed is there by now.
    taken.extend(subject.drain());
    let front: Vec<u64> = (0..taken.len() as u64).collect();
    ensure_eq!(Waiting, taken, front, "what was placed of the batch");
    ensure!(Bound, (5..=8).contains(&taken.len()), "{} of the batch", taken.len());
    ensure_eq!(Accounting, subject.ensure_accounted().produced, front.len() as u64, "produced");
    for id in 20..23 {
        ensure_eq!(
            Waiting,
            subject.try_put(id),
            Ok(()),
            "a put where a killed batch stood in line"
        );
    }
    ensure_eq!(Bound, subject.try_put(23), Err(Refusal::Full), "the capacity after the death");
}

/// A take that waited when its process was killed gets nothing afterwards, and holds nobody up.
pub fn c5_a_killed_take_is_out_of_the_way<F: Mortal>(factory: &F) {
    let subject = Subject::with_capacity(factory, 2);
    let victim = Arc::new(subject.consumer.clone());
    let dying = waiting_consumer::<F, _>(&victim, |c| c.take().map(|item| item.id()));
    let next = blocked_consumer::<F, _>(&subject.consumer, |c| c.take().map(|item| item.id()));
    F::kill_consumer(&victim);
    let told = dying.finish();
    ensure!(Waiting, matches!(told, Err(TakeError::Unable(_))), "what the dead say: {told:?}");
    eventually("C5 waiting: a killed take is not counted as waiting", || {
        subject.statistics().consumers_waiting == 1
    });
    subject.fill([0]);
    ensure_eq!(Waiting, next.finish(), Ok(0), "the item, to the take behind the dead one");
    subject.fill([1]);
    ensure_eq!(Fairness, subject.try_take(), Ok(1), "no item is kept for the dead");
    let s = subject.ensure_accounted();
    let counts = (s.finished, s.consumers_waiting);
    ensure_eq!(Waiting, counts, (2, 0), "finished, and takes that wait");
}

/// An item that comes just as the lease that waits for it is killed goes to the next.
pub fn c5_a_killed_lease_passes_its_wake_on<F: Mortal>(factory: &F) {
    for round in 0..F::scaled(30) {
        let subject = Subject::with_capacity(factory, 1);
        let victim = Arc::new(subject.consumer.clone());
        let dying = waiting_consumer::<F, _>(&victim, F::Consumer::lease);
        let next = blocked_consumer::<F, _>(&subject.consumer, |c| c.take().map(|item| item.id()));
        let killer = Worker::start({
            let victim = Arc::clone(&victim);
            move || {
                thread::sleep(Duration::from_micros(round * 37 % 400));
                F::kill_consumer(&victim);
            }
        });
        subject.fill([round]);
        killer.finish();
        ensure_eq!(Waiting, next.finish(), Ok(round), "the item, to the take behind the dead");
        drop(dying.finish());
        let s = subject.ensure_accounted();
        ensure_eq!(Accounting, (s.produced, s.finished), (1, 1), "produced and finished");
    }
}

/// A lease that ends by a death is a delivery spent, and no failure; at the limit it makes a dead letter.
pub fn c4_a_death_counts_as_a_delivery<F: Mortal>(factory: &F) {
    let subject = Subject::new(factory, Settings::new(1).max_deliveries(2).max_failures(1));
    subject.fill([0]);
    for delivery in 1..=2 {
        let victim = subject.consumer.clone();
        let held = victim.try_lease();
        let counts = held.as_ref().map(|lease| (lease.deliveries(), lease.failures()));
        let counts = counts.map_err(|error| *error);
        ensure_eq!(NothingTwice, counts, Ok((delivery, 0)), "deliveries and failures");
        F::kill_consumer(&victim);
        eventually("C3 nothing lost: the item of the dead comes back, or is set aside", || {
            subject.statistics().leased == 0
        });
    }
    let told = subject.consumer.take_dead();
    let told = told.map(|l| (l.item.id(), l.death, l.deliveries, l.failures));
    ensure_eq!(NothingTwice, told, Some((0, Death::Deliveries, 2, 0)), "the dead letter");
    subject.ensure_accounted();
}

/// After close, `Closed` waits for what a killed consumer held, and comes after it.
pub fn c6_closed_comes_after_what_the_dead_held<F: Mortal>(factory: &F) {
    let subject = Subject::with_capacity(factory, 2);
    subject.fill([0]);
    let victim = subject.consumer.clone();
    let held = victim.try_lease();
    ensure!(NothingLost, held.is_ok(), "a lease");
    subject.producer.close();
    let waiting = blocked_consumer::<F, _>(&subject.consumer, |c| {
        (c.take().map(|item| item.id()), c.take().err())
    });
    F::kill_consumer(&victim);
    let rest = waiting.finish();
    ensure_eq!(CloseAndDrain, rest, (Ok(0), Some(TakeError::Closed)), "its item, and the end");
    subject.ensure_accounted();
}

/// A death closes nothing and abandons nothing: the buffer stays open until someone closes it.
pub fn c6_a_death_closes_nothing<F: Mortal>(factory: &F) {
    let Subject { producer, consumer, ledger } = Subject::with_capacity(factory, 2);
    let (one, another) = (consumer.clone(), producer.clone());
    F::kill_consumer(&one);
    F::kill_producer(&another);
    eventually("C8 accounting: the dead are not counted as alive", || {
        let s = producer.statistics();
        (s.producers, s.consumers) == (1, 1)
    });
    F::kill_consumer(&consumer);
    let put = producer.try_put(F::Item::new(0, &ledger)).map_err(|error| error.refusal);
    ensure!(CloseAndDrain, put.is_ok(), "a put beside the last consumer's death: {put:?}");
    eventually("C8 accounting: the dead are not counted as alive", || {
        producer.statistics().consumers == 0
    });
    let put = producer.try_put(F::Item::new(1, &ledger)).map_err(|error| error.refusal);
    ensure!(CloseAndDrain, put.is_ok(), "a put after the last consumer's death: {put:?}");
    let s = producer.statistics();
    let told = (s.closed, s.produced, s.waiting, s.dropped);
    ensure_eq!(CloseAndDrain, told, (false, 2, 2, 0), "closed, produced, waiting, dropped");
}

/// Join returns when what a killed worker held was finished by another, and not before.
pub fn c7_join_survives_a_killed_worker<F: Mortal>(factory: &F) {
    let subject = Subject::with_capacity(factory, 1);
    subject.fill([0]);
    let victim = subject.consumer.clone();
    let held = victim.try_lease();
    ensure!(NothingLost, held.is_ok(), "a lease");
    let own = subject.producer.clone();
    let joining = Worker::start(move || own.join());
    let mut task = Task::new(subject.consumer.join_async());
    ensure!(Join, task.settled::<F>().is_pending(), "a join with a lease out");
    F::kill_consumer(&victim);
    let again = subject.consumer.lease_timeout(Duration::from_secs(30));
    let tried = subject.producer.join_within(Patience::Try);
    ensure_eq!(Join, tried, Err(JoinError::TimedOut), "a join while another has the item");
    ensure!(Join, !joining.has_ended(), "a join returned while another has the item");
    ensure!(Join, task.settled::<F>().is_pending(), "a join task while another has the item");
    let finished = again.map(|lease| lease.ack().map(|item| item.id()));
    ensure_eq!(Join, finished, Ok(Ok(0)), "the item of the dead, finished by another");
    ensure!(Join, task.gets_woken::<F>(), "its ack wakes the join task");
    ensure!(Join, task.gets_ready::<F>().is_ready(), "the join task");
    ensure_eq!(Join, joining.finish(), Ok(()), "the join");
}

/// Workers are killed at any moment while everything moves: what was put is finished, once each, and the
/// counts are exact to the last.
pub fn c8_counts_are_exact_after_deaths<F: Mortal>(factory: &F) {
    const DEATHS: usize = 40;
    let subject = Subject::new(factory, Settings::new(4).max_leased(3));
    let done = Arc::new(AtomicBool::new(false));
    let next = Arc::new(AtomicU64::new(0));
    let placed: Arc<Mutex<BTreeSet<u64>>> = Arc::default();
    let finished: Arc<Mutex<Vec<u64>>> = Arc::default();
    let mut rng = Rng::with_seed(8);

    // Each killed worker has a successor; the last ones run to the end.
    let produce = || {
        let own = Arc::new(subject.producer.clone());
        let (next, placed, done) = (Arc::clone(&next), Arc::clone(&placed), Arc::clone(&done));
        let (ledger, calling) = (subject.ledger.clone(), Arc::clone(&own));
        let worker = Worker::start(move || {
            while !done.load(Ordering::SeqCst) {
                let id = next.fetch_add(1, Ordering::SeqCst);
                let put = if id % 5 == 0 {
                    let permit = calling.reserve();
                    permit.and_then(|p| p.put(F::Item::new(id, &ledger)).map_err(|e| e.refusal))
                } else {
                    calling.put(F::Item::new(id, &ledger)).map(drop).map_err(|e| e.refusal)
                };
                match put {
                    Ok(()) => drop(placed.lock().map(|mut all| all.insert(id))),
                    Err(Refusal::Unable(_)) => return,
                    Err(other) => panic!("C5 waiting: a put on an open buffer: {other}"),
                }
            }
        });
        (own, worker)
    };
    let consume = || {
        let own = Arc::new(subject.consumer.clone());
        let (calling, finished) = (Arc::clone(&own), Arc::clone(&finished));
        let worker = Worker::start(move || {
            loop {
                match calling.lease() {
                    Ok(lease) => {
                        let id = lease.id();
                        // At times consumers are slow, and die with a lease; at times producers are.
                        if id % 64 < 48 {
                            thread::sleep(Duration::from_millis(1));
                        }
                        if id % 7 == 3 && lease.deliveries() == 1 {
                            let _ = lease.nack();
                            continue;
                        }
                        match lease.ack() {
                            Ok(_) => drop(finished.lock().map(|mut all| all.push(id))),
                            Err(LeaseError::Unable(_)) => return,
                            Err(other) => panic!("C4 nothing twice: an ack by the living: {other}"),
                        }
                    }
                    Err(TakeError::Closed | TakeError::Unable(_)) => return,
                    Err(other) => panic!("C5 waiting: a lease that waits: {other}"),
                }
            }
        });
        (own, worker)
    };
    let mut producers: Vec<_> = (0..2).map(|_| produce()).collect();
    let mut consumers: Vec<_> = (0..3).map(|_| consume()).collect();
    let mut workers = Vec::new();
    let (mut dead_producers, mut dead_consumers) = (0, 0);
    for _ in 0..DEATHS {
        thread::sleep(Duration::from_micros(rng.u64(0..3_000)));
        if rng.bool() {
            let (own, worker) = producers.swap_remove(rng.usize(0..2));
            F::kill_producer(&own);
            workers.push(worker);
            producers.push(produce());
            dead_producers += 1;
        } else {
            let (own, worker) = consumers.swap_remove(rng.usize(0..3));
            F::kill_consumer(&own);
            workers.push(worker);
            consumers.push(consume());
            dead_consumers += 1;
        }
    }
    done.store(true, Ordering::SeqCst);
    for (_, worker) in producers {
        worker.finish();
    }
    ensure_eq!(Join, subject.producer.join(), Ok(()), "a join after {DEATHS} deaths");
    subject.producer.close();
    workers.extend(consumers.into_iter().map(|(_, worker)| worker));
    finish_all(workers);
    eventually("C8 accounting: the dead are not counted as alive", || {
        let s = subject.statistics();
        (s.producers, s.consumers, s.reserved) == (1, 1, 0)
    });
    let s = subject.ensure_accounted();
    let counts = (s.waiting, s.leased, s.dead, s.dropped);
    ensure_eq!(Accounting, counts, (0, 0, 0, 0), "waiting, leased, dead, dropped");
    let waiting = (s.producers_waiting, s.consumers_waiting);
    ensure_eq!(Accounting, waiting, (0, 0), "puts and takes that wait");
    let placed = placed.lock().expect("no worker died with it").len() as u64;
    let told = finished.lock().expect("no worker died with it").clone();
    let different: BTreeSet<u64> = told.iter().copied().collect();
    ensure_eq!(NothingTwice, different.len(), told.len(), "different items among those acked");
    // At most one put of each dead producer, and one ack of each dead consumer, was done and not told.
    let untold = s.produced.wrapping_sub(placed);
    ensure!(NothingLost, untold <= dead_producers, "{} produced, {placed} told", s.produced);
    let untold = s.finished.wrapping_sub(told.len() as u64);
    ensure!(NothingLost, untold <= dead_consumers, "{} finished, {} told", s.finished, told.len());
}
