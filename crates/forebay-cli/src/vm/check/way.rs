//! The way to what is wrong, gone along once more on a plain machine before anybody is told of it.

use std::sync::Arc;

use toyvm::Program;
use toyvm::check::{Failure, Finding, beginning};
use toyvm::deadlock::{Cycle, tell_place, tell_thing, wait_of};
use toyvm::machine::{Machine, Service};
use toyvm::run::{End, Outcome};
use toyvm::source::Selection;
use toyvm::trace::{About, Recorder, Recording, Replayed};
use toyvm::watch::{Races, Wakeups};

use crate::vm::report;

/// A way, and where it led.
#[derive(Debug)]
pub(in crate::vm) struct Way {
    pub(in crate::vm) failure: Failure,
    /// At the end of it.
    pub(in crate::vm) machine: Machine,
    /// The whole of it, as a trace.
    pub(in crate::vm) trace: Vec<u8>,
    /// What is wrong, in lines.
    pub(in crate::vm) told: Vec<String>,
    /// A notification came before the one who waits for it.
    pub(in crate::vm) is_lost_wakeup: bool,
}

impl Way {
    /// Goes along it.
    ///
    /// # Errors
    ///
    /// If it does not lead there: then the search is wrong, in a sentence.
    pub(in crate::vm) fn along(
        program: &Arc<Program>,
        service: Service,
        selection: &Selection,
        failure: Failure,
    ) -> Result<Self, String> {
        let machine = beginning(program, service);
        let about = About {
            selection: selection.clone(),
            scheduler: "found by check".to_owned(),
            seed: None,
            max_steps: failure.schedule.len() as u64,
            repeats_from: failure.repeats_from.map(|from| from as u64),
        };
        let recorder = Recorder::new(Vec::new(), &machine, &about);
        let watchers = ((Races::new(), Wakeups::new()), recorder);
        let replayed = failure.replay(machine, watchers).map_err(|error| error.to_string())?;
        let Replayed { machine, outcome, observer: ((races, wakeups), mut recorder) } = replayed;
        if !leads_there(&failure.finding, &machine, &outcome, &races) {
            return Err(format!("it ends with {:?} instead", outcome.end));
        }
        let mut told = tell(&failure.finding, &machine, &outcome, &races);
        let is_deadlock = matches!(failure.finding, Finding::Deadlock);
        let lost = if is_deadlock { wakeups.findings(&machine) } else { Vec::new() };
        told.extend(lost.iter().map(|wakeup| wakeup.tell(&machine)));
        for race in races.findings() {
            recorder.finding("race", &race.tell(&machine));
        }
        let status = failure.finding.verdict().status();
        let trace = recorder.finish(&machine, &outcome, status).expect("memory takes all of it");
        Ok(Self { failure, machine, trace, told, is_lost_wakeup: !lost.is_empty() })
    }

    pub(in crate::vm) fn recording(&self) -> Recording {
        Recording::read(self.trace.as_slice()).expect("it was written just now")
    }
}

fn leads_there(finding: &Finding, machine: &Machine, outcome: &Outcome, races: &Races) -> bool {
    match finding {
        Finding::Finished => outcome.end == End::Finished,
        Finding::Deadlock => outcome.end == End::Deadlock,
        Finding::Circle(_) => !outcome.cycles.is_empty(),
        Finding::Race { name, .. } => races.findings().iter().any(|race| race.name == *name),
        Finding::Assertion { thread } => outcome.end == End::Asserted { thread: *thread },
        Finding::Invariant { .. } => matches!(outcome.end, End::Broken { .. }),
        Finding::Error { thread } | Finding::Overflow { thread } => outcome.failed.contains(thread),
        Finding::Spin { thread } | Finding::Unending { thread } => {
            !machine.thread(*thread).status().is_over()
        }
        Finding::Starved { thread } => wait_of(machine, *thread).is_some(),
        Finding::Endless { .. } => true,
    }
}

fn tell(finding: &Finding, machine: &Machine, outcome: &Outcome, races: &Races) -> Vec<String> {
    match finding {
        Finding::Circle(threads) => {
            report::tell_cycle(machine, &Cycle { threads: threads.clone() })
        }
        Finding::Race { name, .. } => {
            let races = races.findings().iter().filter(|race| race.name == *name);
            races.map(|race| race.tell(machine)).collect()
        }
        Finding::Spin { thread } => {
            let place = tell_place(machine, *thread, machine.thread(*thread).at());
            let name = machine.show_thread(*thread);
            vec![format!("endless loop: {name} goes round for ever {place}, whatever others do")]
        }
        Finding::Starved { thread } | Finding::Unending { thread } => {
            let (it, name) = (machine.thread(*thread), machine.show_thread(*thread));
            let place = tell_place(machine, *thread, it.at());
            vec![match wait_of(machine, *thread) {
                Some(wait) if matches!(finding, Finding::Starved { .. }) => {
                    let thing = tell_thing(machine, wait);
                    format!("starvation: {name} may wait for ever {place} for {thing}")
                }
                _ => format!(
                    "no end: {name} may go on for ever and never end; after each round it is {place}"
                ),
            }]
        }
        _ => {
            let mut outcome = outcome.clone();
            if outcome.end == End::OutOfSteps {
                // The way ends here, the program does not.
                outcome.end = End::Finished;
            }
            let cycles = outcome.cycles.iter();
            let mut lines: Vec<String> =
                cycles.flat_map(|cycle| report::tell_cycle(machine, cycle)).collect();
            lines.extend(report::tell_outcome(machine, &outcome));
            lines
        }
    }
}
