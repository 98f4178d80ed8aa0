//! `cargo xtask bench check`: how fast every schedule of a program is checked, in how much memory, and how
//! that compares with other checkers, where they are installed.

mod own;
mod peer;
mod subject;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use std::{env, fs, process};

use bench::machine::Machine;
use bench::others::{self, Others};
use bench::progress;
use bench::report::{shown, shown_spread};
use bench::rounds::interleaved;
use bench::spread::Spread;
use bench::table::{Table as Rows, write_json};
use clap::Parser;
use serde_json::{Value, json};

use own::{Cuts, Task, Told, Verdict};
use peer::{Peer, Table};
use subject::{Again, CLASSIC, Subject};

/// Programs of ToyVM: every schedule checked
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench check")]
struct Args {
    /// Rounds; the median of them is told
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// A round of a tenth of the work: a first look, not a figure
    #[arg(long)]
    quick: bool,
    /// Write everything to this file as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Do one check, and tell what it came to
    #[arg(long, hide = true)]
    alone: Option<String>,
}

/// How much is done.
#[derive(Debug, Clone, Copy)]
struct Size {
    rounds: usize,
    seats: u32,
    /// States of the search in which nothing is cut.
    plain: u64,
    /// For the largest program, and for peers.
    limit: Duration,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let folder = env::temp_dir().join(format!("forebay-bench-check-{}", process::id()));
    let done = match &args.alone {
        Some(task) => Task::tell(task),
        None => fs::create_dir_all(&folder)
            .map_err(|error| format!("{}: {error}", folder.display()))
            .and_then(|()| measure(&args, &folder)),
    };
    let _ = fs::remove_dir_all(&folder);
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(complaint) => {
            eprintln!("bench: {complaint}");
            ExitCode::FAILURE
        }
    }
}

fn measure(args: &Args, folder: &Path) -> Result<(), String> {
    let rounds = if args.quick { 1 } else { usize::from(args.rounds) };
    let limit = Duration::from_secs(if args.quick { 6 } else { 60 });
    let size = match args.quick {
        true => Size { rounds, seats: 6, plain: 1_000_000, limit },
        false => Size { rounds, seats: 10, plain: 10_000_000, limit },
    };
    let machine = Machine::now();
    let others = Others::watch();
    println!("Median (least–greatest) of {rounds} rounds; seconds of all processors together.\n");
    let buffer = buffer(size)?;
    let philosophers = philosophers(size, folder)?;
    let plain = plain(size)?;
    let largest = largest(size)?;
    progress::show("");
    println!("{machine}.");
    for peer in Peer::ALL.into_iter().filter(|peer| peer.release().is_none()) {
        println!("Not installed here, so not measured: {} ({}).", peer.name(), peer.hint());
    }
    let others = others.processors();
    if let Some(warning) = others::warning(others) {
        println!("{warning}");
    }
    let page = json!({
        "measure": "check",
        "machine": machine,
        "others": others,
        "rounds": rounds,
        "buffer": buffer,
        "philosophers": philosophers,
        "plain": plain,
        "largest": largest,
    });
    write_json(args.json.as_deref(), &page)
}

/// Does each once a round, in turn. What each came to must be what was to be shown.
fn rounds(size: Size, tasks: &[(Task, Verdict)]) -> Result<Vec<Vec<Told>>, String> {
    let all = interleaved(size.rounds, tasks.len(), |turn| {
        let (task, verdict) = tasks[turn];
        progress::show(&format!("{:?}", task.subject));
        let told = task.run()?;
        if told.verdict == verdict {
            return Ok(told);
        }
        Err(format!("{task:?} came to {:?}", told.verdict))
    });
    all.into_iter().map(|rounds| rounds.into_iter().collect()).collect()
}

fn spread(rounds: &[Told], figure: impl Fn(&Told) -> f64) -> Spread {
    Spread::of(&rounds.iter().map(figure).collect::<Vec<_>>())
}

