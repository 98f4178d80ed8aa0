//! A plan, for people and for programs.

use std::fmt::Write as _;

use serde::Serialize;

use super::simulation::OnFull;
use super::{Args, RUNS, Row};

pub(super) fn text(args: &Args, rows: &[Row]) -> String {
    let load = args.load();
    let s = if number(load) == "1" { "" } else { "s" };
    let (rate, service) = (rate(args.rate), time(args.service));
    let mut text = format!("{rate}, {service} each: the work of {} consumer{s}\n\n", number(load));
    let lost = match args.on_full {
        OnFull::Wait => "held up",
        OnFull::Refuse => "refused",
        OnFull::DropOldest => "dropped",
    };
    let is_known = rows.iter().any(|row| row.known.is_some());
    let formula = if is_known { "by formula" } else { "" };
    let head = format!(
        "{:>9} {:>6} {:>9} {:>6} {:>9} {:>9} {:>9} {:>6} {lost:>9}  {:<6}  {formula}",
        "consumers", "busy", "wait", "±", "95 %", "99 %", "waiting", "full", ""
    );
    let _ = writeln!(text, "{}", head.trim_end());
    for row in rows {
        let Row { consumers, seen, .. } = row;
        let lost = match args.on_full {
            OnFull::Wait => time(seen.held_up / seen.came.max(1) as f64),
            OnFull::Refuse | OnFull::DropOldest => percent(row.lost()),
        };
        let known = row.known.map_or_else(String::new, |known| {
            format!("wait {}, refused {}", time(known.wait), percent(known.refused))
        });
        let line = format!(
            "{consumers:>9} {:>6} {:>9} {:>6} {:>9} {:>9} {:>9} {:>6} {lost:>9}  {:<6}  {known}",
            percent(seen.busy(*consumers)),
            time(seen.wait()),
            percent(row.uncertain / seen.wait().max(f64::MIN_POSITIVE)),
            time(seen.wait_of(0.95)),
            time(seen.wait_of(0.99)),
            number(seen.depth()),
            percent(seen.full()),
            if row.is_enough { "enough" } else { "" },
        );
        let _ = writeln!(text, "{}", line.trim_end());
    }
    let _ = writeln!(
        text,
        "\nenough: 95 items of 100 wait no longer than {}, and no more than one in a hundred is lost or not made",
        time(args.wait())
    );
    if let Some(row) = rows.iter().find(|row| row.is_enough) {
        let consumers = row.consumers;
        let spare = f64::from(consumers) / args.service - args.rate;
        let backlog = time(args.capacity as f64 / spare);
        let s = if consumers == 1 { "" } else { "s" };
        let _ = writeln!(
            text,
            "{consumers} consumer{s}: a buffer that has filled up ({}) is empty again after {backlog}",
            counted(args.capacity)
        );
    }
    let _ = writeln!(
        text,
        "simulated: {} items for each number of consumers, in {RUNS} runs; ± is where the mean wait lies 95 times of 100",
        args.items
    );
    let short = rows.iter().filter(|row| row.is_enough).map(|row| args.needed(row.consumers));
    if let Some(needed) = short.max().filter(|needed| *needed > args.items) {
        let _ = writeln!(
            text,
            "that is too few to be sure of who is enough, as near to the limit as this is: try --items {needed}"
        );
    }
    text
}

impl Row {
    /// Of the items that came, those that were refused or dropped.
    fn lost(&self) -> f64 {
        self.seen.lost as f64 / self.seen.came.max(1) as f64
    }
}

fn counted(items: u64) -> String {
    format!("{items} item{}", if items == 1 { "" } else { "s" })
}

