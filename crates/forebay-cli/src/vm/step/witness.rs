//! Who watches a play: for races, inversions and lost wakeups, for the lanes, and for what is printed.

use toyvm::deadlock::Cycle;
use toyvm::machine::{Event, Machine, Stepped, ThreadId};
use toyvm::observer::Observer;
use toyvm::run::{End, Outcome};
use toyvm::watch::{Inversions, Races, Wakeups};

use super::super::report;
use super::lanes::Lanes;

/// What watchers know after a step: part of a snapshot.
#[derive(Debug, Clone)]
pub(super) struct Witness {
    races: Races,
    inversions: Inversions,
    wakeups: Wakeups,
    cycles: Vec<Cycle>,
    pub(super) lanes: Lanes,
}

/// Something wrong that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    /// After how many steps.
    pub(super) step: usize,
    /// What it is, in a sentence, and what belongs to it.
    pub(super) lines: Vec<String>,
}

/// What only grows while a play goes forward: going back cuts it off.
#[derive(Debug, Default)]
pub(super) struct Log {
    /// What was printed: after how many steps, and the line.
    printed: Vec<(usize, String)>,
    findings: Vec<Finding>,
}

impl Log {
    pub(super) fn printed(&self) -> &[(usize, String)] {
        &self.printed
    }

    pub(super) fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// As it was after so many steps.
    pub(super) fn cut(&mut self, step: usize) {
        self.printed.truncate(self.printed.partition_point(|(at, _)| *at <= step));
        self.findings.truncate(self.findings.partition_point(|finding| finding.step <= step));
    }
}

impl Witness {
    pub(super) fn new(machine: &Machine) -> Self {
        Self {
            races: Races::new(),
            inversions: Inversions::new(),
            wakeups: Wakeups::new(),
            cycles: Vec::new(),
            lanes: Lanes::new(machine),
        }
    }
}

/// A witness that takes notes of one step.
pub(super) struct Watching<'a> {
    witness: &'a mut Witness,
    log: &'a mut Log,
    step: usize,
    races: usize,
    inversions: usize,
    instruction: String,
}

impl<'a> Watching<'a> {
    /// For the step of that number.
    pub(super) fn new(witness: &'a mut Witness, log: &'a mut Log, step: usize) -> Self {
        let (races, inversions) =
            (witness.races.findings().len(), witness.inversions.findings().len());
        Self { witness, log, step, races, inversions, instruction: String::new() }
    }

    fn find(&mut self, lines: Vec<String>) {
        if !lines.is_empty() {
            self.log.findings.push(Finding { step: self.step, lines });
        }
    }

    /// The step is over, and time has passed after it; the run may be over too.
    pub(super) fn finish(mut self, machine: &Machine, end: Option<&End>) {
        self.witness.lanes.time_passed();
        for at in self.races..self.witness.races.findings().len() {
            self.find(vec![self.witness.races.findings()[at].tell(machine)]);
        }
        for at in self.inversions..self.witness.inversions.findings().len() {
            self.find(vec![self.witness.inversions.findings()[at].tell(machine)]);
        }
        let Some(end) = end else { return };
        let cycles = self.witness.cycles.clone();
        let (end, steps) = (end.clone(), self.step as u64);
        // Who failed was told then.
        let outcome = Outcome { end, steps, failed: Vec::new(), cycles };
        self.find(report::tell_outcome(machine, &outcome));
        for lost in self.witness.wakeups.findings(machine) {
            self.find(vec![lost.tell(machine)]);
        }
        for warning in report::warnings(machine, &outcome) {
            self.find(vec![warning]);
        }
    }
}

impl Observer for Watching<'_> {
    fn before(&mut self, machine: &Machine, thread: ThreadId) {
        self.instruction = machine.show_instruction(thread, machine.thread(thread).at());
        self.witness.wakeups.before(machine, thread);
    }

    fn event(&mut self, machine: &Machine, thread: ThreadId, at: u32, event: Event) {
        self.witness.races.event(machine, thread, at, event);
        self.witness.inversions.event(machine, thread, at, event);
        self.witness.wakeups.event(machine, thread, at, event);
        self.witness.lanes.event(machine, thread, event);
        if event == Event::Failed {
            let failed = Outcome {
                end: End::Finished,
                steps: self.step as u64,
                failed: vec![thread],
                cycles: Vec::new(),
            };
            self.find(report::tell_outcome(machine, &failed));
        }
    }

    fn print(&mut self, _: &Machine, thread: ThreadId, line: &str) {
        self.witness.lanes.printed(thread, line);
        self.log.printed.push((self.step, line.to_owned()));
    }

    fn prints(&self) -> bool {
        true
    }

    fn after(&mut self, _: &Machine, thread: ThreadId, _: Stepped) {
        let instruction = std::mem::take(&mut self.instruction);
        self.witness.lanes.stepped(self.step, thread, instruction);
    }

    fn cycle(&mut self, machine: &Machine, cycle: &Cycle) {
        self.witness.cycles.push(cycle.clone());
        self.find(report::tell_cycle(machine, cycle));
    }
}
