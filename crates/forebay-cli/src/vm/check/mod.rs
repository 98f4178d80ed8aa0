//! `forebay vm check`: every schedule of a program.

mod json;
mod limits;
mod liveness;
mod shorten;
mod warnings;
mod way;
mod wording;

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use toyvm::Program;
use toyvm::check::{Failure, Finding, Graph, Order, Plan, Report, check, graph};

use self::shorten::Least;
use super::file::FileArgs;
use super::message::{self, say};
use super::{UNCHECKED, USAGE, recording};
use crate::run::args::values::duration;

pub(super) use limits::{SearchArgs, Watch, death_flags};
pub(super) use liveness::LivenessArgs;
pub(super) use shorten::shorten;
pub(super) use way::Way;
pub(super) use wording::tell_deaths;

/// Check a program under every schedule
///
/// The first line of standard output begins with PROVED, or with FAILED and what is wrong, or with
/// INCOMPLETE if not all could be looked at. The exit status is 0, 1 or 3; 2 for wrong usage and for a
/// file that is no program.
///
/// All schedules are looked at, and all numbers that could be chosen; a sleep may take any time, and who
/// waits so long at most may give up at any moment. Memory is sequentially consistent. What is printed is
/// not looked at: `forebay vm outcomes` does.
///
/// A step, where steps are counted, is one instruction that others may notice, and what its thread does after
/// it that nobody notices.
///
/// With --liveness, a program that is safe is looked at once more: whether it may go round for ever while some
/// thread, which is no daemon, waits or does not come to its end, though all step that may expect to. A thread that
/// joins others is not looked at itself, nor is one whose list has no end. What is chosen may be chosen for ever.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    #[command(flatten)]
    file: FileArgs,
    #[command(flatten)]
    search: SearchArgs,
    #[command(flatten)]
    liveness: LivenessArgs,
    /// Go on after a race, and look for what else is wrong
    #[arg(long)]
    allow_races: bool,
    /// Look no further than so many context switches from the beginning
    #[arg(long, value_name = "K", conflicts_with = "liveness")]
    bound_switches: Option<u64>,
    /// Show the way to what is wrong that has the fewest context switches, not the fewest steps
    #[arg(long)]
    fewest_switches: bool,
    /// Look so long for the shortest way to what is wrong; 0 shows the first that was found
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = shortening)]
    shorten: Duration,
    /// Write the way to what is wrong into a file, for `vm step` and `vm show`
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
    /// Draw all states of a small program, and a shortest way to what is wrong, for Graphviz
    #[arg(long, value_name = "FILE.dot")]
    graph: Option<PathBuf>,
    /// Write what came of it as JSON on standard output
    #[arg(long)]
    json: bool,
}

/// More states than this make no picture.
const MOST_DRAWN: usize = 2_000;

fn shortening(text: &str) -> Result<Duration, String> {
    if text == "0" { Ok(Duration::ZERO) } else { duration(text) }
}

/// What came of it all.
struct Checked<'a> {
    program: &'a Arc<Program>,
    plan: &'a Plan<'a>,
    report: Report,
    /// What ended the search, and how to get there.
    worst: Option<(Way, Least)>,
    /// Races that were allowed.
    races: Vec<Way>,
    warnings: Vec<String>,
}

impl Checked<'_> {
    fn status(&self) -> u8 {
        match (&self.worst, self.report.stopped) {
            (Some(_), _) => 1,
            (None, Some(_)) => 3,
            (None, None) => 0,
        }
    }
}

/// Whether it is a race, and races are allowed.
fn is_allowed(failure: &Failure, allow_races: bool) -> bool {
    allow_races && matches!(failure.finding, Finding::Race { .. })
}

/// What came of a search, in a word or two, and the status that says so.
pub(super) fn in_words(report: &Report, allow_races: bool) -> (String, u8) {
    match report.failures.iter().find(|failure| !is_allowed(failure, allow_races)) {
        Some(failure) => (format!("FAILED {}", failure.finding.verdict()), 1),
        None if report.stopped.is_some() => ("INCOMPLETE".to_owned(), 3),
        None => ("PROVED".to_owned(), 0),
    }
}

