//! `forebay put`: puts items into a buffer.
//!
//! What was read goes in batches: all that is there without waiting for more. So a slow source's items are put as
//! they come, and a fast one's many at a time. Nothing is read ahead of what could not be put yet but the batch.

use std::ffi::OsString;
use std::fmt::{Display, Write as _};
use std::fs;
use std::io::{self, BufReader, IsTerminal};
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use forebay::processes::Bytes;
use forebay::{Batch, Fault, Overflow, Patience, Refusal};

use super::counted;
use super::interruption::Interruption;
use super::label::label;
use super::place::{Buffer, Place, Producer};
use crate::run::args::values::on_full;
use crate::run::intake::delimiter::Delimiter;
use crate::run::intake::origin::{open as open_input, read_item};
use crate::run::message::beside_the_bar;
use crate::run::progress::{self, Figures};

/// So many items go in one batch, and so many bytes, at most.
const MOST: usize = 4096;
const MOST_BYTES: usize = 1 << 20;

/// What is done sooner needs no bar.
const FLEETING: Duration = Duration::from_millis(500);

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
    /// The buffer: a file, or a URL such as redis://host/jobs
    #[arg(value_name = "BUFFER", value_hint = clap::ValueHint::FilePath)]
    buffer: PathBuf,

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

    /// Say nothing about what was put, and show no progress; errors only
    #[arg(short, long)]
    quiet: bool,

    /// Show no progress bar
    #[arg(long)]
    no_progress: bool,

    /// Show the bar on a terminal, even with --quiet
    #[arg(long, visible_alias = "progress", conflicts_with = "no_progress")]
    bar: bool,
}

impl Args {
    /// Whether a bar was not declined, and there is someone to see it: one who types sees what he types instead.
    fn wants_bar(&self) -> bool {
        let is_declined = self.no_progress || (self.quiet && !self.bar);
        let types = self.items.is_empty() && self.files.is_empty() && io::stdin().is_terminal();
        !is_declined && !types && progress::is_seen()
    }

    /// How many items there are, if that is known.
    fn total(&self) -> Option<u64> {
        let total = self.items.len().max(self.files.len());
        (total > 0).then_some(total as u64)
    }
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
    let place = Place::of(&args.buffer)?;
    let buffer = place.open()?;
    buffer.warn("put");
    let producer = buffer.producer()?;
    let done = Arc::<Done>::default();
    let told = Arc::clone(&done);
    let interruption = Interruption::listen(move |is_between| {
        progress::clear();
        let rest = if is_between {
            "none after them"
        } else {
            "perhaps some more, which were on their way"
        };
        say(format_args!("interrupted: {} put, and {rest}", counted(told.put())));
    });
    let interruption = interruption.map_err(|error| format!("cannot begin: {error}"))?;
    let longest = buffer.longest_item();
    if args.wants_bar() {
        let (done, total) = (Arc::clone(&done), args.total());
        progress::show(FLEETING, move || done.figures(&buffer, total));
    }
    let mut putting = Putting {
        producer: producer.with_overflow(args.on_full),
        place,
        args,
        longest,
        done,
        interruption,
    };
    let put = putting.put(&delimiter);
    progress::clear();
    put
}

impl Putting<'_> {
    fn put(&mut self, delimiter: &Delimiter) -> Result<u8, String> {
        let args = self.args;
        let began = Instant::now();
        if !args.items.is_empty() {
            let items = args.items.iter().map(|item| item.clone().into_vec().into());
            self.put_many(items.collect())?;
        } else if args.files.is_empty() {
            self.put_input(delimiter)?;
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
                    self.and_so_far(&format!("cannot read {}: {error}", path.display()))
                })?;
                self.put_many(vec![bytes.into()])?;
            }
        }
        Ok(self.conclude(began.elapsed()))
    }
}

/// What was done so far.
#[derive(Debug, Default)]
struct Done {
    put: AtomicU64,
    refused: AtomicU64,
    dropped_oldest: AtomicU64,
    dropped: AtomicU64,
    /// Larger than the buffer may hold.
    too_heavy: AtomicU64,
    full_since: Mutex<Option<Instant>>,
}

impl Done {
    fn put(&self) -> u64 {
        self.put.load(Ordering::Relaxed)
    }

    fn add(&self, batch: &Batch) {
        self.put.fetch_add(batch.placed as u64, Ordering::Relaxed);
        self.dropped_oldest.fetch_add(batch.dropped_oldest, Ordering::Relaxed);
        self.dropped.fetch_add(batch.dropped_these as u64, Ordering::Relaxed);
    }

    /// An item is not put, and others may be. The longest that might be has so many bytes.
    fn refuse(&self, item: &[u8], refusal: Refusal, longest: Option<u64>) {
        let is_too_heavy = refusal == Refusal::TooHeavy;
        let kind = if is_too_heavy { &self.too_heavy } else { &self.refused };
        kind.fetch_add(1, Ordering::Relaxed);
        if self.not_put() > NAMED {
            return;
        }
        let label = label(item);
        if is_too_heavy {
            let most = longest.map_or_else(|| "fewer".to_owned(), |most| format!("at most {most}"));
            say(format_args!(
                "item {label} is not put: it has {} bytes, and an item of this buffer {most}; give more \
                 --capacity-bytes when you make one, or put the name of a file",
                item.len()
            ));
        } else {
            say(format_args!("item {label} is not put: {refusal}"));
        }
    }

    fn not_put(&self) -> u64 {
        self.refused.load(Ordering::Relaxed) + self.too_heavy.load(Ordering::Relaxed)
    }

