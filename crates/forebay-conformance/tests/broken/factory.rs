//! How reference buffers are made, right ones or with one fault.

use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use forebay_conformance::{Counted, Factory, Settings};

use crate::consumer::Consumer;
use crate::fault::Fault;
use crate::monitor::Monitor;
use crate::producer::Producer;

/// Makes reference buffers, right ones or with one fault.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reference(pub(crate) Option<Fault>);

/// Makes such as stay open until someone closes them, and whose wakes travel.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lasting(pub(crate) Option<Fault>);

impl Factory for Reference {
    type Item = Counted;
    type Producer = Producer;
    type Consumer = Consumer;

    fn build(&self, settings: &Settings) -> Result<(Producer, Consumer), String> {
        build(settings, self.0, false)
    }
}

impl Factory for Lasting {
    type Item = Counted;
    type Producer = Producer;
    type Consumer = Consumer;

    const STAYS_OPEN: bool = true;
    const WAKES_TRAVEL: bool = true;
    const EFFORT: u64 = 20;

    fn build(&self, settings: &Settings) -> Result<(Producer, Consumer), String> {
        build(settings, self.0, true)
    }
}

/// Makes broken buffers whose docs say so.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frank;

impl Factory for Frank {
    type Item = Counted;
    type Producer = Producer;
    type Consumer = Consumer;

    const WEAKER: &'static [(&'static str, &'static str)] =
        &[("c2_first_in_first_out", "the last item comes first")];

    fn build(&self, settings: &Settings) -> Result<(Producer, Consumer), String> {
        build(settings, Some(Fault::LastInFirstOut), false)
    }
}

/// Makes buffers whose docs name a promise that there is not.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Muddled;

impl Factory for Muddled {
    type Item = Counted;
    type Producer = Producer;
    type Consumer = Consumer;

    const WEAKER: &'static [(&'static str, &'static str)] = &[("c2_second_in", "a slip")];

    fn build(&self, settings: &Settings) -> Result<(Producer, Consumer), String> {
        build(settings, None, false)
    }
}

fn build(
    settings: &Settings,
    fault: Option<Fault>,
    lasting: bool,
) -> Result<(Producer, Consumer), String> {
    if settings.capacity == 0 && fault != Some(Fault::AcceptsCapacityZero) {
        return Err("a capacity of 0 would hold no item: choose at least 1".to_owned());
    }
    if settings.capacity == 1 && fault == Some(Fault::RefusesCapacityOne) {
        return Err("this one is broken".to_owned());
    }
    let monitor = Arc::new(Monitor::new(*settings, fault, lasting));
    if settings.lease_time.is_some() {
        let watched = Arc::downgrade(&monitor);
        thread::spawn(move || watch_deadlines(&watched));
    }
    Ok((Producer::first(&monitor), Consumer::of(&monitor)))
}

/// Ends expired leases while nobody calls, for the tasks that wait for their items.
fn watch_deadlines(monitor: &Weak<Monitor>) {
    while let Some(monitor) = monitor.upgrade() {
        drop(monitor.lock());
        drop(monitor);
        thread::sleep(Duration::from_millis(2));
    }
}
