//! C5 for those who must keep their item: a place is set aside first, and the item put into it later.

use std::mem;
use std::time::{Duration, Instant};

use forebay_contract::{Consume, Leased, Patience, Permitted, Produce, Refusal, TakeError};

use crate::ensure::{ensure, ensure_eq};
use crate::task::{Task, block_on};
use crate::watchdog::PATIENCE;
use crate::worker::blocked_producer;
use crate::{Factory, Item, Settings, Subject};

/// A deadline that is meant to pass.
const SHORT: Duration = Duration::from_millis(10);

type PermitOf<F> = <<F as Factory>::Producer as Produce<<F as Factory>::Item>>::Permit;

fn reserve<F: Factory>(subject: &Subject<F>) -> PermitOf<F> {
    match subject.producer.try_reserve() {
        Ok(permit) => permit,
        Err(refusal) => panic!("C1 bound: there was room for a permit, but: {refusal}"),
    }
}

/// Puts through a permit: the id handed back, and why.
fn put<F: Factory>(
    subject: &Subject<F>,
    permit: PermitOf<F>,
    id: u64,
) -> Result<(), (u64, Refusal)> {
    permit.put(subject.item(id)).map_err(|error| (error.item.id(), error.refusal))
}

/// A permit counts as an item that waits, no more and no less, until it is used or dropped.
pub fn c1_permits_count_as_items_that_wait<F: Factory>(factory: &F) {
    for capacity in [1, 2, 5] {
        let subject = Subject::with_capacity(factory, capacity);
        for lap in 0..3 {
            let mut permits: Vec<_> = (0..capacity).map(|_| reserve(&subject)).collect();
            let refused = (subject.try_put(9), subject.producer.try_reserve().err());
            let full = (Err(Refusal::Full), Some(Refusal::Full));
            ensure_eq!(Bound, refused, full, "a put and a permit past {capacity}, lap {lap}");
            let s = subject.ensure_accounted();
            let counts = (s.waiting, s.reserved, s.produced);
            let produced = lap * capacity as u64;
            let promised = (0, capacity as u64, produced);
            ensure_eq!(Bound, counts, promised, "waiting, reserved and produced");
            ensure_eq!(Bound, subject.try_take(), Err(TakeError::Empty), "a permit is no item");
            // One is dropped, and its place is one place.
            drop(permits.pop());
            ensure_eq!(Bound, subject.try_put(0), Ok(()), "a put where a permit was");
            ensure_eq!(Bound, subject.try_put(9), Err(Refusal::Full), "and no place more");
            for (id, permit) in (1..).zip(permits) {
                ensure_eq!(Bound, put(&subject, permit, id), Ok(()), "a put through a permit");
                ensure_eq!(Bound, subject.try_put(9), Err(Refusal::Full), "a put beside it");
            }
            let s = subject.ensure_accounted();
            let counts = (s.waiting, s.reserved, s.produced);
            let promised = (capacity as u64, 0, produced + capacity as u64);
            ensure_eq!(Bound, counts, promised, "waiting, reserved and produced");
            ensure_eq!(Order, subject.drain(), (0..capacity as u64).collect::<Vec<_>>(), "all");
        }
    }
}

/// The position is that of the put, not of the permit.
pub fn c2_an_item_put_by_permit_comes_in_the_order_of_puts<F: Factory>(factory: &F) {
    let subject = Subject::with_capacity(factory, 4);
    let (first, second) = (reserve(&subject), reserve(&subject));
    subject.fill([0]);
    ensure_eq!(Order, put(&subject, second, 1), Ok(()), "the later permit");
    subject.fill([2]);
    ensure_eq!(Order, put(&subject, first, 3), Ok(()), "the earlier permit");
    ensure_eq!(Order, subject.drain(), vec![0, 1, 2, 3], "the order of the puts");
}

/// A permit that is not used yet hides nothing: what was put after it can be taken before it is used.
pub fn c5_an_unused_permit_holds_nothing_up<F: Factory>(factory: &F) {
    let subject = Subject::with_capacity(factory, 2);
    let permit = reserve(&subject);
    for id in 0..10 {
        subject.fill([id]);
        let leased = id % 2 == 0;
        let next = if leased {
            subject.consumer.try_lease().map(|lease| lease.ack().map_or(u64::MAX, |i| i.id()))
        } else {
            subject.try_take()
        };
        ensure_eq!(Waiting, next, Ok(id), "an item beside an unused permit");
    }
    ensure_eq!(Waiting, put(&subject, permit, 10), Ok(()), "the permit, many items later");
    ensure_eq!(Waiting, subject.drain(), vec![10], "its item");
}

