//! `cargo xtask bench toyvm`: how fast programs of ToyVM are run, traced, swept and read, and in how much
//! memory; beside a ToyVM as one writes it in Python, where Python is installed.

mod deed;
mod growth;
mod python;
mod subject;
mod work;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::process::ExitCode;
use std::{env, fs, process};

use bench::machine::Machine;
use bench::others::{self, Others};
use bench::progress;
use bench::report::shown;
use bench::rounds::interleaved;
use bench::table::{Table, write_json};
use clap::{Parser, ValueEnum};
use serde_json::{Map, Value, json};
use toyvm::scheduler::Policy;

use deed::{Deed, Place, trace_size};
use python::Python;
use subject::{COUNTING_BY_TWO, LOCK, SUBJECTS};
use work::{Measure, TIMES, Work};

/// Programs of ToyVM: run, traced, swept and read
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench toyvm")]
struct Args {
    /// Rounds; the median of them is told
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// 3 rounds of a tenth of the work: a first look, not a figure
    #[arg(long)]
    quick: bool,
    /// Write everything to this file as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Do one thing, and print by how many bytes that made this process grow
    #[arg(long, hide = true)]
    alone: Option<Alone>,
}

/// What is done in a process of its own.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Alone {
    ShortTrace,
    LongTrace,
    Load,
}

const INSTRUCTIONS: u32 = 1_000_000;
const SHORT_TRACE: u64 = 200_000;
const LONG_TRACE: u64 = 2_000_000;

impl Alone {
    fn deed(self) -> Deed {
        match self {
            Self::ShortTrace => Deed::Trace(LOCK, SHORT_TRACE),
            Self::LongTrace => Deed::Trace(LOCK, LONG_TRACE),
            Self::Load => Deed::Load(INSTRUCTIONS),
        }
    }

    /// What it is called, and by how many million bytes the process grew.
    fn figure(self) -> (String, Option<f64>) {
        let name = match self {
            Self::ShortTrace => format!("a trace of {SHORT_TRACE} steps: MB of memory"),
            Self::LongTrace => format!("a trace of {LONG_TRACE} steps: MB of memory"),
            Self::Load => format!("{INSTRUCTIONS} instructions read: MB of memory"),
        };
        let value = self.to_possible_value().expect("none is skipped");
        (name, growth::growth(value.get_name()).map(|bytes| bytes as f64 / 1e6))
    }
}

fn main() -> ExitCode {
    let mut args = Args::parse();
    if args.quick {
        args.rounds = 3;
    }
    let folder = env::temp_dir().join(format!("forebay-bench-toyvm-{}", process::id()));
    let place = Place { folder, python: Python::installed() };
    let measured = fs::create_dir_all(&place.folder)
        .map_err(|error| format!("{}: {error}", place.folder.display()))
        .and_then(|()| match args.alone {
            Some(alone) => growth::grow(alone.deed(), &place),
            None => measure(&args, &place),
        });
    let _ = fs::remove_dir_all(&place.folder);
    match measured {
        Ok(()) => ExitCode::SUCCESS,
        Err(complaint) => {
            eprintln!("bench: {complaint}");
            ExitCode::FAILURE
        }
    }
}

/// A run of one program by one scheduler, and beside it, where it has its like, that in Python.
struct Race {
    at: [String; 3],
    own: Deed,
    peer: Option<Deed>,
}

/// Anything else that takes time, and how well it is to do.
struct Task {
    name: String,
    goal: &'static str,
    deed: Deed,
}

fn races(share: u64, python: bool) -> Vec<Race> {
    let schedulers = [Policy::RoundRobin { quantum: 1 }, Policy::Random];
    let races = SUBJECTS.iter().flat_map(|subject| {
        schedulers.map(|policy| Race {
            at: [subject.name.to_owned(), subject.threads.to_string(), policy.to_string()],
            own: Deed::Run(*subject, policy, 10_000_000 / share),
            peer: (python && policy != Policy::Random)
                .then_some(Deed::Python(*subject, 500_000 / share)),
        })
    });
    races.collect()
}

fn tasks(share: u64) -> Vec<Task> {
    let trace = |subject| Deed::Trace(subject, 1_000_000 / share);
    let (seeds, instructions) = (10_000 / share, INSTRUCTIONS / share as u32);
    let task = |name, goal, deed| Task { name, goal, deed };
    vec![
        task("counting, traced: million steps a second".to_owned(), "≥ 2", trace(COUNTING_BY_TWO)),
        task("a lock, traced: million steps a second".to_owned(), "≥ 2", trace(LOCK)),
        task(format!("a sweep of {seeds} seeds: seconds"), "< 10", Deed::Sweep(seeds)),
        task(format!("{instructions} instructions read: seconds"), "< 2", Deed::Load(instructions)),
    ]
}

