//! `forebay vm run`: a program, once, or under many schedules.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use toyvm::deadlock::Cycle;
use toyvm::machine::{Event, Limits, Service, Stepped, ThreadId};
use toyvm::observer::Observer;
use toyvm::program::Wishes;
use toyvm::run::{self, MAX_STEPS, Outcome, Pace, Stage};
use toyvm::scheduler::{Any, Policy};
use toyvm::trace::{About, Recorder};
use toyvm::verdict::Verdict;
use toyvm::watch::races::Race;
use toyvm::watch::{Inversions, Races, Wakeups};
use toyvm::{Machine, Program};

use super::debug::Debug;
use super::file::FileArgs;
use super::message::{UNREAD, clean, say};
use super::printer::Printer;
use super::{USAGE, command, recording, report, seeds};

/// Run a program
///
/// Standard output carries what the program prints and nothing else. The exit status is 2 if a thread
/// failed, else 1 for a deadlock, a broken claim or (with --races) a race, else 3 if no step was left,
/// else 0; 255 for wrong usage and for a file that is no program.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(super) file: FileArgs,
    #[command(flatten)]
    pub(super) schedule: ScheduleArgs,
    /// Sleep as long as the program does
    #[arg(long)]
    realtime: bool,
    /// Show each step on standard error
    #[arg(long)]
    debug: bool,
    /// Look for races
    #[arg(long)]
    races: bool,
    /// Record the run in a file, for `vm step` and `vm show`
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
    /// Run once for each of N seeds and tell how the runs ended
    #[arg(long, value_name = "N", conflicts_with_all = ["debug", "trace", "realtime"])]
    seeds: Option<u64>,
    /// Write what came of it as JSON on standard output; what the program prints is not written
    #[arg(long, requires = "seeds")]
    json: bool,
}

/// Who decides who goes on.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct ScheduleArgs {
    /// Who goes on next: round-robin, priority, random or pct [default: the file's wish, or
    /// round-robin; with --seeds, random]
    #[arg(long, value_name = "NAME", value_parser = policy)]
    pub(super) scheduler: Option<Policy>,
    /// The seed of all chance [default: 0]
    #[arg(long, value_name = "N")]
    pub(super) seed: Option<u64>,
    /// Steps of each in its turn, round-robin [default: 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    quantum: Option<u64>,
    /// How many orderings a bug takes to show, for pct
    #[arg(long, value_name = "N", default_value_t = 3)]
    depth: u64,
    /// Stop after so many steps [default: the file's wish, or 50000]
    #[arg(long, value_name = "N")]
    max_steps: Option<u64>,
    /// Let anyone who waits be served, and newcomers overtake; without it, first come first served
    #[arg(long)]
    pub(super) weak: bool,
}

fn policy(name: &str) -> Result<Policy, String> {
    Policy::parse(name).ok_or_else(|| format!("there are {}", Policy::NAMES.join(", ")))
}

impl ScheduleArgs {
    /// What the flags say, else what the file wishes, else the usual.
    pub(super) fn policy(&self, program: &Arc<Program>, usual: Policy) -> Policy {
        let wish = program.wishes().scheduler.as_deref().and_then(Policy::parse);
        let mut policy = self.scheduler.or(wish).unwrap_or(usual);
        match &mut policy {
            Policy::RoundRobin { quantum } => {
                *quantum = self.quantum.or(program.wishes().quantum).unwrap_or(*quantum);
            }
            Policy::Pct { depth, length } => {
                *depth = self.depth;
                *length = self.length_of_a_run(program);
            }
            Policy::Priority | Policy::Random => {}
        }
        policy
    }

    /// PCT wants to know how long a run is, about: as long as one round-robin with the first seed;
    /// whatever the seed of the run, so that it is the same in a sweep and alone.
    fn length_of_a_run(&self, program: &Arc<Program>) -> u64 {
        let policy = Policy::RoundRobin { quantum: 1 };
        let mut stage = Stage { choices: run::choices(0), observer: () };
        let scheduler = policy.scheduler(0);
        let mut machine = self.machine(program);
        run::run(&mut machine, scheduler, &mut stage, self.pace(program, false)).steps
    }

