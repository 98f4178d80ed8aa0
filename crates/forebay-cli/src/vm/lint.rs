//! `forebay vm lint`: what is probably a mistake.

use std::path::PathBuf;
use std::process::ExitCode;

use serde::Serialize;
use toyvm::source::{Diagnostic, Severity, Source};

use super::diagnosis;
use super::file::{FileArgs, Unreadable};

/// Tell what is probably a mistake, without running the program
///
/// The exit status is 0 if there is nothing to tell, 1 if there is, 2 if a file is no program.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The programs; `-` is standard input
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Begin with this list or function, not with `main`
    #[arg(long, value_name = "NAME")]
    entry: Option<String>,
    /// Write the findings as JSON on standard output, a line for each
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> ExitCode {
    let mut status = 0;
    for file in &args.files {
        let file = FileArgs { entry: args.entry.clone(), ..FileArgs::of(file) };
        match file.load() {
            Ok(loaded) => {
                let source = loaded.program.source();
                let mut findings: Vec<Diagnostic> = loaded.notes;
                findings.retain(|note| note.severity > Severity::Note);
                findings.extend(toyvm::lint::lint(&loaded.program));
                if !findings.is_empty() {
                    status = status.max(1);
                }
                findings.iter().for_each(|finding| tell(args, source, finding));
            }
            Err(unreadable) => {
                status = 2;
                match &unreadable {
                    Unreadable::Rejected(rejected) if args.json => {
                        let tell = |error| tell(args, &rejected.source, error);
                        rejected.diagnostics.iter().for_each(tell);
                    }
                    _ => unreadable.tell(),
                }
            }
        }
    }
    ExitCode::from(status)
}

fn tell(args: &Args, source: &Source, finding: &Diagnostic) {
    if !args.json {
        diagnosis::tell(source, finding);
        return;
    }
    let place = finding.span.as_ref().map(|span| source.line_column(span.start));
    let told = Told {
        file: source.name(),
        line: place.map(|(line, _)| line),
        column: place.map(|(_, column)| column),
        severity: match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        },
        message: &finding.message,
        help: finding.help.as_deref(),
    };
    println!("{}", serde_json::to_string(&told).expect("it is plain data"));
}

#[derive(Serialize)]
struct Told<'a> {
    file: &'a str,
    line: Option<u32>,
    column: Option<u32>,
    severity: &'static str,
    message: &'a str,
    help: Option<&'a str>,
}
