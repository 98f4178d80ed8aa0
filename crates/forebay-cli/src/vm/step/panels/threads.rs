//! Who there is, what each is at, and why who cannot go on cannot.

use ratatui::text::{Line, Span};
use toyvm::machine::{Machine, Status, ThreadId};

use super::super::ink::{Ink, Palette};
use super::super::play::Play;
use super::super::wording;
use super::wrap::wrap;
use super::{Lines, Sight};
use crate::columns::fitting;

/// Below this there is a column for either the instruction or the reason.
const ROOMY: usize = 100;

/// A line for each thread, in order of creation.
pub(crate) fn threads(play: &Play, selected: ThreadId, columns: usize, palette: Palette) -> Lines {
    let machine = play.machine();
    let state = machine.state();
    let width = |thread| Span::raw(wording::name(machine, thread)).width();
    let most = if columns < 60 { 10 } else { 20 };
    let widest = state.thread_ids().take(1_000).map(width).max().unwrap_or(0).clamp(4, most);
    let lines = state.thread_ids().map(|thread| {
        let is_selected = thread == selected;
        let mark = if is_selected { '▸' } else { ' ' };
        let digit = match thread.index() {
            place @ 0..9 => (place + 1).to_string(),
            9 => "0".to_owned(),
            _ => " ".to_owned(),
        };
        let name = fitting(&wording::name(machine, thread), widest);
        let name_ink = if is_selected { Ink::Selected } else { Ink::Plain };
        let mut spans = vec![
            palette.ink(format!("{mark}{digit} "), Ink::Key),
            palette.ink(format!("{name}  "), name_ink),
            palette.ink(format!("{:<7}", wording::state(machine, thread)), ink(machine, thread)),
        ];
        spans.extend(at(play, thread, columns, palette));
        let line = Line::from(spans);
        // All that there is to say about the selected one is said.
        if is_selected { wrap(&line, columns) } else { vec![line] }
    });
    Lines { lines: lines.flatten().collect(), sight: Sight::Around(selected.index()) }
}

/// Where a thread is, and why not further.
fn at(play: &Play, thread: ThreadId, columns: usize, palette: Palette) -> Vec<Span<'static>> {
    let machine = play.machine();
    let it = machine.thread(thread);
    let instruction = match it.status() {
        Status::Ended => String::new(),
        _ => wording::clean(&machine.show_instruction(thread, it.at())),
    };
    let place = match it.status() {
        Status::Ended => String::new(),
        _ => it.at().to_string(),
    };
    let place = palette.ink(format!("{place:>4}  "), Ink::Quiet);
    let reason = wording::reason(machine, thread);
    let ink = ink(machine, thread);
    let reason = match reason {
        // The reason says what the instruction is, more or less.
        Some(reason) if columns < ROOMY => return vec![place, palette.ink(reason, ink)],
        reason => reason,
    };
    let instruction = if columns < ROOMY { instruction } else { fitting(&instruction, 28) };
    let mut spans = vec![place, Span::raw(instruction), Span::raw("  ")];
    let expected = play.upcoming().is_none() && play.advice() == Some(thread);
    if let Some(reason) = reason {
        spans.push(palette.ink(reason, ink));
    } else if play.upcoming() == Some(thread) {
        spans.push(palette.ink("◂ played next", Ink::Quiet));
    } else if expected {
        spans.push(palette.ink(format!("◂ next by {}", play.opening().policy), Ink::Quiet));
    }
    spans
}

fn ink(machine: &Machine, thread: ThreadId) -> Ink {
    match machine.thread(thread).status() {
        _ if machine.state().ready().contains(thread) => Ink::Ready,
        Status::Runnable => Ink::Plain,
        Status::Waiting(_) => Ink::Waits,
        Status::Sleeping { .. } => Ink::Sleeps,
        Status::Ended => Ink::Quiet,
        Status::Failed(_) | Status::Killed => Ink::Wrong,
    }
}
