//! Loading: from the text of a file to a program, or to what is wrong with it.

use ruff_python_ast::Mod;
use ruff_python_parser::{Mode, ParseOptions, parse_unchecked};

use super::assemble::{Assembled, assemble};
use super::claim::told;
use super::evaluate::Evaluator;
use super::{Diagnostic, Language, Selection, Severity, Source, nesting, span};
use crate::program::Program;
use crate::weir;

/// The stack on which a file is read, in bytes: what [`nesting`] lets pass needs much of it in builds
/// without optimisation.
const STACK: usize = 256 << 20;
/// How many errors, and how many other findings, are told.
const TOLD: usize = 20;
/// Of a text that is no Python, so many lines are told.
const UNREADABLE: usize = 3;
/// See [`TOLD`].
const NOTES: usize = 1000;

/// A file that is a program.
#[derive(Debug)]
pub struct Loaded {
    /// The program.
    pub program: Program,
    /// What was left out of it, and what is probably a mistake; in order of place.
    pub notes: Vec<Diagnostic>,
}

/// A file that is none.
#[derive(Debug)]
pub struct Rejected {
    /// The file.
    pub source: Source,
    /// What is wrong with it, in order of place; never nothing. At most some twenty, then how many more.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads a program.
///
/// # Errors
///
/// If the file is neither Python nor, if that is its language, Weir; if something in it that the program needs is no straight-line code, if
/// an instruction is wrong, or if it is not clear which part of it is the program.
pub fn load(source: Source, selection: &Selection) -> Result<Loaded, Rejected> {
    let read = std::thread::scope(|scope| {
        let reader = std::thread::Builder::new().name("loader".to_owned()).stack_size(STACK);
        match reader.spawn_scoped(scope, || read(&source, selection)) {
            Ok(reading) => reading.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            Err(error) => {
                (vec![Diagnostic::error(format!("no thread to read it with: {error}"))], None)
            }
        }
    });
    match read {
        (notes, Some(assembled)) => Ok(Loaded { program: assembled.with(source), notes }),
        (diagnostics, None) => Err(Rejected { source, diagnostics }),
    }
}

/// What there is to tell, and the program unless there is an error.
fn read(source: &Source, selection: &Selection) -> (Vec<Diagnostic>, Option<Assembled>) {
    let text = source.text();
    if source.language() == Language::Weir {
        let (findings, assembled) = weir::read(text, selection);
        let least = if assembled.is_some() { Severity::Note } else { Severity::Error };
        return (ordered(findings, least), assembled);
    }
    if let Err(error) = nesting::check(text) {
        return (vec![error], None);
    }
    let parsed = parse_unchecked(text, ParseOptions::from(Mode::Module));
    if !parsed.errors().is_empty() {
        // They come in order; of a file that is no program at all there may be millions. What comes after the
        // first of a line comes of that one, most often.
        let mut last = 0;
        let first_of_lines = parsed.errors().iter().filter(|error| {
            let (line, _) = source.line_column(span(error).start);
            std::mem::replace(&mut last, line) != line
        });
        let errors = first_of_lines.take(UNREADABLE).map(|error| {
            let why = told(&error.error);
            let diagnostic = Diagnostic::error(format!("this is no Python: {why}")).at(span(error));
            if why.contains("EOF") {
                diagnostic.help("a bracket that was opened before is never closed")
            } else {
                diagnostic
            }
        });
        return (ordered(errors.collect(), Severity::Error), None);
    }
    let Mod::Module(module) = parsed.syntax() else {
        return (vec![Diagnostic::error("this is no module")], None);
    };
    let mut evaluator = Evaluator::new(text, &module.body);
    evaluator.override_constants(&selection.constants);
    let chosen = evaluator.choose(selection);
    evaluator.tell_unknown_constants();
    let assembled = chosen.map(|chosen| assemble(&mut evaluator, chosen));
    let assembled = assembled.filter(|_| evaluator.errors == 0);
    let least = if assembled.is_some() { Severity::Note } else { Severity::Error };
    (ordered(evaluator.findings, least), assembled)
}

/// What is at least so severe, in order of place, each once, and not too many.
fn ordered(mut findings: Vec<Diagnostic>, least: Severity) -> Vec<Diagnostic> {
    findings.retain(|finding| finding.severity >= least);
    findings.sort_by(|a, b| {
        let place = |of: &Diagnostic| of.span.as_ref().map(|span| (span.start, span.end));
        place(a).cmp(&place(b)).then_with(|| a.message.cmp(&b.message))
    });
    findings.dedup_by(|a, b| a.message == b.message && a.span == b.span);
    let most = if least == Severity::Error { TOLD } else { NOTES };
    if findings.len() > most {
        let more = findings.len() - most;
        findings.truncate(most);
        findings.push(if least == Severity::Error {
            Diagnostic::error(format!("and {more} more errors"))
        } else {
            Diagnostic::note(format!("and {more} more notes"))
        });
    }
    findings
}
