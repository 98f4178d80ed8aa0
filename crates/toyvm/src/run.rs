//! Runs: a machine, a scheduler, and whoever watches.

use std::time::{Duration, Instant};

use crate::chance::Chance;
use crate::deadlock::{self, Cycle};
use crate::machine::{Choice, Event, Machine, Status, Stepped, ThreadId, World};
use crate::observer::Observer;
use crate::program::ClaimId;
use crate::scheduler::{Scheduler, Turn};

/// How many steps a run has if nobody says otherwise.
pub const MAX_STEPS: u64 = 50_000;

/// What the numbers that CHOOSE and RANDOM push are drawn for.
const PURPOSE_CHOICES: u64 = 0;

/// How a run came to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// Every thread has ended, or failed; daemons may wait or sleep.
    Finished,
    /// Nobody can go on or sleeps, and somebody waits.
    Deadlock,
    /// An assertion does not hold.
    Asserted {
        /// Whose.
        thread: ThreadId,
    },
    /// Something that must always hold did not, after a step.
    Broken {
        /// Whose step.
        thread: ThreadId,
        /// The address of the step.
        at: u32,
        /// What did not hold.
        claim: ClaimId,
    },
    /// No step was left.
    OutOfSteps,
}

/// What came of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// How it ended.
    pub end: End,
    /// How many steps it had.
    pub steps: u64,
    /// The threads that failed.
    pub failed: Vec<ThreadId>,
    /// Threads that waited for each other in a cycle, as soon as they did.
    pub cycles: Vec<Cycle>,
}

impl Outcome {
    /// The exit status: 2 if a thread failed, else 1 for a deadlock or a broken claim, else 3 if no
    /// step was left, else 0.
    pub fn status(&self) -> u8 {
        let bad = matches!(self.end, End::Deadlock | End::Asserted { .. } | End::Broken { .. });
        if !self.failed.is_empty() {
            2
        } else if bad || !self.cycles.is_empty() {
            1
        } else if self.end == End::OutOfSteps {
            3
        } else {
            0
        }
    }
}

/// What chooses the numbers that CHOOSE and RANDOM push, and whether somebody dies.
pub trait Choices {
    /// A number below `below`, which is at least 1.
    fn choose(&mut self, machine: &Machine, thread: ThreadId, choice: Choice, below: u64) -> u64;

    /// Whether who is to step dies instead.
    #[inline]
    fn dies(&mut self) -> bool {
        false
    }
}

/// Chance chooses.
impl Choices for Chance {
    #[inline]
    fn choose(&mut self, _: &Machine, _: ThreadId, _: Choice, below: u64) -> u64 {
        self.below(below)
    }
}

/// The choices of a seed.
pub fn choices(seed: u64) -> Chance {
    Chance::new(seed, PURPOSE_CHOICES)
}

/// What is round the machine of a run: who chooses, and who watches.
#[derive(Debug)]
pub struct Stage<C, O> {
    /// Who chooses.
    pub choices: C,
    /// Who watches.
    pub observer: O,
}

impl<C: Choices, O: Observer> World for Stage<C, O> {
    #[inline]
    fn choose(&mut self, machine: &Machine, thread: ThreadId, choice: Choice, below: u64) -> u64 {
        self.choices.choose(machine, thread, choice, below)
    }

    #[inline]
    fn dies(&mut self, _: &Machine, _: ThreadId) -> bool {
        self.choices.dies()
    }

    #[inline]
    fn print(&mut self, machine: &Machine, thread: ThreadId, line: &str) {
        self.observer.print(machine, thread, line);
    }

    #[inline]
    fn prints(&self) -> bool {
        self.observer.prints()
    }

    #[inline]
    fn event(&mut self, machine: &Machine, thread: ThreadId, at: u32, event: Event) {
        self.observer.event(machine, thread, at, event);
    }
}

