//! The file itself: how it is made, and what is looked at before it is believed.

use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileExt, FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::{error, fmt};

use rustix::fs::{AtFlags, CWD, FallocateFlags, OFlags};

use crate::header::{self, Header, Misread};
use crate::life;
use crate::settings::Settings;

/// Why a buffer could not be made or opened (C11). Nothing was changed then.
#[derive(Debug)]
pub struct OpenError {
    path: PathBuf,
    why: Why,
}

/// What kind of failure it was.
#[derive(Debug)]
#[non_exhaustive]
pub enum Why {
    /// There is no such file.
    Missing,
    /// There is a file of this name already.
    Exists,
    /// Something that is not a regular file.
    NotAFile(&'static str),
    /// A file that is no buffer.
    NotABuffer,
    /// A buffer of another format than this program knows.
    Format(String),
    /// A buffer whose first page or length is damaged.
    Damaged(&'static str),
    /// The file system keeps no locks, or shares no memory, that one could rely on.
    FileSystem(String),
    /// These settings make no buffer.
    Settings(String),
    /// The buffer cannot be used.
    Fault(forebay_contract::Fault),
    /// The system refused something.
    System(io::Error),
}

impl OpenError {
    pub(crate) fn new(path: &Path, why: Why) -> Self {
        Self { path: path.to_owned(), why }
    }

    /// What kind of failure it was.
    pub fn why(&self) -> &Why {
        &self.why
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.why {
            Why::Missing => write!(f, "there is no buffer {path}; create it first"),
            Why::Exists => write!(f, "{path} is there already; nothing was changed"),
            Why::NotAFile(what) => write!(f, "{path} is {what}, not a buffer's file"),
            Why::NotABuffer => write!(f, "{path} is not a buffer; nothing was changed"),
            Why::Format(what) => write!(f, "{path} {what}"),
            Why::Damaged(what) => write!(f, "{path} is a damaged buffer: {what}"),
            Why::FileSystem(what) => write!(
                f,
                "{path} lies on {what}, where a buffer cannot be kept; use a local file system"
            ),
            Why::Settings(what) => write!(f, "no buffer {path}: {what}"),
            Why::Fault(fault) => write!(f, "{path}: {fault}"),
            Why::System(error) => write!(f, "{path}: {error}"),
        }
    }
}

impl error::Error for OpenError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match &self.why {
            Why::System(error) => Some(error),
            Why::Fault(fault) => Some(fault),
            _ => None,
        }
    }
}

const ACCESS: OFlags =
    OFlags::NOFOLLOW.union(OFlags::CLOEXEC).union(OFlags::NONBLOCK).union(OFlags::NOCTTY);

/// A file that has no name yet, of the right length, its first page written.
pub(crate) fn prepare(path: &Path, settings: &Settings) -> Result<(File, Header), OpenError> {
    let fail = |why| OpenError::new(path, why);
    let geometry = settings.geometry().map_err(|unfit| fail(Why::Settings(unfit.0)))?;
    if fs::symlink_metadata(path).is_ok() {
        return Err(fail(Why::Exists));
    }
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let file = File::options()
        .read(true)
        .write(true)
        .mode(0o600)
        .custom_flags((OFlags::TMPFILE | OFlags::CLOEXEC).bits().cast_signed())
        .open(folder)
        .map_err(|error| fail(Why::System(error)))?;
    check_file_system(path, &file)?;
    let system = |error: rustix::io::Errno| fail(Why::System(error.into()));
    // All of its space, now: a buffer never runs out of it later.
    rustix::fs::fallocate(&file, FallocateFlags::empty(), 0, geometry.len).map_err(system)?;
    let bytes = Header::encode(settings, &geometry);
    file.write_all_at(&bytes, 0).map_err(|error| fail(Why::System(error)))?;
    let header = Header::decode(&bytes).map_err(|_| fail(Why::Damaged("its own header")))?;
    check_locks(path, &file)?;
    Ok((file, header))
}

/// Gives a file that is complete its name, unless something has it already.
pub(crate) fn name(path: &Path, file: &File, mode: u32) -> Result<(), OpenError> {
    let fail = |error: io::Error| {
        let is_there = error.kind() == io::ErrorKind::AlreadyExists;
        OpenError::new(path, if is_there { Why::Exists } else { Why::System(error) })
    };
    let mode = rustix::fs::Mode::from_raw_mode(mode);
    rustix::fs::fchmod(file, mode).map_err(|error| fail(error.into()))?;
    file.sync_all().map_err(fail)?;
    let own = format!("/proc/self/fd/{}", file.as_raw_fd());
    rustix::fs::linkat(CWD, own, CWD, path, AtFlags::SYMLINK_FOLLOW)
        .map_err(|error| fail(error.into()))?;
    // The name as well.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new("."))).and_then(|folder| folder.sync_all()).map_err(fail)
}