    /// The room for an item is waited for, or no more.
    fn set_full(&self, since: Option<Instant>) {
        *self.full_since.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }

    /// What a bar shows.
    fn figures(&self, buffer: &Buffer, total: Option<u64>) -> Figures {
        // Without an answer the bar shows none waiting.
        let standing = buffer.statistics().unwrap_or_default();
        let full_since = *self.full_since.lock().unwrap_or_else(PoisonError::into_inner);
        let waits = full_since.map(|since| since.elapsed().as_secs());
        let note = match (waits, self.not_put()) {
            (Some(seconds @ 1..), _) => format!("waits for room, {seconds} s"),
            (_, 0) => String::new(),
            (_, refused) => format!("{refused} refused"),
        };
        Figures {
            ended: self.put() + self.not_put() + self.dropped.load(Ordering::Relaxed),
            total,
            note,
            waiting: standing.waiting,
            capacity: buffer.settings().capacity,
        }
    }
}

/// Says one line, and never through the bar.
fn say(line: impl Display) {
    beside_the_bar(|| eprintln!("forebay put: {line}"));
}

/// Items on their way into the buffer.
struct Putting<'a> {
    args: &'a Args,
    place: Place,
    producer: Producer,
    /// No item has more bytes, where that is bounded.
    longest: Option<u64>,
    done: Arc<Done>,
    interruption: Arc<Interruption>,
}

impl Putting<'_> {
    /// Puts what standard input holds.
    fn put_input(&mut self, delimiter: &Delimiter) -> Result<(), String> {
        let (name, file) = open_input("-".as_ref())?;
        if io::stdin().is_terminal() && !self.args.quiet {
            let each = if delimiter.is_newline() { ", one a line" } else { "" };
            say(format_args!(
                "reading items from the terminal{each}; Ctrl-D ends them, Ctrl-C stops"
            ));
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
        let interruption = Arc::clone(&self.interruption);
        while !items.is_empty() {
            let step = interruption.step();
            let (batch, refused) = match self.producer.put_many_within(items, Patience::Try) {
                Ok(batch) => (batch, None),
                Err(error) => (error.done, Some((error.rest, error.refusal))),
            };
            self.done.add(&batch);
            let Some((rest, mut refusal)) = refused else { break };
            items = rest;
            if refusal == Refusal::Full && self.waits() {
                let item = items.remove(0);
                self.done.set_full(Some(Instant::now()));
                let put = interruption.unless(self.producer.put_async(item));
                self.done.set_full(None);
                match put {
                    // Nothing is put any more; were this the last item, its end would look like that of all.
                    None => {
                        drop(step);
                        Interruption::wait_for_the_end();
                    }
                    Some(Ok(_)) => {
                        self.done.put.fetch_add(1, Ordering::Relaxed);
                        continue;
                    }
                    Some(Err(error)) => {
                        items.insert(0, error.item);
                        refusal = error.refusal;
                    }
                }
            }
            match refusal {
                Refusal::Full | Refusal::TimedOut | Refusal::TooHeavy => {
                    self.done.refuse(&items.remove(0), refusal, self.longest);
                }
                // Who waits for room waits for this, too.
                Refusal::Unable(Fault::Stalled { .. }) if self.waits() => {}
                _ => {
                    let first = items.first().map(|item| label(item)).unwrap_or_default();
                    let why = match refusal {
                        Refusal::Unable(fault) => self.place.in_words(fault),
                        refusal => format!("{}: {refusal}", self.place),
                    };
                    let rest = match refusal {
                        // It, and some that went with it, were on their way.
                        Refusal::Unable(Fault::Unanswered) => {
                            format!("from item {first} on it is not known which are")
                        }
                        _ => format!("item {first} and what comes after it are not"),
                    };
                    return Err(format!("{why}; {} put, {rest}", counted(self.done.put())));
                }
            }
        }
        Ok(())
    }

    fn waits(&self) -> bool {
        matches!(self.args.on_full, Overflow::Wait | Overflow::WaitFor(_))
    }

    /// What went wrong, and how far it has come.
    fn and_so_far(&self, what: &str) -> String {
        format!("{what}; {} put before", counted(self.done.put()))
    }

    /// Says what there is to say, and gives the exit status.
    fn conclude(&self, took: Duration) -> u8 {
        let count = |of: &AtomicU64| of.load(Ordering::Relaxed);
        let (put, dropped) = (self.done.put(), count(&self.done.dropped));
        let dropped_oldest = count(&self.done.dropped_oldest);
        let (refused, too_heavy) = (count(&self.done.refused), count(&self.done.too_heavy));
        let all_well = refused + too_heavy + dropped + dropped_oldest == 0;
        if (self.args.items.is_empty() && !self.args.quiet) || !all_well {
            let mut line = format!("{} put", counted(put));
            if put > 1 {
                let seconds = took.as_secs_f64();
                let rate = put as f64 / seconds.max(1e-6);
                let _ = write!(line, " in {seconds:.2} s ({rate:.0}/s)");
            }
            for (number, what) in [
                (refused, "refused: the buffer was full"),
                (too_heavy, "refused: larger than the buffer may hold"),
                (dropped, "dropped: the buffer was full"),
                (dropped_oldest, "that had waited dropped for them"),
            ] {
                if number > 0 {
                    let _ = write!(line, ", {number} {what}");
                }
            }
            say(line);
        }
        match (too_heavy, refused) {
            (1.., _) => super::USAGE,
            (_, 1..) => super::NOT_SO,
            _ => 0,
        }
    }
}
