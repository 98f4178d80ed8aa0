//! An engine as the suite meets it: with handles in the suite's own process, and with each in a process of its own.

use std::marker::PhantomData;
use std::sync::{Mutex, MutexGuard};

use forebay_conformance::remote::Distance;
use forebay_conformance::{Factory, Plain, Settings};
use forebay_machines::{Buffer, Consumer, Producer, connect};

use super::{Buffers, Server, Weighed};

/// An engine, and what its buffers keep more weakly.
pub(crate) trait Engine: Clone + Send + 'static {
    /// What its server is called among those that tests have.
    const SERVER: &'static str;
    /// See [`Factory::BOUNDS_WEIGHT`].
    const BOUNDS_WEIGHT: bool = true;
    /// See [`Factory::EFFORT`].
    const EFFORT: u64;
    /// See [`Factory::WEAKER`].
    const WEAKER: &'static [(&'static str, &'static str)] = &[];
}

/// Buffers on the server of an engine.
#[derive(Clone)]
pub(crate) struct On<E>(Buffers, PhantomData<fn() -> E>);

impl<E: Engine> On<E> {
    /// `None` where there is no server, which is told.
    pub(crate) fn or_skip() -> Option<Self> {
        Some(Self(Buffers::new(Server::or_skip(E::SERVER)?), PhantomData))
    }
}

fn open(url: &str) -> Result<Buffer, String> {
    connect(url).map_err(|error| error.to_string())
}

fn producer(buffer: &Buffer) -> Result<Producer<Plain, Weighed>, String> {
    buffer.producer(Weighed).map_err(|error| error.to_string())
}

fn consumer(buffer: &Buffer) -> Result<Consumer<Plain, Weighed>, String> {
    buffer.consumer(Weighed).map_err(|error| error.to_string())
}

/// The buffers of a process that serves, by whose connections its handles go.
static KEPT: Mutex<Vec<Buffer>> = Mutex::new(Vec::new());

fn kept() -> MutexGuard<'static, Vec<Buffer>> {
    KEPT.lock().expect("nothing panics while it holds this lock")
}

fn open_and_keep(url: &str) -> Result<Buffer, String> {
    let buffer = open(url)?;
    kept().push(buffer.clone());
    Ok(buffer)
}

impl<E: Engine> Factory for On<E> {
    type Item = Plain;
    type Producer = Producer<Plain, Weighed>;
    type Consumer = Consumer<Plain, Weighed>;

    const STAYS_OPEN: bool = true;
    const WAKES_TRAVEL: bool = true;
    const ANSWERS_TRAVEL: bool = true;
    const ITEMS_ARE_BYTES: bool = true;
    const BOUNDS_WEIGHT: bool = E::BOUNDS_WEIGHT;
    const EFFORT: u64 = E::EFFORT;
    const WEAKER: &'static [(&'static str, &'static str)] = E::WEAKER;

    fn build(&self, settings: &Settings) -> Result<(Self::Producer, Self::Consumer), String> {
        let buffer = open(&self.0.create_for(settings)?)?;
        Ok((producer(&buffer)?, consumer(&buffer)?))
    }
}

impl<E: Engine> Distance for On<E> {
    type Producer = Producer<Plain, Weighed>;
    type Consumer = Consumer<Plain, Weighed>;

    const SERVER: &'static str = "a_handle_is_served";
    const STAYS_OPEN: bool = true;
    const ANSWERS_TRAVEL: bool = true;
    const BOUNDS_WEIGHT: bool = E::BOUNDS_WEIGHT;
    const EFFORT: u64 = E::EFFORT.div_ceil(4);
    const WEAKER: &'static [(&'static str, &'static str)] = E::WEAKER;

    fn create(&self, settings: &Settings) -> Result<String, String> {
        self.0.create_for(settings)
    }

    fn producer(place: &str, _: &Settings) -> Result<Self::Producer, String> {
        producer(&open_and_keep(place)?)
    }

    fn consumer(place: &str, _: &Settings) -> Result<Self::Consumer, String> {
        consumer(&open_and_keep(place)?)
    }

    fn settle() {
        for buffer in &*kept() {
            // What was begun on a connection is done before this is answered. Of a buffer that is gone nothing is to be seen.
            let _ = buffer.statistics();
        }
    }
}
