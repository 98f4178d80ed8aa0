//! `forebay run`: a command over items, several at a time.
//!
//! A [producer](producer) thread reads the [source](source) and puts each [item](item) into a buffer;
//! one thread for each [consumer](consumer) leases an item, makes a [command](template) of it,
//! [runs](command) it, [prints](output) what it wrote, adds a line to the [joblog](joblog), and acks.
//! An item that fails and has tries left goes to the [backoff](backoff) with its lease. Between its lease and its
//! start an item waits for the [pace](pace). Where the number of consumers is [elastic](elastic), those
//! that are one too many wait at a [gate](gate) between two items. The buffer does the rest: it
//! holds the producer back, hands out items in order, counts, and knows when all is done.
//!
//! # How it ends
//!
//! | status   | meaning |
//! |----------|---------|
//! | 0        | every item finished; or `--halt` was reached by `success`, or by `done` and none failed |
//! | 1 to 100 | so many items failed; 101: more |
//! | 126, 127 | the command can never be run; was not found. Nothing is lost: the items remain |
//! | 129, 130, 143 | interrupted by SIGHUP; by Ctrl-C; by SIGTERM |
//! | 141      | whoever read standard output went away |
//! | 255      | wrong usage, something that could not start or go on, or a panic |
//!
//! GNU parallel gives 101 where `done` was reached and none failed, which its manual does not tell.
//!
//! Which sums hold among the figures of the report is told in [`report`], and how the number of
//! consumers that would balance a run is found in [`bottleneck`].
//!
//! # What is promised
//!
//! An item is finished when its output was printed and its joblog line written, in this order. Where
//! forebay is killed in between, `--resume` runs the item again: at least once. Under
//! `--keep-order` output that waits for its turn is printed later than its joblog line is written.

mod args;
mod backoff;
mod bottleneck;
mod capture;
mod command;
mod conclude;
mod consumer;
mod elastic;
mod escape;
mod event;
mod gate;
mod group;
pub(crate) mod guard;
mod halt;
mod interrupt;
mod item;
mod joblog;
mod json_lines;
mod message;
mod meter;
mod observer;
mod output;
mod pace;
mod packing;
mod placeholder;
mod producer;
mod progress;
pub(crate) mod quote;
mod report;
mod resume;
mod shell;
mod source;
mod spill;
mod standard;
mod stop;
mod tally;
mod template;
mod upstream;
pub(crate) mod watch;

use std::fs::File;
use std::io;
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use forebay::{Builder, Consumer, Lease};
use rustix::process::{Resource, Signal, getrlimit, setrlimit};

pub(crate) use args::Args;
use backoff::Backoff;
use command::GRACE;
use elastic::Bounds;
use event::Event;
use gate::Gate;
use group::Groups;
use guard::Guard;
use halt::{Halt, What, When};
use item::Item;
use joblog::Joblog;
use json_lines::JsonLines;
use message::say;
use meter::Meter;
use observer::{Blinded, Observer, Observers};
use output::Printer;
use pace::Pace;
use packing::Packing;
use producer::Production;
use resume::Finished;
use source::Source;
use spill::Spill;
use stop::{Cause, Stop};
use tally::Tally;
use template::Template;

/// Leases beyond one for each consumer: items in backoff.
const IN_BACKOFF: usize = 4096;

/// How long a run that stops now is waited for. Who does not read our output cannot keep us longer.
const LAST_WAIT: Duration = Duration::from_secs(3);

/// What the threads of a run share.
#[derive(Debug)]
pub(crate) struct Run {
    template: Template,
    is_dry: bool,
    verbose: bool,
    timeout: Option<Duration>,
    retries: u32,
    halt: Option<Halt>,
    capacity: usize,
    began: Instant,
    observers: Observers,
    /// One handle that stays, so that nothing is dropped while figures are still to be read.
    buffer: Consumer<Item>,
    backoff: Backoff,
    /// Whether the number of consumers varies.
    is_elastic: bool,
    gate: Gate,
    pace: Pace,
    /// Consumers that serve an item.
    busy: Meter,
    groups: Arc<Groups>,
    spill: Arc<Spill>,
    printer: Printer,
    joblog: Option<Joblog>,
    tally: Tally,
    stop: Stop,
    /// Part of the input could not be read.
    fault: AtomicBool,
    /// The first item whose command could not be run, and what there is to say about it.
    never_runs: Mutex<Option<(u64, String)>>,
    /// Items in the input, if counted before the start, and how many make one of the buffer's.
    counted: Option<u64>,
    max_args: usize,
    skipped: AtomicU64,
    /// Whether all items were there from the start, as arguments.
    is_list: bool,
    production: OnceLock<Production>,
}

