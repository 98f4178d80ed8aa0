//! How a try ends: results are written, what was written is printed, the joblog gets its line, the lease its
//! answer (the one in a shared buffer, and then the one in memory), in this order. If one of them cannot be done, the item has not come to its end.

use std::ffi::OsString;
use std::iter;
use std::os::unix::process::ExitStatusExt;
use std::time::{Duration, SystemTime};

use forebay::Lease;

use super::Run;
use super::command::Ended;
use super::item::Item;
use super::observer::event::Event;
use super::outlet::capture::Output;
use super::outlet::joblog::Row;

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
    if !deliver(run, consumer, &lease, output, command) {
        return run.give_back(lease);
    }
    acknowledge(run, consumer, lease);
    run.check_halt();
}

/// Says whether the item went to the backoff: unless the run has stopped.
pub(crate) fn retry(run: &Run, consumer: usize, lease: Lease<Item>, reason: String) -> bool {
    let pause = run.backoff.pause(Item::failures(&lease) + 1);
    run.tell(&Event::Failed { consumer, item: &lease, reason: &reason, pause });
    let why = lease.duty.is_some().then(|| reason.clone());
    match run.backoff.hold(lease, pause, reason) {
        None => true,
        Some(lease) => {
            run.give_failed_back(lease, why.as_deref().unwrap_or_default());
            false
        }
    }
}

impl Run {
    /// The item's pause is over.
    pub(crate) fn try_again(&self, lease: Lease<Item>, reason: &str) {
        if self.fail_shared(&lease, reason)
            && let Some(shared) = &self.shared
        {
            return self.let_go(shared, lease);
        }
        self.tell(&Event::Nack { item: &lease });
        // A lease without a deadline is always answered.
        let _ = lease.fail(reason);
    }

    /// The run stops before the item's pause is over.
    pub(crate) fn give_failed_back(&self, lease: Lease<Item>, reason: &str) {
        self.fail_shared(&lease, reason);
        self.give_back(lease);
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
    if !deliver(run, consumer, &lease, output, Some(command)) || !run.set_aside(&lease) {
        return run.give_back(lease);
    }
    run.tally.fail(consumer, || lease.label(), reason);
    run.tell(&Event::Dead { consumer, item: &lease, reason });
    run.set_aside_shared(&lease, reason);
    match command.ended {
        // It is a dead letter of the shared buffer, and nothing here any more.
        _ if lease.duty.is_some() => drop(lease.ack()),
        // The last of its tries: the buffer sets it aside.
        Ok(_) => drop(lease.fail(reason)),
        Err(_) => drop(lease.reject(reason)),
    }
    run.check_halt();
}

/// Writes the results, prints the output and writes the joblog's line. If any of it cannot be done
/// the item has not come to its end, and the run stops.
pub(crate) fn deliver(
    run: &Run,
    consumer: usize,
    item: &Item,
    output: &mut Output,
    command: Option<&Command<'_>>,
) -> bool {
    if output.is_lost {
        return false;
    }
    let received = output.stdout.length();
    let told = command.filter(|_| run.joblog.is_some() || run.results.is_some());
    let line = told.map_or_else(Vec::new, |command| run.template.command_line(command.argv));
    let row = told.map(|command| row(item, command, &line, received));
    let mut folder = None;
    if let (Some(results), Some(row)) = (&run.results, &row) {
        match results.write(item, row, output, &run.spill) {
            Ok(made) => folder = Some(made),
            Err(message) => return stop_short(run, item, &message),
        }
    }
    let is_told = match run.print(consumer, item, output) {
        Ok(()) => row.is_none_or(|row| log(run, item, iter::once(row))),
        Err(error) => {
            run.stop_without_output(&error);
            false
        }
    };
    if let Some(folder) = folder
        && !is_told
    {
        folder.withdraw();
    }
    is_told
}

/// Prints what a worker answered to each of some items, and writes their lines; all or, as far as is
/// known, none. The command's time is what each of them took.
pub(crate) fn deliver_answers<'a>(
    run: &Run,
    consumer: usize,
    answers: impl Iterator<Item = (&'a Item, &'a [u8])> + Clone,
    command: &Command<'_>,
) -> bool {
    let Some((first, _)) = answers.clone().next() else { return true };
    if let Err(error) = run.print_answers(consumer, answers.clone()) {
        run.stop_without_output(&error);
        return false;
    }
    let line = run.template.command_line(command.argv);
    let mut rows = 0;
    let rows = answers.map(|(item, answer)| {
        let mut row = row(item, command, &line, answer.len() as u64);
        row.started += rows * row.runtime;
        rows += 1;
        row
    });
    log(run, first, rows)
}

/// Counts an item whose output was delivered as finished.
pub(crate) fn acknowledge(run: &Run, consumer: usize, lease: Lease<Item>) {
    acknowledge_all(run, consumer, vec![lease]);
}

/// The same for several.
pub(crate) fn acknowledge_all(run: &Run, consumer: usize, leases: Vec<Lease<Item>>) {
    run.ack_shared(leases.iter().map(|lease| &**lease));
    for lease in leases {
        // A lease without a deadline is always answered.
        if let Ok(item) = lease.ack() {
            run.tell(&Event::Ack { consumer, item: &item });
        }
        run.tally.succeed(consumer);
    }
}

/// The item's line, with the number of bytes that its command printed.
fn row<'a>(item: &'a Item, command: &Command<'_>, line: &'a [u8], received: u64) -> Row<'a> {
    let (exit_value, signal) = match command.ended {
        Ok(ended) => {
            let signal = ended.status.signal().unwrap_or(0);
            let exit_value = ended.status.code().unwrap_or(0);
            (if ended.timed_out { -1 } else { exit_value }, signal)
        }
        Err(exit_value) => (exit_value, 0),
    };
    let (started, runtime) = command.times;
    let (seq, args) = (item.seq, &item.args);
    Row { seq, started, runtime, received, exit_value, signal, command: line, args }
}

fn log<'a>(run: &Run, first: &Item, rows: impl Iterator<Item = Row<'a>>) -> bool {
    let Some(joblog) = &run.joblog else { return true };
    joblog.record(rows).map_or_else(|message| stop_short(run, first, &message), |()| true)
}

/// What was to be written cannot be; the item is not done then.
fn stop_short(run: &Run, item: &Item, message: &str) -> bool {
    let then = match (&run.joblog, &run.shared) {
        (_, Some(_)) => "start it again",
        (Some(_), None) => "go on with --resume",
        (None, None) => "run it again",
    };
    run.stop_broken(format_args!(
        "{message}; item {} is not counted as done. Make room, then {then}",
        item.label()
    ));
    false
}
