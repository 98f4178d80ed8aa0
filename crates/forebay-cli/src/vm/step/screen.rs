//! The screen: a function of the session.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Text};
use ratatui::widgets::{Block, Borders};

use super::ink::{Ink, Palette};
use super::keys::KEYS;
use super::panels::{self, Lines, Sight};
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
    let said = screen.said(area.width);
    // What there is to say may take some rows, but not the screen.
    let rows = (said.lines.len() as u16).clamp(1, (area.height / 5).max(1));
    let [head, body, message, foot] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Fill(1),
        Constraint::Length(if area.height > 2 { rows } else { 0 }),
        Constraint::Length(u16::from(area.height > 6)),
    ])
    .areas(area);
    screen.head(frame, head);
    screen.body(frame, body);
    screen.window(frame, message, Block::new(), said, 0);
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

    /// What happened last; or what is asked, and the answer so far, whose end has to be seen.
    fn said(&self, columns: u16) -> Lines {
        let session = self.session;
        let (text, ink, sight) = match &session.mode {
            Mode::Asking { text, typed, .. } => (format!("{text} {typed}█"), Ink::Used, Sight::End),
            Mode::Running(_) => {
                let text = format!("running: step {} (Esc stops)", session.play.at());
                (text, Ink::Used, Sight::End)
            }
            _ => (session.message.clone(), session.tone, Sight::From(0)),
        };
        let line = Line::from(self.palette.ink(wording::clean(&text), ink));
        Lines { lines: vec![line], sight }.wrapped(columns.into())
    }

    fn foot(&self, frame: &mut Frame<'_>, area: Rect) {
        const SHOWN: [(&str, &str); 9] = [
            ("Enter", "step"),
            ("n", "next"),
            ("r", "run on"),
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
        frame.render_widget(keys.collect::<Line<'static>>(), area);
    }

    fn body(&self, frame: &mut Frame<'_>, area: Rect) {
        let session = self.session;
        let columns = area.width.into();
        let threads = panels::threads(&session.play, session.selected, columns, self.palette);
        let several = area.height + 3 >= SEVERAL && area.width >= TWO_COLUMNS;
        if !several && area.height < 5 {
            self.window(frame, area, Block::new(), threads, 0);
            return;
        }
        let most = if several { area.height / 3 } else { area.height / 2 };
        let rows = (threads.lines.len() as u16).saturating_add(1).min(most.max(2));
        let [top, rest] =
            Layout::vertical([Constraint::Length(rows), Constraint::Fill(1)]).areas(area);
        let state = session.play.machine().state();
        let title = format!("Threads: {}, {} ready", state.threads().len(), state.ready().len());
        self.window(frame, top, self.block(&title, false), threads, 0);
        match self.session.panel {
            Panel::All if several => self.several(frame, rest),
            Panel::All if self.session.listing => self.panel(Panel::Listing, frame, rest, false),
            Panel::All => self.panel(Panel::Source, frame, rest, false),
            panel => self.panel(panel, frame, rest, false),
        }
    }

    /// All panels.
    fn several(&self, frame: &mut Frame<'_>, area: Rect) {
        let wrong = panels::findings(&self.session.play, self.palette).wrapped(area.width.into());
        let rows = wrong.lines.len() as u16;
        let found = if rows == 0 { 0 } else { (rows + 1).min(area.height / 4).max(2) };
        let [upper, lower, found] =
            Layout::vertical([Constraint::Fill(3), Constraint::Fill(2), Constraint::Length(found)])
                .areas(area);
        let is_wide = area.width >= THREE_COLUMNS;
        let program = if self.session.listing { Panel::Listing } else { Panel::Source };
        if is_wide {
            let [left, middle, right] =
                Layout::horizontal([Constraint::Fill(5), Constraint::Fill(3), Constraint::Fill(6)])
                    .areas(upper);
            self.panel(Panel::Source, frame, left, false);
            self.panel(Panel::Listing, frame, middle, true);
            self.panel(Panel::Lanes, frame, right, true);
        } else {
            let [left, right] =
                Layout::horizontal([Constraint::Fill(5), Constraint::Fill(6)]).areas(upper);
            self.panel(program, frame, left, false);
            self.panel(Panel::Lanes, frame, right, true);
        }
        let [left, right] =
            Layout::horizontal([Constraint::Fill(1), Constraint::Fill(1)]).areas(lower);
        self.panel(Panel::Shared, frame, left, false);
        self.panel(Panel::Output, frame, right, true);
        self.panel(Panel::Findings, frame, found, false);
    }

    fn panel(&self, panel: Panel, frame: &mut Frame<'_>, area: Rect, beside: bool) {
        let (session, palette) = (self.session, self.palette);
        let (play, selected) = (&session.play, session.selected);
        let scroll = if session.panel == Panel::All { 0 } else { session.scroll };
        let columns = usize::from(self.block("", beside).inner(area).width);
        let whose = panels::title(play.machine(), selected);
        let (title, lines) = match panel {
            Panel::Source | Panel::All => (whose, panels::source(play, selected, columns, palette)),
            Panel::Listing => {
                (format!("Instructions: {whose}"), panels::listing(play, selected, palette))
            }
            Panel::Lanes => {
                let block = self.block("Lanes", beside);
                let inner = block.inner(area);
                frame.render_widget(block, area);
                let (names, lines) = panels::lanes(play, selected, columns, palette);
                let [top, rest] =
                    Layout::vertical([Constraint::Length(1), Constraint::Fill(1)]).areas(inner);
                frame.render_widget(names, top);
                self.window(frame, rest, Block::new(), lines, scroll);
                return;
            }
            Panel::Shared => ("Shared".to_owned(), panels::shared(play, palette).wrapped(columns)),
            Panel::Output => ("Output".to_owned(), panels::output(play, palette).wrapped(columns)),
            Panel::Findings => {
                let title = match play.log().findings().len() {
                    0 => "Findings: none".to_owned(),
                    count => format!("Findings: {count}"),
                };
                (title, panels::findings(play, palette).wrapped(columns))
            }
        };
        // Beside the source there is no need to show twice what the thread has.
        let is_program = matches!(panel, Panel::Source | Panel::All | Panel::Listing) && !beside;
        let below = if is_program { self.belongings(area.height, columns) } else { Vec::new() };
        let [area, rest] =
            Layout::vertical([Constraint::Fill(1), Constraint::Length(below.len() as u16)])
                .areas(area);
        self.window(frame, area, self.block(&title, beside), lines, scroll);
        frame.render_widget(Text::from(below), rest);
    }

    /// What the selected thread has, in at most half of so many rows.
    fn belongings(&self, rows: u16, columns: usize) -> Vec<Line<'static>> {
        let lines = panels::belongings(&self.session.play, self.session.selected, self.palette);
        let mut lines = Lines { lines, sight: Sight::Beginning }.wrapped(columns).lines;
        lines.truncate(usize::from(rows.saturating_sub(1) / 2));
        lines
    }

    /// As many lines as there is room for, those that have to be seen among them.
    fn window(&self, frame: &mut Frame<'_>, area: Rect, block: Block<'_>, it: Lines, scroll: i32) {
        let inner = block.inner(area);
        frame.render_widget(block, area);
        let (room, count) = (usize::from(inner.height), it.lines.len());
        let first = it.first_seen(room).saturating_add_signed(scroll as isize);
        let first = first.min(count.saturating_sub(room));
        let mut shown: Vec<Line<'static>> = it.lines.into_iter().skip(first).take(room).collect();
        let hidden = count.saturating_sub(first + room);
        // That there is more is said, unless one looks for what is in the middle.
        if hidden > 0 && it.sight == Sight::Beginning && shown.pop().is_some() {
            let more = format!("… {} more (Tab)", hidden + 1);
            shown.push(Line::from(self.palette.ink(more, Ink::Quiet)));
        }
        frame.render_widget(Text::from(shown), inner);
    }

    fn block(&self, title: &str, beside: bool) -> Block<'static> {
        let borders = if beside { Borders::TOP | Borders::LEFT } else { Borders::TOP };
        let title = self.palette.ink(format!(" {} ", wording::clean(title)), Ink::Title);
        Block::new().borders(borders).border_style(self.palette.style(Ink::Quiet)).title(title)
    }

    fn help(&self, frame: &mut Frame<'_>, area: Rect) {
        let widest = KEYS.iter().map(|(key, _)| key.chars().count()).max().unwrap_or(0);
        let lines = KEYS.iter().map(|(key, what)| {
            Line::from(vec![
                self.palette.ink(format!("{key:<widest$}  "), Ink::Key),
                self.palette.ink(*what, Ink::Plain),
            ])
        });
        let block = self.block("Keys (any key goes back)", false);
        let lines = Lines { lines: lines.collect(), sight: Sight::Beginning };
        self.window(frame, area, block, lines.wrapped(area.width.into()), 0);
    }
}
