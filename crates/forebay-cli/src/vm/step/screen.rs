//! The screen: a function of the session.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Text};
use ratatui::widgets::{Block, Borders, Clear, Paragraph, Wrap};

use super::ink::{Ink, Palette};
use super::keys::KEYS;
use super::panels::{self, Lines};
use super::session::{Mode, Panel, Session};
use super::wording;

/// From how many columns on panels stand side by side.
const TWO_COLUMNS: u16 = 72;
const THREE_COLUMNS: u16 = 120;
/// From how many rows on there are several panels.
const SEVERAL: u16 = 18;

/// Draws everything.
pub(super) fn draw(frame: &mut Frame<'_>, session: &Session, palette: Palette) {
    let area = frame.area();
    if area.is_empty() {
        return;
    }
    let screen = Screen { session, palette };
    if session.mode == Mode::Help {
        screen.help(frame, area);
        return;
    }
    let [head, body, message, foot] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Fill(1),
        Constraint::Length(u16::from(area.height > 2)),
        Constraint::Length(u16::from(area.height > 6)),
    ])
    .areas(area);
    screen.head(frame, head);
    screen.body(frame, body);
    screen.message(frame, message);
    screen.foot(frame, foot);
}

struct Screen<'a> {
    session: &'a Session,
    palette: Palette,
}

