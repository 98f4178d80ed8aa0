//! `forebay run`: a command over items, several at a time.
//!
//! Each [producer](intake::producer) thread reads its [source](intake::source), which may be [a command](intake::producer_command),
//! [packs](intake::packing) what one command gets (a row of one column or several, a group of rows, or a
//! [block](intake::blocks)), and puts each such [item](item) into a buffer. One thread for each
//! [consumer](consumer) leases an item, makes a [command](command::template) of it, [runs](command) it, lets out
//! ([outlet]) what it wrote ([printed](outlet::output), as [events](observer::json_lines), in [files](outlet::results)), adds a
//! line to the [joblog](outlet::joblog), and acks. An item that fails and has tries left goes to the
//! [backoff](backoff) with its lease. With `--worker` each consumer hands its items to one long-lived
//! [process](worker) instead. The buffer does the rest: it holds the producers back, hands out items
//! in order, counts, and knows when all is done.
//!
//! Between its lease and its start an item waits for the [pace](pace). Where the number of consumers is
//! [elastic](elastic), those that are one too many wait at a [gate](gate) between two items. Who looks
//! on is an [observer](observer), told of every [event](observer::event).
//!
//! # Where GNU parallel's habits end
//!
//! - `-a` repeated is one source, files one after another, with what the first `:::` gives at its end;
//!   there each file is a source.
//! - A column that is missing is an empty argument; there it is none.
//! - `--colsep` is a fixed string; there it is a regular expression.
//! - Under `-X`, a word with `{1}` is repeated for each row of several columns; there it is filled in once.
//! - `-s` means `-X`, as its manual says; there it changes nothing without `-X` or `-m`.
//! - A number beyond the sources is refused; there it is empty. `{0}` and `{01}` are no placeholders.
//! - Under `--pipe`, `{}` is refused; there it is empty.
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
//! | 255      | wrong usage, something that could not start or go on, input that is not all there, or a panic |
//!
//! Input is not all there where a file could not be read to its end, a producer's command failed, an item of a shared
//! buffer could not be read, or one was heavier than `--weight`. What `--on-full` refuses or drops was given up by choice: it is told, and
//! changes no status.
//!
//! GNU parallel gives 101 where `done` was reached and none failed, which its manual does not tell.
//!
//! Those who look on are told of every [event](observer::event): the [page with pictures](observer::picture), the [timeline](observer::trace), the
//! [lines of JSON](observer::json_lines).
//!
//! Which sums hold among the figures of the report is told in [`report`], and how the number of
//! consumers that would balance a run is found in [`bottleneck`].
//!
//! What else ends with 255: a [worker](worker) that never works or whose answers cannot be told apart, and
//! a [circular wait](circle).
//!
//! # What is promised
//!
//! An item is finished when its results were written, its output printed and its joblog line written, in
//! this order. Where forebay is killed in between, `--resume` runs the item again: at least once. Under
//! `--keep-order` output that waits for its turn is printed later than its joblog line is written.

mod account;
pub(crate) mod args;
mod arguments;
mod backoff;
mod circle;
mod claim;
pub(crate) mod command;
mod conclude;
mod consumer;
mod elastic;
mod ending;
pub(crate) mod foreign;
mod gate;
mod halt;
pub(crate) mod intake;
pub(crate) mod interrupt;
pub(crate) mod item;
pub(crate) mod message;
mod meter;
mod observer;
pub(crate) mod outlet;
pub(crate) mod pace;
mod preparation;
pub(crate) mod progress;
pub(crate) mod report;
pub(crate) mod shared;
mod standard;
mod stop;
mod tally;
pub(crate) mod watch;
mod watermark;
mod worker;

use std::io;
use std::num::NonZeroUsize;
use std::os::fd::OwnedFd;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use forebay::{Consumer, Lease};
use rustix::process::{Resource, getrlimit, setrlimit};

pub(crate) use args::Args;
use backoff::Backoff;
use circle::Circle;
use command::group::Groups;
use command::guard::Guard;
use command::phrase::Phrase;
use command::surroundings::Surroundings;
use command::template::Template;
use elastic::Bounds;
use gate::Gate;
use halt::Halt;
use intake::Intake;
use intake::input::Input;
use intake::producer::Production;
use intake::source::Columns;
use item::Item;
use message::say;
use meter::Meter;
use observer::event::Event;
use observer::{Blinded, Observers};
use outlet::Manner;
use outlet::dead::DeadFile;
use outlet::joblog::Joblog;
use outlet::output::Printer;
use outlet::results::Results;
use outlet::spill::Spill;
use pace::Pace;
use progress::Figures;
use shared::Shared;
use shared::opening::{Opened, Work};
use stop::{Cause, Stop};
use tally::Tally;
use watermark::Marks;
use worker::Workers;

