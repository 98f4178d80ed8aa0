//! The joblog: a line about each item that finished or failed, written before the item is acked.
//!
//! The first nine columns are GNU parallel's, so that what reads its joblogs reads these. From the
//! tenth on come the items, one in each, [escaped](crate::run::outlet::escape) so that a line is always one line.
//! An item that has several columns of its own, from several sources or by `--colsep`, takes as many;
//! where a command got more than one such item, a column `\;` stands between them.
//! The header line names the columns and, last, the command. An item whose line was not written is
//! not finished: after a power cut it is run again.
//!
//! The joblog beside a buffer in a file is the run's that brings items into it. Those who work on the same
//! buffer [add](Joblog::beside) to it, each line in one write at the end of the file; so nothing is ever cut off
//! there.

use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::run::arguments::Arguments;
use crate::run::intake::resume::Finished;
use crate::run::outlet::escape::{escaped, unescaped};
use crate::run::standard;

const COLUMNS: &str =
    "Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\tItem";

/// What stands before the command in the header line.
const COMMAND_MARK: &str = "# forebay run ";

/// What stands between two rows of several columns. No escaping gives it.
const BETWEEN_ROWS: &[u8] = b"\\;";

/// What a run that was killed has begun to start may hold its joblog so long.
const DYING: Duration = Duration::from_secs(2);

/// An open joblog.
#[derive(Debug)]
pub(crate) struct Joblog {
    path: PathBuf,
    writer: Mutex<Writer>,
}

#[derive(Debug)]
struct Writer {
    file: File,
    /// Written into, again and again.
    lines: Vec<u8>,
}

/// One line: an item, and how its command ended.
#[derive(Debug)]
pub(crate) struct Row<'a> {
    pub(crate) seq: u64,
    pub(crate) started: SystemTime,
    pub(crate) runtime: Duration,
    /// Bytes on standard output.
    pub(crate) received: u64,
    /// -1 when its time ran out.
    pub(crate) exit_value: i32,
    pub(crate) signal: i32,
    pub(crate) command: &'a [u8],
    pub(crate) args: &'a Arguments,
}

impl Row<'_> {
    /// Whether the item finished; otherwise it failed.
    pub(crate) fn finished(&self) -> bool {
        self.exit_value == 0 && self.signal == 0
    }
}

impl Joblog {
    /// Opens a new joblog, in place of an earlier one.
    pub(crate) fn create(path: &Path, command: &[u8]) -> Result<Self, String> {
        if let Some(stream) = standard::stream(path) {
            let mut file = stream.map_err(|error| cannot("open", path, &error))?;
            write_header(&mut file, path, command)?;
            return Ok(Self::of(path, file));
        }
        let mut file = open(path)?;
        if is_regular(&file) {
            // Never write over something that is not a joblog.
            if !starts_well(&file, path)? {
                return Err(format!(
                    "--joblog {}: this file is not a joblog, and would be overwritten; give \
                     another name",
                    path.display()
                ));
            }
            file.set_len(0).map_err(|error| cannot("empty", path, &error))?;
        }
        write_header(&mut file, path, command)?;
        Ok(Self::of(path, file))
    }

    /// Opens a joblog to add to, and begins it if it is empty.
    pub(crate) fn add_to(path: &Path, command: &[u8]) -> Result<Self, String> {
        if standard::stream(path).is_some() || standard::is_pipe(path) {
            return Self::create(path, command);
        }
        let mut file = open_shared(path, true)?;
        if !starts_well(&file, path)? {
            return Err(format!(
                "--joblog {}: this file is not a joblog; give another name",
                path.display()
            ));
        }
        if file.metadata().is_ok_and(|metadata| metadata.len() == 0) {
            write_header(&mut file, path, command)?;
        }
        Ok(Self::of(path, file))
    }

