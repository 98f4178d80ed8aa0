//! What a play is, in words: the same on the screen and in plain text.

use toyvm::deadlock::tell_awaited;
use toyvm::machine::{Choice, Machine, Status, ThreadId};
use toyvm::run::End;

pub(super) use super::super::message::clean;
use super::play::Play;

/// A thread's name.
pub(super) fn name(machine: &Machine, thread: ThreadId) -> String {
    clean(&machine.show_thread(thread))
}

/// What a thread is at, in one word.
pub(super) fn state(machine: &Machine, thread: ThreadId) -> &'static str {
    let enabled = machine.state().ready().contains(thread);
    match machine.thread(thread).status() {
        Status::Runnable => "ready",
        Status::Waiting(_) if enabled => "may go",
        Status::Waiting(_) => "waits",
        Status::Sleeping { .. } => "sleeps",
        Status::Ended => "ended",
        Status::Failed(_) => "failed",
        Status::Killed => "killed",
    }
}

/// Why a thread is not simply ready: `for lock fork 1, which Kant holds`.
pub(super) fn reason(machine: &Machine, thread: ThreadId) -> Option<String> {
    let text = match machine.thread(thread).status() {
        Status::Runnable | Status::Ended | Status::Killed => return None,
        Status::Waiting(_) if machine.state().ready().contains(thread) => {
            "what it waits for can be had".to_owned()
        }
        Status::Waiting(wait) => {
            let limit = wait.until.map(|(when, _)| format!(", until {} at most", time(when)));
            format!("for {}{}", tell_awaited(machine, thread, wait), limit.unwrap_or_default())
        }
        Status::Sleeping { until, .. } => format!("until {}", time(until.0)),
        Status::Failed(failure) => machine.tell_fault(failure.fault),
    };
    Some(clean(&text))
}

/// Why somebody cannot be stepped, in a sentence.
pub(super) fn cannot_step(machine: &Machine, thread: ThreadId) -> String {
    let name = name(machine, thread);
    let why = reason(machine, thread).unwrap_or_default();
    match machine.thread(thread).status() {
        Status::Ended => format!("{name} has ended"),
        Status::Failed(_) => format!("{name} has failed: {why}"),
        Status::Killed => format!("{name} was killed"),
        Status::Sleeping { .. } => {
            format!("{name} sleeps {why}: others have to step until then, or nobody can")
        }
        Status::Waiting(_) | Status::Runnable => format!("{name} cannot step: it waits {why}"),
    }
}

/// How a run ended, in two words or so.
pub(super) fn ending(end: &End) -> &'static str {
    match end {
        End::Finished => "finished",
        End::Deadlock => "deadlock",
        End::Asserted { .. } => "assertion broken",
        End::Broken { .. } => "invariant broken",
        End::OutOfSteps => "out of steps",
    }
}

pub(super) fn run_is_over(end: &End) -> String {
    format!("the run is over: {}", ending(end))
}

/// A point in virtual time.
pub(super) fn time(microseconds: u64) -> String {
    format!("{}.{:03} ms", microseconds / 1_000, microseconds % 1_000)
}

/// `3 steps`.
pub(super) fn steps(count: usize) -> String {
    if count == 1 { "1 step".to_owned() } else { format!("{count} steps") }
}

/// What is asked when a number is to be chosen.
pub(super) fn question(machine: &Machine, thread: ThreadId, asked: (Choice, u64)) -> String {
    let name = name(machine, thread);
    let (choice, below) = asked;
    let most = below - 1;
    match choice {
        Choice::Schedule => format!("{name} chooses: 0 to {most}"),
        Choice::Chance => format!("{name} draws at random: 0 to {most}"),
        Choice::Waiter => format!("{name} wakes one of those in line: 0 to {most}"),
    }
}

/// What the last step did; where one is if there was none.
pub(super) fn last_step(play: &Play) -> String {
    let machine = play.machine();
    let mut told: Vec<String> = Vec::new();
    for row in play.lanes().rows().rev() {
        told.push(match row.step {
            Some(_) => row.tell(machine),
            None => format!("then time passes: {}", row.tell(machine)),
        });
        if row.step.is_some() {
            break;
        }
    }
    if play.at() == 0 {
        return "the beginning".to_owned();
    }
    told.reverse();
    clean(&told.join("; "))
}

/// That a part of the play is no more.
pub(super) fn dropped(count: usize) -> Option<String> {
    (count > 0).then(|| {
        let were = if count == 1 { "was" } else { "were" };
        format!("a new branch: {} played before {were} dropped", steps(count))
    })
}

/// Where one stands: `step 12 of 57 · 0.012 ms · next by round-robin: Kant`.
pub(super) fn place(play: &Play) -> String {
    let machine = play.machine();
    let of = if play.len() > play.at() { format!(" of {}", play.len()) } else { String::new() };
    let next = match (play.end(), play.upcoming(), play.advice()) {
        (Some(end), _, _) => format!("over: {}", ending(end)),
        (None, Some(thread), _) => format!("played next: {}", name(machine, thread)),
        (None, None, Some(thread)) => {
            format!("{} would step {}", play.opening().policy, name(machine, thread))
        }
        (None, None, None) => String::new(),
    };
    let round = round(play).map(|round| format!(" · {round}")).unwrap_or_default();
    format!("step {}{of} · {} · {next}{round}", play.at(), time(machine.state().clock()))
}

/// Where one stands in what can be gone through for ever.
fn round(play: &Play) -> Option<String> {
    let from = play.repeats_from()?;
    Some(match play.at() {
        at if at < from => format!("goes round for ever after step {from}"),
        at if at == from => "here it begins to go round, for ever".to_owned(),
        at if at < play.len() => format!("on a round that began after step {from}"),
        _ => format!("once round: and so on, for ever, as after step {from}"),
    })
}
