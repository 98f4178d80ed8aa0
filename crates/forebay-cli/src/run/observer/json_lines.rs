//! `--json`: every event of the run as a line of JSON on standard output.
//!
//! `docs/events.md` tells what users may rely on.

use std::ffi::OsString;
use std::io::{self, IsTerminal as _};

use rustix::stdio;
use serde::Serialize;

use crate::run::item::Item;
use crate::run::message::beside_the_bar;
use crate::run::observer::event::{Event, Side};
use crate::run::observer::{Ending, Moment, Observer};
use crate::run::outlet::output::write_all;
use crate::run::outlet::text::{Keyed, Text, Texts};

/// Writes the lines.
#[derive(Debug)]
pub(crate) struct JsonLines {
    /// They may meet the progress bar there.
    is_terminal: bool,
    line: Vec<u8>,
    depth: u64,
    /// Why nothing can be written any more.
    error: Option<io::ErrorKind>,
}

/// A line. Keys are written in this order.
#[derive(Debug, Serialize)]
struct Line<T> {
    event: &'static str,
    /// In seconds.
    at: f64,
    depth: u64,
    #[serde(flatten)]
    more: T,
}

/// What a line has beside its event, and when. Numbers are from 1 here.
#[derive(Debug, Default, Serialize)]
struct Keys<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    item: Option<Texts<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    producer: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    consumer: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delivery: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream: Option<&'static str>,
    #[serde(flatten)]
    content: Option<Keyed<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pause: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    has_waited: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<usize>,
}

impl JsonLines {
    pub(crate) fn new() -> Self {
        Self { is_terminal: io::stdout().is_terminal(), line: Vec::new(), depth: 0, error: None }
    }

    fn write(&mut self, line: &impl Serialize) -> io::Result<()> {
        // After half a line no other can follow.
        if let Some(error) = self.error {
            return Err(error.into());
        }
        self.line.clear();
        serde_json::to_writer(&mut self.line, line)?;
        self.line.push(b'\n');
        // At once and whole: whoever reads it may be waiting for this event.
        let write = || write_all(stdio::stdout(), &self.line);
        let written = if self.is_terminal { beside_the_bar(write) } else { write() };
        self.error = written.as_ref().err().map(io::Error::kind);
        written
    }
}

impl Observer for JsonLines {
    fn name(&self) -> String {
        "the events of --json".to_owned()
    }

    fn is_output(&self) -> bool {
        true
    }

    fn see(&mut self, moment: Moment, event: &Event<'_>) -> io::Result<()> {
        let one = |number: usize| Some(number + 1);
        let (event, keys) = match *event {
            Event::Put { producer, item } => {
                let args = Some(Texts(&item.args));
                ("put", Keys { item: args, producer: one(producer), ..of(item) })
            }
            Event::Lease { consumer, item, delivery } => {
                ("lease", Keys { consumer: one(consumer), delivery: Some(delivery), ..of(item) })
            }
            Event::Output { consumer, item, which, bytes } => {
                let (stream, content) = (Some(which.name()), Some(Keyed::new(bytes)));
                ("output", Keys { consumer: one(consumer), stream, content, ..of(item) })
            }
            Event::Ack { consumer, item } => ("ack", Keys { consumer: one(consumer), ..of(item) }),
            Event::Failed { consumer, item, reason, pause } => {
                let (reason, pause) = (Some(reason), Some(pause.as_secs_f64()));
                ("failed", Keys { consumer: one(consumer), reason, pause, ..of(item) })
            }
            Event::Nack { item } => ("nack", of(item)),
            Event::Dead { consumer, item, reason } => {
                ("dead", Keys { consumer: one(consumer), reason: Some(reason), ..of(item) })
            }
            Event::Refused { producer, item, reason } => {
                let (args, reason) = (Some(Texts(&item.args)), Some(reason));
                ("refused", Keys { item: args, producer: one(producer), reason, ..of(item) })
            }
            Event::Dropped { producer, item, has_waited } => {
                let (args, has_waited) = (Some(Texts(&item.args)), Some(has_waited));
                ("dropped", Keys { item: args, producer: one(producer), has_waited, ..of(item) })
            }
            Event::Wait { side, since } => {
                let seconds = Some(in_seconds(since.elapsed().as_secs_f64()));
                let keys = match side {
                    Side::Producer(number) => Keys { producer: one(number), ..Keys::default() },
                    Side::Consumer(number) => Keys { consumer: one(number), ..Keys::default() },
                };
                ("wait", Keys { seconds, ..keys })
            }
            Event::Consumers { number } => {
                ("consumers", Keys { number: Some(number), ..Keys::default() })
            }
        };
        self.depth = moment.depth;
        let at = in_seconds(moment.at.as_secs_f64());
        self.write(&Line { event, at, depth: moment.depth, more: keys })
    }

    fn end(&mut self, ending: &Ending<'_>) -> io::Result<()> {
        let report = ending.report;
        let at = in_seconds(report.elapsed_seconds);
        self.write(&Line { event: "report", at, depth: self.depth, more: report })
    }
}

fn of<'a>(item: &Item) -> Keys<'a> {
    Keys { seq: Some(item.seq), ..Keys::default() }
}

/// In whole microseconds: more digits would say nothing.
fn in_seconds(time: f64) -> f64 {
    (time * 1e6).round() / 1e6
}

/// The line of `--dry-run` for an item: what would be run, as one would type it.
pub(crate) fn would_run(item: &Item, argv: &[OsString], command: &[u8]) -> Vec<u8> {
    #[derive(Serialize)]
    struct WouldRun<'a> {
        event: &'static str,
        seq: u64,
        item: Texts<'a>,
        command: Text<'a>,
        argv: Texts<'a>,
    }
    let line = WouldRun {
        event: "would_run",
        seq: item.seq,
        item: Texts(&item.args),
        command: Text(command),
        argv: Texts(argv),
    };
    // Strings, numbers and lists of them: there is nothing to go wrong.
    let mut line = serde_json::to_vec(&line).unwrap_or_default();
    line.push(b'\n');
    line
}
