//! `forebay plan`: how a buffer will stand, before there is one.
//!
//! Every row is a `simulation`; where a `formula` is known, it stands beside it.

mod formula;
mod simulation;
mod spread;
mod wording;

use std::process::ExitCode;

use formula::{Known, known};
use simulation::{Model, OnFull, Seen, simulate};
use spread::Spread;

use crate::page;
use crate::run::args::values::duration;

/// Tell how many consumers it takes, how long items will wait, and how full the buffer will be
///
/// Items come at a rate, each takes its time with a consumer, and so many may wait. That is simulated, with
/// items that come by chance and times that differ, and told for one number of consumers after the other, up
/// to the first with which --wait is kept. Where theory has a formula, it stands beside.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  How many consumers for 50 items a second that take 120 ms each?
    forebay plan --rate 50/s --service 120ms
  What do six make of it if only 20 items may wait, and those that find no room are refused?
    forebay plan --rate 50/s --service 120ms --consumers 6 --capacity 20 --on-full refuse
  Work whose times differ widely, from four producers that come in bursts:
    forebay plan --rate 3/m --service 45s --service-variation 2 --producers 4 --rate-variation 3

Exit status: 0, or 255: wrong usage.")]
pub(crate) struct Args {
    /// Items that come, in the mean: 20/s, 0.5/m or 100/h
    #[arg(long, value_name = "RATE", value_parser = rate)]
    rate: f64,

    /// The time that a consumer takes for one, in the mean
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    service: f64,

    /// Tell of so many consumers: 4, or 4..8 [default: as many as are needed]
    #[arg(long, value_name = "N", value_parser = consumers)]
    consumers: Option<(u32, u32)>,

    /// Let at most N items wait
    #[arg(long, value_name = "N", default_value = "1024", value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    capacity: u64,

    /// What becomes of an item that finds it full
    #[arg(long, value_enum, value_name = "WHAT", default_value = "wait")]
    on_full: OnFull,

    /// So many producers, each of which may wait for room
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    producers: u32,

    /// How the times between two items differ: deviation by mean; 0 not at all, 1 as by chance, more in bursts
    #[arg(long, value_name = "RATIO", default_value = "1", value_parser = variation)]
    rate_variation: f64,

    /// How the times of work differ: deviation by mean; 0 not at all, 1 as of many small causes, more with a few very long
    #[arg(long, value_name = "RATIO", default_value = "1", value_parser = variation)]
    service_variation: f64,

    /// Enough consumers are those with which 95 items of 100 wait no longer than TIME [default: that of --service]
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    wait: Option<f64>,

    /// Simulate so many items for each number of consumers
    #[arg(long, value_name = "N", default_value = "200000", value_parser = clap::value_parser!(u64).range(1_000..=100_000_000))]
    items: u64,

    /// The same seed gives the same numbers
    #[arg(long, value_name = "N", default_value = "1")]
    seed: u64,

    /// Print an object of JSON; times in seconds
    #[arg(long)]
    json: bool,
}

/// More than anybody has, and than is simulated in moments.
const MOST: u32 = 100_000;

/// So many runs of a simulation, of which the spread is told.
const RUNS: u64 = 10;

fn seconds(text: &str) -> Result<f64, String> {
    duration(text).map(|time| time.as_secs_f64())
}

fn rate(text: &str) -> Result<f64, String> {
    let (number, unit) = text.split_once('/').unwrap_or((text, "s"));
    let seconds = match unit {
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3_600.0,
        "d" => 86_400.0,
        _ => f64::NAN,
    };
    let rate = number.parse::<f64>().map_or(f64::NAN, |number| number / seconds);
    if (1e-9..=1e9).contains(&rate) {
        Ok(rate)
    } else {
        Err("want a number of items a second, a minute, an hour or a day, such as 20/s, 0.5/m or 100/h"
            .to_owned())
    }
}

fn variation(text: &str) -> Result<f64, String> {
    let ratio = text.parse().ok().filter(|ratio| (0.0..=20.0).contains(ratio));
    ratio.ok_or_else(|| "want a number from 0 to 20".to_owned())
}

fn consumers(text: &str) -> Result<(u32, u32), String> {
    let (first, last) = text.split_once("..").unwrap_or((text, text));
    let number = |text: &str| text.parse().ok().filter(|number| (1..=MOST).contains(number));
    match (number(first), number(last.trim_start_matches('='))) {
        (Some(first), Some(last)) if first <= last => Ok((first, last)),
        _ => Err(format!("want a number from 1 to {MOST}, or two, as in 4..8")),
    }
}

/// One number of consumers, and what came of it.
struct Row {
    consumers: u32,
    seen: Seen,
    /// Of the mean wait of each run, half of the interval in which it lies 95 times of 100.
    uncertain: f64,
    known: Option<Known>,
    is_enough: bool,
}

impl Args {
    fn model(&self, consumers: u32) -> Model {
        Model {
            gap: Spread { mean: 1.0 / self.rate, variation: self.rate_variation },
            producers: self.producers,
            service: Spread { mean: self.service, variation: self.service_variation },
            consumers,
            capacity: self.capacity,
            on_full: self.on_full,
        }
    }

    /// Consumers that would be busy all the time.
    fn load(&self) -> f64 {
        self.rate * self.service
    }

