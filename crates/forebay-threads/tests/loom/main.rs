//! Every interleaving of small cases, explored by loom: run with `--cfg loom`.
//!
//! Each case runs on every discipline, a module for each concept. The threads of a case are two, which
//! may be switched away from up to twice where they could go on; tasks that stand in line beside them
//! are polled by hand, or never.
//!
//! What loom does not model: time (a deadline passes at once), more than a few threads (the schedules
//! of `tests/shuttle.rs` have more), and `SeqCst` accesses, which it treats as weaker (none are used).
//! Spinning and yielding before a sleep are left out. The short lock of the two ends is loom's own
//! mutex here; its shipped form is modeled beside its code.
#![cfg(loom)]

use std::future::Future;
use std::io::{self, Write};
use std::panic;
use std::pin::Pin;
use std::process;
use std::sync::{Arc, Once};
use std::task::{Context, Poll, Waker};

use forebay_threads::{Builder, Consumer, Discipline, Overflow, Permit, Producer};
use loom::thread;

/// One test for each case on each discipline.
macro_rules! models {
    ($($name:ident: $model:ident($($argument:expr),*);)*) => {
        models! { @on ring, Ring: $($name: $model($($argument),*);)* }
        models! { @on semaphores, Semaphores: $($name: $model($($argument),*);)* }
        models! { @on monitor, Monitor: $($name: $model($($argument),*);)* }
        models! { @on linked, Linked: $($name: $model($($argument),*);)* }
    };
    (@on $module:ident, $discipline:ident: $($name:ident: $model:ident($($argument:expr),*);)*) => {
        mod $module {
            $(#[test]
            fn $name() {
                super::$model(forebay_threads::Discipline::$discipline, $($argument),*);
            })*
        }
    };
}

mod batches;
mod dropping;
mod ending;
mod leasing;
mod permits;
mod waiting;
mod watermarks;
mod weights;

/// Both sides, kept to the end of the model: the last handle's drop closes the buffer, which is a
/// model of its own and would only multiply the others.
struct Sides<T> {
    producer: Producer<T>,
    consumer: Consumer<T>,
}

impl<T> Sides<T> {
    /// A producer that drops the oldest for its own.
    fn dropping(&self) -> Producer<T> {
        self.producer.clone().with_overflow(Overflow::DropOldest)
    }
}

fn sides<T>(discipline: Discipline, capacity: usize) -> Arc<Sides<T>> {
    build(Builder::bounded(capacity).discipline(discipline))
}

/// A buffer of numbers that weigh what they are.
fn weighing_sides(discipline: Discipline, capacity: usize, weight: u64) -> Arc<Sides<i32>> {
    let builder = Builder::bounded(capacity).discipline(discipline);
    build(builder.weighing(weight, |item: &i32| u64::from(item.unsigned_abs())))
}

fn build<T>(builder: Builder<T>) -> Arc<Sides<T>> {
    let (producer, consumer) = builder.build().expect("what it is told makes sense");
    Arc::new(Sides { producer, consumer })
}

fn spawn<T: Send + 'static, R: 'static>(
    sides: &Arc<Sides<T>>,
    work: impl FnOnce(&Sides<T>) -> R + 'static,
) -> thread::JoinHandle<R> {
    let sides = Arc::clone(sides);
    thread::spawn(move || work(&sides))
}

/// Explores a model, with at most two switches away from a thread that could go on, or as many as
/// `LOOM_MAX_PREEMPTIONS` says. A failure ends the process: what unwinds through a deadlocked model
/// would only meet its locks again, for ever.
fn explore(model: impl Fn() + Send + Sync + 'static) {
    static ENDS: Once = Once::new();
    ENDS.call_once(|| {
        panic::set_hook(Box::new(|panic| {
            let thread = std::thread::current();
            let model = thread.name().unwrap_or("a model");
            // Past the test harness, which keeps what the macros print until the test is over.
            let _ = writeln!(io::stderr(), "\n{model}: {panic}");
            process::exit(101);
        }));
    });
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound.get_or_insert(2);
    builder.check(model);
}

/// How often a waiter of a buffer of one may be passed, where it waits alone (C10).
const MOST_PASSES: usize = 4;

/// Polls once, with a waker that does nothing.
fn poll_once<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

type Waiting<T> = Pin<Box<dyn Future<Output = T>>>;

/// What stands in line already.
fn in_line<T>(future: impl Future<Output = T> + 'static) -> Waiting<T> {
    let mut waiting: Waiting<T> = Box::pin(future);
    assert!(poll_once(waiting.as_mut()).is_pending());
    waiting
}

/// A put that stands in line already.
fn waiting_put(sides: &Sides<i32>, item: i32) -> Waiting<()> {
    let producer = sides.producer.clone();
    in_line(async move {
        producer.put_async(item).await.unwrap();
    })
}

/// A take that stands in line already.
fn waiting_take(sides: &Sides<i32>) -> Waiting<i32> {
    let consumer = sides.consumer.clone();
    in_line(async move { consumer.take_async().await.unwrap() })
}

/// A reserve that stands in line already.
fn waiting_reserve(sides: &Sides<i32>) -> Waiting<Permit<i32>> {
    let producer = sides.producer.clone();
    in_line(async move { producer.reserve_async().await.unwrap() })
}
