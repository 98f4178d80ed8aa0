//! `cargo xtask bench processes`: items between processes beside what else carries them there; what a
//! death, a wait, a sync and a million waiting items cost.

mod allocations;
mod alone;
mod clock;
mod command;
mod contender;
mod control;
mod deed;
mod gate;
mod grid;
mod item;
mod leg;
mod media;
mod medium;
mod open;
mod place;
mod power;
mod race;
mod recovery;
mod scratch;
mod server;
mod traced;
mod uncontended;
mod waiter;

use std::env;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;

use bench::machine::Machine;
use bench::others::{self, Others};
use bench::shape::Shape;
use bench::table::write_json;
use clap::{Parser, ValueEnum};
use serde_json::{Value, json};

use contender::Contender;
use place::Place;
use scratch::Scratch;

#[global_allocator]
static ALLOCATOR: allocations::Counting = allocations::Counting;

/// Items between processes, beside what else carries them there
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench processes")]
struct Args {
    /// What to measure; all of it unless told
    parts: Vec<Part>,
    /// The command under test; `cargo xtask bench processes` builds it and gives it
    #[arg(long, value_name = "PATH")]
    forebay: Option<PathBuf>,
    /// Rounds; the median of them is told
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// 3 rounds, each a quarter as long: a first look, not a figure
    #[arg(long)]
    quick: bool,
    /// Only these, such as forebay,pipe
    #[arg(long, value_delimiter = ',')]
    only: Option<Vec<Contender>>,
    /// Only this shape in `grid` and `batches`, such as 2p2c
    #[arg(long)]
    shape: Option<Shape>,
    /// Only this capacity in `grid` and `batches`
    #[arg(long)]
    capacity: Option<NonZeroUsize>,
    /// Where files are made, on the file system that is to be measured; else where the system keeps what is
    /// temporary
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
    /// Write everything to this file as JSON; `cargo xtask bench page` makes a picture of what is compared
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Items one after the other, at several shapes and capacities, beside peers.
    Grid,
    /// Items 64 at a time, beside peers.
    Batches,
    /// Items that survive the plug, beside peers and the bare disk.
    Power,
    /// One process alone: time, system calls and allocations for an item.
    Uncontended,
    /// Deaths: how long others are held up, and how soon what the dead held is leased again.
    Recovery,
    /// Processor time of those who wait.
    Waiter,
    /// Time and memory to join a buffer in which a million items wait.
    Open,
    /// A million lines put, and worked on, by the command.
    Command,
}

impl Part {
    fn measure(self, place: &mut Place) -> Result<Value, String> {
        match self {
            Self::Grid => grid::measure(place),
            Self::Batches => grid::batches(place),
            Self::Power => power::measure(place),
            Self::Uncontended => uncontended::measure(place),
            Self::Recovery => recovery::measure(place),
            Self::Waiter => waiter::measure(place),
            Self::Open => open::measure(place),
            Self::Command => command::measure(place),
        }
    }

    fn name(self) -> String {
        let value = self.to_possible_value().expect("none is skipped");
        value.get_name().to_owned()
    }
}

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let done = match (arguments.next().as_deref(), arguments.next()) {
        (Some(deed::FLAG), Some(errand)) => deed::run(&errand),
        _ => measure(Args::parse()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(complaint) => {
            eprintln!("bench: {complaint}");
            ExitCode::FAILURE
        }
    }
}

fn measure(mut args: Args) -> Result<(), String> {
    if args.quick {
        args.rounds = 3;
    }
    if args.parts.is_empty() {
        args.parts = Part::value_variants().to_vec();
    }
    let machine = Machine::now();
    let others = Others::watch();
    let scratch = Scratch::make(args.folder.as_deref())?;
    let file_system = scratch.file_system();
    println!("Files lie on {file_system}, in {}.", scratch.folder().display());
    if let Some(warning) = machine.warning() {
        println!("{warning}");
    }
    let mut place = Place::new(scratch, args.rounds.into(), args.quick, args.forebay, args.only);
    place.shape = args.shape;
    place.capacity = args.capacity.map(NonZeroUsize::get);
    let (mut reports, mut parts) = (Vec::new(), serde_json::Map::new());
    for part in args.parts {
        println!();
        let measured = part.measure(&mut place)?;
        // What is compared has cells, and can be made a picture of.
        if measured.get("cells").is_some() {
            reports.push(measured);
        } else {
            parts.insert(part.name(), measured);
        }
    }
    let page = json!({
        "measure": "processes",
        "machine": machine,
        "others": others.processors(),
        "file_system": file_system,
        "rounds": args.rounds,
        "reports": reports,
        "parts": parts,
    });
    if let Some(warning) = others::warning(others.processors()) {
        println!("{warning}");
    }
    write_json(args.json.as_deref(), &page)?;
    place.kept()
}