/// Runs the verb to its end.
pub(crate) fn run(args: Args) -> ExitCode {
    match execute(args) {
        Ok(code) => ExitCode::from(code),
        Err(message) => {
            say(message);
            ExitCode::from(255)
        }
    }
}

fn execute(mut args: Args) -> Result<u8, String> {
    let arguments = args.split_command()?;
    let template = Template::new(
        &args.command,
        args.command_line.replace.as_deref(),
        args.command_line.shell,
    )?;
    let source = Source::open(
        &args.items.arg_file,
        arguments,
        args.delimiter()?,
        args.items.no_run_if_empty,
    )?;
    let report_file = args.output.report_json.as_deref().map(create_report).transpose()?;
    let (joblog, finished) = open_joblog(&args, &template)?;
    let consumers = args.consumers();
    let capacity = args.capacity();
    allow_file_handles(consumers.most);
    let show_progress = progress::is_wanted(args.output.quiet) && !args.command_line.dry_run;
    let counted = if show_progress || args.failure.halt.is_some_and(Halt::needs_total) {
        source.count()
    } else {
        None
    };
    let groups = Arc::new(Groups::new(consumers.most));
    let guard = if args.command_line.dry_run { None } else { start_guard(&groups) };
    let (producer, buffer) = Builder::bounded(capacity)
        .name("run")
        .max_leased(consumers.most + IN_BACKOFF)
        .max_failures(args.failure.retries)
        .build()
        .map_err(|error| error.to_string())?;
    let spill = Arc::new(Spill::default());
    let began = Instant::now();
    let run = Arc::new(Run {
        template,
        is_dry: args.command_line.dry_run,
        verbose: args.command_line.verbose,
        timeout: args.failure.timeout,
        retries: args.failure.retries,
        halt: args.failure.halt,
        capacity,
        began,
        observers: Observers::new(began, observers(&args)),
        buffer,
        backoff: Backoff::new(args.failure.backoff),
        is_elastic: consumers.least < consumers.most,
        gate: Gate::new(consumers.least),
        pace: Pace::new(args.flow.rate, args.flow.delay),
        busy: Meter::default(),
        groups,
        printer: Printer::new(
            args.output.keep_order || args.command_line.dry_run,
            args.output.tag,
            Arc::clone(&spill),
        ),
        spill,
        joblog,
        tally: Tally::new(consumers.most),
        stop: Stop::default(),
        fault: AtomicBool::new(false),
        never_runs: Mutex::default(),
        counted,
        max_args: args.items.group.map_or(1, std::num::NonZeroUsize::get),
        skipped: AtomicU64::new(0),
        is_list: source.is_list(),
        production: OnceLock::new(),
    });
    let cannot_begin = |error: io::Error| format!("cannot begin: {error}");
    interrupt::listen(&run).map_err(cannot_begin)?;
    if show_progress {
        progress::show(&run);
    }
    run.start_consumers(consumers).map_err(cannot_begin).and_then(|ended| {
        let shared = Arc::clone(&run);
        let packing = Packing::new(source, run.max_args, finished);
        // Never joined: it may be reading from a source that never ends.
        run.spawn("producer", (), move || {
            producer::produce(&shared, &producer, packing);
        })
        .map_err(cannot_begin)?;
        run.wait(&ended);
        Ok(())
    })?;
    drop(guard);
    run.conclude(args.output.quiet, report_file)
}

