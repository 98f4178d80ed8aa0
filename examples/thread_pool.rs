//! A pool of threads: the items are closures, and whoever submits too many waits.
//!
//! ```sh
//! cargo run -p forebay-examples --example thread_pool
//! ```
//!
//! Look for: a submit that waited, because a pool that accepts everything only hides that it is late; a closure
//! that panics, and a pool that goes on with as many threads as before; a shutdown that runs what was submitted.

use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use forebay::{Producer, PutError, bounded};

type Work = Box<dyn FnOnce() + Send>;

struct Pool {
    work: Producer<Work>,
    threads: Vec<JoinHandle<()>>,
    panics: Arc<AtomicU64>,
}

impl Pool {
    /// With so many threads, and at most `capacity` closures that wait for one.
    fn new(threads: NonZeroUsize, capacity: NonZeroUsize) -> Self {
        let (work, waiting) = bounded::<Work>(capacity.get());
        let panics = Arc::new(AtomicU64::new(0));
        let threads = (0..threads.get())
            .map(|_| {
                let (waiting, panics) = (waiting.clone(), Arc::clone(&panics));
                thread::spawn(move || {
                    while let Ok(work) = waiting.take() {
                        // What the closure has broken is its own; the thread is ours.
                        if catch_unwind(AssertUnwindSafe(work)).is_err() {
                            panics.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                })
            })
            .collect();
        Self { work, threads, panics }
    }

    /// Waits while the pool is full; after a `close`, from another thread say, hands the closure back.
    fn submit(&self, work: impl FnOnce() + Send + 'static) -> Result<(), PutError<Work>> {
        self.work.put(Box::new(work)).map(drop)
    }

    /// Runs `work` in the pool; what it returns comes through the receiver, or an error if it panicked.
    fn ask<R: Send + 'static>(
        &self,
        work: impl FnOnce() -> R + Send + 'static,
    ) -> Result<mpsc::Receiver<R>, PutError<Work>> {
        let (answer, receiver) = mpsc::sync_channel(1);
        self.submit(move || drop(answer.send(work())))?;
        Ok(receiver)
    }

    /// Accepts no more, runs what was accepted, and tells how many closures panicked.
    fn shut_down(self) -> u64 {
        self.work.close();
        for thread in self.threads {
            thread.join().expect("a pool thread catches panics");
        }
        self.panics.load(Ordering::Relaxed)
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (two, five) = (NonZeroUsize::new(2).unwrap(), NonZeroUsize::new(5).unwrap());
    let pool = Pool::new(two, five);

    let square = pool.ask(|| 12 * 12)?;
    println!("12 squared is {}", square.recv()?);

    let failing = pool.ask(|| -> u64 { panic!("this closure fails on purpose") })?;
    println!("the closure that panicked: {}", failing.recv().unwrap_err());

    let done = Arc::new(AtomicU64::new(0));
    let begun = Instant::now();
    for _ in 0..20 {
        let done = Arc::clone(&done);
        pool.submit(move || {
            thread::sleep(Duration::from_millis(20));
            done.fetch_add(1, Ordering::Relaxed);
        })?;
    }
    let (took, waited) = (begun.elapsed(), pool.work.statistics().producer_wait);
    println!("20 submitted in {took:.0?}, of which {waited:.0?} was waiting for room");

    let panics = pool.shut_down();
    println!("shut down: {} of 20 done, {panics} panicked", done.load(Ordering::Relaxed));
    Ok(())
}
