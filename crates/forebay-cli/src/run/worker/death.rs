//! How a worker ends, and what becomes of the items that it has not answered.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime};

use super::answers::Read;
use super::service::Service;
use crate::run::command::Ended;
use crate::run::ending::{Command, fail, retry};
use crate::run::item::Item;
use crate::run::message::say;
use crate::run::outlet::capture::Output;
use crate::run::outlet::escape::escaped;

/// A process closes its pipes some moments before it has ended.
const DYING: Duration = Duration::from_secs(2);

/// How long a worker may take to exit after the end of its input.
const LAST: Duration = Duration::from_secs(5);

/// So many workers in a row that end without an answer are enough.
const FRUITLESS: u32 = 5;

/// Why a worker is no more of use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Exited,
    /// It reads no more, and has answered what it had read.
    ClosedInput,
    /// It answers no more.
    ClosedOutput,
    /// It had so long for one item.
    TimedOut(Duration),
}

impl Service<'_> {
    /// Ends the worker. The item whose answer was due has failed if it was begun; the others are given
    /// back. Says whether an item went to the backoff.
    pub(super) fn bury(&mut self, fate: Fate) -> bool {
        let Some(process) = &self.process else { return false };
        let exits = match fate {
            Fate::Exited => true,
            Fate::ClosedInput | Fate::ClosedOutput => process.exits_until(Instant::now() + DYING),
            Fate::TimedOut(_) => false,
        };
        if !exits {
            if fate == Fate::ClosedOutput && !self.told_of_closed_output && !self.run.stop.is_now()
            {
                self.told_of_closed_output = true;
                say(format_args!(
                    "{} closed its standard output and went on; it is stopped, and another one started as often \
                     as need be",
                    self.name()
                ));
            }
            process.stop();
        }
        let unread = process.unread();
        let (has_begun, was_read) =
            (self.window.has_begun(0, unread), self.window.was_read(unread));
        let Some(process) = self.process.take() else { return false };
        let (argv, answered) = (process.argv.clone(), process.answered);
        let (status, stopped) = match process.finish(&self.run.groups, false) {
            Ok(end) => end,
            // It was waited for by nobody else, so there is an end; a failure whatever it was.
            Err(_) => (ExitStatus::from_raw(1 << 8), false),
        };
        if stopped {
            self.give_all_back();
            return false;
        }
        let reason = self.reason(fate, exits, status);
        let is_timeout = matches!(fate, Fate::TimedOut(_));
        if answered > 0 {
            self.fruitless = 0;
        } else if !is_timeout {
            self.fruitless += 1;
        }
        let never_ran = !was_read || !self.workers.have_answered.load(Ordering::Relaxed);
        if self.fruitless >= FRUITLESS && never_ran {
            self.run.stop_broken(format_args!(
                "{reason} {FRUITLESS} times in a row before the worker had answered one item; starting \
                 nothing more. Does it work by hand? echo ITEM | {}",
                String::from_utf8_lossy(&self.run.template.command_line(&argv)),
            ));
            self.give_all_back();
            return false;
        }
        if !has_begun {
            if answered > 0 && !self.told_of_idle_death {
                self.told_of_idle_death = true;
                say(format_args!(
                    "consumer {}: {reason} while it had nothing to do; another one is started as often as \
                     need be",
                    self.number + 1
                ));
            }
            self.give_all_back();
            return false;
        }
        let time = self.window.age();
        let Some(lease) = self.window.pop() else { return false };
        self.run.tally.serve(1, time);
        let in_backoff = if Item::failures(&lease) + 1 < self.run.retries {
            retry(self.run, self.number, lease, reason)
        } else {
            let now = SystemTime::now();
            let ended = Ended { status, timed_out: is_timeout, stopped: false };
            let times = (now.checked_sub(time).unwrap_or(now), time);
            let command = Command { argv: &argv, times, ended: Ok(ended) };
            fail(self.run, self.number, lease, &mut Output::default(), &command, &reason);
            false
        };
        self.give_all_back();
        in_backoff
    }

    fn reason(&self, fate: Fate, exits: bool, status: ExitStatus) -> String {
        let mut reason = match (fate, status.code(), status.signal()) {
            (Fate::TimedOut(timeout), ..) => {
                format!("worker stopped after {} s", timeout.as_secs_f64())
            }
            (Fate::ClosedInput, ..) if !exits => "worker closed its standard input".to_owned(),
            (Fate::ClosedOutput, ..) if !exits => "worker closed its standard output".to_owned(),
            (_, Some(code), _) => format!("worker exited with status {code}"),
            (_, _, Some(signal)) => format!("worker killed by signal {signal}"),
            _ => format!("worker ended with {status}"),
        };
        let part = self.answers.part();
        if !part.is_empty() {
            reason.push_str(" after part of an answer: '");
            reason.push_str(&escaped(&part[..part.len().min(60)]));
            reason.push('\'');
        }
        reason
    }

    /// Stops the worker, because the run stops, and gives back what is in flight.
    pub(super) fn abandon(&mut self) {
        if let Some(process) = self.process.take() {
            process.stop();
            let _ = process.finish(&self.run.groups, false);
        }
        self.give_all_back();
    }

    /// There are no more items: the worker's input ends, and it has some time to exit by itself.
    pub(super) fn end(&mut self) {
        let Some(process) = &mut self.process else { return };
        process.end_input();
        let deadline = Instant::now() + LAST;
        let exits = loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let ready = process.wait(false, Some(left));
            if ready.readable {
                match self.answers.read(process.stdout()) {
                    Ok(Read::Some) => {
                        self.protest();
                        return self.abandon();
                    }
                    Ok(Read::Nothing) => {}
                    Ok(Read::End) | Err(_) => break process.exits_until(deadline),
                }
            }
            if ready.exited || left.is_zero() {
                break ready.exited;
            }
        };
        if !exits {
            process.stop();
        }
        let name = self.name();
        let Some(process) = self.process.take() else { return };
        let Ok((status, stopped)) = process.finish(&self.run.groups, exits) else { return };
        if stopped {
            return;
        }
        if !exits {
            say(format_args!(
                "{name} did not exit within {} s of the end of its input, and was stopped; its items are \
                 finished",
                LAST.as_secs()
            ));
        } else if !status.success() {
            let how = match (status.code(), status.signal()) {
                (Some(code), _) => format!("exited with status {code}"),
                (_, signal) => format!("was killed by signal {}", signal.unwrap_or(0)),
            };
            say(format_args!("{name} {how} at the end of its input; its items are finished"));
        }
    }
}
