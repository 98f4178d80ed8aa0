//! C1 by weight: how much may wait, beside how many; and what C5, C9 and C10 make of weight.

use std::time::Instant;

use forebay_contract::{
    Consume, Leased, Outcome, Overflow, Patience, Permitted, Produce, PutError, Refusal,
};

use crate::ensure::{ensure, ensure_eq};
use crate::task::{Task, block_on};
use crate::watchdog::PATIENCE;
use crate::worker::{blocked_producer, finish_all};
use crate::{Factory, Item, Settings, Subject};

/// A buffer for many items of this weight together.
fn holding<F: Factory>(factory: &F, weight: u64) -> Subject<F> {
    Subject::new(factory, Settings::new(16).max_leased(4).weight_capacity(weight))
}

/// Tries to put: the refusal, if any.
fn try_put<F: Factory>(subject: &Subject<F>, id: u64, weight: u64) -> Result<Outcome, Refusal> {
    told(subject.producer.try_put(subject.weighing(id, weight)), id)
}

/// What a put of this item says; what is handed back must be the item itself.
fn told<T: Item>(put: Result<Outcome, PutError<T>>, id: u64) -> Result<Outcome, Refusal> {
    put.map_err(|error| {
        ensure_eq!(Waiting, error.item.id(), id, "the refused put hands back its item");
        error.refusal
    })
}

const PLACED: Result<Outcome, Refusal> = Ok(Outcome::Placed);
const FULL: Result<Outcome, Refusal> = Err(Refusal::Full);

/// What waits weighs at most the capacity, to the last unit; the statistics tell both.
pub fn c1_weight_capacity_is_exact<F: Factory>(factory: &F) {
    let subject = holding(factory, 10);
    let weight = || subject.statistics().weight;
    for lap in 0..3 {
        ensure_eq!(Bound, weight(), 0, "lap {lap}: the weight of nothing");
        ensure_eq!(Bound, try_put(&subject, 0, 6), PLACED, "6 of 10");
        ensure_eq!(Bound, try_put(&subject, 1, 5), FULL, "5 beside 6 of 10");
        ensure_eq!(Bound, try_put(&subject, 1, 3), PLACED, "3 beside 6 of 10");
        ensure_eq!(Bound, try_put(&subject, 2, 2), FULL, "2 beside 9 of 10");
        ensure_eq!(Bound, try_put(&subject, 2, 1), PLACED, "1 beside 9 of 10");
        ensure_eq!(Bound, try_put(&subject, 3, 1), FULL, "1 beside 10 of 10");
        ensure_eq!(Bound, weight(), 10, "the weight that waits");
        ensure_eq!(Order, subject.try_take(), Ok(0), "the oldest");
        ensure_eq!(Bound, weight(), 4, "the weight after a take");
        ensure_eq!(Bound, try_put(&subject, 3, 7), FULL, "7 beside 4 of 10");
        ensure_eq!(Bound, try_put(&subject, 3, 6), PLACED, "6 beside 4 of 10");
        ensure_eq!(Order, subject.drain(), vec![1, 2, 3], "the rest");
        ensure_eq!(Bound, try_put(&subject, 4, 10), PLACED, "10 of 10");
        ensure_eq!(Order, subject.drain(), vec![4], "the heaviest");
    }
    let told = subject.ensure_accounted().weight_capacity;
    ensure_eq!(Bound, told, Some(10), "the weight capacity that the statistics tell");
}

/// The count is bounded as well: light items, and those without weight, fill places.
pub fn c1_weighed_items_are_counted_too<F: Factory>(factory: &F) {
    let subject = Subject::new(factory, Settings::new(3).weight_capacity(2));
    ensure_eq!(Bound, try_put(&subject, 0, 2), PLACED, "2 of 2");
    ensure_eq!(Bound, try_put(&subject, 1, 1), FULL, "1 beside 2 of 2");
    for id in 1..3 {
        ensure_eq!(Bound, try_put(&subject, id, 0), PLACED, "nothing beside 2 of 2, place {id}");
    }
    ensure_eq!(Bound, try_put(&subject, 3, 0), FULL, "nothing, beside 3 items of 3");
    ensure_eq!(Order, subject.try_take(), Ok(0), "the oldest");
    ensure_eq!(Bound, try_put(&subject, 3, 2), PLACED, "2 where the weight and a place are free");
    ensure_eq!(Bound, try_put(&subject, 4, 0), FULL, "nothing, beside 3 items of 3");
    ensure_eq!(Order, subject.drain(), vec![1, 2, 3], "what was placed");
}

