//! C3: what was put is somewhere, whatever becomes of those who handled it.

use std::collections::BTreeMap;
use std::panic::{self, AssertUnwindSafe};
use std::time::Duration;

use fastrand::Rng;
use forebay_contract::{
    Batch, Consume, Leased, Outcome, Patience, Permitted, Produce, PutError, PutManyError, Refusal,
    TakeError,
};

use crate::ensure::{ensure, ensure_eq};
use crate::task::{Task, block_on};
use crate::worker::{Worker, finish_all, finish_puts};
use crate::{Factory, Item, Ledger, Settings, Subject};

/// So short that many timed calls do time out.
const SHORT: Duration = Duration::from_micros(200);

/// What a producer knows of its items in the end.
#[derive(Default)]
struct Puts {
    /// Put returned Ok.
    placed: Vec<u64>,
    /// The put was cancelled: placed whole or not at all, and nobody was told which (C5).
    cancelled: Vec<u64>,
}

/// Every form of put and take, mixed on the same handles, with leases answered in every way, workers
/// that panic and calls that are cancelled: each item is finished exactly once.
pub fn c3_mixed_use_finishes_every_item_once<F: Factory>(factory: &F) {
    const PRODUCERS: u64 = 3;
    let each = F::scaled(600);
    for (capacity, consumers) in [(1, 2), (4, 3)] {
        let Subject { producer, consumer, ledger } =
            Subject::new(factory, Settings::new(capacity).max_leased(2));
        let mut producing = Vec::new();
        for number in 0..PRODUCERS {
            let own = producer.clone();
            let ledger = ledger.clone();
            producing.push(Worker::start(move || {
                let mut rng = Rng::with_seed(number);
                let mut puts = Puts::default();
                for id in number * each..(number + 1) * each {
                    put_somehow::<F>(&own, id, &ledger, &mut rng, &mut puts);
                }
                puts
            }));
        }
        let mut consuming = Vec::new();
        for number in 0..consumers {
            let own = consumer.clone();
            consuming.push(Worker::start(move || {
                let mut rng = Rng::with_seed(100 + number);
                let mut finished = Vec::new();
                while take_somehow::<F>(&own, &mut rng, &mut finished) {}
                finished
            }));
        }
        let puts = finish_puts::<F, _>(producer, producing);
        let mut times: BTreeMap<u64, u32> = BTreeMap::new();
        for id in finish_all(consuming).into_iter().flatten() {
            *times.entry(id).or_default() += 1;
        }
        for id in puts.iter().flat_map(|puts| &puts.placed) {
            let finished = times.remove(id).unwrap_or(0);
            ensure!(NothingLost, finished > 0, "item {id} was put and never came");
            ensure!(NothingTwice, finished == 1, "item {id} was finished {finished} times");
        }
        for id in puts.iter().flat_map(|puts| &puts.cancelled) {
            let finished = times.remove(id).unwrap_or(0);
            ensure!(NothingTwice, finished <= 1, "cancelled item {id} came {finished} times");
        }
        ensure!(NothingTwice, times.is_empty(), "items that were refused, yet came: {times:?}");
        let s = consumer.statistics();
        ensure_eq!(Accounting, (s.waiting, s.leased), (0, 0), "unfinished in the end");
        drop(consumer);
        ensure_eq!(Accounting, ledger.alive(), 0, "items that outlive their buffer");
    }
}

/// Puts the item in a form chosen by chance; tries again where that form gives up.
fn put_somehow<F: Factory>(
    producer: &F::Producer,
    id: u64,
    ledger: &Ledger,
    rng: &mut Rng,
    puts: &mut Puts,
) {
    let mut item = F::Item::new(id, ledger);
    loop {
        let put = match rng.u8(0..7) {
            0 => producer.put(item),
            5 => match producer.reserve_within(Patience::lasting(SHORT)) {
                Ok(permit) => permit.put(item).map(|()| Outcome::Placed),
                Err(refusal) => Err(PutError { item, refusal }),
            },
            6 => one_of_many(producer.put_many_within(vec![item], Patience::lasting(SHORT))),
            1 => producer.try_put(item),
            2 => producer.put_timeout(item, SHORT),
            3 => block_on(producer.put_async(item)),
            _ => {
                let mut task = Task::new(producer.put_async(item));
                match task.settled::<F>() {
                    std::task::Poll::Ready(put) => put,
                    std::task::Poll::Pending => {
                        if rng.bool() {
                            std::thread::yield_now();
                        }
                        drop(task);
                        puts.cancelled.push(id);
                        return;
                    }
                }
            }
        };
        match put {
            Ok(_) => {
                puts.placed.push(id);
                return;
            }
            Err(error) => {
                let may = matches!(error.refusal, Refusal::Full | Refusal::TimedOut);
                ensure!(Waiting, may, "a put on an open buffer was refused: {}", error.refusal);
                ensure_eq!(Waiting, error.item.id(), id, "the refused put hands back its item");
                item = error.item;
                std::thread::yield_now();
            }
        }
    }
}

