//! After the standard library's tests of `mpsc::sync_channel`.

use std::thread;
use std::time::Duration;

use forebay_threads::{Discipline, Refusal, TakeError};

use crate::disciplines::{bounded, on_each_discipline};

on_each_discipline!(
    a_full_buffer_is_dropped_whole,
    a_put_through_a_clone_arrives,
    an_item_crosses_threads,
    the_consumer_goes_first,
    the_consumer_goes_while_puts_are_under_way,
    the_producers_go_while_takes_are_under_way,
    many_producers_one_consumer_boxed,
    timeouts_among_many_producers,
    one_item_in_every_order_of_ends,
    the_ends_race_for_one_item,
    a_chain_of_threads_hands_it_on,
    takes_by_the_ten_thousand_need_no_stack,
    a_loop_of_takes_ends_with_the_producers,
    a_loop_of_takes_may_be_left_and_resumed,
    try_take_goes_through_its_states,
    a_consumer_may_go_while_its_producer_is_used,
    try_put_tells_full_from_gone,
);

fn a_full_buffer_is_dropped_whole(discipline: Discipline) {
    let (producer, _consumer) = bounded(discipline, 1);
    producer.put(Box::new(1)).unwrap();
}

fn a_put_through_a_clone_arrives(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 1);
    producer.put(1).unwrap();
    assert_eq!(consumer.take(), Ok(1));
    let clone = producer.clone();
    clone.put(2).unwrap();
    assert_eq!(consumer.take(), Ok(2));
    drop(producer);
    clone.put(3).unwrap();
    assert_eq!(consumer.take(), Ok(3), "one producer is enough");
}

fn an_item_crosses_threads(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 1);
    let other = thread::spawn(move || producer.put("hello".to_owned()).unwrap());
    assert_eq!(consumer.take().as_deref(), Ok("hello"));
    other.join().unwrap();
}

fn the_consumer_goes_first(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 1);
    let clone = producer.clone();
    drop(consumer);
    assert_eq!(producer.put(1).unwrap_err().item, 1);
    drop(producer);
    assert_eq!(clone.put(2).unwrap_err().refusal, Refusal::Abandoned);
}

fn the_consumer_goes_while_puts_are_under_way(discipline: Discipline) {
    for producers in [1, 2] {
        let (producer, consumer) = bounded(discipline, 1);
        let puts: Vec<_> = (0..producers)
            .map(|_| {
                let producer = producer.clone();
                thread::spawn(move || while producer.put(1).is_ok() {})
            })
            .collect();
        consumer.take().unwrap();
        consumer.take().unwrap();
        drop(consumer);
        for puts in puts {
            puts.join().unwrap();
        }
    }
}

fn the_producers_go_while_takes_are_under_way(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 1);
    let takes = thread::spawn(move || {
        let mut taken = 0;
        while consumer.take().is_ok() {
            taken += 1;
        }
        taken
    });
    let clone = producer.clone();
    for _ in 0..5 {
        producer.put(()).unwrap();
        clone.put(()).unwrap();
    }
    drop(producer);
    drop(clone);
    assert_eq!(takes.join().unwrap(), 10);
}

fn many_producers_one_consumer_boxed(discipline: Discipline) {
    const EACH: usize = 200;
    let (producer, consumer) = bounded(discipline, 1);
    thread::scope(|scope| {
        for _ in 0..8 {
            let producer = producer.clone();
            scope.spawn(move || (0..EACH).for_each(|_| assert!(producer.put(Box::new(7)).is_ok())));
        }
        drop(producer);
        for _ in 0..8 * EACH {
            assert_eq!(*consumer.take().unwrap(), 7);
        }
        assert_eq!(consumer.take(), Err(TakeError::Closed));
    });
}

fn timeouts_among_many_producers(discipline: Discipline) {
    const EACH: usize = 50;
    let (producer, consumer) = bounded(discipline, 2);
    thread::scope(|scope| {
        for number in 0..6 {
            let producer = producer.clone();
            scope.spawn(move || {
                for _ in 0..EACH {
                    thread::sleep(Duration::from_micros(number * 20));
                    producer.put(1).unwrap();
                }
            });
        }
        drop(producer);
        let mut taken = 0;
        loop {
            match consumer.take_timeout(Duration::from_micros(50)) {
                Ok(n) => taken += n,
                Err(TakeError::TimedOut) => {}
                Err(TakeError::Closed) => break,
                Err(other) => panic!("{other}"),
            }
        }
        assert_eq!(taken, 6 * EACH);
    });
}

