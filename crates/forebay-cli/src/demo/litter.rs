//! What a scene has on the disk: gone with it, however it ends but by SIGKILL.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::Mutex;
use std::sync::PoisonError;

static FOLDER: Mutex<Option<PathBuf>> = Mutex::new(None);

/// A folder that is removed when this is dropped, or when the program [exits](exit).
#[derive(Debug)]
pub(super) struct Litter(PathBuf);

impl Litter {
    /// The one folder of a scene.
    pub(super) fn folder() -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("forebay-demo-").tempdir()?.keep();
        *FOLDER.lock().unwrap_or_else(PoisonError::into_inner) = Some(folder.clone());
        Ok(Self(folder))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Litter {
    fn drop(&mut self) {
        sweep();
    }
}

fn sweep() {
    let folder = FOLDER.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(folder) = folder {
        // Whoever still writes there dies with us, and nobody reads it.
        let _ = fs::remove_dir_all(folder);
    }
}

/// Ends the program, leaving nothing behind.
pub(super) fn exit(status: i32) -> ! {
    sweep();
    process::exit(status)
}
