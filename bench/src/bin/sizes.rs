//! `cargo xtask bench sizes`: items of 8, 64 and 1,024 bytes, moved by value between threads; every
//! wait blocks.

use std::process::ExitCode;

use bench::blocking::open;
use bench::item::Block;
use bench::options::Options;
use bench::race::{Race, side_by_side};
use bench::report::{Better, Report, Subject};
use bench::shape::Shape;
use clap::Parser;

/// Items of several sizes through the buffer
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench sizes")]
struct Args {
    #[command(flatten)]
    options: Options,
}

fn main() -> ExitCode {
    let Args { options } = Args::parse();
    let subject = Subject::new(
        "sizes",
        "Items of some bytes from threads to threads, every wait blocking",
        "million items a second",
        Better::More,
        &["shape", "bytes", "capacity"],
    );
    let mut report = Report::new(subject, &options);
    for shape in [Shape::PAIR, Shape { producers: 2, consumers: 2 }] {
        let mut contenders = options.contenders();
        contenders.retain(|contender| contender.has_form(shape));
        for bytes in [8, 64, 1024] {
            for capacity in [64, 1024] {
                let place = format!("{shape} of {bytes} bytes, capacity {capacity}");
                let figures = side_by_side(&place, &contenders, &options, |contender, lasting| {
                    let race = Race::lasting(lasting);
                    let carried = match bytes {
                        8 => open::<u64, _>(contender, shape, capacity, race),
                        64 => open::<Block<8>, _>(contender, shape, capacity, race),
                        _ => open::<Block<128>, _>(contender, shape, capacity, race),
                    };
                    carried.rate()
                });
                report.add(&[&shape, &bytes, &capacity], figures);
            }
        }
    }
    report.finish(&options)
}
