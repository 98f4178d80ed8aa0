//! Saving a play as a trace.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter};
use std::path::Path;

use toyvm::trace::{self, About, RecordError};

use super::super::recording::is_trace;
use super::play::Play;

/// Why a play was not saved.
#[derive(Debug)]
pub(super) enum Unsaved {
    /// There is a trace of that name, which may be written over if somebody says so.
    Exists,
    /// In a sentence without a full stop.
    Failed(String),
}

/// Writes all that was played into a new file, or over an old trace; never over anything else.
pub(super) fn save(play: &mut Play, path: &Path, over: bool) -> Result<(), Unsaved> {
    let failed = |error: io::Error| {
        Unsaved::Failed(format!("{} cannot be written: {error}", path.display()))
    };
    let mut options = OpenOptions::new();
    options.write(true);
    let file = if path.exists() {
        if !is_trace(path) {
            let path = path.display();
            return Err(Unsaved::Failed(format!("{path} is no trace; it is not written over")));
        }
        if !over {
            return Err(Unsaved::Exists);
        }
        options.truncate(true).open(path).map_err(failed)?
    } else {
        options.create_new(true).open(path).map_err(failed)?
    };
    let written = write(play, file);
    match written {
        Ok(()) => {
            play.saved();
            Ok(())
        }
        Err(RecordError::Write(error)) => Err(failed(error)),
        Err(error) => Err(Unsaved::Failed(error.to_string())),
    }
}

fn write(play: &Play, file: File) -> Result<(), RecordError> {
    let mut machine = play.opening().machine();
    let repeats_from = play.repeats_from().map(|from| from as u64);
    let about = About { repeats_from, ..play.opening().about.clone() };
    let (out, _) = trace::record(&mut machine, &about, play.turns(), BufWriter::new(file))?;
    let file = out.into_inner().map_err(|error| RecordError::Write(error.into_error()))?;
    file.sync_all().map_err(RecordError::Write)
}
