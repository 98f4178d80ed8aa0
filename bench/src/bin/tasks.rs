//! `cargo xtask bench tasks`: the buffer between tasks beside other crates, by shape and capacity;
//! items are `u64`. Everybody runs on the same runtime: tokio's for many threads, with two.

use std::process::ExitCode;

use bench::options::Options;
use bench::race::side_by_side;
use bench::report::{Better, Report, Subject};
use bench::shape::Grid;
use bench::tasks::{WORKERS, has_form, race, runtime};
use clap::Parser;

/// The buffer between tasks beside other crates, all on tokio's runtime with 2 threads
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench tasks")]
struct Args {
    #[command(flatten)]
    options: Options,
    #[command(flatten)]
    grid: Grid,
}

fn main() -> ExitCode {
    let Args { options, grid } = Args::parse();
    let subject = Subject::new(
        "tasks",
        &format!("Items from tasks to tasks, all on tokio's runtime with {WORKERS} threads"),
        "million items a second",
        Better::More,
        &["shape", "capacity"],
    );
    let mut report = Report::new(subject, &options);
    let runtime = runtime();
    for (shape, capacity) in grid.cells() {
        let mut contenders = options.contenders();
        contenders.retain(|contender| has_form(*contender, shape));
        let place = format!("{shape} capacity {capacity}");
        let figures = side_by_side(&place, &contenders, &options, |contender, lasting| {
            race::<u64>(&runtime, contender, shape, capacity, lasting).rate()
        });
        report.add(&[&shape, &capacity], figures);
    }
    report.finish(&options)
}
