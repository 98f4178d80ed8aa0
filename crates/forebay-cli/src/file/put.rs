//! `forebay put`: puts items into a buffer.
//!
//! What was read goes in batches: all that is there without waiting for more. So a slow source's items are put as
//! they come, and a fast one's many at a time. Nothing is read ahead of what could not be put yet but the batch.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, BufReader, IsTerminal};
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;
use std::process::{self, ExitCode};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use forebay::processes::{Bytes, Producer, Raw};
use forebay::{Overflow, Patience, Refusal};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::counted;
use super::label::label;
use super::opening::{in_words, open};
use crate::run::args::values::on_full;
use crate::run::intake::delimiter::Delimiter;
use crate::run::intake::origin::{open as open_input, read_item};

/// So many items go in one batch, and so many bytes, at most.
const MOST: usize = 4096;
const MOST_BYTES: usize = 1 << 20;

/// How long a put waits before it is looked whether somebody has interrupted it.
const GLANCE: Duration = Duration::from_millis(100);

/// So many items that were not put are named.
const NAMED: u64 = 5;

/// Put items into a buffer, waiting while it is full
///
/// Items are arguments, or else the lines of standard input. An item that was put survives the death of any
/// process.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  Put every picture, whatever its name:
    find . -name '*.png' -print0 | forebay put jobs.fb -0
  Put two items:
    forebay put jobs.fb one 'and two'
  Put what files hold, each whole:
    forebay put jobs.fb --file *.json
  Try once:
    forebay put jobs.fb --on-full refuse \"$item\" || echo full

Exit status:
  0         all items were put, or dropped as --on-full says
  1         the buffer was full, and --on-full says to refuse
  130, 143  interrupted; how many were put is told
  255       an item could not be put: the buffer is closed, or of no use, or the
            item is too large; or wrong usage, or input that could not be read.
            How many were put is told, and the first that was not")]
pub(crate) struct Args {
    /// The buffer
    #[arg(value_name = "BUFFER", value_hint = clap::ValueHint::FilePath)]
    file: PathBuf,

    /// The items; without any they are read from standard input, one a line
    #[arg(value_name = "ITEM")]
    items: Vec<OsString>,

    /// Items on standard input end with a zero byte, not a newline
    #[arg(short = '0', long, conflicts_with_all = ["delimiter", "items"])]
    null: bool,

    /// Items on standard input end with DELIM; \n \t \r \0 \\ \xHH are understood
    #[arg(
        short, long, value_name = "DELIM", allow_hyphen_values = true, conflicts_with = "items",
        value_parser = clap::builder::OsStringValueParser::new()
    )]
    delimiter: Option<OsString>,

    /// Put what each FILE holds, as one item each; `-` is standard input
    #[arg(long = "file", value_name = "FILE", num_args = 1.., conflicts_with_all = ["items", "null", "delimiter"])]
    files: Vec<PathBuf>,

    /// If full: wait, wait=TIME, refuse, drop-oldest, drop-newest
    ///
    /// `wait=TIME` refuses an item that found no room for so long, `refuse` does so at once; they are told, and the
    /// exit status is 1. `drop-oldest` drops the item that has waited longest to make room, `drop-newest` the new
    /// one; how many were is told.
    #[arg(long, value_name = "WHAT", value_parser = on_full, default_value = "wait")]
    on_full: Overflow,

    /// Say nothing about what was put; errors only
    #[arg(short, long)]
    quiet: bool,
}

pub(crate) fn run(args: &Args) -> ExitCode {
    super::status("put", put(args))
}

