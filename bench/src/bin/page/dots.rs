//! A dot for each contender in each cell: its median, and a line from the least to the greatest.

use std::error::Error;
use std::ops::Range;

use bench::report::{Cell, Figure, Report, shown};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::layout::Layout;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

const OURS: RGBColor = RGBColor(29, 78, 216);
const BEST: RGBColor = RGBColor(15, 23, 42);
const OTHER: RGBColor = RGBColor(148, 163, 184);
const FAINT: RGBColor = RGBColor(71, 85, 105);
const GRID: RGBColor = RGBColor(226, 232, 240);
const GUIDE: RGBColor = RGBColor(241, 245, 249);
const FONT: &str = "sans-serif";

/// Pixels, before the page scales them.
const NAMES: u32 = 124;
const PANEL: u32 = 266;
/// Of a panel, for the medians as numbers.
const NUMBERS: u32 = 44;
const GAP: u32 = 20;
const LINE: u32 = 17;
const HEAD: u32 = 30;
const FOOT: u32 = 24;

/// The picture as SVG.
pub(crate) fn picture(report: &Report) -> Result<String, Box<dyn Error>> {
    let layout = Layout::of(report);
    let names = report.contenders();
    let height = HEAD + LINE * names.len() as u32 + FOOT;
    let size = (
        NAMES + (PANEL + GAP) * layout.columns.len() as u32,
        (height + GAP) * layout.rows.len() as u32,
    );
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        for (y, row) in (0..).step_by((height + GAP) as usize).zip(&layout.rows) {
            let line = root.clone().shrink((0, y), (size.0, height));
            label(&line, &names)?;
            for (x, column) in (NAMES..).step_by((PANEL + GAP) as usize).zip(&layout.columns) {
                let Some(cell) = layout.cell(row, column) else { continue };
                let panel = line.clone().shrink((x, 0), (PANEL, height));
                let place = [row, column].map(String::as_str);
                let place = place.into_iter().filter(|part| !part.is_empty());
                let title = place.collect::<Vec<_>>().join(" · ");
                draw(&panel, &title, cell, &names, range(layout.down(column)))?;
            }
        }
        root.present()?;
    }
    Ok(svg)
}

/// The names, at the left of a row of panels.
fn label(line: &Area<'_>, names: &[&str]) -> Result<(), Box<dyn Error>> {
    let right = Pos::new(HPos::Right, VPos::Center);
    for (name, number) in names.iter().zip(0..) {
        let ours = name.starts_with("forebay");
        let colour = if ours { OURS } else { BEST };
        let style = (FONT, 12).into_font();
        let style = if ours { style.style(FontStyle::Bold) } else { style };
        let style = TextStyle::from(style).color(&colour).pos(right);
        line.draw_text(name, &style, (NAMES.cast_signed() - 10, middle(number)))?;
    }
    Ok(())
}

fn draw(
    panel: &Area<'_>,
    title: &str,
    cell: &Cell,
    names: &[&str],
    range: Range<f64>,
) -> Result<(), Box<dyn Error>> {
    let bold = (FONT, 13).into_font().style(FontStyle::Bold).color(&BEST);
    panel.draw_text(title, &bold, (0, 8))?;
    number(panel, cell, names)?;
    let mut chart = ChartBuilder::on(panel)
        .margin_top(HEAD)
        .margin_right(NUMBERS)
        .x_label_area_size(FOOT)
        .build_cartesian_2d(range.log_scale(), names.len() as f64..0.0)?;
    chart
        .configure_mesh()
        .disable_y_mesh()
        .disable_y_axis()
        .x_labels(6)
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID)
        .axis_style(GRID)
        .x_label_formatter(&|figure| shown_on_axis(*figure))
        .x_label_style((FONT, 11).into_font().color(&FAINT))
        .draw()?;
    let (first, last) = (chart.x_range().start, chart.x_range().end);
    for row in 0..names.len() {
        let line = [first, last].map(|end| (end, row as f64 + 0.5));
        chart.draw_series([PathElement::new(line, GUIDE)])?;
    }
    for figure in &cell.figures {
        let row = names.iter().position(|name| *name == figure.contender);
        let middle = row.map_or(0.0, |row| row as f64 + 0.5);
        let colour = colour(figure, cell);
        let Figure { spread, .. } = figure;
        let across = [(spread.least, middle), (spread.greatest, middle)];
        chart.draw_series([PathElement::new(across, colour.mix(0.55).stroke_width(3))])?;
        let size = if figure.ours { 6 } else { 4 };
        chart.draw_series([Circle::new((spread.median, middle), size, colour.filled())])?;
    }
    Ok(())
}

/// The medians, at the right of a panel.
fn number(panel: &Area<'_>, cell: &Cell, names: &[&str]) -> Result<(), Box<dyn Error>> {
    for (name, number) in names.iter().zip(0..) {
        let figure = cell.figures.iter().find(|figure| figure.contender == *name);
        let text = figure.map_or_else(|| "–".to_owned(), |figure| shown(figure.spread.median));
        let colour = figure.map_or(OTHER, |figure| colour(figure, cell));
        let colour = if colour == OTHER { FAINT } else { colour };
        let style = TextStyle::from((FONT, 11).into_font()).color(&colour);
        let right = style.pos(Pos::new(HPos::Right, VPos::Center));
        panel.draw_text(&text, &right, (PANEL.cast_signed(), middle(number)))?;
    }
    Ok(())
}

/// Of the line of the contender with this number, from the top.
fn middle(number: u32) -> i32 {
    (HEAD + LINE * number + LINE / 2).cast_signed()
}

fn colour(figure: &Figure, cell: &Cell) -> RGBColor {
    if figure.ours {
        OURS
    } else if cell.best_peer.as_ref() == Some(&figure.contender) {
        BEST
    } else {
        OTHER
    }
}

/// From a little less than the least to a little more than the greatest, the same for a whole column
/// so that its panels can be compared.
fn range<'a>(cells: impl Iterator<Item = &'a Cell>) -> Range<f64> {
    let (mut least, mut greatest) = (f64::INFINITY, 0.0_f64);
    for figure in cells.flat_map(|cell| &cell.figures) {
        // A logarithm has no room for nothing at all.
        least = least.min(figure.spread.least.max(figure.spread.median / 1e3).max(1e-6));
        greatest = greatest.max(figure.spread.greatest);
    }
    least / 1.3..(greatest * 1.3).max(least * 10.0)
}

/// Whole powers of ten without needless digits.
fn shown_on_axis(figure: f64) -> String {
    if figure >= 1.0 { shown(figure.round()) } else { format!("{figure}") }
}
