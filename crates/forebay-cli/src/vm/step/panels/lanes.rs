//! The last steps: a column for each thread, a row for each step.

use ratatui::text::{Line, Span};
use toyvm::machine::ThreadId;

use super::super::ink::{Ink, Palette};
use super::super::lanes::Bar;
use super::super::play::Play;
use super::super::wording::{self, clean};
use super::{Lines, Sight};
use crate::columns::fitting;

/// The narrowest lane worth drawing, and the widest.
const NARROWEST: usize = 10;
const WIDEST: usize = 32;
/// Columns of the number of a step.
const MARGIN: usize = 5;

/// The names of the lanes, and the rows, the last one in sight. If there is no room for all threads,
/// there are lanes for those round the selected one.
pub(crate) fn lanes(
    play: &Play,
    selected: ThreadId,
    columns: usize,
    palette: Palette,
) -> (Line<'static>, Lines) {
    let machine = play.machine();
    let count = machine.state().threads().len().max(1);
    let room = columns.saturating_sub(MARGIN);
    let shown = (room / (NARROWEST + 1)).clamp(1, count);
    let first = selected.index().saturating_sub(shown / 2).min(count - shown);
    let width = (room / shown).saturating_sub(1).min(WIDEST);
    let threads: Vec<ThreadId> = machine.state().thread_ids().skip(first).take(shown).collect();

    let mut names = vec![palette.ink(format!("{:>MARGIN$}", "step"), Ink::Quiet)];
    for thread in &threads {
        let ink = if *thread == selected { Ink::Selected } else { Ink::Title };
        names.push(Span::raw(" "));
        names.push(palette.ink(fitting(&wording::name(machine, *thread), width), ink));
    }

    // From the last row up: each knows how the bars stood before it.
    let mut bars = play.lanes().bars().to_vec();
    let mut lines = Vec::new();
    for (age, row) in play.lanes().rows().rev().enumerate() {
        let number = row.step.map_or_else(|| "time".to_owned(), |step| step.to_string());
        let mut spans = vec![palette.ink(format!("{number:>MARGIN$}"), Ink::Quiet)];
        for thread in &threads {
            spans.push(Span::raw(" "));
            let (text, ink) = if let Some(text) = row.of(*thread) {
                (clean(&text), if age == 0 { Ink::Used } else { Ink::Plain })
            } else {
                let (bar, ink) = drawn(bars.get(thread.index()).copied());
                (bar.to_owned(), ink)
            };
            spans.push(palette.ink(fitting(&text, width), ink));
        }
        lines.push(Line::from(spans));
        for (thread, before) in row.moves.iter().rev() {
            bars[thread.index()] = *before;
        }
    }
    lines.reverse();
    (Line::from(names), Lines { lines, sight: Sight::End })
}

fn drawn(bar: Option<Bar>) -> (&'static str, Ink) {
    match bar {
        None | Some(Bar::Absent) => ("", Ink::Plain),
        Some(Bar::Runs) => ("│", Ink::Quiet),
        Some(Bar::Waits) => ("║", Ink::Waits),
        Some(Bar::Sleeps) => ("┊", Ink::Sleeps),
    }
}
