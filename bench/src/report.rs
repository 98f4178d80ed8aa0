//! What a bench ends on: for people a table, for machines JSON, which can also be made a page.

use std::collections::BTreeMap;
use std::process::ExitCode;

use serde::{Deserialize, Serialize};

use crate::contender::{Contends, prepare};
use crate::machine::Machine;
use crate::options::Options;
use crate::others::{self, Others};
use crate::spread::{Spread, geometric_mean};
use crate::table::{Table, write_json};

/// Which of two figures is the better one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Better {
    /// The greater.
    More,
    /// The smaller.
    Less,
}

/// What is measured, in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// The bench's name.
    pub measure: String,
    /// One sentence that says what a figure is a figure of.
    pub title: String,
    /// What the figures count, such as `ns`.
    pub unit: String,
    /// Which of two figures is the better one.
    pub better: Better,
    /// What the names in [`Cell::at`] are names of, such as `shape` and `capacity`.
    pub axes: Vec<String>,
}

/// Everything that a bench found out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// What was measured.
    #[serde(flatten)]
    pub subject: Subject,
    /// Where.
    pub machine: Machine,
    /// How many processors others kept busy meanwhile, on average, where the system tells.
    pub others: Option<f64>,
    /// How many rounds each figure is the median of.
    pub rounds: usize,
    /// The peers' names and releases.
    pub releases: BTreeMap<String, String>,
    /// What was found out, place by place.
    pub cells: Vec<Cell>,
    /// When it is being measured: since when.
    #[serde(skip)]
    begun: Option<Others>,
}

/// One place where all were measured side by side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// Where: a name on each of [`Subject::axes`].
    pub at: Vec<String>,
    /// Of each that has a form for this place.
    pub figures: Vec<Figure>,
    /// The name of the peer with the best median.
    pub best_peer: Option<String>,
    /// Our first contender's median to the best peer's.
    pub ratio: Option<f64>,
}

/// What one contender came to in one place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// Who.
    pub contender: String,
    /// Whether it is forebay.
    pub ours: bool,
    /// Over the rounds.
    #[serde(flatten)]
    pub spread: Spread,
    /// The rounds as they came.
    pub rounds: Vec<f64>,
}

impl Subject {
    /// See the fields.
    pub fn new(measure: &str, title: &str, unit: &str, better: Better, axes: &[&str]) -> Self {
        Self {
            measure: measure.to_owned(),
            title: title.to_owned(),
            unit: unit.to_owned(),
            better,
            axes: axes.iter().map(ToString::to_string).collect(),
        }
    }
}

impl Report {
    /// One without figures. To be made before the measuring begins: it looks at the machine, and from
    /// now on at what others do.
    pub fn new(subject: Subject, options: &Options) -> Self {
        prepare();
        Self::of_rounds(subject, options.rounds())
    }

    /// The same, for a bench with options of its own.
    pub fn of_rounds(subject: Subject, rounds: usize) -> Self {
        Self {
            subject,
            machine: Machine::now(),
            others: None,
            begun: Some(Others::watch()),
            rounds,
            releases: BTreeMap::new(),
            cells: Vec::new(),
        }
    }

    /// Adds what was measured in one place: who, and the figure of each round.
    pub fn add<C: Contends>(&mut self, at: &[&dyn ToString], figures: Vec<(C, Vec<f64>)>) {
        for (contender, _) in &figures {
            self.releases.extend(contender.release());
        }
        let figures: Vec<Figure> = figures
            .into_iter()
            .map(|(contender, rounds)| Figure {
                contender: contender.to_string(),
                ours: contender.is_ours(),
                spread: Spread::of(&rounds),
                rounds,
            })
            .collect();
        let by_median = |a: &&Figure, b: &&Figure| a.spread.median.total_cmp(&b.spread.median);
        let peers = figures.iter().filter(|figure| !figure.ours);
        let best = match self.subject.better {
            Better::More => peers.max_by(by_median),
            Better::Less => peers.min_by(by_median),
        };
        let own = figures.iter().find(|figure| figure.ours);
        self.cells.push(Cell {
            at: at.iter().map(|name| name.to_string()).collect(),
            best_peer: best.map(|best| best.contender.clone()),
            ratio: own
                .zip(best)
                .map(|(own, best)| own.spread.median / best.spread.median)
                // Of a difference that drowns in the noise there is none.
                .filter(|ratio| ratio.is_finite() && *ratio > 0.0),
            figures,
        });
    }

    /// Everybody who was measured anywhere, in order of appearance.
    pub fn contenders(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for figure in self.cells.iter().flat_map(|cell| &cell.figures) {
            if !names.contains(&figure.contender.as_str()) {
                names.push(&figure.contender);
            }
        }
        names
    }

    /// Geometric mean and worst of our ratios to the best peer.
    pub fn ratios(&self) -> Option<(f64, f64)> {
        let ratios: Vec<f64> = self.cells.iter().filter_map(|cell| cell.ratio).collect();
        let worst = ratios.iter().copied().reduce(match self.subject.better {
            Better::More => f64::min,
            Better::Less => f64::max,
        });
        worst.map(|worst| (geometric_mean(&ratios), worst))
    }

    /// Says so if others kept a noticeable part of a processor busy: threads that share one never meet,
    /// and what is measured then is something else.
    pub fn warning(&self) -> Option<String> {
        others::warning(self.others)
    }

