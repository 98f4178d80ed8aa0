//! Every interleaving of small cases, explored by loom: run with `--cfg loom`.
//!
//! What loom does not model: time (a deadline passes at once), more than a few threads, and
//! `SeqCst` accesses, which it treats as weaker (none are used).
#![cfg(loom)]

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use forebay_threads::{Builder, Consumer, Discipline, Patience, Producer, Refusal, TakeError};
use loom::future::block_on;
use loom::thread;

/// Both sides, kept to the end of the model: the last handle's drop closes the buffer, which is a
/// model of its own and would only multiply the others.
struct Sides<T> {
    producer: Producer<T>,
    consumer: Consumer<T>,
}

fn sides<T>(discipline: Discipline, capacity: usize) -> Arc<Sides<T>> {
    let (producer, consumer) =
        Builder::bounded(capacity).discipline(discipline).build().expect("capacity above 0");
    Arc::new(Sides { producer, consumer })
}

fn spawn<T: Send + 'static>(
    sides: &Arc<Sides<T>>,
    work: impl FnOnce(&Sides<T>) + 'static,
) -> thread::JoinHandle<()> {
    let sides = Arc::clone(sides);
    thread::spawn(move || work(&sides))
}

/// Explores a model, with at most so many switches away from a thread that could go on.
fn explore(switches: usize, model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound.get_or_insert(switches);
    builder.check(model);
}

/// Polls once, with a waker that does nothing.
fn poll_once<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

type Waiting<T> = Pin<Box<dyn Future<Output = T>>>;

/// A put that stands in line already.
fn waiting_put(sides: &Sides<i32>, item: i32) -> Waiting<()> {
    let producer = sides.producer.clone();
    let mut put: Waiting<()> = Box::pin(async move { producer.put_async(item).await.unwrap() });
    assert!(poll_once(put.as_mut()).is_pending());
    put
}

/// A take that stands in line already.
fn waiting_take(sides: &Sides<i32>) -> Waiting<i32> {
    let consumer = sides.consumer.clone();
    let mut take: Waiting<i32> = Box::pin(async move { consumer.take_async().await.unwrap() });
    assert!(poll_once(take.as_mut()).is_pending());
    take
}

/// The producer sleeps on a full buffer, the consumer on an empty one, or neither.
fn hand_over(discipline: Discipline, capacity: i32) {
    explore(2, move || {
        let sides = sides(discipline, capacity as usize);
        for item in 0..capacity {
            sides.producer.put(item).unwrap();
        }
        let other = spawn(&sides, move |sides| sides.producer.put(capacity).unwrap());
        for item in 0..=capacity {
            assert_eq!(sides.consumer.take(), Ok(item));
        }
        other.join().unwrap();
    });
}

/// Two producers wait for the one place in turn; each wake must reach one that still needs it.
fn two_producers(discipline: Discipline) {
    explore(2, move || {
        let sides = sides(discipline, 1);
        sides.producer.put(0).unwrap();
        let first = waiting_put(&sides, 1);
        let second = waiting_put(&sides, 2);
        let other = thread::spawn(move || block_on(first));
        assert_eq!(sides.consumer.take(), Ok(0));
        let one = sides.consumer.take().unwrap();
        block_on(second);
        assert_eq!(one + sides.consumer.take().unwrap(), 3);
        other.join().unwrap();
    });
}

/// Two consumers wait; two items wake both.
fn two_consumers(discipline: Discipline) {
    explore(2, move || {
        let sides = sides(discipline, 2);
        let first = waiting_take(&sides);
        let second = waiting_take(&sides);
        let other = thread::spawn(move || assert!(block_on(first) > 0));
        sides.producer.put(1).unwrap();
        sides.producer.put(2).unwrap();
        assert!(block_on(second) > 0);
        other.join().unwrap();
    });
}

