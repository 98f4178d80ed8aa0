//! The threads of a check: each one's panic becomes the check's own.

use std::panic;
use std::thread::{self, JoinHandle};

use crate::Factory;
use crate::watchdog::eventually;
use forebay_contract::{Consume, Produce};

/// A running thread. Left alone, it runs on; a check that fails leaves its workers behind.
pub struct Worker<T>(JoinHandle<T>);

impl<T: Send + 'static> Worker<T> {
    /// Starts it.
    pub fn start(call: impl FnOnce() -> T + Send + 'static) -> Self {
        Self(thread::spawn(call))
    }

    /// Its result, once it has ended; its panic, if it panicked.
    pub fn finish(self) -> T {
        self.0.join().unwrap_or_else(|payload| panic::resume_unwind(payload))
    }

    /// Whether it has ended.
    pub fn has_ended(&self) -> bool {
        self.0.is_finished()
    }
}

/// Starts a thread that calls with a producer of its own, and returns once that call waits.
pub fn blocked_producer<F: Factory, T: Send + 'static>(
    producer: &F::Producer,
    call: impl FnOnce(&F::Producer) -> T + Send + 'static,
) -> Worker<T> {
    let before = producer.statistics().producers_waiting;
    let own = producer.clone();
    let worker = Worker::start(move || call(&own));
    eventually("C5 waiting: a put on a full buffer is counted as waiting", || {
        producer.statistics().producers_waiting > before
    });
    worker
}

/// Starts a thread that calls with a consumer of its own, and returns once that call waits.
pub fn blocked_consumer<F: Factory, T: Send + 'static>(
    consumer: &F::Consumer,
    call: impl FnOnce(&F::Consumer) -> T + Send + 'static,
) -> Worker<T> {
    let before = consumer.statistics().consumers_waiting;
    let own = consumer.clone();
    let worker = Worker::start(move || call(&own));
    eventually("C5 waiting: a take on an empty buffer is counted as waiting", || {
        consumer.statistics().consumers_waiting > before
    });
    worker
}

/// Finishes those that put, the last of their buffer with this producer, and so ends the puts: the last
/// producer's going closes, or the buffer stays open and is closed here (C6).
pub fn finish_puts<F: Factory, T: Send + 'static>(
    producer: F::Producer,
    putting: Vec<Worker<T>>,
) -> Vec<T> {
    if F::STAYS_OPEN {
        let put = finish_all(putting);
        producer.close();
        put
    } else {
        drop(producer);
        finish_all(putting)
    }
}

/// Finishes all of them.
pub fn finish_all<T: Send + 'static>(workers: Vec<Worker<T>>) -> Vec<T> {
    workers.into_iter().map(Worker::finish).collect()
}