/// Leases beyond one for each consumer: items in backoff.
const IN_BACKOFF: usize = 4096;

/// How long a run that stops now is waited for. Who does not read our output cannot keep us longer.
const LAST_WAIT: Duration = Duration::from_secs(3);

/// What the threads of a run share.
#[derive(Debug)]
pub(crate) struct Run {
    template: Template,
    surroundings: Surroundings,
    /// `-s`
    max_chars: Option<usize>,
    /// Where each consumer has one process instead of one for each item.
    workers: Option<Workers>,
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
    /// Where items come out of a shared buffer, and go on in the one in memory from there.
    shared: Option<Shared>,
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
    manner: Manner,
    /// What commands write is told as events.
    is_json: bool,
    /// What lines of output begin with.
    tag: Option<Phrase>,
    results: Option<Results>,
    joblog: Option<Joblog>,
    dead: Option<DeadFile>,
    intake: Intake,
    marks: Option<Arc<Marks>>,
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
    status(execute(args, None))
}

/// The same for items that others put into a buffer.
pub(crate) fn work(work: &Work, args: Args) -> ExitCode {
    status(execute(args, Some(work)))
}

fn status(executed: Result<u8, String>) -> ExitCode {
    match executed {
        Ok(code) => ExitCode::from(code),
        Err(message) => {
            say(message);
            ExitCode::from(255)
        }
    }
}

fn execute(mut args: Args, work: Option<&Work>) -> Result<u8, String> {
    args.output.check(args.failure.joblog.as_deref())?;
    let given = args.split_command()?;
    shared::opening::check(&args, &given, work)?;
    if args.command_line.dry_run {
        // Nothing is put, nor taken.
        args.flow.buffer = None;
    }
    preparation::check_claims(&args, &given, work)?;
    let workers = Workers::of(&args)?;
    let consumers = args.consumers();
    if workers.is_some() && args.command_line.dry_run {
        let (template, _) = preparation::command(&args, Columns::Known(1))?;
        return worker::show(&template, consumers.most).map(|()| 0);
    }
    // First of all files: it must not be one that is emptied.
    let dead = DeadFile::of_run(&args, &given)?;
    let reads = work.is_none() && args.reads_itself(&given);
    let input = reads.then(|| Input::open(&args, given)).transpose()?;
    let columns = preparation::columns(&args, input.as_ref())?;
    let (template, surroundings) = preparation::command(&args, columns)?;
    let tag = args
        .tag()
        .map(|tag| Phrase::read(tag, preparation::of_text(&args, columns)))
        .transpose()?;
    let portion = preparation::portion(&args, &template, &surroundings)?;
    let report_file =
        args.output.report_json.as_deref().map(preparation::report_file).transpose()?;
    let Opened { side: shared, keep, joblog, finished } =
        shared::opening::of_run(&args, work, &template, columns)?;
    let retries = match &shared {
        Some(shared) => shared.tries(args.failure.retries, work.is_some()),
        None => args.failure.retries.unwrap_or(1),
    };
    let capacity = shared.as_ref().map_or(args.capacity(), Shared::capacity);
    let commands = args.items.producer.len();
    allow_file_handles(consumers.most + commands);
    let show_progress = progress::is_wanted(&args.output) && !args.command_line.dry_run;
    let wants_total = show_progress || args.failure.halt.is_some_and(Halt::needs_total);
    // How many fit is not known before they are read.
    let counted = match &input {
        Some(input) if wants_total && portion.fitting.is_none() && commands == 0 => input.count(),
        _ => None,
    };
    let is_dry = args.command_line.dry_run;
    let marks = args.flow.marks(capacity)?.filter(|_| !is_dry).map(|marks| {
        Arc::new(Marks::new(marks, args.flow.on_high.take(), args.flow.on_low.take()))
    });
    let (producer, buffer) = preparation::buffer(&args, marks.as_ref(), shared.is_some(), retries)?;
    let groups = Arc::new(Groups::new(consumers.most, commands));
    let guard = if is_dry && commands == 0 { None } else { start_guard(&groups, keep) };
    // Last, so that what is wrong with the rest leaves no folder behind.
    let results = preparation::results(&args, shared.is_some())?;
    let spill = Arc::new(Spill::default());
    let began = Instant::now();
    let observers = preparation::observers(&args, &template, began, capacity)?;
    let run = Arc::new(Run {
        template,
        surroundings,
        max_chars: args.items.max_chars.map(NonZeroUsize::get),
        workers,
        is_dry,
        verbose: args.command_line.verbose,
        timeout: args.failure.timeout,
        retries,
        halt: args.failure.halt,
        capacity,
        began,
        observers: Observers::new(began, observers),
        buffer,
        shared,
        backoff: Backoff::new(args.failure.backoff),
        is_elastic: consumers.least < consumers.most,
        gate: Gate::new(consumers.least),
        pace: Pace::new(args.flow.rate, args.flow.delay),
        busy: Meter::default(),
        groups,
        printer: Printer::new(
            args.output.keep_order || args.command_line.dry_run,
            Arc::clone(&spill),
        ),
        manner: args.manner(),
        is_json: args.output.json,
        tag,
        results,
        spill,
        joblog,
        dead,
        intake: Intake::new(commands + usize::from(input.is_some() || work.is_some())),
        marks,
        tally: Tally::new(consumers.most),
        stop: Stop::default(),
        fault: AtomicBool::new(false),
        never_runs: Mutex::default(),
        counted,
        max_args: portion.rows,
        skipped: AtomicU64::new(0),
        is_list: commands == 0 && input.as_ref().is_some_and(Input::is_list),
        production: OnceLock::new(),
    });
    let cannot_begin = |error: io::Error| format!("cannot begin: {error}");
    interrupt::listen(&run).map_err(cannot_begin)?;
    if let Some(invitation) =
        input.as_ref().and_then(Input::invitation).filter(|_| !args.output.quiet)
    {
        say(invitation);
    }
    if show_progress {
        let run = Arc::clone(&run);
        progress::show(Duration::ZERO, move || Figures::of(&run));
    }
    run.start_consumers(consumers).map_err(cannot_begin).and_then(|ended| {
        let upstream_told = run.serve_watermarks().map_err(cannot_begin)?;
        if run.shared.is_some() {
            run.start_supply(producer.clone()).map_err(cannot_begin)?;
            let extending = Arc::clone(&run);
            run.spawn("extending", (), move || shared::extending::serve(&extending))
                .map_err(cannot_begin)?;
        }
        if work.is_none() {
            let feeds = run.feeds(&args, input, &portion, finished)?;
            run.start_producers(producer, feeds).map_err(cannot_begin)?;
        }
        let mut circle = Circle::default();
        run.wait(&ended, || circle.look(&run, run.gate.number()));
        run.finish_watermarks(&upstream_told);
        run.wait_for_producers();
        Ok(())
    })?;
    drop(guard);
    run.conclude(args.output.quiet, report_file)
}

