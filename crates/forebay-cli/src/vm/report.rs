//! How a run ended, told on standard error.

use toyvm::deadlock::{self, Cycle, tell_place, tell_wait, wait_of};
use toyvm::machine::{Failure, Fault, Machine, Status, ThreadId};
use toyvm::run::{End, Outcome};
use toyvm::value::Kind;

/// A cycle of threads that wait for each other, as lines.
pub(super) fn tell_cycle(machine: &Machine, cycle: &Cycle) -> Vec<String> {
    let mut lines = vec![match cycle.threads.as_slice() {
        [alone] => format!("deadlock: {} waits for itself", machine.show_thread(*alone)),
        threads => format!("deadlock: {} threads wait for each other in a circle", threads.len()),
    }];
    lines.extend(cycle.threads.iter().filter_map(|thread| {
        wait_of(machine, *thread).map(|wait| format!("  {}", tell_wait(machine, *thread, wait)))
    }));
    lines
}

/// What is to be said about the end of a run, as lines; nothing if it ended well.
pub(super) fn tell_outcome(machine: &Machine, outcome: &Outcome) -> Vec<String> {
    let mut lines = Vec::new();
    for thread in &outcome.failed {
        let Status::Failed(failure) = machine.thread(*thread).status() else { continue };
        lines.push(format!(
            "error: {} failed {}: {}{}",
            machine.show_thread(*thread),
            tell_place(machine, *thread, failure.at),
            machine.tell_fault(failure.fault),
            tell_stack(machine, *thread, failure),
        ));
    }
    match &outcome.end {
        End::Finished => {}
        End::Deadlock => {
            let told = |thread| outcome.cycles.iter().any(|cycle| cycle.threads.contains(&thread));
            let waiting = deadlock::waiting(machine).filter(|(thread, _)| !told(*thread));
            let waiting: Vec<String> = waiting
                .map(|(thread, wait)| format!("  {}", tell_wait(machine, thread, wait)))
                .collect();
            let else_ = if outcome.cycles.is_empty() { "" } else { " else" };
            lines.push(format!("deadlock: nobody{else_} can go on"));
            lines.extend(waiting);
        }
        End::Asserted { thread } => {
            let at = machine.thread(*thread).at();
            lines.push(format!(
                "assertion: what {} asserts {} does not hold",
                machine.show_thread(*thread),
                tell_place(machine, *thread, at),
            ));
        }
        End::Broken { thread, at, claim } => {
            let why = match machine.holds(*claim) {
                Err(fault) => format!("cannot be computed ({})", machine.tell_fault(fault)),
                Ok(_) => "does not hold".to_owned(),
            };
            lines.push(format!(
                "invariant: {:?} {why} after the step of {} {}",
                machine.program().claim(*claim).text,
                machine.show_thread(*thread),
                tell_place(machine, *thread, *at),
            ));
        }
        End::OutOfSteps => {
            lines.push(format!(
                "INCOMPLETE: stopped after {} steps; a loop never ends, or --max-steps N must be more",
                outcome.steps
            ));
            lines.extend(tell_threads(machine));
        }
    }
    lines
}

/// The stack that an instruction failed on, and what it takes from it if that was too much.
fn tell_stack(machine: &Machine, thread: ThreadId, failure: &Failure) -> String {
    let it = machine.thread(thread);
    let stack = it.stack();
    let instruction = machine.program().code(it.code()).instructions.get(failure.at as usize);
    let takes = match (failure.fault, instruction) {
        (Fault::Underflow { .. }, Some(instruction)) if instruction.takes() > 0 => {
            let row = instruction.row();
            let takes = row.takes[..instruction.takes()].join(", ");
            format!("; {} takes ({takes}) from it", row.name)
        }
        _ => String::new(),
    };
    if stack.is_empty() {
        return takes;
    }
    format!("{takes}; its stack was {}", machine.show_all(stack.iter().copied()))
}

/// What each thread that is not over is at.
fn tell_threads(machine: &Machine) -> Vec<String> {
    /// More than a person reads.
    const MOST: usize = 50;
    let alive =
        machine.state().thread_ids().filter(|thread| !machine.thread(*thread).status().is_over());
    let mut lines: Vec<String> = alive
        .map(|thread| {
            let it = machine.thread(thread);
            match it.status() {
                Status::Waiting(wait) => format!("  {}", tell_wait(machine, thread, wait)),
                status => format!(
                    "  {} is {} {}",
                    machine.show_thread(thread),
                    status.word(),
                    tell_place(machine, thread, it.at())
                ),
            }
        })
        .collect();
    if lines.len() > MOST {
        let more = lines.len() - MOST;
        lines.truncate(MOST);
        lines.push(format!("  and {more} more"));
    }
    lines
}

/// Warnings that change no status: threads that nobody joined, locks that the dead still hold.
pub(super) fn warnings(machine: &Machine, outcome: &Outcome) -> Vec<String> {
    let mut warnings = Vec::new();
    let state = machine.state();
    let entries = machine.program().entries().len();
    let unjoined: Vec<String> = state
        .thread_ids()
        .skip(entries)
        .filter(|thread| {
            let it = machine.thread(*thread);
            !it.is_joined() && !it.is_daemon()
        })
        .map(|thread| machine.show_thread(thread).into_owned())
        .collect();
    if outcome.end == End::Finished && !unjoined.is_empty() {
        let (names, more) = unjoined.split_at(unjoined.len().min(5));
        let more =
            if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
        warnings.push(format!("warning: nobody joined {}{more}", names.join(", ")));
    }
    for (index, lock) in state.locks().iter().enumerate() {
        if let Some(owner) = lock.owner
            && machine.thread(owner).status().is_over()
        {
            warnings.push(format!(
                "warning: {} {} and still holds {}",
                machine.show_thread(owner),
                match machine.thread(owner).status() {
                    Status::Killed => "was killed",
                    _ => "ended",
                },
                machine.identify(Kind::Lock, index as u32),
            ));
        }
    }
    warnings
}
