//! One item, from start to end: what it costs to begin and to report.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};

use bench::rounds::interleaved;
use bench::spread::Spread;
use bench::table::Table;
use serde_json::{Value, json};

use crate::{Args, process, write_items};

/// In a round: one start is too short to be measured.
const STARTS: u32 = 50;

pub(crate) fn measure(args: &Args, folder: &Path) -> Result<Value, String> {
    let items = write_items(folder, 1)?;
    let xargs = Path::new("xargs");
    let lines: [(&Path, &str); 2] =
        [(&args.forebay, "run -j2 -- /bin/true {}"), (xargs, "-P2 -n1 /bin/true")];
    let figures = interleaved(args.rounds.into(), lines.len(), |turn| -> Result<f64, String> {
        let (program, line) = lines[turn];
        let mut seconds = 0.0;
        for _ in 0..STARTS {
            let input = File::open(&items).map_err(|error| error.to_string())?;
            let mut command = Command::new(program);
            command.args(line.split(' ')).stdin(input).stdout(Stdio::null()).stderr(Stdio::null());
            seconds += process::run(&mut command)?.duration.as_secs_f64();
        }
        Ok(seconds / f64::from(STARTS) * 1e3)
    });
    let mut table = Table::new(["one item", "ms", "least", "greatest", "forebay ÷ it"]);
    let mut rows = serde_json::Map::new();
    let mut own = None;
    for ((name, (_, line)), figures) in ["forebay", "xargs"].iter().zip(lines).zip(figures) {
        let figures = figures.into_iter().collect::<Result<Vec<f64>, _>>()?;
        let spread = Spread::of(&figures);
        let ratio = *own.get_or_insert(spread.median) / spread.median;
        table.row([
            format!("`{name} {line}`"),
            format!("{:.2}", spread.median),
            format!("{:.2}", spread.least),
            format!("{:.2}", spread.greatest),
            format!("{ratio:.2}"),
        ]);
        rows.insert((*name).to_owned(), json!({ "milliseconds": spread, "ratio": ratio }));
    }
    println!("{}", table.markdown());
    Ok(Value::Object(rows))
}
