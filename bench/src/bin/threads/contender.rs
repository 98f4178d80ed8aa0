//! The buffers that run against each other, behind one face.

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use bench::machine::release_of;
use forebay::{Builder, Discipline};

use crate::cell::Cell;

/// The producing side, as far as the race goes.
trait Put: Clone + Send {
    fn put(&self, item: u64);
}

/// The consuming side; `None` when closed and drained.
trait Take: Clone + Send {
    fn take(&self) -> Option<u64>;
}

macro_rules! sides {
    ($producer:ty, $consumer:ty, $put:ident, $take:ident) => {
        impl Put for $producer {
            #[inline]
            fn put(&self, item: u64) {
                self.$put(item).expect("consumers stay until the end");
            }
        }

        impl Take for $consumer {
            #[inline]
            fn take(&self) -> Option<u64> {
                self.$take().ok()
            }
        }
    };
}

// A foreign type's own method of the same name comes before the trait's.
sides!(forebay::Producer<u64>, forebay::Consumer<u64>, put, take);
sides!(crossbeam_channel::Sender<u64>, crossbeam_channel::Receiver<u64>, send, recv);
sides!(kanal::Sender<u64>, kanal::Receiver<u64>, send, recv);
sides!(
    crossfire::MTx<crossfire::mpmc::Array<u64>>,
    crossfire::MRx<crossfire::mpmc::Array<u64>>,
    send,
    recv
);

/// One of those who run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Contender {
    Forebay(Discipline),
    Crossbeam,
    Kanal,
    Crossfire,
}

impl Contender {
    pub(crate) const PEERS: [Self; 3] = [Self::Crossbeam, Self::Kanal, Self::Crossfire];

    pub(crate) fn name(self) -> String {
        match self {
            Self::Forebay(discipline) => format!("forebay {discipline}"),
            Self::Crossbeam => "crossbeam".to_owned(),
            Self::Kanal => "kanal".to_owned(),
            Self::Crossfire => "crossfire".to_owned(),
        }
    }

    pub(crate) fn release(self) -> &'static str {
        release_of(match self {
            Self::Forebay(_) => "forebay",
            Self::Crossbeam => "crossbeam-channel",
            Self::Kanal => "kanal",
            Self::Crossfire => "crossfire",
        })
    }

    /// Carries `items` items through a fresh buffer of the cell's shape and capacity.
    pub(crate) fn race(self, cell: Cell, items: u64) -> Duration {
        match self {
            Self::Forebay(discipline) => {
                let builder = Builder::bounded(cell.capacity).discipline(discipline);
                let (producer, consumer) = builder.build().expect("the capacity is not 0");
                race(producer, consumer, cell, items)
            }
            Self::Crossbeam => {
                let (sender, receiver) = crossbeam_channel::bounded(cell.capacity);
                race(sender, receiver, cell, items)
            }
            Self::Kanal => {
                let (sender, receiver) = kanal::bounded(cell.capacity);
                race(sender, receiver, cell, items)
            }
            Self::Crossfire => {
                let (sender, receiver) = crossfire::mpmc::bounded_blocking(cell.capacity);
                race(sender, receiver, cell, items)
            }
        }
    }
}

/// From the moment the first thread starts to the moment the last has ended; the threads are there
/// before it begins.
fn race<P: Put, C: Take>(producer: P, consumer: C, cell: Cell, items: u64) -> Duration {
    let start = Barrier::new(cell.producers + cell.consumers);
    let (each, rest) = (items / cell.producers as u64, items % cell.producers as u64);
    let mut first = 0;
    let mut producers = Vec::new();
    for number in 0..cell.producers as u64 {
        let next = first + each + u64::from(number < rest);
        producers.push((producer.clone(), first..next));
        first = next;
    }
    drop(producer);
    let mut consumers = vec![consumer; cell.consumers];
    let (sum, duration) = thread::scope(|scope| {
        let start = &start;
        let producers: Vec<_> = producers
            .drain(..)
            .map(|(producer, items)| {
                scope.spawn(move || {
                    start.wait();
                    let begun = Instant::now();
                    items.for_each(|item| producer.put(item));
                    drop(producer);
                    (0, begun, Instant::now())
                })
            })
            .collect();
        let consumers: Vec<_> = consumers
            .drain(..)
            .map(|consumer| {
                scope.spawn(move || {
                    start.wait();
                    let begun = Instant::now();
                    let mut sum = 0_u64;
                    while let Some(item) = consumer.take() {
                        sum = sum.wrapping_add(item);
                    }
                    (sum, begun, Instant::now())
                })
            })
            .collect();
        let runs: Vec<(u64, Instant, Instant)> = producers
            .into_iter()
            .chain(consumers)
            .map(|thread| thread.join().expect("no thread of a race panics"))
            .collect();
        let begun = runs.iter().map(|run| run.1).min().expect("there are threads");
        let ended = runs.iter().map(|run| run.2).max().expect("there are threads");
        (runs.iter().fold(0_u64, |sum, run| sum.wrapping_add(run.0)), ended - begun)
    });
    let expected = (0..items).fold(0_u64, u64::wrapping_add);
    assert_eq!(sum, expected, "items were lost or doubled: this measures nothing");
    duration
}
