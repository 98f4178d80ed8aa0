//! What came of a search, for people.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use indicatif::{BinaryBytes, HumanCount};
use toyvm::check::{Deaths, Stopped};
use toyvm::machine::Service;
use toyvm::program::CodeId;
use toyvm::trace::lanes;

use super::liveness::{is_all_that_is_missing, proved};
use super::shorten::Least;
use super::way::Way;
use super::{Args, Checked};
use crate::vm::message::clean;
use crate::vm::{command, show};

/// More than a person reads.
const MOST_NEVER: usize = 20;

/// A way of more steps than this is not drawn.
const MOST_DRAWN: usize = 2_000;

pub(super) fn tell(args: &Args, checked: &Checked<'_>) -> String {
    let mut text = first_line(checked);
    text.push('\n');
    let Checked { report, .. } = checked;
    if let Some((way, least)) = &checked.worst {
        tell_way(&mut text, way, *least);
        text.push('\n');
    }
    for race in &checked.races {
        for line in &race.told {
            let _ = writeln!(text, "allowed: {}", clean(line));
        }
    }
    if let Some(stopped) = report.stopped {
        let _ = writeln!(text, "stopped: {}", tell_stopped(checked, stopped));
        if is_all_that_is_missing(report) {
            text.push_str("no state is wrong; whether every thread gets on is not known\n");
        } else if checked.worst.is_none() && stopped != Stopped::Switches {
            text.push_str("nothing is wrong as far as it was looked\n");
        }
        for growth in &report.growths {
            let values: Vec<String> = growth.values.iter().map(i64::to_string).collect();
            let _ = writeln!(text, "grows: {}: {}", clean(&growth.what), values.join(", "));
        }
    }
    if checked.status() == 0 {
        let _ = writeln!(
            text,
            "checked: deadlocks, races, assertions and invariants, errors, bounds, and loops that a \
             thread\n  goes round for ever without a look at what others may change; {}",
            proved(checked.plan.liveness, checked.program),
        );
    }
    let _ = writeln!(text, "assumed: {}", assumed(checked));
    let _ = writeln!(
        text,
        "searched: {}, {}, {:.2} s, {} of states",
        count(report.states, "state", "s"),
        count(report.transitions, "step", "s"),
        report.elapsed.as_secs_f64(),
        BinaryBytes(report.bytes as u64),
    );
    if let Some(rounds) = report.rounds {
        let _ = writeln!(
            text,
            "ways round: {}, {}, {:.2} s, {} of states and steps",
            count(rounds.states, "state", "s"),
            count(rounds.transitions, "step", "s"),
            rounds.elapsed.as_secs_f64(),
            BinaryBytes(rounds.bytes as u64),
        );
    }
    if checked.status() == 0 {
        tell_never(&mut text, checked);
    }
    for warning in &checked.warnings {
        let _ = writeln!(text, "{}", clean(warning));
    }
    if let Some((way, _)) = &checked.worst
        && !way.failure.schedule.is_empty()
    {
        let _ = writeln!(text, "step through it: {}", step(args));
    }
    text
}

/// The words that scripts look for.
fn first_line(checked: &Checked<'_>) -> String {
    match (&checked.worst, checked.report.stopped) {
        (Some((way, _)), _) => {
            let lost = if way.is_lost_wakeup { ", a lost wakeup" } else { "" };
            format!("FAILED {}{lost}", way.failure.finding.verdict())
        }
        (None, Some(_)) => "INCOMPLETE".to_owned(),
        (None, None) => "PROVED".to_owned(),
    }
}

fn tell_way(text: &mut String, way: &Way, least: Least) {
    for line in &way.told {
        let _ = writeln!(text, "{}", clean(line));
    }
    let (steps, switches) = (way.failure.steps, way.failure.switches);
    let which = match least {
        _ if way.failure.repeats_from.is_some() => "a way there, and once round",
        Least::Steps => "the shortest way there",
        Least::Switches => "the way there with the fewest context switches",
        Least::Unknown => "a way there, not surely the shortest",
    };
    let (steps, switches) = (count(steps as u64, "step", "s"), tell_switches(switches as u64));
    let _ = writeln!(text, "\n{which}: {steps}, {switches}\n");
    if way.failure.schedule.len() > MOST_DRAWN {
        let single = HumanCount(way.failure.schedule.len() as u64);
        let _ = writeln!(text, "({single} instructions are too many to draw)");
        return;
    }
    let style = lanes::Style { end: false, ..show::style() };
    let drawn = lanes::export(&way.recording(), style, Vec::new());
    match drawn {
        Ok(drawn) => text.push_str(&String::from_utf8_lossy(&drawn)),
        Err(error) => {
            let _ = writeln!(text, "({error})");
        }
    }
}

fn tell_switches(switches: u64) -> String {
    count(switches, "context switch", "es")
}