/// A reserve waits while the buffer is full, in every form, and is woken by room.
pub fn c5_a_reserve_waits_for_room<F: Factory>(factory: &F) {
    let subject = Subject::with_capacity(factory, 1);
    subject.fill([0]);
    let begun = Instant::now();
    let late = subject.producer.reserve_within(Patience::lasting(SHORT)).err();
    ensure_eq!(Waiting, late, Some(Refusal::TimedOut), "a reserve on a full buffer");
    ensure!(Waiting, begun.elapsed() >= SHORT, "it waited for its deadline");
    for form in 0..3 {
        let waiting = blocked_producer::<F, _>(&subject.producer, move |producer| match form {
            0 => producer.reserve(),
            1 => producer.reserve_within(Patience::lasting(PATIENCE * 10)),
            _ => block_on(producer.reserve_async()),
        });
        ensure_eq!(Waiting, subject.statistics().reserved, 0, "permits while one waits ({form})");
        ensure!(Waiting, subject.try_take().is_ok(), "the item that filled the buffer");
        let permit = match waiting.finish() {
            Ok(permit) => permit,
            Err(refusal) => panic!("C5 waiting: a reserve that waited ({form}): {refusal}"),
        };
        ensure_eq!(Waiting, subject.try_put(9), Err(Refusal::Full), "a put beside the permit");
        ensure_eq!(Waiting, put(&subject, permit, 1), Ok(()), "a put through it ({form})");
    }
    let s = subject.ensure_accounted();
    ensure_eq!(Waiting, (s.produced, s.producers_waiting), (4, 0), "produced, puts that wait");
}

/// Tasks: one that is not polled does nothing, one that is cancelled leaves its line, and after its
/// wake it leaves its place to the next.
pub fn c5_a_cancelled_reserve_passes_its_wake_on<F: Factory>(factory: &F) {
    let subject = Subject::with_capacity(factory, 1);
    drop(subject.producer.reserve_async());
    ensure_eq!(Waiting, subject.statistics().reserved, 0, "permits of a task never polled");
    subject.fill([0]);
    let mut first = Task::new(subject.producer.reserve_async());
    ensure!(Waiting, first.settled::<F>().is_pending(), "a reserve on a full buffer waits");
    let mut second = Task::new(subject.producer.reserve_async());
    ensure!(Waiting, second.settled::<F>().is_pending(), "a second reserve waits");
    let mut third = Task::new(subject.producer.put_async(subject.item(1)));
    ensure!(Waiting, third.settled::<F>().is_pending(), "a put waits behind them");
    ensure_eq!(Waiting, subject.statistics().producers_waiting, 3, "who waits for room");
    ensure_eq!(Order, subject.try_take(), Ok(0), "the item that filled the buffer");
    ensure!(Waiting, first.gets_woken::<F>(), "room wakes the first reserve");
    drop(first);
    ensure!(Waiting, second.gets_woken::<F>(), "the wake is passed on to the second reserve");
    drop(second);
    ensure!(Waiting, third.gets_woken::<F>(), "the wake is passed on to the put");
    ensure!(Waiting, third.gets_ready::<F>().is_ready(), "the put behind two cancelled reserves");
    let s = subject.ensure_accounted();
    ensure_eq!(Waiting, (s.reserved, s.producers_waiting), (0, 0), "permits, and who waits");
    ensure_eq!(Waiting, subject.drain(), vec![1], "what was placed");
}

/// A permit keeps its word however full the buffer has become: its put does not wait.
pub fn c5_a_put_by_permit_never_waits<F: Factory>(factory: &F) {
    let subject = Subject::new(factory, Settings::new(2).max_leased(2));
    subject.fill(0..2);
    let leases = [subject.consumer.try_lease(), subject.consumer.try_lease()];
    let permit = reserve(&subject);
    subject.fill([2]);
    for lease in leases {
        ensure!(NothingLost, lease.is_ok_and(|lease| lease.nack().is_ok()), "lease and nack");
    }
    let mut waiting = Task::new(subject.producer.put_async(subject.item(9)));
    ensure!(Waiting, waiting.settled::<F>().is_pending(), "a put on a full buffer waits");
    // Three items wait in two places beside the permit, and a put stands in line.
    ensure_eq!(Waiting, put(&subject, permit, 3), Ok(()), "a put through a permit");
    drop(waiting);
    ensure_eq!(Waiting, subject.drain(), vec![0, 1, 2, 3], "what was placed");
    subject.ensure_accounted();
}

