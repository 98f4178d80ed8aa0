//! An elastic number of consumers: how soon it settles near the number that the load needs, and whether it
//! goes back when the load goes.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use bench::table::Table;
use serde_json::{Value, json};

use crate::Args;
use crate::process::Stopped;

/// How long each command sleeps.
const SERVICE: Duration = Duration::from_millis(100);

/// How long each load lasts.
const PHASE: Duration = Duration::from_secs(6);

/// Items a second: 24 consumers are needed, then 4.
const LOADS: [u32; 2] = [240, 40];

pub(crate) fn measure(args: &Args, _folder: &Path) -> Result<Value, String> {
    let complaint = |error: std::io::Error| format!("--elastic: {error}");
    let mut child = Command::new(&args.forebay)
        .args(["run", "--elastic", "1..32", "--json", "--quiet", "--", "sleep"])
        .arg(SERVICE.as_secs_f64().to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(complaint)?;
    let mut input = child.stdin.take().ok_or("no standard input")?;
    let output = child.stdout.take().ok_or("no standard output")?;
    let mut stopped = Stopped(child);
    let reading = thread::spawn(move || {
        let mut changes = Vec::new();
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            let event: Value = serde_json::from_str(&line).unwrap_or_default();
            if event["event"] == "consumers" {
                let (at, number) = (event["at"].as_f64(), event["number"].as_u64());
                changes.extend(at.zip(number));
            }
        }
        changes
    });
    let begun = Instant::now();
    let mut fed = 0_u32;
    for (phase, load) in LOADS.iter().enumerate() {
        let until = PHASE * (phase as u32 + 1);
        let mut due = begun.elapsed();
        while begun.elapsed() < until {
            fed += 1;
            // An item that sleep takes as nothing more to sleep.
            writeln!(input, "0.0{:05}", fed % 10).map_err(complaint)?;
            due += Duration::from_secs(1) / *load;
            thread::sleep(due.saturating_sub(begun.elapsed()));
        }
    }
    drop(input);
    stopped.0.wait().map_err(complaint)?;
    let changes = reading.join().map_err(|_| "the reader panicked")?;
    let mut table = Table::new([
        "items a second",
        "consumers needed",
        "settled after s",
        "least after 2 s",
        "greatest after 2 s",
        "mean after 2 s",
    ]);
    let mut rows = Vec::new();
    for (phase, load) in LOADS.iter().enumerate() {
        let needed = f64::from(*load) * SERVICE.as_secs_f64();
        let from = PHASE.as_secs_f64() * phase as f64;
        let to = from + PHASE.as_secs_f64();
        let within = |number: u64| (number as f64 - needed).abs() <= 0.2 * needed;
        let numbers = numbers_between(&changes, from, to);
        let settled = numbers.iter().rev().take_while(|(_, number)| within(*number)).last();
        let settled = settled.map(|(at, _)| (at - from).max(0.0));
        let late = numbers_between(&changes, from + 2.0, to);
        let (least, greatest) =
            late.iter().fold((u64::MAX, 0), |(least, greatest), (_, number)| {
                (least.min(*number), greatest.max(*number))
            });
        let mean = mean(&late, to);
        table.row([
            load.to_string(),
            format!("{needed:.0}"),
            settled.map_or("never".to_owned(), |settled| format!("{settled:.2}")),
            least.to_string(),
            greatest.to_string(),
            format!("{mean:.1}"),
        ]);
        rows.push(json!({
            "load": load, "needed": needed, "settled_seconds": settled,
            "least": least, "greatest": greatest, "mean": mean,
        }));
    }
    println!("`--elastic 1..32` on commands that sleep {} ms:\n", SERVICE.as_millis());
    println!("{}", table.markdown());
    Ok(json!(rows))
}

/// The number at `from`, and each change until `to`.
fn numbers_between(changes: &[(f64, u64)], from: f64, to: f64) -> Vec<(f64, u64)> {
    let before = changes.iter().rev().find(|(at, _)| *at <= from).map_or(1, |(_, number)| *number);
    let within = changes.iter().filter(|(at, _)| *at > from && *at < to).copied();
    std::iter::once((from, before)).chain(within).collect()
}

fn mean(numbers: &[(f64, u64)], to: f64) -> f64 {
    let ends = numbers.iter().skip(1).map(|(at, _)| *at).chain([to]);
    let area: f64 =
        numbers.iter().zip(ends).map(|((at, number), end)| *number as f64 * (end - at)).sum();
    area / (to - numbers[0].0)
}