/// The classic program, and how soon a deadlock is reported.
fn buffer(size: Size) -> Result<Value, String> {
    let classic = Task::of(CLASSIC);
    let named = [
        ("the bounded buffer", "< 0.1", (classic, Verdict::Proved)),
        (
            "the same, dead values kept",
            "–",
            (Task { cuts: Cuts::NoDead, ..classic }, Verdict::Proved),
        ),
        ("two locks: a deadlock", "< 0.05", (Task::of(Subject::TwoLocks), Verdict::Failed)),
    ];
    let all = rounds(size, &named.map(|(.., task)| task))?;
    let mut rows =
        Rows::new(["what", "seconds", "by the clock", "goal", "states", "MB", "steps to it"]);
    let mut figures = Vec::new();
    for ((name, goal, _), rounds) in named.iter().zip(&all) {
        let seconds = spread(rounds, |told| told.processor);
        let clock = spread(rounds, |told| told.seconds);
        let told = &rounds[0];
        let grown = told.grown.map_or("–".to_owned(), |bytes| shown(bytes as f64 / 1e6));
        let way = told.way.map_or("–".to_owned(), |steps| steps.to_string());
        let cells = [shown_spread(&seconds), shown_spread(&clock), (*goal).to_owned()];
        let rest = [told.states.to_string(), grown, way];
        rows.row(std::iter::once((*name).to_owned()).chain(cells).chain(rest));
        figures.push(json!({ "what": name, "rounds": rounds }));
    }
    println!("{}", rows.markdown());
    Ok(figures.into())
}

/// The dining philosophers, beside other checkers.
fn philosophers(size: Size, folder: &Path) -> Result<Value, String> {
    let peers: Vec<Peer> = Peer::ALL.into_iter().filter(|peer| peer.release().is_some()).collect();
    let names = peers.iter().flat_map(|peer| {
        [format!("{}: seconds", peer.name()), "states".to_owned(), "ours ÷ its".to_owned()]
    });
    let heading = ["they eat", "the order of forks", "ToyVM: seconds", "states"];
    let mut rows = Rows::new(heading.map(str::to_owned).into_iter().chain(names));
    let mut figures = Vec::new();
    for (again, right) in Again::ALL.into_iter().flat_map(|again| [(again, true), (again, false)]) {
        let table = Table { seats: size.seats, right, again };
        let figure = side_by_side(size, table, &peers, folder)?;
        let order = if right { "right" } else { "wrong" };
        rows.row([again.told().to_owned(), order.to_owned()].into_iter().chain(figure.cells));
        figures.push(json!({ "eat": again.told(), "right": right, "figures": figure.json }));
    }
    println!("{} philosophers, to a verdict.\n\n{}", size.seats, rows.markdown());
    for peer in &peers {
        println!("{}.", peer.release().unwrap_or_else(|| peer.name().to_owned()));
    }
    Ok(figures.into())
}

/// A line of a table, for people and for machines.
struct Line {
    cells: Vec<String>,
    json: Value,
}

fn side_by_side(size: Size, table: Table, peers: &[Peer], folder: &Path) -> Result<Line, String> {
    let Table { seats, right, again } = table;
    let task = Task::of(Subject::Philosophers { seats, right, again });
    let wanted = if right { Verdict::Proved } else { Verdict::Failed };
    let takers: Vec<Peer> = peers.iter().copied().filter(|peer| peer.takes(table)).collect();
    let mut late = vec![false; takers.len() + 1];
    let all = interleaved(size.rounds, takers.len() + 1, |turn| {
        let (name, verdict, figures) = match turn.checked_sub(1).map(|at| takers[at]) {
            None => {
                progress::show("philosophers, ToyVM");
                let told = task.run()?;
                ("ToyVM", told.verdict, [told.processor, told.seconds, told.states as f64])
            }
            // Once is enough to know that it takes too long.
            Some(_) if late[turn] => return Ok(None),
            Some(peer) => {
                progress::show(&format!("philosophers, {}", peer.name()));
                let told = peer.run(table, size.limit, folder)?;
                let states = told.states.map_or(f64::NAN, |states| states as f64);
                (peer.name(), told.verdict, [told.processor, told.seconds, states])
            }
        };
        match verdict {
            Verdict::OutOfTime => {
                late[turn] = true;
                Ok(None)
            }
            _ if verdict == wanted => Ok(Some(figures)),
            _ => Err(format!("{name} came to {verdict:?} of {table:?}")),
        }
    });
    let all: Result<Vec<Vec<Option<[f64; 3]>>>, String> =
        all.into_iter().map(|rounds| rounds.into_iter().collect()).collect();
    let all = all?;
    let figure = |rounds: &[Option<[f64; 3]>], of: usize| {
        let figures: Option<Vec<f64>> =
            rounds.iter().map(|round| round.map(|figures| figures[of])).collect();
        figures.map(|figures| Spread::of(&figures))
    };
    let own = figure(&all[0], 0);
    let late = format!("> {}", size.limit.as_secs());
    let mut cells = Vec::new();
    let mut json = serde_json::Map::new();
    for peer in std::iter::once(None).chain(peers.iter().copied().map(Some)) {
        let at = peer.map_or(Some(0), |peer| {
            takers.iter().position(|taker| *taker == peer).map(|at| at + 1)
        });
        let columns = if peer.is_some() { 3 } else { 2 };
        let Some(rounds) = at.map(|at| &all[at]) else {
            cells.extend(vec!["–".to_owned(); columns]);
            continue;
        };
        let seconds = figure(rounds, 0);
        cells.push(seconds.map_or(late.clone(), |seconds| shown_spread(&seconds)));
        cells.push(figure(rounds, 2).map_or("–".to_owned(), |states| shown(states.median)));
        if peer.is_some() {
            let ratio = own.zip(seconds).filter(|(_, its)| its.median > 0.0);
            let ratio = ratio.map(|(own, its)| own.median / its.median);
            cells.push(ratio.map_or("–".to_owned(), shown));
        }
        let name = peer.map_or("ToyVM", Peer::name);
        let told = json!({
            "processor": seconds, "clock": figure(rounds, 1), "states": figure(rounds, 2),
        });
        json.insert(name.to_owned(), told);
    }
    Ok(Line { cells, json: json.into() })
}

