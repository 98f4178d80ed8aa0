//! The file, with the lines where threads stand.

use ratatui::text::{Line, Span};
use toyvm::machine::{Machine, Status, ThreadId};
use toyvm::program::Span as Place;

use super::super::ink::{Ink, Palette};
use super::super::play::Play;
use super::super::wording;
use super::{Lines, Sight};

/// How many lines round the current one are made ready: more than a screen shows.
const AROUND: u32 = 200;
/// Columns before the text.
const MARGIN: usize = 9;
/// Of how many threads it is shown where they stand.
const SHOWN: usize = 200;

/// Whose source it is.
pub(crate) fn title(machine: &Machine, selected: ThreadId) -> String {
    let code = &machine.program().code(machine.thread(selected).code()).name;
    let line = line_of(machine, selected).map_or(String::new(), |line| format!(", line {line}"));
    let name = wording::name(machine, selected);
    let runs =
        if *code == name { String::new() } else { format!(" runs {}", wording::clean(code)) };
    format!("{name}{runs}{line}")
}

/// The lines round where the selected thread stands; its instruction is marked, and the numbers of
/// the others stand where they do.
pub(crate) fn source(play: &Play, selected: ThreadId, columns: usize, palette: Palette) -> Lines {
    let machine = play.machine();
    let source = machine.program().source();
    let last = source.line_column(source.text().len() as u32).0;
    let here = line_of(machine, selected);
    let middle = here.unwrap_or(1);
    let first = middle.saturating_sub(AROUND).max(1);
    let lines = first..=last.min(middle.saturating_add(AROUND));
    let mut standing: Vec<(u32, usize)> = machine
        .state()
        .thread_ids()
        .take(SHOWN)
        .filter(|thread| !machine.thread(*thread).status().is_over())
        .filter_map(|thread| Some((line_of(machine, thread)?, thread.index() + 1)))
        .collect();
    standing.sort_unstable();
    let place = place_of(machine, selected);
    let cut = place.as_ref().map_or(0, |place| cut(machine, place, columns.saturating_sub(MARGIN)));
    let shown = lines.map(|line| {
        let mark = if here == Some(line) { '▶' } else { ' ' };
        let from = standing.partition_point(|(at, _)| *at < line);
        let there = standing[from..].iter().take_while(|(at, _)| *at == line);
        let mut there: Vec<String> = there.map(|(_, number)| number.to_string()).collect();
        if there.len() > 3 {
            there.truncate(2);
            there.push("+".to_owned());
        }
        let there = there.join("");
        let mut spans = vec![
            palette.ink(format!("{there:>3}"), Ink::Key),
            palette.ink(mark.to_string(), Ink::Used),
            palette.ink(format!("{line:>4} "), Ink::Quiet),
        ];
        let start = source.line_start(line);
        let text = text(source.line(line), start, place.as_ref(), palette);
        spans.extend(skip(text, if here == Some(line) { cut } else { 0 }));
        Line::from(spans)
    });
    let sight = here.map_or(Sight::Beginning, |line| Sight::Around((line - first) as usize));
    Lines { lines: shown.collect(), sight }
}

/// A line of the file, with the part of the place that is in it.
fn text(line: &str, start: u32, place: Option<&Place>, palette: Palette) -> Vec<Span<'static>> {
    let within = |at: u32| (at.saturating_sub(start) as usize).min(line.len());
    let (from, to) = place.map_or((0, 0), |place| (within(place.start), within(place.end)));
    match (line.get(..from), line.get(from..to), line.get(to..)) {
        (Some(before), Some(here), Some(after)) if !here.is_empty() => vec![
            Span::raw(wording::clean(before)),
            palette.ink(wording::clean(here), Ink::Current),
            Span::raw(wording::clean(after)),
        ],
        _ => vec![Span::raw(wording::clean(line))],
    }
}

/// How many columns of its line have to go at the left, so that there is room for a place.
fn cut(machine: &Machine, place: &Place, room: usize) -> usize {
    let source = machine.program().source();
    let (line, column) = source.line_column(place.start);
    let width = |text: &str| Span::raw(wording::clean(text)).width();
    let before: String = source.line(line).chars().take(column as usize - 1).collect();
    let instruction = source.slice(place).lines().next().unwrap_or_default();
    let begin = width(&before);
    (begin + width(instruction)).saturating_sub(room).min(begin)
}

/// Without the first characters, in whose place it says that they are there.
fn skip(spans: Vec<Span<'static>>, mut cut: usize) -> Vec<Span<'static>> {
    if cut == 0 {
        return spans;
    }
    // The sign takes a place too.
    cut += 1;
    let mut left = vec![Span::raw("…")];
    for span in spans {
        let text: String = span.content.chars().skip(cut).collect();
        cut = cut.saturating_sub(span.content.chars().count());
        left.push(Span::styled(text, span.style));
    }
    left
}

/// Where a thread stands in the file; one that has ended, nowhere.
fn place_of(machine: &Machine, thread: ThreadId) -> Option<Place> {
    let it = machine.thread(thread);
    machine.program().code(it.code()).spans.get(it.at() as usize).cloned()
}

/// On which line a thread stands; one that has ended, on its last.
fn line_of(machine: &Machine, thread: ThreadId) -> Option<u32> {
    let it = machine.thread(thread);
    let at = match it.status() {
        Status::Ended => it.at().saturating_sub(1),
        _ => it.at(),
    };
    machine.line_of(thread, at)
}