/// A buffer that was given no weight capacity weighs nothing.
pub fn c1_without_weight_capacity_nothing_is_weighed<F: Factory>(factory: &F) {
    let subject = Subject::with_capacity(factory, 2);
    for id in 0..2 {
        ensure_eq!(Bound, try_put(&subject, id, u64::MAX), PLACED, "a heavy item, unweighed");
    }
    ensure_eq!(Bound, try_put(&subject, 2, 0), FULL, "a light item beside 2 of 2");
    let s = subject.statistics();
    ensure_eq!(Bound, (s.weight_capacity, s.weight), (None, 0), "weight capacity and weight");
}

/// Heavier than the whole buffer may hold: refused at once in every form, under every policy, empty
/// or full, since it would wait for ever. That the buffer has ended is said before.
pub fn c1_too_heavy_is_refused_at_once<F: Factory>(factory: &F) {
    let policies = [
        Overflow::Wait,
        Overflow::WaitFor(PATIENCE * 10),
        Overflow::Refuse,
        Overflow::DropOldest,
        Overflow::DropThis,
    ];
    for overflow in policies {
        for full in [false, true] {
            let subject = holding(factory, 5);
            if full {
                ensure_eq!(Bound, try_put(&subject, 0, 5), PLACED, "5 of 5");
            }
            let producer = subject.producer.clone().with_overflow(overflow);
            let item = || subject.weighing(9, 6);
            let ensure_refused = |refusal: Refusal| {
                let mut puts = vec![
                    told(producer.put(item()), 9),
                    told(producer.try_put(item()), 9),
                    told(producer.put_timeout(item(), PATIENCE * 10), 9),
                    told(producer.put_within(item(), Patience::Forever), 9),
                    told(block_on(producer.put_async(item())), 9),
                ];
                let many = producer.put_many(vec![item(), subject.weighing(8, 1)]);
                puts.push(match many {
                    Ok(_) => panic!("C1 bound: a batch that begins with 6 of 5 was placed"),
                    Err(error) => {
                        ensure_eq!(Waiting, error.rest.len(), 2, "items of the batch handed back");
                        Err(error.refusal)
                    }
                });
                for put in puts {
                    ensure_eq!(Bound, put, Err(refusal), "6 of 5, {overflow:?}, full: {full}");
                }
            };
            ensure_refused(Refusal::TooHeavy);
            let s = subject.ensure_accounted();
            let counts = (s.produced, s.dropped, s.waiting);
            let held = u64::from(full);
            ensure_eq!(Bound, counts, (held, 0, held), "produced, dropped, waiting: {overflow:?}");
            subject.consumer.close();
            ensure_refused(Refusal::Closed);
        }
    }
}

