//! `cargo xtask bench page FILE.json... --html FILE.html`: what the benches wrote as one page with
//! pictures, which needs nothing else to be read.

mod dots;
mod heat;
mod layout;
mod section;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use bench::report::Report;
use clap::Parser;
use serde::Deserialize;

/// What the benches wrote with `--json` as one page with pictures
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench page")]
struct Args {
    /// What benches wrote, in the order in which it shall be shown
    #[arg(required = true, value_name = "FILE.json")]
    reports: Vec<PathBuf>,
    /// The page to write
    #[arg(long, value_name = "FILE.html")]
    html: PathBuf,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let reports: Result<Vec<Vec<Report>>, String> =
        args.reports.iter().map(|path| read(path)).collect();
    let written = reports.and_then(|reports| {
        let reports = reports.concat();
        fs::write(&args.html, section::page(&reports).into_string())
            .map_err(|error| format!("{}: {error}", args.html.display()))
    });
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(complaint) => {
            eprintln!("bench: {complaint}");
            ExitCode::FAILURE
        }
    }
}

/// What one bench wrote: one comparison, or several.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Several { reports: Vec<Report> },
    One(Box<Report>),
}

fn read(path: &Path) -> Result<Vec<Report>, String> {
    let complaint = |error: String| format!("{}: {error}", path.display());
    let text = fs::read_to_string(path).map_err(|error| complaint(error.to_string()))?;
    let written: Written = serde_json::from_str(&text).map_err(|error| {
        complaint(format!("not what a bench that compares writes with --json: {error}"))
    })?;
    let reports = match written {
        Written::Several { reports } => reports,
        Written::One(report) => vec![*report],
    };
    let is_empty = |report: &Report| report.cells.iter().all(|cell| cell.figures.is_empty());
    if reports.is_empty() || reports.iter().any(is_empty) {
        return Err(complaint("there is no figure in it".to_owned()));
    }
    Ok(reports)
}
