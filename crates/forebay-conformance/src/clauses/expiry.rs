//! C4 by the clock: a lease whose deadline has passed answers nothing, and its item is another's.
//!
//! Most checks give the lease a long time and then move its deadline to now, so that a slow machine
//! cannot make a lease expire before the check wants it to.

use std::hint;
use std::thread;
use std::time::{Duration, Instant};

use forebay_contract::{
    Consume, Death, JoinError, LeaseError, Leased, Patience, Produce, TakeError,
};

use crate::ensure::{ensure, ensure_eq};
use crate::task::{Task, block_on};
use crate::watchdog::eventually;
use crate::worker::{Worker, blocked_consumer};
use crate::{Factory, Item, Settings, Subject};

/// Longer than any check runs.
const LONG: Duration = Duration::from_mins(10);
/// Until the leases of the checks that wait for a deadline expire.
const SHORT: Duration = Duration::from_millis(30);

type LeaseOf<F> = <<F as Factory>::Consumer as Consume<<F as Factory>::Item>>::Lease;

fn subject<F: Factory>(factory: &F, lease_time: Duration) -> Subject<F> {
    let subject = Subject::new(factory, Settings::new(4).max_leased(2).lease_time(lease_time));
    subject.fill(0..2);
    subject
}

fn lease<F: Factory>(subject: &Subject<F>) -> LeaseOf<F> {
    match subject.consumer.try_lease() {
        Ok(lease) => lease,
        Err(error) => panic!("C3 nothing lost: a lease on a filled buffer: {error}"),
    }
}

/// Moves the deadline to this moment, and lets it pass; nobody need have noticed yet.
fn expire<F: Factory>(lease: &mut LeaseOf<F>) {
    let moved = lease.extend(Duration::ZERO);
    ensure_eq!(NothingTwice, moved, Ok(()), "a live lease's deadline can be moved");
    let deadline_or_later = Instant::now();
    while Instant::now() <= deadline_or_later {
        hint::spin_loop();
    }
}

/// Waits until the items of expired leases are back. An answer is judged by the clock and refused
/// from the deadline on; its item may come back a moment later.
fn await_return<F: Factory>(subject: &Subject<F>) {
    eventually("C4 nothing twice: the item of an expired lease comes back", || {
        subject.statistics().leased == 0
    });
}

/// Once its deadline has passed, every answer is refused and changes nothing, even while nobody
/// else has the item yet.
pub fn c4_expired_lease_answers_nothing<F: Factory>(factory: &F) {
    for answer in 0..6 {
        let subject = subject(factory, LONG);
        let mut stale = lease(&subject);
        expire::<F>(&mut stale);
        let answered = match answer {
            0 => stale.ack().map(drop),
            1 => stale.nack(),
            2 => stale.fail("late"),
            3 => stale.reject("late"),
            4 => {
                let extended = stale.extend(LONG);
                drop(stale);
                extended
            }
            _ => {
                drop(stale);
                Err(LeaseError::Expired)
            }
        };
        ensure_eq!(NothingTwice, answered, Err(LeaseError::Expired), "a late answer ({answer})");
        await_return(&subject);
        ensure!(NothingTwice, subject.consumer.take_dead().is_none(), "a late reject is refused");
        let again = subject.consumer.try_lease().map(|l| (l.id(), l.deliveries(), l.failures()));
        ensure_eq!(NothingTwice, again, Ok((0, 2, 0)), "the item after the late answer");
        ensure_eq!(NothingTwice, subject.drain(), vec![0, 1], "everything, once");
        subject.ensure_accounted();
    }
}

/// While the next holder has the item, a late answer neither finishes it nor takes it away.
pub fn c4_late_answer_does_not_reach_the_next_lease<F: Factory>(factory: &F) {
    for answer in 0..4 {
        let subject = subject(factory, LONG);
        let mut stale = lease(&subject);
        ensure_eq!(NothingTwice, stale.id(), 0, "the first lease");
        expire::<F>(&mut stale);
        await_return(&subject);
        let fresh = lease(&subject);
        ensure_eq!(Order, fresh.id(), 0, "the expired item comes first again");
        ensure_eq!(NothingTwice, stale.id(), 0, "the expired lease can still be read");
        let answered = match answer {
            0 => stale.ack().map(drop),
            1 => stale.nack(),
            2 => stale.reject("late"),
            _ => {
                drop(stale);
                Err(LeaseError::Expired)
            }
        };
        ensure_eq!(NothingTwice, answered, Err(LeaseError::Expired), "a late answer ({answer})");
        ensure_eq!(NothingTwice, subject.statistics().leased, 1, "the next lease stands");
        ensure_eq!(NothingTwice, subject.try_take(), Ok(1), "the other item");
        ensure_eq!(NothingTwice, subject.try_take(), Err(TakeError::Empty), "nothing else");
        let acked = fresh.ack().map(|item| item.id());
        ensure_eq!(NothingTwice, acked, Ok(0), "the ack of the next lease");
        ensure_eq!(Accounting, subject.ensure_accounted().finished, 2, "items finished");
    }
}

/// An expired item goes back to its own position, by the buffer's own lease time.
pub fn c4_expired_item_keeps_its_position<F: Factory>(factory: &F) {
    let subject = subject(factory, SHORT);
    let (first, second) = (lease(&subject), lease(&subject));
    subject.fill(2..4);
    await_return(&subject);
    ensure_eq!(Order, subject.drain(), vec![0, 1, 2, 3], "expired items before later ones");
    ensure_eq!(NothingTwice, second.ack().map(drop), Err(LeaseError::Expired), "a late ack");
    ensure_eq!(NothingTwice, first.nack(), Err(LeaseError::Expired), "a late nack");
    let s = subject.ensure_accounted();
    ensure_eq!(NothingTwice, (s.produced, s.finished), (4, 4), "produced and finished");
}