    pub(super) fn seed(&self, program: &Program) -> u64 {
        self.seed.or(program.wishes().seed).unwrap_or(0)
    }

    pub(super) fn service(&self) -> Service {
        if self.weak { Service::Weak } else { Service::InOrder }
    }

    pub(super) fn machine(&self, program: &Arc<Program>) -> Machine {
        Machine::with(Arc::clone(program), self.service(), Limits::default())
    }

    pub(super) fn max_steps(&self, program: &Program) -> u64 {
        self.max_steps.or(program.wishes().max_steps).unwrap_or(MAX_STEPS)
    }

    fn pace(&self, program: &Program, realtime: bool) -> Pace {
        Pace { max_steps: self.max_steps(program), realtime }
    }
}

pub(crate) fn run(args: &Args) -> ExitCode {
    let Some(program) = args.file.load_or_tell() else { return ExitCode::from(USAGE) };
    if let Some(seeds) = args.seeds {
        return seeds::run(args, &program, seeds, args.races, args.json);
    }
    let policy = args.schedule.policy(&program, Policy::RoundRobin { quantum: 1 });
    let seed = args.schedule.seed(&program);
    let machine = args.schedule.machine(&program);
    let scheduler = policy.scheduler(seed);
    if !(args.debug || args.races || args.trace.is_some()) {
        // Nobody looks at each step: as fast as it goes.
        return play(args, machine, scheduler, seed, ());
    }
    let trace = match &args.trace {
        None => None,
        Some(path) if !recording::may_be_written_or_tell("run", path) => {
            return ExitCode::from(USAGE);
        }
        Some(path) => match File::create(path) {
            Ok(file) => {
                let flags = command::schedule(policy, seed, &Wishes::default()).join(" ");
                let scheduler = flags.trim_start_matches("--scheduler ").to_owned();
                let about = About {
                    selection: args.file.selection(),
                    scheduler,
                    seed: Some(seed),
                    max_steps: args.schedule.max_steps(&program),
                    ..About::default()
                };
                Some(Recorder::new(BufWriter::with_capacity(1 << 16, file), &machine, &about))
            }
            Err(error) => {
                say(format_args!("forebay vm run: cannot write {}: {error}", path.display()));
                return ExitCode::from(USAGE);
            }
        },
    };
    let debug = args.debug.then(|| Debug::new(args.realtime));
    let close = Close { races: Races::new(), debug, trace };
    play(args, machine, scheduler, seed, close)
}

fn play<C: Closely>(
    args: &Args,
    mut machine: Machine,
    scheduler: Any,
    seed: u64,
    closely: C,
) -> ExitCode {
    let pace = args.schedule.pace(machine.program(), args.realtime);
    let telling = Telling {
        printer: Printer::new(args.realtime || args.debug, args.trace.is_none()),
        inversions: Inversions::new(),
        wakeups: Wakeups::new(),
        closely,
    };
    let mut stage = Stage { choices: run::choices(seed), observer: telling };
    let outcome = run::run(&mut machine, scheduler, &mut stage, pace);
    let Telling { mut printer, inversions, wakeups, mut closely } = stage.observer;
    printer.flush();
    closely.flush();
    let mut lines = report::tell_outcome(&machine, &outcome);
    lines.extend(closely.races().iter().map(|race| race.tell(&machine)));
    let inversions = inversions.findings().iter();
    lines.extend(inversions.map(|inversion| format!("warning: {}", inversion.tell(&machine))));
    lines.extend(wakeups.findings(&machine).iter().map(|wakeup| wakeup.tell(&machine)));
    lines.extend(report::warnings(&machine, &outcome));
    for line in lines {
        say(clean(&line));
    }
    let raced = !closely.races().is_empty() && args.races;
    let status = Verdict::of(&machine, &outcome, raced).status();
    if let Err(error) = closely.finish(&machine, &outcome, status) {
        say(format_args!("forebay vm run: the trace cannot be written: {error}"));
        return ExitCode::from(USAGE);
    }
    if let Err(error) = printer.finish() {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return ExitCode::from(UNREAD);
        }
        say(format_args!("forebay vm: cannot write what the program prints: {error}"));
        return ExitCode::from(USAGE);
    }
    ExitCode::from(status)
}

