//! `cargo xtask bench uncontended`: a put and a take by one thread, with nobody else there.

use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use bench::blocking::{Put, Take, Trial, open};
use bench::options::Options;
use bench::race::{Carried, Leg, side_by_side};
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
        let figures = side_by_side(&place, &contenders, &options, |contender, lasting| {
            open(contender, Shape::PAIR, capacity, Alone { lasting }).each()
        });
        report.add(&[&capacity], figures);
    }
    report.finish(&options)
}

/// Puts items and takes each at once, for so long.
struct Alone {
    lasting: Duration,
}

/// Pairs of put and take between two looks at the clock.
const BATCH: u32 = 1_000;

impl Trial<u64> for Alone {
    type Outcome = Carried;

    fn run<P: Put<u64>, C: Take<u64>>(
        self,
        mut producers: Vec<P>,
        mut consumers: Vec<C>,
    ) -> Carried {
        let (producer, consumer) = (&mut producers[0], &mut consumers[0]);
        let (mut putting, mut taking) = (Leg::begin(), Leg::begin());
        let begun = Instant::now();
        while begun.elapsed() < self.lasting {
            for _ in 0..BATCH {
                producer.put(black_box(putting.next(0)));
                taking.count(black_box(consumer.take().expect("its producer is there")));
            }
        }
        Carried::by(&[putting.end()], &[taking.end()])
    }
}