/// The first put in line is cancelled, called already or not: the second must get its wake.
fn cancelled_put(discipline: Discipline) {
    explore(2, move || {
        let sides = sides(discipline, 1);
        sides.producer.put(0).unwrap();
        let first = waiting_put(&sides, 1);
        let second = waiting_put(&sides, 2);
        let other = spawn(&sides, move |sides| {
            assert_eq!(sides.consumer.take(), Ok(0));
            drop(first);
        });
        block_on(second);
        other.join().unwrap();
        assert_eq!(sides.consumer.try_take(), Ok(2));
    });
}

/// The first take in line is cancelled, called already or not: the second must get its wake.
fn cancelled_take(discipline: Discipline) {
    explore(2, move || {
        let sides = sides(discipline, 1);
        let first = waiting_take(&sides);
        let second = waiting_take(&sides);
        let other = spawn(&sides, move |sides| {
            sides.producer.put(1).unwrap();
            drop(first);
        });
        assert_eq!(block_on(second), 1);
        other.join().unwrap();
    });
}

/// A put whose waiter was called finds that a newcomer has taken the place: it must be called again.
fn passed_put(discipline: Discipline) {
    explore(2, move || {
        let sides = sides(discipline, 1);
        sides.producer.put(0).unwrap();
        let waiting = waiting_put(&sides, 1);
        assert_eq!(sides.consumer.take(), Ok(0));
        let other = thread::spawn(move || block_on(waiting));
        if sides.producer.try_put(2).is_ok() {
            sides.consumer.take().unwrap();
        }
        sides.consumer.take().unwrap();
        other.join().unwrap();
    });
}

/// A put whose deadline passes: the item is placed, or handed back, and never both.
fn timed_out_put(discipline: Discipline) {
    explore(2, move || {
        let sides = sides(discipline, 1);
        sides.producer.put(0).unwrap();
        let other = spawn(&sides, |sides| {
            let until = Patience::Until(std::time::Instant::now());
            match sides.producer.put_within(1, until) {
                Ok(()) => {}
                Err(refused) => {
                    assert_eq!((refused.item, refused.refusal), (1, Refusal::TimedOut));
                    sides.producer.put(2).unwrap();
                }
            }
        });
        assert_eq!(sides.consumer.take(), Ok(0));
        assert!(matches!(sides.consumer.take(), Ok(1 | 2)));
        other.join().unwrap();
        assert_eq!(sides.consumer.try_take(), Err(TakeError::Empty));
    });
}

/// A close finds a producer on its way to sleep.
fn close_wakes_producer(discipline: Discipline) {
    explore(2, move || {
        let sides = sides(discipline, 1);
        sides.producer.put(0).unwrap();
        let other = spawn(&sides, |sides| {
            let refused = sides.producer.put(1).unwrap_err();
            assert_eq!((refused.item, refused.refusal), (1, Refusal::Closed));
        });
        sides.consumer.close();
        other.join().unwrap();
    });
}

/// A close finds a consumer on its way to sleep.
fn close_wakes_consumer(discipline: Discipline) {
    explore(2, move || {
        let sides = sides::<()>(discipline, 1);
        let other = spawn(&sides, |sides| {
            assert_eq!(sides.consumer.take(), Err(TakeError::Closed));
        });
        sides.producer.close();
        other.join().unwrap();
    });
}

/// A put that returned Ok is drained, however close the close.
fn put_races_close(discipline: Discipline) {
    explore(2, move || {
        let sides = sides(discipline, 1);
        let other = spawn(&sides, |sides| sides.producer.close());
        match sides.producer.try_put(1) {
            Ok(()) => assert_eq!(sides.consumer.take(), Ok(1)),
            Err(refused) => assert_eq!(refused.refusal, Refusal::Closed),
        }
        assert_eq!(sides.consumer.take(), Err(TakeError::Closed));
        other.join().unwrap();
    });
}

