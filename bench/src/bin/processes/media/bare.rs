//! What the disk does by itself: each batch written to its place in a file that has its space, and synced.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use crate::item::Item;
use crate::leg::Put;
use crate::medium::{Door, Medium};

/// Bytes of the file; at its end, it goes on from the front.
const SIZE: u64 = 16 << 20;

/// The file.
pub(crate) struct Bare(PathBuf);

impl Bare {
    /// Its space is written and synced, so that a sync later on has nothing but its bytes to care for.
    pub(crate) fn new(file: PathBuf) -> Result<Self, String> {
        let complaint = |error: std::io::Error| format!("{}: {error}", file.display());
        let mut made = File::create(&file).map_err(complaint)?;
        made.write_all(&vec![1; SIZE as usize]).map_err(complaint)?;
        made.sync_all().map_err(complaint)?;
        Ok(Self(file))
    }
}

impl Medium for Bare {
    fn door(&self) -> Result<Door, String> {
        Ok(Door::Bare(self.0.clone()))
    }

    fn end(&mut self, _consumers: usize) -> Result<(), String> {
        Ok(())
    }
}

/// The file, open.
pub(crate) struct Log {
    file: File,
    at: u64,
}

impl Log {
    pub(crate) fn open(file: &Path) -> Result<Self, String> {
        let open = OpenOptions::new().write(true).open(file);
        Ok(Self { file: open.map_err(|error| format!("{}: {error}", file.display()))?, at: 0 })
    }
}

impl Put for Log {
    fn put(&mut self, items: &[Item]) -> Result<(), String> {
        let bytes = items.as_flattened();
        let written = self.file.write_all_at(bytes, self.at);
        written.and_then(|()| self.file.sync_data()).map_err(|error| error.to_string())?;
        self.at = (self.at + bytes.len() as u64) % SIZE;
        Ok(())
    }
}
