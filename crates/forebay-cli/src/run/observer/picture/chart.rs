//! The frame of a picture: its axes with what they mean, lines to compare with, and room for what is drawn.
//!
//! Places along the page are percentages, so that text keeps its size on any screen; only what is drawn
//! inside is stretched.

use maud::{Markup, html};

use super::path::WIDTH;
use super::scale::{self, Mark};

/// Pixels over what is drawn, for the name of the vertical axis, and below it, for the marks.
const HEAD: f64 = 30.0;
const FOOT: f64 = 26.0;

/// A line across, to compare with.
pub(super) struct Line {
    pub(super) value: f64,
    /// Nothing where a legend explains it.
    pub(super) text: String,
    pub(super) class: &'static str,
    /// Whether the text stands at the right end.
    pub(super) is_right: bool,
}

/// A frame.
pub(super) struct Chart<'a> {
    /// Unique in the page.
    pub(super) id: &'a str,
    /// For those who cannot see it.
    pub(super) title: &'a str,
    pub(super) told: String,
    /// In pixels.
    pub(super) height: f64,
    /// What the vertical axis counts, and the greatest of it.
    pub(super) unit: &'a str,
    pub(super) most: f64,
    pub(super) is_whole: bool,
    /// Marks of the horizontal axis, with values from 0 to 1.
    pub(super) across: Vec<Mark>,
    pub(super) lines: Vec<Line>,
}

impl Chart<'_> {
    /// How far down a value stands.
    pub(super) fn down(&self, value: f64) -> f64 {
        self.height * (1.0 - (value / self.most.max(f64::MIN_POSITIVE)).clamp(0.0, 1.0))
    }

    /// The frame around what is drawn in [`WIDTH`] × `height` units.
    pub(super) fn draw(&self, drawn: &Markup) -> Markup {
        let (title, told) = (format!("{}-title", self.id), format!("{}-told", self.id));
        let height = self.height;
        let count = if height < 150.0 { 3.0 } else { 4.0 };
        html! {
            svg.chart height=(HEAD + height + FOOT) role="img" aria-labelledby={ (title) " " (told) } {
                title id=(title) { (self.title) }
                desc id=(told) { (self.told) }
                text.unit x="0" y="14" { (self.unit) }
                @for Mark { value, text } in scale::numbers(self.most, count, self.is_whole) {
                    @let y = HEAD + self.down(value);
                    line.rule x1="0" x2="100%" y1=(y) y2=(y) {}
                    text.up x="-8" y=(y + 4.0) { (text) }
                }
                svg x="0" y=(HEAD) width="100%" height=(height) preserveAspectRatio="none"
                    viewBox={ "0 0 " (WIDTH) " " (height) } { (drawn) }
                @for line in &self.lines {
                    @let y = HEAD + self.down(line.value);
                    line.level.(line.class) x1="0" x2="100%" y1=(y) y2=(y) {}
                    @if line.text.is_empty() {
                    } @else if line.is_right {
                        text.level.right x="100%" y=(y - 5.0) { (line.text) }
                    } @else {
                        text.level x="4" y=(y - 5.0) { (line.text) }
                    }
                }
                (marks(&self.across, HEAD + height))
            }
        }
    }
}

/// The marks of a horizontal axis at this height; every second one is left out where there is little room.
pub(super) fn marks(across: &[Mark], y: f64) -> Markup {
    html! {
        line.axis x1="0" x2="100%" y1=(y) y2=(y) {}
        @for (index, Mark { value, text }) in across.iter().enumerate() {
            @let x = format!("{:.2}%", value * 100.0);
            @let place = if *value < 0.02 { "first" } else if *value > 0.95 { "last" } else { "inner" };
            g.spare[index % 2 == 1] {
                line.axis x1=(x) x2=(x) y1=(y) y2=(y + 5.0) {}
                text.across.(place) x=(x) y=(y + 19.0) { (text) }
            }
        }
    }
}

/// Marks for the time since the start of a run that took so many seconds.
pub(super) fn time_marks(elapsed: f64) -> Vec<Mark> {
    let marks = scale::times(0.0, elapsed, 8.0);
    marks.into_iter().map(|mark| Mark { value: mark.value / elapsed.max(1e-9), ..mark }).collect()
}
