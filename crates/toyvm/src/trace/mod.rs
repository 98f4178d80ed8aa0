//! Traces: what was recorded of a run, as a file that replays by itself, and that other programs can
//! draw.
//!
//! A trace is written while the run goes on, by a [`Recorder`], as lines of JSON: the program and how it
//! is run, then each step and what it changed, then what came of it. `docs/toyvm/trace.md` documents
//! every field. It is read as a [`Recording`], of which only the schedule is believed: who stepped, and
//! which numbers were chosen. All else comes from running the program again, and what disagrees
//! with that is a [`Divergence`].
//!
//! ```
//! use std::sync::Arc;
//! use toyvm::machine::Machine;
//! use toyvm::run::{self, Pace, Stage};
//! use toyvm::scheduler::Random;
//! use toyvm::source::{self, Selection, Source};
//! use toyvm::trace::{About, Recorder, Recording};
//!
//! let text = b"main = [('PUSH', 5), ('PRINT', 'five is {}')]";
//! let source = Source::new("five.py", text.to_vec()).unwrap();
//! let program = Arc::new(source::load(source, &Selection::default()).unwrap().program);
//!
//! let mut machine = Machine::new(program);
//! let about = About { scheduler: "random".to_owned(), seed: Some(7), ..About::default() };
//! let recorder = Recorder::new(Vec::new(), &machine, &about);
//! let mut stage = Stage { choices: run::choices(7), observer: recorder };
//! let outcome = run::run(&mut machine, Random::new(7), &mut stage, Pace::default());
//! let file = stage.observer.finish(&machine, &outcome, outcome.status())?;
//!
//! let recording = Recording::read(file.as_slice()).unwrap();
//! let replayed = recording.replay(()).unwrap();
//! assert_eq!(replayed.outcome, outcome);
//! assert_eq!(replayed.machine.state(), machine.state());
//! # Ok::<(), std::io::Error>(())
//! ```

pub mod dot;
mod edges;
mod export;
mod header;
mod json;
pub mod lanes;
pub mod mermaid;
mod outcome;
pub mod perfetto;
mod recorder;
mod recording;
mod replay;
mod sentence;
pub mod shiviz;
mod sink;

pub use export::ExportError;
pub use recorder::Recorder;
pub use recording::{Finding, LONGEST_HEADER, LONGEST_LINE, MOST_STEPS, ReadError, Recording};
pub use replay::{Decision, Divergence, Replay, ReplayError, Replayed};
pub use sentence::tell as tell_event;

use std::io::{self, Write};

use crate::machine::Machine;
use crate::run::{self, Outcome, Pace, Stage};
use crate::source::Selection;

/// The version of the format that is written, and the only one that is read.
pub const VERSION: u64 = 1;

/// What a trace says about its run beside what happens in it.
#[derive(Debug, Clone)]
pub struct About {
    /// Which part of the file is the program.
    pub selection: Selection,
    /// Who decided who goes on, in words: `random --seed 7`.
    pub scheduler: String,
    /// What chance was drawn from, if anything was.
    pub seed: Option<u64>,
    /// How many steps the run has at most.
    pub max_steps: u64,
    /// After so many steps, the others can be gone through again and again, for ever.
    pub repeats_from: Option<u64>,
}

impl Default for About {
    fn default() -> Self {
        Self {
            selection: Selection::default(),
            scheduler: "by hand".to_owned(),
            seed: None,
            max_steps: run::MAX_STEPS,
            repeats_from: None,
        }
    }
}

/// Writes the trace of a schedule: of what somebody played by hand, or a search found. The machine
/// stands at its beginning, and afterwards where the schedule leads to.
///
/// # Errors
///
/// If the trace cannot be written, or the program does not go on like that; then the machine stands
/// anywhere.
pub fn record<W: Write>(
    machine: &mut Machine,
    about: &About,
    schedule: &[Decision],
    out: W,
) -> Result<(W, Outcome), RecordError> {
    let replay = Replay::new(schedule);
    let recorder = replay.watched_by(Recorder::new(out, machine, about));
    let mut stage = Stage { choices: &replay, observer: recorder };
    let pace = Pace { max_steps: schedule.len() as u64, realtime: false };
    let outcome = run::run(machine, &replay, &mut stage, pace);
    replay.check(&outcome).map_err(RecordError::Diverged)?;
    let recorder = stage.observer.into_inner();
    let out = recorder.finish(machine, &outcome, outcome.status()).map_err(RecordError::Write)?;
    Ok((out, outcome))
}

/// Why a schedule could not be recorded.
#[derive(Debug)]
pub enum RecordError {
    /// The program does not go on like that.
    Diverged(Divergence),
    /// The trace could not be written.
    Write(io::Error),
}

impl std::fmt::Display for RecordError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Diverged(divergence) => divergence.fmt(f),
            Self::Write(error) => write!(f, "the trace cannot be written: {error}"),
        }
    }
}

impl std::error::Error for RecordError {}