fn put(args: &Args) -> Result<u8, String> {
    let delimiter = match &args.delimiter {
        _ if args.null => Delimiter::byte(0),
        None => Delimiter::byte(b'\n'),
        Some(text) => Delimiter::parse("-d", text)?,
    };
    let buffer = open(&args.file)?;
    let producer = buffer.producer(Raw).map_err(|fault| in_words(&args.file, fault))?;
    let mut putting = Putting {
        producer: producer.with_overflow(args.on_full),
        overflow: args.on_full,
        args,
        done: Arc::default(),
        interrupted: Arc::default(),
    };
    putting.listen().map_err(|error| format!("cannot begin: {error}"))?;
    let began = Instant::now();
    if !args.items.is_empty() {
        let items = args.items.iter().map(|item| item.clone().into_vec().into());
        putting.put_many(items.collect())?;
    } else if args.files.is_empty() {
        putting.put_input(&delimiter)?;
    } else {
        for path in &args.files {
            let read = || {
                if path.as_os_str() == "-" {
                    let mut bytes = Vec::new();
                    return io::Read::read_to_end(&mut io::stdin().lock(), &mut bytes)
                        .map(|_| bytes);
                }
                fs::read(path)
            };
            let bytes = read().map_err(|error| {
                putting.and_so_far(&format!("cannot read {}: {error}", path.display()))
            })?;
            putting.put_many(vec![bytes.into()])?;
        }
    }
    Ok(putting.conclude(began.elapsed()))
}

/// What was done so far.
#[derive(Debug, Default)]
struct Done {
    put: u64,
    refused: u64,
    dropped_oldest: u64,
    dropped: u64,
    /// Larger than the buffer may hold.
    too_heavy: u64,
}

impl Done {
    /// An item is not put, and others may be.
    fn refuse(&mut self, item: &[u8], refusal: Refusal) {
        if refusal == Refusal::TooHeavy {
            self.too_heavy += 1;
        } else {
            self.refused += 1;
        }
        let refused = self.refused + self.too_heavy;
        if refused <= NAMED {
            eprintln!("forebay put: item {} is not put: {refusal}", label(item));
        }
    }
}

/// Items on their way into the buffer.
struct Putting<'a> {
    args: &'a Args,
    producer: Producer<Bytes, Raw>,
    overflow: Overflow,
    /// Locked while something is being put.
    done: Arc<Mutex<Done>>,
    interrupted: Arc<AtomicBool>,
}

