//! What all measurements share: the folder, the programs of peers, and what is to be said of them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use bench::report::Report;
use bench::rounds::interleaved;
use bench::shape::Shape;
use bench::{progress, watchdog};

use crate::contender::{Contender, Entrant};
use crate::media::boost;
use crate::media::python::Python;
use crate::race::{Carried, Course, race};
use crate::scratch::Scratch;

/// What all measurements share.
pub(crate) struct Place {
    pub(crate) scratch: Scratch,
    pub(crate) rounds: usize,
    pub(crate) quick: bool,
    /// The command under test, where it was built.
    pub(crate) forebay: Option<PathBuf>,
    only: Option<Vec<Contender>>,
    /// The one shape and the one capacity that are asked for, if they are.
    pub(crate) shape: Option<Shape>,
    pub(crate) capacity: Option<usize>,
    boost: Option<Result<boost::Program, String>>,
    python: Option<Result<Python, String>>,
    missing: BTreeSet<String>,
    notes: BTreeMap<Contender, BTreeSet<String>>,
    broken: Vec<String>,
}

impl Place {
    pub(crate) fn new(
        scratch: Scratch,
        rounds: usize,
        quick: bool,
        forebay: Option<PathBuf>,
        only: Option<Vec<Contender>>,
    ) -> Self {
        Self {
            scratch,
            rounds,
            quick,
            forebay,
            only,
            shape: None,
            capacity: None,
            boost: None,
            python: None,
            missing: BTreeSet::new(),
            notes: BTreeMap::new(),
            broken: Vec::new(),
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
        let only = self.only.clone();
        let wanted = |one: &Contender| only.as_ref().is_none_or(|only| only.contains(one));
        let mut entrants = Vec::new();
        for contender in ours.iter().chain(peers).copied().filter(wanted) {
            match contender.found(self) {
                Ok(release) => entrants.push(Entrant { contender, release }),
                Err(missing) => {
                    self.missing.insert(missing);
                }
            }
        }
        entrants
    }

    /// Keeps a promise that was not kept.
    pub(crate) fn broken(&mut self, promise: String) {
        self.broken.push(promise);
    }

    /// Fails if there was one.
    pub(crate) fn kept(self) -> Result<(), String> {
        if self.broken.is_empty() { Ok(()) } else { Err(self.broken.join("\nbench: ")) }
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

    /// Every one of these shapes with every one of these capacities, or those that are asked for.
    pub(crate) fn cells(&self, shapes: &[Shape], capacities: &[usize]) -> Vec<(Shape, usize)> {
        let shapes = self.shape.map_or(shapes.to_vec(), |shape| vec![shape]);
        let capacities = self.capacity.map_or(capacities.to_vec(), |capacity| vec![capacity]);
        let column = |capacity| shapes.iter().map(move |shape| (*shape, capacity));
        capacities.into_iter().flat_map(column).collect()
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
                Carried::rate,
            )
        });
        match failure {
            Some(failure) => Err(failure),
            None => Ok(entrants.iter().cloned().zip(rates).collect()),
        }
    }
}
