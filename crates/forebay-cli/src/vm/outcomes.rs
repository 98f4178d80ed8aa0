//! `forebay vm outcomes`: all that a program can print.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use indicatif::HumanCount;
use serde::Serialize;
use toyvm::check::{Fairness, Outcome, Outcomes, Plan, goes_on, outcomes};
use toyvm::trace::lanes;
use toyvm::verdict::Verdict;

use super::check::{SearchArgs, Watch, Way, tell_deaths};
use super::file::FileArgs;
use super::message::{self, clean, say};
use super::{UNCHECKED, USAGE, recording, show};

/// Tell all that a program can print, and how it can end
///
/// Every schedule is looked at, each up to its end, or to the first thing that is wrong in it: an error, an
/// assertion. Each outcome is told once, with what was printed on the way to it; --show draws a way to one of
/// them. The exit status is 0, or 3 if not all could be looked at; 2 for wrong usage
/// and for a file that is no program.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    #[command(flatten)]
    file: FileArgs,
    #[command(flatten)]
    search: SearchArgs,
    /// Tell outcomes apart by what is left in globals, counters and semaphores, too
    #[arg(long)]
    values: bool,
    /// Draw the way to this outcome
    #[arg(long, value_name = "NUMBER")]
    show: Option<usize>,
    /// Write the way to the outcome that is shown, or to the first, into a file, for `vm step`
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
    /// Write all of it as JSON on standard output
    #[arg(long)]
    json: bool,
}

/// How long the shortest ways are looked for before any will do.
const SHORTEST: Duration = Duration::from_secs(10);

/// How long it is looked at least whether all schedules have an end; or else, as long as for what they come to.
const MOMENT: Duration = Duration::from_secs(1);

pub(crate) fn run(args: &Args) -> ExitCode {
    let Some(program) = args.file.load_or_tell() else { return ExitCode::from(UNCHECKED) };
    let may_write = |path: &PathBuf| recording::may_be_written_or_tell("outcomes", path);
    if !args.trace.as_ref().is_none_or(may_write) || !args.search.fit_or_tell("outcomes", &program)
    {
        return ExitCode::from(UNCHECKED);
    }
    let watch = Watch::new(&args.search);
    let plan = watch.plan(&args.search);
    // At every order of steps, so that ways are shortest; if that takes too long, at one of those that commute.
    let timeout = Some(plan.timeout.map_or(SHORTEST, |timeout| timeout.min(SHORTEST)));
    let mut found = outcomes(&program, &Plan { reduce: false, timeout, ..plan }, args.values);
    let left = plan.timeout.map(|timeout| timeout.saturating_sub(found.elapsed));
    if found.stopped.is_some() && !watch.is_interrupted() && left != Some(Duration::ZERO) {
        found = outcomes(&program, &Plan { timeout: left, ..plan }, args.values);
    }
    let left = plan.timeout.map_or(SHORTEST, |timeout| timeout.saturating_sub(found.elapsed));
    let look = Plan { timeout: Some(left.min(found.elapsed.max(MOMENT))), ..plan };
    let goes_on = match found.stopped {
        None => goes_on(&program, &look, Fairness::Weak).ok(),
        Some(_) => None,
    };
    watch.finish();
    let shown = args.show.unwrap_or(1);
    if shown == 0 || (args.show.is_some() && shown > found.all.len()) {
        let count = found.all.len();
        say(format_args!(
            "forebay vm outcomes: --show {shown}: they are numbered from 1 to {count}"
        ));
        return ExitCode::from(UNCHECKED);
    }
    let status = if found.stopped.is_some() { 3 } else { 0 };
    let mut told = if args.json { json(&found, goes_on) } else { tell(&found, goes_on, &plan) };
    if let Some(outcome) = found.all.get(shown - 1)
        && (args.show.is_some() || args.trace.is_some())
    {
        let way = outcome.way.clone();
        let way = match Way::along(&program, plan.service, &args.file.selection(), way) {
            Ok(way) => way,
            Err(complaint) => {
                say(format_args!(
                    "forebay vm outcomes: what was found does not happen ({complaint})"
                ));
                return ExitCode::from(USAGE);
            }
        };
        if let Some(path) = &args.trace
            && let Err(error) = File::create(path).and_then(|mut file| file.write_all(&way.trace))
        {
            say(format_args!("forebay vm outcomes: cannot write {}: {error}", path.display()));
            return ExitCode::from(USAGE);
        }
        if args.show.is_some() && !args.json {
            let style = lanes::Style { end: false, ..show::style() };
            match lanes::export(&way.recording(), style, Vec::new()) {
                Ok(drawn) => {
                    let _ = write!(told, "\n{}", String::from_utf8_lossy(&drawn));
                }
                Err(error) => say(format_args!("forebay vm outcomes: {error}")),
            }
        }
    }
    message::written(std::io::stdout().write_all(told.as_bytes()))
        .err()
        .unwrap_or(ExitCode::from(status))
}