impl Putting<'_> {
    /// From here on an interruption ends the process between two puts, and says how many there were.
    fn listen(&self) -> io::Result<()> {
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
        let (done, interrupted) = (Arc::clone(&self.done), Arc::clone(&self.interrupted));
        thread::Builder::new().name("interrupt".to_owned()).spawn(move || {
            if let Some(signal) = signals.forever().next() {
                interrupted.store(true, Ordering::Relaxed);
                let done = done.lock().unwrap_or_else(PoisonError::into_inner);
                eprintln!(
                    "forebay put: interrupted: {} put, and none after them",
                    counted(done.put)
                );
                // Nothing can be put any more: this thread has the lock.
                process::exit(128 + signal);
            }
        })?;
        Ok(())
    }

    /// Puts what standard input holds.
    fn put_input(&mut self, delimiter: &Delimiter) -> Result<(), String> {
        let (name, file) = open_input("-".as_ref())?;
        if io::stdin().is_terminal() && !self.args.quiet {
            let each = if delimiter.is_newline() { ", one a line" } else { "" };
            eprintln!(
                "forebay put: reading items from the terminal{each}; Ctrl-D ends them, Ctrl-C stops"
            );
        }
        let mut reader = BufReader::with_capacity(1 << 16, file);
        let mut ended = false;
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while !ended {
            let item = read_item(&mut reader, delimiter.bytes(), &mut ended);
            let item = match item {
                Ok(item) => item,
                Err(error) => {
                    self.put_many(batch)?;
                    return Err(self.and_so_far(&format!("cannot read items from {name}: {error}")));
                }
            };
            if let Some(item) = item {
                bytes += item.len();
                batch.push(item.into_vec().into());
            }
            let last = delimiter.bytes().last();
            let has_more = || last.is_some_and(|last| reader.buffer().contains(last));
            if ended || batch.len() >= MOST || bytes >= MOST_BYTES || !has_more() {
                self.put_many(std::mem::take(&mut batch))?;
                bytes = 0;
            }
        }
        Ok(())
    }

    /// Puts the items, each as --on-full says. An error is that nothing more can be put.
    fn put_many(&mut self, mut items: Vec<Bytes>) -> Result<(), String> {
        // Since when the first of them has found no room.
        let mut full_since = None;
        while !items.is_empty() {
            if self.interrupted.load(Ordering::Relaxed) {
                // The thread that was told ends the process.
                thread::park();
                continue;
            }
            let patience = match self.overflow {
                Overflow::Wait => Patience::lasting(GLANCE),
                Overflow::WaitFor(time) => full_since.map_or(Patience::Try, |since: Instant| {
                    Patience::lasting(time.saturating_sub(since.elapsed()).min(GLANCE))
                }),
                _ => Patience::Try,
            };
            let done = Arc::clone(&self.done);
            let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
            let (batch, refused) = match self.producer.put_many_within(items, patience) {
                Ok(batch) => (batch, None),
                Err(error) => (error.done, Some((error.rest, error.refusal))),
            };
            done.put += batch.placed as u64;
            done.dropped_oldest += batch.dropped_oldest;
            done.dropped += batch.dropped_these as u64;
            let Some((rest, refusal)) = refused else { break };
            items = rest;
            if batch.placed > 0 {
                full_since = None;
            }
            let is_given_up = match (refusal, self.overflow) {
                (Refusal::Full | Refusal::TimedOut, Overflow::Wait) => false,
                (Refusal::Full | Refusal::TimedOut, Overflow::WaitFor(time)) => {
                    full_since.get_or_insert_with(Instant::now).elapsed() >= time
                }
                (Refusal::Full | Refusal::TimedOut | Refusal::TooHeavy, _) => true,
                _ => {
                    drop(done);
                    let first = items.first().map(|item| label(item)).unwrap_or_default();
                    let why = match refusal {
                        Refusal::Unable(fault) => in_words(&self.args.file, fault),
                        refusal => format!("{}: {refusal}", self.args.file.display()),
                    };
                    return Err(format!(
                        "{why}; {} put, item {first} and what comes after it are not",
                        counted(self.done.lock().unwrap_or_else(PoisonError::into_inner).put)
                    ));
                }
            };
            if is_given_up {
                let item = items.remove(0);
                done.refuse(&item, refusal);
                full_since = None;
            }
        }
        Ok(())
    }

    /// What went wrong, and how far it has come.
    fn and_so_far(&self, what: &str) -> String {
        let done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        format!("{what}; {} put before", counted(done.put))
    }

    /// Says what there is to say, and gives the exit status.
    fn conclude(&self, took: Duration) -> u8 {
        let done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        let not_put = done.refused + done.too_heavy;
        let dropped = done.dropped + done.dropped_oldest;
        if (self.args.items.is_empty() && !self.args.quiet) || not_put > 0 || dropped > 0 {
            let mut line = format!("{} put", counted(done.put));
            if done.put > 1 {
                let seconds = took.as_secs_f64();
                let rate = done.put as f64 / seconds.max(1e-6);
                let _ = write!(line, " in {seconds:.2} s ({rate:.0}/s)");
            }
            for (number, what) in [
                (done.refused, "refused: the buffer was full"),
                (done.too_heavy, "refused: larger than the buffer may hold"),
                (done.dropped, "dropped: the buffer was full"),
                (done.dropped_oldest, "that had waited dropped for them"),
            ] {
                if number > 0 {
                    let _ = write!(line, ", {number} {what}");
                }
            }
            eprintln!("forebay put: {line}");
        }
        match *done {
            Done { too_heavy: 1.., .. } => super::USAGE,
            Done { refused: 1.., .. } => super::NOT_SO,
            _ => 0,
        }
    }
}