fn one_item_in_every_order_of_ends(discipline: Discipline) {
    // The consumer, then the producer; and the other way round.
    let (producer, consumer) = bounded::<u8>(discipline, 1);
    drop(consumer);
    drop(producer);
    let (producer, consumer) = bounded::<u8>(discipline, 1);
    drop(producer);
    assert_eq!(consumer.take(), Err(TakeError::Closed));
    // Put, and nobody takes; put, and taken after the end.
    let (producer, consumer) = bounded(discipline, 1);
    producer.put(Box::new(0)).unwrap();
    drop(consumer);
    assert!(producer.put(Box::new(0)).is_err());
    let (producer, consumer) = bounded(discipline, 1);
    producer.put(Box::new(10)).unwrap();
    drop(producer);
    assert_eq!(consumer.take(), Ok(Box::new(10)));
    assert_eq!(consumer.try_take(), Err(TakeError::Closed));
}

fn the_ends_race_for_one_item(discipline: Discipline) {
    for round in 0..150 {
        let (producer, consumer) = bounded(discipline, 1);
        let puts = thread::spawn(move || producer.put(Box::new(round)).is_ok());
        if round % 3 == 0 {
            drop(consumer);
            let _ = puts.join().unwrap();
        } else {
            let takes = thread::spawn(move || consumer.take());
            assert!(puts.join().unwrap());
            assert_eq!(takes.join().unwrap(), Ok(Box::new(round)));
        }
    }
}

/// The handles themselves move from thread to thread, one put and one take in each.
fn a_chain_of_threads_hands_it_on(discipline: Discipline) {
    let (mut producer, mut consumer) = bounded(discipline, 1);
    for n in 0..50 {
        let puts = thread::spawn(move || {
            producer.put(Box::new(n)).unwrap();
            producer
        });
        let takes = thread::spawn(move || {
            assert_eq!(consumer.take(), Ok(Box::new(n)));
            consumer
        });
        producer = puts.join().unwrap();
        consumer = takes.join().unwrap();
    }
}

fn takes_by_the_ten_thousand_need_no_stack(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 10_000);
    for _ in 0..10_000 {
        producer.put(()).unwrap();
    }
    for _ in 0..10_000 {
        consumer.take().unwrap();
    }
}

fn a_loop_of_takes_ends_with_the_producers(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 1);
    let sums = thread::spawn(move || std::iter::from_fn(|| consumer.take().ok()).sum::<u32>());
    for n in [3, 1, 2] {
        producer.put(n).unwrap();
    }
    drop(producer);
    assert_eq!(sums.join().unwrap(), 6);
}

fn a_loop_of_takes_may_be_left_and_resumed(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 4);
    producer.put_many([1, 2, 3]).unwrap();
    let until =
        |stop| std::iter::from_fn(|| consumer.take().ok()).take_while(|&n| n < stop).count();
    assert_eq!(until(2), 1);
    producer.put(9).unwrap();
    assert_eq!(until(5), 1);
    assert_eq!(consumer.try_take(), Err(TakeError::Empty));
}

fn try_take_goes_through_its_states(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 1);
    let (go, goes) = bounded(discipline, 1);
    let (done, is_done) = bounded(discipline, 1);
    let other = thread::spawn(move || {
        goes.take().unwrap();
        producer.put(1).unwrap();
        done.put(()).unwrap();
        goes.take().unwrap();
        drop(producer);
        done.put(()).unwrap();
    });
    assert_eq!(consumer.try_take(), Err(TakeError::Empty));
    go.put(()).unwrap();
    is_done.take().unwrap();
    assert_eq!(consumer.try_take(), Ok(1));
    assert_eq!(consumer.try_take(), Err(TakeError::Empty));
    go.put(()).unwrap();
    is_done.take().unwrap();
    assert_eq!(consumer.try_take(), Err(TakeError::Closed));
    other.join().unwrap();
}

/// rust #15761 and its like: the buffer must outlive whoever is still inside an operation.
fn a_consumer_may_go_while_its_producer_is_used(discipline: Discipline) {
    for _ in 0..100 {
        let (producer, consumer) = bounded(discipline, 3);
        let (back, from_back) = bounded(discipline, 3);
        let other = thread::spawn(move || {
            consumer.take().unwrap();
            let _ = back.try_put(());
        });
        producer.try_put(()).unwrap();
        from_back.take().unwrap();
        drop(producer);
        other.join().unwrap();
    }
}

fn try_put_tells_full_from_gone(discipline: Discipline) {
    let (producer, consumer) = bounded(discipline, 1);
    producer.try_put(1).unwrap();
    let full = producer.try_put(2).unwrap_err();
    assert_eq!((full.item, full.refusal), (2, Refusal::Full));
    drop(consumer);
    let gone = producer.try_put(3).unwrap_err();
    assert_eq!((gone.item, gone.refusal), (3, Refusal::Abandoned));
}
