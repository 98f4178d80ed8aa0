//! C9, drop-oldest: it takes only what waits, from the front, and overtakes nobody; and C7 beside it.

use forebay_contract::{
    Consume, JoinError, Leased, Outcome, Overflow, Patience, Permitted, Produce, Refusal,
};

use crate::ensure::{ensure, ensure_eq};
use crate::task::Task;
use crate::worker::{Worker, blocked_producer};
use crate::{Factory, Item, Settings, Subject};

/// A put that drops the oldest.
fn put<F: Factory>(subject: &Subject<F>, id: u64) -> Result<Outcome, (u64, Refusal)> {
    let producer = subject.producer.clone().with_overflow(Overflow::DropOldest);
    producer.put(subject.item(id)).map_err(|error| (error.item.id(), error.refusal))
}

/// The oldest goes, the rest keeps its order, the new one is last; lap after lap.
pub fn c9_drop_oldest_keeps_the_order_of_the_rest<F: Factory>(factory: &F) {
    for capacity in [1, 2, 3, 5] {
        let subject = Subject::with_capacity(factory, capacity as usize);
        subject.fill(0..capacity);
        for id in capacity..=4 * capacity {
            ensure_eq!(
                Overflow,
                put(&subject, id),
                Ok(Outcome::DroppedOldest(1)),
                "a put on full, capacity {capacity}"
            );
            ensure_eq!(Bound, subject.statistics().waiting, capacity, "the depth after a drop");
        }
        let last: Vec<u64> = (3 * capacity + 1..=4 * capacity).collect();
        ensure_eq!(Overflow, subject.drain(), last, "what is left, capacity {capacity}");
        let s = subject.ensure_accounted();
        ensure_eq!(Overflow, s.dropped, 3 * capacity + 1, "drops, capacity {capacity}");
        ensure_eq!(Overflow, s.high_water, capacity, "the high-water mark");
        ensure_eq!(Overflow, subject.ledger.alive(), 0, "items left, capacity {capacity}");
        ensure_eq!(Overflow, put(&subject, 99), Ok(Outcome::Placed), "a put with room");
    }
}

/// What is leased is not waiting: it stays with its holder, and its answer counts.
pub fn c9_drop_oldest_leaves_leases_alone<F: Factory>(factory: &F) {
    for acks in [false, true] {
        let subject = Subject::new(factory, Settings::new(2).max_leased(2));
        subject.fill(0..2);
        let (first, second) = (subject.consumer.try_lease(), subject.consumer.try_lease());
        subject.fill(2..4);
        ensure_eq!(
            Overflow,
            put(&subject, 4),
            Ok(Outcome::DroppedOldest(1)),
            "a put on full, with leases out"
        );
        let s = subject.ensure_accounted();
        let counts = (s.leased, s.waiting, s.dropped);
        ensure_eq!(Overflow, counts, (2, 2, 1), "leased, waiting and dropped");
        let acked = second.map(|lease| lease.ack().map(|item| item.id()));
        ensure_eq!(Overflow, acked, Ok(Ok(1)), "an ack after a drop");
        let answered = first.map(|lease| if acks { lease.ack().map(drop) } else { lease.nack() });
        ensure_eq!(Overflow, answered, Ok(Ok(())), "an answer after a drop");
        let left = if acks { vec![3, 4] } else { vec![0, 3, 4] };
        ensure_eq!(Overflow, subject.drain(), left, "what is left");
        subject.ensure_accounted();
    }
}

/// A redelivered item waits like any other and is the oldest; where nacks have passed the capacity,
/// as many go as it takes.
pub fn c9_drop_oldest_drops_as_many_as_it_takes<F: Factory>(factory: &F) {
    let subject = Subject::new(factory, Settings::new(2).max_leased(3));
    let mut leases = Vec::new();
    for id in 0..3 {
        subject.fill([id]);
        leases.extend(subject.consumer.try_lease());
    }
    subject.fill(3..5);
    let kept = leases.pop();
    for lease in leases {
        ensure!(NothingLost, lease.nack().is_ok(), "a nack needs no room");
    }
    // 0, 1, 3 and 4 wait beside a capacity of 2.
    ensure_eq!(
        Overflow,
        put(&subject, 5),
        Ok(Outcome::DroppedOldest(3)),
        "a put where nacks passed the capacity"
    );
    let s = subject.ensure_accounted();
    ensure_eq!(Overflow, (s.waiting, s.leased, s.dropped), (2, 1, 3), "waiting, leased, dropped");
    drop(kept);
    ensure_eq!(
        Overflow,
        put(&subject, 6),
        Ok(Outcome::DroppedOldest(2)),
        "a put beside one item redelivered"
    );
    ensure_eq!(Overflow, subject.drain(), vec![5, 6], "what is left");
    subject.ensure_accounted();
}