/// An item put through a permit wakes a consumer that sleeps.
pub fn c5_a_put_by_permit_wakes_a_consumer<F: Factory>(factory: &F) {
    let subject = Subject::with_capacity(factory, 1);
    let permit = reserve(&subject);
    let mut take = Task::new(subject.consumer.take_async());
    ensure!(Waiting, take.settled::<F>().is_pending(), "a take on an empty buffer waits");
    ensure_eq!(Waiting, put(&subject, permit, 0), Ok(()), "a put through a permit");
    ensure!(Waiting, take.gets_woken::<F>(), "the item wakes the take");
    ensure!(Waiting, take.gets_ready::<F>().is_ready(), "the take is ready");
}

/// A permit dropped unused gives its place to whoever waits.
pub fn c5_a_dropped_permit_wakes_a_producer<F: Factory>(factory: &F) {
    let subject = Subject::with_capacity(factory, 1);
    let permit = reserve(&subject);
    let mut task = Task::new(subject.producer.put_async(subject.item(0)));
    ensure!(Waiting, task.settled::<F>().is_pending(), "a put beside a permit waits");
    drop(permit);
    ensure!(Waiting, task.gets_woken::<F>(), "the dropped permit wakes the put task");
    ensure!(Waiting, task.gets_ready::<F>().is_ready(), "the put task is placed");
    ensure_eq!(Waiting, subject.try_take(), Ok(0), "its item");

    let permit = reserve(&subject);
    let item = subject.item(1);
    let waiting = blocked_producer::<F, _>(&subject.producer, move |p| p.put(item).is_ok());
    drop(permit);
    ensure!(Waiting, waiting.finish(), "the dropped permit wakes the put that sleeps");
    ensure_eq!(Waiting, subject.drain(), vec![1], "its item");
    ensure_eq!(Waiting, subject.ensure_accounted().produced, 2, "produced");
}

/// A leaked permit costs its place and nothing else: takes, puts, the close and the drain go on.
pub fn c5_a_leaked_permit_costs_one_place<F: Factory>(factory: &F) {
    let subject = Subject::with_capacity(factory, 3);
    mem::forget(reserve(&subject));
    for lap in 0..5 {
        subject.fill(0..2);
        ensure_eq!(Waiting, subject.try_put(9), Err(Refusal::Full), "a third put, lap {lap}");
        let late = subject.producer.put_timeout(subject.item(9), Duration::from_millis(1));
        ensure!(Waiting, late.is_err(), "a third put that waits, lap {lap}");
        let item = subject.item(2);
        let waiting = blocked_producer::<F, _>(&subject.producer, move |p| p.put(item).is_ok());
        ensure_eq!(Waiting, subject.try_take(), Ok(0), "a take, lap {lap}");
        ensure!(Waiting, waiting.finish(), "the put that waited, lap {lap}");
        ensure_eq!(Waiting, subject.drain(), vec![1, 2], "the rest, lap {lap}");
        let joined = subject.producer.join_within(Patience::Try);
        ensure_eq!(Join, joined, Ok(()), "a join, lap {lap}");
    }
    subject.fill([7]);
    subject.producer.close();
    ensure_eq!(CloseAndDrain, subject.drain(), vec![7], "the rest after close");
    let end = subject.consumer.take().err();
    ensure_eq!(CloseAndDrain, end, Some(TakeError::Closed), "the end");
    ensure_eq!(Accounting, subject.ensure_accounted().reserved, 1, "permits in the end");
}

/// After close a permit is refused with its item, as is a new one; neither holds up the end.
pub fn c6_close_refuses_permits<F: Factory>(factory: &F) {
    for by_drop in [false, true] {
        let Subject { producer, consumer, ledger } = Subject::with_capacity(factory, 3);
        let permits = [producer.try_reserve(), producer.try_reserve()];
        ensure!(Bound, producer.try_put(F::Item::new(0, &ledger)).is_ok(), "a put");
        let mut producer = Some(producer);
        if by_drop {
            // The last producer goes; its permits do not keep the buffer open.
            producer = None;
        }
        if !by_drop || F::STAYS_OPEN {
            let early = consumer.statistics().closed;
            ensure!(CloseAndDrain, !early, "closed before anybody closed ({by_drop})");
            consumer.close();
        }
        ensure!(CloseAndDrain, consumer.statistics().closed, "closed beside permits ({by_drop})");
        let [used, dropped] = permits;
        let put = used.map(|permit| {
            let put = permit.put(F::Item::new(1, &ledger));
            put.map_err(|error| (error.item.id(), error.refusal))
        });
        ensure_eq!(CloseAndDrain, put, Ok(Err((1, Refusal::Closed))), "a permit used after close");
        if let Some(producer) = producer {
            let refused = [
                producer.try_reserve().err(),
                producer.reserve().err(),
                block_on(producer.reserve_async()).err(),
            ];
            let closed = [Some(Refusal::Closed); 3];
            ensure_eq!(CloseAndDrain, refused, closed, "a reserve after close");
        }
        ensure_eq!(CloseAndDrain, consumer.take().map(|i| i.id()), Ok(0), "what was left");
        let end = consumer.take().err();
        ensure_eq!(CloseAndDrain, end, Some(TakeError::Closed), "the end, beside a permit");
        drop(dropped);
        let s = consumer.statistics();
        let counts = (s.produced, s.reserved, s.dropped);
        ensure_eq!(CloseAndDrain, counts, (1, 0, 0), "produced, reserved and dropped");
        ensure_eq!(Accounting, ledger.alive(), 0, "items left");
    }
}

