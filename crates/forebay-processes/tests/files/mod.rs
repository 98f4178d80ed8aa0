//! Buffers in files for the suite, in a folder that is removed with the test.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use forebay_conformance::{Item, Plain};
use forebay_processes::{Bytes, Codec, CodecError, Settings};
use tempfile::TempDir;

/// Items of the suite as bytes, which weigh what they say.
#[derive(Clone, Copy)]
pub(crate) struct Weighed;

impl Codec<Plain> for Weighed {
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

/// A folder for the buffers of one test.
#[derive(Clone)]
pub(crate) struct Files {
    folder: Arc<TempDir>,
    made: Arc<AtomicU64>,
}

impl Files {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().expect("a folder for the test can be made");
        Self { folder: Arc::new(folder), made: Arc::default() }
    }

    /// Makes a buffer as a check asks for it; where it is.
    pub(crate) fn create(
        &self,
        settings: &forebay_conformance::Settings,
    ) -> Result<PathBuf, String> {
        let number = self.made.fetch_add(1, Ordering::SeqCst);
        let path = self.folder.path().join(format!("{number}.fb"));
        let mut made = Settings::new(settings.capacity as u64);
        if let Some(limit) = settings.weight_capacity {
            made = made.capacity_bytes(limit);
        }
        if let Some(limit) = settings.max_leased {
            made = made.max_leased(limit as u64);
        }
        if let Some(limit) = settings.max_failures {
            made = made.max_failures(limit);
        }
        if let Some(limit) = settings.max_deliveries {
            made = made.max_deliveries(limit);
        }
        if let Some(time) = settings.lease_time {
            made = made.lease_time(time);
        }
        made.create(&path).map_err(|error| error.to_string())?;
        Ok(path)
    }
}