impl Screen<'_> {
    fn head(&self, frame: &mut Frame<'_>, area: Rect) {
        let play = &self.session.play;
        let name = play.opening().name();
        let name = name.rsplit('/').next().unwrap_or(name);
        let line = Line::from(vec![
            self.palette.ink(format!("{} ", wording::clean(name)), Ink::Title),
            self.palette.ink(wording::place(play), Ink::Selected),
        ]);
        frame.render_widget(line, area);
    }

    /// Answers are typed here; else it says what happened last.
    fn message(&self, frame: &mut Frame<'_>, area: Rect) {
        let (text, ink) = match &self.session.mode {
            Mode::Asking { text, typed, .. } => (format!("{text} {typed}█"), Ink::Used),
            Mode::Running(_) => {
                (format!("running … step {} (Esc stops)", self.session.play.at()), Ink::Used)
            }
            _ if self.session.refused => (self.session.message.clone(), Ink::Waits),
            _ => (self.session.message.clone(), Ink::Used),
        };
        // The end of what is typed has to be seen.
        let line = Line::from(self.palette.ink(wording::clean(&text), ink));
        let over = line.width().saturating_sub(area.width.into());
        let is_typed = matches!(self.session.mode, Mode::Asking { .. });
        let scroll = if is_typed { over as u16 } else { 0 };
        frame.render_widget(Paragraph::new(line).scroll((0, scroll)), area);
    }

    fn foot(&self, frame: &mut Frame<'_>, area: Rect) {
        const SHOWN: [(&str, &str); 9] = [
            ("Enter", "step"),
            ("n", "scheduler"),
            ("r", "run"),
            ("b", "back"),
            ("f", "forward"),
            ("g", "go to"),
            ("s", "save"),
            ("?", "help"),
            ("q", "quit"),
        ];
        let keys = SHOWN.iter().flat_map(|(key, what)| {
            [self.palette.ink(*key, Ink::Key), self.palette.ink(format!(" {what}  "), Ink::Quiet)]
        });
        frame.render_widget(Line::from_iter(keys), area);
    }

    fn body(&self, frame: &mut Frame<'_>, area: Rect) {
        let threads = self.session.play.machine().state().threads().len() as u16;
        let several = area.height + 3 >= SEVERAL && area.width >= TWO_COLUMNS;
        if !several && area.height < 5 {
            self.threads(frame, area, false);
            return;
        }
        let most = if several { area.height / 3 } else { area.height / 2 };
        let rows = threads.saturating_add(1).min(most.max(2));
        let [top, rest] =
            Layout::vertical([Constraint::Length(rows), Constraint::Fill(1)]).areas(area);
        self.threads(frame, top, true);
        match self.session.panel {
            Panel::All if several => self.several(frame, rest),
            Panel::All if self.session.listing => self.panel(Panel::Listing, frame, rest, false),
            Panel::All => self.panel(Panel::Source, frame, rest, false),
            panel => self.panel(panel, frame, rest, false),
        }
    }

    /// All panels.
    fn several(&self, frame: &mut Frame<'_>, area: Rect) {
        let wrong = panels::findings(&self.session.play, self.palette).lines;
        let needs = rows_of(&wrong, area.width);
        let found = if wrong.is_empty() { 0 } else { (needs + 1).min(area.height / 4).max(2) };
        let [upper, lower, found] = Layout::vertical([
            Constraint::Fill(3),
            Constraint::Fill(2),
            Constraint::Length(found),
        ])
        .areas(area);
        let is_wide = area.width >= THREE_COLUMNS;
        let program = if self.session.listing { Panel::Listing } else { Panel::Source };
        if is_wide {
            let [left, middle, right] = Layout::horizontal([
                Constraint::Fill(5),
                Constraint::Fill(3),
                Constraint::Fill(6),
            ])
            .areas(upper);
            self.panel(Panel::Source, frame, left, false);
            self.panel(Panel::Listing, frame, middle, true);
            self.panel(Panel::Lanes, frame, right, true);
        } else {
            let [left, right] =
                Layout::horizontal([Constraint::Fill(1), Constraint::Fill(1)]).areas(upper);
            self.panel(program, frame, left, false);
            self.panel(Panel::Lanes, frame, right, true);
        }
        let [left, right] =
            Layout::horizontal([Constraint::Fill(1), Constraint::Fill(1)]).areas(lower);
        self.panel(Panel::Shared, frame, left, false);
        self.panel(Panel::Output, frame, right, true);
        self.panel(Panel::Findings, frame, found, false);
    }

    fn threads(&self, frame: &mut Frame<'_>, area: Rect, titled: bool) {
        let session = self.session;
        let columns = area.width.into();
        let lines = panels::threads(&session.play, session.selected, columns, self.palette);
        let state = session.play.machine().state();
        let title = format!("Threads: {}, {} ready", state.threads().len(), state.ready().len());
        let block = if titled { self.block(&title, false) } else { Block::new() };
        self.window(frame, area, block, lines, 0);
    }

    fn panel(&self, panel: Panel, frame: &mut Frame<'_>, area: Rect, beside: bool) {
        let (session, palette) = (self.session, self.palette);
        let (play, selected) = (&session.play, session.selected);
        let scroll = if session.panel == Panel::All { 0 } else { session.scroll };
        let block = |title: &str| self.block(title, beside);
        match panel {
            Panel::Source | Panel::All => {
                let title = panels::title(play.machine(), selected);
                let lines = panels::source(play, selected, palette);
                self.with_belongings(frame, area, block(&title), lines, scroll);
            }
            Panel::Listing => {
                let title = format!(
                    "Instructions of {}",
                    panels::title(play.machine(), selected)
                );
                let lines = panels::listing(play, selected, palette);
                if session.panel == Panel::All && area.width < THREE_COLUMNS && !beside {
                    self.with_belongings(frame, area, block(&title), lines, scroll);
                } else {
                    self.window(frame, area, block(&title), lines, scroll);
                }
            }
            Panel::Lanes => {
                let block = block("Lanes");
                let inner = block.inner(area);
                frame.render_widget(block, area);
                let (names, lines) = panels::lanes(play, selected, inner.width.into(), palette);
                let [top, rest] =
                    Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(inner);
                frame.render_widget(names, top);
                self.window(frame, rest, Block::new(), lines, scroll);
            }
            Panel::Shared => {
                self.window(frame, area, block("Shared"), panels::shared(play, palette), scroll);
            }
            Panel::Output => {
                self.window(frame, area, block("Output"), panels::output(play, palette), scroll);
            }
            Panel::Findings => {
                let count = play.log().findings().len();
                let title = if count == 0 { "Findings: none".to_owned() } else { format!("Findings: {count}") };
                let lines = panels::findings(play, palette);
                self.wrapped(frame, area, block(&title), lines, scroll);
            }
        }
    }

    /// A program, and below it what the thread has.
    fn with_belongings(
        &self,
        frame: &mut Frame<'_>,
        area: Rect,
        block: Block<'_>,
        lines: Lines,
        scroll: i32,
    ) {
        let inner = block.inner(area);
        let has = panels::belongings(&self.session.play, self.session.selected, self.palette);
        let rows = if inner.height < 3 { 0 } else { rows_of(&has, inner.width).min(inner.height / 2) };
        frame.render_widget(block, area);
        let [program, below] =
            Layout::vertical([Constraint::Fill(1), Constraint::Length(rows)]).areas(inner);
        self.window(frame, program, Block::new(), lines, scroll);
        frame.render_widget(Paragraph::new(has).wrap(Wrap { trim: false }), below);
    }

    /// As many lines as there is room for, the one that has to be seen among them.
    fn window(&self, frame: &mut Frame<'_>, area: Rect, block: Block<'_>, it: Lines, scroll: i32) {
        let inner = block.inner(area);
        frame.render_widget(block, area);
        let (room, count) = (usize::from(inner.height), it.lines.len());
        if room == 0 {
            return;
        }
        let last = count.saturating_sub(room);
        let first = it.sight.map_or(0, |sight| sight.saturating_sub(room / 2)).min(last);
        let first = first.saturating_add_signed(scroll as isize).min(last);
        let mut shown: Vec<Line<'static>> = it.lines.into_iter().skip(first).take(room).collect();
        let hidden = count.saturating_sub(first + room);
        // What cannot be seen is said, unless one sees the end.
        if hidden > 0 && it.sight.is_none() {
            shown.pop();
            shown.push(Line::from(self.palette.ink(format!("… {} more (Tab)", hidden + 1), Ink::Quiet)));
        }
        frame.render_widget(Text::from(shown), inner);
    }

    /// Whole sentences; the end in sight.
    fn wrapped(&self, frame: &mut Frame<'_>, area: Rect, block: Block<'_>, it: Lines, scroll: i32) {
        let inner = block.inner(area);
        let over = rows_of(&it.lines, inner.width).saturating_sub(inner.height);
        let first = i32::from(over).saturating_add(scroll).clamp(0, over.into());
        let text = Paragraph::new(it.lines).wrap(Wrap { trim: false });
        frame.render_widget(text.block(block).scroll((first as u16, 0)), area);
    }

    fn block(&self, title: &str, beside: bool) -> Block<'static> {
        let borders = if beside { Borders::TOP | Borders::LEFT } else { Borders::TOP };
        let title = self.palette.ink(format!(" {} ", wording::clean(title)), Ink::Title);
        Block::new().borders(borders).border_style(self.palette.style(Ink::Quiet)).title(title)
    }

    fn help(&self, frame: &mut Frame<'_>, area: Rect) {
        let widest = KEYS.iter().map(|(key, _)| key.chars().count()).max().unwrap_or(0);
        let lines: Vec<Line<'static>> = KEYS
            .iter()
            .map(|(key, what)| {
                Line::from(vec![
                    self.palette.ink(format!("{key:<widest$}  "), Ink::Key),
                    self.palette.ink(*what, Ink::Plain),
                ])
            })
            .collect();
        let block = self.block("Keys (any key goes back)", false);
        frame.render_widget(Clear, area);
        frame.render_widget(Paragraph::new(lines).wrap(Wrap { trim: false }).block(block), area);
    }
}

/// How many rows lines take when they are wrapped, about: words are never cut.
fn rows_of(lines: &[Line<'_>], columns: u16) -> u16 {
    let columns = usize::from(columns.max(1));
    let rows = |line: &Line<'_>| (line.width() + line.width() / 10).div_ceil(columns).max(1);
    u16::try_from(lines.iter().map(rows).sum::<usize>()).unwrap_or(u16::MAX)
}
