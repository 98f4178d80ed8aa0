//! `cargo xtask bench uncontended`: a put and a take by one thread, with nobody else there.

use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use bench::blocking::{Put, Take, Trial, open};
use bench::item;
use bench::options::Options;
use bench::race::{each, side_by_side};
use bench::report::{Better, Report, Subject};
use bench::shape::Shape;
use clap::Parser;

/// A put and a take by one thread, with nobody else there
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench uncontended")]
struct Args {
    #[command(flatten)]
    options: Options,
}

fn main() -> ExitCode {
    let Args { options } = Args::parse();
    let subject = Subject::new(
        "uncontended",
        "One put and one take of a u64 by one thread, with nobody else there",
        "ns",
        Better::Less,
        &["capacity"],
    );
    let mut report = Report::new(subject, &options);
    for capacity in [1, 64, 1024] {
        let place = format!("capacity {capacity}, alone");
        let contenders = options.contenders();
        let figures = side_by_side(&place, &contenders, &options, each, |contender, items| {
            open(contender, Shape::PAIR, capacity, Alone { items })
        });
        report.add(&[&capacity], figures);
    }
    report.finish(&options)
}

/// Puts each of so many items and takes it at once.
struct Alone {
    items: u64,
}

impl Trial<u64> for Alone {
    type Outcome = Duration;

    fn run<P: Put<u64>, C: Take<u64>>(
        self,
        mut producers: Vec<P>,
        mut consumers: Vec<C>,
    ) -> Duration {
        let (producer, consumer) = (&mut producers[0], &mut consumers[0]);
        let mut sum = 0_u64;
        let begun = Instant::now();
        for number in 0..self.items {
            producer.put(black_box(number));
            let taken = consumer.take().expect("its producer is there");
            sum = sum.wrapping_add(black_box(taken));
        }
        let duration = begun.elapsed();
        assert_eq!(sum, item::sum(self.items), "items were lost or doubled");
        duration
    }
}
