//! Buffers between threads, behind one face.

use crate::batched;
use crate::contender::{Contender, Peer, forebay};
use crate::item::Item;
use crate::monitor;
use crate::shape::Shape;

/// The producing side, as far as a trial goes.
pub trait Put<T>: Send {
    /// Waits while the buffer is full.
    fn put(&mut self, item: T);
}

/// The consuming side, as far as a trial goes.
pub trait Take<T>: Send {
    /// Waits while the buffer is empty; `None` when it is closed and drained.
    fn take(&mut self) -> Option<T>;
}

/// What is done with a fresh buffer, whoever's it is.
pub trait Trial<T> {
    /// What it comes to.
    type Outcome;

    /// Has one handle for each producer and each consumer; the buffer closes when the last
    /// producer's handle is dropped.
    fn run<P: Put<T>, C: Take<T>>(self, producers: Vec<P>, consumers: Vec<C>) -> Self::Outcome;
}

/// Runs `trial` on a fresh buffer of `contender` in which at most `capacity` items wait.
///
/// # Panics
/// If there is no [form](Contender::has_form) for the shape.
pub fn open<T: Item, R: Trial<T>>(
    contender: Contender,
    shape: Shape,
    capacity: usize,
    trial: R,
) -> R::Outcome {
    assert!(contender.has_form(shape), "{contender} has no form for {shape}");
    let peer = match contender {
        Contender::Forebay(discipline) => {
            return many_to_many(forebay(discipline, capacity), shape, trial);
        }
        Contender::ForebayMany(discipline) => {
            return batched::open(discipline, shape, capacity, trial);
        }
        Contender::PeerMany(peer) => return batched::open_peer(peer, shape, capacity, trial),
        Contender::Peer(peer) => peer,
    };
    match peer {
        Peer::Crossfire if shape == Shape::PAIR => {
            let (sender, receiver) = crossfire::spsc::bounded_blocking(capacity);
            trial.run(vec![sender], vec![receiver])
        }
        Peer::Crossfire if shape.consumers == 1 => {
            many_to_one(crossfire::mpsc::bounded_blocking(capacity), shape, trial)
        }
        Peer::Crossfire | Peer::CrossfireMpmc => {
            many_to_many(crossfire::mpmc::bounded_blocking(capacity), shape, trial)
        }
        Peer::Crossbeam => many_to_many(crossbeam_channel::bounded(capacity), shape, trial),
        Peer::Kanal => many_to_many(kanal::bounded(capacity), shape, trial),
        Peer::Flume => many_to_many(flume::bounded(capacity), shape, trial),
        Peer::AsyncChannel => many_to_many(async_channel::bounded(capacity), shape, trial),
        Peer::Loole => many_to_many(loole::bounded(capacity), shape, trial),
        Peer::Std => many_to_one(std::sync::mpsc::sync_channel(capacity), shape, trial),
        Peer::ParkingLot => many_to_many(monitor::bounded(capacity), shape, trial),
        Peer::Thingbuf => many_to_one(thingbuf::mpsc::blocking::channel(capacity), shape, trial),
        Peer::Tokio => many_to_one(tokio::sync::mpsc::channel(capacity), shape, trial),
    }
}

pub(crate) fn many_to_many<T, P: Put<T> + Clone, C: Take<T> + Clone, R: Trial<T>>(
    (producer, consumer): (P, C),
    shape: Shape,
    trial: R,
) -> R::Outcome {
    trial.run(vec![producer; shape.producers], vec![consumer; shape.consumers])
}

pub(crate) fn many_to_one<T, P: Put<T> + Clone, C: Take<T>, R: Trial<T>>(
    (producer, consumer): (P, C),
    shape: Shape,
    trial: R,
) -> R::Outcome {
    trial.run(vec![producer; shape.producers], vec![consumer])
}

macro_rules! sides {
    ($producer:ty, $consumer:ty, $put:ident, $take:ident) => {
        impl<T: Item> Put<T> for $producer {
            #[inline]
            fn put(&mut self, item: T) {
                // Through `*`, so that a method of its own comes before the trait's.
                assert!((*self).$put(item).is_ok(), "consumers stay until the end");
            }
        }

        impl<T: Item> Take<T> for $consumer {
            #[inline]
            fn take(&mut self) -> Option<T> {
                // A result here, an option there.
                (*self).$take().into_iter().next()
            }
        }
    };
}

sides!(forebay::Producer<T>, forebay::Consumer<T>, put, take);
sides!(
    crossfire::Tx<crossfire::spsc::Array<T>>,
    crossfire::Rx<crossfire::spsc::Array<T>>,
    send,
    recv
);
sides!(
    crossfire::MTx<crossfire::mpsc::Array<T>>,
    crossfire::Rx<crossfire::mpsc::Array<T>>,
    send,
    recv
);
sides!(
    crossfire::MTx<crossfire::mpmc::Array<T>>,
    crossfire::MRx<crossfire::mpmc::Array<T>>,
    send,
    recv
);
sides!(crossbeam_channel::Sender<T>, crossbeam_channel::Receiver<T>, send, recv);
sides!(kanal::Sender<T>, kanal::Receiver<T>, send, recv);
sides!(flume::Sender<T>, flume::Receiver<T>, send, recv);
sides!(async_channel::Sender<T>, async_channel::Receiver<T>, send_blocking, recv_blocking);
sides!(loole::Sender<T>, loole::Receiver<T>, send, recv);
sides!(std::sync::mpsc::SyncSender<T>, std::sync::mpsc::Receiver<T>, send, recv);
sides!(monitor::Sender<T>, monitor::Receiver<T>, send, recv);
sides!(thingbuf::mpsc::blocking::Sender<T>, thingbuf::mpsc::blocking::Receiver<T>, send, recv);
sides!(tokio::sync::mpsc::Sender<T>, tokio::sync::mpsc::Receiver<T>, blocking_send, blocking_recv);

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use clap::ValueEnum as _;
    use forebay::Discipline;

    use super::*;
    use crate::race::Race;
    use crate::watchdog;

    #[test]
    fn everybody_carries_every_item() {
        let ours = Discipline::ALL.map(Contender::Forebay);
        let peers = Peer::value_variants().iter().map(|peer| Contender::Peer(*peer));
        let single: Vec<Contender> = ours.into_iter().chain(peers).collect();
        let many = single.iter().map(|contender| contender.many());
        for contender in single.iter().copied().chain(many) {
            for (producers, consumers) in [(1, 1), (2, 1), (2, 3)] {
                let shape = Shape { producers, consumers };
                if !contender.has_form(shape) {
                    continue;
                }
                let race =
                    || open::<u64, _>(contender, shape, 5, Race::lasting(Duration::from_millis(1)));
                watchdog::watch(&format!("{contender} {shape}"), watchdog::LIMIT, race);
            }
        }
    }
}
