//! What a scene leaves lying about, a folder and a buffer on a server: gone with it, however it ends but by SIGKILL.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use forebay::Fault;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::buffer::place::{Buffer, OfFile, Place, Settings};
use crate::run::interrupt::is_ignored;

static FOLDER: Mutex<Option<PathBuf>> = Mutex::new(None);

/// Locked while the buffer is made, and while it is deleted: neither is left half done.
static BUFFER: Mutex<Option<Place>> = Mutex::new(None);

/// A server that does not answer for so long is left with the buffer.
const PATIENCE: Duration = Duration::from_secs(5);

/// A folder that is removed when this is dropped, or when the program [exits](exit), together with the [buffer] that was made.
#[derive(Debug)]
pub(super) struct Litter(PathBuf);

impl Litter {
    /// The one folder of a scene.
    pub(super) fn folder() -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("forebay-demo-").tempdir()?.keep();
        *owned(&FOLDER) = Some(folder.clone());
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

/// The one buffer of a scene that is on a server, where none of its name may be; gone with the folder.
pub(super) fn buffer(place: &Place, settings: &Settings) -> Result<Buffer, String> {
    let mut made = owned(&BUFFER);
    if place.is_there()? {
        return Err(format!(
            "{place} is there already, and no buffer but one of its own is played with: name another, or none"
        ));
    }
    place.create(settings, &OfFile::default())?;
    *made = Some(place.clone());
    drop(made);
    place.open()
}

fn owned<T>(litter: &Mutex<T>) -> MutexGuard<'_, T> {
    litter.lock().unwrap_or_else(PoisonError::into_inner)
}

fn sweep() {
    // First, because whoever plays a part takes it for the end that the folder is gone.
    let folder = owned(&FOLDER).take();
    if let Some(folder) = folder {
        // Whoever still writes there dies with us, and nobody reads it.
        let _ = fs::remove_dir_all(folder);
    }
    let mut buffer = owned(&BUFFER);
    if let Some(place) = buffer.take()
        && let Err(complaint) = delete(&place)
    {
        eprintln!(
            "forebay demo: {complaint}; {place} is left, and `forebay delete --force` with its URL removes it"
        );
    }
}

fn delete(place: &Place) -> Result<(), String> {
    let (tell, told) = channel();
    let own = place.clone();
    thread::spawn(move || {
        let deleted = own.is_there().and_then(|is_there| match is_there.then(|| own.open()) {
            None => Ok(()),
            Some(buffer) => match buffer?.delete() {
                Ok(()) | Err(Fault::Gone) => Ok(()),
                Err(fault) => Err(own.in_words(fault)),
            },
        });
        let _ = tell.send(deleted);
    });
    told.recv_timeout(PATIENCE).unwrap_or_else(|_| Err(format!("{place}: the server is silent")))
}

/// Whether the program is about to end.
static ENDS: AtomicBool = AtomicBool::new(false);

/// Ends the program, leaving nothing behind.
pub(super) fn exit(status: i32) -> ! {
    // Relaxed: whoever comes second does nothing more, and nothing is read.
    if ENDS.swap(true, Ordering::Relaxed) {
        wait_for_the_end();
    }
    sweep();
    process::exit(status)
}

/// Goes no further where the program is about to end: what breaks because all is swept away is nothing to tell of.
pub(super) fn stop_at_the_end() {
    if ENDS.load(Ordering::Relaxed) {
        wait_for_the_end();
    }
}

fn wait_for_the_end() -> ! {
    loop {
        thread::park();
    }
}

/// Ctrl-C, SIGTERM and a terminal that is closed end the program, and leave nothing behind.
pub(super) fn sweep_when_interrupted() {
    let mut signals = Signals::new([SIGINT, SIGTERM]).expect("both can be caught");
    if !is_ignored(SIGHUP) {
        signals.add_signal(SIGHUP).expect("it can be caught");
    }
    thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            exit(128 + signal);
        }
    });
}
