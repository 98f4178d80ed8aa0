//! Every clause of the contract, on a buffer in a file, all handles in this process.

use std::sync::Arc;

use forebay_conformance::{Factory, Item, Plain, Settings};
use forebay_processes::{Buffer, Bytes, Codec, CodecError, Consumer, Producer};
use tempfile::TempDir;

/// A fresh file in a folder that goes with the last handle.
#[derive(Clone)]
struct InAFile;

/// Encodes the suite's items; keeps the folder of their buffer.
#[derive(Clone)]
struct Plainly(#[expect(dead_code, reason = "it is kept, not read")] Arc<TempDir>);

impl Codec<Plain> for Plainly {
    fn encode<'a>(
        &self,
        item: &'a Plain,
        scratch: &'a mut Vec<u8>,
    ) -> Result<&'a [u8], CodecError> {
        scratch.extend_from_slice(&item.encode());
        Ok(scratch)
    }

    fn decode(&self, bytes: Bytes) -> Result<Plain, CodecError> {
        Plain::decode(&bytes).ok_or_else(|| CodecError("no item of the suite".to_owned()))
    }

    fn weight(&self, item: &Plain, _: &[u8]) -> u64 {
        item.weight()
    }
}

impl Factory for InAFile {
    type Item = Plain;
    type Producer = Producer<Plain, Plainly>;
    type Consumer = Consumer<Plain, Plainly>;

    const STAYS_OPEN: bool = true;
    const ITEMS_ARE_BYTES: bool = true;
    const EFFORT: u64 = 20;

    fn build(&self, settings: &Settings) -> Result<(Self::Producer, Self::Consumer), String> {
        let folder = TempDir::new().map_err(|error| error.to_string())?;
        let path = folder.path().join("buffer.fb");
        let mut file = forebay_processes::Settings::new(settings.capacity as u64);
        if let Some(limit) = settings.max_leased {
            file = file.max_leased(limit as u64);
        }
        if let Some(limit) = settings.max_failures {
            file = file.max_failures(limit);
        }
        if let Some(limit) = settings.max_deliveries {
            file = file.max_deliveries(limit);
        }
        if let Some(time) = settings.lease_time {
            file = file.lease_time(time);
        }
        if let Some(capacity) = settings.weight_capacity {
            file = file.capacity_bytes(capacity);
        }
        file.create(&path).map_err(|error| error.to_string())?;
        let buffer = Buffer::open(&path).map_err(|error| error.to_string())?;
        let codec = Plainly(Arc::new(folder));
        let producer = buffer.producer(codec.clone()).map_err(|error| error.to_string())?;
        let consumer = buffer.consumer(codec).map_err(|error| error.to_string())?;
        Ok((producer, consumer))
    }
}

forebay_conformance::suite!(in_a_file, InAFile);