fn observers(args: &Args) -> Vec<Box<dyn Observer>> {
    let mut observers: Vec<Box<dyn Observer>> = Vec::new();
    if args.output.json {
        observers.push(Box::new(JsonLines));
    }
    observers
}

/// Before anything runs, so that a report that has no place is no surprise at the end.
fn create_report(path: &Path) -> Result<File, String> {
    standard::stream(path)
        .unwrap_or_else(|| File::create(path))
        .map_err(|error| format!("cannot open {} for the report: {error}", path.display()))
}

fn open_joblog(args: &Args, template: &Template) -> Result<(Option<Joblog>, Finished), String> {
    let Some(path) = &args.failure.joblog else { return Ok((None, Finished::default())) };
    if args.failure.resume {
        let (joblog, finished) = Joblog::resume(path, template.signature())?;
        for line in finished.damaged.iter().take(3) {
            say(format_args!(
                "{} line {line} is damaged and ignored; its item may be run again",
                path.display()
            ));
        }
        if finished.damaged.len() > 3 {
            say(format_args!(
                "{}: {} damaged lines in all",
                path.display(),
                finished.damaged.len()
            ));
        }
        return Ok(((!args.command_line.dry_run).then_some(joblog), finished));
    }
    if args.command_line.dry_run {
        return Ok((None, Finished::default()));
    }
    Ok((Some(Joblog::create(path, template.signature())?), Finished::default()))
}

fn start_guard(groups: &Groups) -> Option<Guard> {
    Guard::start(groups)
        .inspect_err(|error| {
            say(format_args!("no guard ({error}): if forebay is killed, what runs will run on"));
        })
        .ok()
}

/// Each consumer needs some file handles; many consumers more than the usual limit. Commands inherit
/// the limit, so it is left alone where it is enough.
fn allow_file_handles(consumers: usize) {
    let needed = consumers as u64 * 8 + 64;
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|current| current < needed) {
        limit.current = Some(limit.maximum.map_or(needed, |maximum| maximum.min(needed)));
        let _ = setrlimit(Resource::Nofile, limit);
    }
}

fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new().name(name.to_owned()).spawn(body).map(drop)
}

impl Run {
    /// Starts the consumers and the backoff. What is returned disconnects when all have ended.
    fn start_consumers(self: &Arc<Self>, consumers: Bounds) -> io::Result<mpsc::Receiver<()>> {
        let (alive, ended) = mpsc::channel();
        for number in 0..consumers.least {
            self.start_consumer(number, alive.clone())?;
        }
        if self.is_elastic {
            let run = Arc::clone(self);
            self.spawn("elastic", (), move || elastic::adjust(&run, consumers, &alive))?;
        }
        let run = Arc::clone(self);
        self.spawn("backoff", (), move || {
            run.backoff.serve(|item| run.tell(&Event::Nack { item }));
        })?;
        Ok(ended)
    }

    /// Starts the consumer of this number, from 0. When it has ended it keeps nothing alive any more.
    fn start_consumer(self: &Arc<Self>, number: usize, alive: mpsc::Sender<()>) -> io::Result<()> {
        let (run, consumer) = (Arc::clone(self), self.buffer.clone());
        self.spawn(&format!("consumer {}", number + 1), alive, move || {
            consumer::consume(&run, consumer, number);
            // Whoever ends first has seen that all is done, or that the run stops.
            run.gate.end();
        })
    }

    /// Starts a thread that the run cannot do without: if it panics, the run stops and has failed.
    /// What it keeps goes only after that.
    fn spawn(
        self: &Arc<Self>,
        name: &str,
        keep: impl Send + 'static,
        body: impl FnOnce() + Send + 'static,
    ) -> io::Result<()> {
        let run = Arc::clone(self);
        let thread = name.to_owned();
        let on_panic = move || {
            run.stop_soon(Cause::Broken);
            say(format_args!(
                "the {thread} thread panicked; starting nothing more. This is a defect of forebay, \
                 please report it"
            ));
        };
        spawn(name, move || {
            watch::watched(body, on_panic);
            drop(keep);
        })
    }

