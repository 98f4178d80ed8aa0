//! The machine is what the page says: given the same schedule, the model goes through the same states.

use std::collections::BTreeSet;

use toyvm::Machine;
use toyvm::deadlock::{self, Cycle};
use toyvm::instruction::Opcode;
use toyvm::machine::{Event, On, Stepped, ThreadId};
use toyvm::observer::Observer;
use toyvm::run::End;

use super::model::{Bad, Model, Status};
use super::runs::{Case, each};

/// Steps the model as the machine is stepped, and compares them before and after each step.
struct Comparison<'a> {
    model: Model,
    case: Case,
    steps: u64,
    chosen: Option<u64>,
    /// What was printed in this step.
    printed: Vec<String>,
    /// Cycles that there are, and those that were told.
    cycles: BTreeSet<Vec<usize>>,
    told: BTreeSet<Vec<usize>>,
    seen: &'a mut Seen,
}

/// What has occurred, so that it is known to have been compared.
#[derive(Default)]
struct Seen {
    instructions: Vec<Opcode>,
    faults: Vec<Bad>,
    /// What was waited for, and whether for so long at most.
    waits: Vec<(&'static str, bool)>,
    /// What was taken by who had waited for it, under weak service.
    turns: Vec<&'static str>,
    ends: Vec<&'static str>,
    cycles: usize,
}

/// Notes what is new.
fn note<T: PartialEq>(seen: &mut Vec<T>, it: T) {
    if !seen.contains(&it) {
        seen.push(it);
    }
}

fn word(on: On) -> &'static str {
    match on {
        On::Lock(_) => "lock",
        On::Semaphore(_) => "semaphore",
        On::Message(_) => "message",
        On::Room(_) => "room",
        On::Condition(_) => "condition",
        On::Thread(_) => "thread",
    }
}

impl Comparison<'_> {
    fn compare(&self, machine: &Machine, when: &str) {
        if let Err(difference) = self.model.agrees(machine) {
            let why = format!("{when} step {}: {difference}", self.steps);
            self.case.fails(machine.program(), &why);
        }
    }
}

impl Observer for Comparison<'_> {
    fn before(&mut self, machine: &Machine, thread: ThreadId) {
        self.steps += 1;
        if !self.model.pass_time() {
            self.case.fails(machine.program(), "the model is over, the machine is not");
        }
        self.compare(machine, "before");
        self.cycles.extend(self.model.cycles());
        let it = machine.thread(thread);
        if let Some(wait) = deadlock::wait_of(machine, thread) {
            note(&mut self.seen.turns, word(wait.on));
        } else {
            let code = machine.program().code(it.code());
            note(&mut self.seen.instructions, code.instructions[it.pc() as usize].opcode());
        }
    }

    fn event(&mut self, machine: &Machine, thread: ThreadId, _: u32, event: Event) {
        match (event, deadlock::wait_of(machine, thread)) {
            (Event::Chose(number), _) => self.chosen = Some(number),
            (Event::Waits, Some(wait)) => {
                note(&mut self.seen.waits, (word(wait.on), wait.until.is_some()));
            }
            _ => {}
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
        if let Status::Failed(bad) = self.model.threads[thread.index()].status {
            note(&mut self.seen.faults, bad);
        }
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
    let mut seen = Seen::default();
    each(500, |program, case| {
        let mut machine = case.machine(program);
        let comparison = Comparison {
            model: Model::new(program, case.service),
            case,
            steps: 0,
            chosen: None,
            printed: Vec::new(),
            cycles: BTreeSet::new(),
            told: BTreeSet::new(),
            seen: &mut seen,
        };
        let (mut it, outcome) = case.run(&mut machine, comparison);
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
                it.cycles.extend(it.model.cycles());
                let finished = it.model.is_finished();
                assert_eq!(finished, outcome.end == End::Finished, "{case:?}");
                if finished { "finished" } else { "deadlock" }
            }
            End::Broken { .. } => unreachable!("nothing is claimed"),
        };
        if it.cycles != it.told {
            let why = format!("{:?} were told of the cycles {:?}", it.told, it.cycles);
            case.fails(program, &why);
        }
        note(&mut it.seen.ends, end);
        it.seen.cycles += outcome.cycles.len();
    });
    seen.everything();
}

impl Seen {
    /// The programs are such that all of it occurs.
    fn everything(&self) {
        let missing = Opcode::ALL.iter().filter(|opcode| !self.instructions.contains(opcode));
        let missing: Vec<_> = missing.map(|opcode| opcode.row().name).collect();
        assert_eq!(missing, ["LABEL", "INVARIANT"]);
        assert_eq!(self.faults.len(), Bad::COUNT, "{:?}", self.faults);
        assert_eq!(self.waits.len(), 12, "{:?}", self.waits);
        assert_eq!(self.turns.len(), 4, "{:?}", self.turns);
        assert_eq!(self.ends.len(), 4, "{:?}", self.ends);
        assert!(self.cycles > 100, "{}", self.cycles);
    }
}