/// An extended lease outlives its first deadline.
pub fn c4_extend_moves_the_deadline<F: Factory>(factory: &F) {
    let subject = subject(factory, SHORT);
    let mut extended = loop {
        let before = Instant::now();
        let mut held = lease(&subject);
        if held.extend(LONG).is_ok() {
            break held;
        }
        // Only a machine that slept past the deadline may be refused here.
        ensure!(NothingTwice, before.elapsed() >= SHORT, "extend was refused before the deadline");
    };
    thread::sleep(SHORT * 2);
    let id = extended.id();
    ensure_eq!(NothingTwice, extended.extend(LONG), Ok(()), "a second extend");
    ensure!(NothingTwice, !subject.drain().contains(&id), "the item is not another's yet");
    ensure_eq!(NothingTwice, extended.ack().map(|item| item.id()), Ok(id), "the ack");
    subject.ensure_accounted();
}

/// A lease without a deadline stays without, whatever extend says.
pub fn c4_lease_without_deadline_never_expires<F: Factory>(factory: &F) {
    let subject = Subject::with_capacity(factory, 1);
    subject.fill([0]);
    let mut held = lease(&subject);
    ensure_eq!(NothingTwice, held.extend(Duration::ZERO), Ok(()), "extend without a deadline");
    thread::sleep(Duration::from_millis(5));
    ensure_eq!(NothingTwice, subject.try_take(), Err(TakeError::Empty), "the item is still held");
    ensure_eq!(NothingTwice, held.ack().map(|item| item.id()), Ok(0), "the ack");
}

/// Expiry is a delivery spent, not a failure; at the delivery limit it makes a dead letter, and a
/// join that slept wakes.
pub fn c4_expiry_counts_as_a_delivery<F: Factory>(factory: &F) {
    let settings = Settings::new(1).max_deliveries(2).max_failures(1).lease_time(LONG);
    let subject = Subject::new(factory, settings);
    subject.fill([0]);
    let mut first = lease(&subject);
    expire::<F>(&mut first);
    await_return(&subject);
    let mut second = lease(&subject);
    ensure_eq!(NothingTwice, (second.deliveries(), second.failures()), (2, 0), "the second lease");
    let joined = subject.producer.join_within(Patience::Try);
    ensure_eq!(Join, joined, Err(JoinError::TimedOut), "a join while the item is leased");
    let own = subject.producer.clone();
    let joining = Worker::start(move || own.join());
    expire::<F>(&mut second);
    ensure_eq!(Join, joining.finish(), Ok(()), "the join");
    let told =
        subject.consumer.take_dead().map(|l| (l.item.id(), l.death, l.deliveries, l.failures));
    ensure_eq!(NothingTwice, told, Some((0, Death::Deliveries, 2, 0)), "the dead letter");
}

/// Consumers asleep on an empty buffer are woken when a lease expires: nobody else will move.
pub fn c5_expiry_wakes_who_waits_for_an_item<F: Factory>(factory: &F) {
    for form in 0..3 {
        let subject = Subject::new(factory, Settings::new(1).lease_time(SHORT));
        subject.fill([0]);
        let held = lease(&subject);
        let taken = match form {
            0 => subject.consumer.take().map(|item| item.id()),
            1 => block_on(subject.consumer.take_async()).map(|item| item.id()),
            _ => subject.consumer.lease().map(|lease| lease.id()),
        };
        ensure_eq!(Waiting, taken, Ok(0), "the expired item, to the call that slept ({form})");
        ensure_eq!(NothingTwice, held.ack().map(drop), Err(LeaseError::Expired), "a late ack");
    }
    // A deadline that comes nearer while somebody sleeps moves the alarm with it.
    let subject = Subject::new(factory, Settings::new(1).lease_time(LONG));
    subject.fill([0]);
    let mut held = lease(&subject);
    let waiting = blocked_consumer::<F, _>(&subject.consumer, |consumer| {
        consumer.take().map(|item| item.id())
    });
    let mut task = Task::new(subject.consumer.take_async());
    ensure!(Waiting, task.settled::<F>().is_pending(), "a second take waits");
    expire::<F>(&mut held);
    eventually("C5 waiting: an expired item rouses a waiter", || {
        task.is_woken() || waiting.has_ended()
    });
    drop(task);
    ensure_eq!(Waiting, waiting.finish(), Ok(0), "the expired item, to the take that slept");
}

/// A lease that waits for the lease limit is woken when another expires.
pub fn c5_expiry_wakes_who_waits_for_the_lease_limit<F: Factory>(factory: &F) {
    let settings = Settings::new(2).max_leased(1).lease_time(SHORT);
    let subject = Subject::new(factory, settings);
    subject.fill(0..2);
    let held = lease(&subject);
    let next = subject.consumer.lease().map(|lease| lease.id());
    ensure_eq!(Waiting, next, Ok(0), "the lease that slept at the limit");
    drop(held);
}

/// After close, an expiring lease of another consumer brings its item to who still waits.
pub fn c6_expiry_after_close_redelivers<F: Factory>(factory: &F) {
    let subject = Subject::new(factory, Settings::new(1).lease_time(SHORT));
    subject.fill([0]);
    let held = lease(&subject);
    subject.producer.close();
    let other = subject.consumer.clone();
    ensure_eq!(CloseAndDrain, other.take().map(|item| item.id()), Ok(0), "the expired item");
    ensure_eq!(CloseAndDrain, other.take().err(), Some(TakeError::Closed), "then the end");
    drop(held);
}