/// How long a run may be, and how fast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// How many steps at most.
    pub max_steps: u64,
    /// Whether the clock of the machine is that on the wall.
    pub realtime: bool,
}

impl Default for Pace {
    fn default() -> Self {
        Self { max_steps: MAX_STEPS, realtime: false }
    }
}

/// Runs a machine until it comes to an end or no step is left.
pub fn run<S: Scheduler, C: Choices, O: Observer>(
    machine: &mut Machine,
    mut scheduler: S,
    stage: &mut Stage<C, O>,
    pace: Pace,
) -> Outcome {
    let began = Instant::now();
    let mut cycles = Vec::new();
    let mut last = None;
    let mut steps = 0;
    let end = loop {
        if let Some(end) = pass_time(machine, stage, &mut cycles)
            && !(end == End::Finished && scheduler.has_a_death())
        {
            break end;
        }
        if steps == pace.max_steps {
            break End::OutOfSteps;
        }
        if pace.realtime {
            let due = began + Duration::from_micros(machine.state().clock());
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
        }
        let thread = scheduler.next(machine, last);
        let (stepped, over) = step(machine, thread, stage, &mut cycles);
        steps += 1;
        if let Some(end) = over {
            break end;
        }
        last = Some(Turn { thread, stepped });
    };
    let failed = |thread: &ThreadId| matches!(machine.thread(*thread).status(), Status::Failed(_));
    let failed = machine.state().thread_ids().filter(failed).collect();
    Outcome { end, steps, failed, cycles }
}

/// Lets time pass until somebody can go on; how the run ends if nobody ever will.
#[inline]
pub fn pass_time<C: Choices, O: Observer>(
    machine: &mut Machine,
    stage: &mut Stage<C, O>,
    cycles: &mut Vec<Cycle>,
) -> Option<End> {
    // Daemons that can go on do so; those that wait or sleep are left.
    let only_daemons =
        |machine: &Machine| machine.state().ready().is_empty() && machine.state().remaining() == 0;
    if only_daemons(machine) {
        return Some(End::Finished);
    }
    let goes_on = machine.pass_time(stage);
    if !machine.state().began_to_wait().is_empty() {
        tell_cycles(machine, &mut stage.observer, cycles);
    }
    if goes_on {
        return None;
    }
    // Those who slept may have come to their end by waking.
    Some(if only_daemons(machine) { End::Finished } else { End::Deadlock })
}

/// Lets a thread step that can go on, or die; how that went, and how the run ends if that ended it.
#[inline]
pub fn step<C: Choices, O: Observer>(
    machine: &mut Machine,
    thread: ThreadId,
    stage: &mut Stage<C, O>,
    cycles: &mut Vec<Cycle>,
) -> (Stepped, Option<End>) {
    stage.observer.before(machine, thread);
    let at = machine.thread(thread).pc();
    let stepped = machine.step(thread, stage);
    stage.observer.after(machine, thread, stepped);
    if !machine.state().began_to_wait().is_empty() {
        tell_cycles(machine, &mut stage.observer, cycles);
    }
    let end = match stepped {
        Stepped::Asserted => Some(End::Asserted { thread }),
        Stepped::Broken(claim) => Some(End::Broken { thread, at, claim }),
        _ => None,
    };
    (stepped, end)
}

/// Tells the cycles that were closed just now: by a step, or by a wait for a condition that was long
/// enough.
#[cold]
fn tell_cycles<O: Observer>(machine: &Machine, observer: &mut O, cycles: &mut Vec<Cycle>) {
    let before = cycles.len();
    for waiter in machine.state().began_to_wait() {
        // Several who began to wait at once may be part of the same one.
        if cycles[before..].iter().any(|cycle| cycle.threads.contains(waiter)) {
            continue;
        }
        if let Some(cycle) = deadlock::cycle_through(machine, *waiter) {
            observer.cycle(machine, &cycle);
            cycles.push(cycle);
        }
    }
}
