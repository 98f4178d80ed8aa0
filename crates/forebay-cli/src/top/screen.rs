//! The picture on a terminal, as long as somebody looks.

use std::io;
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Text};
use ratatui::widgets::{Block, Borders};
use ratatui::{DefaultTerminal, Frame};

use super::ink::{Ink, Palette};
use super::panels::Panel;
use super::picture::Picture;
use super::scroll::Scroll;
use super::watch::Watch;
use super::wording;
use crate::columns::{fitting, width};
use crate::terminal::{self, News};

/// From how many columns on two panels stand side by side.
const TWO_COLUMNS: u16 = 96;
/// With fewer rows there are no panels, but more of the upper part.
const PANELS: u16 = 14;
/// A panel's title, the heads of its columns, and a line.
const LEAST: u16 = 3;

/// Shows the buffer until somebody leaves it; the exit status.
pub(super) fn show(
    watch: &mut Watch,
    interval: Duration,
    palette: Palette,
) -> io::Result<ExitCode> {
    terminal::hold(|terminal, news| go_on(terminal, watch, interval, palette, news))
}

/// Looks and draws; the signal that ended it, if one did.
fn go_on(
    terminal: &mut DefaultTerminal,
    watch: &mut Watch,
    interval: Duration,
    palette: Palette,
    news: &Receiver<News>,
) -> io::Result<Option<i32>> {
    let mut next = Instant::now();
    let mut scroll = Scroll::default();
    loop {
        if Instant::now() >= next {
            watch.look();
            // A look that came late is not made up for.
            next = (next + interval).max(Instant::now());
        }
        let picture = Picture { look: &watch.look, history: &watch.history, palette };
        terminal.draw(|frame| draw(frame, picture, interval, &mut scroll))?;
        match news.recv_timeout(next.saturating_duration_since(Instant::now())) {
            Ok(News::Key(key)) if leaves(key) => return Ok(None),
            Ok(News::Key(key)) => scroll.press(key),
            Ok(News::Size) | Err(RecvTimeoutError::Timeout) => {}
            Ok(News::Stop(signal)) => return Ok(Some(signal)),
            // Nobody is left who could tell.
            Err(RecvTimeoutError::Disconnected) => return Ok(None),
        }
    }
}

fn leaves(key: KeyEvent) -> bool {
    let is_control = key.modifiers.contains(KeyModifiers::CONTROL);
    key.kind != KeyEventKind::Release
        && match key.code {
            KeyCode::Char('c' | 'd') => is_control,
            KeyCode::Char('q' | 'Q') | KeyCode::Esc => true,
            _ => false,
        }
}

/// Draws everything.
pub(super) fn draw(
    frame: &mut Frame<'_>,
    picture: Picture<'_>,
    interval: Duration,
    scroll: &mut Scroll,
) {
    let area = frame.area();
    if area.is_empty() {
        return;
    }
    let [head, body, foot] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Fill(1),
        Constraint::Length(u16::from(area.height > 4)),
    ])
    .areas(area);
    frame.render_widget(picture.head(area.width.into()), head);
    let rows = if body.height < PANELS { body.height } else { body.height - 4 };
    let upper = picture.upper(area.width.into(), rows.into());
    let [above, below] =
        Layout::vertical([Constraint::Length(upper.len() as u16), Constraint::Fill(1)]).areas(body);
    frame.render_widget(Text::from(upper), above);
    scroll.begin();
    lower(frame, picture, below, scroll);
    let palette = picture.palette;
    let mut keys = vec![palette.ink("q", Ink::Key), palette.ink(" quit   ", Ink::Quiet)];
    if scroll.end() {
        keys.push(palette.ink("↑↓", Ink::Key));
        keys.push(palette.ink(" scroll   ", Ink::Quiet));
    }
    keys.push(palette.ink(format!("every {}", wording::span(interval)), Ink::Quiet));
    frame.render_widget(Line::from(keys), foot);
}

