//! The machine is what the page says: given the same schedule, the model goes through the same states.

use std::collections::BTreeSet;

use toyvm::Machine;
use toyvm::deadlock::Cycle;
use toyvm::machine::{Event, Stepped, ThreadId};
use toyvm::observer::Observer;
use toyvm::run::End;

use super::model::Model;
use super::runs::{Case, each};

/// Steps the model as the machine is stepped, and compares them before and after each step.
struct Comparison {
    model: Model,
    case: Case,
    steps: u64,
    chosen: Option<u64>,
    /// What was printed in this step.
    printed: Vec<String>,
    /// Cycles that there are, and those that were told.
    cycles: BTreeSet<Vec<usize>>,
    told: BTreeSet<Vec<usize>>,
}

impl Comparison {
    fn compare(&self, machine: &Machine, when: &str) {
        if let Err(difference) = self.model.agrees(machine) {
            let why = format!("{when} step {}: {difference}", self.steps);
            self.case.fails(machine.program(), &why);
        }
    }
}

impl Observer for Comparison {
    fn before(&mut self, machine: &Machine, _: ThreadId) {
        self.steps += 1;
        if !self.model.pass_time() {
            self.case.fails(machine.program(), "the model is over, the machine is not");
        }
        self.compare(machine, "before");
    }

    fn event(&mut self, _: &Machine, _: ThreadId, _: u32, event: Event) {
        if let Event::Chose(number) = event {
            self.chosen = Some(number);
        }
    }

    fn prints(&self) -> bool {
        true
    }

    fn print(&mut self, _: &Machine, _: ThreadId, line: &str) {
        self.printed.push(line.to_owned());
    }

    fn after(&mut self, machine: &Machine, thread: ThreadId, stepped: Stepped) {
        self.model.step(thread.index(), self.chosen.take());
        self.compare(machine, "after");
        assert_eq!(self.model.asserted.is_some(), stepped == Stepped::Asserted);
        assert_eq!(self.printed, self.model.printed);
        self.printed.clear();
        self.model.printed.clear();
        self.cycles.extend(self.model.cycles());
    }

    fn cycle(&mut self, _: &Machine, cycle: &Cycle) {
        let mut threads: Vec<usize> = cycle.threads.iter().map(|thread| thread.index()).collect();
        let lowest = (0..threads.len()).min_by_key(|at| threads[*at]).unwrap();
        threads.rotate_left(lowest);
        assert!(self.told.insert(threads), "told twice");
    }
}

#[test]
fn the_machine_is_what_the_page_says() {
    let (mut ends, mut failed, mut cycles) = (BTreeSet::new(), 0, 0);
    each(600, |program, case| {
        let mut machine = case.machine(program);
        let comparison = Comparison {
            model: Model::new(program, case.service),
            case,
            steps: 0,
            chosen: None,
            printed: Vec::new(),
            cycles: BTreeSet::new(),
            told: BTreeSet::new(),
        };
        let (mut it, outcome) = case.run(&mut machine, comparison);
        if it.cycles != it.told {
            let why = format!("{:?} were told of the cycles {:?}", it.told, it.cycles);
            case.fails(program, &why);
        }
        let end = match outcome.end {
            End::OutOfSteps => "steps",
            End::Asserted { thread } => {
                assert_eq!(it.model.asserted, Some(thread.index()));
                "assertion"
            }
            End::Finished | End::Deadlock => {
                if !it.model.is_finished() {
                    it.model.pass_time();
                }
                it.compare(&machine, "after all, at");
                let finished = it.model.is_finished();
                assert_eq!(finished, outcome.end == End::Finished, "{case:?}");
                if finished { "finished" } else { "deadlock" }
            }
            End::Broken { .. } => unreachable!("nothing is claimed"),
        };
        ends.insert(end);
        failed += outcome.failed.len();
        cycles += outcome.cycles.len();
    });
    // The programs are such that all of it occurs.
    assert_eq!(ends, BTreeSet::from(["assertion", "deadlock", "finished"]));
    assert!(failed > 100 && cycles > 100, "{failed} failed, {cycles} cycles");
}
