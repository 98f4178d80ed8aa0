//! The counting semaphore, as users have it.
#![cfg(not(loom))]

use std::future::Future;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

use forebay_conformance::task::{Task, block_on};
use forebay_conformance::watchdog::{PATIENCE, eventually, watch};
use forebay_threads::{Patience, Semaphore, Units};

/// A call that waits in line already.
fn waiting<'a, T>(call: impl Future<Output = T> + Send + 'a) -> Task<'a, T> {
    let mut task = Task::new(call);
    assert!(task.poll().is_pending());
    task
}

fn ready<T>(task: &mut Task<'_, T>) -> T {
    match task.poll() {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("its turn has come"),
    }
}

#[test]
fn units_are_had_while_there_are_any_and_come_back() {
    let semaphore = Semaphore::new(2);
    let first = semaphore.acquire();
    let second = semaphore.try_acquire().expect("one is free");
    assert_eq!((first.count(), second.count(), semaphore.available()), (1, 1, 0));
    assert!(semaphore.try_acquire().is_none());
    drop(first);
    assert_eq!(semaphore.available(), 1);
    assert_eq!(semaphore.try_acquire_many(1).expect("one is free").count(), 1);
    drop(second);
    assert_eq!(semaphore.available(), 2);
    assert!(format!("{semaphore:?}").contains("available: 2"));
}

#[test]
fn many_units_are_had_at_once_or_not_at_all() {
    let semaphore = Semaphore::new(3);
    assert!(semaphore.try_acquire_many(4).is_none());
    let two = semaphore.acquire_many(2);
    assert!(semaphore.try_acquire_many(2).is_none());
    assert_eq!(semaphore.available(), 1, "what could not be had whole was left whole");
    drop(two);
    assert_eq!(semaphore.acquire_many(3).count(), 3);
    assert_eq!(semaphore.acquire_many(0).count(), 0);
}

#[test]
fn no_units_are_had_at_once_whoever_waits() {
    let semaphore = Semaphore::new(0);
    let _line: Vec<_> = (0..3).map(|_| waiting(semaphore.acquire_async())).collect();
    for _ in 0..9 {
        assert!(semaphore.try_acquire_many(0).is_some());
    }
}

#[test]
fn forgotten_units_are_gone_until_released() {
    let semaphore = Semaphore::new(2);
    semaphore.acquire_many(2).forget();
    assert_eq!(semaphore.available(), 0);
    assert!(semaphore.try_acquire().is_none());
    semaphore.release(1);
    assert_eq!(semaphore.available(), 1);
    mem::forget(semaphore.acquire());
    assert_eq!(semaphore.available(), 0);
}

#[test]
fn timed_calls_end_without_units_and_leave_the_line() {
    let semaphore = Semaphore::new(0);
    let begun = Instant::now();
    assert!(semaphore.acquire_timeout(Duration::from_millis(20)).is_none());
    assert!(begun.elapsed() >= Duration::from_millis(20));
    assert!(semaphore.acquire_deadline(Instant::now()).is_none());
    assert!(semaphore.acquire_within(Patience::Try).is_none());
    assert!(semaphore.acquire_many_within(2, Patience::Until(Instant::now())).is_none());
    semaphore.release(1);
    assert!(semaphore.acquire_timeout(Duration::ZERO).is_some(), "nobody is left in the line");
    assert!(semaphore.acquire_within(Patience::Forever).is_some());
}

#[test]
fn threads_sleep_until_units_come() {
    let ended = watch("sleepers", PATIENCE, || {
        let semaphore = Arc::new(Semaphore::new(0));
        let sleepers: Vec<_> = (1..=3)
            .map(|units| {
                let semaphore = Arc::clone(&semaphore);
                thread::spawn(move || semaphore.acquire_owned(units).forget())
            })
            .collect();
        for _ in 0..6 {
            thread::sleep(Duration::from_millis(1));
            semaphore.release(1);
        }
        for sleeper in sleepers {
            sleeper.join().unwrap();
        }
        assert_eq!(semaphore.available(), 0);
    });
    assert_eq!(ended, Ok(()));
}

#[test]
fn one_release_of_many_units_wakes_all_that_they_are_enough_for() {
    let semaphore = Semaphore::new(0);
    let mut tasks: Vec<_> = (0..4).map(|_| waiting(semaphore.acquire_async())).collect();
    semaphore.release(3);
    let mut held = Vec::new();
    for task in &mut tasks[..3] {
        assert!(task.is_woken(), "who gets a unit wakes the next while there are more");
        held.push(ready(task));
    }
    assert!(!tasks[3].is_woken());
    drop(held.pop());
    assert!(tasks[3].is_woken());
}

#[test]
fn who_waits_is_served_first_come_first_served_whatever_it_wants() {
    let semaphore = Semaphore::new(0);
    let mut large = waiting(semaphore.acquire_many_async(3));
    let mut small = waiting(semaphore.acquire_async());
    semaphore.release(2);
    assert!(large.poll().is_pending(), "2 are not 3");
    assert!(!small.is_woken(), "it stands behind");
    semaphore.release(2);
    assert!(large.is_woken());
    let held = ready(&mut large);
    assert_eq!(held.count(), 3);
    assert!(small.is_woken(), "the large one has left a unit");
    assert_eq!(ready(&mut small).count(), 1);
}

