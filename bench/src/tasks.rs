//! Buffers between tasks, behind one face; every task on one runtime, tokio's for many threads.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Runtime};
use tokio::sync::Barrier;

use crate::contender::{Contender, Peer, forebay};
use crate::item::{Item, deal};
use crate::race::Leg;
use crate::shape::Shape;

/// The threads of the runtime.
pub const WORKERS: usize = 2;

/// The same for everybody.
pub fn runtime() -> Runtime {
    let runtime = Builder::new_multi_thread().worker_threads(WORKERS).build();
    runtime.expect("a runtime starts")
}

/// The producing side, as far as a race goes.
trait Put<T>: Send + 'static {
    /// Waits while the buffer is full.
    fn put(&mut self, item: T) -> impl Future<Output = ()> + Send;
}

/// The consuming side, as far as a race goes.
trait Take<T>: Send + 'static {
    /// Waits while the buffer is empty; `None` when it is closed and drained.
    fn take(&mut self) -> impl Future<Output = Option<T>> + Send;
}

/// Whether `contender` has a form for tasks and so many consumers.
pub fn has_form(contender: Contender, shape: Shape) -> bool {
    match contender {
        Contender::Peer(Peer::Crossbeam | Peer::Std | Peer::ParkingLot) => false,
        Contender::Peer(Peer::Thingbuf | Peer::Tokio) => shape.consumers == 1,
        _ => true,
    }
}

/// Carries `items` items through a fresh buffer of `contender` in which at most `capacity` wait;
/// every producer and consumer is a task of its own.
///
/// # Panics
/// If there is no [form](has_form) for the shape.
pub async fn race<T: Item>(
    contender: Contender,
    shape: Shape,
    capacity: usize,
    items: u64,
) -> Duration {
    let peer = match contender {
        Contender::Forebay(discipline) => {
            return many_to_many::<T, _, _>(forebay(discipline, capacity), shape, items).await;
        }
        Contender::Peer(peer) => peer,
    };
    match peer {
        Peer::Crossfire if shape == Shape::PAIR => {
            let (sender, receiver) = crossfire::spsc::bounded_async::<T>(capacity);
            run(vec![sender], vec![receiver], items).await
        }
        Peer::Crossfire if shape.consumers == 1 => {
            many_to_one::<T, _, _>(crossfire::mpsc::bounded_async(capacity), shape, items).await
        }
        Peer::Crossfire => {
            many_to_many::<T, _, _>(crossfire::mpmc::bounded_async(capacity), shape, items).await
        }
        Peer::Kanal => many_to_many::<T, _, _>(kanal::bounded_async(capacity), shape, items).await,
        Peer::Flume => many_to_many::<T, _, _>(flume::bounded(capacity), shape, items).await,
        Peer::AsyncChannel => {
            many_to_many::<T, _, _>(async_channel::bounded(capacity), shape, items).await
        }
        Peer::Loole => many_to_many::<T, _, _>(loole::bounded(capacity), shape, items).await,
        Peer::Thingbuf => {
            many_to_one::<T, _, _>(thingbuf::mpsc::channel(capacity), shape, items).await
        }
        Peer::Tokio => {
            many_to_one::<T, _, _>(tokio::sync::mpsc::channel(capacity), shape, items).await
        }
        Peer::Crossbeam | Peer::Std | Peer::ParkingLot => {
            unreachable!("{contender} has no form for tasks")
        }
    }
}

async fn many_to_many<T: Item, P: Put<T> + Clone, C: Take<T> + Clone>(
    (producer, consumer): (P, C),
    shape: Shape,
    items: u64,
) -> Duration {
    run(vec![producer; shape.producers], vec![consumer; shape.consumers], items).await
}

async fn many_to_one<T: Item, P: Put<T> + Clone, C: Take<T>>(
    (producer, consumer): (P, C),
    shape: Shape,
    items: u64,
) -> Duration {
    assert_eq!(shape.consumers, 1, "there is no form for {shape}");
    run(vec![producer; shape.producers], vec![consumer], items).await
}

