//! Waiting on several buffers at once.
#![cfg(not(loom))]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

use forebay_conformance::task::{Task, block_on};
use forebay_conformance::watchdog::{PATIENCE, eventually, watch};
use forebay_threads::{
    Builder, Consumer, Discipline, Lease, Patience, Permit, Producer, Refusal, Select, SelectError,
    TakeError, bounded,
};

#[derive(Debug, PartialEq)]
enum Came {
    Number(Result<u32, TakeError>),
    Word(Result<&'static str, TakeError>),
}
use Came::{Number, Word};

fn either<'a>(numbers: &'a Consumer<u32>, words: &'a Consumer<&'static str>) -> Select<'a, Came> {
    Select::new().take(numbers, Number).take(words, Word)
}

fn of<T>(discipline: Discipline, capacity: usize) -> (Producer<T>, Consumer<T>) {
    Builder::bounded(capacity).discipline(discipline).build().expect("capacity above 0")
}

#[test]
fn the_arm_that_is_ready_is_done() {
    for discipline in Discipline::ALL {
        let (to_numbers, numbers) = of(discipline, 2);
        let (to_words, words) = of(discipline, 2);
        let mut select = either(&numbers, &words);
        assert_eq!(select.try_now(), Err(SelectError::NotReady));
        to_words.put("one").unwrap();
        assert_eq!(select.try_now(), Ok(Word(Ok("one"))));
        to_numbers.put(1).unwrap();
        assert_eq!(select.wait(), Ok(Number(Ok(1))));
        assert_eq!(select.try_now(), Err(SelectError::NotReady));
    }
}

#[test]
fn a_deadline_passes_and_nothing_moves() {
    for discipline in Discipline::ALL {
        let (to_numbers, numbers) = of(discipline, 2);
        let (_to_words, words) = of(discipline, 2);
        let mut select = either(&numbers, &words);
        let begun = Instant::now();
        assert_eq!(select.wait_timeout(Duration::from_millis(20)), Err(SelectError::TimedOut));
        assert!(begun.elapsed() >= Duration::from_millis(20));
        assert_eq!(select.wait_deadline(Instant::now()), Err(SelectError::TimedOut));
        assert_eq!(select.wait_within(Patience::Try), Err(SelectError::NotReady));
        assert_eq!(numbers.statistics().consumers_waiting, 0, "it has left the line");
        to_numbers.put(1).unwrap();
        assert_eq!(numbers.try_take(), Ok(1), "nobody is left who is due for it");
    }
}

#[test]
fn leases_and_permits_are_arms_too() {
    enum Did {
        Leased(Lease<u32>),
        Reserved(Permit<u32>),
    }
    for discipline in Discipline::ALL {
        let (upstream, source) = of(discipline, 1);
        let (sink, downstream) = of(discipline, 1);
        let mut select = Select::new()
            .lease(&source, |lease| Did::Leased(lease.expect("the source is open")))
            .reserve(&sink, |permit| Did::Reserved(permit.expect("the sink is open")));
        sink.put(0).unwrap();
        upstream.put(7).unwrap();
        let Ok(Did::Leased(lease)) = select.wait() else { panic!("there is no room") };
        assert_eq!(*lease, 7);
        assert_eq!(downstream.take(), Ok(0));
        let Ok(Did::Reserved(permit)) = select.wait() else { panic!("nothing waits") };
        assert!(sink.try_put(1).is_err(), "the place is the permit's");
        permit.put(lease.ack().unwrap()).unwrap();
        assert_eq!(downstream.take(), Ok(7));
    }
}

#[test]
fn room_for_a_weight_is_waited_for() {
    let (producer, consumer) = Builder::bounded(9).weighing(10, |n: &u64| *n).build().unwrap();
    producer.put(6).unwrap();
    let mut select = Select::new().reserve_weight(&producer, 5, |permit| permit.unwrap());
    assert_eq!(select.try_now().unwrap_err(), SelectError::NotReady);
    assert_eq!(consumer.take(), Ok(6));
    select.wait().unwrap().put(5).unwrap();
    let mut never = Select::new().reserve_weight(&producer, 11, Result::err);
    assert_eq!(never.wait(), Ok(Some(Refusal::TooHeavy)));
    assert_eq!(never.wait(), Err(SelectError::Closed));
}

