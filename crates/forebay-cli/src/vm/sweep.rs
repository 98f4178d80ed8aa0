//! `forebay vm sweep`: a program with parameters, checked over a grid of their values.

use std::fmt::Write as _;
use std::process::ExitCode;
use std::sync::Arc;

use toyvm::check::{Deaths, Plan, check};

use super::UNCHECKED;
use super::check::{SearchArgs, Watch, in_words};
use super::file::FileArgs;
use super::message::{self, say};

/// Check a program under every schedule, for every combination of its parameters
///
/// ```text
/// forebay vm sweep buffer.toy P=1..4 C=1..4 B=1,2,8
/// ```
///
/// Parameters are constants of the program: names that the file sets to an integer, or `const` in Weir.
/// Each combination is a line of the table: PROVED, or FAILED and what is wrong, or INCOMPLETE. The exit
/// status is 0 if all are proved, 1 if one failed, 3 if one is incomplete; 2 for wrong usage.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    #[command(flatten)]
    file: FileArgs,
    /// Values of a constant: P=1..4, P=1,2,8 or P=3
    #[arg(required = true, value_name = "NAME=VALUES", value_parser = parameter)]
    parameters: Vec<Parameter>,
    #[command(flatten)]
    search: SearchArgs,
    /// Go on after a race, and look for what else is wrong
    #[arg(long)]
    allow_races: bool,
    /// Write what came of each as JSON on standard output, a line for each
    #[arg(long)]
    json: bool,
}

/// A constant, and what it is set to.
#[derive(Debug, Clone)]
struct Parameter {
    name: String,
    values: Vec<i64>,
}

/// More values than anybody waits for.
const MOST_VALUES: i64 = 10_000;

fn parameter(text: &str) -> Result<Parameter, String> {
    let wanted = "write it as P=1..4, P=1,2,8 or P=3";
    let (name, values) = text.split_once('=').ok_or(wanted)?;
    let mut all = Vec::new();
    for part in values.split(',') {
        let number = |text: &str| text.trim().parse::<i64>().map_err(|_| wanted.to_owned());
        match part.split_once("..") {
            None => all.push(number(part)?),
            Some((first, last)) => {
                let (first, last) = (number(first)?, number(last.trim_start_matches('='))?);
                if last < first {
                    return Err(format!("{first}..{last} has no values; the lesser comes first"));
                }
                if last.saturating_sub(first) >= MOST_VALUES {
                    return Err(format!("{first}..{last} are more than {MOST_VALUES} values"));
                }
                all.extend(first..=last);
            }
        }
    }
    Ok(Parameter { name: name.to_owned(), values: all })
}

/// One line of the table.
struct Row<'a> {
    constants: &'a [(String, i64)],
    verdict: String,
    states: u64,
    seconds: f64,
    deaths: Deaths<'a>,
}

pub(crate) fn run(args: &Args) -> ExitCode {
    let names: Vec<&str> = args.parameters.iter().map(|it| it.name.as_str()).collect();
    let is_repeated = |(at, name): &(usize, &&str)| names[..*at].contains(name);
    if let Some((_, name)) = names.iter().enumerate().find(is_repeated) {
        say(format_args!(
            "forebay vm sweep: {name} is given twice; write its values as {name}=1,2,8"
        ));
        return ExitCode::from(UNCHECKED);
    }
    let watch = Watch::new(&args.search);
    let mut status = 0;
    for constants in grid(&args.parameters) {
        let mut file = args.file.clone();
        file.notation.constants.extend(constants.iter().cloned());
        let program = match file.load() {
            Ok(loaded) => Arc::new(loaded.program),
            Err(unreadable) => {
                unreadable.tell();
                return ExitCode::from(UNCHECKED);
            }
        };
        if !args.search.fit_or_tell("sweep", &program) {
            return ExitCode::from(UNCHECKED);
        }
        let plan = Plan { allow_races: args.allow_races, ..watch.plan(&args.search) };
        let report = check(&program, &plan);
        let (verdict, its) = in_words(&report, args.allow_races);
        status = worse(status, its);
        let row = Row {
            constants: &constants,
            verdict,
            states: report.states,
            seconds: report.elapsed.as_secs_f64(),
            deaths: plan.deaths,
        };
        watch.pause();
        if let Err(status) = message::write(if args.json { json(&row) } else { tell(args, &row) }) {
            return status;
        }
        if watch.is_interrupted() {
            break;
        }
    }
    watch.finish();
    ExitCode::from(status)
}

/// All combinations, the last parameter varying fastest.
fn grid(parameters: &[Parameter]) -> Vec<Vec<(String, i64)>> {
    let mut all = vec![Vec::new()];
    for Parameter { name, values } in parameters {
        let with = |before: &Vec<(String, i64)>| {
            let one = |value: &i64| {
                let mut constants = before.clone();
                constants.push((name.clone(), *value));
                constants
            };
            values.iter().map(one).collect::<Vec<_>>()
        };
        all = all.iter().flat_map(with).collect();
    }
    all
}

/// Failed before incomplete before proved.
fn worse(a: u8, b: u8) -> u8 {
    match (a, b) {
        (1, _) | (_, 1) => 1,
        (3, _) | (_, 3) => 3,
        _ => 0,
    }
}

fn tell(args: &Args, row: &Row<'_>) -> String {
    let mut line = String::new();
    for ((name, value), parameter) in row.constants.iter().zip(&args.parameters) {
        let widest = parameter.values.iter().map(|value| value.to_string().len()).max();
        let width = name.len() + 1 + widest.unwrap_or(1);
        let _ = write!(line, "{:<width$}  ", format!("{name}={value}"));
    }
    let (states, seconds) = (indicatif::HumanCount(row.states), row.seconds);
    format!("{line}{:<18} {states:>12} states {seconds:>8.2} s", row.verdict)
}

fn json(row: &Row<'_>) -> String {
    let constants: serde_json::Map<String, serde_json::Value> =
        row.constants.iter().map(|(name, value)| (name.clone(), (*value).into())).collect();
    serde_json::json!({
        "constants": constants,
        "verdict": row.verdict,
        "states": row.states,
        "seconds": row.seconds,
        "kill": row.deaths.most,
        "kill_of": row.deaths.of,
    })
    .to_string()
}
