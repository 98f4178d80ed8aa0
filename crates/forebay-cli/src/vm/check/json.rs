//! What came of a search, as JSON.

use serde::Serialize;
use toyvm::check::Stopped;
use toyvm::machine::Service;

use super::Checked;
use super::shorten::Least;

#[derive(Serialize)]
struct Told<'a> {
    /// `PROVED`, `FAILED` or `INCOMPLETE`.
    verdict: &'static str,
    /// What is wrong, in a word: `DEADLOCK`.
    kind: Option<String>,
    lost_wakeup: bool,
    /// What is wrong, in lines.
    text: &'a [String],
    way: Option<WayTold>,
    /// Races that were allowed.
    races: Vec<&'a [String]>,
    /// Why the search ended before its end.
    stopped: Option<&'static str>,
    grows: Vec<Growth<'a>>,
    service: &'static str,
    /// So many threads may be killed, at most.
    kill: u32,
    /// Only these, if any are named.
    kill_of: &'a [String],
    states: u64,
    transitions: u64,
    bytes: usize,
    seconds: f64,
    /// Whether everyone gets on, if that was asked, and what it took.
    liveness: Option<Liveness>,
    /// Instructions that no schedule executes; only if all were looked at.
    never: Vec<Never<'a>>,
    warnings: &'a [String],
}

#[derive(Serialize)]
struct WayTold {
    steps: usize,
    switches: usize,
    /// What no other way has fewer of: `steps`, `switches`.
    least: Option<&'static str>,
    /// By instruction, the number of the thread, and what is chosen.
    schedule: Vec<(u32, Option<u64>)>,
    /// Which of these are no instructions, but the thread is killed there; from 0.
    deaths: Vec<usize>,
    /// After so many, the others are gone through for ever.
    repeats_from: Option<usize>,
}

#[derive(Serialize)]
struct Liveness {
    fairness: String,
    /// None if something was wrong before.
    states: Option<u64>,
    transitions: Option<u64>,
    bytes: Option<usize>,
    seconds: Option<f64>,
}

#[derive(Serialize)]
struct Growth<'a> {
    what: &'a str,
    values: &'a [i64],
}

#[derive(Serialize)]
struct Never<'a> {
    list: &'a str,
    pc: u32,
    line: Option<u32>,
    instruction: String,
}

pub(super) fn tell(checked: &Checked<'_>) -> String {
    let Checked { program, report, .. } = checked;
    let worst = checked.worst.as_ref().map(|(way, _)| way);
    let never = match checked.status() {
        0 => report.never.as_slice(),
        _ => &[],
    };
    let told = Told {
        verdict: ["PROVED", "FAILED", "", "INCOMPLETE"][usize::from(checked.status())],
        kind: worst.map(|way| way.failure.finding.verdict().to_string()),
        lost_wakeup: worst.is_some_and(|way| way.is_lost_wakeup),
        text: worst.map_or(&[], |way| &way.told),
        way: checked.worst.as_ref().map(|(way, least)| WayTold {
            steps: way.failure.steps,
            switches: way.failure.switches,
            least: match least {
                Least::Steps => Some("steps"),
                Least::Switches => Some("switches"),
                Least::Unknown => None,
            },
            schedule: way.failure.schedule.iter().map(|it| (it.thread, it.chosen)).collect(),
            deaths: way.failure.deaths().collect(),
            repeats_from: way.failure.repeats_from,
        }),
        races: checked.races.iter().map(|way| way.told.as_slice()).collect(),
        stopped: report.stopped.map(|stopped| match stopped {
            Stopped::Cancelled => "interrupted",
            Stopped::Timeout => "timeout",
            Stopped::Memory => "memory",
            Stopped::States => "states",
            Stopped::Switches => "switches",
            Stopped::ManyThreads => "threads",
            Stopped::Endless { .. } => "endless",
        }),
        grows: report
            .growths
            .iter()
            .map(|growth| Growth { what: &growth.what, values: &growth.values })
            .collect(),
        service: match checked.plan.service {
            Service::InOrder => "in order",
            Service::Weak => "weak",
        },
        kill: checked.plan.deaths.most,
        kill_of: checked.plan.deaths.of,
        states: report.states,
        transitions: report.transitions,
        bytes: report.bytes,
        seconds: report.elapsed.as_secs_f64(),
        liveness: checked.plan.liveness.map(|fairness| Liveness {
            fairness: fairness.to_string(),
            states: report.rounds.map(|it| it.states),
            transitions: report.rounds.map(|it| it.transitions),
            bytes: report.rounds.map(|it| it.bytes),
            seconds: report.rounds.map(|it| it.elapsed.as_secs_f64()),
        }),
        never: never
            .iter()
            .map(|(code, pc)| Never {
                list: &program.code(*code).name,
                pc: *pc,
                line: program.line_of(*code, *pc),
                instruction: program.code(*code).instructions[*pc as usize].show(program, *code),
            })
            .collect(),
        warnings: &checked.warnings,
    };
    serde_json::to_string(&told).expect("it is plain data") + "\n"
}