#[test]
fn two_arms_that_are_ready_cost_one_item() {
    for discipline in Discipline::ALL {
        let (to_numbers, numbers) = of(discipline, 2);
        let (to_words, words) = of(discipline, 2);
        for _ in 0..8 {
            to_numbers.put(1).unwrap();
            to_words.put("one").unwrap();
            let came = either(&numbers, &words).wait();
            let (ones, words_left) = (numbers.statistics().waiting, words.statistics().waiting);
            assert_eq!(ones + words_left, 1, "{came:?}");
            let _ = (numbers.try_take(), words.try_take());
        }
    }
}

#[test]
fn closed_is_told_once_by_each_arm_after_all_its_items() {
    for discipline in Discipline::ALL {
        let (to_numbers, numbers) = of(discipline, 2);
        let (to_words, words) = of(discipline, 2);
        let mut select = either(&numbers, &words);
        to_numbers.put(1).unwrap();
        drop(to_numbers);
        assert_eq!(select.wait(), Ok(Number(Ok(1))));
        assert_eq!(select.wait(), Ok(Number(Err(TakeError::Closed))));
        assert_eq!(select.try_now(), Err(SelectError::NotReady));
        to_words.put("one").unwrap();
        assert_eq!(select.wait(), Ok(Word(Ok("one"))));
        drop(to_words);
        assert_eq!(select.wait(), Ok(Word(Err(TakeError::Closed))));
        assert_eq!(select.wait(), Err(SelectError::Closed));
        assert_eq!(select.try_now(), Err(SelectError::Closed));
        assert_eq!(block_on(select.wait_async()), Err(SelectError::Closed));
    }
}

#[test]
fn without_arms_there_is_nothing_to_wait_for() {
    assert_eq!(Select::<()>::new().wait(), Err(SelectError::Closed));
}

#[test]
fn a_close_wakes_who_sleeps() {
    for discipline in Discipline::ALL {
        let ended = watch("sleeper", PATIENCE, move || {
            let (to_numbers, numbers) = of::<u32>(discipline, 2);
            let (sink, _downstream) = of::<u32>(discipline, 1);
            sink.put(0).unwrap();
            let closer = sink.clone();
            thread::scope(|scope| {
                scope.spawn(|| {
                    let mut select = Select::new()
                        .take(&numbers, |item| item.is_err())
                        .reserve(&sink, |permit| permit.is_err());
                    assert_eq!(select.wait(), Ok(true));
                    assert_eq!(select.wait(), Ok(true));
                    assert_eq!(select.wait(), Err(SelectError::Closed));
                });
                eventually("it sleeps", || numbers.statistics().consumers_waiting == 1);
                drop(to_numbers);
                eventually("and again", || sink.statistics().producers_waiting == 1);
                closer.close();
            });
        });
        assert_eq!(ended, Ok(()), "{discipline}");
    }
}

#[test]
fn arms_that_are_always_ready_are_done_in_turn() {
    let (to_numbers, numbers) = bounded(64);
    let (to_words, words) = bounded(64);
    for n in 0..60 {
        to_numbers.put(n).unwrap();
        to_words.put("word").unwrap();
    }
    let mut select = either(&numbers, &words);
    let came: Vec<bool> = (0..100).map(|_| matches!(select.wait(), Ok(Number(Ok(_))))).collect();
    assert!(came.windows(2).all(|two| two[0] != two[1]), "{came:?}");
}

#[test]
fn selects_that_wait_once_are_fair_together() {
    let (to_numbers, numbers) = bounded(1);
    let (to_words, words) = bounded(1);
    let rounds = 2000;
    let mut count = [0; 2];
    for round in 0..rounds {
        let _ = to_numbers.try_put(round);
        let _ = to_words.try_put("word");
        // Two kinds of selects in turn: what rotates with a common count would be unfair to each.
        let kind = round as usize % 2;
        let number = if kind == 0 {
            matches!(either(&numbers, &words).wait(), Ok(Number(_)))
        } else {
            matches!(Select::new().take(&words, Word).take(&numbers, Number).wait(), Ok(Number(_)))
        };
        count[kind] += u32::from(number);
    }
    for numbers in count {
        assert!((rounds / 8..=rounds * 3 / 8).contains(&numbers), "{count:?} of {}", rounds / 2);
    }
}

