//! Who holds which waker, and for how long.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use forebay_threads::{Discipline, Overflow};

use crate::disciplines::{bounded, on_each_discipline};

on_each_discipline!(
    oneshot_channel_1_the_last_waker_is_the_one_that_is_woken,
    tokio_8095_no_waker_is_kept_once_its_wait_is_over,
    tokio_2637_a_line_that_is_gone_leaves_nothing_behind,
    flume_182_polling_again_takes_no_second_place,
    kanal_63_a_future_may_move_between_threads_while_it_waits,
    tokio_4625_a_close_wakes_everyone,
);

#[derive(Default)]
struct Counting(AtomicUsize);

impl Wake for Counting {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Counting {
    fn wakes(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// Any wait, with its result left out.
type Wait<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

fn wait<'a, T>(future: impl Future<Output = T> + Send + 'a) -> Wait<'a> {
    Box::pin(async move {
        future.await;
    })
}

fn poll(future: &mut Wait<'_>, waker: &Arc<Counting>) -> Poll<()> {
    future.as_mut().poll(&mut Context::from_waker(&Waker::from(Arc::clone(waker))))
}

/// async-oneshot-channel #1: a future polled with a second waker went on waking the first. Here: of each
/// kind of wait, the waker of the last poll is woken, and the one before is let go.
fn oneshot_channel_1_the_last_waker_is_the_one_that_is_woken(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 1);
    let check = |mut future: Wait<'_>, bring: &dyn Fn()| {
        let (before, last) = (Arc::default(), Arc::default());
        assert!(poll(&mut future, &before).is_pending());
        assert!(poll(&mut future, &last).is_pending());
        assert_eq!(Arc::strong_count(&before), 1, "the first waker is let go");
        bring();
        assert_eq!((before.wakes(), last.wakes()), (0, 1));
        assert!(poll(&mut future, &last).is_ready());
        assert_eq!(Arc::strong_count(&last), 1, "the last one too, when it is done");
    };
    let put = || assert!(producer.try_put(1).is_ok());
    let take = || assert!(consumer.try_take().is_ok());
    check(wait(consumer.take_async()), &put);
    check(wait(consumer.take_many_async(3)), &put);
    check(wait(consumer.lease_async()), &put);
    // That lease was dropped, and its item is back: the buffer is full.
    check(wait(producer.put_async(2)), &take);
    check(wait(producer.put_many_async(vec![3])), &take);
    check(wait(producer.reserve_async()), &take);
    put();
    check(wait(producer.join_async()), &take);
}

/// tokio #8095: a receiver's waker was kept in the channel after the receiver was gone, and with it the
/// whole task. Here: a wait that is done, cancelled or refused keeps no waker, while all handles live.
fn tokio_8095_no_waker_is_kept_once_its_wait_is_over(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 1);
    let waker: Arc<Counting> = Arc::default();
    let mut take = wait(consumer.take_async());
    assert!(poll(&mut take, &waker).is_pending());
    assert!(Arc::strong_count(&waker) > 1, "while it waits, its waker is kept");
    producer.put(1).unwrap();
    assert_eq!(Arc::strong_count(&waker), 1, "woken");
    assert!(poll(&mut take, &waker).is_ready());
    assert_eq!(Arc::strong_count(&waker), 1, "done");

    producer.put(1).unwrap();
    let mut puts = [
        wait(producer.put_async(2)),
        wait(producer.put_many_async(vec![2, 3])),
        wait(producer.reserve_async()),
        wait(producer.join_async()),
    ];
    for put in &mut puts {
        assert!(poll(put, &waker).is_pending());
    }
    drop(puts);
    assert_eq!(Arc::strong_count(&waker), 1, "cancelled");

    let mut put = wait(producer.put_async(2));
    assert!(poll(&mut put, &waker).is_pending());
    producer.close();
    assert_eq!(Arc::strong_count(&waker), 1, "refused, and not polled since");
    assert!(poll(&mut put, &waker).is_ready());
}

