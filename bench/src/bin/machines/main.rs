//! `cargo xtask bench machines`: items between machines beside the bare clients of the engines; how exactly the bound is
//! kept, how consumption grows with consumers, what a producer that waits takes, and how near a plan comes.
//!
//! The servers are those of `cargo xtask servers up`.

mod bare;
mod bound;
mod carrier;
mod cost;
mod flat;
mod ours;
mod planned;
mod scale;
mod server;
mod throughput;

use std::path::PathBuf;
use std::process::ExitCode;

use bench::machine::Machine;
use bench::others::{self, Others};
use bench::table::write_json;
use clap::{Parser, ValueEnum};
use serde_json::{Value, json};

use server::Server;

/// Items between machines, beside the bare clients of the engines
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench machines")]
struct Args {
    /// What to measure; all of it unless told
    parts: Vec<Part>,
    /// Where the servers are told; `cargo xtask bench machines` gives it
    #[arg(long, value_name = "FILE")]
    servers: PathBuf,
    /// The command to ask for a plan; `cargo xtask bench machines` builds it, and gives it
    #[arg(long, value_name = "FILE")]
    forebay: Option<PathBuf>,
    /// Only these engines, such as redis,nats; those that run unless told
    #[arg(long, value_delimiter = ',')]
    only: Option<Vec<String>>,
    /// Rounds; the median of them is told
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// 3 rounds, each a quarter as long: a first look, not a figure
    #[arg(long)]
    quick: bool,
    /// Write everything to this file as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Puts, and leases that are acked, one after the other and 64 at a time, beside the bare client.
    Throughput,
    /// The most items that were ever seen waiting while eight producers race.
    Bound,
    /// Consumption by one consumer, and by four, of work that is sleep.
    Scale,
    /// Memory of a producer that faces a full buffer for a minute.
    Flat,
    /// Time of processors and bytes on the wire, for each item.
    Cost,
    /// What `forebay plan` says, beside the same as it was.
    Plan,
}

impl Part {
    fn measure(self, servers: &[Server], args: &Args) -> Result<Value, String> {
        let rounds = if args.quick { 3 } else { usize::from(args.rounds) };
        match self {
            Self::Throughput => throughput::measure(servers, rounds, args.quick),
            Self::Bound => bound::measure(servers, args.quick),
            Self::Scale => scale::measure(servers, rounds, args.quick),
            Self::Flat => flat::measure(servers, args.quick),
            Self::Cost => cost::measure(servers, args.quick),
            Self::Plan => {
                let forebay =
                    args.forebay.as_deref().ok_or("--forebay FILE is needed for a plan")?;
                planned::measure(servers, forebay, args.quick)
            }
        }
    }
}

fn main() -> ExitCode {
    match measure(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(complaint) => {
            eprintln!("bench: {complaint}");
            ExitCode::FAILURE
        }
    }
}

fn measure(args: &Args) -> Result<(), String> {
    let servers = Server::all(&args.servers, args.only.as_deref())?;
    let all = Part::value_variants();
    let parts = if args.parts.is_empty() { all } else { args.parts.as_slice() };
    for server in &servers {
        others::count_in(server.pid);
    }
    let others = Others::watch();
    let mut told = serde_json::Map::new();
    for part in parts {
        let name = part.to_possible_value().expect("none is skipped").get_name().to_owned();
        told.insert(name, part.measure(&servers, args)?);
    }
    let machine = Machine::now();
    if let Some(warning) = others::warning(others.processors()) {
        println!("{warning}");
    }
    println!("{machine}.");
    write_json(args.json.as_deref(), &json!({ "machine": machine, "parts": told }))
}
