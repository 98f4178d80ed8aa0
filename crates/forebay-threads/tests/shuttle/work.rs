//! What producers and consumers do, as chance has it.

use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use forebay_threads::{
    Batch, Consumer, Outcome, Overflow, Patience, Producer, PutError, Refusal, TakeError,
};
use shuttle::future::block_on;
use shuttle::rand::{Rng, thread_rng};
use shuttle::thread;

use crate::ledger::{Item, Ledger};

/// How many things each producer does.
const DEEDS: u64 = 3;

/// A deadline that has passed, as all have here.
fn now() -> Patience {
    Patience::Until(Instant::now())
}

/// Polls once, and then lets others go on, who may wake it in vain.
fn poll_and_cancel<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let polled = future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    match polled {
        Poll::Ready(output) => Some(output),
        Poll::Pending => {
            thread::yield_now();
            None
        }
    }
}

/// Puts some items in some ways. Ends early once the buffer is closed.
pub(crate) fn produce(producer: u64, handle: &Producer<Item>, ledger: &Ledger) {
    let mut numbers = 0..;
    let mut next = || {
        let weight = thread_rng().gen_range(1..=3);
        Item { producer, number: numbers.next().expect("it never ends"), weight }
    };
    for _ in 0..DEEDS {
        let over = match thread_rng().gen_range(0..10) {
            0 | 1 => one(ledger, next(), |item| handle.put(item)),
            2 => one(ledger, next(), |item| block_on(handle.put_async(item))),
            3 if thread_rng().gen_bool(0.5) => {
                one(ledger, next(), |item| handle.put_within(item, now()))
            }
            3 => {
                let brief = handle.clone().with_overflow(Overflow::WaitFor(Duration::ZERO));
                one(ledger, next(), |item| block_on(brief.put_async(item)))
            }
            4 => {
                let items: Vec<_> = (0..thread_rng().gen_range(1..=3)).map(|_| next()).collect();
                many(ledger, &items, |items| handle.put_many(items.iter().copied()))
            }
            5 => {
                let dropping = handle.clone().with_overflow(Overflow::DropOldest);
                one(ledger, next(), |item| dropping.put(item))
            }
            6 => {
                let dropping = handle.clone().with_overflow(Overflow::DropThis);
                one(ledger, next(), |item| dropping.put(item))
            }
            7 => with_permit(ledger, next(), handle),
            8 => {
                let item = next();
                match poll_and_cancel(handle.put_async(item)) {
                    Some(result) => one(ledger, item, |_| result),
                    None => {
                        ledger.given_up(item);
                        false
                    }
                }
            }
            _ => matches!(poll_and_cancel(handle.reserve_async()), Some(Err(Refusal::Closed))),
        };
        if over {
            return;
        }
    }
}

/// One put, and what it says; true once the buffer is closed.
fn one(
    ledger: &Ledger,
    item: Item,
    put: impl FnOnce(Item) -> Result<Outcome, PutError<Item>>,
) -> bool {
    match put(item) {
        Ok(outcome) => {
            match outcome {
                Outcome::DroppedOldest(count) => ledger.dropped(count),
                Outcome::DroppedThis => ledger.dropped(1),
                _ => {}
            }
            ledger.placed(item);
            false
        }
        Err(refused) => {
            assert_eq!(refused.item, item);
            refused.refusal == Refusal::Closed
        }
    }
}

fn many(
    ledger: &Ledger,
    items: &[Item],
    put: impl FnOnce(&[Item]) -> Result<Batch, forebay_threads::PutManyError<Item>>,
) -> bool {
    let (placed, closed) = match put(items) {
        Ok(_) => (items.len(), false),
        Err(refused) => {
            let placed = items.len() - refused.rest.len();
            assert_eq!(refused.rest, items[placed..]);
            (placed, refused.refusal == Refusal::Closed)
        }
    };
    items[..placed].iter().for_each(|&item| ledger.placed(item));
    closed
}

/// Reserves, and puts, or thinks better of it.
fn with_permit(ledger: &Ledger, item: Item, handle: &Producer<Item>) -> bool {
    let reserved = if thread_rng().gen_bool(0.5) {
        handle.reserve_weight(item.weight, Patience::Forever)
    } else {
        block_on(handle.reserve_weight_async(3))
    };
    match reserved {
        Ok(permit) => {
            thread::yield_now();
            thread_rng().gen_bool(0.7)
                && one(ledger, item, |item| permit.put(item).map(|()| Outcome::Placed))
        }
        Err(refusal) => refusal == Refusal::Closed,
    }
}

/// Takes until the end, in all the ways there are.
pub(crate) fn consume(handle: &Consumer<Item>, ledger: &Ledger) {
    let mut seen = Vec::new();
    loop {
        let before = seen.len();
        let took = match thread_rng().gen_range(0..9) {
            0 | 1 => handle.take().map(|item| seen.push(item)),
            2 => handle.take_within(now()).map(|item| seen.push(item)),
            3 => block_on(handle.take_async()).map(|item| seen.push(item)),
            4 => handle.take_many(2).map(|items| seen.extend(items)),
            5 => match poll_and_cancel(handle.take_async()) {
                Some(took) => took.map(|item| seen.push(item)),
                None => Ok(()),
            },
            6 => match poll_and_cancel(handle.lease_async()) {
                Some(lease) => lease.map(|lease| ledger.returns(*lease)),
                None => Ok(()),
            },
            7 => handle.lease().map(|lease| {
                thread::yield_now();
                seen.push(lease.ack().expect("it has no deadline"));
            }),
            _ => handle.lease().map(|lease| {
                ledger.returns(*lease);
                thread::yield_now();
                lease.nack().expect("it has no deadline");
            }),
        };
        seen[before..].iter().for_each(|&item| ledger.taken(item));
        match took {
            Ok(()) | Err(TakeError::TimedOut) => {}
            Err(TakeError::Closed) => break,
            Err(wrong) => panic!("{wrong}"),
        }
    }
    ledger.check_order(&seen);
}
