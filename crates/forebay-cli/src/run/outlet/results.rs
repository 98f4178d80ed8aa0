//! `--results DIR`: what each item's command wrote, in files of its own.
//!
//! A folder for each item, which comes into being whole: it is made under another name, and renamed
//! once everything is in it. Its name tells the item, however odd that is, and sorts by number.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use crate::run::item::Item;
use crate::run::outlet::capture::{Output, Which};
use crate::run::outlet::joblog::Row;
use crate::run::outlet::spill::Spill;
use crate::run::outlet::text::{Text, Texts};

/// Where folders are made. Nothing in it is ever of use later.
const UNFINISHED: &str = ".unfinished";

/// What says how a command ended.
const RESULT: &str = "result.json";

/// The most bytes of a name that are the item. With what stands around it a name is shorter than
/// any file system's limit.
const LONGEST: usize = 90;

/// How an item's command ended.
#[derive(Debug, Serialize)]
struct Outcome<'a> {
    seq: u64,
    item: Texts<'a>,
    finished: bool,
    /// -1 when its time ran out.
    exit_value: i32,
    signal: i32,
    /// Since 1970.
    started: f64,
    seconds: f64,
    command: Text<'a>,
}

impl<'a> Outcome<'a> {
    fn of(row: &'a Row<'_>) -> Self {
        Self {
            seq: row.seq,
            item: Texts(row.args),
            finished: row.finished(),
            exit_value: row.exit_value,
            signal: row.signal,
            started: row.started.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64(),
            seconds: row.runtime.as_secs_f64(),
            command: Text(row.command),
        }
    }
}

/// What of it is read back.
#[derive(Deserialize)]
struct Earlier {
    finished: bool,
}

/// An open folder of results.
#[derive(Debug)]
pub(crate) struct Results {
    dir: PathBuf,
    /// Locked, so that no two runs add to it at once.
    _lock: File,
}

/// The folder of one item.
#[derive(Debug)]
pub(crate) struct Written(PathBuf);

impl Written {
    /// Takes it back: its item has not come to its end after all.
    pub(crate) fn withdraw(self) {
        let _ = fs::remove_dir_all(self.0);
    }
}

impl Results {
    /// Makes the folder, or goes on with one that holds something if it `may_hold` something.
    pub(crate) fn open(dir: &Path, may_hold: bool) -> Result<Self, String> {
        let cannot = |what: &str, error: io::Error| {
            format!("cannot {what} --results {}: {error}", dir.display())
        };
        fs::create_dir_all(dir).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists | ErrorKind::NotADirectory => {
                format!("--results {}: a file is in the way; give another name", dir.display())
            }
            _ => cannot("make", error),
        })?;
        let lock = File::open(dir).map_err(|error| cannot("open", error))?;
        if matches!(lock.try_lock(), Err(TryLockError::WouldBlock)) {
            return Err(format!("--results {}: another forebay is writing to it", dir.display()));
        }
        let holds_something =
            fs::read_dir(dir).map_err(|error| cannot("read", error))?.next().is_some();
        if holds_something && !may_hold {
            return Err(format!(
                "--results {}: there is something in it already; give another name, or add to it \
                 with --joblog FILE --resume",
                dir.display()
            ));
        }
        let results = Self { dir: dir.to_owned(), _lock: lock };
        // Of a run that was killed.
        let _ = fs::remove_dir_all(results.unfinished());
        fs::create_dir(results.unfinished()).map_err(|error| cannot("write to", error))?;
        Ok(results)
    }

    fn unfinished(&self) -> PathBuf {
        self.dir.join(UNFINISHED)
    }

    /// Writes the item's folder.
    pub(crate) fn write(
        &self,
        item: &Item,
        row: &Row<'_>,
        output: &Output,
        spill: &Spill,
    ) -> Result<Written, String> {
        let made = self.unfinished().join(item.seq.to_string());
        fill(&made, &Outcome::of(row), output, spill)
            .and_then(|()| self.place(&made, item))
            .map_err(|error| {
                let _ = fs::remove_dir_all(&made);
                format!("cannot write results to {}: {error}", self.dir.display())
            })
    }

    /// Gives the folder its name, or the next one that is free.
    fn place(&self, made: &Path, item: &Item) -> io::Result<Written> {
        let name = name_of(item);
        let mut place = self.dir.join(&name);
        let mut number = 1;
        loop {
            match fs::rename(made, &place) {
                Ok(()) => return Ok(Written(place)),
                Err(error) => match error.kind() {
                    ErrorKind::DirectoryNotEmpty | ErrorKind::AlreadyExists
                        if has_failed(&place) =>
                    {
                        fs::remove_dir_all(&place)?;
                    }
                    ErrorKind::DirectoryNotEmpty
                    | ErrorKind::AlreadyExists
                    | ErrorKind::NotADirectory => {
                        number += 1;
                        place = self.dir.join(format!("{name}.{number}"));
                    }
                    _ => return Err(error),
                },
            }
        }
    }

    /// Nothing more will be written.
    pub(crate) fn end(&self) {
        // A consumer that was left behind may still be at it; the next run clears that away.
        let _ = fs::remove_dir(self.unfinished());
    }
}

