//! The folder in which everything happens, gone at the end.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs, io, process};

/// A folder of this run's own.
#[derive(Debug)]
pub(crate) struct Scratch {
    folder: PathBuf,
    names: AtomicU32,
}

impl Scratch {
    /// Makes one in this folder, or else where the system keeps what is temporary.
    pub(crate) fn make(within: Option<&Path>) -> Result<Self, String> {
        let within = within.map_or_else(env::temp_dir, Path::to_path_buf);
        let within =
            fs::canonicalize(&within).map_err(|error| format!("{}: {error}", within.display()))?;
        let folder = within.join(format!("forebay-bench-{}", process::id()));
        fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        Ok(Self { folder, names: AtomicU32::new(0) })
    }

    /// The folder itself.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// A path at which nothing is yet.
    pub(crate) fn path(&self, what: &str) -> PathBuf {
        self.folder.join(self.name(what))
    }

    /// A name that nobody else has.
    pub(crate) fn name(&self, what: &str) -> String {
        let number = self.names.fetch_add(1, Ordering::Relaxed);
        format!("{what}-{}-{number}", process::id())
    }

    /// What kind of file system the folder lies on, such as `ext4`.
    pub(crate) fn file_system(&self) -> String {
        let mounts = fs::read_to_string("/proc/mounts").unwrap_or_default();
        let kinds = mounts.lines().filter_map(|line| {
            let mut words = line.split(' ').skip(1);
            let (at, kind) = (words.next()?, words.next()?);
            self.folder.starts_with(at).then(|| (at.len(), kind.to_owned()))
        });
        kinds.max().map_or_else(|| "an unknown file system".to_owned(), |(_, kind)| kind)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.folder)
            && error.kind() != io::ErrorKind::NotFound
        {
            eprintln!("bench: {}: {error}", self.folder.display());
        }
    }
}
