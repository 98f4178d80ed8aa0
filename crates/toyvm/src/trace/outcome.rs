//! The last line of a trace: what came of the run; and what a picture says of it.

use super::Recording;
use super::json::Json;
use crate::deadlock;
use crate::machine::Machine;
use crate::run::{End, Outcome};

/// How a run ended, in a word or two.
pub(super) fn word(end: &End) -> &'static str {
    match end {
        End::Finished => "finished",
        End::Deadlock => "deadlock",
        End::Asserted { .. } => "assertion",
        End::Broken { .. } => "invariant",
        End::OutOfSteps => "out of steps",
    }
}

/// The exit status of a run for which there were no steps left.
const OUT_OF_STEPS: u8 = 3;

/// The same of a recording, which may stop before its run does: at what is wrong, or as soon as it goes round.
pub(super) fn ending(recording: &Recording, end: &End) -> &'static str {
    match end {
        End::OutOfSteps if recording.repeats_from().is_some() => "round and round",
        End::OutOfSteps if recording.status() != Some(OUT_OF_STEPS) => "the recording stops",
        end => word(end),
    }
}

/// Before the first of the steps that can be gone through again and again.
pub(super) const ROUND: &str = "from here on, round and round";

/// After the last of them.
pub(super) fn again(repeats_from: u64) -> String {
    format!("and so on, for ever: again from step {}", repeats_from + 1)
}

pub(super) fn write(json: &mut Json, machine: &Machine, outcome: &Outcome, status: u8) {
    json.raw("{\"end\":\"").raw(word(&outcome.end)).raw("\"");
    match outcome.end {
        End::Asserted { thread } => {
            json.raw(",\"thread\":").number(thread.0);
        }
        End::Broken { thread, at, claim } => {
            json.raw(",\"thread\":").number(thread.0).raw(",\"pc\":").number(at);
            json.raw(",\"claim\":").string(&machine.program().claim(claim).text);
        }
        End::Deadlock => {
            json.raw(",\"waits\":").list(deadlock::waiting(machine), |json, (thread, wait)| {
                json.string(&deadlock::tell_wait(machine, thread, wait));
            });
        }
        End::Finished | End::OutOfSteps => {}
    }
    json.raw(",\"steps\":").number(outcome.steps);
    json.raw(",\"t\":").number(machine.state().clock());
    json.raw(",\"failed\":").list(&outcome.failed, |json, thread| {
        json.number(thread.0);
    });
    json.raw(",\"status\":").number(status).raw("}");
}