/// From the moment the first task starts to the moment the last has ended; the tasks are there
/// before it begins.
async fn run<T: Item, P: Put<T>, C: Take<T>>(
    producers: Vec<P>,
    consumers: Vec<C>,
    items: u64,
) -> Duration {
    let start = Arc::new(Barrier::new(producers.len() + consumers.len()));
    let runs = deal(items, producers.len());
    let mut tasks = Vec::new();
    for (mut producer, run) in producers.into_iter().zip(runs) {
        let start = Arc::clone(&start);
        tasks.push(tokio::spawn(async move {
            start.wait().await;
            let begun = Instant::now();
            for number in run {
                producer.put(T::new(number)).await;
            }
            drop(producer);
            Leg { sum: 0, begun, ended: Instant::now() }
        }));
    }
    for mut consumer in consumers {
        let start = Arc::clone(&start);
        tasks.push(tokio::spawn(async move {
            start.wait().await;
            let begun = Instant::now();
            let mut sum = 0_u64;
            while let Some(item) = consumer.take().await {
                sum = sum.wrapping_add(item.number());
            }
            Leg { sum, begun, ended: Instant::now() }
        }));
    }
    let mut legs = Vec::new();
    for task in tasks {
        legs.push(task.await.expect("no task of a race panics"));
    }
    Leg::whole(&legs, items)
}

macro_rules! sides {
    ($producer:ty, $consumer:ty, $put:ident, $take:ident) => {
        impl<T: Item> Put<T> for $producer {
            #[inline]
            async fn put(&mut self, item: T) {
                // Through `*`, so that a method of its own comes before the trait's.
                assert!((*self).$put(item).await.is_ok(), "consumers stay until the end");
            }
        }

        impl<T: Item> Take<T> for $consumer {
            #[inline]
            async fn take(&mut self) -> Option<T> {
                // A result here, an option there.
                (*self).$take().await.into_iter().next()
            }
        }
    };
}

sides!(forebay::Producer<T>, forebay::Consumer<T>, put_async, take_async);
sides!(
    crossfire::AsyncTx<crossfire::spsc::Array<T>>,
    crossfire::AsyncRx<crossfire::spsc::Array<T>>,
    send,
    recv
);
sides!(
    crossfire::MAsyncTx<crossfire::mpsc::Array<T>>,
    crossfire::AsyncRx<crossfire::mpsc::Array<T>>,
    send,
    recv
);
sides!(
    crossfire::MAsyncTx<crossfire::mpmc::Array<T>>,
    crossfire::MAsyncRx<crossfire::mpmc::Array<T>>,
    send,
    recv
);
sides!(kanal::AsyncSender<T>, kanal::AsyncReceiver<T>, send, recv);
sides!(flume::Sender<T>, flume::Receiver<T>, send_async, recv_async);
sides!(async_channel::Sender<T>, async_channel::Receiver<T>, send, recv);
sides!(loole::Sender<T>, loole::Receiver<T>, send_async, recv_async);
sides!(thingbuf::mpsc::Sender<T>, thingbuf::mpsc::Receiver<T>, send, recv);
sides!(tokio::sync::mpsc::Sender<T>, tokio::sync::mpsc::Receiver<T>, send, recv);

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;
    use forebay::Discipline;

    use super::*;
    use crate::watchdog;

    #[test]
    fn everybody_carries_every_item() {
        let runtime = runtime();
        let ours = Discipline::ALL.map(Contender::Forebay);
        let peers = Peer::value_variants().iter().map(|peer| Contender::Peer(*peer));
        for contender in ours.into_iter().chain(peers) {
            for (producers, consumers) in [(1, 1), (2, 1), (2, 3)] {
                let shape = Shape { producers, consumers };
                if !has_form(contender, shape) {
                    continue;
                }
                watchdog::watch(&format!("{contender} {shape}"), watchdog::LIMIT, || {
                    runtime.block_on(race::<u64>(contender, shape, 5, 100))
                });
            }
        }
    }
}
