//! The end of a run: the report and the exit status.

use std::fs::File;
use std::io::ErrorKind;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use super::bottleneck::Measured;
use super::message::say;
use super::observer::Ending;
use super::report::{Remarks, Report};
use super::stop::Cause;
use super::{Run, progress};

impl Run {
    /// Prints what is left to print, and the report; gives the exit status.
    pub(super) fn conclude(
        &self,
        is_quiet: bool,
        report_file: Option<File>,
        consumers: usize,
    ) -> Result<u8, String> {
        if let Err(error) = self.printer.finish() {
            self.stop_without_output(&error);
        }
        self.end_backoff();
        progress::clear();
        if let Some((_, message)) = &*self.never_runs.lock().unwrap_or_else(PoisonError::into_inner)
        {
            say(message);
        }
        let elapsed = self.began.elapsed();
        let statistics = self.buffer.statistics();
        let production = self.production.get();
        let (ended, service) = self.tally.service();
        let measured = Measured {
            elapsed,
            producers: 1,
            consumers,
            production: production.map_or(elapsed, |production| production.ended),
            // A run that stopped early: as if the source had stood still while it was not read.
            source: production.map_or_else(
                || elapsed.saturating_sub(statistics.producer_wait),
                |production| production.source,
            ),
            producer_wait: statistics.producer_wait,
            consumer_wait: production
                .map_or(statistics.consumer_wait, |production| production.consumer_wait),
            produced: statistics.produced,
            ended: (self.tally.succeeded() + self.tally.failed()).max(u64::from(ended > 0)),
            service,
            is_telling: !self.is_list && self.stop.cause().is_none(),
        };
        let report = Report {
            produced: statistics.produced,
            finished: statistics.finished,
            failed: self.tally.failed(),
            remaining: statistics.unfinished(),
            dead: statistics.dead,
            dropped: statistics.dropped,
            high_water: statistics.high_water,
            capacity: self.capacity as u64,
            producers: 1,
            consumers,
            shares: self.tally.shares(),
            producer_wait_seconds: statistics.producer_wait.as_secs_f64(),
            consumer_wait_seconds: statistics.consumer_wait.as_secs_f64(),
            elapsed_seconds: elapsed.as_secs_f64(),
            bottleneck: measured.bottleneck(),
            balanced_consumers: measured.balanced_consumers(),
        };
        let remarks = Remarks {
            skipped: self.skipped.load(Ordering::Relaxed),
            all_read: production.is_some(),
            named: self.tally.named(),
        };
        if !is_quiet && !self.is_dry {
            report.for_people(&measured, &remarks).lines().for_each(say);
        }
        if let Some(mut file) = report_file {
            match report.write_json(&mut file) {
                Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                    self.stop_without_output(&error);
                }
                written => written.map_err(|error| {
                    format!("cannot write the report for --report-json: {error}")
                })?,
            }
        }
        let ending = Ending {
            report: &report,
            measured: &measured,
            remarks: &remarks,
            cause: self.stop.cause(),
            is_dry: self.is_dry,
        };
        for blinded in self.observers.end(&ending) {
            self.note_blinded(blinded);
        }
        let is_complete = report.remaining == 0 && production.is_some();
        if !is_complete && self.stop.cause().is_none() {
            return Err("items remain although nothing stopped the run; this is a defect of \
                        forebay, please report it"
                .to_owned());
        }
        Ok(self.exit_status())
    }

    fn exit_status(&self) -> u8 {
        match self.stop.cause() {
            Some(Cause::Interrupted(signal)) => 128 + signal as u8,
            Some(Cause::NeverRuns(code)) => code,
            Some(Cause::OutputGone) => 141,
            Some(Cause::Broken) => 255,
            Some(Cause::Halted { success: true }) => 0,
            _ if self.fault.load(Ordering::Relaxed) => 255,
            Some(Cause::Halted { success: false }) | None => self.tally.failed().min(101) as u8,
        }
    }
}
