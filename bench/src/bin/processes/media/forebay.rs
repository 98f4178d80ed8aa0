//! Ours: a buffer in a file.

use std::path::{Path, PathBuf};

use forebay::processes::{
    Buffer, Bytes, Consumer, Durability, Patience, Producer, Raw, Settings, TakeError,
};

use crate::item::Item;
use crate::leg::{Put, Take};
use crate::medium::{Door, Medium};
use crate::race::Course;

/// The file, and a look into it.
pub(crate) struct Forebay {
    file: PathBuf,
    buffer: Buffer,
}

impl Forebay {
    pub(crate) fn new(file: PathBuf, course: &Course) -> Result<Self, String> {
        let durability = if course.power { Durability::Power } else { Durability::Process };
        let settings = Settings::new(course.capacity as u64).durability(durability);
        settings.create(&file).map_err(|error| error.to_string())?;
        let buffer = Buffer::open(&file).map_err(|error| error.to_string())?;
        Ok(Self { file, buffer })
    }
}

impl Medium for Forebay {
    fn door(&self) -> Result<Door, String> {
        Ok(Door::Forebay(self.file.clone()))
    }

    fn end(&mut self, _consumers: usize) -> Result<(), String> {
        self.buffer.close().map_err(|error| error.to_string())
    }

    fn waiting(&mut self) -> Result<Option<u64>, String> {
        Ok(Some(self.buffer.statistics().waiting))
    }
}

impl Drop for Forebay {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.file);
    }
}

/// The producing side: one item is put, several are put as many.
pub(crate) struct Feed(Producer<Bytes, Raw>);

impl Feed {
    pub(crate) fn open(file: &Path) -> Result<Self, String> {
        let buffer = Buffer::open(file).map_err(|error| error.to_string())?;
        buffer.producer(Raw).map(Self).map_err(|error| error.to_string())
    }
}

impl Put for Feed {
    fn put(&mut self, items: &[Item]) -> Result<(), String> {
        if let [item] = items {
            return self.0.put(bytes(item)).map(drop).map_err(|error| error.to_string());
        }
        self.0.put_many(items.iter().map(bytes)).map(drop).map_err(|error| error.to_string())
    }
}

fn bytes(item: &Item) -> Bytes {
    Bytes::from(item.as_slice())
}

/// The consuming side: each item is leased and acked, several in one go.
pub(crate) struct Drain(Consumer<Bytes, Raw>);

impl Drain {
    pub(crate) fn open(file: &Path) -> Result<Self, String> {
        let buffer = Buffer::open(file).map_err(|error| error.to_string())?;
        buffer.consumer(Raw).map(Self).map_err(|error| error.to_string())
    }
}

impl Take for Drain {
    fn take(
        &mut self,
        most: usize,
        done: &mut dyn FnMut(&[u8]) -> Result<(), String>,
    ) -> Result<bool, String> {
        let ended = |error| match error {
            TakeError::Closed => Ok(false),
            error => Err(error.to_string()),
        };
        if most == 1 {
            let lease = match self.0.lease() {
                Ok(lease) => lease,
                Err(error) => return ended(error),
            };
            done(&lease)?;
            return lease.ack().map(|_| true).map_err(|error| error.to_string());
        }
        let leases = match self.0.lease_many_within(most, Patience::Forever) {
            Ok(leases) => leases,
            Err(error) => return ended(error),
        };
        leases.iter().try_for_each(|lease| done(lease))?;
        match self.0.ack_many(leases) {
            Ok(0) => Ok(true),
            Ok(refused) => Err(format!("{refused} leases were not held any more")),
            Err(error) => Err(error.to_string()),
        }
    }
}