/// Opens a buffer's file, and believes its first page once it has looked at everything.
pub(crate) fn open(path: &Path, writable: bool) -> Result<(File, Header), OpenError> {
    let fail = |why| OpenError::new(path, why);
    let system = |error: io::Error| {
        fail(match error.kind() {
            io::ErrorKind::NotFound => Why::Missing,
            _ => Why::System(error),
        })
    };
    // Looked at before it is opened: opening a device may do something.
    let found = fs::symlink_metadata(path).map_err(system)?;
    check_kind(path, &found)?;
    let file = File::options()
        .read(true)
        .write(writable)
        .custom_flags(ACCESS.bits().cast_signed())
        .open(path)
        .map_err(system)?;
    let found = file.metadata().map_err(system)?;
    check_kind(path, &found)?;
    check_file_system(path, &file)?;
    let mut bytes = [0; header::LEN];
    match file.read_exact_at(&mut bytes, 0) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            return Err(fail(Why::NotABuffer));
        }
        Err(error) => return Err(fail(Why::System(error))),
    }
    let header = Header::decode(&bytes).map_err(|misread| {
        fail(match misread {
            Misread::Foreign => Why::NotABuffer,
            Misread::ByteOrder => {
                Why::Format("was made by a machine of another byte order".to_owned())
            }
            Misread::Version(major, minor) => Why::Format(format!(
                "has the format {major}.{minor}; this program knows {}.{}",
                header::MAJOR,
                header::MINOR
            )),
            Misread::Features(features) => {
                Why::Format(format!("has features ({features:#x}) that this program does not know"))
            }
            Misread::Damaged => Why::Damaged("its first page does not match its checksum"),
        })
    })?;
    if found.len() != header.geometry.len {
        return Err(fail(Why::Damaged("it is not as long as its first page says")));
    }
    Ok((file, header))
}

fn check_kind(path: &Path, found: &fs::Metadata) -> Result<(), OpenError> {
    let kind = found.file_type();
    let what = if kind.is_file() {
        return Ok(());
    } else if kind.is_symlink() {
        "a symbolic link, which is not followed"
    } else if kind.is_dir() {
        "a directory"
    } else if kind.is_fifo() {
        "a named pipe"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    };
    Err(OpenError::new(path, Why::NotAFile(what)))
}

/// File systems whose locks or shared maps do not hold between machines, or that are not known to.
const REFUSED: [(u32, &str); 14] = [
    (0x6969, "a network file system (NFS)"),
    (0x517b, "a network file system (SMB)"),
    (0xff53_4d42, "a network file system (CIFS)"),
    (0xfe53_4d42, "a network file system (SMB)"),
    (0x6573_5546, "a FUSE file system"),
    (0x0102_1997, "a file system of another machine (9P)"),
    (0x00c3_6400, "a network file system (Ceph)"),
    (0x5346_414f, "a network file system (AFS)"),
    (0x6b41_4653, "a network file system (AFS)"),
    (0x7461_636f, "a cluster file system (OCFS2)"),
    (0x0116_1970, "a cluster file system (GFS2)"),
    (0x0bd0_0bd0, "a cluster file system (Lustre)"),
    (0x7375_7245, "a network file system (Coda)"),
    (0x786f_4256, "a folder shared with another machine (vboxsf)"),
];

fn check_file_system(path: &Path, file: &File) -> Result<(), OpenError> {
    let found = rustix::fs::fstatfs(file)
        .map_err(|error| OpenError::new(path, Why::System(error.into())))?;
    let kind = found.f_type as u32;
    match REFUSED.iter().find(|(refused, _)| *refused == kind) {
        Some((_, name)) => Err(OpenError::new(path, Why::FileSystem((*name).to_owned()))),
        None => Ok(()),
    }
}

/// Tries what everything depends on: two descriptions of one file exclude each other.
fn check_locks(path: &Path, file: &File) -> Result<(), OpenError> {
    let fail = |error| OpenError::new(path, Why::System(error));
    let other = File::options()
        .read(true)
        .write(true)
        .open(format!("/proc/self/fd/{}", file.as_raw_fd()))
        .map_err(fail)?;
    if life::locks_hold(file, &other).map_err(fail)? {
        return Ok(());
    }
    let what = "a file system that keeps no locks between open files".to_owned();
    Err(OpenError::new(path, Why::FileSystem(what)))
}

pub(crate) fn identity(file: &File) -> io::Result<(u64, u64)> {
    file.metadata().map(|found| (found.dev(), found.ino()))
}