/// Close wakes a reserve that waits, and so does the last consumer's going.
pub fn c6_the_end_wakes_reserves<F: Factory>(factory: &F) {
    for abandons in [false, true] {
        let Subject { producer, consumer, ledger } = Subject::with_capacity(factory, 2);
        let permit = producer.try_reserve();
        ensure!(Bound, producer.try_put(F::Item::new(0, &ledger)).is_ok(), "a put");
        let waiting = blocked_producer::<F, _>(&producer, |p| p.reserve().err());
        let mut task = Task::new(producer.reserve_async());
        ensure!(Waiting, task.settled::<F>().is_pending(), "a reserve on a full buffer waits");
        let refusal = if abandons {
            drop(consumer);
            if F::STAYS_OPEN { Refusal::Closed } else { Refusal::Abandoned }
        } else {
            consumer.close();
            Refusal::Closed
        };
        if abandons && F::STAYS_OPEN {
            ensure!(
                CloseAndDrain,
                task.settled::<F>().is_pending(),
                "a reserve waits on for nobody"
            );
            ensure!(CloseAndDrain, !waiting.has_ended(), "a reserve waits on for nobody");
            producer.close();
        }
        ensure!(CloseAndDrain, task.gets_woken::<F>(), "{refusal:?} wakes the reserve task");
        drop(task);
        ensure_eq!(CloseAndDrain, waiting.finish(), Some(refusal), "the reserve that slept");
        let put = permit.map(|permit| {
            let put = permit.put(F::Item::new(1, &ledger));
            put.map_err(|error| (error.item.id(), error.refusal))
        });
        ensure_eq!(CloseAndDrain, put, Ok(Err((1, refusal))), "a permit used after the end");
        let reserved = producer.statistics().reserved;
        ensure_eq!(CloseAndDrain, reserved, 0, "permits after the end");
    }
}

/// A place set aside is nothing unfinished: a join does not wait for permits.
pub fn c7_join_does_not_wait_for_permits<F: Factory>(factory: &F) {
    let subject = Subject::with_capacity(factory, 2);
    let permit = reserve(&subject);
    let joined = subject.producer.join_within(Patience::Try);
    ensure_eq!(Join, joined, Ok(()), "a join beside a permit");
    subject.fill([0]);
    let mut task = Task::new(subject.consumer.join_async());
    ensure!(Join, task.settled::<F>().is_pending(), "a join with an item waiting");
    ensure_eq!(Order, subject.try_take(), Ok(0), "the item");
    ensure!(Join, task.gets_woken::<F>(), "the last take wakes the join, beside a permit");
    ensure!(Join, task.gets_ready::<F>().is_ready(), "the join beside a permit");
    ensure_eq!(Waiting, put(&subject, permit, 1), Ok(()), "a put through the permit");
    let joined = subject.producer.join_within(Patience::Try);
    ensure!(Join, joined.is_err(), "a join with the permit's item waiting");
}

/// `try_put` and `try_reserve` in a loop, against a reserve that waits.
pub fn c10_a_waiting_reserve_is_not_overtaken_without_end<F: Factory>(factory: &F) {
    for capacity in [1, 3] {
        let subject = Subject::with_capacity(factory, capacity);
        subject.fill(0..capacity as u64);
        let mut task = Task::new(subject.producer.reserve_async());
        ensure!(Waiting, task.settled::<F>().is_pending(), "a reserve on a full buffer waits");
        for round in 0..2 * (capacity as u64 + 1) + 10 {
            let _ = subject.try_take();
            // Its place is free again at once.
            drop(subject.producer.try_reserve());
            let _ = subject.try_put(100 + round);
        }
        let admitted = task.settled::<F>().is_ready();
        ensure!(Fairness, admitted, "capacity {capacity}: no place was kept for a reserve");
    }
}
