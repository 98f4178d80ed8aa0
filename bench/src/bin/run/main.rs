//! `cargo xtask bench run`: `forebay run` beside xargs and both programs called parallel, on a command
//! that does nothing, so that only the cost of running it is seen.

mod contender;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs, io, process};

use bench::machine::Machine;
use bench::rounds::interleaved;
use bench::spread::Spread;
use bench::table::{Table, write_json};
use clap::Parser;
use serde_json::{Value, json};

use contender::Contender;

/// `forebay run` beside xargs and both programs called parallel
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench run")]
struct Args {
    /// The command under test; `cargo xtask bench run` builds it and gives it
    #[arg(long, value_name = "PATH")]
    forebay: PathBuf,
    /// Rounds; the median of them is told
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// How many times the command is run in a round
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(1..))]
    items: u32,
    /// 3 rounds of 200 items: a first look, not a figure
    #[arg(long)]
    quick: bool,
    /// Write everything to this file as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

fn main() -> ExitCode {
    let mut args = Args::parse();
    if args.quick {
        (args.rounds, args.items) = (3, 200);
    }
    let folder = env::temp_dir().join(format!("forebay-bench-run-{}", process::id()));
    let measured = write_items(&folder, args.items)
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

fn write_items(folder: &Path, items: u32) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let lines: Vec<String> = (1..=items).map(|item| item.to_string()).collect();
    fs::write(folder.join("items"), lines.join("\n") + "\n")
}

fn measure(args: &Args, folder: &Path) -> Result<(), String> {
    let machine = Machine::now();
    let (peers, missing) = Contender::peers(args.items, folder);
    let mut contenders = vec![Contender::forebay(&args.forebay, folder)];
    contenders.extend(peers);
    // Once to warm up, and so that whoever cannot do the work is known before anything is measured.
    for contender in &contenders {
        contender.race(args.items)?;
    }
    let mut failure = None;
    let figures = interleaved(args.rounds.into(), contenders.len(), |turn| {
        match contenders[turn].race(args.items) {
            Ok(duration) => duration.as_secs_f64(),
            Err(complaint) => {
                failure.get_or_insert(complaint);
                f64::NAN
            }
        }
    });
    if let Some(complaint) = failure {
        return Err(complaint);
    }

    let spreads: Vec<Spread> = figures.iter().map(|figures| Spread::of(figures)).collect();
    let own = spreads[0].median;
    let mut table = Table::new(["program", "seconds", "least", "greatest", "forebay ÷ it"]);
    let mut rows = serde_json::Map::new();
    for (contender, (spread, figures)) in contenders.iter().zip(spreads.iter().zip(&figures)) {
        table.row([
            format!("`{}`", contender.line),
            format!("{:.3}", spread.median),
            format!("{:.3}", spread.least),
            format!("{:.3}", spread.greatest),
            format!("{:.2}", own / spread.median),
        ]);
        let mut row = json!(spread);
        row["rounds"] = json!(figures);
        row["line"] = contender.line.into();
        row["ratio"] = (own / spread.median).into();
        rows.insert(contender.name.to_owned(), row);
    }
    println!(
        "{} × /bin/true, 2 workers: median of {} rounds; {} cores.\n",
        args.items, args.rounds, machine.cores
    );
    println!("{}", table.markdown());
    if let Some(warning) = machine.warning() {
        println!("{warning}");
    }
    if !missing.is_empty() {
        println!("Not installed here, so not measured: {}.", missing.join(", "));
    }
    let page: Value = json!({
        "measure": "run",
        "unit": "seconds",
        "machine": machine,
        "rounds": args.rounds,
        "items": args.items,
        "programs": rows,
        "missing": missing,
    });
    write_json(args.json.as_deref(), &page)
}