fn measure(args: &Args, place: &Place) -> Result<(), String> {
    let machine = Machine::now();
    let others = Others::watch();
    let share = if args.quick { 10 } else { 1 };
    let (races, tasks) = (races(share, place.python.is_some()), tasks(share));

    let of_races = races.iter().flat_map(|race| std::iter::once(race.own).chain(race.peer));
    let deeds: Vec<Deed> = of_races.chain(tasks.iter().map(|task| task.deed)).collect();
    let mut failure = None;
    let rounds = interleaved(args.rounds.into(), deeds.len(), |turn| {
        progress::show(&deeds[turn].to_string());
        deeds[turn].work(place).map_err(|complaint| failure.get_or_insert(complaint).clone()).ok()
    });
    progress::show("");
    if let Some(complaint) = failure {
        return Err(complaint);
    }
    // In the order of `deeds`.
    let rounds = rounds.into_iter().map(|rounds| rounds.into_iter().flatten().collect());
    let mut rounds: Rounds = rounds.collect();

    println!("Median (least–greatest) of {} rounds.\n", args.rounds);
    let release = place.python.as_ref().map(|python| python.release.as_str());
    let runs = tell_races(&races, &mut rounds, release);
    let rest = tell_tasks(&tasks, &mut rounds, place)?;
    println!("{machine}.");
    if release.is_none() {
        println!("Not installed here, so not measured: Python.");
    }
    let others = others.processors();
    if let Some(warning) = others::warning(others) {
        println!("{warning}");
    }
    let page = json!({
        "measure": "toyvm",
        "machine": machine,
        "others": others,
        "rounds": args.rounds,
        "python": release,
        "runs": runs,
        "rest": rest,
    });
    write_json(args.json.as_deref(), &page)
}

/// The rounds of each deed, in the order in which they are told.
type Rounds = VecDeque<Vec<Work>>;

fn next(rounds: &mut Rounds) -> Vec<Work> {
    rounds.pop_front().expect("each deed has its rounds")
}

/// Prints the runs as a table, and returns them for machines.
fn tell_races(races: &[Race], rounds: &mut Rounds, release: Option<&str>) -> Value {
    let mut table = Table::new([
        "program",
        "threads",
        "scheduler",
        "by the clock",
        "by processor time",
        release.unwrap_or("Python"),
        "ours ÷ its",
    ]);
    let mut figures = Vec::new();
    for race in races {
        let own = next(rounds);
        let peer = race.peer.map(|_| next(rounds));
        let by_processor = |rounds: &[Work]| Measure::Rate.spread(rounds, TIMES[1].1).median;
        let [clock, processor] = Measure::Rate.columns(&own);
        let [its, ratio] = peer.as_ref().map_or_else(
            || ["–".to_owned(), "–".to_owned()],
            |peer| {
                let [_, its] = Measure::Rate.columns(peer);
                [its, shown(by_processor(&own) / by_processor(peer))]
            },
        );
        table.row(race.at.iter().chain([&clock, &processor, &its, &ratio]));
        figures.push(json!({
            "at": race.at,
            "toyvm": Measure::Rate.json(&own),
            "python": peer.map(|peer| Measure::Rate.json(&peer)),
        }));
    }
    println!("{}", table.markdown());
    println!("Million instructions a second; the goal is 50 or more.");
    println!("Python's figures and the ratios are by processor time.\n");
    figures.into()
}

/// Prints the tasks, and what was written and grown in them; returns all of it for machines.
fn tell_tasks(tasks: &[Task], rounds: &mut Rounds, place: &Place) -> Result<Value, String> {
    let mut table = Table::new(["what", "by the clock", "by processor time", "goal"]);
    let mut figures = Map::new();
    for Task { name, goal, deed } in tasks {
        let (measure, rounds) = (deed.measure(), next(rounds));
        let [clock, processor] = measure.columns(&rounds);
        table.row([name, clock.as_str(), &processor, goal]);
        figures.insert(name.clone(), measure.json(&rounds));
    }
    println!("{}", table.markdown());

    let mut table = Table::new(["what", "figure"]);
    for task in tasks {
        if let Deed::Trace(subject, steps) = task.deed {
            let bytes = trace_size(subject, &place.folder)? as f64 / steps as f64;
            let name = format!("{}, traced: bytes a step", subject.name);
            table.row([&name, &shown(bytes)]);
            figures.insert(name, bytes.into());
        }
    }
    for alone in Alone::value_variants() {
        let (name, figure) = alone.figure();
        table.row([&name, &figure.map_or("–".to_owned(), shown)]);
        figures.insert(name, json!(figure));
    }
    println!("{}", table.markdown());
    Ok(figures.into())
}