/// tokio #2637: the memory of a bounded channel grew with the most tasks that had ever waited on it, for
/// cancelled ones stayed in the list. Here: a thousand waiters leave, and each one's waker with them; the
/// next to wait is the first in line.
fn tokio_2637_a_line_that_is_gone_leaves_nothing_behind(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 1);
    let waker: Arc<Counting> = Arc::default();
    for _ in 0..3 {
        producer.put(0).unwrap();
        let mut waits: Vec<Wait<'_>> = (0..1_000).map(|n| wait(producer.put_async(n))).collect();
        for put in &mut waits {
            assert!(poll(put, &waker).is_pending());
        }
        assert_eq!(Arc::strong_count(&waker), 1_001);
        // From both ends and the middle.
        waits.truncate(900);
        waits.drain(300..600);
        waits.drain(..100);
        assert_eq!(Arc::strong_count(&waker), 501);
        waits.clear();
        assert_eq!(Arc::strong_count(&waker), 1);
        assert_eq!(producer.statistics().producers_waiting, 0);
        let next: Arc<Counting> = Arc::default();
        let mut put = wait(producer.put_async(1));
        assert!(poll(&mut put, &next).is_pending());
        consumer.take().unwrap();
        assert_eq!((waker.wakes(), next.wakes()), (0, 1));
        assert!(poll(&mut put, &next).is_ready());
        consumer.take().unwrap();
    }
}

/// flume #182: a receive that was polled while its wake was pending was put into the waiting list once
/// more at each poll, without end. Here: however often it is polled, also when each item it was woken
/// for is gone, it has one place and one waker.
fn flume_182_polling_again_takes_no_second_place(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 1);
    let waker: Arc<Counting> = Arc::default();
    let mut take = wait(consumer.take_async());
    assert!(poll(&mut take, &waker).is_pending());
    for item in 0..1_000 {
        if item < 3 {
            // Within what it lets pass (C10).
            producer.put(item).unwrap();
            let _ = consumer.try_take();
        }
        if poll(&mut take, &waker).is_ready() {
            take = wait(consumer.take_async());
        }
        let statistics = consumer.statistics();
        assert!(statistics.consumers_waiting <= 1, "{} places", statistics.consumers_waiting);
        assert!(Arc::strong_count(&waker) <= 2);
    }
}

/// kanal #63: a receive stream polled by several tasks in turn handed out the same memory twice. Here: a
/// waiting future is polled on one thread, then on another, and the item arrives whole where it was
/// polled last.
fn kanal_63_a_future_may_move_between_threads_while_it_waits(discipline: Discipline) {
    let (producer, consumer) = bounded::<Vec<u64>>(discipline, 2);
    for round in 0..50 {
        let (first, second): (Arc<Counting>, Arc<Counting>) = (Arc::default(), Arc::default());
        let mut take = Box::pin(consumer.take_async());
        let waker = Waker::from(Arc::clone(&first));
        assert!(take.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        let got = thread::scope(|scope| {
            let there = scope.spawn(|| {
                let waker = Waker::from(Arc::clone(&second));
                let mut context = Context::from_waker(&waker);
                loop {
                    if let Poll::Ready(item) = take.as_mut().poll(&mut context) {
                        return item;
                    }
                    thread::yield_now();
                }
            });
            producer.put(vec![round; 16]).unwrap();
            there.join().unwrap()
        });
        assert_eq!(got, Ok(vec![round; 16]));
        assert!(first.wakes() + second.wakes() <= 1, "one item wakes one");
    }
}

/// tokio #4625: when the last sender of a broadcast went, not every receiver was woken. Here: a close
/// wakes each one that waits on either side, and the end of the producers each consumer.
fn tokio_4625_a_close_wakes_everyone(discipline: Discipline) {
    for drops in [false, true] {
        let (producer, consumer) = bounded::<u8>(discipline, 1);
        let waker: Arc<Counting> = Arc::default();
        let mut takes: Vec<Wait<'_>> = (0..20)
            .map(|n| {
                if n % 2 == 0 { wait(consumer.take_async()) } else { wait(consumer.lease_async()) }
            })
            .collect();
        for take in &mut takes {
            assert!(poll(take, &waker).is_pending());
        }
        if drops {
            drop(producer);
        } else {
            producer.close();
        }
        assert_eq!(waker.wakes(), 20);
        assert!(takes.iter_mut().all(|take| poll(take, &waker).is_ready()));
    }
    let (producer, consumer) = bounded(discipline, 1);
    producer.put(0).unwrap();
    let timed = producer.clone().with_overflow(Overflow::WaitFor(Duration::from_hours(1)));
    let waker: Arc<Counting> = Arc::default();
    let mut puts: Vec<Wait<'_>> = (0..10)
        .flat_map(|n| [wait(producer.put_async(n)), wait(producer.reserve_async())])
        .chain([wait(timed.put_async(10))])
        .collect();
    for put in &mut puts {
        assert!(poll(put, &waker).is_pending());
    }
    drop(consumer);
    assert_eq!(waker.wakes(), 21);
    assert!(puts.iter_mut().all(|put| poll(put, &waker).is_ready()));
}
