//! The picture: a function of what was seen. Its upper part is how the buffer stands; below are panels.

use ratatui::text::Line;

use super::history::History;
use super::ink::{Ink, Palette};
use super::look::Look;
use super::panels::{self, Gauge, Panel, named};
use super::wording;
use crate::columns::{fitting, width};

/// What is drawn, and how.
#[derive(Clone, Copy)]
pub(super) struct Picture<'a> {
    pub(super) look: &'a Look,
    pub(super) history: &'a History,
    pub(super) palette: Palette,
}

impl Picture<'_> {
    /// Which buffer, and whether it is open.
    pub(super) fn head(&self, columns: usize) -> Line<'static> {
        let (state, ink) = wording::state(self.look);
        let room = columns.saturating_sub(width(&state) + 1);
        // Of a long path the end tells more.
        let path = tail(&self.look.path, room);
        let path = fitting(&path, room);
        Line::from(vec![self.palette.ink(path + " ", Ink::Title), self.palette.ink(state, ink)])
    }

    /// How the buffer stands, in so many rows at most: what matters least is left out.
    pub(super) fn upper(&self, columns: usize, rows: usize) -> Vec<Line<'static>> {
        let Self { look, history, palette } = *self;
        let counts = &look.counts;
        let depth = Gauge {
            name: "depth",
            value: counts.waiting,
            most: look.capacity,
            mark: Some(counts.high_water).filter(|mark| *mark > 0),
            texts: [
                format!("{} of {}", counts.waiting, look.capacity),
                format!(", high-water mark {}", counts.high_water),
            ],
        };
        let weight = look.capacity_bytes.map(|most| Gauge {
            name: "bytes",
            value: counts.weight,
            most,
            mark: None,
            texts: [
                format!("{} of {}", wording::bytes(counts.weight), wording::bytes(most)),
                String::new(),
            ],
        });
        let text = |name, text: &str, ink| named(name, text, ink, columns, palette);
        let (verdict, ink) = wording::verdict(look, history);
        let [put, finished] = panels::flow(look, history, columns, palette);
        // In the order in which they are seen, each with the order in which room is found for it.
        let parts = [
            (0, vec![panels::gauge(&depth, columns, palette)]),
            (6, weight.iter().map(|weight| panels::gauge(weight, columns, palette)).collect()),
            (2, vec![put]),
            (3, vec![finished]),
            (5, text("items", &wording::items(look), Ink::Plain)),
            (4, text("waiting", &wording::waits(look), Ink::Plain)),
            (1, text("balance", &verdict, ink)),
        ];
        let mut order: Vec<usize> = (0..parts.len()).collect();
        order.sort_by_key(|at| parts[*at].0);
        let mut left = rows;
        let mut room = [0; 7];
        for at in order {
            room[at] = parts[at].1.len().min(left);
            left -= room[at];
        }
        parts
            .into_iter()
            .zip(room)
            .flat_map(|((_, lines), room)| lines.into_iter().take(room))
            .collect()
    }

    pub(super) fn members(&self, columns: usize) -> Panel {
        panels::members(self.look, columns, self.palette)
    }

    pub(super) fn has_holds(&self) -> bool {
        self.look.counts.leased > 0 && !self.look.is_remote
    }

    pub(super) fn has_deaths(&self) -> bool {
        self.look.counts.dead > 0
    }

    /// Leases, if there are any.
    pub(super) fn holds(&self, columns: usize) -> Option<Panel> {
        self.has_holds().then(|| panels::holds(self.look, columns, self.palette))
    }

    /// Dead letters, if there are any.
    pub(super) fn deaths(&self, columns: usize) -> Option<Panel> {
        self.has_deaths().then(|| panels::deaths(self.look, columns, self.palette))
    }
}

/// The last columns of a text.
fn tail(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut tail = String::new();
    for char in text.chars().rev() {
        if width(&tail) + width(char.encode_utf8(&mut [0; 4])) + 1 > columns {
            break;
        }
        tail.insert(0, char);
    }
    format!("…{tail}")
}
