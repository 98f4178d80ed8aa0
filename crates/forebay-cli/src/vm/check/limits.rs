//! How far a search goes, and who hears of it meanwhile: flags that all verbs share that search.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::available_parallelism;
use std::time::Duration;

use indicatif::{BinaryBytes, HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};
use signal_hook::consts::{SIGINT, SIGTERM};
use toyvm::Program;
use toyvm::check::{Deaths, Plan, Progress};
use toyvm::machine::Service;

use crate::run::args::values::{duration, size};
use crate::vm::message::say;

/// How far a search goes, and what is cut from it.
#[derive(Debug, Clone, clap::Args)]
pub(in crate::vm) struct SearchArgs {
    /// Let anyone who waits be served, and newcomers overtake; without it, first come first served
    #[arg(long)]
    pub(in crate::vm) weak: bool,
    /// Look at all orders of steps that commute, not at one of them
    #[arg(long)]
    no_por: bool,
    /// Tell threads apart that are alike
    #[arg(long)]
    no_symmetry: bool,
    /// Keep values that matter to nothing
    #[arg(long)]
    no_dead: bool,
    /// Kill up to so many threads, anywhere; not main, unless --kill-of names it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    kill: Option<u32>,
    /// Kill only these: the name of a thread, or of the list that several run [so many: --kill, else 1]
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    kill_of: Vec<String>,
    /// Stop when the states take so many bytes [default: half of the memory that there is]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    memory: Option<u64>,
    /// Stop after so long
    #[arg(long, value_name = "TIME", value_parser = duration)]
    timeout: Option<Duration>,
    /// Stop at so many states
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    max_states: Option<u64>,
    /// So many search at once [default: as many as there are processors]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: Option<u16>,
    /// Show no progress on standard error
    #[arg(long)]
    no_progress: bool,
}

impl SearchArgs {
    pub(in crate::vm) fn service(&self) -> Service {
        if self.weak { Service::Weak } else { Service::InOrder }
    }

    /// Who may be killed.
    pub(in crate::vm) fn deaths(&self) -> Deaths<'_> {
        let most = self.kill.unwrap_or(u32::from(!self.kill_of.is_empty()));
        Deaths { most, of: &self.kill_of }
    }

    /// Whether the program has all whom these flags name; if not, that is told.
    pub(in crate::vm) fn fit_or_tell(&self, verb: &str, program: &Program) -> bool {
        let checked = self.deaths().check(program);
        if let Err(missing) = &checked {
            say(format_args!("forebay vm {verb}: {missing}"));
        }
        checked.is_ok()
    }

    /// Those that are not as usual, to be typed again.
    pub(in crate::vm) fn flags(&self) -> Vec<String> {
        let all = [
            (self.weak, "--weak"),
            (self.no_por, "--no-por"),
            (self.no_symmetry, "--no-symmetry"),
            (self.no_dead, "--no-dead"),
        ];
        let flags = all.iter().filter(|(is_set, _)| *is_set).map(|(_, flag)| (*flag).to_owned());
        flags.chain(death_flags(self.deaths())).collect()
    }
}

/// The flags by which those may be killed.
pub(in crate::vm) fn death_flags(deaths: Deaths<'_>) -> Vec<String> {
    let mut flags = Vec::new();
    if deaths.most > 0 {
        flags.extend(["--kill".to_owned(), deaths.most.to_string()]);
    }
    if !deaths.of.is_empty() {
        flags.extend(["--kill-of".to_owned(), deaths.of.join(",")]);
    }
    flags
}

/// Half of the memory that the machine has.
fn half_of_the_memory() -> u64 {
    let system = rustix::system::sysinfo();
    (system.totalram as u64).saturating_mul(u64::from(system.mem_unit.max(1))) / 2
}

/// A search that goes on: it shows how far it is, and ends early at Ctrl-C.
pub(in crate::vm) struct Watch {
    interrupted: Arc<AtomicBool>,
    bar: ProgressBar,
    tell: Box<dyn Fn(&Progress) + Send + Sync>,
}

impl Watch {
    /// From now on, the first Ctrl-C ends a search, and the second one ends the command.
    pub(in crate::vm) fn new(args: &SearchArgs) -> Self {
        let interrupted = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            let asked = Arc::clone(&interrupted);
            // In this order: the first signal only sets the flag.
            let registered = signal_hook::flag::register_conditional_default(signal, asked)
                .and_then(|_| signal_hook::flag::register(signal, Arc::clone(&interrupted)));
            registered.expect("these signals can be handled");
        }
        let target = if args.no_progress {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr()
        };
        let bar = ProgressBar::with_draw_target(None, target);
        let style = ProgressStyle::with_template("{spinner} {msg}").expect("the template is right");
        bar.set_style(style);
        let told = bar.clone();
        let tell = Box::new(move |progress: &Progress| {
            told.set_message(line(progress));
            told.tick();
        });
        Self { interrupted, bar, tell }
    }

    /// The plan that the flags make.
    pub(in crate::vm) fn plan<'a>(&'a self, args: &'a SearchArgs) -> Plan<'a> {
        let memory = args.memory.unwrap_or_else(half_of_the_memory);
        let jobs = args.jobs.map(usize::from);
        Plan {
            service: args.service(),
            reduce: !args.no_por,
            symmetry: !args.no_symmetry,
            drop_dead: !args.no_dead,
            deaths: args.deaths(),
            workers: jobs.unwrap_or_else(|| available_parallelism().map_or(1, usize::from)),
            max_states: args.max_states,
            memory: Some(usize::try_from(memory).unwrap_or(usize::MAX)),
            timeout: args.timeout,
            cancelled: Some(&self.interrupted),
            progress: &*self.tell,
            ..Plan::default()
        }
    }

    /// Something else is written now.
    pub(in crate::vm) fn pause(&self) {
        self.bar.set_message("");
        self.bar.suspend(|| {});
    }

    pub(in crate::vm) fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    /// Nothing is shown any more.
    pub(in crate::vm) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

fn line(progress: &Progress) -> String {
    let seconds = progress.elapsed.as_secs_f64();
    let rate = (progress.states as f64 / seconds.max(0.001)) as u64;
    format!(
        "{} states, {}/s, {} deep, {} to look at, {}, {seconds:.0} s",
        HumanCount(progress.states),
        HumanCount(rate),
        HumanCount(progress.depth),
        HumanCount(progress.waiting),
        BinaryBytes(progress.bytes as u64),
    )
}