#[test]
fn a_waiter_is_passed_only_so_often() {
    for units in [1_usize, 2, 5] {
        for wanted in 1..=units {
            let semaphore = Semaphore::new(units);
            let held = semaphore.acquire_many(units);
            let mut oldest = waiting(semaphore.acquire_many_async(wanted));
            let others: Vec<_> = (0..2).map(|_| waiting(semaphore.acquire_async())).collect();
            let waiters = 1 + others.len();
            drop(held);
            let passes = (0..99).take_while(|_| semaphore.try_acquire().is_some()).count();
            assert!(
                passes <= 2 * (units + waiters),
                "{units} units, {wanted} wanted: {passes} passes"
            );
            assert_eq!(ready(&mut oldest).count(), wanted);
        }
    }
}

#[test]
fn a_large_want_is_not_starved_by_small_ones() {
    let ended = watch("large want", PATIENCE, || {
        let semaphore = Arc::new(Semaphore::new(3));
        let over = Arc::new(AtomicUsize::new(0));
        let small: Vec<_> = (0..4)
            .map(|_| {
                let (semaphore, over) = (Arc::clone(&semaphore), Arc::clone(&over));
                thread::spawn(move || {
                    while over.load(Ordering::Relaxed) == 0 {
                        drop(semaphore.acquire());
                    }
                })
            })
            .collect();
        for _ in 0..200 {
            assert_eq!(semaphore.acquire_many(3).count(), 3);
        }
        over.store(1, Ordering::Relaxed);
        for thread in small {
            thread.join().unwrap();
        }
        assert_eq!(semaphore.available(), 3);
    });
    assert_eq!(ended, Ok(()));
}

#[test]
fn a_cancelled_acquire_passes_its_wake_on() {
    let semaphore = Semaphore::new(0);
    let first = waiting(semaphore.acquire_async());
    let mut second = waiting(semaphore.acquire_async());
    semaphore.release(1);
    assert!(first.is_woken() && !second.is_woken());
    drop(first);
    assert!(second.is_woken());
    assert_eq!(ready(&mut second).count(), 1);
}

#[test]
fn a_cancelled_large_want_lets_those_behind_it_go() {
    let semaphore = Semaphore::new(1);
    let mut large = waiting(semaphore.acquire_many_async(2));
    let mut small = waiting(semaphore.acquire_many_async(2));
    semaphore.release(1);
    assert!(large.is_woken());
    let held = ready(&mut large);
    semaphore.release(1);
    assert!(small.poll().is_pending(), "1 is not 2");
    let mut last = waiting(semaphore.acquire_many_async(2));
    drop(small);
    assert!(last.is_woken(), "a unit is free, and may be what it wants");
    assert!(last.poll().is_pending());
    drop(held);
    assert_eq!(ready(&mut last).count(), 2);
}

#[test]
fn units_come_back_when_their_holder_panics() {
    let semaphore = Semaphore::new(1);
    let mut next = Task::new(semaphore.acquire_async());
    let ended = catch_unwind(AssertUnwindSafe(|| {
        let _held = semaphore.acquire();
        assert!(next.poll().is_pending());
        panic!("with a unit in hand");
    }));
    assert!(ended.is_err());
    assert!(next.is_woken());
    assert_eq!(ready(&mut next).count(), 1);
}

#[test]
fn owned_units_outlive_the_borrow() {
    let semaphore = Arc::new(Semaphore::new(2));
    let held: Units<Arc<Semaphore>> = Arc::clone(&semaphore).acquire_owned(1);
    assert!(Arc::clone(&semaphore).acquire_owned_within(2, Patience::Try).is_none());
    let task = Arc::clone(&semaphore).acquire_owned_async(2);
    let other = thread::spawn(move || block_on(task).count());
    eventually("the task waits", || format!("{semaphore:?}").contains("waiting: 1"));
    thread::spawn(move || drop(held)).join().unwrap();
    assert_eq!(other.join().unwrap(), 2);
    assert_eq!(semaphore.available(), 2);
}

#[test]
fn never_are_more_units_held_than_there_are() {
    let ended = watch("holders", PATIENCE, || {
        let semaphore = Arc::new(Semaphore::new(4));
        let held = Arc::new(AtomicUsize::new(0));
        let threads: Vec<_> = (0..4)
            .map(|nth: usize| {
                let (semaphore, held) = (Arc::clone(&semaphore), Arc::clone(&held));
                thread::spawn(move || {
                    for round in 0..1000 {
                        let wanted = 1 + (nth + round) % 4;
                        let units = match round % 3 {
                            0 => semaphore.acquire_many(wanted),
                            1 => block_on(semaphore.acquire_many_async(wanted)),
                            _ => match semaphore.acquire_many_within(
                                wanted,
                                Patience::lasting(Duration::from_micros(50)),
                            ) {
                                Some(units) => units,
                                None => continue,
                            },
                        };
                        let before = held.fetch_add(wanted, Ordering::SeqCst);
                        assert!(before + wanted <= 4, "{before} and {wanted} more are held");
                        held.fetch_sub(wanted, Ordering::SeqCst);
                        drop(units);
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(semaphore.available(), 4);
    });
    assert_eq!(ended, Ok(()));
}

#[test]
#[should_panic(expected = "more units where 1 are free")]
fn too_many_units_are_refused() {
    Semaphore::new(1).release(Semaphore::MAX_UNITS);
}

#[test]
fn a_refused_release_adds_nothing() {
    let semaphore = Semaphore::new(1);
    let refused = catch_unwind(AssertUnwindSafe(|| semaphore.release(usize::MAX)));
    assert!(refused.is_err());
    assert_eq!(semaphore.available(), 1);
}
