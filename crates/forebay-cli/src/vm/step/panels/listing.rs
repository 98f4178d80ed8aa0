//! The instructions that a thread runs, and what it has.

use ratatui::text::{Line, Span};
use toyvm::machine::ThreadId;

use super::super::ink::{Ink, Palette};
use super::super::play::Play;
use super::super::wording::clean;
use super::{Lines, Sight};

/// How many instructions round the current one are made ready: more than a screen shows.
const AROUND: usize = 200;
/// How many values of a stack are shown: the top ones.
const TOP: usize = 50;

/// The list that a thread runs, with its next instruction marked.
pub(crate) fn listing(play: &Play, thread: ThreadId, palette: Palette) -> Lines {
    let machine = play.machine();
    let it = machine.thread(thread);
    let code = machine.program().code(it.code());
    let (here, end) = (it.at() as usize, code.instructions.len());
    let first = here.saturating_sub(AROUND);
    let mut lines: Vec<Line<'static>> = (first..end.min(here + AROUND))
        .map(|at| {
            let is_here = at == here;
            let shown = clean(&machine.show_instruction(thread, at as u32));
            let ink = if is_here { Ink::Current } else { Ink::Plain };
            let mark = if is_here { '▶' } else { ' ' };
            Line::from(vec![
                palette.ink(mark.to_string(), Ink::Used),
                palette.ink(format!("{at:>4}  "), Ink::Quiet),
                palette.ink(shown, ink),
            ])
        })
        .collect();
    if here >= end {
        lines.push(Line::from(palette.ink("▶      the end", Ink::Used)));
    }
    Lines { lines, sight: Sight::Around(here - first) }
}

/// A thread's stack and variables, on a line each.
pub(crate) fn belongings(play: &Play, thread: ThreadId, palette: Palette) -> Vec<Line<'static>> {
    let machine = play.machine();
    let it = machine.thread(thread);
    let hidden = it.stack().len().saturating_sub(TOP);
    let stack = machine.show_all(it.stack()[hidden..].iter().copied());
    let more = if hidden > 0 { format!("{hidden} more, ") } else { String::new() };
    let stack =
        vec![palette.ink("stack ", Ink::Title), Span::raw(format!("{more}{}", clean(&stack)))];
    let names = &machine.program().code(it.code()).variables;
    let set = names.iter().zip(it.variables()).filter_map(|(name, value)| {
        let value = clean(&machine.quote((*value)?));
        Some(format!("{}={value}", clean(machine.program().name(*name))))
    });
    let set: Vec<String> = set.collect();
    let set = if set.is_empty() { "none".to_owned() } else { set.join("  ") };
    vec![Line::from(stack), Line::from(vec![palette.ink("vars  ", Ink::Title), Span::raw(set)])]
}
