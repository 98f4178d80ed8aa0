//! `cargo xtask bench paced`: how long one item takes from a thread to a thread that waits for it,
//! at 10,000 items a second, and what processor time that costs.
//!
//! The producer sleeps from tick to tick, so it takes next to nothing itself; what this pacing takes
//! with no buffer at all is measured in every round too, and its median subtracted.

mod pace;

use std::process::ExitCode;
use std::time::Duration;

use bench::blocking::open;
use bench::contender::Contender;
use bench::options::Options;
use bench::report::{Better, Report, Subject};
use bench::rounds::interleaved;
use bench::shape::Shape;
use bench::spread::Spread;
use bench::{progress, watchdog};
use clap::Parser;

use pace::Pace;

/// From tick to tick: 10,000 items a second.
const PERIOD: Duration = Duration::from_micros(100);
const CAPACITY: usize = 64;
const ROUND: Duration = Duration::from_secs(1);

/// Latency of a hand-over at 10,000 items a second, and its processor time
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench paced")]
struct Args {
    #[command(flatten)]
    options: Options,
}

fn main() -> ExitCode {
    let Args { options } = Args::parse();
    let subject = Subject::new(
        "paced",
        "One item from a thread to a thread that waits for it, at 10,000 items a second",
        "µs",
        Better::Less,
        &["what"],
    );
    let mut report = Report::new(subject, &options);
    let contenders = options.contenders();
    let items = (options.round(ROUND).as_nanos() / PERIOD.as_nanos()).max(1) as u64;
    let pace = Pace { items, period: PERIOD };
    // One more than there are contenders: the pacing with no buffer at all.
    let rounds = interleaved(options.rounds(), contenders.len() + 1, |turn| {
        contenders.get(turn).map_or_else(|| Round::alone(pace), |one| Round::of(*one, pace))
    });
    let (alone, rounds) = rounds.split_last().expect("there is the pacing");
    let pacing = Spread::of(&figures(alone, |round| round.processor)).median;
    let mut add = |what: &str, figure: &dyn Fn(&Round) -> f64| {
        let of = |rounds: &Vec<Round>| figures(rounds, figure);
        report.add(&[&what], contenders.iter().copied().zip(rounds.iter().map(of)).collect());
    };
    add("median latency", &|round| round.quantiles[0]);
    add("p99 latency", &|round| round.quantiles[1]);
    add("p99.9 latency", &|round| round.quantiles[2]);
    add("processor time an item", &|round| round.processor - pacing);
    let outcome = report.finish(&options);
    println!("The pacing itself took {pacing:.2} µs of processor time an item, subtracted above.");
    outcome
}

/// One round of one contender; all in µs.
struct Round {
    /// Of the latencies, at ½, 99 % and 99.9 %.
    quantiles: [f64; 3],
    /// For each item, what the pacing took included.
    processor: f64,
}

impl Round {
    fn of(contender: Contender, pace: Pace) -> Self {
        let what = format!("{contender} at 10,000 items a second");
        progress::show(&what);
        let paced = watchdog::watch(&what, pace.lasting() + watchdog::LIMIT, || {
            open(contender, Shape::PAIR, CAPACITY, pace)
        });
        let quantile = |q| paced.latencies.value_at_quantile(q) as f64 / 1e3;
        Self {
            quantiles: [0.5, 0.99, 0.999].map(quantile),
            processor: microseconds(paced.processor),
        }
    }

    fn alone(pace: Pace) -> Self {
        Self { quantiles: [0.0; 3], processor: microseconds(pace.alone()) }
    }
}

fn figures(rounds: &[Round], figure: impl Fn(&Round) -> f64) -> Vec<f64> {
    rounds.iter().map(figure).collect()
}

fn microseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}
