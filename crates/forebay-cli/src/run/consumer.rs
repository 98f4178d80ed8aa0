//! A consumer: leases an item, runs its command, and answers the lease by how that ended.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use forebay::{Consumer, Lease, TakeError};
use rustix::io::Errno;

use super::Run;
use super::capture::Output;
use super::command::{Ended, Runner};
use super::event::{Event, Side};
use super::item::{Item, shown};
use super::joblog::Row;
use super::json_lines::would_run;
use super::message::{beside_the_bar, say};
use super::outlet::{Manner, Receiver};
use super::stop::Cause;

/// How often, and how long apart, a start is tried again when the system is short of processes,
/// memory or file handles.
const SHORTAGES: u32 = 50;
const SHORTAGE: Duration = Duration::from_millis(100);

/// Serves items until there are no more, or the run stops. `number` counts from 0.
pub(crate) fn consume(run: &Run, mut consumer: Consumer<Item>, number: usize) {
    let mut runner = Runner {
        groups: &run.groups,
        timeout: run.timeout,
        is_direct: run.manner == Manner::Direct,
        consumer: number,
        part: vec![0; 1 << 16],
    };
    let mut output = Output::default();
    while let Ok(lease) = next(run, &consumer, number) {
        if run.stop.is_stopping() {
            // Dropping the lease gives the item back; it remains.
            return;
        }
        let delivery = lease.deliveries();
        run.tell(&Event::Lease { consumer: number, item: &lease, delivery });
        let began = Instant::now();
        let in_backoff = serve(run, &mut runner, lease, &mut output);
        output.clear(&run.spill);
        run.tally.serve(began.elapsed());
        if in_backoff {
            // The item is now another's to give back: the buffer closes for a consumer that has
            // leases itself, but for this one there may be more to come.
            consumer = consumer.clone();
        }
    }
}

/// Waits for an item, and tells of the wait.
fn next(run: &Run, consumer: &Consumer<Item>, number: usize) -> Result<Lease<Item>, TakeError> {
    if run.observers.is_empty() {
        return consumer.lease();
    }
    if let Ok(lease) = consumer.try_lease() {
        return Ok(lease);
    }
    let since = Instant::now();
    let lease = consumer.lease();
    run.tell(&Event::Wait { side: Side::Consumer(number), since });
    lease
}

/// Says whether the item went to the backoff.
fn serve(run: &Run, runner: &mut Runner<'_>, lease: Lease<Item>, output: &mut Output) -> bool {
    let argv = run.template.argv(&lease, runner.consumer + 1);
    if run.is_dry {
        let mut line = run.template.command_line(&argv);
        if run.is_json {
            line = would_run(&lease, &argv, &line);
        } else {
            line.push(b'\n');
        }
        output.stdout.push(&line, &run.spill);
        finish(run, runner.consumer, lease, output, None);
        return false;
    }
    if run.verbose {
        let mut line = run.template.command_line(&argv);
        line.push(b'\n');
        beside_the_bar(|| {
            let _ = io::Write::write_all(&mut io::stderr(), &line);
        });
    }
    let started = SystemTime::now();
    let clock = Instant::now();
    match start(run, runner, &argv, &lease, output) {
        Ok(ended) if ended.stopped => {
            // Stopped by us.
            run.give_back(lease);
        }
        Ok(ended) => {
            let times = (started, clock.elapsed());
            let command = Command { argv: &argv, times, ended: Ok(ended) };
            if ended.status.success() && !ended.timed_out {
                finish(run, runner.consumer, lease, output, Some(&command));
            } else if lease.failures() + 1 < run.retries {
                // Only the last try's output is printed, unless all is printed as it comes.
                return retry(run, runner.consumer, lease, reason(ended, run.timeout));
            } else {
                let reason = reason(ended, run.timeout);
                fail(run, runner.consumer, lease, output, &command, &reason);
            }
        }
        Err(error) => {
            let times = (started, clock.elapsed());
            cannot_start(run, runner.consumer, lease, output, &argv, times, &error);
        }
    }
    false
}

/// A command that was run, or could not be.
struct Command<'a> {
    argv: &'a [OsString],
    times: (SystemTime, Duration),
    /// Or the exit value that a shell would give.
    ended: Result<Ended, i32>,
}

fn start(
    run: &Run,
    runner: &mut Runner<'_>,
    argv: &[OsString],
    item: &Item,
    output: &mut Output,
) -> io::Result<Ended> {
    let mut shortages = 0;
    let consumer = runner.consumer;
    let tag = run.tag_of(consumer, item);
    let mut receiver = Receiver::new(run, consumer, item, &tag, output);
    loop {
        let result = runner.run(argv, item.seq, |which, bytes| receiver.push(which, bytes));
        let is_short = result.as_ref().is_err_and(|error| {
            let errno = error.raw_os_error().map(Errno::from_raw_os_error);
            matches!(errno, Some(Errno::AGAIN | Errno::NOMEM | Errno::MFILE | Errno::NFILE))
        });
        if !is_short || shortages == SHORTAGES || run.stop.is_stopping() {
            receiver.end();
            return result;
        }
        shortages += 1;
        thread::sleep(SHORTAGE);
    }
}

fn finish(
    run: &Run,
    consumer: usize,
    lease: Lease<Item>,
    output: &mut Output,
    command: Option<&Command<'_>>,
) {
    if !deliver(run, consumer, &lease, output, command) {
        return run.give_back(lease);
    }
    // A lease without a deadline is always answered.
    if let Ok(item) = lease.ack() {
        run.tell(&Event::Ack { consumer, item: &item });
    }
    run.tally.succeed(consumer);
    run.check_halt();
}

