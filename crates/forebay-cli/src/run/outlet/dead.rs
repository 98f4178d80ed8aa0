//! `--dead`: the items that are past their tries, in a file that `run -a` reads back.
//!
//! An item is written before its lease is answered, ended by the delimiter that items of this run end
//! with, and only ever at the end of the file: what earlier runs have set aside stays.

use std::ffi::OsString;
use std::fs::{self, File, Metadata, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::run::intake::delimiter::Delimiter;
use crate::run::intake::source::{Given, Values};
use crate::run::item::{Item, shown};
use crate::run::{Args, Run, standard};

/// The open file.
#[derive(Debug)]
pub(crate) struct DeadFile {
    path: PathBuf,
    delimiter: Delimiter,
    /// Between the columns of a row: what `--colsep` says, or a tab.
    separator: Delimiter,
    file: Mutex<File>,
}

impl DeadFile {
    /// What the run was told to use, if anything: opened, and made if it is not there. Refused are a file
    /// that the run uses otherwise, and `arguments` that could not be read back.
    pub(crate) fn of_run(args: &Args, given: &[Given]) -> Result<Option<Self>, String> {
        let Some(path) = args.failure.dead.as_deref().filter(|_| !args.command_line.dry_run) else {
            return Ok(None);
        };
        let separator = args.separator()?.unwrap_or_else(|| Delimiter::byte(b'\t'));
        let dead = Self::open(path, args.delimiter()?, separator)?;
        for source in given {
            if let Values::Arguments(list) = &source.values {
                dead.check_items(list)?;
            }
        }
        Ok(Some(dead))
    }

    fn open(path: &Path, delimiter: Delimiter, separator: Delimiter) -> Result<Self, String> {
        let file = match standard::stream(path) {
            Some(stream) => stream.map_err(|error| cannot("open", path, &error))?,
            None => open(path, delimiter.bytes())?,
        };
        Ok(Self { path: path.to_owned(), delimiter, separator, file: Mutex::new(file) })
    }

    /// Refuses arguments that would not be read back as they are.
    fn check_items(&self, items: &[OsString]) -> Result<(), String> {
        match items.iter().find(|item| !self.can_hold(item.as_bytes())) {
            Some(item) => Err(self.cannot_hold(item)),
            None => Ok(()),
        }
    }

    fn can_hold(&self, item: &[u8]) -> bool {
        let delimiter = self.delimiter.bytes();
        let written = [item, delimiter].concat();
        let end = written.windows(delimiter.len()).position(|part| part == delimiter);
        end == Some(item.len())
    }

    fn cannot_hold(&self, item: &OsString) -> String {
        format!(
            "--dead {}: item {} holds the delimiter, and would be read back as two; separate items \
             with -0",
            self.path.display(),
            shown(item, 60)
        )
    }

    fn lock(&self) -> MutexGuard<'_, File> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds the item: all that one command gets, each for itself. What cannot be written whole is not
    /// written at all.
    fn record(&self, item: &Item) -> Result<(), String> {
        self.check_items(&item.args)?;
        let mut text = Vec::new();
        for row in item.args.rows() {
            for (column, arg) in row.iter().enumerate() {
                if column > 0 {
                    text.extend_from_slice(self.separator.bytes());
                }
                text.extend_from_slice(arg.as_bytes());
            }
            text.extend_from_slice(self.delimiter.bytes());
        }
        let mut file = self.lock();
        let length = file.metadata().ok().filter(Metadata::is_file).map(|before| before.len());
        file.write_all(&text).map_err(|error| {
            if let Some(length) = length {
                let _ = file.set_len(length);
            }
            cannot("write to", &self.path, &error)
        })
    }
}

fn open(path: &Path, delimiter: &[u8]) -> Result<File, String> {
    let mut file = OpenOptions::new()
        // Whoever could read a pipe itself would never see that its reader has gone.
        .read(!standard::is_pipe(path))
        .append(true)
        .create(true)
        .open(path)
        .map_err(|error| cannot("open", path, &error))?;
    if let Err(TryLockError::WouldBlock) = file.try_lock() {
        return Err(format!("--dead {}: another forebay is writing to it", path.display()));
    }
    // The last line of a file may lack its end; what comes next is another item.
    let mut write = |length: u64| -> io::Result<()> {
        let mut last = vec![0; delimiter.len().min(usize::try_from(length).unwrap_or(0))];
        let start = length - last.len() as u64;
        file.read_exact_at(&mut last, start)?;
        if length > 0 && last != delimiter { file.write_all(delimiter) } else { Ok(()) }
    };
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => {
            write(metadata.len()).map_err(|error| cannot("write to", path, &error))?;
        }
        _ => {}
    }
    Ok(file)
}

fn cannot(what: &str, path: &Path, error: &io::Error) -> String {
    format!("cannot {what} the file of --dead, {}: {error}", path.display())
}

impl Run {
    /// Writes the item to the file of `--dead`, if there is one. Says whether it may be answered as
    /// dead; otherwise the run stops.
    pub(crate) fn set_aside(&self, item: &Item) -> bool {
        let Some(dead) = &self.dead else { return true };
        let Err(error) = dead.record(item) else { return true };
        self.stop_broken(format_args!(
            "{error}; item {} is not counted as failed. Mend that, then run again what remains",
            item.label()
        ));
        false
    }
}