/// A nack brings its weight back without asking for room; puts wait until there is room again.
pub fn c1_nacked_weight_asks_for_no_room<F: Factory>(factory: &F) {
    let subject = holding(factory, 4);
    ensure_eq!(Bound, try_put(&subject, 0, 3), PLACED, "3 of 4");
    let lease = subject.consumer.try_lease();
    ensure_eq!(Bound, subject.statistics().weight, 0, "the weight that waits beside a lease");
    ensure_eq!(Bound, try_put(&subject, 1, 4), PLACED, "4 of 4 beside a lease");
    ensure!(NothingLost, lease.is_ok_and(|lease| lease.nack().is_ok()), "lease and nack");
    ensure_eq!(Bound, subject.ensure_accounted().weight, 7, "the weight after the nack");
    ensure_eq!(Bound, try_put(&subject, 2, 1), FULL, "1 beside 7 of 4");
    ensure_eq!(Order, subject.try_take(), Ok(0), "the nacked item");
    ensure_eq!(Bound, try_put(&subject, 2, 1), FULL, "1 beside 4 of 4");
    ensure_eq!(Order, subject.try_take(), Ok(1), "the next item");
    ensure_eq!(Bound, try_put(&subject, 2, 4), PLACED, "4 of 4");
    let rejected = subject.consumer.try_lease().map(|lease| lease.reject("no use"));
    ensure_eq!(NothingLost, rejected, Ok(Ok(())), "lease and reject");
    ensure_eq!(Bound, subject.statistics().weight, 0, "the weight beside a dead letter");
}

/// One heavy item taken makes room for as many light ones as fit, and wakes them all.
pub fn c5_a_take_wakes_as_many_as_fit<F: Factory>(factory: &F) {
    for leases in [false, true] {
        let subject = holding(factory, 6);
        ensure_eq!(Bound, try_put(&subject, 0, 6), PLACED, "6 of 6");
        let mut tasks: Vec<_> = (1..=4)
            .map(|id| {
                let mut task = Task::new(subject.producer.put_async(subject.weighing(id, 2)));
                ensure!(Waiting, task.settled::<F>().is_pending(), "2 beside 6 of 6 waits");
                task
            })
            .collect();
        let last = subject.weighing(5, 2);
        let thread = blocked_producer::<F, _>(&subject.producer, move |p| p.put(last).is_ok());
        if leases {
            let finished = subject.consumer.try_lease().map(|lease| lease.ack().is_ok());
            ensure_eq!(NothingLost, finished, Ok(true), "lease and ack");
        } else {
            ensure_eq!(Order, subject.try_take(), Ok(0), "the heavy item");
        }
        for (id, task) in (1..).zip(tasks.drain(..3)) {
            let mut task = task;
            ensure!(Waiting, task.gets_woken::<F>(), "put {id} of three that fit is woken");
            ensure!(
                Waiting,
                task.gets_ready::<F>().is_ready(),
                "put {id} of three that fit is placed"
            );
        }
        ensure!(Waiting, tasks[0].settled::<F>().is_pending(), "the fourth does not fit");
        ensure_eq!(Bound, subject.statistics().weight, 6, "the weight that waits");
        // The first take makes room for the fourth, the second for the thread behind it.
        ensure_eq!(Order, subject.try_take(), Ok(1), "the oldest");
        ensure!(Waiting, tasks[0].gets_woken::<F>(), "the fourth put is woken");
        ensure!(Waiting, tasks[0].gets_ready::<F>().is_ready(), "the fourth put is placed");
        ensure_eq!(Order, subject.try_take(), Ok(2), "the next");
        ensure!(Waiting, thread.finish(), "the put of the thread is placed");
        ensure_eq!(Order, subject.drain(), vec![3, 4, 5], "the rest");
    }
}

/// A heavy put waits until enough is free, and not longer.
pub fn c1_a_heavy_put_waits_for_enough<F: Factory>(factory: &F) {
    let subject = holding(factory, 6);
    for id in 0..3 {
        ensure_eq!(Bound, try_put(&subject, id, 2), PLACED, "2 of 6");
    }
    let heavy = subject.weighing(3, 5);
    let put = blocked_producer::<F, _>(&subject.producer, move |p| p.put(heavy).is_ok());
    for id in 0..2 {
        ensure_eq!(Order, subject.try_take(), Ok(id), "a light item");
        // It may have been woken, to find too little room.
        ensure_eq!(Bound, subject.statistics().produced, 3, "produced while there is too little");
        ensure!(Bound, !put.has_ended(), "the heavy put waits on while there is too little");
    }
    ensure_eq!(Order, subject.try_take(), Ok(2), "the last light item");
    ensure!(Bound, put.finish(), "the heavy put, once there is room");
    ensure_eq!(Order, subject.drain(), vec![3], "the heavy item");
}

