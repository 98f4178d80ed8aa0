//! The table of our ratios to the best peer, coloured by how good they are.

use bench::report::{Better, Cell, Report};
use maud::{Markup, html};

use crate::layout::Layout;

/// Beyond four times better or worse, the colour is as full as it gets.
const FULL: f64 = 2.0;

pub(crate) fn table(report: &Report) -> Markup {
    let layout = Layout::of(report);
    let named = layout.rows.iter().any(|row| !row.is_empty());
    html! {
        table.heat {
            thead {
                tr {
                    @if named { td {} }
                    @for column in &layout.columns { th scope="col" { (column) } }
                }
            }
            tbody {
                @for row in &layout.rows {
                    tr {
                        @if named { th scope="row" { (row) } }
                        @for column in &layout.columns {
                            (cell(layout.cell(row, column), report.subject.better))
                        }
                    }
                }
            }
        }
    }
}

fn cell(cell: Option<&Cell>, better: Better) -> Markup {
    let Some((cell, ratio)) = cell.and_then(|cell| Some((cell, cell.ratio?))) else {
        return html! { td { "–" } };
    };
    html! {
        td style={ "background:" (colour(ratio, better)) } {
            strong { (format!("{ratio:.2}")) }
            @if let Some(peer) = &cell.best_peer { span { (peer) } }
        }
    }
}

/// Blue where ours is better, orange where it is worse, white where there is no difference; both can
/// be told apart by those who see red and green alike.
fn colour(ratio: f64, better: Better) -> String {
    let doublings = match better {
        Better::More => ratio.log2(),
        Better::Less => -ratio.log2(),
    };
    let (red, green, blue) = if doublings >= 0.0 { (96, 165, 250) } else { (251, 146, 60) };
    let strength = (doublings.abs() / FULL).min(1.0);
    let mix = |full: u8| (255.0 - (255.0 - f64::from(full)) * strength).round() as u8;
    format!("rgb({},{},{})", mix(red), mix(green), mix(blue))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn better_is_blue_and_worse_is_orange() {
        assert_eq!(colour(1.0, Better::More), "rgb(255,255,255)");
        assert_eq!(colour(9.0, Better::More), "rgb(96,165,250)");
        assert_eq!(colour(9.0, Better::Less), "rgb(251,146,60)");
    }
}
