//! Colours, or none.

use ratatui::style::{Color, Modifier, Style};
use ratatui::text::Span;

/// What a piece of text means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ink {
    Plain,
    Title,
    /// Of lesser importance.
    Quiet,
    /// What matters most.
    Strong,
    Producer,
    Consumer,
    /// Somebody waits.
    Waits,
    /// Something is wrong.
    Wrong,
    /// A key that can be pressed.
    Key,
}

/// How inks look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Palette {
    pub(super) colored: bool,
}

impl Palette {
    /// As the environment wishes (<https://no-color.org>).
    pub(super) fn of_environment() -> Self {
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { colored: !refused }
    }

    pub(super) fn style(self, ink: Ink) -> Style {
        let (color, modifier) = match ink {
            Ink::Plain => (None, Modifier::empty()),
            Ink::Title | Ink::Key => (Some(Color::Cyan), Modifier::BOLD),
            Ink::Quiet => (None, Modifier::DIM),
            Ink::Strong => (None, Modifier::BOLD),
            Ink::Producer => (Some(Color::Green), Modifier::empty()),
            Ink::Consumer => (Some(Color::Cyan), Modifier::empty()),
            Ink::Waits => (Some(Color::Yellow), Modifier::empty()),
            Ink::Wrong => (Some(Color::Red), Modifier::BOLD),
        };
        let style = Style::new().add_modifier(modifier);
        match color {
            Some(color) if self.colored => style.fg(color),
            _ => style,
        }
    }

    pub(super) fn ink(self, text: impl Into<String>, ink: Ink) -> Span<'static> {
        Span::styled(text.into(), self.style(ink))
    }
}
