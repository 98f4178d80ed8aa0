//! `cargo xtask bench batches`: items put and taken 64 at a time, beside one at a time and beside what
//! the peers have for it; items are `u64`, every wait blocks.

use std::process::ExitCode;

use bench::batched::BATCH;
use bench::blocking::open;
use bench::contender::Contender;
use bench::options::Options;
use bench::race::{Race, side_by_side};
use bench::report::{Better, Report, Subject};
use bench::shape::Grid;
use clap::Parser;

/// Items by 64 through the buffer
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench batches")]
struct Args {
    #[command(flatten)]
    options: Options,
    #[command(flatten)]
    grid: Grid,
}

fn main() -> ExitCode {
    let Args { options, grid } = Args::parse();
    let subject = Subject::new(
        "batches",
        &format!("Items from threads to threads, up to {BATCH} at a time (many) and one at a time"),
        "million items a second",
        Better::More,
        &["shape", "capacity"],
    );
    let mut report = Report::new(subject, &options);
    for (shape, capacity) in grid.cells_of(&[1024]) {
        let single = options.contenders();
        let many: Vec<Contender> = single.iter().map(|contender| contender.many()).collect();
        // Ours by batches comes first: its ratio to the best peer is told.
        let mut contenders = [many, single].concat();
        contenders.retain(|contender| contender.has_form(shape));
        let place = format!("{shape} capacity {capacity}, by batches");
        let figures = side_by_side(&place, &contenders, &options, |contender, lasting| {
            open::<u64, _>(contender, shape, capacity, Race::lasting(lasting)).rate()
        });
        report.add(&[&shape, &capacity], figures);
    }
    report.finish(&options)
}