    /// Opens the joblog that a run keeps beside its buffer, to add to it; there may be none.
    pub(crate) fn beside(path: &Path) -> Result<Option<Self>, String> {
        if !path.exists() {
            return Ok(None);
        }
        let file = open_shared(path, false)?;
        Ok(starts_well(&file, path)?.then(|| Self::of(path, file)))
    }

    /// Opens a joblog to go on with, and reads from it what has finished. Of the items with these `numbers` it is
    /// told which they were. `has_columns` says whether its items have several, `is_shared` whether others add
    /// to it meanwhile.
    pub(crate) fn resume(
        path: &Path,
        command: &[u8],
        has_columns: bool,
        is_shared: bool,
        numbers: &HashSet<u64>,
    ) -> Result<(Self, Finished), String> {
        if standard::stream(path).is_some() {
            return Err(format!("--resume: {} cannot be read back", path.display()));
        }
        let mut file = open_patiently(path, if is_shared { DYING } else { Duration::ZERO })?;
        if !is_regular(&file) {
            return Err(format!("--resume: {} is not a regular file", path.display()));
        }
        let mut finished = Finished::default();
        let mut reader = BufReader::new(&file);
        let mut line = Vec::new();
        let mut number = 0;
        let mut whole = 0;
        loop {
            line.clear();
            let read = reader
                .read_until(b'\n', &mut line)
                .map_err(|error| cannot("read", path, &error))?;
            if line.pop() != Some(b'\n') {
                // The end, or a line that was being written when the power went.
                break;
            }
            number += 1;
            whole += read as u64;
            if number == 1 {
                check_header(&line, path, command)?;
            } else {
                match parse(&line, has_columns) {
                    Some(Line { seq, started, finished: true, rows }) => {
                        for (number, row) in (seq..).zip(rows) {
                            if numbers.contains(&number) {
                                finished.numbered.insert(number, (started, row.clone()));
                            }
                            finished.add(row);
                        }
                    }
                    Some(_) => {}
                    // The end of a line that was cut off.
                    None if is_shared && line.is_empty() => {}
                    None => finished.damaged.push(number),
                }
            }
        }
        if number == 0 {
            if !COLUMNS.as_bytes().starts_with(&line[..line.len().min(COLUMNS.len())]) {
                return Err(not_ours(path));
            }
            file.set_len(0).map_err(|error| cannot("empty", path, &error))?;
            write_header(&mut file, path, command)?;
        } else if !is_shared {
            file.set_len(whole).map_err(|error| cannot("repair", path, &error))?;
        } else if !line.is_empty() {
            file.write_all(b"\n").map_err(|error| cannot("write to", path, &error))?;
        }
        Ok((Self::of(path, file), finished))
    }

    fn of(path: &Path, file: File) -> Self {
        Self { path: path.to_owned(), writer: Mutex::new(Writer { file, lines: Vec::new() }) }
    }

    /// Writes the lines, in one piece.
    pub(crate) fn record<'a>(&self, rows: impl Iterator<Item = Row<'a>>) -> Result<(), String> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let Writer { file, lines } = &mut *writer;
        lines.clear();
        rows.for_each(|row| row.write(lines));
        file.write_all(lines).map_err(|error| cannot("write to", &self.path, &error))
    }
}

impl Row<'_> {
    fn write(&self, line: &mut Vec<u8>) {
        let row = self;
        let started = row.started.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
        let _ = write!(
            line,
            "{}\t:\t{started:.3}\t{:10.3}\t0\t{}\t{}\t{}\t{}",
            row.seq,
            row.runtime.as_secs_f64(),
            row.received,
            row.exit_value,
            row.signal,
            escaped(row.command),
        );
        for (index, columns) in row.args.rows().enumerate() {
            if index > 0 && row.args.has_columns() {
                line.push(b'\t');
                line.extend_from_slice(BETWEEN_ROWS);
            }
            for column in columns {
                line.push(b'\t');
                line.extend_from_slice(escaped(column.as_bytes()).as_bytes());
            }
        }
        line.push(b'\n');
    }
}

