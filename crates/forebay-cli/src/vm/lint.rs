//! `forebay vm lint`: what is probably a mistake.

use std::path::PathBuf;
use std::process::ExitCode;

use serde::Serialize;
use toyvm::source::{Diagnostic, Severity, Source};

use super::file::{FileArgs, NotationArgs, Unreadable};
use super::{diagnosis, message};

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
    #[command(flatten)]
    notation: NotationArgs,
    /// Write the findings as JSON on standard output, a line for each
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> ExitCode {
    let mut status = 0;
    for file in &args.files {
        let (entry, notation) = (args.entry.clone(), args.notation.clone());
        let file = FileArgs { entry, notation, ..FileArgs::of(file) };
        match file.load() {
            Ok(loaded) => {
                let source = loaded.program.source();
                let mut findings: Vec<Diagnostic> = loaded.notes;
                findings.retain(|note| note.severity > Severity::Note);
                findings.extend(toyvm::lint::lint(&loaded.program));
                if !findings.is_empty() {
                    status = status.max(1);
                }
                for finding in &findings {
                    if let Err(status) = tell(args, source, finding) {
                        return status;
                    }
                }
            }
            Err(unreadable) => {
                status = 2;
                if !args.json {
                    unreadable.tell();
                    continue;
                }
                let (source, errors) = match &unreadable {
                    Unreadable::Rejected(rejected) => {
                        (Some(&rejected.source), rejected.diagnostics.as_slice())
                    }
                    Unreadable::File(error) => (None, std::slice::from_ref(error)),
                };
                let name = file.file.display().to_string();
                for error in errors {
                    if let Err(status) = tell_json(&name, source, error) {
                        return status;
                    }
                }
            }
        }
    }
    ExitCode::from(status)
}

/// Tells it as JSON on standard output, or on standard error for people.
fn tell(args: &Args, source: &Source, finding: &Diagnostic) -> Result<(), ExitCode> {
    if args.json {
        return tell_json(source.name(), Some(source), finding);
    }
    diagnosis::tell(source, finding);
    Ok(())
}

fn tell_json(file: &str, source: Option<&Source>, finding: &Diagnostic) -> Result<(), ExitCode> {
    let place = source.zip(finding.span.as_ref());
    let place = place.map(|(source, span)| source.line_column(span.start));
    let told = Told {
        file,
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
    message::write(serde_json::to_string(&told).expect("it is plain data"))
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