/// Prints what the program prints, tells of deadlocks as soon as they are there, and watches what
/// costs next to nothing to watch.
struct Telling<C> {
    printer: Printer,
    inversions: Inversions,
    wakeups: Wakeups,
    closely: C,
}

impl<C: Closely> Observer for Telling<C> {
    #[inline]
    fn before(&mut self, machine: &Machine, thread: ThreadId) {
        self.wakeups.before(machine, thread);
        self.closely.before(machine, thread);
    }

    #[inline]
    fn event(&mut self, machine: &Machine, thread: ThreadId, at: u32, event: Event) {
        self.inversions.event(machine, thread, at, event);
        self.wakeups.event(machine, thread, at, event);
        self.closely.event(machine, thread, at, event);
    }

    fn print(&mut self, machine: &Machine, thread: ThreadId, line: &str) {
        // What came before it is told before it.
        self.closely.flush();
        self.printer.print(machine, thread, line);
        self.closely.print(machine, thread, line);
    }

    fn prints(&self) -> bool {
        self.printer.prints() || self.closely.prints()
    }

    #[inline]
    fn after(&mut self, machine: &Machine, thread: ThreadId, stepped: Stepped) {
        self.closely.after(machine, thread, stepped);
    }

    fn cycle(&mut self, machine: &Machine, cycle: &Cycle) {
        self.printer.flush();
        self.closely.flush();
        self.closely.cycle(machine, cycle);
        for line in report::tell_cycle(machine, cycle) {
            say(clean(&line));
        }
    }
}

/// Whoever looks at each step.
trait Closely: Observer + Sized {
    /// Writes what is left to be written before something else is.
    fn flush(&mut self) {}

    /// The run is over.
    fn finish(self, machine: &Machine, outcome: &Outcome, status: u8) -> io::Result<()> {
        let _ = (machine, outcome, status);
        Ok(())
    }

    /// The races that were seen.
    fn races(&self) -> &[Race] {
        &[]
    }
}

/// Nobody does.
impl Closely for () {}

/// All who can.
struct Close {
    races: Races,
    debug: Option<Debug>,
    trace: Option<Recorder<BufWriter<File>>>,
}

impl Observer for Close {
    fn before(&mut self, machine: &Machine, thread: ThreadId) {
        self.debug.before(machine, thread);
        self.trace.before(machine, thread);
    }

    fn event(&mut self, machine: &Machine, thread: ThreadId, at: u32, event: Event) {
        self.races.event(machine, thread, at, event);
        self.trace.event(machine, thread, at, event);
    }

    fn print(&mut self, machine: &Machine, thread: ThreadId, line: &str) {
        self.trace.print(machine, thread, line);
    }

    fn prints(&self) -> bool {
        self.trace.prints()
    }

    fn after(&mut self, machine: &Machine, thread: ThreadId, stepped: Stepped) {
        self.debug.after(machine, thread, stepped);
        self.trace.after(machine, thread, stepped);
    }

    fn cycle(&mut self, machine: &Machine, cycle: &Cycle) {
        self.trace.cycle(machine, cycle);
    }
}

impl Closely for Close {
    fn flush(&mut self) {
        if let Some(debug) = &mut self.debug {
            debug.flush();
        }
    }

    fn finish(self, machine: &Machine, outcome: &Outcome, status: u8) -> io::Result<()> {
        let Some(mut trace) = self.trace else { return Ok(()) };
        for race in self.races.findings() {
            trace.finding("race", &race.tell(machine));
        }
        trace.finish(machine, outcome, status).map(drop)
    }

    fn races(&self) -> &[Race] {
        self.races.findings()
    }
}
