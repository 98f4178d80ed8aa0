//! `--trace`: a timeline of the run for Perfetto (<https://ui.perfetto.dev>) and chrome://tracing, in the JSON of
//! Chrome's *Trace Event Format*.
//!
//! Each consumer is a track: the items that it had, one after the other, are slices, and so are its waits. Each
//! producer is a track of another group, on which a slice is a wait for room; between them it read its input. The
//! depth is a counter. Time is real, in µs since the start.
//!
//! Events are written as they come, whole ones only, and in that form of the format which is an array: both viewers
//! read it without its closing bracket, which is missing where forebay was killed. What is missing there too are
//! the last [`LONGEST`] bytes at most, of the last moments.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::run::observer::event::{Event, Side};
use crate::run::observer::{Ending, Moment, Observer};
use crate::run::standard;

/// The groups of tracks; 0 is no process to Perfetto.
const PRODUCERS: u32 = 1;
const CONSUMERS: u32 = 2;
const BUFFER: u32 = 3;

/// Events wait until they are so many bytes, or the first of them so old, to be written together.
const LONGEST: usize = 1 << 16;
const OLDEST: Duration = Duration::from_secs(1);

/// A track: its group, and its number in it, from 1. All of a group is 0.
type Track = (u32, usize);

/// An event of the format; see there for what its keys mean.
#[derive(Debug, Serialize)]
struct Entry<'a> {
    ph: &'a str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cat: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    s: Option<&'a str>,
    pid: u32,
    tid: usize,
    ts: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    dur: Option<f64>,
    #[serde(skip_serializing_if = "Details::is_nothing")]
    args: Details<'a>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Details<'a> {
    Nothing,
    Name { name: &'a str },
    Depth { items: u64 },
    Try { seq: u64, delivery: u32, result: &'a str, reason: Option<&'a str> },
    Reason { seq: u64, reason: &'a str },
}

impl Details<'_> {
    fn is_nothing(&self) -> bool {
        matches!(self, Self::Nothing)
    }
}

/// An item that a consumer has now.
#[derive(Debug)]
struct Open {
    consumer: usize,
    delivery: u32,
    since: Duration,
    label: String,
}

/// The observer that writes the timeline.
#[derive(Debug)]
pub(crate) struct Trace {
    path: PathBuf,
    began: Instant,
    capacity: u64,
    entries: Entries,
    named: HashSet<Track>,
    /// When each consumer was done with its last item.
    free: HashMap<usize, Duration>,
    /// By the number of the item.
    open: HashMap<u64, Open>,
    /// Items that came back to the buffer: beyond its capacity, if need be.
    came_back: u64,
    depth: Option<u64>,
    has_ended: bool,
}

impl Trace {
    /// Opens the file, so that a trace that has no place is told before anything runs.
    pub(crate) fn create(path: &Path, began: Instant, capacity: usize) -> Result<Self, String> {
        if standard::stream(path).is_some() {
            return Err(format!(
                "--trace {}: a trace would be mixed with what the commands print; give a file",
                path.display()
            ));
        }
        let create = || -> io::Result<Entries> {
            let mut entries = Entries::new(File::create(path)?);
            let groups = [(PRODUCERS, "producers"), (CONSUMERS, "consumers"), (BUFFER, "buffer")];
            for (group, name) in groups {
                entries.push(&name_of((group, 0), "process_name", name))?;
            }
            entries.write()?;
            Ok(entries)
        };
        let entries = create()
            .map_err(|error| format!("cannot open {} for --trace: {error}", path.display()))?;
        Ok(Self {
            path: path.to_owned(),
            began,
            capacity: capacity as u64,
            entries,
            named: HashSet::new(),
            free: HashMap::new(),
            open: HashMap::new(),
            came_back: 0,
            depth: None,
            has_ended: false,
        })
    }

    /// The track of a producer or a consumer, named when it is first needed.
    fn track(&mut self, side: Side) -> io::Result<Track> {
        let (track, who) = match side {
            Side::Producer(number) => ((PRODUCERS, number + 1), "producer"),
            Side::Consumer(number) => ((CONSUMERS, number + 1), "consumer"),
        };
        if self.named.insert(track) {
            self.entries.push(&name_of(track, "thread_name", &format!("{who} {}", track.1)))?;
        }
        Ok(track)
    }

    /// The consumer that has the item is done with it, for now or for good.
    fn close(
        &mut self,
        seq: u64,
        at: Duration,
        result: &str,
        reason: Option<&str>,
    ) -> io::Result<()> {
        let Some(Open { consumer, delivery, since, label }) = self.open.remove(&seq) else {
            return Ok(());
        };
        let track = self.track(Side::Consumer(consumer))?;
        // A consumer with a worker may hold several, and works on one after another.
        let free = self.free.entry(consumer).or_default();
        let since = since.max(*free);
        *free = at;
        let args = Details::Try { seq, delivery, result, reason };
        self.entries.push(&slice(track, &label, "item", (since, at), args))
    }

    /// Something happened at once to an item, on that track.
    fn mark(
        &mut self,
        side: Side,
        what: &str,
        at: Duration,
        seq: u64,
        reason: &str,
    ) -> io::Result<()> {
        let (pid, tid) = self.track(side)?;
        self.entries.push(&Entry {
            ph: "i",
            name: what,
            cat: Some(what),
            s: Some("t"),
            pid,
            tid,
            ts: micros(at),
            dur: None,
            args: Details::Reason { seq, reason },
        })
    }

    fn count_depth(&mut self, moment: Moment) -> io::Result<()> {
        // Events of several threads are told one after the other: between a lease and its telling, others may
        // put; what is told is then more than there ever was.
        let items = moment.depth.min(self.capacity + self.came_back);
        if self.depth.replace(items) == Some(items) {
            return Ok(());
        }
        self.count("depth", moment.at, items)
    }

    fn count(&mut self, what: &str, at: Duration, items: u64) -> io::Result<()> {
        self.entries.push(&Entry {
            ph: "C",
            name: what,
            cat: None,
            s: None,
            pid: BUFFER,
            tid: 0,
            ts: micros(at),
            dur: None,
            args: Details::Depth { items },
        })
    }
}

impl Observer for Trace {
    fn name(&self) -> String {
        format!("the trace {}", self.path.display())
    }

    fn see(&mut self, moment: Moment, event: &Event<'_>) -> io::Result<()> {
        if self.has_ended {
            // Of a thread that the run did not wait for.
            return Ok(());
        }
        let at = moment.at;
        match *event {
            Event::Put { producer, .. } => {
                self.track(Side::Producer(producer))?;
            }
            Event::Lease { consumer, item, delivery } => {
                let open = Open { consumer, delivery, since: at, label: item.label() };
                self.open.insert(item.seq, open);
            }
            Event::Ack { item, .. } => self.close(item.seq, at, "finished", None)?,
            Event::Failed { item, reason, .. } => {
                self.close(item.seq, at, "failed, to be tried again", Some(reason))?;
            }
            Event::Dead { consumer, item, reason } => {
                self.close(item.seq, at, "failed for good", Some(reason))?;
                self.mark(Side::Consumer(consumer), "dead", at, item.seq, reason)?;
            }
            Event::Refused { producer, item, reason } => {
                self.mark(Side::Producer(producer), "refused", at, item.seq, reason)?;
            }
            Event::Dropped { producer, item, has_waited } => {
                let reason = if has_waited { "waited longest" } else { "found no room" };
                self.mark(Side::Producer(producer), "dropped", at, item.seq, reason)?;
            }
            Event::Consumers { number } => self.count("consumers", at, number as u64)?,
            Event::Output { .. } => {}
            Event::Nack { item } => {
                self.came_back += 1;
                self.close(item.seq, at, "given back", None)?;
            }
            Event::Wait { side, since } => {
                let since = since.saturating_duration_since(self.began);
                let name = match side {
                    Side::Producer(_) => "waits for room",
                    Side::Consumer(_) => "waits for an item",
                };
                let track = self.track(side)?;
                self.entries.push(&slice(track, name, "wait", (since, at), Details::Nothing))?;
            }
        }
        self.count_depth(moment)?;
        self.entries.write_if_due(at)
    }

    fn end(&mut self, ending: &Ending<'_>) -> io::Result<()> {
        self.has_ended = true;
        let left: Vec<u64> = self.open.keys().copied().collect();
        for seq in left {
            self.close(seq, ending.measured.elapsed, "not done at the end", None)?;
        }
        self.entries.end()
    }
}

fn micros(time: Duration) -> f64 {
    time.as_nanos() as f64 / 1e3
}

/// Gives a group, or a track of it, its name.
fn name_of<'a>((pid, tid): Track, what: &'a str, name: &'a str) -> Entry<'a> {
    let args = Details::Name { name };
    Entry { ph: "M", name: what, cat: None, s: None, pid, tid, ts: 0.0, dur: None, args }
}

fn slice<'a>(
    (pid, tid): Track,
    name: &'a str,
    category: &'a str,
    (since, until): (Duration, Duration),
    args: Details<'a>,
) -> Entry<'a> {
    Entry {
        ph: "X",
        name,
        cat: Some(category),
        s: None,
        pid,
        tid,
        ts: micros(since),
        dur: Some(micros(until.saturating_sub(since))),
        args,
    }
}

/// An array of events on its way to a file.
#[derive(Debug)]
struct Entries {
    file: File,
    /// Whole ones that have not been written.
    text: Vec<u8>,
    written: Duration,
    is_first: bool,
}

impl Entries {
    fn new(file: File) -> Self {
        Self { file, text: b"[".to_vec(), written: Duration::ZERO, is_first: true }
    }

    fn push(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        self.text.extend_from_slice(if self.is_first { b"\n" } else { b",\n" });
        self.is_first = false;
        Ok(serde_json::to_writer(&mut self.text, entry)?)
    }

    fn write_if_due(&mut self, now: Duration) -> io::Result<()> {
        if self.text.len() < LONGEST && now.saturating_sub(self.written) < OLDEST {
            return Ok(());
        }
        self.written = now;
        self.write()
    }

    fn write(&mut self) -> io::Result<()> {
        self.file.write_all(&self.text)?;
        self.text.clear();
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        self.text.extend_from_slice(b"\n]\n");
        self.write()
    }
}
