//! `cargo xtask bench threads`: the buffer between threads beside other crates, by shape and
//! capacity; items are `u64`, every wait blocks.
//!
//! The peers run in their best configuration for this: crossfire with the array flavour for many on
//! both sides and its platform detection on.

mod cell;
mod contender;

use std::io::{self, IsTerminal as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use bench::machine;
use bench::page::{Table, write_json};
use bench::rounds::interleaved;
use bench::spread::{Spread, geometric_mean};
use clap::Parser;
use forebay::Discipline;
use serde_json::{Value, json};

use cell::Cell;
use contender::Contender;

/// The buffer between threads beside other crates
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench threads")]
struct Args {
    /// Rounds for each cell; the median of them is told
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// How long a round of one contender takes, about
    #[arg(long, value_name = "MS", default_value_t = 75, value_parser = clap::value_parser!(u64).range(1..))]
    round_ms: u64,
    /// 3 rounds of 20 ms: a first look, not a figure
    #[arg(long)]
    quick: bool,
    /// Every discipline, not the ring alone
    #[arg(long)]
    disciplines: bool,
    /// Only this shape, such as 2p3c
    #[arg(long)]
    shape: Option<String>,
    /// Only this capacity
    #[arg(long)]
    capacity: Option<usize>,
    /// Write everything to this file as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

fn main() -> ExitCode {
    let mut args = Args::parse();
    if args.quick {
        (args.rounds, args.round_ms) = (3, 20);
    }
    let load = machine::load();
    crossfire::detect_backoff_cfg();
    let grid: Vec<Cell> = Cell::grid()
        .filter(|cell| args.shape.as_ref().is_none_or(|shape| *shape == cell.shape()))
        .filter(|cell| args.capacity.is_none_or(|capacity| capacity == cell.capacity))
        .collect();
    if grid.is_empty() {
        eprintln!("bench: no cell of the grid has this shape and this capacity");
        return ExitCode::from(255);
    }
    let own: &[Discipline] = if args.disciplines { &Discipline::ALL } else { &[Discipline::Ring] };
    let contenders: Vec<Contender> = own
        .iter()
        .map(|discipline| Contender::Forebay(*discipline))
        .chain(Contender::PEERS)
        .collect();

    let mut table = Table::new(
        ["shape".to_owned(), "capacity".to_owned()]
            .into_iter()
            .chain(contenders.iter().map(|contender| contender.name()))
            .chain(["best peer", "ring ÷ best"].map(String::from)),
    );
    let watched = io::stderr().is_terminal();
    let mut ratios = Vec::new();
    let mut cells = Vec::new();
    for cell in grid {
        if watched {
            eprint!("\r\x1b[K{cell} ");
        }
        let outcome = Outcome::of(cell, &contenders, &args);
        ratios.push(outcome.ratio);
        table.row(outcome.row());
        cells.push(outcome.json());
    }
    if watched {
        eprint!("\r\x1b[K");
    }

    let mean = geometric_mean(&ratios);
    let least = ratios.iter().copied().fold(f64::INFINITY, f64::min);
    println!("Million items a second: median (least to greatest) of {} rounds.\n", args.rounds);
    println!("{}", table.markdown());
    let releases: Vec<String> =
        Contender::PEERS.iter().map(|peer| format!("{} {}", peer.name(), peer.release())).collect();
    machine::warn(load);
    println!("{}; {} cores.", releases.join(", "), machine::cores());
    println!("Ring ÷ best peer: geometric mean {mean:.2}, least {least:.2}.");
    let page = json!({
        "measure": "threads",
        "unit": "million items a second",
        "machine": machine::json(load),
        "rounds": args.rounds,
        "round_ms": args.round_ms,
        "releases": Contender::PEERS
            .iter()
            .map(|peer| (peer.name(), peer.release().into()))
            .collect::<serde_json::Map<_, _>>(),
        "cells": cells,
        "geometric_mean": mean,
        "least": least,
    });
    match write_json(args.json.as_deref(), &page) {
        Ok(()) => ExitCode::SUCCESS,
        Err(complaint) => {
            eprintln!("bench: {complaint}");
            ExitCode::FAILURE
        }
    }
}

/// What a cell came to.
struct Outcome {
    cell: Cell,
    names: Vec<String>,
    figures: Vec<Vec<f64>>,
    spreads: Vec<Spread>,
    /// Into `names`.
    best_peer: usize,
    /// Of our first contender, the ring, to the best peer.
    ratio: f64,
}

impl Outcome {
    fn of(cell: Cell, contenders: &[Contender], args: &Args) -> Self {
        let wanted = Duration::from_millis(args.round_ms);
        let items: Vec<u64> = contenders.iter().map(|one| enough(*one, cell, wanted)).collect();
        let figures = interleaved(args.rounds.into(), contenders.len(), |turn| {
            let duration = contenders[turn].race(cell, items[turn]);
            items[turn] as f64 / duration.as_secs_f64() / 1e6
        });
        let spreads: Vec<Spread> = figures.iter().map(|figures| Spread::of(figures)).collect();
        let best_peer = (0..contenders.len())
            .filter(|turn| Contender::PEERS.contains(&contenders[*turn]))
            .max_by(|a, b| spreads[*a].median.total_cmp(&spreads[*b].median))
            .expect("there are peers");
        Self {
            cell,
            names: contenders.iter().map(|contender| contender.name()).collect(),
            ratio: spreads[0].median / spreads[best_peer].median,
            figures,
            spreads,
            best_peer,
        }
    }

    fn row(&self) -> Vec<String> {
        let figure = |spread: &Spread| {
            format!("{:.2} ({:.2} to {:.2})", spread.median, spread.least, spread.greatest)
        };
        [self.cell.shape(), self.cell.capacity.to_string()]
            .into_iter()
            .chain(self.spreads.iter().map(figure))
            .chain([self.names[self.best_peer].clone(), format!("{:.2}", self.ratio)])
            .collect()
    }

    fn json(&self) -> Value {
        let contenders: serde_json::Map<String, Value> = self
            .names
            .iter()
            .zip(self.spreads.iter().zip(&self.figures))
            .map(|(name, (spread, figures))| (name.clone(), spread.json(figures)))
            .collect();
        json!({
            "producers": self.cell.producers,
            "consumers": self.cell.consumers,
            "capacity": self.cell.capacity,
            "contenders": contenders,
            "best_peer": self.names[self.best_peer],
            "ratio": self.ratio,
        })
    }
}

/// How many items make a round of about `wanted`.
fn enough(contender: Contender, cell: Cell, wanted: Duration) -> u64 {
    let mut items = 2_000;
    loop {
        let duration = contender.race(cell, items);
        if duration * 4 >= wanted {
            let more = wanted.as_secs_f64() / duration.as_secs_f64();
            return ((items as f64 * more) as u64).max(1);
        }
        items *= 2;
    }
}