/// What became of a batch of one.
fn one_of_many<T: Item>(put: Result<Batch, PutManyError<T>>) -> Result<Outcome, PutError<T>> {
    match put {
        Ok(done) => {
            ensure_eq!(NothingLost, done.placed, 1, "placed of a batch of one");
            Ok(Outcome::Placed)
        }
        Err(PutManyError { mut rest, refusal, done }) => {
            ensure_eq!(NothingLost, (done.placed, rest.len()), (0, 1), "placed, and handed back");
            Err(PutError { item: rest.remove(0), refusal })
        }
    }
}

/// Takes or leases one item, or takes several, in a form chosen by chance; false at the end.
fn take_somehow<F: Factory>(
    consumer: &F::Consumer,
    rng: &mut Rng,
    finished: &mut Vec<u64>,
) -> bool {
    let taken = match rng.u8(0..8) {
        0 => consumer.take(),
        6 => return take_several::<F>(consumer.take_many(3), finished),
        7 => match Task::new(consumer.take_many_async(2)).settled::<F>() {
            std::task::Poll::Ready(taken) => return take_several::<F>(taken, finished),
            std::task::Poll::Pending => return true,
        },
        1 => consumer.try_take(),
        2 => consumer.take_timeout(SHORT),
        3 => block_on(consumer.take_async()),
        4 => {
            let mut task = Task::new(consumer.take_async());
            match task.settled::<F>() {
                std::task::Poll::Ready(taken) => taken,
                std::task::Poll::Pending => return true,
            }
        }
        _ => {
            let lease = match rng.u8(0..5) {
                0 => consumer.lease(),
                1 => consumer.try_lease(),
                2 => consumer.lease_timeout(SHORT),
                3 => block_on(consumer.lease_async()),
                _ => {
                    let mut task = Task::new(consumer.lease_async());
                    match task.settled::<F>() {
                        std::task::Poll::Ready(lease) => lease,
                        std::task::Poll::Pending => return true,
                    }
                }
            };
            match lease {
                Ok(lease) => {
                    answer_somehow(lease, rng, finished);
                    return true;
                }
                Err(error) => Err(error),
            }
        }
    };
    match taken {
        Ok(item) => finished.push(item.id()),
        Err(TakeError::Closed) => return false,
        Err(_) => std::thread::yield_now(),
    }
    true
}

/// Enters what was taken; false at the end.
fn take_several<F: Factory>(
    taken: Result<Vec<F::Item>, TakeError>,
    finished: &mut Vec<u64>,
) -> bool {
    match taken {
        Ok(items) => finished.extend(items.iter().map(Item::id)),
        Err(TakeError::Closed) => return false,
        Err(_) => std::thread::yield_now(),
    }
    true
}

fn answer_somehow<T: Item>(lease: impl Leased<T>, rng: &mut Rng, finished: &mut Vec<u64>) {
    let id = lease.id();
    let answered = match rng.u8(0..7) {
        0 => lease.nack(),
        1 => lease.fail("by chance"),
        2 => {
            drop(lease);
            Ok(())
        }
        3 => {
            die_with(lease);
            Ok(())
        }
        _ => lease.ack().map(|item| finished.push(item.id())),
    };
    ensure_eq!(NothingLost, answered, Ok(()), "an answer to a lease without deadline, item {id}");
}

/// Unwinds as a panicking worker does, without its message on the screen.
pub(super) fn die_with<L>(lease: L) {
    let died = panic::catch_unwind(AssertUnwindSafe(move || {
        let _held = lease;
        panic::resume_unwind(Box::new("the worker died"));
    }));
    assert!(died.is_err());
}

