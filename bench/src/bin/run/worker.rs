//! Lines fed to long-lived workers that answer each: how many a second, and in how much memory.

use std::path::Path;
use std::process::{Command, Stdio};
use std::{fs, io};

use bench::spread::Spread;
use bench::table::Table;
use serde_json::{Value, json};

use crate::{Args, process};

pub(crate) fn measure(args: &Args, folder: &Path) -> Result<Value, String> {
    let report = folder.join("worker.json");
    let mut rates = Vec::new();
    let mut peak = 0;
    // Minutes, not seconds, would go into seven rounds of ten million lines.
    for _ in 0..args.rounds.min(3) {
        let mut lines = Command::new("seq")
            .arg(args.lines.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("seq: {error}"))?;
        let mut command = Command::new(&args.forebay);
        command
            .args(["run", "--worker", "-j2", "--quiet", "--report-json"])
            .arg(&report)
            .args(["--", "cat"])
            .stdin(lines.stdout.take().map_or_else(Stdio::null, Stdio::from))
            .stdout(Stdio::null());
        let race = process::run(&mut command).map_err(|error| format!("--worker: {error}"))?;
        let _ = lines.wait();
        let finished = finished(&report).map_err(|error| format!("its report: {error}"))?;
        if finished != u64::from(args.lines) {
            return Err(format!("--worker: {finished} of {} lines finished", args.lines));
        }
        rates.push(f64::from(args.lines) / race.duration.as_secs_f64());
        peak = peak.max(race.peak);
    }
    let spread = Spread::of(&rates);
    let megabytes = peak as f64 / 1e6;
    let mut table =
        Table::new(["long-lived workers", "items a second", "least", "greatest", "peak MB"]);
    table.row([
        format!("`seq {} \\| forebay run --worker -j2 -- cat`", args.lines),
        format!("{:.0}", spread.median),
        format!("{:.0}", spread.least),
        format!("{:.0}", spread.greatest),
        format!("{megabytes:.1}"),
    ]);
    println!("{}", table.markdown());
    Ok(json!({ "lines": args.lines, "items_a_second": spread, "peak_megabytes": megabytes }))
}

fn finished(report: &Path) -> io::Result<u64> {
    let report: Value = serde_json::from_slice(&fs::read(report)?)?;
    Ok(report["finished"].as_u64().unwrap_or(0))
}