    /// The ratios in words, and with whom.
    pub fn summary(&self) -> String {
        let mut lines: Vec<String> = self.warning().into_iter().collect();
        let releases = self.releases.iter().map(|(name, release)| format!("{name} {release}"));
        lines.push(format!("{}.", releases.collect::<Vec<_>>().join(", ")));
        lines.push(format!("{}.", self.machine));
        if let Some((mean, worst)) = self.ratios() {
            lines.push(format!(
                "{} ÷ best peer ({} is better): geometric mean {mean:.2}, worst {worst:.2}.",
                self.contenders()[0],
                match self.subject.better {
                    Better::More => "more",
                    Better::Less => "less",
                },
            ));
        }
        lines.join("\n")
    }

    /// Prints all of it, and writes it to the file that the options name.
    pub fn finish(&mut self, options: &Options) -> ExitCode {
        self.end();
        println!("{}\n\n{}\n{}", self.heading(), self.table().markdown(), self.summary());
        match write_json(options.json.as_deref(), self) {
            Ok(()) => ExitCode::SUCCESS,
            Err(complaint) => {
                eprintln!("bench: {complaint}");
                ExitCode::FAILURE
            }
        }
    }

    /// Prints all of it with a line for each contender, which reads better where there are many of them
    /// and few places.
    pub fn tell(&mut self) {
        self.end();
        println!("{}\n\n{}\n{}", self.heading(), self.turned().markdown(), self.summary());
    }

    /// The measuring is over.
    fn end(&mut self) {
        self.others = self.begun.and_then(Others::processors);
        crate::progress::show("");
    }

    fn heading(&self) -> String {
        let Subject { title, unit, .. } = &self.subject;
        format!("{title}: {unit}, median (least–greatest) of {} rounds.", self.rounds)
    }

    /// The table with a line for each contender.
    fn turned(&self) -> Table {
        let contenders = self.contenders();
        let own = contenders.first().copied().unwrap_or_default();
        let places = self.cells.iter().map(|cell| cell.at.join(", "));
        let mut table = Table::new(std::iter::once(self.subject.axes.join(", ")).chain(places));
        for contender in &contenders {
            let figures = self.cells.iter().map(|cell| cell.shown(contender));
            table.row(std::iter::once((*contender).to_owned()).chain(figures));
        }
        let best = self.cells.iter().map(|cell| cell.best_peer.clone().unwrap_or("–".to_owned()));
        table.row(std::iter::once("best peer".to_owned()).chain(best));
        let ratios = self.cells.iter().map(Cell::shown_ratio);
        table.row(std::iter::once(format!("{own} ÷ best")).chain(ratios));
        table
    }

    fn table(&self) -> Table {
        let contenders = self.contenders();
        let own = contenders.first().copied().unwrap_or_default();
        let mut table = Table::new(
            self.subject
                .axes
                .iter()
                .map(String::as_str)
                .chain(contenders.iter().copied())
                .chain(["best peer", &format!("{own} ÷ best")]),
        );
        for cell in &self.cells {
            table.row(
                cell.at
                    .iter()
                    .cloned()
                    .chain(contenders.iter().map(|contender| cell.shown(contender)))
                    .chain([cell.best_peer.clone().unwrap_or_else(|| "–".to_owned())])
                    .chain([cell.shown_ratio()]),
            );
        }
        table
    }
}

impl Cell {
    /// What this contender came to here, where it has a form for the place.
    fn shown(&self, contender: &str) -> String {
        let of = self.figures.iter().find(|figure| figure.contender == contender);
        of.map_or_else(|| "–".to_owned(), |figure| shown_spread(&figure.spread))
    }

    fn shown_ratio(&self) -> String {
        self.ratio.map_or("–".to_owned(), |ratio| format!("{ratio:.2}"))
    }
}

/// The median, and between what the rounds lay.
pub fn shown_spread(spread: &Spread) -> String {
    let Spread { median, least, greatest } = *spread;
    if least.to_bits() == greatest.to_bits() {
        return shown(median);
    }
    format!("{} ({}–{})", shown(median), shown(least), shown(greatest))
}

/// With three digits that mean something; whole numbers whole.
pub fn shown(figure: f64) -> String {
    let digits = match figure.abs() {
        _ if figure.fract() == 0.0 => 0,
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 1.0 => 2,
        _ => 3,
    };
    format!("{figure:.digits$}")
}

#[cfg(test)]
mod tests {
    use forebay::Discipline;

    use super::*;
    use crate::contender::{Contender, Peer};

    fn report(better: Better) -> Report {
        let mut report = Report {
            subject: Subject::new("m", "t", "u", better, &["capacity"]),
            machine: Machine::now(),
            others: None,
            begun: None,
            rounds: 1,
            releases: BTreeMap::new(),
            cells: Vec::new(),
        };
        let figures = [
            (Contender::Forebay(Discipline::Ring), vec![3.0]),
            (Contender::Peer(Peer::Kanal), vec![2.0]),
            (Contender::Peer(Peer::Flume), vec![1.0]),
        ];
        report.add(&[&5], figures.into());
        report
    }

    #[test]
    fn the_best_peer_is_the_best_in_its_direction() {
        let more = report(Better::More);
        assert_eq!(more.cells[0].best_peer.as_deref(), Some("kanal"));
        assert_eq!(more.ratios(), Some((1.5, 1.5)));
        let less = report(Better::Less);
        assert_eq!(less.cells[0].best_peer.as_deref(), Some("flume"));
        assert_eq!(less.cells[0].ratio, Some(3.0));
    }

    #[test]
    fn what_is_written_is_read() {
        let report = report(Better::More);
        let text = serde_json::to_string(&report).unwrap();
        assert_eq!(serde_json::from_str::<Report>(&text).unwrap(), report);
    }

    #[test]
    fn three_digits() {
        assert_eq!([123.4, 12.34, 1.234, 0.1234].map(shown), ["123", "12.3", "1.23", "0.123"]);
        assert_eq!([1234.0, 96.0].map(shown), ["1234", "96"]);
    }
}
