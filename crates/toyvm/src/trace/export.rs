//! Drawings: a recording, replayed and written in the form of another program.

use std::fmt;
use std::io;

use super::{Recording, ReplayError};
use crate::machine::{Limits, Machine};

/// Why a recording could not be drawn.
#[derive(Debug)]
pub enum ExportError {
    /// It could not be replayed.
    Replay(ReplayError),
    /// There are more threads than the other program could show.
    TooManyThreads {
        /// How many there are.
        threads: usize,
        /// How many there may be.
        most: usize,
    },
    /// The drawing could not be written.
    Write(io::Error),
}

impl fmt::Display for ExportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Replay(error) => error.fmt(f),
            Self::TooManyThreads { threads, most } => {
                write!(f, "it has {threads} threads, and at most {most} can be drawn like this")
            }
            Self::Write(error) => write!(f, "the drawing cannot be written: {error}"),
        }
    }
}

impl std::error::Error for ExportError {}

impl From<ReplayError> for ExportError {
    fn from(error: ReplayError) -> Self {
        Self::Replay(error)
    }
}

impl From<io::Error> for ExportError {
    fn from(error: io::Error) -> Self {
        Self::Write(error)
    }
}

impl Recording {
    /// A machine at the beginning of the recording.
    pub fn machine(&self) -> Result<Machine, ReplayError> {
        let machine = Machine::with(self.program()?, self.service(), Limits::default());
        Ok(machine.in_time(self.time()))
    }
}
