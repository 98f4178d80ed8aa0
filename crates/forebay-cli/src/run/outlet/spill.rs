//! The file that output goes to when it is too large to hold in memory.
//!
//! One unlinked temporary file for the whole run, so that any number of large outputs waiting for
//! their turn cost one file handle. Each piece has a place of its own in it.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::{Mutex, PoisonError};

use rustix::fs::{FallocateFlags, fallocate};

/// A piece of output in the file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Segment {
    offset: u64,
    length: u64,
}

#[derive(Debug, Default)]
struct Space {
    file: Option<File>,
    end: u64,
    /// Bytes that are still wanted.
    live: u64,
}

/// The spill file of a run, made when it is first needed.
#[derive(Debug, Default)]
pub(crate) struct Spill {
    space: Mutex<Space>,
}

impl Spill {
    /// Writes the bytes to the file.
    pub(crate) fn append(&self, bytes: &[u8]) -> io::Result<Segment> {
        let length = bytes.len() as u64;
        let (file, segment) = {
            let mut space = self.space.lock().unwrap_or_else(PoisonError::into_inner);
            let file = match &space.file {
                Some(file) => file.try_clone()?,
                None => space.file.insert(tempfile::tempfile()?).try_clone()?,
            };
            let segment = Segment { offset: space.end, length };
            space.end += length;
            space.live += length;
            (file, segment)
        };
        match file.write_all_at(bytes, segment.offset) {
            Ok(()) => Ok(segment),
            Err(error) => {
                self.release(segment);
                Err(error)
            }
        }
    }

    /// Hands the segment's bytes to `sink`, part by part.
    pub(crate) fn read<E: From<io::Error>>(
        &self,
        segment: Segment,
        mut sink: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let file = {
            let space = self.space.lock().unwrap_or_else(PoisonError::into_inner);
            space
                .file
                .as_ref()
                .ok_or_else(|| io::Error::other("nothing was spilled"))?
                .try_clone()?
        };
        let mut part = vec![0; 1 << 16];
        let mut offset = segment.offset;
        let end = segment.offset + segment.length;
        while offset < end {
            let length = part.len().min(usize::try_from(end - offset).unwrap_or(usize::MAX));
            file.read_exact_at(&mut part[..length], offset)?;
            sink(&part[..length])?;
            offset += length as u64;
        }
        Ok(())
    }

    /// Gives the segment's place back to the file system.
    pub(crate) fn release(&self, segment: Segment) {
        let mut space = self.space.lock().unwrap_or_else(PoisonError::into_inner);
        space.live = space.live.saturating_sub(segment.length);
        if space.live == 0 {
            space.end = 0;
        }
        let Some(file) = &space.file else { return };
        // Not every file system can free a part; then it is freed when nothing is wanted any more.
        let _ = if space.live == 0 {
            file.set_len(0)
        } else {
            let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
            fallocate(file, flags, segment.offset, segment.length).map_err(io::Error::from)
        };
    }
}
