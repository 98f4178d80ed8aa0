//! Buffers between tasks, behind one face; every task on one runtime, tokio's for many threads.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::Barrier;
use tokio::task::JoinHandle;

use crate::contender::{Contender, Peer, forebay};
use crate::item::Item;
use crate::race::{Carried, Leg};
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
        Contender::ForebayMany(_)
        | Contender::PeerMany(_)
        | Contender::Peer(Peer::Crossbeam | Peer::Std | Peer::ParkingLot) => false,
        Contender::Forebay(_) | Contender::Peer(_) => contender.has_form(shape),
    }
}

/// Producers put for so long into a fresh buffer of `contender` in which at most `capacity` items
/// wait, and consumers take the rest, each a task of its own on `runtime`.
///
/// # Panics
/// If there is no [form](has_form) for the shape.
pub fn race<T: Item>(
    runtime: &Runtime,
    contender: Contender,
    shape: Shape,
    capacity: usize,
    lasting: Duration,
) -> Carried {
    assert!(has_form(contender, shape), "{contender} has no form for {shape}");
    let race = Race { runtime, shape, lasting };
    let peer = match contender {
        Contender::Forebay(discipline) => {
            return race.many_to_many::<T, _, _>(forebay(discipline, capacity));
        }
        Contender::Peer(peer) => peer,
        _ => unreachable!("these know no tasks"),
    };
    match peer {
        Peer::Crossfire if shape == Shape::PAIR => {
            let (sender, receiver) = crossfire::spsc::bounded_async::<T>(capacity);
            race.run(vec![sender], vec![receiver])
        }
        Peer::Crossfire if shape.consumers == 1 => {
            race.many_to_one::<T, _, _>(crossfire::mpsc::bounded_async(capacity))
        }
        Peer::Crossfire | Peer::CrossfireMpmc => {
            race.many_to_many::<T, _, _>(crossfire::mpmc::bounded_async(capacity))
        }
        Peer::Kanal => race.many_to_many::<T, _, _>(kanal::bounded_async(capacity)),
        Peer::Flume => race.many_to_many::<T, _, _>(flume::bounded(capacity)),
        Peer::AsyncChannel => race.many_to_many::<T, _, _>(async_channel::bounded(capacity)),
        Peer::Loole => race.many_to_many::<T, _, _>(loole::bounded(capacity)),
        Peer::Thingbuf => race.many_to_one::<T, _, _>(thingbuf::mpsc::channel(capacity)),
        Peer::Tokio => race.many_to_one::<T, _, _>(tokio::sync::mpsc::channel(capacity)),
        Peer::Crossbeam | Peer::Std | Peer::ParkingLot => unreachable!("these know no tasks"),
    }
}

struct Race<'a> {
    runtime: &'a Runtime,
    shape: Shape,
    lasting: Duration,
}

impl Race<'_> {
    fn many_to_many<T: Item, P: Put<T> + Clone, C: Take<T> + Clone>(
        &self,
        (producer, consumer): (P, C),
    ) -> Carried {
        self.run(vec![producer; self.shape.producers], vec![consumer; self.shape.consumers])
    }

    fn many_to_one<T: Item, P: Put<T> + Clone, C: Take<T>>(
        &self,
        (producer, consumer): (P, C),
    ) -> Carried {
        self.run(vec![producer; self.shape.producers], vec![consumer])
    }

    /// From the moment the first task starts to the moment the last has ended; the tasks are there
    /// before it begins.
    fn run<T: Item, P: Put<T>, C: Take<T>>(&self, producers: Vec<P>, consumers: Vec<C>) -> Carried {
        let start = Arc::new(Barrier::new(producers.len() + consumers.len() + 1));
        let over = Arc::new(AtomicBool::new(false));
        let putting = producers.into_iter().zip(0..).map(|(mut producer, hand)| {
            let (start, over) = (Arc::clone(&start), Arc::clone(&over));
            self.runtime.spawn(async move {
                start.wait().await;
                let mut leg = Leg::begin();
                while !over.load(Ordering::Relaxed) {
                    producer.put(T::new(leg.next(hand))).await;
                }
                drop(producer);
                leg.end()
            })
        });
        let putting: Vec<_> = putting.collect();
        let taking = consumers.into_iter().map(|mut consumer| {
            let start = Arc::clone(&start);
            self.runtime.spawn(async move {
                start.wait().await;
                let mut leg = Leg::begin();
                while let Some(item) = consumer.take().await {
                    leg.count(item.number());
                }
                leg.end()
            })
        });
        let taking: Vec<_> = taking.collect();
        self.runtime.block_on(start.wait());
        thread::sleep(self.lasting);
        over.store(true, Ordering::Relaxed);
        Carried::by(&self.legs(putting), &self.legs(taking))
    }

    fn legs(&self, tasks: Vec<JoinHandle<Leg>>) -> Vec<Leg> {
        let join =
            |task: JoinHandle<Leg>| self.runtime.block_on(task).expect("no task of a race panics");
        tasks.into_iter().map(join).collect()
    }
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
                    race::<u64>(&runtime, contender, shape, 5, Duration::from_millis(1))
                });
            }
        }
    }
}
