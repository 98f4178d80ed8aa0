//! The end of a run: the report and the exit status.

use std::fs::File;
use std::io::ErrorKind;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use super::message::say;
use super::observer::Ending;
use super::report::bottleneck::Measured;
use super::report::{Remarks, Report};
use super::stop::Cause;
use super::{Run, progress};
use crate::buffer::unreadable;

impl Run {
    /// Prints what is left to print, and the report; gives the exit status.
    pub(super) fn conclude(&self, is_quiet: bool, report_file: Option<File>) -> Result<u8, String> {
        if let Err(error) = self.printer.finish() {
            self.stop_without_output(&error);
        }
        self.backoff.end();
        if let Some(results) = &self.results {
            results.end();
        }
        progress::clear();
        if let Some((_, message)) = &*self.never_runs.lock().unwrap_or_else(PoisonError::into_inner)
        {
            say(message);
        }
        if let Some(shared) = &self.shared
            && shared.unreadable() > 0
        {
            say(unreadable(shared.buffer.place(), shared.unreadable()));
            self.note_fault();
        }
        let elapsed = self.began.elapsed();
        let statistics = self.buffer.statistics();
        let account = self.account(&statistics);
        // Whoever waits for these need not wait for the end of this process.
        self.give_rest_back();
        self.part();
        let production = self.production.get();
        let (ended, service) = self.tally.service();
        let consumers = self.gate.most();
        let consumers_mean = self.gate.mean();
        let held = self.pace.held();
        let measured = Measured {
            elapsed,
            consumers,
            consumers_mean,
            paced: held.any,
            production: production.map_or(elapsed, |production| production.ended),
            // Who puts into a shared buffer does so all the while, as far as is known here.
            producing: if account.has_source { self.intake.producing(elapsed) } else { elapsed },
            rate: self.intake.rate(elapsed),
            producer_wait: account.producer_wait,
            consumer_wait: production
                .map_or(statistics.consumer_wait, |production| production.consumer_wait),
            produced: account.produced,
            refused: self.intake.refused_full(),
            dropped: account.dropped,
            ended: (self.tally.succeeded() + self.tally.failed()).max(u64::from(ended > 0)),
            service,
            is_telling: !self.is_list && account.has_source && self.stop.cause().is_none(),
        };
        let report = Report {
            produced: account.produced,
            finished: account.finished,
            failed: account.failed,
            remaining: account.remaining,
            dead: account.dead,
            dropped: account.dropped,
            refused: self.intake.refused(),
            high_water: account.high_water,
            capacity: self.capacity as u64,
            producers: self.intake.producers(),
            consumers,
            produced_by: account.produced_by,
            shares: self.tally.shares(consumers),
            producer_wait_seconds: account.producer_wait.as_secs_f64(),
            producer_waits_seconds: self.intake.waits(),
            consumer_wait_seconds: statistics.consumer_wait.as_secs_f64(),
            elapsed_seconds: elapsed.as_secs_f64(),
            bottleneck: measured.bottleneck(),
            balanced_consumers: measured.balanced_consumers(),
            consumers_mean,
            rate_wait_seconds: held.consumers.as_secs_f64(),
        };
        let remarks = Remarks {
            skipped: self.skipped.load(Ordering::Relaxed),
            too_heavy: self.intake.too_heavy(),
            all_read: production.is_some()
                || self.shared.as_ref().is_some_and(|shared| shared.own.is_none()),
            named: self.tally.named(),
            failed_before: account.failed_before,
            elsewhere: account.elsewhere,
            fewest: self.is_elastic.then(|| self.gate.fewest()),
            pace: self.pace.name(),
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
        for blinded in self.observers.end(&ending, !self.stop.is_now()) {
            self.note_blinded(blinded);
        }
        let is_complete = report.remaining == 0 && production.is_some();
        if !is_complete && self.stop.cause().is_none() {
            return Err("items remain although nothing stopped the run; this is a defect of \
                        forebay, please report it"
                .to_owned());
        }
        Ok(self.exit_status(report.failed))
    }

    fn exit_status(&self, failed: u64) -> u8 {
        match self.stop.cause() {
            Some(Cause::Interrupted(signal)) => 128 + signal as u8,
            Some(Cause::NeverRuns(code)) => code,
            Some(Cause::OutputGone) => 141,
            Some(Cause::Broken) => 255,
            Some(Cause::Halted { success: true }) => 0,
            _ if self.fault.load(Ordering::Relaxed) => 255,
            Some(Cause::Halted { success: false }) | None => failed.min(101) as u8,
        }
    }
}
