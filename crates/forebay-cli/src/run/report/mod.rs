//! What a run says about itself at the end.
//!
//! # Which sums hold
//!
//! When a run has ended, however it ended,
//!
//! - `produced = finished + remaining + dead + dropped`;
//! - `failed = dead`: an item that failed its last try, or can never be run, is set aside as a dead
//!   letter, and nothing else is. The two keys differ once a buffer outlives its run;
//! - `dropped = 0` unless `--on-full` says to drop. What is `refused` was never produced;
//! - the sum of `produced_by` is `produced`;
//! - the sum of `shares` is `finished + failed`: each item counts for the consumer that brought it
//!   to its end, whoever tried before. Where items lie in a file, others may have brought some to theirs, and
//!   `finished` and `failed` are of the run's own.
//!
//! `produced` counts what was put into the buffer. A run that stops early leaves the rest of its
//! input unread; that is not counted, and the report says so. What `--resume` left out is not
//! produced either. With `-n`, an item here is the group that one command gets.

pub(crate) mod bottleneck;

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Write as _};

use serde::Serialize;

use crate::run::report::bottleneck::{Advice, Bottleneck, Measured};

/// The report: these keys, in this order, are what `--report-json` writes.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Report {
    pub(crate) produced: u64,
    /// Items whose command succeeded.
    pub(crate) finished: u64,
    /// Items that ended failed.
    pub(crate) failed: u64,
    /// Items put but not brought to an end, because the run was stopped early.
    pub(crate) remaining: u64,
    /// Dead letters.
    pub(crate) dead: u64,
    /// Items dropped because the buffer was full.
    pub(crate) dropped: u64,
    /// Items refused because the buffer was full, or because they are heavier than it may hold.
    pub(crate) refused: u64,
    /// The most items that waited at once.
    pub(crate) high_water: u64,
    pub(crate) capacity: u64,
    pub(crate) producers: usize,
    /// The most that ran at once.
    pub(crate) consumers: usize,
    /// Items put by each producer.
    pub(crate) produced_by: Vec<u64>,
    /// Items brought to an end by each consumer.
    pub(crate) shares: Vec<u64>,
    /// Time on a full buffer, all producers together.
    pub(crate) producer_wait_seconds: f64,
    /// Time on a full buffer, of each producer.
    pub(crate) producer_waits_seconds: Vec<f64>,
    /// Time on an empty buffer, all consumers together.
    pub(crate) consumer_wait_seconds: f64,
    pub(crate) elapsed_seconds: f64,
    pub(crate) bottleneck: Bottleneck,
    /// See [`bottleneck`](crate::run::report::bottleneck) for the formula.
    pub(crate) balanced_consumers: u64,
    /// How many consumers ran, in the mean over time: fewer than `consumers` only with `--elastic`.
    pub(crate) consumers_mean: f64,
    /// Time that consumers had an item and waited for `--rate` or `--delay`, all together. It is neither
    /// in `consumer_wait_seconds` nor time that an item took.
    pub(crate) rate_wait_seconds: f64,
}

/// What people are told beyond the figures.
#[derive(Debug, Default)]
pub(crate) struct Remarks {
    /// Items that `--resume` left out.
    pub(crate) skipped: u64,
    /// Those of the refused that are heavier than the buffer may hold.
    pub(crate) too_heavy: u64,
    /// Whether the input was read to its end.
    pub(crate) all_read: bool,
    /// Of the failed, those that were dead letters in the file when the run began.
    pub(crate) failed_before: u64,
    /// Items of this run that others brought to their end.
    pub(crate) elsewhere: u64,
    /// The first items that failed, each with its reason.
    pub(crate) named: Vec<(String, String)>,
    /// Where the number of consumers could vary: the fewest that ran.
    pub(crate) fewest: Option<usize>,
    /// What held starts back, if anything did: the rate, or the delay.
    pub(crate) pace: &'static str,
}

impl Report {
    /// Writes the report as JSON.
    pub(crate) fn write_json(&self, file: &mut File) -> io::Result<()> {
        let mut text = serde_json::to_vec(self)?;
        text.push(b'\n');
        file.write_all(&text)
    }