fn open(path: &Path) -> Result<File, String> {
    open_patiently(path, Duration::ZERO)
}

/// The same, waiting so long for another that writes to it: it may just have been killed.
fn open_patiently(path: &Path, patience: Duration) -> Result<File, String> {
    let deadline = Instant::now() + patience;
    let file = OpenOptions::new()
        // Whoever could read a pipe itself would never see that its reader has gone.
        .read(!standard::is_pipe(path))
        .append(true)
        .create(true)
        .open(path)
        .map_err(|error| cannot("open", path, &error))?;
    loop {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                thread::sleep(Duration::from_millis(5));
            }
            Err(TryLockError::WouldBlock) => {
                return Err(format!(
                    "--joblog {}: another forebay is writing to it",
                    path.display()
                ));
            }
            // Not every file system knows locks.
            Ok(()) | Err(TryLockError::Error(_)) => return Ok(file),
        }
    }
}

/// The same, where others may add to it.
fn open_shared(path: &Path, create: bool) -> Result<File, String> {
    OpenOptions::new()
        .read(true)
        .append(true)
        .create(create)
        .open(path)
        .map_err(|error| cannot("open", path, &error))
}

/// Whether the file begins as a joblog does, or is empty.
fn starts_well(file: &File, path: &Path) -> Result<bool, String> {
    const START: &[u8] = b"Seq\tHost\tStarttime\t";
    let mut start = Vec::new();
    file.take(START.len() as u64)
        .read_to_end(&mut start)
        .map_err(|error| cannot("read", path, &error))?;
    Ok(START.starts_with(&start))
}

fn is_regular(file: &File) -> bool {
    file.metadata().is_ok_and(|metadata| metadata.is_file())
}

fn cannot(what: &str, path: &Path, error: &io::Error) -> String {
    format!("cannot {what} the joblog {}: {error}", path.display())
}

fn not_ours(path: &Path) -> String {
    format!(
        "--resume: {} is not a joblog of forebay; give the one to go on with, or another name",
        path.display()
    )
}

fn write_header(file: &mut File, path: &Path, command: &[u8]) -> Result<(), String> {
    let header = format!("{COLUMNS}\t{COMMAND_MARK}{}\n", escaped(command));
    file.write_all(header.as_bytes()).map_err(|error| cannot("write to", path, &error))
}

fn check_header(line: &[u8], path: &Path, command: &[u8]) -> Result<(), String> {
    let theirs = line
        .strip_prefix(COLUMNS.as_bytes())
        .and_then(|rest| rest.strip_prefix(b"\t"))
        .and_then(|rest| rest.strip_prefix(COMMAND_MARK.as_bytes()))
        .ok_or_else(|| not_ours(path))?;
    if theirs == escaped(command).as_bytes() {
        return Ok(());
    }
    Err(format!(
        "--resume: the joblog {} is of another command: it ran `{}`, this is `{}`; give the same \
         command, or another joblog",
        path.display(),
        String::from_utf8_lossy(theirs),
        escaped(command),
    ))
}

/// Of the items with these numbers, those that a line says have finished: when they began, in seconds since 1970, and
/// the row. The rows of one line have numbers that follow each other. Others may add to the joblog meanwhile.
pub(crate) fn finished(
    path: &Path,
    has_columns: bool,
    numbers: &HashSet<u64>,
) -> io::Result<HashMap<u64, (f64, Vec<OsString>)>> {
    let mut found = HashMap::new();
    let Some(greatest) = numbers.iter().copied().max() else { return Ok(found) };
    let mut reader = BufReader::new(File::open(path)?);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line)? > 0 {
        // A line without an end is not whole.
        if line.pop() == Some(b'\n')
            && number_of(&line).is_some_and(|seq| seq <= greatest)
            && let Some(Line { seq, started, finished: true, rows }) = parse(&line, has_columns)
        {
            let numbered = (seq..).zip(rows).filter(|(number, _)| numbers.contains(number));
            found.extend(numbered.map(|(number, row)| (number, (started, row))));
        }
        line.clear();
    }
    Ok(found)
}

