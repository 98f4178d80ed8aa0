//! `cargo xtask bench memory`: the bytes that a ring of `u64` takes, all that belongs to it included.

mod allocator;

use std::path::PathBuf;
use std::process::ExitCode;

use bench::page::{Table, write_json};
use clap::Parser;
use forebay::{Builder, Discipline};
use serde_json::json;

use allocator::Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting::new();

const CAPACITIES: [usize; 5] = [1, 5, 64, 1024, 65_536];

/// What a ring of `capacity` may take: a stamp beside every item, and something for the rest.
const fn allowed(capacity: usize) -> usize {
    16 * capacity + 4096
}

/// Bytes that a ring of u64 takes
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench memory")]
struct Args {
    /// Every discipline, not the ring alone, empty and then full
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
    let mut table = Table::new(["discipline", "capacity", "empty", "full", "16 N + 4096"]);
    let mut rows = Vec::new();
    let mut kept = true;
    for discipline in disciplines {
        for capacity in CAPACITIES {
            let (empty, full) = bytes(*discipline, capacity);
            kept &= *discipline != Discipline::Ring || empty.max(full) <= allowed(capacity);
            table.row([
                discipline.to_string(),
                capacity.to_string(),
                empty.to_string(),
                full.to_string(),
                allowed(capacity).to_string(),
            ]);
            rows.push(json!({
                "discipline": discipline.to_string(),
                "capacity": capacity,
                "empty_bytes": empty,
                "full_bytes": full,
            }));
        }
    }
    println!("Bytes that a buffer of u64 takes.\n\n{}", table.markdown());
    if let Err(complaint) =
        write_json(args.json.as_deref(), &json!({ "measure": "memory", "buffers": rows }))
    {
        eprintln!("bench: {complaint}");
        return ExitCode::FAILURE;
    }
    if kept {
        ExitCode::SUCCESS
    } else {
        eprintln!("bench: a ring of N u64 may take 16 N + 4096 bytes, and takes more");
        ExitCode::FAILURE
    }
}

/// What a buffer takes when it is new, and when it is full.
fn bytes(discipline: Discipline, capacity: usize) -> (usize, usize) {
    let before = ALLOCATOR.in_use();
    let builder = Builder::<u64>::bounded(capacity).discipline(discipline);
    let (producer, consumer) = builder.build().expect("the capacity is not 0");
    let empty = ALLOCATOR.in_use() - before;
    for item in 0..capacity as u64 {
        producer.try_put(item).expect("there is room");
    }
    let full = ALLOCATOR.in_use() - before;
    drop((producer, consumer));
    assert_eq!(ALLOCATOR.in_use(), before, "a buffer that is gone keeps nothing");
    (empty, full)
}