fn start_guard(groups: &Groups, keep: Option<OwnedFd>) -> Option<Guard> {
    Guard::start(groups, keep)
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
            run.backoff.serve(
                |lease, reason| run.try_again(lease, reason),
                |lease, reason| run.give_failed_back(lease, reason),
            );
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
            // Told whatever else has happened.
            say(format_args!(
                "the {thread} thread panicked; starting nothing more. This is a defect of forebay, \
                 please report it"
            ));
            run.stop_soon(Cause::Broken);
        };
        spawn(name, move || {
            watch::watched(body, on_panic);
            drop(keep);
        })
    }

    /// Waits until all have ended whose end this is, and looks round now and then. Once the run is to stop
    /// now, not much longer.
    fn wait(&self, ended: &mpsc::Receiver<()>, mut look: impl FnMut()) {
        let mut last = None;
        loop {
            match ended.recv_timeout(Duration::from_millis(100)) {
                Err(RecvTimeoutError::Disconnected) | Ok(()) => return,
                Err(RecvTimeoutError::Timeout) => look(),
            }
            if self.stop.is_now() {
                let last = last.get_or_insert_with(|| Instant::now() + LAST_WAIT);
                if Instant::now() >= *last {
                    return;
                }
            }
        }
    }

    /// Gives an item back that has neither finished nor failed.
    fn give_back(&self, lease: Lease<Item>) {
        self.tell(&Event::Nack { item: &lease });
        if let (Some(shared), Some(duty)) = (&self.shared, &lease.duty) {
            if duty.is_lost() {
                return self.let_go(shared, lease);
            }
            shared.demand.brought(1);
        }
        // A lease without an answer gives its item back.
        drop(lease);
    }

    /// Tells those who look on.
    fn tell(&self, event: &Event<'_>) {
        self.observers.tell(event).into_iter().for_each(|blinded| self.note_blinded(blinded));
    }

    fn note_blinded(&self, Blinded { name, error, is_output }: Blinded) {
        if is_output {
            // Each event finds it out again.
            if !self.stop.is_now() {
                self.stop_without_output(&error);
            }
            return;
        }
        self.note_fault();
        say(format_args!("cannot write {name} any more: {error}"));
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
