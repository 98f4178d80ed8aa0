//! `cargo xtask bench threads`: the buffer between threads beside other crates, by shape and
//! capacity; items are `u64`, every wait blocks.

use std::process::ExitCode;

use bench::blocking::open;
use bench::options::Options;
use bench::race::{Race, side_by_side};
use bench::report::{Better, Report, Subject};
use bench::shape::Grid;
use clap::Parser;

/// The buffer between threads beside other crates
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench threads")]
struct Args {
    #[command(flatten)]
    options: Options,
    #[command(flatten)]
    grid: Grid,
}

fn main() -> ExitCode {
    let Args { options, grid } = Args::parse();
    let subject = Subject::new(
        "threads",
        "Items from threads to threads, every wait blocking",
        "million items a second",
        Better::More,
        &["shape", "capacity"],
    );
    let mut report = Report::new(subject, &options);
    for (shape, capacity) in grid.cells() {
        let mut contenders = options.contenders();
        contenders.retain(|contender| contender.has_form(shape));
        let place = format!("{shape} capacity {capacity}");
        let figures = side_by_side(&place, &contenders, &options, |contender, lasting| {
            open::<u64, _>(contender, shape, capacity, Race::lasting(lasting)).rate()
        });
        report.add(&[&shape, &capacity], figures);
    }
    report.finish(&options)
}