/// The panels, in what room there is.
fn lower(frame: &mut Frame<'_>, picture: Picture<'_>, area: Rect, scroll: &mut Scroll) {
    if area.height < LEAST {
        return;
    }
    let is_wide = area.width >= TWO_COLUMNS;
    let half = if is_wide { area.width / 2 } else { area.width };
    let (columns, half) = (usize::from(area.width), usize::from(half));
    let is_beside = is_wide && picture.has_holds() && picture.has_deaths();
    let holds = picture.holds(if is_beside { half - 1 } else { columns });
    let deaths = picture.deaths(if is_beside { columns - half } else { columns });
    let members = picture.members(columns);
    let wish = |panel: &Panel| panel.lines.len() as u16 + 1;
    let wishes = [wish(&members), holds.as_ref().map_or(0, wish), deaths.as_ref().map_or(0, wish)];
    let palette = picture.palette;
    match (holds, deaths) {
        (Some(holds), Some(deaths)) if is_beside => {
            let [above, below] = shared(area.height, [wishes[0], wishes[1].max(wishes[2])]);
            let [top, bottom] = stacked(area, [above, below]);
            let [left, right] = Layout::horizontal([Constraint::Fill(1), Constraint::Fill(1)])
                .spacing(1)
                .areas(bottom);
            window(frame, top, members, palette, scroll);
            window(frame, left, holds, palette, scroll);
            window(frame, right, deaths, palette, scroll);
        }
        (holds, deaths) => {
            let places = stacked(area, shared(area.height, wishes));
            let panels = [Some(members), holds, deaths];
            for (panel, place) in panels.into_iter().zip(places) {
                if let Some(panel) = panel {
                    window(frame, place, panel, palette, scroll);
                }
            }
        }
    }
}

/// Rows for each: as many as it wishes, where there is room for all. Else the first has half of them, if it wishes, and
/// of the rest none gets more than the others as long as those have less than they wish.
fn shared<const N: usize>(rows: u16, mut wishes: [u16; N]) -> [u16; N] {
    loop {
        let mut shares = [0; N];
        shares[0] = wishes[0].min(rows.div_ceil(2));
        for _ in shares[0]..rows {
            let least = (0..N).filter(|at| shares[*at] < wishes[*at]).min_by_key(|at| shares[*at]);
            let Some(at) = least else { break };
            shares[at] += 1;
        }
        // A title alone says little: the last that has no more leaves its room to the others.
        let Some(at) = (0..N).rev().find(|at| (1..LEAST).contains(&shares[*at])) else {
            return shares;
        };
        wishes[at] = 0;
    }
}

fn stacked<const N: usize>(area: Rect, rows: [u16; N]) -> [Rect; N] {
    let mut y = area.y;
    rows.map(|height| {
        let place = Rect { y, height, ..area };
        y += height;
        place
    })
}

/// The heads, and as many lines as there is room for, under a title that says which if not all are shown.
fn window(frame: &mut Frame<'_>, area: Rect, panel: Panel, palette: Palette, scroll: &mut Scroll) {
    if area.is_empty() {
        return;
    }
    let room = usize::from(area.height).saturating_sub(1);
    let mut lines = panel.lines.into_iter();
    let mut shown: Vec<_> = lines.next().into_iter().collect();
    let count = lines.len();
    let (from, to) = scroll.shown(count, room.saturating_sub(1));
    shown.extend(lines.skip(from).take(to - from));
    let range =
        if to - from < count { format!(" {}–{to} of {count} ", from + 1) } else { String::new() };
    let columns = usize::from(area.width).saturating_sub(width(&range) + 2);
    let title = format!(" {} ", fitting(&panel.title, columns).trim_end());
    let block = Block::new()
        .borders(Borders::TOP)
        .border_style(palette.style(Ink::Quiet))
        .title(palette.ink(title, Ink::Title))
        .title(Line::from(palette.ink(range, Ink::Quiet)).right_aligned());
    let inner = block.inner(area);
    frame.render_widget(block, area);
    frame.render_widget(Text::from(shown), inner);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_shared_fairly() {
        assert_eq!(shared(20, [5, 6, 7]), [5, 6, 7]);
        assert_eq!(shared(14, [6, 8, 6]), [6, 4, 4]);
        assert_eq!(shared(12, [20, 3, 20]), [6, 3, 3]);
        assert_eq!(shared(4, [9, 9, 0]), [4, 0, 0]);
        assert_eq!(shared(6, [2, 9]), [0, 6]);
        assert_eq!(shared(2, [9, 9]), [0, 0]);
    }
}
