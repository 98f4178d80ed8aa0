//! A consumer: leases an item, runs its command, and answers the lease by how that ended.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::time::{Duration, Instant, SystemTime};

use forebay::{Consumer, Lease, TakeError};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::Signal;
use rustix::stdio;

use super::Run;
use super::command::limit::bytes_of;
use super::command::starting::{exit_value, in_words, never_runs, patiently, show_command};
use super::command::surroundings::NoDirectory;
use super::command::{Ended, Runner};
use super::ending::{Command, fail, finish, retry};
use super::item::{Item, shown};
use super::message::say;
use super::observer::event::{Event, Side};
use super::observer::json_lines::would_run;
use super::outlet::capture::Output;
use super::outlet::{Manner, Receiver};
use super::worker;

/// How long a consumer waits for an item before it looks whether it is still wanted.
const GLANCE: Duration = Duration::from_millis(60);

/// Serves items until there are no more, or the run stops. `number` counts from 0.
pub(crate) fn consume(run: &Run, mut consumer: Consumer<Item>, number: usize) {
    if let Some(workers) = &run.workers {
        return worker::consume(run, workers, consumer, number);
    }
    let mut runner = Runner {
        groups: &run.groups,
        surroundings: &run.surroundings,
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
        let delivery = Item::deliveries(&lease);
        run.tell(&Event::Lease { consumer: number, item: &lease, delivery });
        if !run.pace.pass() {
            return run.give_back(lease);
        }
        if !run.begin_duty(number, &lease) {
            run.give_back(lease);
            continue;
        }
        let busy = run.busy.begin();
        let began = Instant::now();
        let in_backoff = serve(run, &mut runner, lease, &mut output);
        drop(busy);
        output.clear(&run.spill);
        run.tally.serve(1, began.elapsed());
        if in_backoff {
            // The item is now another's to give back: the buffer closes for a consumer that has
            // leases itself, but for this one there may be more to come.
            consumer = consumer.clone();
        }
    }
}

/// Waits for an item, and tells of the wait.
pub(crate) fn next(
    run: &Run,
    consumer: &Consumer<Item>,
    number: usize,
) -> Result<Lease<Item>, TakeError> {
    if run.is_elastic {
        return next_if_wanted(run, consumer, number);
    }
    if run.observers.is_empty() && run.shared.is_none() {
        return consumer.lease();
    }
    if let Ok(lease) = consumer.try_lease() {
        run.took(1);
        return Ok(lease);
    }
    let since = Instant::now();
    let lease = run.waiting(|| consumer.lease());
    run.tell(&Event::Wait { side: Side::Consumer(number), since });
    lease
}

/// Waits for an item, but at the gate while it is one consumer too many.
fn next_if_wanted(
    run: &Run,
    consumer: &Consumer<Item>,
    number: usize,
) -> Result<Lease<Item>, TakeError> {
    while run.gate.pass(number) {
        if let Ok(lease) = consumer.try_lease() {
            run.took(1);
            return Ok(lease);
        }
        let since = Instant::now();
        let lease = run.waiting(|| consumer.lease_timeout(GLANCE));
        run.tell(&Event::Wait { side: Side::Consumer(number), since });
        if !matches!(lease, Err(TakeError::TimedOut)) {
            return lease;
        }
    }
    Err(TakeError::Closed)
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
    show_command(run, &argv);
    let started = SystemTime::now();
    let clock = Instant::now();
    let ended = start(run, runner, &argv, &lease, output);
    lease.end_duty();
    match ended {
        Ok(ended) if ended.stopped => {
            // Stopped by us.
            run.give_back(lease);
        }
        Ok(ended) if run.manner == Manner::Direct && lost_its_reader(ended) => {
            run.stop_without_output(&io::ErrorKind::BrokenPipe.into());
            run.give_back(lease);
        }
        Ok(ended) => {
            let times = (started, clock.elapsed());
            let command = Command { argv: &argv, times, ended: Ok(ended) };
            if ended.status.success() && !ended.timed_out {
                finish(run, runner.consumer, lease, output, Some(&command));
            } else if Item::failures(&lease) + 1 < run.retries {
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

impl Run {
    /// Whether `-s` forbids the command.
    fn is_longer_than_asked(&self, argv: &[OsString]) -> bool {
        let bytes = || bytes_of(argv, self.template.is_script());
        self.max_chars.is_some_and(|most| bytes() > most)
    }
}

fn start(
    run: &Run,
    runner: &mut Runner<'_>,
    argv: &[OsString],
    item: &Item,
    output: &mut Output,
) -> io::Result<Ended> {
    if run.is_longer_than_asked(argv) {
        return Err(Errno::TOOBIG.into());
    }
    let consumer = runner.consumer;
    let tag = run.tag_of(consumer, item);
    let mut receiver = Receiver::new(run, consumer, item, &tag, output);
    let ended =
        patiently(run, || runner.run(argv, item, |which, bytes| receiver.push(which, bytes)));
    receiver.end();
    ended
}

/// Whether a command that wrote to our own standard output was ended by it, as nobody reads that any more.
fn lost_its_reader(ended: Ended) -> bool {
    let was_told = ended.status.signal() == Some(Signal::PIPE.as_raw())
        || ended.status.code() == Some(128 + Signal::PIPE.as_raw());
    let mut stdout = [PollFd::from_borrowed_fd(stdio::stdout(), PollFlags::OUT)];
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    was_told
        && poll(&mut stdout, Some(&now)).is_ok()
        && stdout[0].revents().contains(PollFlags::ERR)
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
    let no_directory = error.get_ref().and_then(|inner| inner.downcast_ref::<NoDirectory>());
    let of_the_item = match errno {
        _ if no_directory.is_some() => no_directory.map(NoDirectory::to_string),
        Some(Errno::TOOBIG) if run.is_longer_than_asked(argv) => {
            Some(format!("makes its command longer than -s {}", run.max_chars.unwrap_or(0)))
        }
        Some(Errno::TOOBIG) if lease.args.len() > 1 => {
            Some("too long together for the system's limit on arguments; give fewer with -n".into())
        }
        Some(Errno::TOOBIG) => {
            Some("too long for the system's limit on arguments; give it in a file".into())
        }
        // The standard library's word for it.
        None if error.kind() == io::ErrorKind::InvalidInput => {
            Some("holds a zero byte, which no argument can; separate such items with -0".into())
        }
        _ => None,
    };
    let reason = match (of_the_item, run.template.program()) {
        (Some(reason), _) => reason,
        (None, None) => {
            format!("cannot run {}: {}", shown(&argv[0], 60), in_words(run, error))
        }
        (None, Some(program)) => {
            never_runs(run, program, &lease, error);
            run.give_back(lease);
            return;
        }
    };
    say(format_args!("item {}: {reason}", lease.label()));
    let command = Command { argv, times, ended: Err(exit_value(error).into()) };
    fail(run, consumer, lease, output, &command, &reason);
}
