//! What all measurements share: the folder, the programs of peers, and what is to be said of them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use bench::report::Report;
use bench::rounds::interleaved;
use bench::{progress, watchdog};

use crate::contender::{Contender, Entrant};
use crate::media::boost;
use crate::media::python::Python;
use crate::race::{Course, race};
use crate::scratch::Scratch;

/// What all measurements share.
pub(crate) struct Place {
    pub(crate) scratch: Scratch,
    pub(crate) rounds: usize,
    pub(crate) quick: bool,
    /// The command under test, where it was built.
    pub(crate) forebay: Option<PathBuf>,
    peers: Option<Vec<Contender>>,
    boost: Option<Result<boost::Program, String>>,
    python: Option<Result<Python, String>>,
    missing: BTreeSet<String>,
    notes: BTreeMap<Contender, BTreeSet<String>>,
}

impl Place {
    pub(crate) fn new(
        scratch: Scratch,
        rounds: usize,
        quick: bool,
        forebay: Option<PathBuf>,
        peers: Option<Vec<Contender>>,
    ) -> Self {
        Self {
            scratch,
            rounds,
            quick,
            forebay,
            peers,
            boost: None,
            python: None,
            missing: BTreeSet::new(),
            notes: BTreeMap::new(),
        }
    }

    /// The program for boost, built when it is first asked for.
    pub(crate) fn boost(&mut self) -> Result<&boost::Program, String> {
        let build = || boost::Program::build(&self.scratch);
        self.boost.get_or_insert_with(build).as_ref().map_err(Clone::clone)
    }

    /// Python, prepared when it is first asked for.
    pub(crate) fn python(&mut self) -> Result<&Python, String> {
        let prepare = || Python::prepare(&self.scratch);
        self.python.get_or_insert_with(prepare).as_ref().map_err(Clone::clone)
    }

    /// Ours, and those of the peers that are wanted and there.
    pub(crate) fn entrants(&mut self, ours: &[Contender], peers: &[Contender]) -> Vec<Entrant> {
        let wanted = self.peers.clone();
        let wanted = |peer: &&Contender| wanted.as_ref().is_none_or(|all| all.contains(peer));
        let peers: Vec<Contender> = peers.iter().filter(wanted).copied().collect();
        let mut entrants = Vec::new();
        for contender in ours.iter().copied().chain(peers) {
            match contender.found(self) {
                Ok(release) => entrants.push(Entrant { contender, release }),
                Err(missing) => {
                    self.missing.insert(missing);
                }
            }
        }
        entrants
    }

    /// Keeps what has to be said of a contender beside its figures.
    pub(crate) fn note(&mut self, contender: Contender, note: String) {
        self.notes.entry(contender).or_default().insert(note);
    }

    /// What has to be said beside the figures since it was last told.
    pub(crate) fn told(&mut self) -> Vec<String> {
        let notes = std::mem::take(&mut self.notes).into_iter();
        let mut lines: Vec<String> = notes
            .flat_map(|(who, notes)| notes.into_iter().map(move |note| format!("{who}: {note}.")))
            .collect();
        let missing: Vec<String> = std::mem::take(&mut self.missing).into_iter().collect();
        if !missing.is_empty() {
            lines.push(format!("Not installed here, so not measured: {}.", missing.join("; ")));
        }
        lines
    }

    /// How long a round takes, if that is what is usual.
    pub(crate) fn lasting(&self, usually: Duration) -> Duration {
        if self.quick { usually / 4 } else { usually }
    }

    /// Prints what was compared, and what has to be said beside it.
    pub(crate) fn tell(&mut self, report: &mut Report) {
        report.tell();
        for line in self.told() {
            println!("{line}");
        }
    }

    /// Races them in turn; for each the rates of its rounds, in thousand items a second.
    pub(crate) fn side_by_side(
        &mut self,
        entrants: &[Entrant],
        course: impl Fn(Contender) -> Course,
    ) -> Result<Vec<(Entrant, Vec<f64>)>, String> {
        let mut failure = None;
        let rates = interleaved(self.rounds, entrants.len(), |turn| {
            if failure.is_some() {
                return 0.0;
            }
            let contender = entrants[turn].contender;
            let course = course(contender);
            let what = format!("{contender}, {}, capacity {}", course.shape, course.capacity);
            progress::show(&what);
            let limit = course.lasting + watchdog::LIMIT;
            let raced = watchdog::watch(&what, limit, || race(contender, &course, self));
            raced.map_or_else(
                |error| {
                    failure = Some(format!("{what}: {error}"));
                    0.0
                },
                |carried| carried.rate(),
            )
        });
        match failure {
            Some(failure) => Err(failure),
            None => Ok(entrants.iter().cloned().zip(rates).collect()),
        }
    }
}
