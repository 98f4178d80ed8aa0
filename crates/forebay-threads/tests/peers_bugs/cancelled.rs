//! A future that is dropped, before or after its wake, takes nothing with it.

use std::task::Poll;
use std::thread;

use forebay_conformance::task::Task;
use forebay_conformance::watchdog::eventually;
use forebay_threads::{Discipline, TakeError};

use crate::disciplines::{bounded, on_each_discipline};

on_each_discipline!(
    kanal_24_a_cancelled_take_leaves_its_item,
    kanal_50_the_branch_not_selected_keeps_its_item,
    flume_104_a_notified_take_that_is_dropped_passes_its_wake_on,
    tokio_4618_a_notified_put_that_is_dropped_passes_its_wake_on,
    event_listener_wakes_of_many_dropped_waiters_reach_the_last,
    crossfire_22_a_put_that_is_done_leaves_no_waker_in_the_line,
    tokio_904_a_reservation_cancelled_after_its_wake_frees_the_place,
    tokio_900_a_sender_dropped_while_it_waits_keeps_no_place,
    async_channel_beaten_to_the_item_it_waits_again,
    rust_futures_1790_a_put_beside_free_room_is_woken,
);

/// kanal #24: an item handed to a receive whose future was dropped at that moment was dropped with it.
/// Here: it stays in the buffer, whichever way of taking was cancelled.
fn kanal_24_a_cancelled_take_leaves_its_item(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 2);
    for _ in 0..3 {
        let mut take = Task::new(consumer.take_async());
        let mut many = Task::new(consumer.take_many_async(2));
        let mut lease = Task::new(consumer.lease_async());
        assert!(take.settle().is_pending());
        assert!(many.settle().is_pending());
        assert!(lease.settle().is_pending());
        producer.put("first").unwrap();
        producer.put("second").unwrap();
        assert!(take.is_woken());
        drop((take, many, lease));
        assert_eq!(consumer.statistics().waiting, 2);
        assert_eq!(consumer.try_take(), Ok("first"));
        assert_eq!(consumer.try_take(), Ok("second"));
    }
    assert_eq!(consumer.statistics().leased, 0);
}

/// kanal #50: in a select over two channels, the branch that was not chosen lost the item sent to it.
/// Here: both get an item, one branch is chosen, and the other's item is still there.
fn kanal_50_the_branch_not_selected_keeps_its_item(discipline: Discipline) {
    let (left, from_left) = bounded(discipline, 1);
    let (right, from_right) = bounded(discipline, 1);
    let mut received = Vec::new();
    for round in 0..20 {
        let mut a = Task::new(from_left.take_async());
        let mut b = Task::new(from_right.take_async());
        assert!(a.settle().is_pending());
        assert!(b.settle().is_pending());
        left.put(2 * round).unwrap();
        right.put(2 * round + 1).unwrap();
        // One branch is chosen; both futures end here.
        let chosen = if round % 2 == 0 { a.settle() } else { b.settle() };
        drop((a, b));
        let Poll::Ready(item) = chosen else { panic!("an item waits for it") };
        received.push(item.unwrap());
        let other = if round % 2 == 0 { &from_right } else { &from_left };
        received.push(other.try_take().expect("the other's item is still there"));
    }
    received.sort_unstable();
    assert_eq!(received, (0..40).collect::<Vec<_>>());
}

/// flume #104 (seen in iroh #2536): a receive that had been notified and was then dropped kept the
/// notification, and the others slept beside a waiting item. Here: the next is woken, be it a task or
/// a thread.
fn flume_104_a_notified_take_that_is_dropped_passes_its_wake_on(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 4);
    let mut first = Task::new(consumer.take_async());
    let mut second = Task::new(consumer.take_async());
    assert!(first.settle().is_pending());
    assert!(second.settle().is_pending());
    producer.put(1).unwrap();
    assert!(first.is_woken() && !second.is_woken(), "one item wakes one");
    drop(first);
    assert!(second.is_woken());
    assert_eq!(second.settle(), Poll::Ready(Ok(1)));

    let mut first = Task::new(consumer.lease_async());
    assert!(first.settle().is_pending());
    let own = consumer.clone();
    let thread = thread::spawn(move || own.take());
    eventually("the thread sleeps too", || consumer.statistics().consumers_waiting == 2);
    producer.put(2).unwrap();
    drop(first);
    assert_eq!(thread.join().unwrap(), Ok(2));
}

/// tokio #4618: `Notified` dropped after it was notified lost the permit, and the next waiter slept for
/// ever. Here: the same for puts that wait for room.
fn tokio_4618_a_notified_put_that_is_dropped_passes_its_wake_on(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 1);
    producer.put(0).unwrap();
    let mut first = Task::new(producer.put_async(1));
    let mut second = Task::new(producer.put_async(2));
    assert!(first.settle().is_pending());
    assert!(second.settle().is_pending());
    assert_eq!(consumer.try_take(), Ok(0));
    assert!(first.is_woken() && !second.is_woken(), "one place wakes one");
    drop(first);
    // Its item may have stood in line itself: then it was placed already, and the place is taken.
    if !second.is_woken() {
        assert_eq!(consumer.try_take(), Ok(1));
    }
    assert!(second.is_woken());
    assert!(second.settle().is_ready());
    assert_eq!(consumer.try_take(), Ok(2));
}

