//! Proof of death: a lock that the kernel lets go when a process ends, however it ends.
//!
//! Each participant has a byte of the file, the first of its entry, and a write lock on it that belongs to an
//! open file description (Linux 3.15, 2014). Nobody guesses from process numbers, which are used again, or
//! from silence, which a stopped process keeps as well. Four things were tried and are built against:
//!
//! - A description finds its own locks free. So nobody asks about itself, and each participant has a
//!   description of its own, apart from the one that asks.
//! - A descriptor is inherited by children of fork, and the lock with it. So the descriptor is closed, and
//!   the description kept open by a mapping that children do not get.
//! - Whoever may read the file can place read locks. So one asks as if for a read lock, which only a
//!   write lock refuses.
//! - The lock goes when the memory of the process does, which takes a while if it has gigabytes.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;

use crate::region::Anchor;

/// A participant's lock: held as long as this process has it, and as long as a descriptor that was handed
/// on is open anywhere.
#[derive(Debug)]
pub(crate) struct Life {
    _anchor: Anchor,
}

impl Life {
    /// Locks the byte at `offset`, through a description that nobody else has. `None` when somebody else
    /// has it locked.
    pub(crate) fn begin(own: File, offset: u64) -> io::Result<Option<(Self, OwnedFd)>> {
        match fcntl(&own, FcntlArg::F_OFD_SETLK(&lock(libc::F_WRLCK, offset))) {
            Ok(_) => {}
            Err(Errno::EAGAIN | Errno::EACCES) => return Ok(None),
            Err(error) => return Err(error.into()),
        }
        let anchor = Anchor::new(&own)?;
        Ok(Some((Self { _anchor: anchor }, own.into())))
    }
}

/// Whether somebody holds the lock on the byte at `offset`; asked through a description that holds none.
pub(crate) fn is_alive(file: &File, offset: u64) -> io::Result<bool> {
    let mut asked = lock(libc::F_RDLCK, offset);
    fcntl(file, FcntlArg::F_OFD_GETLK(&mut asked))?;
    Ok(i32::from(asked.l_type) != libc::F_UNLCK)
}

/// Whether the file system keeps such locks at all: two descriptions must exclude each other.
pub(crate) fn locks_hold(one: &File, other: &File) -> io::Result<bool> {
    const AT: u64 = 0;
    debug_assert_ne!(one.as_raw_fd(), other.as_raw_fd());
    fcntl(one, FcntlArg::F_OFD_SETLK(&lock(libc::F_WRLCK, AT)))?;
    let seen = is_alive(other, AT);
    fcntl(one, FcntlArg::F_OFD_SETLK(&lock(libc::F_UNLCK, AT)))?;
    seen
}

fn lock(kind: i32, offset: u64) -> libc::flock {
    libc::flock {
        l_type: kind as i16,
        l_whence: libc::SEEK_SET as i16,
        l_start: offset.cast_signed(),
        l_len: 1,
        l_pid: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_outlives_its_descriptor_and_goes_with_its_mapping() -> io::Result<()> {
        let file = tempfile::NamedTempFile::new()?;
        file.as_file().set_len(8192)?;
        let open = || File::options().read(true).write(true).open(file.path());
        let ask = open()?;
        assert!(!is_alive(&ask, 100)?);
        let Some((life, descriptor)) = Life::begin(open()?, 100)? else { panic!("nobody has it") };
        drop(descriptor);
        assert!(is_alive(&ask, 100)?);
        assert!(!is_alive(&ask, 101)?);
        assert!(Life::begin(open()?, 100)?.is_none());
        drop(life);
        assert!(!is_alive(&ask, 100)?);
        Ok(())
    }

    #[test]
    fn a_read_lock_fakes_no_life() -> io::Result<()> {
        let file = tempfile::NamedTempFile::new()?;
        file.as_file().set_len(8192)?;
        let reader = File::open(file.path())?;
        fcntl(&reader, FcntlArg::F_OFD_SETLK(&lock(libc::F_RDLCK, 7))).map_err(io::Error::from)?;
        assert!(!is_alive(file.as_file(), 7)?);
        Ok(())
    }
}
