//! Close, abandon and join.

use std::sync::Arc;

use forebay_threads::{Builder, Discipline, Refusal, TakeError};
use loom::thread;

use super::{explore, in_line, poll_once, sides, spawn};

models! {
    close_wakes_producer_with_its_item: close_wakes_producer();
    close_wakes_a_consumer: close_wakes_consumer();
    close_wakes_a_batch_with_its_rest: close_wakes_batch();
    close_wakes_a_reserve: close_wakes_reserve();
    close_stops_puts_in_sight: close_in_sight();
    put_before_close_is_drained: put_races_close();
    last_take_ends_the_other_consumer: last_take_ends_the_other();
    last_batch_ends_the_other_consumer: last_batch_ends_the_other();
    last_consumer_gone_wakes_a_producer: abandon_wakes_producer();
    last_producer_gone_wakes_a_consumer: last_producer_ends_consumer();
    join_sees_the_last_take: join_sees_the_take();
    join_sees_the_last_batch: join_sees_the_batch();
    join_is_not_undone_by_the_next_put: join_is_called_once();
    two_joins_end_together: two_joins();
    cancelled_join_leaves_the_other_watching: cancelled_join();
}

/// A close finds a producer on its way to sleep.
fn close_wakes_producer(discipline: Discipline) {
    explore(move || {
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
    explore(move || {
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
    explore(move || {
        let sides = sides(discipline, 1);
        let other = spawn(&sides, |sides| sides.producer.close());
        match sides.producer.try_put(1) {
            Ok(_) => assert_eq!(sides.consumer.take(), Ok(1)),
            Err(refused) => assert_eq!(refused.refusal, Refusal::Closed),
        }
        assert_eq!(sides.consumer.take(), Err(TakeError::Closed));
        other.join().unwrap();
    });
}

/// The last item is taken while another consumer goes to sleep: it must see the end.
fn last_take_ends_the_other(discipline: Discipline) {
    explore(move || {
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

/// A join sees the last take, which counts nothing on its fast path.
fn join_sees_the_take(discipline: Discipline) {
    explore(move || {
        let sides = sides(discipline, 1);
        sides.producer.put(1).unwrap();
        let other = spawn(&sides, |sides| sides.producer.join());
        assert_eq!(sides.consumer.take(), Ok(1));
        other.join().unwrap();
    });
}

/// A close finds a batch on its way to sleep: what was placed is drained, the rest comes back.
fn close_wakes_batch(discipline: Discipline) {
    explore(move || {
        let sides = sides(discipline, 1);
        let other = spawn(&sides, |sides| {
            let refused = sides.producer.put_many([0, 1]).unwrap_err();
            assert_eq!(refused.refusal, Refusal::Closed);
            refused.rest
        });
        sides.consumer.close();
        let rest = other.join().unwrap();
        let mut items: Vec<_> = std::iter::from_fn(|| sides.consumer.take().ok()).collect();
        items.extend(rest);
        assert_eq!(items, [0, 1]);
        assert_eq!(sides.producer.put_many([2]).unwrap_err().rest, [2]);
    });
}

/// A close finds a reserve on its way to sleep.
fn close_wakes_reserve(discipline: Discipline) {
    explore(move || {
        let sides = sides(discipline, 1);
        sides.producer.put(0).unwrap();
        let other = spawn(&sides, |sides| {
            assert_eq!(sides.producer.reserve().unwrap_err(), Refusal::Closed);
        });
        sides.consumer.close();
        other.join().unwrap();
    });
}

/// As `last_take_ends_the_other`, with the last items taken together.
fn last_batch_ends_the_other(discipline: Discipline) {
    explore(move || {
        let sides = sides(discipline, 2);
        sides.producer.put_many([1, 2]).unwrap();
        sides.producer.close();
        let other = spawn(&sides, |sides| while sides.consumer.take().is_ok() {});
        let _ = sides.consumer.take_many(2);
        other.join().unwrap();
    });
}

/// The last consumer goes: a producer on its way to sleep gets its item back.
fn abandon_wakes_producer(discipline: Discipline) {
    explore(move || {
        let (producer, consumer) =
            Builder::bounded(1).discipline(discipline).build().expect("capacity above 0");
        producer.put(0).unwrap();
        let producer = Arc::new(producer);
        let own = Arc::clone(&producer);
        let other = thread::spawn(move || {
            let refused = own.put(1).unwrap_err();
            assert_eq!(refused.item, 1);
            assert!(matches!(refused.refusal, Refusal::Abandoned | Refusal::Closed));
        });
        drop(consumer);
        other.join().unwrap();
        producer.join();
    });
}

/// The last producer goes: a consumer on its way to sleep sees the end.
fn last_producer_ends_consumer(discipline: Discipline) {
    explore(move || {
        let (producer, consumer) =
            Builder::<i32>::bounded(1).discipline(discipline).build().expect("capacity above 0");
        let consumer = Arc::new(consumer);
        let own = Arc::clone(&consumer);
        let other = thread::spawn(move || assert_eq!(own.take(), Err(TakeError::Closed)));
        drop(producer);
        other.join().unwrap();
    });
}

/// As `join_sees_the_take`, with the last items taken together.
fn join_sees_the_batch(discipline: Discipline) {
    explore(move || {
        let sides = sides(discipline, 2);
        sides.producer.put_many([1, 2]).unwrap();
        let other = spawn(&sides, |sides| sides.producer.join());
        assert_eq!(sides.consumer.take_many(2), Ok(vec![1, 2]));
        other.join().unwrap();
    });
}

/// A join that was called is over, though another item has been put since.
fn join_is_called_once(discipline: Discipline) {
    explore(move || {
        let sides = sides(discipline, 1);
        sides.producer.put(1).unwrap();
        let producer = sides.producer.clone();
        let mut join = in_line(async move { producer.join_async().await });
        let other = spawn(&sides, |sides| assert_eq!(sides.consumer.take(), Ok(1)));
        let _ = sides.producer.try_put(2);
        other.join().unwrap();
        if poll_once(join.as_mut()).is_pending() {
            assert_eq!(sides.consumer.take(), Ok(2));
            assert!(poll_once(join.as_mut()).is_ready());
        }
    });
}

/// Two joins wait for one take.
fn two_joins(discipline: Discipline) {
    explore(move || {
        let sides = sides(discipline, 1);
        sides.producer.put(1).unwrap();
        let producer = sides.producer.clone();
        let join = in_line(async move { producer.join_async().await });
        let other = spawn(&sides, |sides| sides.producer.join());
        assert_eq!(sides.consumer.take(), Ok(1));
        loom::future::block_on(join);
        other.join().unwrap();
    });
}

/// A join is cancelled while another waits: the take is still watched for.
fn cancelled_join(discipline: Discipline) {
    explore(move || {
        let sides = sides(discipline, 1);
        sides.producer.put(1).unwrap();
        let producer = sides.producer.clone();
        let join = in_line(async move { producer.join_async().await });
        let other = spawn(&sides, |sides| sides.producer.join());
        drop(join);
        assert_eq!(sides.consumer.take(), Ok(1));
        other.join().unwrap();
    });
}

/// Puts are allowed some places ahead when the buffer is closed: they must look again.
fn close_in_sight(discipline: Discipline) {
    explore(move || {
        let sides = sides(discipline, 3);
        sides.producer.put_many([1, 2, 3]).unwrap();
        assert_eq!(sides.consumer.take_many(3), Ok(vec![1, 2, 3]));
        sides.producer.put(4).unwrap();
        let other = spawn(&sides, |sides| sides.consumer.close());
        let early = sides.producer.try_put(5).is_ok();
        other.join().unwrap();
        assert_eq!(sides.producer.try_put(6).unwrap_err().refusal, Refusal::Closed);
        assert_eq!(sides.consumer.take(), Ok(4));
        assert_eq!(sides.consumer.take().is_ok(), early);
    });
}
