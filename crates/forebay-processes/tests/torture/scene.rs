//! A small buffer, one who survives with handles of its own, and what it checks after a death.

use std::path::PathBuf;
use std::time::Duration;

use forebay_processes::{Buffer, Bytes, Consumer, Lease, Permit, Producer, Raw, Settings};
use tempfile::TempDir;

use crate::{child, item, picture, watchdog};

/// What the buffer is made with, unless an operation wants it otherwise.
pub(crate) fn settings(capacity: u64) -> Settings {
    Settings::new(capacity)
        .max_leased(6)
        .dead_room(2)
        .participants(8)
        .storage(STORAGE)
        .max_failures(2)
}

const STORAGE: u64 = 6000;

/// The length of an item that takes every block: those for the bytes of storage, and one for each item that could leave
/// one less than full.
pub(crate) fn longest(settings: &Settings) -> usize {
    let items = settings.get_capacity() + settings.get_max_leased() + settings.get_dead_room();
    let most = (STORAGE / 248 + items + 1) * 248 + 64;
    settings.get_capacity_bytes().map_or(most, |capacity| most.min(capacity)) as usize
}

/// The buffer, and the survivor's handles.
pub(crate) struct Scene {
    _folder: TempDir,
    pub(crate) path: PathBuf,
    pub(crate) buffer: Buffer,
    pub(crate) producer: Producer,
    pub(crate) consumer: Consumer,
    /// The first item, on lease since before the death; it is answered after it.
    pub(crate) held: Option<Lease>,
    pub(crate) permit: Option<Permit>,
}

impl Scene {
    pub(crate) fn new(settings: &Settings) -> Self {
        let folder = child::folder();
        let path = folder.path().join("jobs.fb");
        settings.create(&path).expect("a buffer can be made");
        let buffer = Buffer::open(&path).expect("a new buffer opens");
        let producer = buffer.producer(Raw).expect("there is room");
        let consumer = buffer.consumer(Raw).expect("there is room");
        Self { _folder: folder, path, buffer, producer, consumer, held: None, permit: None }
    }

    /// Puts these, `name` or `name:length`.
    pub(crate) fn put(&self, items: &str) {
        for text in items.split_whitespace() {
            self.producer.try_put(named(text)).expect("there is room for the items of the scene");
        }
    }

    pub(crate) fn hold(&mut self) {
        self.put("a");
        self.held = Some(self.consumer.try_lease().expect("the item just put"));
    }

    /// After a death: everything is sound, and what is in the buffer is told.
    pub(crate) fn look(&mut self, deaths: usize) -> Result<String, String> {
        let fault = |fault| format!("{fault}");
        let findings = self.buffer.verify().map_err(fault)?;
        if !findings.is_sound() {
            return Err(format!("verify: {findings:?}"));
        }
        // Opening buries the dead; in a table that is full, one at a time.
        drop(Buffer::open(&self.path).map_err(|error| error.to_string())?);
        if self.buffer.participants().len() != 2 {
            let who = self.buffer.participants();
            return Err(format!("{deaths} dead left behind, of {who:?}"));
        }
        let findings = self.buffer.verify().map_err(fault)?;
        if !findings.is_sound() {
            return Err(format!("verify after the sweep: {findings:?}"));
        }
        let now = self.buffer.statistics();
        let found = (now.producers, now.consumers, now.reserved);
        if found != (1, 1, u64::from(self.permit.is_some())) {
            return Err(format!("(producers, consumers, places set aside) are {found:?}"));
        }
        if (now.producers_waiting, now.consumers_waiting) != (0, 0) {
            return Err(format!("{now:?}: the dead stand in line"));
        }
        picture::empty(&self.buffer, &self.consumer)
    }

    /// After the look: what the survivor held is still its own, and the buffer is as good as new.
    pub(crate) fn use_up(&mut self, is_closed: bool) -> Result<(), String> {
        if let Some(lease) = self.held.take() {
            let item = lease.ack().map_err(|error| format!("the survivor's lease: {error}"))?;
            item::name(&item)?;
        }
        if let Some(permit) = self.permit.take() {
            let put = permit.put(item::make("permitted", 300));
            match (put, is_closed) {
                (Ok(()), false) => {
                    let item = self.consumer.take_timeout(Duration::from_secs(10));
                    item::name(&item.map_err(|error| format!("permitted: {error}"))?)?;
                }
                (Err(error), true) if error.refusal == forebay_processes::Refusal::Closed => {}
                (put, _) => return Err(format!("the survivor's permit: {put:?}")),
            }
        }
        let now = self.buffer.statistics();
        if now.waiting + now.leased + now.dead + now.reserved + now.weight != 0 {
            return Err(format!("not empty: {now:?}"));
        }
        if !is_closed {
            let longest = longest(self.buffer.settings());
            picture::fill_and_drain(&self.buffer, &self.consumer, longest)?;
        }
        let findings = self.buffer.verify().map_err(|fault| format!("{fault}"))?;
        if findings.is_sound() { Ok(()) } else { Err(format!("verify at the end: {findings:?}")) }
    }
}

/// An item of this name, `name` or `name:length`.
pub(crate) fn named(text: &str) -> Bytes {
    match text.split_once(':') {
        Some((name, len)) => item::make(name, len.parse().expect("a length")),
        None => item::make(text, 10),
    }
}

/// Waits until so many stand in line for room, or for items.
pub(crate) fn until_waiting(buffer: &Buffer, producers: usize, consumers: usize) {
    watchdog::eventually("those who are to wait stand in line", || {
        let now = buffer.statistics();
        now.producers_waiting == producers && now.consumers_waiting == consumers
    });
}
