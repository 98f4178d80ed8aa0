//! A buffer whose handles live in other processes.
//!
//! [`Remote`] is a [`Factory`] over another way to make a buffer, a [`Distance`]. Each handle that it gives,
//! each clone too, stands for one that lives in a process of its own, or, where a distance cannot be
//! reached from several processes, for one of several that share another process. That process is the test
//! program, started once more to run a single test, which [serves](serve):
//!
//! ```ignore
//! #[test]
//! fn a_handle_is_served() {
//!     forebay_conformance::remote::serve::<File>();
//! }
//!
//! forebay_conformance::suite!(separate, Remote(File::new()));
//! ```
//!
//! Calls go over a socket, any number at a time, and each does over there what it would do here: one that
//! waits waits there; a future is made there at its first poll, is polled there whenever it is polled here,
//! and is dropped there before its drop returns here; leases and permits are held there. A wake is sent
//! before the answer to the call that caused it, if it comes about within that call and in that process.
//!
//! What the suite does not see through it: what a future does before its first poll, the processor time
//! of a wait (C5), and the moment that a distance may take to [settle](Distance::settle). So it goes beside a run in one process.

mod ask;
mod consumer;
mod errand;
mod link;
mod producer;
mod server;
mod wire;

use std::sync::Arc;

use forebay_contract::{Consume, Produce};

pub use consumer::{Consumer, Lease};
pub use producer::{Permit, Producer};
pub use server::serve;

use crate::{Factory, Mortal, Plain, Settings};
use link::Link;

/// A way to make a buffer that handles in other processes can reach.
pub trait Distance: Clone + Send + 'static {
    /// What a producer is, over there.
    type Producer: Produce<Plain>;
    /// What a consumer is, over there.
    type Consumer: Consume<Plain>;

    /// The test that [serves](serve), by its path in the test program.
    const SERVER: &'static str;
    /// Whether the handles of a buffer live in one process together. Then its first producer is asked for
    /// first, its first consumer next, and all others are their clones.
    const TOGETHER: bool = false;
    /// See [`Factory::STAYS_OPEN`].
    const STAYS_OPEN: bool = false;
    /// See [`Factory::WAKES_TRAVEL`].
    const WAKES_TRAVEL: bool = true;
    /// See [`Factory::ANSWERS_TRAVEL`].
    const ANSWERS_TRAVEL: bool = false;
    /// See [`Factory::BOUNDS_WEIGHT`].
    const BOUNDS_WEIGHT: bool = true;
    /// See [`Factory::EFFORT`].
    const EFFORT: u64 = 100;
    /// See [`Factory::WEAKER`].
    const WEAKER: &'static [(&'static str, &'static str)] = &[];

    /// Makes an empty buffer and says where it is, or why these settings make none. Here, in the test.
    fn create(&self, settings: &Settings) -> Result<String, String>;

    /// A producer of the buffer that is there. Over there.
    fn producer(place: &str, settings: &Settings) -> Result<Self::Producer, String>;

    /// A consumer of the buffer that is there. Over there.
    fn consumer(place: &str, settings: &Settings) -> Result<Self::Consumer, String>;

    /// Waits until others see what this process has begun and need not wait for by itself: that a handle has come or gone, or
    /// that a call, a lease or a permit was dropped. In one process what is asked next comes after it anyway, and the suite
    /// relies on that. Over there.
    fn settle() {}
}

/// Makes buffers of a distance, with every handle in another process.
#[derive(Debug, Clone)]
pub struct Remote<D>(pub D);

impl<D: Distance> Factory for Remote<D> {
    type Item = Plain;
    type Producer = Producer;
    type Consumer = Consumer;

    const STAYS_OPEN: bool = D::STAYS_OPEN;
    const WAKES_TRAVEL: bool = D::WAKES_TRAVEL;
    const ANSWERS_TRAVEL: bool = D::ANSWERS_TRAVEL;
    const ITEMS_ARE_BYTES: bool = true;
    const BOUNDS_WEIGHT: bool = D::BOUNDS_WEIGHT;
    const EFFORT: u64 = D::EFFORT;
    const WEAKER: &'static [(&'static str, &'static str)] = D::WEAKER;

    fn build(&self, settings: &Settings) -> Result<(Producer, Consumer), String> {
        let place = self.0.create(settings)?;
        let site = Site { server: D::SERVER, together: D::TOGETHER, place, settings: *settings };
        let site = Arc::new(site);
        let producer = Producer::first(&site, None)?;
        let consumer = Consumer::first(&site, D::TOGETHER.then(|| producer.link()))?;
        Ok((producer, consumer))
    }
}

impl<D: Distance> Mortal for Remote<D> {
    fn kill_producer(producer: &Producer) {
        producer.link().kill();
    }

    fn kill_consumer(consumer: &Consumer) {
        consumer.link().kill();
    }
}

/// Where a buffer is, and how its handles get their processes.
#[derive(Debug)]
struct Site {
    server: &'static str,
    together: bool,
    place: String,
    settings: Settings,
}

impl Site {
    /// The process for another handle, beside one that lives there.
    fn another(&self, link: &Arc<Link>) -> Arc<Link> {
        if self.together { Arc::clone(link) } else { Link::start(self.server) }
    }
}
