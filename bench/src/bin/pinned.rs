//! `cargo xtask bench pinned`: a producer and a consumer that share one processor, so that whoever
//! waits has to let the other one run; items are `u64`, every wait blocks.

use std::process::ExitCode;

use bench::blocking::open;
use bench::options::Options;
use bench::pin;
use bench::race::{Race, side_by_side};
use bench::report::{Better, Report, Subject};
use bench::shape::Shape;
use clap::Parser;

/// The buffer between two threads on one processor
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench pinned")]
struct Args {
    #[command(flatten)]
    options: Options,
}

fn main() -> ExitCode {
    let Args { options } = Args::parse();
    let subject = Subject::new(
        "pinned",
        "Items from a thread to a thread, both on one processor, every wait blocking",
        "million items a second",
        Better::More,
        &["capacity"],
    );
    let mut report = Report::new(subject, &options);
    for capacity in [1, 5, 64, 1024] {
        let place = format!("capacity {capacity}, on one processor");
        let contenders = options.contenders();
        let figures = side_by_side(&place, &contenders, &options, |contender, lasting| {
            let race = Race::lasting(lasting).after(pin::to_one_core);
            open::<u64, _>(contender, Shape::PAIR, capacity, race).rate()
        });
        report.add(&[&capacity], figures);
    }
    report.finish(&options)
}