/// The number with which the line begins.
fn number_of(line: &[u8]) -> Option<u64> {
    str::from_utf8(line.split(|byte| *byte == b'\t').next()?).ok()?.parse().ok()
}

/// What a line says.
#[derive(Debug, PartialEq)]
struct Line {
    seq: u64,
    /// In seconds since 1970.
    started: f64,
    finished: bool,
    rows: Vec<Vec<OsString>>,
}

/// Reads a line. `None` if it is damaged.
fn parse(line: &[u8], has_columns: bool) -> Option<Line> {
    let mut columns = line.split(|byte| *byte == b'\t');
    let mut number = |is_valid: fn(&str) -> bool| {
        let text = str::from_utf8(columns.next()?).ok()?.trim();
        is_valid(text).then_some(text)
    };
    let whole = |text: &str| text.parse::<u64>().is_ok();
    let signed = |text: &str| text.parse::<i32>().is_ok();
    let fraction = |text: &str| text.parse::<f64>().is_ok();
    let seq = number(whole)?.parse().ok()?;
    number(|host| !host.is_empty())?;
    let started = number(fraction)?.parse().ok()?;
    number(fraction)?;
    number(whole)?;
    number(whole)?;
    let exit_value = number(signed)?;
    let signal = number(signed)?;
    let finished = exit_value == "0" && signal == "0";
    unescaped(columns.next()?)?;
    let mut rows = Vec::new();
    let mut row = Vec::new();
    for column in columns {
        if has_columns && column == BETWEEN_ROWS {
            rows.push(std::mem::take(&mut row));
            continue;
        }
        row.push(OsString::from_vec(unescaped(column)?));
        if !has_columns {
            rows.push(std::mem::take(&mut row));
        }
    }
    if has_columns {
        rows.push(row);
    }
    let is_whole = !rows.is_empty() && rows.iter().all(|row| !row.is_empty());
    is_whole.then_some(Line { seq, started, finished, rows })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_back_or_seen_as_damaged() {
        let parsed = |line, has_columns| {
            parse(line, has_columns).map(|line| (line.seq, line.finished, line.rows))
        };
        let row = |columns: &[&str]| columns.iter().map(OsString::from).collect::<Vec<_>>();
        let line = b"3\t:\t1795245055.768\t     0.001\t0\t4\t0\t0\techo a\\tb\ta\\tb";
        assert_eq!(parsed(line, false), Some((3, true, vec![row(&["a\tb"])])));
        let line = b"3\t:\t1795245055.768\t     0.001\t0\t4\t1\t0\techo a\ta\tb";
        assert_eq!(parsed(line, false), Some((3, false, vec![row(&["a"]), row(&["b"])])));
        assert_eq!(parsed(line, true), Some((3, false, vec![row(&["a", "b"])])));
        let line = b"3\t:\t1.0\t1.0\t0\t4\t0\t0\techo\ta\tb\t\\;\tc\t";
        assert_eq!(parsed(line, true), Some((3, true, vec![row(&["a", "b"]), row(&["c", ""])])));
        assert_eq!(parse(line, false), None);
        for damaged in [
            &b""[..],
            b"x\t:\t1.0\t1.0\t0\t4\t0\t0\techo a\ta",
            b"3\t:\t1.0\t1.0\t0\t4\t0\t0\techo a",
            b"3\t:\t1.0\t1.0\t0\t4\t0\t0\techo a\ta\\",
            b"3\t:\t1.0\t1.0\t0\t4\t\t0\techo a\ta",
            b"\0\0\0\0\0",
        ] {
            for has_columns in [false, true] {
                let line = String::from_utf8_lossy(damaged);
                assert_eq!(parse(damaged, has_columns), None, "{line}");
            }
        }
    }
}