    fn wait(&self) -> f64 {
        self.wait.unwrap_or(self.service)
    }

    fn row(&self, consumers: u32) -> Row {
        // A student's t, for one less than that many runs.
        const T: f64 = 2.262;
        let model = self.model(consumers);
        let runs: Vec<Seen> = (0..RUNS)
            .map(|run| simulate(model, self.items.div_ceil(RUNS), self.seed.wrapping_add(run)))
            .collect();
        let mean = runs.iter().map(Seen::wait).sum::<f64>() / RUNS as f64;
        let square: f64 = runs.iter().map(|run| (run.wait() - mean).powi(2)).sum();
        let uncertain = T * (square / (RUNS * (RUNS - 1)) as f64).sqrt();
        let mut runs = runs.into_iter();
        let mut seen = runs.next().expect("there is more than none");
        runs.for_each(|run| seen.add(&run));
        let by_chance = |ratio: f64| (ratio - 1.0).abs() < 1e-9;
        let is_known = by_chance(self.rate_variation)
            && by_chance(self.service_variation)
            && self.on_full == OnFull::Refuse;
        let known = is_known.then(|| known(self.rate, self.service, consumers, self.capacity));
        // Nothing is kept in time of which a part is lost, or never made.
        let keeps_up = seen.rate() >= 0.99 * self.rate;
        let is_enough = keeps_up && seen.wait_of(0.95) <= self.wait();
        Row { consumers, seen, uncertain, known, is_enough }
    }

    /// So many items it takes for a queue with so many consumers to forget how it began, in each run several times over:
    /// by the rule of thumb of Odoni and Roth, "An Empirical Investigation of the Transient Behavior of Stationary Queueing
    /// Systems", 1983, for one fast consumer in the place of several. None, where it grows for ever.
    fn needed(&self, consumers: u32) -> u64 {
        const TIMES: f64 = 4.0;
        let speed = f64::from(consumers) / self.service;
        let spare = (1.0 - (self.rate / speed).sqrt()).max(0.0);
        let variation = self.rate_variation.powi(2) + self.service_variation.powi(2);
        let seconds = variation / (2.8 * speed * spare.powi(2));
        let items = TIMES * seconds * self.rate * RUNS as f64;
        // Two digits, and what is not finite is none.
        let unit = 10_f64.powf((items.max(10.0).log10() - 1.0).floor());
        if items.is_finite() { ((items / unit).ceil() * unit) as u64 } else { 0 }
    }

    /// Rows for the numbers that were asked for, or up to the first that is enough, and one more.
    fn rows(&self) -> Vec<Row> {
        if let Some((first, last)) = self.consumers {
            return (first..=last).map(|consumers| self.row(consumers)).collect();
        }
        let first = (self.load().floor() as u32).max(1);
        let enough = self.least(first);
        // Those that lead there, if they are few.
        let from = first.max(enough.saturating_sub(5));
        (from..=enough + 1).map(|consumers| self.row(consumers)).collect()
    }

    /// The least number that is enough, which is at least `first`: looked for in steps that double, and then halved.
    fn least(&self, first: u32) -> u32 {
        let is_enough = |consumers| self.row(consumers).is_enough;
        let (mut step, mut below, mut above) = (1, first.saturating_sub(1), first);
        while above < MOST && !is_enough(above) {
            (below, above) = (above, above.saturating_add(step).min(MOST));
            step *= 2;
        }
        while above - below > 1 {
            let middle = below + (above - below) / 2;
            if is_enough(middle) { above = middle } else { below = middle }
        }
        above
    }
}

pub(crate) fn run(args: &Args) -> ExitCode {
    if args.load() > f64::from(MOST) / 2.0 {
        eprintln!(
            "forebay plan: that is the work of {:.0} consumers, all the time; at most {} are simulated",
            args.load(),
            MOST / 2
        );
        return ExitCode::from(255);
    }
    let rows = args.rows();
    let told = if args.json { wording::json(args, &rows) } else { wording::text(args, &rows) };
    page::print(told.as_bytes())
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(Debug, clap::Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    fn args(line: &str) -> Args {
        Line::parse_from(format!("plan {line}").split(' ')).args
    }

    #[test]
    fn the_least_that_is_enough_is_found() {
        let args = args("--rate 50/s --service 120ms --items 20000");
        let rows = args.rows();
        let enough: Vec<bool> = rows.iter().map(|row| row.is_enough).collect();
        assert_eq!(&enough[enough.len() - 3..], [false, true, true]);
        assert!(rows.iter().all(|row| row.seen.wait() >= 0.0 && row.known.is_none()));
        // Erlang C says 7 or 8: with 7, each twentieth item waits for over 120 ms.
        assert!((7..=9).contains(&rows[rows.len() - 2].consumers));
    }

    #[test]
    fn numbers_are_read_and_refused() {
        assert_eq!(rate("30/m"), Ok(0.5));
        assert!(rate("0/s").is_err() && rate("5/y").is_err() && rate("x").is_err());
        assert_eq!(consumers("4..8"), Ok((4, 8)));
        assert!(consumers("8..4").is_err() && consumers("0").is_err());
        assert!(variation("-1").is_err() && variation("NaN").is_err());
    }
}
