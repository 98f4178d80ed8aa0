//! Wakers that call into the buffer while they are woken or dropped: no lock may be held then.
#![cfg(not(loom))]

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::task::{Context, Wake, Waker};
use std::thread;
use std::time::Duration;

use forebay_threads::{Builder, Consumer, Discipline, Producer};

/// Uses everything that takes a lock, when woken and when dropped.
struct Meddler {
    producer: Producer<u32>,
    consumer: Consumer<u32>,
    wakes: Arc<AtomicUsize>,
}

impl Meddler {
    fn meddle(&self) {
        let _ = self.producer.statistics();
        let _ = self.producer.join_timeout(Duration::ZERO);
        if let Ok(lease) = self.consumer.try_lease() {
            let _ = lease.nack();
        }
        if let Ok(item) = self.consumer.try_take() {
            let _ = self.producer.try_put(item);
        }
    }
}

impl Wake for Meddler {
    fn wake(self: Arc<Self>) {
        self.wakes.fetch_add(1, Ordering::Relaxed);
        self.meddle();
    }
}

impl Drop for Meddler {
    fn drop(&mut self) {
        self.meddle();
    }
}

fn poll<F: Future>(future: Pin<&mut F>, waker: &Waker) {
    let _ = future.poll(&mut Context::from_waker(waker));
}

fn meddle_with(discipline: Discipline) {
    let (producer, consumer) = Builder::bounded(1).discipline(discipline).build().unwrap();
    let wakes = Arc::new(AtomicUsize::new(0));
    let waker = || {
        let (producer, consumer) = (producer.clone(), consumer.clone());
        Waker::from(Arc::new(Meddler { producer, consumer, wakes: Arc::clone(&wakes) }))
    };
    for round in 0..4 {
        let mut take = Box::pin(consumer.take_async());
        let mut lease = Box::pin(consumer.lease_async());
        poll(take.as_mut(), &waker());
        poll(lease.as_mut(), &waker());
        // A second poll has the first waker dropped.
        poll(take.as_mut(), &waker());
        poll(lease.as_mut(), &waker());
        producer.put(round).unwrap();
        let mut put = Box::pin(producer.put_async(round));
        let mut join = Box::pin(producer.join_async());
        poll(put.as_mut(), &waker());
        poll(join.as_mut(), &waker());
        drop(take);
        drop(lease);
        while let Ok(lease) = consumer.try_lease() {
            lease.ack().unwrap();
        }
        drop(put);
        drop(join);
    }
    producer.close();
    assert!(wakes.load(Ordering::Relaxed) > 0);
}

#[test]
fn wakers_may_call_into_the_buffer() {
    for discipline in Discipline::ALL {
        let (done, ended) = mpsc::channel();
        thread::spawn(move || {
            meddle_with(discipline);
            done.send(()).unwrap();
        });
        // A watchdog, not a measure of time: what is broken hangs for ever.
        ended.recv_timeout(Duration::from_mins(1)).expect("a waker waits for a lock that is held");
    }
}