/// A take or a lease that is cancelled, before or after it was woken, leaves its item to others.
pub fn c3_cancelled_takes_lose_nothing<F: Factory>(factory: &F) {
    for leases in [false, true] {
        for items_before_cancel in 0..3 {
            let subject = Subject::with_capacity(factory, 2);
            let consumer = &subject.consumer;
            if leases {
                let mut task = Task::new(consumer.lease_async());
                ensure!(
                    Waiting,
                    task.settled::<F>().is_pending(),
                    "a lease on an empty buffer waits"
                );
                subject.fill(0..items_before_cancel);
            } else {
                let mut task = Task::new(consumer.take_async());
                ensure!(
                    Waiting,
                    task.settled::<F>().is_pending(),
                    "a take on an empty buffer waits"
                );
                subject.fill(0..items_before_cancel);
            }
            subject.fill(items_before_cancel..2);
            let s = subject.ensure_accounted();
            ensure_eq!(NothingLost, (s.waiting, s.leased), (2, 0), "after the cancelled call");
            ensure_eq!(NothingLost, subject.drain(), vec![0, 1], "what is left to take");
        }
    }
}

/// A take that times out beside a put that comes just then: the item is taken or still there.
pub fn c3_timed_out_takes_lose_nothing<F: Factory>(factory: &F) {
    let items = F::scaled(300);
    let subject = Subject::with_capacity(factory, 1);
    let own = subject.consumer.clone();
    let consuming = Worker::start(move || {
        let mut taken = Vec::new();
        let mut rng = Rng::with_seed(1);
        loop {
            match own.take_timeout(Duration::from_micros(rng.u64(0..200))) {
                Ok(item) => taken.push(item.id()),
                Err(TakeError::Closed) => return taken,
                Err(_) => {}
            }
        }
    });
    let mut rng = Rng::with_seed(2);
    for id in 0..items {
        let mut item = subject.item(id);
        while let Err(back) =
            subject.producer.put_timeout(item, Duration::from_micros(rng.u64(0..200)))
        {
            ensure_eq!(Waiting, back.refusal, Refusal::TimedOut, "a put with a deadline");
            item = back.item;
        }
        std::thread::sleep(Duration::from_micros(rng.u64(0..100)));
    }
    finish_puts::<F, ()>(subject.producer, Vec::new());
    ensure_eq!(NothingLost, consuming.finish(), (0..items).collect::<Vec<_>>(), "items taken");
}

/// A worker that panics gives its item back.
pub fn c3_panicking_worker_gives_its_item_back<F: Factory>(factory: &F) {
    let subject = Subject::with_capacity(factory, 2);
    subject.fill(0..2);
    let own = subject.consumer.clone();
    Worker::start(move || die_with(own.lease())).finish();
    let again = subject.consumer.try_lease().map(|lease| (lease.id(), lease.deliveries()));
    ensure_eq!(NothingLost, again, Ok((0, 2)), "the item of the worker that died");
}

/// A lease outlives the handle that took it, and its answer still counts.
pub fn c3_lease_outlives_its_consumer<F: Factory>(factory: &F) {
    let subject = Subject::with_capacity(factory, 2);
    subject.fill(0..2);
    let short_lived = subject.consumer.clone();
    let (first, second) = (short_lived.try_lease(), short_lived.try_lease());
    drop(short_lived);
    ensure_eq!(NothingLost, subject.statistics().leased, 2, "leases whose consumer is gone");
    let acked = first.map(|lease| lease.ack().map(|item| item.id()));
    ensure_eq!(NothingLost, acked, Ok(Ok(0)), "an ack after the consumer is gone");
    drop(second);
    ensure_eq!(NothingLost, subject.drain(), vec![1], "the item given back");
    subject.ensure_accounted();
}

/// A nack that meets a full buffer keeps its item.
pub fn c3_nack_on_a_full_buffer_loses_nothing<F: Factory>(factory: &F) {
    let subject = Subject::with_capacity(factory, 1);
    subject.fill([0]);
    let lease = subject.consumer.try_lease();
    subject.fill([1]);
    ensure!(NothingLost, lease.is_ok_and(|lease| lease.nack().is_ok()), "lease and nack");
    ensure_eq!(NothingLost, subject.drain(), vec![0, 1], "both items");
}