/// While a producer stands in line for room, drop-oldest is refused with its item, and drops nothing.
pub fn c9_drop_oldest_overtakes_nobody_in_line<F: Factory>(factory: &F) {
    for who in 0..4 {
        let subject = Subject::with_capacity(factory, 1);
        subject.fill([0]);
        let refused = |how: &str| {
            for _ in 0..3 {
                let put = put(&subject, 9);
                ensure_eq!(Overflow, put, Err((9, Refusal::Full)), "a put behind {how} in line");
            }
            let s = subject.ensure_accounted();
            let counts = (s.produced, s.dropped, s.waiting);
            ensure_eq!(Overflow, counts, (1, 0, 1), "produced, dropped, waiting behind {how}");
        };
        if who == 0 {
            let item = subject.item(1);
            let first = blocked_producer::<F, _>(&subject.producer, move |p| p.put(item).is_ok());
            refused("a put that sleeps");
            ensure_eq!(Order, subject.try_take(), Ok(0), "the item that was not dropped");
            ensure!(Overflow, first.finish(), "the put that stood in line is placed");
        } else if who == 1 {
            let mut task = Task::new(subject.producer.put_async(subject.item(1)));
            ensure!(Waiting, task.settled::<F>().is_pending(), "a put on a full buffer waits");
            refused("a put task");
            ensure_eq!(Order, subject.try_take(), Ok(0), "the item that was not dropped");
            ensure!(Overflow, task.gets_ready::<F>().is_ready(), "the put task that stood in line");
        } else if who == 2 {
            let mut task = Task::new(subject.producer.reserve_async());
            ensure!(Waiting, task.settled::<F>().is_pending(), "a reserve on a full buffer waits");
            refused("a reserve");
            ensure_eq!(Order, subject.try_take(), Ok(0), "the item that was not dropped");
            ensure!(Overflow, task.gets_ready::<F>().is_ready(), "the reserve that stood in line");
            subject.fill([1]);
        } else {
            let mut task = Task::new(subject.producer.put_async(subject.item(2)));
            ensure!(Waiting, task.settled::<F>().is_pending(), "a put on a full buffer waits");
            drop(task);
            ensure_eq!(
                Overflow,
                put(&subject, 1),
                Ok(Outcome::DroppedOldest(1)),
                "a put once nobody is in line"
            );
        }
        ensure_eq!(Overflow, subject.drain(), vec![1], "what is left ({who})");
    }
}

/// A place set aside is not an item that could be dropped. Where permits hold every place, nothing is
/// dropped, since it would be in vain.
pub fn c9_drop_oldest_leaves_permits_alone<F: Factory>(factory: &F) {
    let subject = Subject::new(factory, Settings::new(2).max_leased(1));
    subject.fill([0]);
    let lease = subject.consumer.try_lease();
    let Ok(first) = subject.producer.try_reserve() else { panic!("C1 bound: no permit") };
    subject.fill([1]);
    ensure_eq!(Overflow, put(&subject, 2), Ok(Outcome::DroppedOldest(1)), "a put beside a permit");
    ensure_eq!(Order, subject.try_take(), Ok(2), "the new item");
    let Ok(second) = subject.producer.try_reserve() else { panic!("C1 bound: no permit") };
    ensure!(NothingLost, lease.is_ok_and(|lease| lease.nack().is_ok()), "lease and nack");
    let refused = put(&subject, 3);
    ensure_eq!(Overflow, refused, Err((3, Refusal::Full)), "a put where permits hold every place");
    let s = subject.ensure_accounted();
    let counts = (s.waiting, s.reserved, s.dropped);
    ensure_eq!(Overflow, counts, (1, 2, 1), "waiting, reserved and dropped");
    drop(first);
    ensure_eq!(
        Overflow,
        put(&subject, 4),
        Ok(Outcome::DroppedOldest(1)),
        "a put where one permit is gone"
    );
    let placed = second.put(subject.item(5)).is_ok();
    ensure!(Waiting, placed, "the other permit still holds");
    ensure_eq!(Overflow, subject.drain(), vec![4, 5], "what is left");
}

/// A reserve drops nothing for its permit, whatever the policy.
pub fn c9_reserve_drops_nothing<F: Factory>(factory: &F) {
    for overflow in [Overflow::DropOldest, Overflow::DropThis, Overflow::Refuse] {
        let subject = Subject::with_capacity(factory, 1);
        subject.fill([0]);
        let producer = subject.producer.clone().with_overflow(overflow);
        let refused = producer.reserve().err();
        ensure_eq!(Overflow, refused, Some(Refusal::Full), "{overflow:?}: a reserve on full");
        let refused = producer.try_reserve().err();
        ensure_eq!(Overflow, refused, Some(Refusal::Full), "{overflow:?}: try_reserve on full");
        ensure_eq!(Overflow, subject.ensure_accounted().dropped, 0, "{overflow:?}: drops");
        ensure_eq!(Overflow, subject.drain(), vec![0], "{overflow:?}: what waits");
        ensure!(Overflow, producer.reserve().is_ok(), "{overflow:?}: a reserve with room");
    }
}

/// A drop finishes nothing early: for the dropped item another waits, which a join waits for.
pub fn c7_drops_keep_join_right<F: Factory>(factory: &F) {
    let subject = Subject::with_capacity(factory, 1);
    subject.fill([0]);
    let own = subject.producer.clone();
    let joining = Worker::start(move || own.join());
    let mut task = Task::new(subject.consumer.join_async());
    ensure!(Join, task.settled::<F>().is_pending(), "a join with an item waiting");
    for id in 1..4 {
        ensure_eq!(Overflow, put(&subject, id), Ok(Outcome::DroppedOldest(1)), "a put on full");
        let this = subject.producer.clone().with_overflow(Overflow::DropThis);
        let outcome = this.put(subject.item(9)).ok();
        ensure_eq!(Overflow, outcome, Some(Outcome::DroppedThis), "a put that drops itself");
        let tried = subject.producer.join_within(Patience::Try);
        ensure_eq!(Join, tried, Err(JoinError::TimedOut), "a join after drop {id}");
        ensure!(Join, task.settled::<F>().is_pending(), "a join task after drop {id}");
    }
    ensure!(Join, !joining.has_ended(), "a join returned with an item waiting");
    ensure_eq!(Order, subject.try_take(), Ok(3), "the last item");
    ensure!(Join, task.gets_woken::<F>(), "the take of the last item wakes the join task");
    ensure!(
        Join,
        task.gets_ready::<F>().is_ready(),
        "the join task after the take of the last item"
    );
    ensure_eq!(Join, joining.finish(), Ok(()), "the join");
}