/// Three digits.
fn number(number: f64) -> String {
    if number > 0.0 && number < 0.01 {
        return "<0.01".to_owned();
    }
    let digits = if number < 10.0 { 2 } else { usize::from(number < 100.0) };
    let text = format!("{number:.digits$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// `0.5 items a second`, by the unit in which it is not much less than 1.
fn rate(a_second: f64) -> String {
    let units = [("second", 1.0), ("minute", 60.0), ("hour", 3_600.0), ("day", 86_400.0)];
    let is_fit = |(_, seconds): &&(&str, f64)| a_second * seconds >= 0.1;
    let (unit, seconds) = units.iter().find(is_fit).unwrap_or(&units[3]);
    let rate = number(a_second * seconds);
    format!(
        "{rate} item{} a{} {unit}",
        if rate == "1" { "" } else { "s" },
        if *unit == "hour" { "n" } else { "" }
    )
}

/// Two digits or so, and no more than 100 %.
fn percent(part: f64) -> String {
    let percent = part * 100.0;
    if percent <= 0.0 {
        "0 %".to_owned()
    } else if percent < 0.1 {
        "<0.1 %".to_owned()
    } else if percent < 10.0 {
        format!("{percent:.1} %")
    } else {
        format!("{percent:.0} %")
    }
}

fn time(seconds: f64) -> String {
    match seconds {
        _ if seconds <= 0.0 => "0".to_owned(),
        _ if seconds < 1e-6 => "<1 µs".to_owned(),
        _ if seconds < 1e-3 => format!("{} µs", number(seconds * 1e6)),
        _ if seconds < 1.0 => format!("{} ms", number(seconds * 1e3)),
        _ if seconds < 120.0 => format!("{} s", number(seconds)),
        _ if seconds < 7_200.0 => format!("{} min", number(seconds / 60.0)),
        _ if seconds < 172_800.0 => format!("{} h", number(seconds / 3_600.0)),
        _ => format!("{} d", number(seconds / 86_400.0)),
    }
}

#[derive(Serialize)]
struct Told {
    rate: f64,
    service_seconds: f64,
    /// Consumers that would be busy all the time.
    load: f64,
    capacity: u64,
    wait_seconds: f64,
    rows: Vec<RowTold>,
}

#[derive(Serialize)]
struct RowTold {
    consumers: u32,
    enough: bool,
    busy: f64,
    rate: f64,
    wait_mean_seconds: f64,
    wait_mean_uncertain_seconds: f64,
    wait_95_seconds: f64,
    wait_99_seconds: f64,
    waiting_mean: f64,
    full: f64,
    held_up_mean_seconds: f64,
    lost: f64,
    /// What is known by formula; null where none is.
    formula: Option<KnownTold>,
}

#[derive(Serialize)]
struct KnownTold {
    wait_mean_seconds: f64,
    waiting_mean: f64,
    busy: f64,
    lost: f64,
}

pub(super) fn json(args: &Args, rows: &[Row]) -> String {
    let rows = rows.iter().map(|row| RowTold {
        consumers: row.consumers,
        enough: row.is_enough,
        busy: row.seen.busy(row.consumers),
        rate: row.seen.rate(),
        wait_mean_seconds: row.seen.wait(),
        wait_mean_uncertain_seconds: row.uncertain,
        wait_95_seconds: row.seen.wait_of(0.95),
        wait_99_seconds: row.seen.wait_of(0.99),
        waiting_mean: row.seen.depth(),
        full: row.seen.full(),
        held_up_mean_seconds: row.seen.held_up / row.seen.came.max(1) as f64,
        lost: row.lost(),
        formula: row.known.map(|known| KnownTold {
            wait_mean_seconds: known.wait,
            waiting_mean: known.depth,
            busy: known.busy,
            lost: known.refused,
        }),
    });
    let told = Told {
        rate: args.rate,
        service_seconds: args.service,
        load: args.load(),
        capacity: args.capacity,
        wait_seconds: args.wait(),
        rows: rows.collect(),
    };
    serde_json::to_string(&told).expect("it is plain data") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_two_or_three_digits() {
        let all = [0.0, 3e-5, 0.012, 1.0, 61.0, 150.0, 9_000.0, 1e6].map(time);
        assert_eq!(all, ["0", "30 µs", "12 ms", "1 s", "61 s", "2.5 min", "2.5 h", "11.6 d"]);
        assert_eq!(
            [0.0, 0.0004, 0.012, 0.456, 1.0].map(percent),
            ["0 %", "<0.1 %", "1.2 %", "46 %", "100 %"]
        );
        assert_eq!(rate(50.0), "50 items a second");
        assert_eq!(rate(1.0 / 60.0), "1 item a minute");
        assert_eq!(rate(2.0 / 3_600.0), "2 items an hour");
        assert_eq!([0.125, 12.34, 1234.5].map(number), ["0.12", "12.3", "1234"]);
    }
}
