//! How far the lists that have no room are moved up: all together, each no further than to its end.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind};

/// Where the lists are, and how far they can go.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Scroll {
    from: usize,
    /// As far as the one that is longest for its room.
    most: usize,
    /// The lines of the one that shows fewest.
    page: usize,
}

impl Scroll {
    /// What is shown of a list with room for so many lines: from which on, and up to which. To be asked of each list in
    /// turn, between [`begin`](Self::begin) and [`end`](Self::end).
    pub(super) fn shown(&mut self, lines: usize, room: usize) -> (usize, usize) {
        let most = lines.saturating_sub(room);
        if most > 0 {
            self.most = self.most.max(most);
            self.page = if self.page == 0 { room } else { self.page.min(room) };
        }
        let from = self.from.min(most);
        (from, (from + room).min(lines))
    }

    pub(super) fn begin(&mut self) {
        (self.most, self.page) = (0, 0);
    }

    /// Says whether there is anything out of sight.
    pub(super) fn end(&mut self) -> bool {
        self.from = self.from.min(self.most);
        self.most > 0
    }

    /// Goes where the key says.
    pub(super) fn press(&mut self, key: KeyEvent) {
        if key.kind == KeyEventKind::Release {
            return;
        }
        let page = self.page.max(1);
        self.from = match key.code {
            KeyCode::Up | KeyCode::Char('k') => self.from.saturating_sub(1),
            KeyCode::Down | KeyCode::Char('j') => self.from + 1,
            KeyCode::PageUp => self.from.saturating_sub(page),
            KeyCode::PageDown | KeyCode::Char(' ') => self.from + page,
            KeyCode::Home | KeyCode::Char('g') => 0,
            KeyCode::End | KeyCode::Char('G') => self.most,
            _ => self.from,
        }
        .min(self.most);
    }
}

#[cfg(test)]
mod tests {
    use ratatui::crossterm::event::KeyModifiers;

    use super::*;

    #[test]
    fn lists_move_together_and_each_stops_at_its_end() {
        let mut scroll = Scroll::default();
        let look = |scroll: &mut Scroll| {
            scroll.begin();
            let shown = [(10, 4), (3, 2), (5, 9)].map(|(lines, room)| scroll.shown(lines, room));
            assert!(scroll.end());
            shown
        };
        assert_eq!(look(&mut scroll), [(0, 4), (0, 2), (0, 5)]);
        let mut press = |code, expected| {
            scroll.press(KeyEvent::new(code, KeyModifiers::NONE));
            assert_eq!(look(&mut scroll), expected, "{code}");
        };
        press(KeyCode::Up, [(0, 4), (0, 2), (0, 5)]);
        press(KeyCode::Char('j'), [(1, 5), (1, 3), (0, 5)]);
        press(KeyCode::PageDown, [(3, 7), (1, 3), (0, 5)]);
        press(KeyCode::End, [(6, 10), (1, 3), (0, 5)]);
        press(KeyCode::Down, [(6, 10), (1, 3), (0, 5)]);
        press(KeyCode::Char('k'), [(5, 9), (1, 3), (0, 5)]);
        press(KeyCode::Char('g'), [(0, 4), (0, 2), (0, 5)]);
        // With more room there is nothing to move, and later nothing is left of it.
        press(KeyCode::End, [(6, 10), (1, 3), (0, 5)]);
        scroll.begin();
        assert_eq!(scroll.shown(10, 20), (0, 10));
        assert!(!scroll.end());
        assert_eq!(look(&mut scroll), [(0, 4), (0, 2), (0, 5)]);
    }
}
