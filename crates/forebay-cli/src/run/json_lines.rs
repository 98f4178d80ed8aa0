//! `--json`: every event of the run as a line of JSON on standard output.

use std::io;
use std::io::Write as _;

use serde_json::{Value, json};

use super::event::{Event, Side};
use super::item::Item;
use super::observer::{Ending, Moment, Observer};

/// Writes the lines.
#[derive(Debug)]
pub(crate) struct JsonLines;

impl JsonLines {
    fn write(line: &Value) -> io::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        io::stdout().lock().write_all(&text)
    }
}

impl Observer for JsonLines {
    fn name(&self) -> String {
        "the events of --json".to_owned()
    }

    fn see(&mut self, moment: Moment, event: &Event<'_>) -> io::Result<()> {
        let args = |item: &Item| -> Vec<String> {
            item.args.iter().map(|arg| arg.to_string_lossy().into_owned()).collect()
        };
        let mut line = match event {
            Event::Put { producer, item } => {
                json!({"event": "put", "seq": item.seq, "item": args(item), "producer": producer + 1})
            }
            Event::Lease { consumer, item, delivery } => {
                json!({"event": "lease", "seq": item.seq, "consumer": consumer + 1, "delivery": delivery})
            }
            Event::Ack { consumer, item } => {
                json!({"event": "ack", "seq": item.seq, "consumer": consumer + 1})
            }
            Event::Failed { consumer, item, reason, pause } => {
                json!({"event": "failed", "seq": item.seq, "consumer": consumer + 1, "reason": reason,
                       "pause": pause.as_secs_f64()})
            }
            Event::Nack { item } => json!({"event": "nack", "seq": item.seq}),
            Event::Dead { consumer, item, reason } => {
                json!({"event": "dead", "seq": item.seq, "consumer": consumer + 1, "reason": reason})
            }
            Event::Wait { side, since } => {
                let (who, number) = match side {
                    Side::Producer(number) => ("producer", number),
                    Side::Consumer(number) => ("consumer", number),
                };
                json!({"event": "wait", (who): number + 1, "seconds": since.elapsed().as_secs_f64()})
            }
        };
        line["at"] = json!(moment.at.as_secs_f64());
        line["depth"] = json!(moment.depth);
        Self::write(&line)
    }

    fn end(&mut self, ending: &Ending<'_>) -> io::Result<()> {
        Self::write(&json!({"event": "report", "report": ending.report}))
    }
}
