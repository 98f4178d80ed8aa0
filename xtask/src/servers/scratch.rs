//! The folder in which all servers are, and the one beside it, which stays.
//!
//! One command at a time changes anything in them: it holds a lock. What is to go is first moved aside, in one
//! step, so that nothing can be started in it any more, and then ended and removed; so whoever is killed
//! meanwhile leaves something that the next one knows to be on its way out.

use std::fs::{self, DirBuilder, File};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{io, thread};

use super::engine::{self, Engine};
use super::server::{Server, Way};
use crate::house;

/// What the names of folders begin with that are on their way out.
const LEAVING: &str = ".leaving-";

/// How long somebody may go on to write where all is removed, and a pause between two tries.
const FINISHING: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(10);

/// Where the servers are.
#[derive(Debug)]
pub(super) struct Scratch {
    folder: PathBuf,
    kept: PathBuf,
}

impl Scratch {
    /// The one beside this program.
    pub(super) fn of_this_target() -> Result<Self, String> {
        Ok(Self::under(&house::target()?))
    }

    fn under(target: &Path) -> Self {
        Self { folder: target.join("servers"), kept: target.join("servers-kept") }
    }

    /// Something in the folder that `down` removes.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Something in the folder that stays.
    pub(super) fn kept(&self, name: &str) -> PathBuf {
        self.kept.join(name)
    }

    pub(super) fn exists(&self) -> bool {
        self.folder.exists()
    }

    /// Waits until no other command changes anything. The lock is held until the file, and all who got it, are gone.
    pub(super) fn lock(&self) -> Result<File, String> {
        make_folder(&self.kept)?;
        let path = self.kept("lock");
        let wrong = |error| format!("{}: {error}", path.display());
        let file = File::create(&path).map_err(wrong)?;
        if file.try_lock().is_err() {
            eprintln!("another command is at the servers; waiting for its end");
            file.lock().map_err(wrong)?;
        }
        Ok(file)
    }

    /// The names of all servers, sorted.
    pub(super) fn names(&self) -> Result<Vec<String>, String> {
        let mut names: Vec<String> = self.entries()?;
        names.retain(|name| engine::of(name).is_ok() && Server::is_in(&self.folder.join(name)));
        names.sort();
        Ok(names)
    }

    fn entries(&self) -> Result<Vec<String>, String> {
        let wrong = |error| format!("{}: {error}", self.folder.display());
        match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(wrong(error)),
            Ok(entries) => entries
                .map(|entry| Ok(entry.map_err(wrong)?.file_name().to_string_lossy().into_owned()))
                .collect(),
        }
    }

    /// The server of this name, if there is one.
    pub(super) fn find(&self, name: &str) -> Result<Option<Server>, String> {
        let folder = self.path(name);
        if Server::is_in(&folder) { Server::read(name, &folder).map(Some) } else { Ok(None) }
    }

    /// The server of this name, which has to be there.
    pub(super) fn known(&self, name: &str) -> Result<Server, String> {
        self.find(name)?
            .ok_or_else(|| format!("there is no {name}; `cargo xtask servers up {name}` makes it"))
    }

    /// A new server, not yet started.
    pub(super) fn make(
        &self,
        name: &str,
        engine: &'static dyn Engine,
        way: Way,
    ) -> Result<Server, String> {
        let mut taken = Vec::new();
        for other in self.names()? {
            taken.extend(self.known(&other)?.all_ports());
        }
        let folder = self.path(name);
        if folder.exists() {
            // Who made it was killed before it was one.
            self.remove(name, false)?;
        }
        make_folder(&folder)?;
        Server::make(name, engine, way, &folder, &taken)
    }

    /// Ends a server and removes what it wrote; its log goes to the folder that stays, if it is to be kept.
    pub(super) fn remove(&self, name: &str, keep_log: bool) -> Result<(), String> {
        let folder = self.path(name);
        if !folder.exists() {
            return Ok(());
        }
        if let Some(server) = self.find(name)? {
            server.leave()?;
            if keep_log {
                make_folder(&self.kept("logs"))?;
                let log = self.kept("logs").join(format!("{name}.log"));
                fs::copy(server.log(), &log)
                    .map_err(|error| format!("{}: {error}", log.display()))?;
                eprintln!("{name}: its log is {}", log.display());
            }
        }
        let leaving = self.path(&format!("{LEAVING}{name}"));
        self.end_and_remove(name)?;
        fs::rename(&folder, &leaving).map_err(|error| format!("{}: {error}", folder.display()))?;
        self.end_and_remove(name)
    }

    /// Removes what is left of what was to go, and all if there is no server any more.
    pub(super) fn tidy(&self) -> Result<(), String> {
        for entry in self.entries()? {
            if let Some(name) = entry.strip_prefix(LEAVING) {
                self.end_and_remove(name)?;
            }
        }
        if self.exists() && self.names()?.is_empty() {
            remove_folder(&self.folder)?;
        }
        Ok(())
    }

    /// Ends all of a server that has been moved aside, and removes it.
    fn end_and_remove(&self, name: &str) -> Result<(), String> {
        let leaving = self.path(&format!("{LEAVING}{name}"));
        if leaving.exists() {
            Server::end_all(&self.path(name), &leaving)?;
            remove_folder(&leaving)?;
        }
        Ok(())
    }
}

/// A folder of this user alone: there are passwords in it.
pub(super) fn make_folder(folder: &Path) -> Result<(), String> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|error| format!("{}: {error}", folder.display()))
}

/// Who was just making something in it when it was to go, as a tool does that a killed command had started, gets a
/// moment to come to its end.
pub(super) fn remove_folder(folder: &Path) -> Result<(), String> {
    let start = Instant::now();
    loop {
        match fs::remove_dir_all(folder) {
            Ok(()) => return Ok(()),
            Err(error)
                if error.kind() == io::ErrorKind::DirectoryNotEmpty
                    && start.elapsed() < FINISHING =>
            {
                thread::sleep(PAUSE);
            }
            Err(error) => return Err(format!("{}: {error}", folder.display())),
        }
    }
}

/// A folder of a test's own.
#[cfg(test)]
#[derive(Debug)]
pub(super) struct Folder(PathBuf);

#[cfg(test)]
impl Folder {
    pub(super) fn for_test() -> Self {
        use std::sync::atomic::{AtomicU32, Ordering};
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("forebay-servers-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        make_folder(&path).unwrap();
        Self(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

#[cfg(test)]
impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