/// Where a handle times out beside too little room, it does so no earlier than told, and what it
/// leaves behind is free for others.
pub fn c5_a_heavy_put_that_gives_up_is_out_of_the_way<F: Factory>(factory: &F) {
    let short = std::time::Duration::from_millis(10);
    let subject = holding(factory, 4);
    ensure_eq!(Bound, try_put(&subject, 0, 2), PLACED, "2 of 4");
    let begun = Instant::now();
    let timed = told(subject.producer.put_timeout(subject.weighing(1, 3), short), 1);
    ensure_eq!(Waiting, timed, Err(Refusal::TimedOut), "3 beside 2 of 4");
    ensure!(Waiting, begun.elapsed() >= short, "it waited for its deadline");
    let mut heavy = Task::new(subject.producer.put_async(subject.weighing(2, 3)));
    ensure!(Waiting, heavy.settled::<F>().is_pending(), "3 beside 2 of 4 waits");
    let mut light = Task::new(subject.producer.put_async(subject.weighing(3, 2)));
    // Behind the heavy one, or past it as long as C10 allows.
    let placed = light.settled::<F>().is_ready();
    drop(heavy);
    if !placed {
        ensure!(Waiting, light.gets_woken::<F>(), "the light put is woken when the heavy one goes");
        ensure!(Waiting, light.gets_ready::<F>().is_ready(), "the light put is placed");
    }
    ensure_eq!(Waiting, subject.drain(), vec![0, 3], "what was placed");
}

/// Where items are weighed, a permit sets a weight of 1 aside, and is refused for more; its place
/// is then free again.
pub fn c1_a_permit_holds_a_weight_of_one<F: Factory>(factory: &F) {
    let subject = holding(factory, 4);
    let Ok(first) = subject.producer.try_reserve() else { panic!("C1 bound: no permit") };
    let Ok(second) = subject.producer.try_reserve() else { panic!("C1 bound: no permit") };
    let s = subject.statistics();
    ensure_eq!(Bound, (s.weight, s.reserved), (0, 2), "weight and permits");
    ensure_eq!(Bound, try_put(&subject, 0, 3), FULL, "3 beside two permits in 4");
    ensure_eq!(Bound, try_put(&subject, 0, 2), PLACED, "2 beside two permits in 4");
    ensure_eq!(Bound, try_put(&subject, 1, 1), FULL, "1 beside 2 and two permits in 4");
    let reserved = subject.producer.try_reserve().err();
    ensure_eq!(Bound, reserved, Some(Refusal::Full), "a permit beside 2 and two permits in 4");
    let heavy = first.put(subject.weighing(1, 2)).map_err(|e| (e.item.id(), e.refusal));
    ensure_eq!(Bound, heavy, Err((1, Refusal::TooHeavy)), "2 through a permit");
    ensure_eq!(Bound, try_put(&subject, 1, 1), PLACED, "1 where the permit was");
    let light = second.put(subject.weighing(2, 0)).map_err(|error| error.refusal);
    ensure_eq!(Bound, light, Ok(()), "nothing through a permit");
    ensure_eq!(Bound, try_put(&subject, 3, 1), PLACED, "1 where a permit was used for nothing");
    ensure_eq!(Order, subject.drain(), vec![0, 1, 2, 3], "what was placed");
    subject.ensure_accounted();
}

