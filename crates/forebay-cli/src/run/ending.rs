//! How a try ends: what was written is printed, the joblog gets its line, the lease its answer, in this
//! order. If one of the first two cannot be done, the item has not come to its end.

use std::ffi::OsString;
use std::iter;
use std::os::unix::process::ExitStatusExt;
use std::time::{Duration, SystemTime};

use forebay::Lease;

use super::Run;
use super::capture::Output;
use super::command::Ended;
use super::event::Event;
use super::item::Item;
use super::joblog::Row;
use super::message::say;
use super::stop::Cause;

/// A command that was run, or could not be.
pub(crate) struct Command<'a> {
    pub(crate) argv: &'a [OsString],
    pub(crate) times: (SystemTime, Duration),
    /// Or the exit value that a shell would give.
    pub(crate) ended: Result<Ended, i32>,
}

pub(crate) fn finish(
    run: &Run,
    consumer: usize,
    lease: Lease<Item>,
    output: &mut Output,
    command: Option<&Command<'_>>,
) {
    if !deliver(run, &lease, output, command) {
        return run.give_back(lease);
    }
    acknowledge(run, consumer, lease);
    run.check_halt();
}

/// Says whether the item went to the backoff: unless the run has stopped.
pub(crate) fn retry(run: &Run, consumer: usize, lease: Lease<Item>, reason: String) -> bool {
    let pause = run.backoff.pause(lease.failures() + 1);
    run.tell(&Event::Failed { consumer, item: &lease, reason: &reason, pause });
    match run.backoff.hold(lease, pause, reason) {
        None => true,
        Some(lease) => {
            run.give_back(lease);
            false
        }
    }
}

pub(crate) fn fail(
    run: &Run,
    consumer: usize,
    lease: Lease<Item>,
    output: &mut Output,
    command: &Command<'_>,
    reason: &str,
) {
    if !deliver(run, &lease, output, Some(command)) || !run.set_aside(&lease) {
        return run.give_back(lease);
    }
    run.tally.fail(consumer, || lease.label(), reason);
    run.tell(&Event::Dead { consumer, item: &lease, reason });
    let _ = match command.ended {
        // The last of its tries: the buffer sets it aside.
        Ok(_) => lease.fail(reason),
        Err(_) => lease.reject(reason),
    };
    run.check_halt();
}

/// Prints the output and writes the joblog's line. If either cannot be done the item has not come
/// to its end, and the run stops.
pub(crate) fn deliver(
    run: &Run,
    item: &Item,
    output: &mut Output,
    command: Option<&Command<'_>>,
) -> bool {
    let received = output.stdout.length();
    if let Err(error) = run.printer.print(item, output) {
        run.stop_without_output(&error);
        return false;
    }
    let Some(command) = command else { return true };
    log(run, command, item, iter::once((item, received)))
}

/// Prints what a worker answered to each of some items, and writes their lines; all or, as far as is
/// known, none. The command's time is what each of them took.
pub(crate) fn deliver_answers<'a>(
    run: &Run,
    answers: impl Iterator<Item = (&'a Item, &'a [u8])> + Clone,
    command: &Command<'_>,
) -> bool {
    let Some((first, _)) = answers.clone().next() else { return true };
    if let Err(error) = run.printer.print_answers(answers.clone()) {
        run.stop_without_output(&error);
        return false;
    }
    log(run, command, first, answers.map(|(item, answer)| (item, answer.len() as u64)))
}

/// Counts an item whose output was delivered as finished.
pub(crate) fn acknowledge(run: &Run, consumer: usize, lease: Lease<Item>) {
    // A lease without a deadline is always answered.
    if let Ok(item) = lease.ack() {
        run.tell(&Event::Ack { consumer, item: &item });
    }
    run.tally.succeed(consumer);
}

/// Writes a line for each item, with the number of bytes that were printed for it.
fn log<'a>(
    run: &Run,
    command: &Command<'_>,
    first: &Item,
    items: impl Iterator<Item = (&'a Item, u64)>,
) -> bool {
    let Some(joblog) = &run.joblog else { return true };
    let (exit_value, signal) = match command.ended {
        Ok(ended) => {
            let signal = ended.status.signal().unwrap_or(0);
            let exit_value = ended.status.code().unwrap_or(0);
            (if ended.timed_out { -1 } else { exit_value }, signal)
        }
        Err(exit_value) => (exit_value, 0),
    };
    let (mut started, runtime) = command.times;
    let command = run.template.command_line(command.argv);
    let rows = items.map(|(item, received)| {
        let row = Row {
            seq: item.seq,
            started,
            runtime,
            received,
            exit_value,
            signal,
            command: &command,
            args: &item.args,
        };
        started += runtime;
        row
    });
    let Err(error) = joblog.record(rows) else { return true };
    if run.stop_soon(Cause::Broken) {
        say(format_args!(
            "{error}; item {} is not counted as done. Make room, then go on with --resume",
            first.label()
        ));
    }
    false
}
