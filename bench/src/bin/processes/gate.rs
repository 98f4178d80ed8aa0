//! Children that are started, held until all are ready, and let go together.

use std::io::{BufRead as _, BufReader, ErrorKind, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Duration;
use std::{fs, thread};

use crate::scratch::Scratch;

const LOOK: Duration = Duration::from_micros(200);

/// Where children report.
pub(crate) struct Gate {
    listener: UnixListener,
    socket: PathBuf,
}

impl Gate {
    /// One of its own.
    pub(crate) fn new(scratch: &Scratch) -> Result<Self, String> {
        let socket = scratch.path("gate");
        let listener = UnixListener::bind(&socket)
            .and_then(|listener| listener.set_nonblocking(true).map(|()| listener))
            .map_err(|error| format!("{}: {error}", socket.display()))?;
        Ok(Self { listener, socket })
    }

    /// What a child has to be told to find it.
    pub(crate) fn socket(&self) -> &Path {
        &self.socket
    }

    /// Starts a child and waits until it is ready.
    pub(crate) fn start(&self, command: &mut Command) -> Result<Hand, String> {
        let program = command.get_program().to_string_lossy().into_owned();
        let child = command.spawn().map_err(|error| format!("{program}: {error}"))?;
        let mut child = Reaped(child);
        let stream = loop {
            match self.listener.accept() {
                Ok((stream, _)) => break stream,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    if let Ok(Some(status)) = child.0.try_wait() {
                        return Err(format!(
                            "a child of {program} ended before it began: {status}"
                        ));
                    }
                    thread::sleep(LOOK);
                }
                Err(error) => return Err(format!("{}: {error}", self.socket.display())),
            }
        };
        stream.set_nonblocking(false).map_err(|error| error.to_string())?;
        let mut hand = Hand { lines: BufReader::new(stream), child };
        let word = hand.hear()?;
        if word != "ready" {
            return Err(format!("a child says {word:?} where it should be ready"));
        }
        Ok(hand)
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.socket);
    }
}

/// A child that has reported.
pub(crate) struct Hand {
    lines: BufReader<UnixStream>,
    child: Reaped,
}

impl Hand {
    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.0.id()
    }

    /// Lets it go.
    pub(crate) fn go(&mut self) -> Result<(), String> {
        let sent = self.lines.get_mut().write_all(b"go\n");
        sent.map_err(|error| format!("a child is gone: {error}"))
    }

    /// The next line that it says.
    pub(crate) fn hear(&mut self) -> Result<String, String> {
        let mut line = String::new();
        match self.lines.read_line(&mut line) {
            Ok(0) => {
                let status = self.child.0.wait();
                Err(status.map_or_else(
                    |error| error.to_string(),
                    |status| format!("a child ended before it was done: {status}"),
                ))
            }
            Ok(_) => Ok(line.trim_end().to_owned()),
            Err(error) => Err(format!("a child is gone: {error}")),
        }
    }

    /// The next line that it says, if it says one in this time.
    pub(crate) fn hear_within(&mut self, patience: Duration) -> Result<Option<String>, String> {
        let stream = self.lines.get_ref().try_clone().map_err(|error| error.to_string())?;
        let limit = |time| stream.set_read_timeout(time).map_err(|error| error.to_string());
        limit(Some(patience))?;
        // A line is sent whole, so it is there or not.
        let filled = self.lines.fill_buf().map(|bytes| !bytes.is_empty());
        limit(None)?;
        match filled {
            Ok(true) => self.hear().map(Some),
            Ok(false) => self.hear().map(|_| None),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(format!("a child is gone: {error}")),
        }
    }

    /// Kills it, as `kill -9` does, and returns as soon as the signal is sent.
    pub(crate) fn kill(&mut self) -> Result<(), String> {
        self.child.0.kill().map_err(|error| format!("a child cannot be killed: {error}"))
    }

    /// Waits until it has ended, well.
    pub(crate) fn end(mut self) -> Result<(), String> {
        let status = self.child.0.wait().map_err(|error| error.to_string())?;
        if status.success() { Ok(()) } else { Err(format!("a child ended with {status}")) }
    }
}

/// Killed, if it still runs, and waited for when dropped.
struct Reaped(Child);

impl Drop for Reaped {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