    /// The report for people: a few lines.
    pub(crate) fn for_people(&self, measured: &Measured, remarks: &Remarks) -> String {
        let mut text = String::new();
        let elapsed = self.elapsed_seconds;
        let ended = self.finished + self.failed;
        let _ = write!(
            text,
            "{}: {} finished, {} failed, {} remaining, in {}",
            counted(self.produced, "item"),
            self.finished,
            self.failed,
            self.remaining,
            seconds(elapsed),
        );
        if ended > 1 && elapsed > 0.0 {
            let _ = write!(text, " ({:.1}/s)", ended as f64 / elapsed);
        }
        if remarks.skipped > 0 {
            let _ =
                write!(text, "\n{} left out: finished before", counted(remarks.skipped, "item"));
        }
        let refused = self.refused - remarks.too_heavy;
        if refused > 0 {
            let _ = write!(text, "\n{} refused: the buffer was full", counted(refused, "item"));
        }
        if remarks.too_heavy > 0 {
            let _ = write!(text, "\n{} refused: too heavy", counted(remarks.too_heavy, "item"));
        }
        if self.dropped > 0 {
            let _ =
                write!(text, "\n{} dropped: the buffer was full", counted(self.dropped, "item"));
        }
        if remarks.elsewhere > 0 {
            let _ = write!(text, "\n{} done by others", counted(remarks.elsewhere, "item"));
        }
        if remarks.failed_before > 0 {
            let _ = write!(
                text,
                "\n{} failed before: dead letters; `forebay dead BUFFER retry` lets them be tried again",
                counted(remarks.failed_before, "item")
            );
        }
        if !remarks.all_read {
            text.push_str("\nthe input was not read to its end");
        }
        for (item, reason) in &remarks.named {
            let _ = write!(text, "\nfailed: {item}: {reason}");
        }
        let unnamed =
            self.failed.saturating_sub(remarks.named.len() as u64 + remarks.failed_before);
        if unnamed > 0 && !remarks.named.is_empty() {
            let _ = write!(text, "\nfailed: {unnamed} more");
        }
        if let Some(verdict) = self.verdict(measured, remarks) {
            let _ = write!(text, "\n{verdict}");
            if let Some(fewest) = remarks.fewest {
                let _ = write!(
                    text,
                    "\nelastic: from {fewest} to {}, {:.1} in the mean",
                    counted(self.consumers as u64, "consumer"),
                    self.consumers_mean,
                );
            }
            let _ = write!(
                text,
                "\nat most {} waited at once (capacity {}); producers waited {}, consumers {}; {}",
                self.high_water,
                self.capacity,
                seconds(self.producer_wait_seconds),
                seconds(self.consumer_wait_seconds),
                self.load(),
            );
        }
        if self.producers > 1 {
            let _ = write!(text, "\n{}", self.each_producer());
        }
        text
    }

    /// What each producer did, or the range where a list would be too long to read.
    fn each_producer(&self) -> String {
        let (put, waits) = (&self.produced_by, &self.producer_waits_seconds);
        if put.len() <= 8 {
            let one = |(number, (put, wait)): (usize, (&u64, &f64))| {
                format!("producer {} put {put}, waited {}", number + 1, seconds(*wait))
            };
            let list: Vec<_> = put.iter().zip(waits).enumerate().map(one).collect();
            return list.join("; ");
        }
        let (least, most) = (put.iter().min(), put.iter().max());
        format!(
            "producers put from {} to {}, waited from {} to {}",
            least.unwrap_or(&0),
            most.unwrap_or(&0),
            seconds(waits.iter().copied().fold(f64::INFINITY, f64::min)),
            seconds(waits.iter().copied().fold(0.0, f64::max)),
        )
    }

    /// Which side was slow, in a sentence; nothing where no item came to its end.
    pub(crate) fn verdict(&self, measured: &Measured, remarks: &Remarks) -> Option<String> {
        if self.finished + self.failed == 0 {
            return None;
        }
        let (producers_idle, consumers_idle) = measured.idle_percent();
        let mut ran = counted(self.consumers as u64, "consumer");
        if remarks.fewest.is_some() {
            ran.insert_str(0, "at most ");
        }
        let advice = match measured.advice() {
            Advice::Unknown => String::new(),
            Advice::Number(number) => format!(", {number} would balance it"),
            Advice::AsManyAsRun => {
                ", the input is fast enough for as many as the machine can run".to_owned()
            }
        };
        Some(match self.bottleneck {
            Bottleneck::Consumers => format!(
                "the consumers were the bottleneck: the input was ahead of them {producers_idle:.0} % \
                 of the time; {ran} ran{advice}"
            ),
            Bottleneck::Producers => format!(
                "the producers were the bottleneck: consumers waited for items {consumers_idle:.0} % \
                 of their time; {ran} ran{advice}"
            ),
            Bottleneck::Balanced => {
                format!("the two sides were balanced: neither waited much; {ran} ran")
            }
            Bottleneck::Rate => {
                let enough = match measured.advice() {
                    Advice::Number(number) => format!(", {number} would do"),
                    Advice::Unknown | Advice::AsManyAsRun => String::new(),
                };
                let waited = measured.paced_percent();
                let pace = remarks.pace;
                format!(
                    "the {pace} was the limit: starts waited for it {waited:.0} % of the time; {ran} ran{enough}"
                )
            }
            Bottleneck::Bursts => {
                let more_room = if self.would_room_help(measured) {
                    "a larger --capacity would even it out; "
                } else {
                    ""
                };
                format!(
                    "items came in bursts: the input was ahead {producers_idle:.0} % of the time, \
                     consumers waited for items {consumers_idle:.0} % of theirs; {more_room}{ran} \
                     ran{advice}"
                )
            }
        })
    }

    /// Whether bursts were held up by the buffer. Where it was never the limit, a larger one would change nothing.
    pub(crate) fn would_room_help(&self, measured: &Measured) -> bool {
        measured.advice() != Advice::Unknown
            && self.producer_wait_seconds >= 0.1 * self.elapsed_seconds
    }

    /// Each consumer's share, or the range where a list would be too long to read.
    fn load(&self) -> String {
        let shares = &self.shares;
        if shares.len() <= 8 {
            let list: Vec<_> = shares.iter().map(u64::to_string).collect();
            return format!("shares {}", list.join(" "));
        }
        let (least, most) = (shares.iter().min(), shares.iter().max());
        format!("shares from {} to {}", least.unwrap_or(&0), most.unwrap_or(&0))
    }
}

fn counted(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

fn seconds(time: f64) -> String {
    if time >= 100.0 { format!("{time:.0} s") } else { format!("{time:.2} s") }
}
