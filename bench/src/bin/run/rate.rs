//! A rate that is asked for, and the one that is kept: items that finished in ten seconds.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use bench::table::Table;
use serde_json::{Value, json};

use crate::{Args, process};

const SECONDS: u32 = 10;

pub(crate) fn measure(args: &Args, _folder: &Path) -> Result<Value, String> {
    let seconds = if args.quick { 2 } else { SECONDS };
    let mut table = Table::new(["--rate", "items", "seconds", "kept", "off by %"]);
    let mut rows = serde_json::Map::new();
    for rate in [10_u32, 100, 500] {
        let items = rate * seconds;
        let mut lines = Command::new("seq")
            .arg(items.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("seq: {error}"))?;
        let mut command = Command::new(&args.forebay);
        command
            .args(["run", "--quiet", "-j2", "--rate", &format!("{rate}/s"), "--", "true"])
            .stdin(lines.stdout.take().map_or_else(Stdio::null, Stdio::from));
        let begun = Instant::now();
        process::run(&mut command).map_err(|error| format!("--rate: {error}"))?;
        let took = begun.elapsed().as_secs_f64();
        let _ = lines.wait();
        // The first item needs not wait: between the first and the last lie one fewer.
        let kept = f64::from(items - 1) / took;
        let off = (kept / f64::from(rate) - 1.0) * 100.0;
        table.row([
            format!("{rate}/s"),
            items.to_string(),
            format!("{took:.3}"),
            format!("{kept:.2}"),
            format!("{off:+.2}"),
        ]);
        rows.insert(rate.to_string(), json!({ "seconds": took, "kept": kept, "off_percent": off }));
    }
    println!("{}", table.markdown());
    Ok(Value::Object(rows))
}
