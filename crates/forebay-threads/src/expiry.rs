//! The thread that ends leases at their deadline.
//!
//! There is one for a buffer whose leases have deadlines, from its first lease on, and none for
//! others: consumers and joiners can then sleep without a clock, tasks included.

use std::sync::Weak;
use std::time::Instant;

use crate::atomics::{Arc, Thread, thread};
use crate::buffer::Buffer;

/// Starts the thread. It holds the buffer weakly, and ends with it.
pub(crate) fn start<T: Send + 'static>(buffer: &Arc<Buffer<T>>) -> Thread {
    let buffer = Arc::downgrade(buffer);
    thread::Builder::new()
        .name("forebay-expiry".to_owned())
        .spawn(move || run(&buffer))
        .expect("the system has room for one more thread")
        .thread()
        .clone()
}

fn run<T>(buffer: &Weak<Buffer<T>>) {
    // The buffer is let go before the thread sleeps, so that it can end.
    while let Some(next) = buffer.upgrade().map(|buffer| buffer.expire(Instant::now())) {
        match next {
            Some(deadline) => {
                thread::park_timeout(deadline.saturating_duration_since(Instant::now()));
            }
            None => thread::park(),
        }
    }
}
