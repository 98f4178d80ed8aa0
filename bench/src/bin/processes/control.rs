//! A child's end of the line to the process that measures.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;

use rustix::process::{Signal, set_parent_process_death_signal};

/// A line to the process that measures.
pub(crate) struct Control(BufReader<UnixStream>);

impl Control {
    /// Reaches for it. From now on this process dies with it.
    pub(crate) fn reach(socket: &Path) -> Result<Self, String> {
        let complaint = |error: &dyn std::error::Error| format!("{}: {error}", socket.display());
        set_parent_process_death_signal(Some(Signal::KILL)).map_err(|error| complaint(&error))?;
        let stream = UnixStream::connect(socket).map_err(|error| complaint(&error))?;
        Ok(Self(BufReader::new(stream)))
    }

    /// Says that all is prepared, and waits until everybody may begin.
    pub(crate) fn ready(&mut self) -> Result<(), String> {
        self.say("ready")?;
        self.hear()
    }

    /// Says a line.
    pub(crate) fn say(&mut self, line: &str) -> Result<(), String> {
        self.0
            .get_mut()
            .write_all(format!("{line}\n").as_bytes())
            .map_err(|error| format!("nobody listens any more: {error}"))
    }

    /// Waits for the next word.
    pub(crate) fn hear(&mut self) -> Result<(), String> {
        let mut word = String::new();
        match self.0.read_line(&mut word) {
            Ok(0) => Err("nobody speaks any more".to_owned()),
            Ok(_) => Ok(()),
            Err(error) => Err(format!("nobody speaks any more: {error}")),
        }
    }
}
