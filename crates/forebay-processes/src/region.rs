//! The file in memory: the one file that turns addresses into words.
#![expect(unsafe_code, reason = "memory is mapped, and reached as words")]

use std::fs::File;
use std::os::fd::AsFd;
use std::ptr::{self, NonNull};

use forebay_contract::Fault;
use rustix::mm::{Advice, MapFlags, MsyncFlags, ProtFlags};
use rustix::process::{Pid, getpid};

use crate::bus::Watched;
use crate::crash;
use crate::words::{Word, Word32};

/// A page of the file.
pub(crate) const PAGE: u64 = 4096;

/// The whole file, mapped and shared. Not inherited by a child of fork.
#[derive(Debug)]
pub(crate) struct Region {
    base: NonNull<u8>,
    len: usize,
    /// Says when the file was cut short under us.
    watched: Watched,
    owner: Pid,
}

// SAFETY: the memory is reached as atomic words only, whoever holds the region.
unsafe impl Send for Region {}
// SAFETY: as above.
unsafe impl Sync for Region {}

impl Region {
    /// Maps `len` bytes of the file, which is as long; for reading only, if so asked.
    pub(crate) fn map(file: &File, len: u64, writable: bool) -> std::io::Result<Self> {
        let len = usize::try_from(len).map_err(|_| rustix::io::Errno::OVERFLOW)?;
        let access = if writable { ProtFlags::READ | ProtFlags::WRITE } else { ProtFlags::READ };
        // SAFETY: a fresh mapping at an address of the kernel's choice touches nobody else's memory.
        let base = unsafe {
            rustix::mm::mmap(ptr::null_mut(), len, access, MapFlags::SHARED, file.as_fd(), 0)
        }?;
        // SAFETY: the range is the mapping made above. A child of fork is refused by a mark of its own.
        unsafe { rustix::mm::madvise(base, len, Advice::LinuxDontFork) }?;
        let base = NonNull::new(base.cast()).ok_or(rustix::io::Errno::NOMEM)?;
        let watched = Watched::new(base.as_ptr() as usize, len)?;
        Ok(Self { base, len, watched, owner: getpid() })
    }

    /// Whether the file was cut short since it was mapped: what was read since is zeros, and what was
    /// written is lost.
    pub(crate) fn is_cut(&self) -> bool {
        self.watched.is_hit()
    }

    /// `N` words from this byte on.
    pub(crate) fn words<const N: usize>(&self, offset: u64) -> Result<&[Word; N], Fault> {
        let start = self.checked(offset, N as u64 * 8, 8)?;
        // SAFETY: the range lies in the mapping (checked), which lives as long as `self`, is aligned to
        // 8 (checked; the mapping begins on a page), and `Word` is an atomic, so that changes by others
        // are defined.
        Ok(unsafe { &*self.base.as_ptr().add(start).cast::<[Word; N]>() })
    }

    pub(crate) fn word32(&self, offset: u64) -> Result<&Word32, Fault> {
        let start = self.checked(offset, 4, 4)?;
        // SAFETY: as in `words`, aligned to 4.
        #[expect(clippy::cast_ptr_alignment, reason = "the alignment is checked")]
        Ok(unsafe { &*self.base.as_ptr().add(start).cast::<Word32>() })
    }

    fn checked(&self, offset: u64, bytes: u64, alignment: u64) -> Result<usize, Fault> {
        let end = offset.checked_add(bytes).ok_or(Fault::Damaged)?;
        if end > self.len as u64 || !offset.is_multiple_of(alignment) {
            return Err(Fault::Damaged);
        }
        Ok(offset as usize)
    }

    /// Makes every page one that has to be written: after a sync that failed, the kernel may take those for clean that it
    /// could not write.
    pub(crate) fn dirty(&self) -> Result<(), Fault> {
        for page in 0..self.len as u64 / PAGE {
            let [word] = self.words::<1>(page * PAGE)?;
            let value = word.get();
            word.exchange(value, value);
        }
        Ok(())
    }

    /// Writes the pages of these bytes to the disk, and returns when they are there.
    pub(crate) fn sync(&self, from: u64, to: u64) -> std::io::Result<()> {
        let from = (from / PAGE * PAGE) as usize;
        let to = (to as usize).min(self.len);
        if from >= to {
            return Ok(());
        }
        crash::around_sync(from as u64, to as u64, || {
            // SAFETY: the range lies in the mapping; nothing is unmapped or changed.
            unsafe {
                rustix::mm::msync(self.base.as_ptr().add(from).cast(), to - from, MsyncFlags::SYNC)
            }?;
            Ok(())
        })
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        self.watched.forget();
        if getpid() != self.owner {
            // In a child of fork, something else may lie there by now.
            return;
        }
        // SAFETY: the mapping is ours, and no word of it is borrowed any more.
        let _ = unsafe { rustix::mm::munmap(self.base.as_ptr().cast(), self.len) };
    }
}

/// A mark that a child of fork does not find.
#[derive(Debug)]
pub(crate) struct Mark(NonNull<Word>);

// SAFETY: one atomic word.
unsafe impl Send for Mark {}
// SAFETY: as above.
unsafe impl Sync for Mark {}

impl Mark {
    pub(crate) fn new() -> std::io::Result<Self> {
        let len = PAGE as usize;
        let access = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: a fresh mapping at an address of the kernel's choice.
        let base =
            unsafe { rustix::mm::mmap_anonymous(ptr::null_mut(), len, access, MapFlags::PRIVATE) }?;
        // SAFETY: the range is the mapping made above.
        unsafe { rustix::mm::madvise(base, len, Advice::LinuxWipeOnFork) }?;
        let mark = Self(NonNull::new(base.cast()).ok_or(rustix::io::Errno::NOMEM)?);
        mark.word().set(1);
        Ok(mark)
    }

    /// Whether this is still the process that made it.
    #[inline]
    pub(crate) fn is_here(&self) -> bool {
        self.word().get() == 1
    }

    fn word(&self) -> &Word {
        // SAFETY: a page of ours, aligned, mapped as long as `self` lives.
        unsafe { self.0.as_ref() }
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours, and not borrowed any more.
        let _ = unsafe { rustix::mm::munmap(self.0.as_ptr().cast(), PAGE as usize) };
    }
}

/// A page of a file mapped only to keep the file's description open, and with it the locks that hang on
/// it: no child of fork inherits it, as it would a descriptor.
#[derive(Debug)]
pub(crate) struct Anchor(NonNull<u8>, Pid);

// SAFETY: the page is never read.
unsafe impl Send for Anchor {}
// SAFETY: as above.
unsafe impl Sync for Anchor {}

impl Anchor {
    pub(crate) fn new(file: &File) -> std::io::Result<Self> {
        let len = PAGE as usize;
        // SAFETY: a fresh mapping at an address of the kernel's choice.
        let base = unsafe {
            rustix::mm::mmap(
                ptr::null_mut(),
                len,
                ProtFlags::READ,
                MapFlags::SHARED,
                file.as_fd(),
                0,
            )
        }?;
        // SAFETY: the range is the mapping made above.
        unsafe { rustix::mm::madvise(base, len, Advice::LinuxDontFork) }?;
        Ok(Self(NonNull::new(base.cast()).ok_or(rustix::io::Errno::NOMEM)?, getpid()))
    }
}

impl Drop for Anchor {
    fn drop(&mut self) {
        if getpid() != self.1 {
            // As for a region.
            return;
        }
        // SAFETY: the mapping is ours, and nothing is borrowed from it.
        let _ = unsafe { rustix::mm::munmap(self.0.as_ptr().cast(), PAGE as usize) };
    }
}
