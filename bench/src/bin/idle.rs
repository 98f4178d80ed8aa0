//! `cargo xtask bench idle`: the processor time of producers and consumers that only wait (C5).
//!
//! Two buffers of each discipline, one full with producers blocked on it, one empty with consumers
//! blocked on it. Nothing moves for ten seconds; what the process has then used is told.

use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use bench::machine::Machine;
use bench::processor;
use bench::table::{Table, write_json};
use clap::Parser;
use forebay::{Builder, Discipline};
use serde_json::json;

/// More than this for all who wait on a buffer, and they do not sleep.
const LIMIT: Duration = Duration::from_millis(10);
const CAPACITY: usize = 5;
const WAITERS: usize = 4;

/// Processor time of producers and consumers that only wait
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench idle")]
struct Args {
    /// How long nothing moves
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Every discipline, not the ring alone
    #[arg(long)]
    disciplines: bool,
    /// Write everything to this file as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let disciplines: &[Discipline] =
        if args.disciplines { &Discipline::ALL } else { &[Discipline::Ring] };
    let mut table = Table::new(["discipline", "processor time", "at most"]);
    let mut rows = Vec::new();
    let mut kept = true;
    for discipline in disciplines {
        let used = idle(*discipline, Duration::from_secs(args.seconds));
        kept &= used < LIMIT;
        table.row([discipline.to_string(), format!("{used:.2?}"), format!("{LIMIT:?}")]);
        rows.push(json!({ "discipline": discipline.to_string(), "seconds": used.as_secs_f64() }));
    }
    println!(
        "{WAITERS} producers blocked on a full buffer and {WAITERS} consumers on an empty one, {} s.\n",
        args.seconds
    );
    println!("{}", table.markdown());
    let page = json!({
        "measure": "idle",
        "machine": Machine::now(),
        "seconds": args.seconds,
        "limit_seconds": LIMIT.as_secs_f64(),
        "disciplines": rows,
    });
    if let Err(complaint) = write_json(args.json.as_deref(), &page) {
        eprintln!("bench: {complaint}");
        return ExitCode::FAILURE;
    }
    if kept {
        ExitCode::SUCCESS
    } else {
        eprintln!("bench: whoever waits must sleep (C5), and does not");
        ExitCode::FAILURE
    }
}

fn idle(discipline: Discipline, duration: Duration) -> Duration {
    let buffer = || {
        let builder = Builder::<u64>::bounded(CAPACITY).discipline(discipline);
        builder.build().expect("the capacity is not 0")
    };
    let (full, drain) = buffer();
    for item in 0..CAPACITY as u64 {
        full.put(item).expect("there is room");
    }
    let (feed, empty) = buffer();
    thread::scope(|scope| {
        for _ in 0..WAITERS {
            let (full, empty) = (full.clone(), empty.clone());
            scope.spawn(move || full.put(0).is_err());
            scope.spawn(move || empty.take().is_err());
        }
        let blocked = || {
            full.statistics().producers_waiting == WAITERS
                && empty.statistics().consumers_waiting == WAITERS
        };
        while !blocked() {
            thread::sleep(Duration::from_millis(1));
        }
        // Whoever has just gone to sleep is asleep by now.
        thread::sleep(Duration::from_millis(50));
        let before = processor::time();
        thread::sleep(duration);
        let used = processor::time().saturating_sub(before);
        assert!(blocked(), "somebody moved: this measures nothing");
        full.close();
        feed.close();
        while drain.take().is_ok() {}
        used
    })
}