/// Says whether the item went to the backoff: unless the run has stopped.
fn retry(run: &Run, consumer: usize, lease: Lease<Item>, reason: String) -> bool {
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

fn fail(
    run: &Run,
    consumer: usize,
    lease: Lease<Item>,
    output: &mut Output,
    command: &Command<'_>,
    reason: &str,
) {
    if !deliver(run, consumer, &lease, output, Some(command)) {
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

/// Writes the results, prints the output and writes the joblog's line. If any of it cannot be done
/// the item has not come to its end, and the run stops.
fn deliver(
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
    let is_told = run.joblog.is_some() || run.results.is_some();
    let row = command.filter(|_| is_told).map(|command| row(run, item, command, received));
    let mut folder = None;
    if let (Some(results), Some(row)) = (&run.results, &row) {
        match results.write(item, row, output, &run.spill) {
            Ok(made) => folder = Some(made),
            Err(message) => return stop_short(run, item, &message),
        }
    }
    if let Err(error) = run.print(consumer, item, output) {
        run.stop_without_output(&error);
        if let Some(folder) = folder {
            folder.withdraw();
        }
        return false;
    }
    if let (Some(joblog), Some(row)) = (&run.joblog, &row)
        && let Err(message) = joblog.record(row)
    {
        if let Some(folder) = folder {
            folder.withdraw();
        }
        return stop_short(run, item, &message);
    }
    true
}

fn row<'a>(run: &Run, item: &'a Item, command: &Command<'_>, received: u64) -> Row<'a> {
    let (exit_value, signal) = match command.ended {
        Ok(ended) => {
            let signal = ended.status.signal().unwrap_or(0);
            let exit_value = ended.status.code().unwrap_or(0);
            (if ended.timed_out { -1 } else { exit_value }, signal)
        }
        Err(exit_value) => (exit_value, 0),
    };
    Row {
        seq: item.seq,
        started: command.times.0,
        runtime: command.times.1,
        received,
        exit_value,
        signal,
        command: run.template.command_line(command.argv),
        args: &item.args,
    }
}

/// What was to be written cannot be; the item is not done then.
fn stop_short(run: &Run, item: &Item, message: &str) -> bool {
    if run.stop_soon(Cause::Broken) {
        let then = match &run.joblog {
            Some(_) => "go on with --resume",
            None => "run it again",
        };
        say(format_args!(
            "{message}; item {} is not counted as done. Make room, then {then}",
            item.label()
        ));
    }
    false
}

fn reason(ended: Ended, timeout: Option<Duration>) -> String {
    match (ended.timed_out, timeout, ended.status.code(), ended.status.signal()) {
        (true, Some(timeout), ..) => format!("stopped after {} s", timeout.as_secs_f64()),
        (_, _, Some(code), _) => format!("exit status {code}"),
        (_, _, _, Some(signal)) => format!("killed by signal {signal}"),
        _ => ended.status.to_string(),
    }
}

/// Tells apart an item that cannot be an argument, and a command that can never be run.
fn cannot_start(
    run: &Run,
    consumer: usize,
    lease: Lease<Item>,
    output: &mut Output,
    argv: &[OsString],
    times: (SystemTime, Duration),
    error: &io::Error,
) {
    let errno = error.raw_os_error().map(Errno::from_raw_os_error);
    let exit_value = if errno == Some(Errno::NOENT) { 127 } else { 126 };
    let of_the_item = match errno {
        Some(Errno::TOOBIG) if lease.args.len() > 1 => {
            Some("too long together for the system's limit on arguments; give fewer with -n")
        }
        Some(Errno::TOOBIG) => {
            Some("too long for the system's limit on arguments; give it in a file")
        }
        // The standard library's word for it.
        None if error.kind() == io::ErrorKind::InvalidInput => {
            Some("holds a zero byte, which no argument can; separate such items with -0")
        }
        _ => None,
    };
    let why = if errno == Some(Errno::NOENT) && run.template.looks_like_a_script() {
        "not found; if it is a whole command line, give --shell before it, or take its quotes off"
            .to_owned()
    } else {
        in_words(errno, error)
    };
    let reason = match (of_the_item, run.template.program()) {
        (Some(reason), _) => reason.to_owned(),
        (None, None) => {
            format!("cannot run {}: {}", shown(&argv[0], 60), why)
        }
        (None, Some(program)) => {
            run.stop_soon(Cause::NeverRuns(exit_value));
            let message = format!(
                "cannot run {}: {} (first item {}; it and the rest remain)",
                shown(program, 200),
                why,
                lease.label()
            );
            run.note_never_runs(lease.place, message);
            run.give_back(lease);
            return;
        }
    };
    say(format_args!("item {}: {reason}", lease.label()));
    let command = Command { argv, times, ended: Err(exit_value.into()) };
    fail(run, consumer, lease, output, &command, &reason);
}

fn in_words(errno: Option<Errno>, error: &io::Error) -> String {
    match errno {
        Some(Errno::NOENT) => {
            "not found; is it spelled right, and installed? (for a script: is the interpreter that \
             its first line names?)"
                .to_owned()
        }
        Some(Errno::ACCESS) => "permission denied; is it executable?".to_owned(),
        Some(Errno::NOEXEC) => {
            "not a program this system can run; a script needs a #! line".to_owned()
        }
        _ => error.to_string(),
    }
}