/// The last item is taken while another consumer goes to sleep: it must see the end.
fn last_take_ends_the_other(discipline: Discipline) {
    explore(2, move || {
        let sides = sides(discipline, 1);
        sides.producer.put(1).unwrap();
        sides.producer.close();
        let other = spawn(&sides, |sides| {
            let _ = sides.consumer.take();
        });
        let _ = sides.consumer.take();
        other.join().unwrap();
        assert_eq!(sides.consumer.take(), Err(TakeError::Closed));
    });
}

/// A nack wakes a consumer on its way to sleep, and needs no room.
fn nack_wakes(discipline: Discipline) {
    explore(2, move || {
        let sides = sides(discipline, 1);
        sides.producer.put(1).unwrap();
        let lease = sides.consumer.lease().unwrap();
        let other = spawn(&sides, |sides| assert_eq!(sides.consumer.take(), Ok(1)));
        lease.nack().unwrap();
        other.join().unwrap();
    });
}

/// A join sees the end of the last lease.
fn join_sees_the_ack(discipline: Discipline) {
    explore(2, move || {
        let sides = sides(discipline, 1);
        sides.producer.put(1).unwrap();
        let lease = sides.consumer.lease().unwrap();
        let other = spawn(&sides, |sides| sides.producer.join());
        lease.ack().unwrap();
        other.join().unwrap();
    });
}

/// A join sees the last take, which counts nothing on its fast path.
fn join_sees_the_take(discipline: Discipline) {
    explore(2, move || {
        let sides = sides(discipline, 1);
        sides.producer.put(1).unwrap();
        let other = spawn(&sides, |sides| sides.producer.join());
        assert_eq!(sides.consumer.take(), Ok(1));
        other.join().unwrap();
    });
}

/// The lease limit frees a lease that waits for it.
fn ack_frees_the_limit(discipline: Discipline) {
    explore(2, move || {
        let built = Builder::bounded(2).max_leased(1).discipline(discipline).build();
        let (producer, consumer) = built.unwrap();
        let sides = Arc::new(Sides { producer, consumer });
        sides.producer.put(1).unwrap();
        sides.producer.put(2).unwrap();
        let lease = sides.consumer.lease().unwrap();
        let other = spawn(&sides, |sides| {
            assert_eq!(sides.consumer.lease().unwrap().ack(), Ok(2));
        });
        lease.ack().unwrap();
        other.join().unwrap();
    });
}

macro_rules! models {
    ($($model:ident($($argument:expr),*) as $name:ident;)*) => {
        mod ring { use super::*; $(#[test] fn $name() { $model(Discipline::Ring, $($argument),*); })* }
        mod semaphores { use super::*; $(#[test] fn $name() { $model(Discipline::Semaphores, $($argument),*); })* }
        mod monitor { use super::*; $(#[test] fn $name() { $model(Discipline::Monitor, $($argument),*); })* }
        mod linked { use super::*; $(#[test] fn $name() { $model(Discipline::Linked, $($argument),*); })* }
    };
}

models! {
    hand_over(1) as hand_over_at_capacity_1;
    hand_over(2) as hand_over_at_capacity_2;
    two_producers() as two_producers_at_capacity_1;
    two_consumers() as two_consumers_at_capacity_2;
    cancelled_put() as cancelled_put_passes_its_wake_on;
    cancelled_take() as cancelled_take_passes_its_wake_on;
    passed_put() as passed_put_is_called_again;
    timed_out_put() as timed_out_put_is_whole_or_handed_back;
    close_wakes_producer() as close_wakes_producer_with_its_item;
    close_wakes_consumer() as close_wakes_a_consumer;
    put_races_close() as put_before_close_is_drained;
    last_take_ends_the_other() as last_take_ends_the_other_consumer;
    nack_wakes() as nack_wakes_a_consumer;
    join_sees_the_ack() as join_sees_the_last_ack;
    join_sees_the_take() as join_sees_the_last_take;
    ack_frees_the_limit() as ack_frees_the_lease_limit;
}
