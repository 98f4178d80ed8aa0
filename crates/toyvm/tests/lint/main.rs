//! What the lint finds, and what it leaves alone.

mod classics;
mod depth;
mod locks;
mod names;
mod operands;
mod paths;
mod size;
mod threads;

use toyvm::lint::lint;
use toyvm::source::{Diagnostic, Language, Selection, Source, load};

/// Every finding for a file, and the file.
fn findings(text: &str) -> (Vec<Diagnostic>, Source) {
    findings_in(Language::Python, text)
}

/// Likewise, in any language.
fn findings_in(language: Language, text: &str) -> (Vec<Diagnostic>, Source) {
    let source = Source::new("t.py", text.as_bytes().to_vec()).expect("a text");
    let source = source.in_language(language);
    match load(source, &Selection::default()) {
        Ok(loaded) => (lint(&loaded.program), loaded.program.source().clone()),
        Err(rejected) => {
            let lines = rejected.diagnostics.iter().map(|it| it.line(&rejected.source));
            panic!("it is no program: {:?}", lines.collect::<Vec<_>>())
        }
    }
}

/// Every finding in one line, without the name of the file.
fn found(text: &str) -> Vec<String> {
    found_in(Language::Python, text)
}

/// Likewise, in any language.
fn found_in(language: Language, text: &str) -> Vec<String> {
    let (findings, source) = findings_in(language, text);
    let lines = findings.iter().map(|finding| finding.line(&source));
    lines.map(|line| line.strip_prefix("t.py:").expect("a place").to_owned()).collect()
}

/// What each finding says beside that: its other places, then what to do.
fn beside(text: &str) -> Vec<String> {
    let (findings, source) = findings(text);
    let mut lines = Vec::new();
    for finding in findings {
        for (span, what) in finding.related {
            let (line, column) = source.line_column(span.start);
            lines.push(format!("{line}:{column}: {what}"));
        }
        lines.extend(finding.help);
    }
    lines
}

const NOTHING: [&str; 0] = [];
