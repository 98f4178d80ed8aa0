//! The same schedule leads to the same end: recorded and replayed, and from a state in the middle.

use toyvm::Machine;
use toyvm::chance::Chance;
use toyvm::machine::{Choice, Event, State, ThreadId, World};
use toyvm::observer::Observer;
use toyvm::run::End;
use toyvm::scheduler::{Scheduler, Turn};
use toyvm::trace::{About, Recorder, Recording};

use super::runs::{STEPS, each};

#[test]
fn a_recorded_run_replays_to_the_same_state() {
    each(80, |program, case| {
        let mut machine = case.machine(program);
        let recorder = Recorder::new(Vec::new(), &machine, &About::default());
        let (recorder, outcome) = case.run(&mut machine, recorder);
        let trace = recorder.finish(&machine, &outcome, outcome.status()).expect("it is memory");
        let recording = Recording::read(trace.as_slice()).expect("it is a trace");
        let replayed = match recording.replay(()) {
            Ok(replayed) => replayed,
            Err(error) => case.fails(program, &error.to_string()),
        };
        if replayed.outcome != outcome || replayed.machine.state() != machine.state() {
            case.fails(program, "replayed, it ends in another state");
        }
    });
}

/// Keeps the schedule, and the state before one step of it.
struct Snapshot {
    before: u64,
    schedule: Vec<(ThreadId, Option<u64>)>,
    state: Option<State>,
}

impl Observer for Snapshot {
    fn before(&mut self, machine: &Machine, thread: ThreadId) {
        if self.schedule.len() as u64 == self.before {
            self.state = Some(machine.state().clone());
        }
        self.schedule.push((thread, None));
    }

    fn event(&mut self, _: &Machine, _: ThreadId, _: u32, event: Event) {
        if let (Event::Chose(number), Some(last)) = (event, self.schedule.last_mut()) {
            last.1 = Some(number);
        }
    }
}

/// A schedule that is repeated.
struct Again<'a>(&'a [(ThreadId, Option<u64>)], Option<u64>);

impl Scheduler for Again<'_> {
    fn next(&mut self, _: &Machine, _: Option<Turn>) -> ThreadId {
        let (thread, chosen) = self.0[0];
        self.0 = &self.0[1..];
        self.1 = chosen;
        thread
    }
}

impl World for Again<'_> {
    fn choose(&mut self, _: &Machine, _: ThreadId, _: Choice, _: u64) -> u64 {
        self.1.take().expect("a number was chosen")
    }

    fn print(&mut self, _: &Machine, _: ThreadId, _: &str) {}
}

#[test]
fn a_state_goes_on_as_the_machine_did_that_it_was_taken_from() {
    let mut chance = Chance::new(0, 78);
    each(100, |program, case| {
        let mut machine = case.machine(program);
        let before = chance.below(STEPS / 4);
        let snapshot = Snapshot { before, schedule: Vec::new(), state: None };
        let (snapshot, outcome) = case.run(&mut machine, snapshot);
        let Some(state) = snapshot.state else { return };
        // In the machine itself, which has gone on, and back.
        let end = machine.state().clone();
        machine.set_state(state);
        let mut again = Again(&snapshot.schedule[before as usize..], None);
        while !again.0.is_empty() {
            let thread = again.next(&machine, None);
            machine.step(thread, &mut again);
            // When only daemons are left, or an assertion did not hold, no more time passes.
            let state = machine.state();
            let only_daemons = state.remaining() == 0 && state.ready().is_empty();
            let asserted = again.0.is_empty() && matches!(outcome.end, End::Asserted { .. });
            if !only_daemons && !asserted {
                machine.pass_time(&mut again);
            }
        }
        if *machine.state() != end {
            case.fails(program, &format!("from step {before} on it ends in another state"));
        }
    });
}