#[test]
fn the_wake_for_an_arm_that_is_not_done_goes_on() {
    for discipline in Discipline::ALL {
        let (to_numbers, numbers) = of(discipline, 2);
        let (to_words, words) = of(discipline, 2);
        let mut select = either(&numbers, &words);
        to_numbers.put(0).unwrap();
        assert_eq!(select.wait(), Ok(Number(Ok(0))));
        // Words are looked at first from now on.
        let mut waiting = Task::new(select.wait_async());
        assert!(waiting.poll().is_pending());
        let mut behind = Task::new(numbers.take_async());
        assert!(behind.poll().is_pending());
        to_numbers.put(1).unwrap();
        assert!(waiting.is_woken() && !behind.is_woken());
        to_words.put("one").unwrap();
        assert_eq!(waiting.poll(), Poll::Ready(Ok(Word(Ok("one")))));
        assert!(behind.is_woken(), "{discipline}: the wake was for the number");
        assert_eq!(behind.poll(), Poll::Ready(Ok(1)));
    }
}

#[test]
fn a_dropped_wait_passes_all_its_wakes_on() {
    for discipline in Discipline::ALL {
        let (to_numbers, numbers) = of(discipline, 2);
        let (to_words, words) = of(discipline, 2);
        let mut select = either(&numbers, &words);
        let mut waiting = Task::new(select.wait_async());
        assert!(waiting.poll().is_pending());
        let mut number = Task::new(numbers.take_async());
        let mut word = Task::new(words.take_async());
        assert!(number.poll().is_pending() && word.poll().is_pending());
        to_numbers.put(1).unwrap();
        to_words.put("one").unwrap();
        drop(waiting);
        assert!(number.is_woken() && word.is_woken());
        assert_eq!(number.poll(), Poll::Ready(Ok(1)));
        assert_eq!(word.poll(), Poll::Ready(Ok("one")));
        drop((number, word));
        assert_eq!(select.try_now(), Err(SelectError::NotReady), "it may wait again");
    }
}

#[test]
fn an_arm_may_use_the_buffers_and_panic() {
    let (to_numbers, numbers) = bounded(2);
    let mut select = Select::new().lease(&numbers, |lease: Result<Lease<u32>, TakeError>| {
        let lease = lease.unwrap();
        let _ = (numbers.statistics(), numbers.try_take());
        assert_ne!(*lease, 13, "unlucky");
        lease.ack().unwrap()
    });
    to_numbers.put(13).unwrap();
    assert!(catch_unwind(AssertUnwindSafe(|| select.wait())).is_err());
    assert_eq!(numbers.take(), Ok(13), "the lease went back");
    to_numbers.put(1).unwrap();
    assert_eq!(select.wait(), Ok(1));
}

#[test]
fn waiting_is_counted() {
    let (_to_numbers, numbers) = bounded::<u32>(2);
    let time = Duration::from_millis(20);
    let _ = Select::new().take(&numbers, |item| item).wait_timeout(time);
    let waited = numbers.statistics().consumer_wait;
    assert!(waited >= time / 2, "{waited:?}");
    assert_eq!(numbers.statistics().consumer_wait, waited, "the wait is over");
}

#[test]
fn every_item_comes_once_to_one_of_many_selects() {
    for discipline in Discipline::ALL {
        let ended = watch("selects", PATIENCE, move || {
            let (producers, consumers): (Vec<_>, Vec<_>) =
                [1, 2, 5].map(|capacity| of::<u32>(discipline, capacity)).into_iter().unzip();
            let makers: Vec<_> = producers
                .into_iter()
                .map(|producer| {
                    thread::spawn(move || (1..=300).for_each(|n| assert!(producer.put(n).is_ok())))
                })
                .collect();
            let consumers = Arc::new(consumers);
            let takers: Vec<_> = (0..2)
                .map(|nth| {
                    let consumers = Arc::clone(&consumers);
                    thread::spawn(move || {
                        let mut select = Select::new();
                        for consumer in consumers.iter() {
                            select = select.take(consumer, Result::unwrap_or_default);
                        }
                        let mut sum = 0;
                        while let Ok(n) =
                            if nth == 0 { select.wait() } else { block_on(select.wait_async()) }
                        {
                            sum += n;
                        }
                        sum
                    })
                })
                .collect();
            for maker in makers {
                maker.join().unwrap();
            }
            let sum: u32 = takers.into_iter().map(|taker| taker.join().unwrap()).sum();
            assert_eq!(sum, 3 * 300 * 301 / 2);
        });
        assert_eq!(ended, Ok(()), "{discipline}");
    }
}