/// A search in which nothing is cut: its speed, and the memory of a state.
fn plain(size: Size) -> Result<Value, String> {
    let task = Task { cuts: Cuts::None, states: Some(size.plain), ..Task::of(CLASSIC) };
    let rounds = rounds(size, &[(task, Verdict::Enough)])?.swap_remove(0);
    let rate = |amount: fn(&Told) -> u64| {
        spread(&rounds, |told| amount(told) as f64 / told.processor / 1e6)
    };
    let per_state =
        |amount: &dyn Fn(&Told) -> f64| spread(&rounds, |told| amount(told) / told.states as f64);
    let besides = per_state(&|told| {
        told.grown.map_or(f64::NAN, |grown| grown as f64 - told.state_bytes as f64)
    });
    let figures = [
        ("million states made a second", "≥ 2", rate(|told| told.transitions)),
        ("million states kept a second", "≥ 0.5", rate(|told| told.states)),
        ("bytes of a state", "≤ 128", per_state(&|told| told.state_bytes as f64)),
        ("bytes of memory besides", "≤ 40", besides),
    ];
    let mut rows = Rows::new(["nothing cut", "figure", "goal"]);
    for (name, goal, figure) in &figures {
        rows.row([*name, &shown_spread(figure), goal]);
    }
    println!(
        "\n{} states of the bounded buffer, by processor time.\n\n{}",
        rounds[0].states,
        rows.markdown()
    );
    Ok(json!({ "rounds": rounds }))
}

/// The largest bounded buffer that is proved within the limit.
fn largest(size: Size) -> Result<Value, String> {
    let sizes = [(2, 3, 5), (3, 3, 5), (4, 4, 8), (5, 5, 8), (6, 6, 8), (7, 7, 8), (8, 8, 8)];
    let mut rows = Rows::new(["producers × 8 items", "consumers", "capacity", "states", "seconds"]);
    let mut figures = Vec::new();
    for (producers, consumers, capacity) in sizes {
        let subject = Subject::Buffer { producers, items: 8, consumers, capacity };
        progress::show(&format!("{subject:?}"));
        let told = Task { within: Some(size.limit.as_secs()), ..Task::of(subject) }.run()?;
        let is_proved = told.verdict == Verdict::Proved;
        let seconds = if is_proved { shown(told.seconds) } else { "not proved".to_owned() };
        let numbers = [producers, consumers, capacity].map(|number| number.to_string());
        rows.row(numbers.into_iter().chain([told.states.to_string(), seconds]));
        figures.push(json!({ "subject": subject, "told": told }));
        if !is_proved {
            break;
        }
    }
    let limit = size.limit.as_secs();
    println!("Within {limit} seconds by the clock, everything cut.\n\n{}", rows.markdown());
    Ok(figures.into())
}