fn tell(found: &Outcomes, goes_on: Option<bool>, plan: &Plan<'_>) -> String {
    let count = found.all.len();
    let s = if count == 1 { "" } else { "s" };
    let mut text = match found.stopped {
        None => format!("{count} outcome{s} under all schedules"),
        Some(_) => format!("INCOMPLETE: {count} outcome{s} so far, and there may be more"),
    };
    let states = HumanCount(found.states);
    let deaths = tell_deaths(plan.deaths);
    let _ = writeln!(text, "{deaths}; {states} states, {:.2} s", found.elapsed.as_secs_f64());
    for (at, outcome) in found.all.iter().enumerate() {
        let steps = outcome.way.steps;
        let s = if steps == 1 { "" } else { "s" };
        let way = if found.are_shortest { "after" } else { "after, say," };
        let died = match outcome.way.schedule.iter().filter(|it| it.dies).count() {
            0 => String::new(),
            1 => ", one of them a death".to_owned(),
            deaths => format!(", {deaths} of them deaths"),
        };
        let _ = writeln!(text, "\n{}. {} {way} {steps} step{s}{died}", at + 1, ending(outcome));
        for line in outcome.lines.iter().chain(&outcome.values) {
            let _ = writeln!(text, "   {}", clean(line));
        }
        if outcome.lines.is_empty() && matches!(outcome.verdict, Verdict::Fine | Verdict::Deadlock)
        {
            text.push_str("   (nothing is printed)\n");
        }
    }
    match goes_on {
        Some(true) => text.push_str(
            "\nand some schedules have no end, though all threads step that can: `forebay vm check --liveness` \
             tells\n  whether somebody should come to one\n",
        ),
        None if found.stopped.is_none() => {
            text.push_str("\nwhether every schedule has an end was not looked at: that takes too long\n");
        }
        _ => {}
    }
    text
}

fn ending(outcome: &Outcome) -> String {
    match outcome.verdict {
        Verdict::Fine => "finished".to_owned(),
        wrong => wrong.to_string(),
    }
}

#[derive(Serialize)]
struct Told<'a> {
    complete: bool,
    /// Whether some schedule has no end, though all threads step that can; null if that is not known.
    goes_on: Option<bool>,
    states: u64,
    seconds: f64,
    outcomes: Vec<One<'a>>,
}

#[derive(Serialize)]
struct One<'a> {
    /// `finished`, or what is wrong, in a word.
    end: String,
    lines: &'a [String],
    values: &'a [String],
    steps: usize,
    /// By instruction, the number of the thread, and what is chosen.
    schedule: Vec<(u32, Option<u64>)>,
    /// Which of these are no instructions, but the thread is killed there; from 0.
    deaths: Vec<usize>,
}

fn json(found: &Outcomes, goes_on: Option<bool>) -> String {
    let outcomes = found.all.iter().map(|outcome| One {
        end: ending(outcome),
        lines: &outcome.lines,
        values: &outcome.values,
        steps: outcome.way.steps,
        schedule: outcome.way.schedule.iter().map(|it| (it.thread, it.chosen)).collect(),
        deaths: outcome.way.deaths().collect(),
    });
    let told = Told {
        complete: found.stopped.is_none(),
        goes_on,
        states: found.states,
        seconds: found.elapsed.as_secs_f64(),
        outcomes: outcomes.collect(),
    };
    serde_json::to_string(&told).expect("it is plain data") + "\n"
}
