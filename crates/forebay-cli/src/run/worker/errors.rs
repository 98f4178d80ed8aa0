//! What a worker writes on standard error while there is a progress bar: it passes as it comes, beside the bar.
//! Where there is no bar, standard error is the worker's own, and nothing stands in between.

use std::io::{self, Read, Write};
use std::process::{ChildStderr, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use crate::run::message::{BAR, beside_the_bar};

/// How long the last words of a worker that has ended are waited for. A process that it left behind may
/// never end what it has to say.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// Where a new worker's errors go.
pub(super) fn way() -> Stdio {
    if BAR.get().is_some() { Stdio::piped() } else { Stdio::inherit() }
}

/// The errors of one worker on their way.
#[derive(Debug)]
pub(super) struct Errors {
    /// Disconnects at their end.
    end: Receiver<()>,
}

impl Errors {
    /// Passes on what comes by this pipe until its end.
    pub(super) fn pass_on(mut from: ChildStderr) -> io::Result<Self> {
        let (alive, end) = mpsc::channel::<()>();
        thread::Builder::new().name("errors of a worker".to_owned()).spawn(move || {
            let _alive = alive;
            let mut part = vec![0; 1 << 16];
            while let Ok(length @ 1..) = from.read(&mut part) {
                beside_the_bar(|| {
                    // That nobody reads the errors is no reason to stop.
                    let _ = io::stderr().write_all(&part[..length]);
                });
            }
        })?;
        Ok(Self { end })
    }

    /// The worker has ended: what it wrote before is waited for.
    pub(super) fn finish(self) {
        let _ = self.end.recv_timeout(LAST_WORDS);
    }
}