    fn wait(&self, ended: &mpsc::Receiver<()>) {
        let mut last = None;
        loop {
            match ended.recv_timeout(Duration::from_millis(100)) {
                Err(RecvTimeoutError::Disconnected) | Ok(()) => return,
                Err(RecvTimeoutError::Timeout) => {}
            }
            if self.stop.is_now() {
                let last = last.get_or_insert_with(|| Instant::now() + LAST_WAIT);
                if Instant::now() >= *last {
                    return;
                }
            }
        }
    }

    /// Starts nothing more. Says whether this was the first reason to stop.
    pub(crate) fn stop_soon(&self, cause: Cause) -> bool {
        let is_first = self.stop.soon(cause);
        self.buffer.close();
        self.pace.end();
        self.gate.end();
        self.end_backoff();
        is_first
    }

    /// Starts nothing more, and stops what runs.
    pub(crate) fn stop_now(&self, cause: Cause) -> bool {
        let is_first = self.stop.now(cause);
        self.stop_soon(cause);
        self.groups.stop_all(Signal::TERM);
        let groups = Arc::clone(&self.groups);
        // Without a thread to wait there is no grace.
        let kill = move || {
            thread::sleep(GRACE);
            groups.stop_all(Signal::KILL);
        };
        if spawn("grace", kill).is_err() {
            self.groups.stop_all(Signal::KILL);
        }
        is_first
    }

    /// Whoever is in backoff goes back to the buffer.
    fn end_backoff(&self) {
        self.backoff.end().for_each(|lease| self.give_back(lease));
    }

    /// Gives an item back that has neither finished nor failed.
    fn give_back(&self, lease: Lease<Item>) {
        self.tell(&Event::Nack { item: &lease });
        // A lease without an answer gives its item back.
        drop(lease);
    }

    /// Tells those who look on.
    fn tell(&self, event: &Event<'_>) {
        self.observers.tell(event).into_iter().for_each(|blinded| self.note_blinded(blinded));
    }

    fn note_blinded(&self, Blinded { name, error }: Blinded) {
        self.note_fault();
        say(format_args!("cannot write {name} any more: {error}"));
    }

    /// Standard output takes no more.
    pub(crate) fn stop_without_output(&self, error: &io::Error) {
        if error.kind() == io::ErrorKind::BrokenPipe {
            // As with `| head`: whoever read has seen enough.
            self.stop_now(Cause::OutputGone);
        } else if self.stop_now(Cause::Broken) {
            say(format_args!("cannot write to standard output: {error}; stopping"));
        }
    }

    /// Stops if what has ended so far says so.
    pub(crate) fn check_halt(&self) {
        let Some(halt) = self.halt else { return };
        let (succeeded, failed) = (self.tally.succeeded(), self.tally.failed());
        if !halt.is_reached(succeeded, failed, self.total()) {
            return;
        }
        let cause = Cause::Halted { success: halt.what == What::Success };
        let is_first = match halt.when {
            When::Soon => self.stop_soon(cause),
            When::Now => self.stop_now(cause),
        };
        if is_first {
            say(format_args!("halted: {succeeded} finished, {failed} failed"));
        }
    }

    /// How many items there are to run in all, as soon as that is known.
    pub(crate) fn total(&self) -> Option<u64> {
        if let Some(production) = self.production.get() {
            return Some(production.items);
        }
        let items = self.counted?.saturating_sub(self.skipped.load(Ordering::Relaxed));
        Some(items.div_ceil(self.max_args as u64))
    }

    fn skip(&self) {
        self.skipped.fetch_add(1, Ordering::Relaxed);
    }

    /// Several consumers may find out at once; the first item is the one to name.
    fn note_never_runs(&self, place: u64, message: String) {
        let mut first = self.never_runs.lock().unwrap_or_else(PoisonError::into_inner);
        if first.as_ref().is_none_or(|(earlier, _)| place < *earlier) {
            *first = Some((place, message));
        }
    }

    fn note_fault(&self) {
        self.fault.store(true, Ordering::Relaxed);
    }

    fn end_production(&self, production: Production) {
        let _ = self.production.set(production);
    }
}
