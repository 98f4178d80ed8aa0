//! Everything at once, on eight threads for each core: every way to put and to take, with cancellation,
//! deadlines, policies and leases, through the smallest buffers.
//!
//! At the end each item has been taken, handed back, or dropped once and counted; each consumer has seen
//! each producer's items in their order; and nobody waits. A short while by default; as long as
//! `FOREBAY_TORTURE_SECONDS` says with `cargo xtask torture`.
#![cfg(not(loom))]

use std::env;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use forebay_conformance::task::{Task, block_on};
use forebay_conformance::watchdog::{PATIENCE, watch};
use forebay_threads::{
    Builder, Consumer, Discipline, Outcome, Overflow, Patience, Producer, Refusal, TakeError,
};

const CAPACITIES: [usize; 4] = [1, 2, 3, 8];
const MAX_LEASED: usize = 3;

/// How long one discipline is under stress.
fn time() -> Duration {
    let seconds = env::var("FOREBAY_TORTURE_SECONDS").ok().and_then(|text| text.parse().ok());
    seconds.map_or(Duration::from_millis(800), Duration::from_secs)
}

fn threads() -> usize {
    8 * thread::available_parallelism().map_or(1, usize::from)
}

/// What has become of the items.
#[derive(Default)]
struct Account {
    made: AtomicU64,
    taken: AtomicU64,
    handed_back: AtomicU64,
    cancelled: AtomicU64,
    /// Dropped with nobody holding them: by the buffer, or with a call that was cancelled.
    dropped: AtomicU64,
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

struct Item {
    producer: usize,
    number: u64,
    /// It was on lease and came back, so it may be seen after its successors.
    returned: bool,
    settled: bool,
    account: Arc<Account>,
}

impl Item {
    fn hand_back(mut self) {
        self.settled = true;
        count(&self.account.handed_back);
    }
}

impl Drop for Item {
    fn drop(&mut self) {
        if !self.settled {
            count(&self.account.dropped);
        }
    }
}

/// A xorshift generator (G. Marsaglia, 2003).
struct Chance(u64);

impl Chance {
    fn of(seed: usize) -> Self {
        Self(0x9E37_79B9_7F4A_7C15 ^ (seed as u64 + 1).wrapping_mul(0xA24B_AED4_963E_E407))
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    fn instant(&mut self) -> Duration {
        Duration::from_micros(self.below(200))
    }
}

fn put_for_a_while(number: usize, producer: &Producer<Item>, account: &Arc<Account>, end: Instant) {
    let mut chance = Chance::of(number);
    let mut next = 0;
    let mut make = || {
        next += 1;
        count(&account.made);
        let account = Arc::clone(account);
        Item { producer: number, number: next, returned: false, settled: false, account }
    };
    let policy = match number % 5 {
        0 => Overflow::DropOldest,
        1 => Overflow::DropThis,
        2 => Overflow::WaitFor(Duration::from_micros(100)),
        _ => Overflow::Wait,
    };
    let producer = producer.clone().with_overflow(policy);
    while Instant::now() < end {
        let put = match chance.below(9) {
            0 => producer.put(make()),
            1 => producer.try_put(make()),
            2 => producer.put_timeout(make(), chance.instant()),
            3 => block_on(producer.put_async(make())),
            4 => {
                let mut put = Task::new(producer.put_async(make()));
                match put.poll() {
                    std::task::Poll::Ready(put) => put,
                    std::task::Poll::Pending => {
                        thread::yield_now();
                        drop(put);
                        count(&account.cancelled);
                        continue;
                    }
                }
            }
            5 => {
                let items: Vec<_> = (0..chance.below(6)).map(|_| make()).collect();
                if let Err(refused) = producer.put_many(items) {
                    refused.rest.into_iter().for_each(Item::hand_back);
                }
                continue;
            }
            6 => match producer.reserve_within(Patience::lasting(chance.instant())) {
                Ok(permit) => permit.put(make()).map(|()| Outcome::Placed),
                Err(_) => continue,
            },
            7 => {
                let mut reserve = Task::new(producer.reserve_async());
                let _ = reserve.poll();
                continue;
            }
            _ => {
                // Another handle, for one put.
                producer.clone().try_put(make())
            }
        };
        if let Err(refused) = put {
            assert_ne!(refused.refusal, Refusal::Closed, "nobody closes before the producers end");
            refused.item.hand_back();
        }
    }
}

fn take_to_the_end(number: usize, consumer: &Consumer<Item>, producers: usize, bound: u64) {
    let mut chance = Chance::of(1_000 + number);
    let mut last = vec![0; producers];
    let mut see = |mut item: Item| {
        if !item.returned {
            let last = &mut last[item.producer];
            assert!(item.number > *last, "{} after {last} of {}", item.number, item.producer);
            *last = item.number;
        }
        item.settled = true;
        count(&item.account.taken);
    };
    loop {
        let taken = match chance.below(9) {
            0 | 1 => consumer.take(),
            2 => consumer.try_take(),
            3 => consumer.take_timeout(chance.instant()),
            4 => block_on(consumer.take_async()),
            5 => {
                let mut take = Task::new(consumer.take_async());
                match take.poll() {
                    std::task::Poll::Ready(taken) => taken,
                    std::task::Poll::Pending => continue,
                }
            }
            6 => match consumer.take_many(chance.below(5) as usize + 1) {
                Ok(items) => {
                    items.into_iter().for_each(&mut see);
                    continue;
                }
                Err(error) => Err(error),
            },
            7 => match consumer.lease() {
                Ok(mut lease) if chance.below(3) == 0 => {
                    lease.returned = true;
                    if chance.below(2) == 0 { lease.nack() } else { lease.fail("by chance") }
                        .unwrap();
                    continue;
                }
                lease => lease.map(|lease| lease.ack().unwrap()),
            },
            _ => {
                let statistics = consumer.statistics();
                assert!(statistics.waiting <= bound, "{} wait", statistics.waiting);
                continue;
            }
        };
        match taken {
            Ok(item) => see(item),
            Err(TakeError::Closed) => return,
            Err(_) => {}
        }
    }
}

fn everything_at_once(discipline: Discipline, capacity: usize, time: Duration) {
    let builder = Builder::bounded(capacity).discipline(discipline).max_leased(MAX_LEASED);
    let (producer, consumer) = builder.build().unwrap();
    let account: Arc<Account> = Arc::default();
    let producers = threads() / 2;
    let bound = (capacity + MAX_LEASED) as u64;
    let end = Instant::now() + time;
    thread::scope(|scope| {
        for number in 0..threads() - producers {
            let consumer = consumer.clone();
            scope.spawn(move || take_to_the_end(number, &consumer, producers, bound));
        }
        for number in 0..producers {
            let (producer, account) = (producer.clone(), &account);
            scope.spawn(move || put_for_a_while(number, &producer, account, end));
        }
        drop(producer);
    });
    let statistics = consumer.statistics();
    let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let (taken, cancelled) = (read(&account.taken), read(&account.cancelled));
    assert_eq!((statistics.waiting, statistics.leased, statistics.reserved), (0, 0, 0));
    assert_eq!((statistics.producers_waiting, statistics.consumers_waiting), (0, 0));
    assert_eq!(statistics.finished, taken);
    assert_eq!(statistics.produced, statistics.finished + statistics.dropped);
    // A cancelled put has placed its item whole, or not at all.
    let dropped_at_least = statistics.dropped;
    assert!((dropped_at_least..=dropped_at_least + cancelled).contains(&read(&account.dropped)));
    assert_eq!(read(&account.made), taken + read(&account.handed_back) + read(&account.dropped));
    assert!(taken > 0);
    consumer.join();
}

/// Handles of both sides come and go; the end comes from whichever side is the first to be gone.
fn ends_at_random(discipline: Discipline, capacity: usize, time: Duration) {
    let end = Instant::now() + time;
    let mut chance = Chance::of(capacity);
    while Instant::now() < end {
        let (producer, consumer) =
            Builder::bounded(capacity).discipline(discipline).build().unwrap();
        let account: Arc<Account> = Arc::default();
        let (puts, takes) = (chance.below(20), chance.below(20));
        thread::scope(|scope| {
            for _ in 0..threads() / 4 {
                let (producer, consumer) = (producer.clone(), consumer.clone());
                let (of_puts, of_takes) = (Arc::clone(&account), &account);
                scope.spawn(move || {
                    for number in 0..puts {
                        count(&of_puts.made);
                        let account = Arc::clone(&of_puts);
                        let item =
                            Item { producer: 0, number, returned: false, settled: false, account };
                        match producer.put(item) {
                            Ok(_) => {}
                            Err(refused) => {
                                assert_eq!(refused.refusal, Refusal::Abandoned);
                                refused.item.hand_back();
                                return;
                            }
                        }
                    }
                });
                scope.spawn(move || {
                    for _ in 0..takes {
                        let Ok(mut item) = consumer.take() else { return };
                        item.settled = true;
                        count(&of_takes.taken);
                    }
                });
            }
            drop(producer);
            drop(consumer);
        });
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let settled = read(&account.taken) + read(&account.handed_back);
        assert_eq!(read(&account.made), settled + read(&account.dropped));
    }
}

fn under_stress(discipline: Discipline, stress: fn(Discipline, usize, Duration)) {
    let time = time();
    let each = time / CAPACITIES.len() as u32;
    let watched = watch("stress", 4 * time + PATIENCE, move || {
        for capacity in CAPACITIES {
            stress(discipline, capacity, each);
        }
    });
    if let Err(mishap) = watched {
        panic!("{discipline}: {mishap:?}");
    }
}

macro_rules! stress {
    ($($name:ident: $discipline:ident),*) => {
        $(mod $name {
            use super::*;

            #[test]
            fn everything_at_once() {
                under_stress(Discipline::$discipline, super::everything_at_once);
            }

            #[test]
            fn ends_at_random() {
                under_stress(Discipline::$discipline, super::ends_at_random);
            }
        })*
    };
}

stress!(ring: Ring, semaphores: Semaphores, monitor: Monitor, linked: Linked);