/// Drop-oldest drops as much weight as it takes, and no more.
pub fn c9_drop_oldest_makes_room_by_weight<F: Factory>(factory: &F) {
    let subject = holding(factory, 6);
    let producer = subject.producer.clone().with_overflow(Overflow::DropOldest);
    for (id, weight) in [(0, 1), (1, 0), (2, 2), (3, 3)] {
        ensure_eq!(Bound, try_put(&subject, id, weight), PLACED, "{weight} within 6");
    }
    let put = told(producer.put(subject.weighing(4, 1)), 4);
    ensure_eq!(Overflow, put, Ok(Outcome::DroppedOldest(1)), "1 beside 6 of 6");
    let put = told(producer.put(subject.weighing(5, 2)), 5);
    ensure_eq!(Overflow, put, Ok(Outcome::DroppedOldest(2)), "2 where the oldest weighs nothing");
    let put = told(producer.put(subject.weighing(6, 0)), 6);
    ensure_eq!(Overflow, put, PLACED, "nothing beside 6 of 6");
    ensure_eq!(Overflow, subject.statistics().weight, 6, "the weight that waits");
    ensure_eq!(Overflow, subject.drain(), vec![3, 4, 5, 6], "what is left");
    ensure_eq!(Overflow, subject.ensure_accounted().dropped, 3, "drops");
    let _permit = producer.try_reserve();
    ensure_eq!(Bound, try_put(&subject, 7, 5), PLACED, "5 beside a permit in 6");
    let put = told(producer.put(subject.weighing(8, 6)), 8);
    ensure_eq!(Overflow, put, FULL, "6 beside a permit in 6, which cannot be dropped");
    ensure_eq!(Overflow, subject.drain(), vec![7], "what was not dropped in vain");
}

/// A heavy put that waits is not starved by light ones that would fit.
pub fn c10_a_heavy_put_is_not_overtaken_without_end<F: Factory>(factory: &F) {
    const CAPACITY: usize = 4;
    let subject = Subject::new(factory, Settings::new(CAPACITY).weight_capacity(4));
    for id in 0..4 {
        ensure_eq!(Bound, try_put(&subject, id, 1), PLACED, "1 of 4");
    }
    let mut heavy = Task::new(subject.producer.put_async(subject.weighing(9, 4)));
    ensure!(Waiting, heavy.settled::<F>().is_pending(), "4 beside 4 of 4 waits");
    let limit = 2 * (CAPACITY + 1);
    let mut times = 0;
    let mut next = 100;
    loop {
        let taken = subject.try_take();
        if heavy.is_due::<F>() && heavy.settled::<F>().is_ready() {
            break;
        }
        ensure!(Fairness, taken.is_ok(), "a heavy put still waits beside an empty buffer");
        let put = try_put(&subject, next, 1);
        ensure!(Fairness, put == PLACED || put == FULL, "a try_put beside a heavy put: {put:?}");
        times += usize::from(put.is_ok());
        next += 1;
        ensure!(
            Fairness,
            times <= limit,
            "{times} light puts overtook a heavy one that waits, {limit} are allowed"
        );
    }
    ensure_eq!(Fairness, subject.drain().last(), Some(&9), "the heavy item");
}

/// Heavy and light puts that sleep, with everything moving: all are placed, none is lost.
pub fn c5_puts_of_all_weights_get_on<F: Factory>(factory: &F) {
    let each = F::scaled(400);
    let subject = Subject::new(factory, Settings::new(8).weight_capacity(7));
    let producing = (0..3)
        .map(|number| {
            let (own, ledger) = (subject.producer.clone(), subject.ledger.clone());
            crate::worker::Worker::start(move || {
                for id in number * each..(number + 1) * each {
                    let item = F::Item::weighing(id, id * 5 % 8, &ledger);
                    let put =
                        if id % 2 == 0 { own.put(item) } else { block_on(own.put_async(item)) };
                    ensure!(Waiting, put.is_ok(), "put {id} on an open buffer: {put:?}");
                }
            })
        })
        .collect();
    let own = subject.consumer.clone();
    let consuming = crate::worker::Worker::start(move || {
        let mut taken = Vec::new();
        while let Ok(item) = own.take() {
            taken.push(item.id());
        }
        taken
    });
    finish_all(producing);
    subject.producer.close();
    let mut taken = consuming.finish();
    taken.sort_unstable();
    ensure_eq!(NothingLost, taken, (0..3 * each).collect::<Vec<_>>(), "items taken");
    ensure_eq!(Bound, subject.ensure_accounted().weight, 0, "the weight in the end");
}