fn fill(made: &Path, outcome: &Outcome<'_>, output: &Output, spill: &Spill) -> io::Result<()> {
    fs::create_dir(made)?;
    for which in Which::BOTH {
        let mut file = File::create_new(made.join(which.name()))?;
        output.stream(which).read(spill, |part| file.write_all(part))?;
    }
    let mut result = serde_json::to_vec(outcome)?;
    result.push(b'\n');
    File::create_new(made.join(RESULT))?.write_all(&result)
}

/// Whether the folder is of an item that failed.
fn has_failed(folder: &Path) -> bool {
    let result = fs::read(folder.join(RESULT)).unwrap_or_default();
    serde_json::from_slice(&result).is_ok_and(|earlier: Earlier| !earlier.finished)
}

/// The name of an item's folder: two items of one number with the same name are the same.
fn name_of(item: &Item) -> String {
    let whole = written(&item.args);
    let mut name = format!("{:07}-", item.seq);
    if whole.len() <= LONGEST {
        name.push_str(&whole);
        return name;
    }
    // Not within a character, nor within %HH.
    let mut end = whole.floor_char_boundary(LONGEST);
    if let Some(at) = whole[..end].rfind('%')
        && at + 3 > end
    {
        end = at;
    }
    let _ = write!(name, "{}~{:016x}", &whole[..end], hash(whole.as_bytes()));
    name
}

/// The arguments with commas between them, as one name for a file that a shell takes as it stands.
fn written(args: &[OsString]) -> String {
    let mut name = String::new();
    for (index, arg) in args.iter().enumerate() {
        if index > 0 {
            name.push(',');
        }
        for chunk in arg.as_bytes().utf8_chunks() {
            for c in chunk.valid().chars() {
                if c.is_alphanumeric() || "-_.+=@:".contains(c) {
                    name.push(c);
                } else {
                    push_hex(&mut name, c.encode_utf8(&mut [0; 4]).as_bytes());
                }
            }
            push_hex(&mut name, chunk.invalid());
        }
    }
    name
}

fn push_hex(name: &mut String, bytes: &[u8]) {
    for byte in bytes {
        let _ = write!(name, "%{byte:02X}");
    }
}

/// FNV-1a (Fowler, Noll and Vo, 1991): the same in every version.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::*;
    use crate::run::arguments::Arguments;

    fn name(seq: u64, args: &[&[u8]]) -> String {
        let args = args.iter().map(|arg| OsStr::from_bytes(arg).to_owned()).collect();
        let args = Arguments::rows_of(args, Vec::new());
        name_of(&Item { seq, place: 0, args, duty: None })
    }

    #[test]
    fn names_tell_items() {
        for (args, expected) in [
            (&[&b"a.txt"[..]][..], "0000007-a.txt"),
            (&[b"dir/a b"], "0000007-dir%2Fa%20b"),
            (&[b".."], "0000007-.."),
            (&[b""], "0000007-"),
            (&[b"a\n\xff%,~"], "0000007-a%0A%FF%25%2C%7E"),
            (&["é漢".as_bytes()], "0000007-é漢"),
            (&[b"a", b"b,c"], "0000007-a,b%2Cc"),
        ] {
            assert_eq!(name(7, args), expected);
        }
        assert_eq!(name(12_345_678, &[b"a"]), "12345678-a");
    }

    #[test]
    fn long_names_are_cut_and_differ() {
        for unit in [&b"x"[..], b"\n", "é".as_bytes(), "漢".as_bytes(), b"\xff"] {
            for shift in 0..4 {
                let one = [&b"abcd"[..shift], &unit.repeat(5_000)].concat();
                let other = [&one[..], b"."].concat();
                let (one, other) = (name(1, &[&one]), name(1, &[&other]));
                assert!(one.len() <= 8 + LONGEST + 17, "{one}");
                assert_ne!(one, other);
                let (item, _) = one[8..].split_once('~').unwrap();
                let escapes = item.split('%').skip(1).map(|after| after.len().min(2));
                assert!(escapes.into_iter().all(|digits| digits == 2), "{one}");
            }
        }
        assert_eq!(hash(b"a"), 0xaf63_dc4c_8601_ec8c, "as the authors publish");
    }
}