/// event-listener #15 (why `discard` had to be asked for): a listener dropped after its notification must
/// hand it on, and so must the one it is handed to. Here: a long line in which all but the last are
/// dropped, each with the wake in its hands.
fn event_listener_wakes_of_many_dropped_waiters_reach_the_last(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 1);
    let mut line: Vec<_> = (0..50)
        .map(|_| {
            let mut task = Task::new(consumer.take_async());
            assert!(task.settle().is_pending());
            task
        })
        .collect();
    let mut last = line.pop().unwrap();
    producer.put(1).unwrap();
    for (place, task) in line.drain(..).enumerate() {
        assert!(task.is_woken(), "the wake has come to place {place}");
        drop(task);
    }
    assert_eq!(last.settle(), Poll::Ready(Ok(1)));
    assert_eq!(consumer.statistics().consumers_waiting, 0);
}

/// crossfire #22: a sender that registered its waker and then succeeded by a second try left the waker
/// behind; the next wake went to it, and a sender that still waited was never called. Here: who has
/// succeeded by a poll that nobody asked for eats no later wake.
fn crossfire_22_a_put_that_is_done_leaves_no_waker_in_the_line(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 1);
    for round in 0..5 {
        producer.put(3 * round).unwrap();
        let mut early = Task::new(producer.put_async(3 * round + 1));
        let mut late = Task::new(producer.put_async(3 * round + 2));
        assert!(early.settle().is_pending());
        assert!(late.settle().is_pending());
        // Polled again for no reason, it keeps its one place.
        assert!(early.poll().is_pending());
        assert_eq!(consumer.try_take(), Ok(3 * round));
        assert!(early.settle().is_ready());
        assert_eq!(consumer.try_take(), Ok(3 * round + 1));
        assert!(late.is_woken(), "the wake went to who still waits");
        assert!(late.settle().is_ready());
        drop(early);
        assert_eq!(consumer.try_take(), Ok(3 * round + 2));
    }
}

/// tokio #900 and #904: a sender that was dropped between its wake and taking the permit lost that
/// permit for good. Here: the place of a cancelled `reserve_async` is free again, every time.
fn tokio_904_a_reservation_cancelled_after_its_wake_frees_the_place(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 2);
    for _ in 0..50 {
        producer.put(1).unwrap();
        producer.put(2).unwrap();
        let mut reserve = Task::new(producer.reserve_async());
        assert!(reserve.settle().is_pending());
        assert_eq!(consumer.try_take(), Ok(1));
        assert!(reserve.is_woken());
        drop(reserve);
        assert_eq!(consumer.try_take(), Ok(2));
        assert_eq!(producer.statistics().reserved, 0);
        let permits = [producer.try_reserve().unwrap(), producer.try_reserve().unwrap()];
        assert!(producer.try_reserve().is_err());
        drop(permits);
    }
}

/// tokio #900: a `Sender` dropped while it waited for a place went on holding its place in the line.
/// Here: the places go to those behind it, handle and all.
fn tokio_900_a_sender_dropped_while_it_waits_keeps_no_place(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 1);
    producer.put(0).unwrap();
    let gone = producer.clone();
    let mut waits = Task::new(gone.put_async(1));
    assert!(waits.settle().is_pending());
    let mut behind = Task::new(producer.put_async(2));
    assert!(behind.settle().is_pending());
    drop(waits);
    drop(gone);
    assert_eq!(producer.statistics().producers_waiting, 1);
    assert_eq!(consumer.try_take(), Ok(0));
    assert!(behind.is_woken());
    assert!(behind.settle().is_ready());
}

/// async-channel #105 and crossfire #34 (hangs of a receiver that was woken for an item another had
/// taken): beaten to it, it must stand in line again. Here: beaten many times, it still gets the next.
fn async_channel_beaten_to_the_item_it_waits_again(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 1);
    let mut patient = Task::new(consumer.take_async());
    assert!(patient.settle().is_pending());
    for item in 0.. {
        producer.put(item).unwrap();
        assert!(patient.is_woken(), "each item wakes who waits, also after {item} defeats");
        match consumer.try_take() {
            Ok(taken) => assert_eq!(taken, item),
            // From here on it is the patient one's own (C10).
            Err(TakeError::Empty) => break,
            Err(other) => panic!("{other}"),
        }
        assert!(patient.settle().is_pending());
    }
    assert!(patient.settle().is_ready());
}

/// futures-rs #1790: a sender that saw the channel full parked although room had come meanwhile, and
/// slept until the next receive, which never came. Here: a put meets exactly one take, again and again,
/// and returns without any further help.
fn rust_futures_1790_a_put_beside_free_room_is_woken(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 1);
    for round in 0..2_000 {
        producer.put(2 * round).unwrap();
        thread::scope(|scope| {
            let other = scope.spawn(|| producer.put(2 * round + 1).is_ok());
            assert_eq!(consumer.take(), Ok(2 * round));
            assert!(other.join().unwrap());
        });
        assert_eq!(consumer.try_take(), Ok(2 * round + 1));
    }
}
