//! What is wrong with a file, shown where it stands.

use std::env;
use std::io::{self, IsTerminal as _};
use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet};
use toyvm::program::Span;
use toyvm::source::{Diagnostic, Severity, Source};

use super::message::say;

/// The most lines of source that one place shows.
const MOST_LINES: u32 = 6;

/// Shows it on standard error.
pub(super) fn tell(source: &Source, diagnostic: &Diagnostic) {
    say(format_args!("{}\n", render(source, diagnostic, coloured())));
}

/// Whether standard error takes colours.
fn coloured() -> bool {
    io::stderr().is_terminal() && wants_colour()
}

/// Whether nobody asked for none.
pub(super) fn wants_colour() -> bool {
    env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

fn render(source: &Source, diagnostic: &Diagnostic, coloured: bool) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let title = level.primary_title(diagnostic.message.as_str());
    let mut group = title.elements(None::<Element<'_>>);
    let places: Vec<(AnnotationKind, &Span, Option<&str>)> = diagnostic
        .span
        .iter()
        .map(|span| {
            // What is said of the same place is said there, and not beside it once more.
            let same = diagnostic.related.iter().find(|(related, _)| related == span);
            (AnnotationKind::Primary, span, same.map(|(_, what)| what.as_str()))
        })
        .chain(
            diagnostic
                .related
                .iter()
                .filter(|(span, _)| diagnostic.span.as_ref() != Some(span))
                .map(|(span, what)| (AnnotationKind::Context, span, Some(what.as_str()))),
        )
        .collect();
    if places.is_empty() {
        group = group.element(Origin::path(source.name()));
    }
    for (kind, span, what) in places {
        let window = Window::of(source, span);
        let annotation = kind.span(window.span.clone()).label(what);
        group = group.element(
            Snippet::source(window.text)
                .path(source.name())
                .line_start(window.first as usize)
                .fold(false)
                .annotation(annotation),
        );
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    let renderer = if coloured { Renderer::styled() } else { Renderer::plain() };
    let report: &[Group<'_>] = &[group];
    renderer.decor_style(DecorStyle::Ascii).render(report)
}

/// The lines round a place: not all of a file that may be large.
struct Window {
    text: String,
    first: u32,
    /// The place in them, in bytes.
    span: Range<usize>,
}

impl Window {
    fn of(source: &Source, span: &Span) -> Self {
        let (first, _) = source.line_column(span.start);
        let (last, _) = source.line_column(span.end.saturating_sub(1).max(span.start));
        let last = last.min(first + MOST_LINES - 1);
        let lines: Vec<&str> = (first..=last).map(|line| source.line(line)).collect();
        let text = lines.join("\n");
        let start = span.start as usize - source.line_start(first) as usize;
        let end = (start + span.len()).min(text.len()).max(start);
        Self { text, first, span: start..end }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_shown_with_its_line() {
        let source = Source::new("a.toy", b"x = 1\nmain = [(\"PSUH\", 1)]\n".to_vec()).unwrap();
        let diagnostic = Diagnostic::error("there is no instruction `PSUH`")
            .at(14..25)
            .help("did you mean `PUSH`?");
        let shown = render(&source, &diagnostic, false);
        assert!(shown.contains("--> a.toy:2:9"), "{shown}");
        assert!(shown.contains("2 | main = [(\"PSUH\", 1)]"), "{shown}");
        assert!(shown.contains("^^^^^^^^^^^"), "{shown}");
        assert!(shown.contains("help: did you mean `PUSH`?"), "{shown}");
    }
}
