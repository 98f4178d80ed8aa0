//! `cargo xtask bench run`: `forebay run` beside xargs and both programs called parallel; how fast and in how
//! much memory it feeds long-lived workers; how exactly it keeps a rate; and how soon an elastic number of
//! consumers settles.

mod commands;
mod contender;
mod elastic;
mod process;
mod rate;
mod start;
mod worker;

use std::path::PathBuf;
use std::process::ExitCode;
use std::{env, fs};

use bench::machine::Machine;
use bench::table::write_json;
use clap::{Parser, ValueEnum};
use serde_json::{Map, Value, json};

/// `forebay run` beside xargs and both programs called parallel, and its own promises
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench run")]
struct Args {
    /// What to measure; all of it unless told
    parts: Vec<Part>,
    /// The command under test; `cargo xtask bench run` builds it and gives it
    #[arg(long, value_name = "PATH")]
    forebay: PathBuf,
    /// Rounds; the median of them is told
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// How many times the command is run in a round of `commands`
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(1..))]
    items: u32,
    /// Only these of the others in `commands`, such as xargs
    #[arg(long, value_delimiter = ',')]
    peers: Option<Vec<String>>,
    /// How many lines long-lived workers are fed in a round of `worker`
    #[arg(long, default_value_t = 10_000_000, value_parser = clap::value_parser!(u32).range(1..))]
    lines: u32,
    /// 3 rounds of 200 items and 300,000 lines: a first look, not a figure
    #[arg(long)]
    quick: bool,
    /// Write everything to this file as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// A command that does nothing, beside others that run it.
    Commands,
    /// One item, from start to end.
    Start,
    /// Lines fed to long-lived workers.
    Worker,
    /// A rate that is asked for, and the one that is kept.
    Rate,
    /// A number of consumers that follows the load.
    Elastic,
}

fn main() -> ExitCode {
    let mut args = Args::parse();
    if args.quick {
        (args.rounds, args.items, args.lines) = (3, 200, 300_000);
    }
    if args.parts.is_empty() {
        args.parts = Part::value_variants().to_vec();
    }
    let folder = env::temp_dir().join(format!("forebay-bench-run-{}", std::process::id()));
    let measured = fs::create_dir_all(&folder)
        .map_err(|error| format!("{}: {error}", folder.display()))
        .and_then(|()| measure(&args, &folder));
    let _ = fs::remove_dir_all(&folder);
    match measured {
        Ok(()) => ExitCode::SUCCESS,
        Err(complaint) => {
            eprintln!("bench: {complaint}");
            ExitCode::FAILURE
        }
    }
}

fn measure(args: &Args, folder: &std::path::Path) -> Result<(), String> {
    let machine = Machine::now();
    println!("Median of {} rounds; {} cores.\n", args.rounds, machine.cores);
    if let Some(warning) = machine.warning() {
        println!("{warning}\n");
    }
    let mut parts = Map::new();
    for part in &args.parts {
        let (name, figures) = match part {
            Part::Commands => ("commands", commands::measure(args, folder)?),
            Part::Start => ("start", start::measure(args, folder)?),
            Part::Worker => ("worker", worker::measure(args, folder)?),
            Part::Rate => ("rate", rate::measure(args, folder)?),
            Part::Elastic => ("elastic", elastic::measure(args, folder)?),
        };
        parts.insert(name.to_owned(), figures);
    }
    let page: Value = json!({
        "measure": "run",
        "machine": machine,
        "rounds": args.rounds,
        "parts": parts,
    });
    write_json(args.json.as_deref(), &page)
}

/// Writes the numbers from 1 to `count`, one on a line.
fn write_items(folder: &std::path::Path, count: u32) -> Result<PathBuf, String> {
    let path = folder.join(format!("items-{count}"));
    let text: String = (1..=count).flat_map(|item| [item.to_string(), "\n".to_owned()]).collect();
    fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(path)
}
