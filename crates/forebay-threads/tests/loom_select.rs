//! Every interleaving of small cases of select, explored by loom: run with `--cfg loom`.
//!
//! What loom does not model: time, more than two threads, and more than two preemptions; and the arm
//! that a new select begins with, which is always the first here.
#![cfg(loom)]

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Waker};

use forebay_threads::{Builder, Consumer, Discipline, Producer, Select, SelectError, TakeError};
use loom::future::block_on;
use loom::thread;

fn explore(model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound.get_or_insert(2);
    builder.check(model);
}

fn of(discipline: Discipline) -> (Producer<i32>, Consumer<i32>) {
    Builder::bounded(1).discipline(discipline).build().expect("capacity above 0")
}

type Waiting = Pin<Box<dyn Future<Output = i32>>>;

fn in_line<F: Future + ?Sized>(mut waiting: Pin<Box<F>>) -> Pin<Box<F>> {
    assert!(waiting.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    waiting
}

/// A take that stands in line already.
fn waiting_take(consumer: &Consumer<i32>) -> Waiting {
    let consumer = consumer.clone();
    in_line(Box::pin(async move { consumer.take_async().await.unwrap() }))
}

/// From either buffer; kept to the end of the model, since its drop alone would leave all lines.
fn either<'a>(left: &'a Consumer<i32>, right: &'a Consumer<i32>) -> Select<'a, i32> {
    Select::new().take(left, Result::unwrap).take(right, Result::unwrap)
}

/// Two items come to two buffers while a thread looks, stands in line, or sleeps.
fn both_come(discipline: Discipline) {
    explore(move || {
        let ((to_left, left), (to_right, right)) = (of(discipline), of(discipline));
        let other = thread::spawn(move || {
            to_left.put(1).unwrap();
            to_right.put(2).unwrap();
            (to_left, to_right)
        });
        let mut select = either(&left, &right);
        assert_eq!(select.wait().unwrap() + select.wait().unwrap(), 3);
        let _open = other.join().unwrap();
        assert_eq!(select.try_now(), Err(SelectError::NotReady));
    });
}

/// Both arms of a select are called, and it does one: the wake of the other must go on.
fn the_other_wake_goes_on(discipline: Discipline) {
    explore(move || {
        let ((to_left, left), (to_right, right)) = (of(discipline), of(discipline));
        let mut select = either(&left, &right);
        let waiting = in_line(Box::pin(select.wait_async()));
        let behind = waiting_take(&right);
        let other = thread::spawn(move || {
            to_right.put(2).unwrap();
            to_left.put(1).unwrap();
            (to_left, to_right)
        });
        if block_on(waiting) == Ok(1) {
            assert_eq!(block_on(behind), 2);
        } else {
            drop(behind);
            assert_eq!(left.take(), Ok(1));
        }
        let _open = other.join().unwrap();
        assert_eq!(right.try_take(), Err(TakeError::Empty));
        assert_eq!(select.try_now(), Err(SelectError::NotReady));
    });
}

/// A select is dropped, called already or not: who stands behind it must get its wake.
fn cancelled(discipline: Discipline) {
    explore(move || {
        let ((to_left, left), (_to_right, right)) = (of(discipline), of(discipline));
        let mut select = either(&left, &right);
        let waiting = in_line(Box::pin(select.wait_async()));
        let behind = waiting_take(&left);
        let other = thread::spawn(move || {
            to_left.put(1).unwrap();
            to_left
        });
        drop(waiting);
        assert_eq!(block_on(behind), 1);
        let _open = other.join().unwrap();
        assert_eq!(select.try_now(), Err(SelectError::NotReady));
    });
}

/// Room comes to one of two buffers, and the permit is used; a close comes to the other.
fn room_comes_and_a_close(discipline: Discipline) {
    explore(move || {
        let ((to_left, left), (to_right, right)) = (of(discipline), of(discipline));
        to_left.put(0).unwrap();
        let other = thread::spawn(move || {
            assert_eq!(left.take(), Ok(0));
            to_right.close();
            (left, to_right)
        });
        let mut select = Select::new()
            .reserve(&to_left, |permit| permit.unwrap().put(1).is_ok())
            .take(&right, |item| item.is_ok());
        let first = select.wait().unwrap();
        if first {
            assert_eq!(select.wait(), Ok(false));
        } else {
            assert_eq!(select.wait(), Ok(true));
        }
        let (left, _to_right) = other.join().unwrap();
        assert_eq!(left.try_take(), Ok(1));
    });
}

macro_rules! models {
    ($($model:ident as $name:ident;)*) => {
        mod ring { use super::*; $(#[test] fn $name() { $model(Discipline::Ring); })* }
        mod semaphores { use super::*; $(#[test] fn $name() { $model(Discipline::Semaphores); })* }
        mod monitor { use super::*; $(#[test] fn $name() { $model(Discipline::Monitor); })* }
        mod linked { use super::*; $(#[test] fn $name() { $model(Discipline::Linked); })* }
    };
}

models! {
    both_come as both_come_while_a_thread_selects;
    the_other_wake_goes_on as the_wake_of_the_arm_not_done_goes_on;
    cancelled as cancelled_select_passes_its_wakes_on;
    room_comes_and_a_close as room_and_a_close_wake_the_select;
}
