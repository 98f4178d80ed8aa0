//! A million lines through the command: put into a buffer, and worked on from there by long-lived workers.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use bench::progress;
use bench::report::shown_spread;
use bench::rounds::interleaved;
use bench::spread::Spread;
use bench::table::Table;
use serde_json::{Value, json};

use crate::place::Place;
use crate::server::said;

const LINES: u32 = 1_000_000;

/// Minutes, not seconds, would go into more rounds.
const ROUNDS: usize = 3;

pub(crate) fn measure(place: &mut Place) -> Result<Value, String> {
    let Some(forebay) = place.forebay.clone() else {
        println!(
            "Not measured: `command` wants --forebay, which `cargo xtask bench processes` gives."
        );
        return Ok(json!({ "missing": ["--forebay"] }));
    };
    let program = forebay.display().to_string();
    let verbs = ["create", "put", "work", "stat"];
    let is_missing = |verb: &&str| said(&program, &[verb, "--help"]).is_none();
    let missing: Vec<&str> = verbs.into_iter().filter(is_missing).collect();
    if !missing.is_empty() {
        println!("Not measured: this forebay has no {}.", missing.join(", "));
        return Ok(json!({ "missing": missing }));
    }
    let lines = if place.quick { LINES / 10 } else { LINES };
    let items = place.scratch.path("lines");
    let text: String = (1..=lines).flat_map(|line| [line.to_string(), "\n".to_owned()]).collect();
    std::fs::write(&items, text).map_err(|error| format!("{}: {error}", items.display()))?;
    let mut failure = None;
    let mut rounds = interleaved(place.rounds.min(ROUNDS), 2, |turn| {
        progress::show(["put and work", "run"][turn]);
        let raced = if turn == 0 {
            through_buffer(place, &forebay, &items, lines)
        } else {
            let line = "run --worker -j2 --quiet -- cat";
            timed(&forebay, &words(line), Some(&items)).map(|run| vec![run])
        };
        raced.map_err(|error| failure.get_or_insert(error).clone()).unwrap_or_default()
    });
    progress::show("");
    if let Some(failure) = failure {
        return Err(failure);
    }
    let (run, buffer) = (rounds.pop().unwrap_or_default(), rounds.pop().unwrap_or_default());
    let of = |rounds: &[Vec<f64>], which: usize| {
        let rates = rounds.iter().map(|round| f64::from(lines) / round[which] / 1e3);
        Spread::of(&rates.collect::<Vec<_>>())
    };
    let rows = [
        (format!("`seq {lines} \\| forebay put b`"), of(&buffer, 0)),
        ("`forebay work b --worker -j2 --once -- cat`".to_owned(), of(&buffer, 1)),
        (format!("`seq {lines} \\| forebay run --worker -j2 -- cat`"), of(&run, 0)),
    ];
    let mut table = Table::new(["command", "thousand lines a second"]);
    for (line, spread) in &rows {
        table.row([line.clone(), shown_spread(spread)]);
    }
    println!("{lines} lines through the command; the last without a file, for comparison:\n");
    println!("{}", table.markdown());
    let rows =
        rows.map(|(line, spread)| json!({ "line": line, "thousand_lines_a_second": spread }));
    Ok(json!({ "lines": lines, "rows": rows }))
}

/// Seconds to put all of them, and to work on them.
fn through_buffer(
    place: &Place,
    forebay: &Path,
    items: &Path,
    lines: u32,
) -> Result<Vec<f64>, String> {
    let path = place.scratch.path("buffer");
    let buffer = path.display().to_string();
    let capacity = lines.to_string();
    timed(forebay, &["create", &buffer, "--capacity", &capacity].map(str::to_owned), None)?;
    let put = timed(forebay, &["put", &buffer, "--quiet"].map(str::to_owned), Some(items))?;
    stands(forebay, &buffer, "waiting", lines)?;
    let mut work = vec!["work".to_owned(), buffer.clone()];
    work.extend(words("--worker -j2 --once --quiet -- cat"));
    let work = timed(forebay, &work, None)?;
    stands(forebay, &buffer, "finished", lines)?;
    std::fs::remove_file(&path).map_err(|error| format!("{buffer}: {error}"))?;
    Ok(vec![put, work])
}

/// The buffer has to say so.
fn stands(forebay: &Path, buffer: &str, what: &str, lines: u32) -> Result<(), String> {
    let said = said(&forebay.display().to_string(), &["stat", buffer, "--json"]);
    let said = said.ok_or_else(|| format!("forebay stat {buffer} does not answer"))?;
    let standing: Value =
        serde_json::from_str(&said).map_err(|error| format!("{said}: {error}"))?;
    if standing[what] == lines { Ok(()) } else { Err(format!("not {lines} {what}: {said}")) }
}

/// Seconds that it takes; fails unless it ends well.
fn timed(forebay: &Path, arguments: &[String], input: Option<&Path>) -> Result<f64, String> {
    let complaint = |what: &dyn ToString| format!("forebay {}: {}", arguments[0], what.to_string());
    let input = match input {
        Some(file) => File::open(file).map_err(|error| complaint(&error))?.into(),
        None => Stdio::null(),
    };
    let mut command = Command::new(forebay);
    command.args(arguments).stdin(input).stdout(Stdio::null());
    let begun = Instant::now();
    let status = command.status().map_err(|error| complaint(&error))?;
    if status.success() { Ok(begun.elapsed().as_secs_f64()) } else { Err(complaint(&status)) }
}

fn words(line: &str) -> Vec<String> {
    line.split(' ').map(str::to_owned).collect()
}
