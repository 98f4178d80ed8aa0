//! The last line of a trace: what came of the run.

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