/// So many of something, of which more than one has that ending.
fn count(number: u64, what: &str, ending: &str) -> String {
    let ending = if number == 1 { "" } else { ending };
    format!("{} {what}{ending}", HumanCount(number))
}

fn tell_stopped(checked: &Checked<'_>, stopped: Stopped) -> String {
    let plan = checked.plan;
    match stopped {
        Stopped::Cancelled => "interrupted".to_owned(),
        Stopped::Timeout => {
            let limit = plan.timeout.unwrap_or_default();
            format!("{limit:?} were not enough; --timeout TIME allows more")
        }
        Stopped::Memory => {
            let limit = BinaryBytes(plan.memory.unwrap_or_default() as u64);
            format!("{limit} of states were not enough; --memory SIZE allows more")
        }
        Stopped::States => {
            let limit = HumanCount(plan.max_states.unwrap_or_default());
            format!("{limit} states were not enough; --max-states N allows more")
        }
        Stopped::Switches => {
            let limit = plan.max_switches.unwrap_or_default();
            format!("nothing is wrong up to {}; beyond, nobody looked", tell_switches(limit))
        }
        Stopped::ManyThreads => {
            "whether every thread gets on is looked at with 64 threads at most".to_owned()
        }
        Stopped::Endless { code, pc } => {
            let (list, place) = place(checked, code, pc);
            format!(
                "a thread that runs {list} goes on on its own for ever, {place}, and never comes to \
                 where it was before; what it counts has no end"
            )
        }
    }
}

/// The name of a list, and where an instruction of it stands.
fn place(checked: &Checked<'_>, code: CodeId, pc: u32) -> (String, String) {
    let program = checked.program;
    let list = program.code(code);
    let shown = list
        .instructions
        .get(pc as usize)
        .map_or_else(|| "its end".to_owned(), |instruction| instruction.show(program, code));
    let place = match program.line_of(code, pc) {
        Some(line) => format!("line {line} ({shown})"),
        None => format!("({shown})"),
    };
    (list.name.clone(), place)
}

fn assumed(checked: &Checked<'_>) -> String {
    let service = match checked.plan.service {
        Service::InOrder => "who waits longest is served first",
        Service::Weak => "anyone who waits may be served, and newcomers may overtake",
    };
    let deaths = tell_deaths(checked.plan.deaths);
    format!("memory is sequentially consistent; {service}; a sleep takes any time{deaths}")
}

/// Who may be killed; nothing if nobody may.
pub(in crate::vm) fn tell_deaths(deaths: Deaths<'_>) -> String {
    let who = match deaths.of {
        [] => "anyone but main".to_owned(),
        names => clean(&names.join(" or ")),
    };
    match deaths.most {
        0 => String::new(),
        1 => format!("; {who} may be killed at any moment, one thread at most"),
        most => format!("; {who} may be killed at any moment, {most} threads at most"),
    }
}

/// Instructions that no schedule ever executes. What a procedure does is written out wherever it is called: what is
/// executed somewhere, and elsewhere not, is only counted.
fn tell_never(text: &mut String, checked: &Checked<'_>) {
    let program = checked.program;
    let span = |(code, pc): (CodeId, u32)| {
        let span = program.code(code).spans.get(pc as usize);
        span.map(|span| (span.start, span.end))
    };
    let all = program.code_ids().flat_map(|code| {
        (0..program.code(code).instructions.len() as u32).map(move |pc| (code, pc))
    });
    let never: BTreeSet<(CodeId, u32)> = checked.report.never.iter().copied().collect();
    let executed: BTreeSet<_> = all.filter(|it| !never.contains(it)).filter_map(span).collect();
    let is_copy = |it: &(CodeId, u32)| span(*it).is_some_and(|span| executed.contains(&span));
    let (copies, never): (Vec<_>, Vec<_>) = never.into_iter().partition(is_copy);
    if !never.is_empty() {
        text.push_str("never executed, under no schedule:\n");
    }
    for (code, pc) in never.iter().take(MOST_NEVER) {
        let (list, place) = place(checked, *code, *pc);
        let _ = writeln!(text, "  {}: {}", clean(&list), clean(&place));
    }
    if never.len() > MOST_NEVER {
        let _ = writeln!(text, "  and {} more", never.len() - MOST_NEVER);
    }
    if !copies.is_empty() {
        let copies = count(copies.len() as u64, "instruction", "s");
        let _ = writeln!(text, "executed in one place and not in another: {copies}");
    }
}

/// The commands that show the way again.
fn step(args: &Args) -> String {
    if let Some(trace) = &args.trace {
        return format!("forebay vm step {}", command::file_word(trace));
    }
    let mut flags = args.search.flags();
    flags.extend(args.liveness.flags());
    flags.extend(args.allow_races.then(|| "--allow-races".to_owned()));
    flags.extend(args.fewest_switches.then(|| "--fewest-switches".to_owned()));
    flags.push("--trace way.trace; forebay vm step way.trace".to_owned());
    command::again("check", &args.file, &flags)
}