pub(crate) fn run(args: &Args) -> ExitCode {
    let Some(program) = args.file.load_or_tell() else { return ExitCode::from(UNCHECKED) };
    let may_write = |path: &PathBuf| recording::may_be_written_or_tell("check", path);
    if !args.trace.as_ref().is_none_or(may_write) || !args.search.fit_or_tell("check", &program) {
        return ExitCode::from(UNCHECKED);
    }
    let watch = Watch::new(&args.search);
    let plan = Plan {
        allow_races: args.allow_races,
        order: if args.bound_switches.is_some() { Order::Switches } else { Order::Depth },
        max_switches: args.bound_switches,
        liveness: args.liveness.fairness(),
        ..watch.plan(&args.search)
    };
    let result = match look(args, &program, &plan) {
        Ok(result) => result,
        Err(complaint) => {
            watch.finish();
            say(format_args!(
                "forebay vm check: what was found does not happen when it is tried ({complaint}); \
                 this is a mistake in forebay, please report it with the program"
            ));
            return ExitCode::from(USAGE);
        }
    };
    watch.finish();
    if let (Some(path), Some((way, _))) = (&args.trace, &result.worst)
        && let Err(error) = write(path, way)
    {
        say(format_args!("forebay vm check: cannot write {}: {error}", path.display()));
        return ExitCode::from(USAGE);
    }
    let told = if args.json { json::tell(&result) } else { wording::tell(args, &result) };
    if let Err(status) = message::written(io::stdout().write_all(told.as_bytes())) {
        return status;
    }
    if let Some(path) = &args.graph
        && let Err(complaint) = draw(path, &program, &plan)
    {
        say(format_args!("forebay vm check: {complaint}"));
        return ExitCode::from(UNCHECKED);
    }
    ExitCode::from(result.status())
}

/// Searches, and goes along all ways that were found.
fn look<'a>(
    args: &Args,
    program: &'a Arc<Program>,
    plan: &'a Plan<'a>,
) -> Result<Checked<'a>, String> {
    let mut report = check(program, plan);
    let selection = args.file.selection();
    let along = |failure| Way::along(program, plan.service, &selection, failure);
    let mut found = std::mem::take(&mut report.failures).into_iter().peekable();
    let worst = match found.next_if(|failure| !is_allowed(failure, plan.allow_races)) {
        None => None,
        Some(failure) if args.shorten.is_zero() => Some((along(failure)?, Least::Unknown)),
        // The way to where it goes round has the fewest steps, the way round may have more.
        Some(failure) if failure.repeats_from.is_some() => Some((along(failure)?, Least::Unknown)),
        // They were looked at in that order.
        Some(failure) if plan.order == Order::Switches => Some((along(failure)?, Least::Switches)),
        Some(failure) => {
            let (failure, least) =
                shorten(program, plan, args.fewest_switches, args.shorten, failure);
            Some((along(failure)?, least))
        }
    };
    let races = found.map(along).collect::<Result<Vec<_>, _>>()?;
    let warnings = warnings::seen(program, plan.service);
    Ok(Checked { program, plan, report, worst, races, warnings })
}

/// Draws all states, in every order of steps; one order is not all of the picture.
fn draw(path: &Path, program: &Arc<Program>, plan: &Plan<'_>) -> Result<(), String> {
    let shown = path.display();
    let is_other = |text: &str| !text.is_empty() && !text.starts_with(Graph::BEGINNING);
    if std::fs::read_to_string(path).map_or(path.exists(), |text| is_other(&text)) {
        return Err(format!("{shown} is no graph of states; it is not written over"));
    }
    let Some(graph) = graph(program, plan, MOST_DRAWN) else {
        return Err(format!(
            "there are over {MOST_DRAWN} states, which make no picture; {shown} is not written"
        ));
    };
    std::fs::write(path, graph.to_string())
        .map_err(|error| format!("cannot write {shown}: {error}"))
}

fn write(path: &Path, way: &Way) -> io::Result<()> {
    File::create(path)?.write_all(&way.trace)
}
