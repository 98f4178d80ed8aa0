//! Every interleaving of small cases of the semaphore, explored by loom: run with `--cfg loom`.
//!
//! What loom does not model: time (a deadline passes at once), more than two threads, and more than
//! two preemptions.
#![cfg(loom)]

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Waker};

use forebay_threads::{Patience, Semaphore};
use loom::future::block_on;
use loom::thread;

fn explore(model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound.get_or_insert(2);
    builder.check(model);
}

type Waiting = Pin<Box<dyn Future<Output = usize>>>;

/// Units for ever, by somebody who stands in line already.
fn waiting(semaphore: &Arc<Semaphore>, units: usize) -> Waiting {
    let semaphore = Arc::clone(semaphore);
    let mut acquire: Waiting = Box::pin(async move {
        let held = semaphore.acquire_many_async(units).await;
        let count = held.count();
        held.forget();
        count
    });
    assert!(acquire.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    acquire
}

/// One unit between two threads, which both come for it again after the other.
#[test]
fn a_unit_goes_to_and_fro() {
    explore(|| {
        let semaphore = Arc::new(Semaphore::new(1));
        let other = {
            let semaphore = Arc::clone(&semaphore);
            thread::spawn(move || drop(semaphore.acquire()))
        };
        drop(semaphore.acquire());
        drop(semaphore.acquire());
        other.join().unwrap();
        assert_eq!(semaphore.available(), 1);
    });
}

/// A thread goes to sleep for two units, which come one by one.
#[test]
fn two_units_come_one_by_one() {
    explore(|| {
        let semaphore = Arc::new(Semaphore::new(0));
        let other = {
            let semaphore = Arc::clone(&semaphore);
            thread::spawn(move || semaphore.acquire_many(2).forget())
        };
        semaphore.release(1);
        semaphore.release(1);
        other.join().unwrap();
        assert_eq!(semaphore.available(), 0);
    });
}

/// Two stand in line, and one release is enough for both: the first must wake the second.
#[test]
fn who_is_served_wakes_the_next() {
    explore(|| {
        let semaphore = Arc::new(Semaphore::new(0));
        let first = waiting(&semaphore, 1);
        let second = waiting(&semaphore, 1);
        let other = thread::spawn(move || {
            semaphore.release(2);
            assert_eq!(block_on(first), 1);
        });
        assert_eq!(block_on(second), 1);
        other.join().unwrap();
    });
}

/// The first in line is cancelled, called already or not: the second must get its wake.
#[test]
fn a_cancelled_acquire_passes_its_wake_on() {
    explore(|| {
        let semaphore = Arc::new(Semaphore::new(0));
        let first = waiting(&semaphore, 1);
        let second = waiting(&semaphore, 1);
        let other = {
            let semaphore = Arc::clone(&semaphore);
            thread::spawn(move || {
                semaphore.release(1);
                drop(first);
            })
        };
        assert_eq!(block_on(second), 1);
        other.join().unwrap();
    });
}

/// A large want that cannot be met is cancelled: the small one behind it must be let go.
#[test]
fn a_cancelled_large_want_lets_the_small_one_go() {
    explore(|| {
        let semaphore = Arc::new(Semaphore::new(1));
        let large = waiting(&semaphore, 2);
        let small = waiting(&semaphore, 2);
        let other = {
            let semaphore = Arc::clone(&semaphore);
            thread::spawn(move || {
                drop(large);
                semaphore.release(1);
            })
        };
        assert_eq!(block_on(small), 2);
        other.join().unwrap();
    });
}

/// A newcomer takes what a waiter was called for, and gives it back: the waiter must be called again.
#[test]
fn a_passed_waiter_is_called_again() {
    explore(|| {
        let semaphore = Arc::new(Semaphore::new(0));
        let waiter = waiting(&semaphore, 1);
        semaphore.release(1);
        let other = thread::spawn(move || block_on(waiter));
        drop(semaphore.try_acquire());
        other.join().unwrap();
        assert_eq!(semaphore.available(), 0);
    });
}

/// A deadline passes while a unit comes: it is had, or still there.
#[test]
fn a_timed_out_acquire_loses_no_unit() {
    explore(|| {
        let semaphore = Arc::new(Semaphore::new(0));
        let other = {
            let semaphore = Arc::clone(&semaphore);
            thread::spawn(move || {
                let until = Patience::Until(std::time::Instant::now());
                drop(semaphore.acquire_within(until));
            })
        };
        semaphore.release(1);
        drop(semaphore.acquire());
        other.join().unwrap();
        assert_eq!(semaphore.available(), 1);
    });
}
