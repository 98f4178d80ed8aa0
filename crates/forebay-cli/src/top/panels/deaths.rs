//! Dead letters: the last few, and the command that deals with them.

use ratatui::text::Line;

use super::super::ink::{Ink, Palette};
use super::super::look::Look;
use super::Panel;
use crate::columns::fitting;

pub(in crate::top) fn deaths(look: &Look, columns: usize, palette: Palette) -> Panel {
    let command = format!("forebay dead {} list, retry or purge", look.path);
    let mut lines =
        vec![Line::from(palette.ink(fitting(&command, columns).trim_end(), Ink::Quiet))];
    lines.extend(look.deaths.iter().map(|dead| {
        let position = format!("{:>9}  ", dead.position);
        let room = columns.saturating_sub(position.len());
        Line::from(vec![
            palette.ink(position, Ink::Plain),
            palette.ink(fitting(&dead.reason, room).trim_end(), Ink::Wrong),
        ])
    }));
    let title = match look.dead_room {
        Some(room) => format!("Dead letters: {} of {room}, last first", look.counts.dead),
        None => format!("Dead letters: {}", look.counts.dead),
    };
    Panel { title, lines }
}
