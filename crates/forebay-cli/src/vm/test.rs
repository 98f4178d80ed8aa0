//! `forebay vm test`: whether programs do what their files say they do.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use serde::Serialize;
use toyvm::Program;
use toyvm::check::Plan;
use toyvm::exam::{Complaint, Sitting, examine, prove};
use toyvm::expectation::Expectation;
use toyvm::verdict::Verdict;

use super::check::death_flags;
use super::file::FileArgs;
use super::message::{self, say};
use super::{USAGE, command};

/// Check that programs do what their files say: `# expect: LINE`, `# verdict: WORD`
///
/// Each program is run round-robin, by priority, and with many seeds at random and with PCT, and, if that
/// is not too long, checked under every schedule. What comes of it is compared with the comments in its
/// file:
///
/// ```text
/// # expect: TEXT          a line that must be printed under every schedule
/// # expect-absent: TEXT   a line that must never be printed
/// # verdict: PROVED       or DEADLOCK, RACE, ASSERTION, INVARIANT, ERROR, OVERFLOW, SPIN, LIVENESS, INCOMPLETE
/// # states: 1234          how many states `vm check -j 1` finds
/// # liveness: weak        or strong: `vm check --liveness` has to agree, with that fairness
/// # kill: 1               all schedules are those in which up to so many threads are killed
/// # kill-of: NAME, NAME   and only these
/// ```
///
/// PROVED means that no schedule may show anything else. The exit status is 0 if all are as they say, 1 if
/// one is not, 255 for wrong usage.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Programs, and folders of programs (`*.toy`, `*.py`, `*.weir`), with the folders in them
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// Run each with so many seeds
    #[arg(long, value_name = "N", default_value_t = 100)]
    seeds: u64,
    /// Check each under every schedule, up to so many states; 0 only runs it
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    max_states: u64,
    /// Write what came of each as JSON on standard output, a line for each
    #[arg(long)]
    json: bool,
}

/// What came of one file.
#[derive(Serialize)]
struct Report {
    file: String,
    /// `passed`, `failed`, or `unchecked` if the file expects nothing.
    #[serde(rename = "result")]
    outcome: &'static str,
    expected: Option<String>,
    /// How its runs ended, and how many of them.
    runs: Vec<(String, u64)>,
    /// Every schedule was looked at.
    all_schedules: bool,
    /// It was looked at what is printed, in a sample of them.
    lines_sampled: bool,
    complaints: Vec<String>,
    /// The command that shows the first complaint.
    again: Option<String>,
}

pub(crate) fn run(args: &Args) -> ExitCode {
    let files = match gather(&args.paths) {
        Ok(files) => files,
        Err(complaint) => {
            say(format_args!("forebay vm test: {complaint}"));
            return ExitCode::from(USAGE);
        }
    };
    let (mut counts, mut sampled, mut lines_sampled) = ([0; 3], 0, false);
    for file in &files {
        let result = test(file, args);
        sampled += u64::from(result.outcome == "passed" && !result.all_schedules);
        lines_sampled |= result.lines_sampled;
        let kind =
            ["passed", "failed", "unchecked"].iter().position(|kind| *kind == result.outcome);
        counts[kind.expect("there are three")] += 1;
        let told = if args.json {
            serde_json::to_string(&result).expect("it is plain data")
        } else {
            tell(&result)
        };
        if let Err(status) = message::write(told) {
            return status;
        }
    }
    let [passed, failed, unchecked] = counts;
    if !args.json {
        let unchecked = match unchecked {
            0 => String::new(),
            n => format!(", {n} unchecked (no `# expect:` or `# verdict:` in the file)"),
        };
        let runs = toyvm::exam::runs(args.seeds);
        let proved = match sampled {
            0 if lines_sampled => {
                format!("under every schedule; what is printed, under {runs} of them")
            }
            0 => "under every schedule".to_owned(),
            n => format!("{n} by a sample of {runs} schedules, not all of them"),
        };
        let told = format!("{passed} passed, {failed} failed{unchecked}; {proved}");
        if let Err(status) = message::write(told) {
            return status;
        }
    }
    ExitCode::from(u8::from(failed > 0))
}

/// For people: a line, and what is wrong below it.
fn tell(result: &Report) -> String {
    let expected = result.expected.as_deref().unwrap_or("-");
    let mut text = format!("{:<9} {expected:<10} {}", result.outcome, result.file);
    let runs: Vec<String> =
        result.runs.iter().map(|(verdict, runs)| format!("{runs} {verdict}")).collect();
    if !runs.is_empty() {
        let _ = write!(text, "  ({})", runs.join("; "));
    }
    for complaint in &result.complaints {
        let _ = write!(text, "\n          {complaint}");
    }
    if let Some(again) = &result.again {
        let _ = write!(text, "\n          again: {again}");
    }
    text
}

fn test(file: &Path, limits: &Args) -> Report {
    let args = FileArgs::of(file);
    let mut result = Report {
        file: file.display().to_string(),
        outcome: "failed",
        expected: None,
        runs: Vec::new(),
        all_schedules: false,
        lines_sampled: false,
        complaints: Vec::new(),
        again: None,
    };
    let program = match args.load() {
        Ok(loaded) => Arc::new(loaded.program),
        Err(unreadable) => {
            result.complaints.push(unreadable.line());
            result.again = Some(command::again("lint", &args, &[]));
            return result;
        }
    };
    let expectation = match Expectation::read(program.source()) {
        Ok(expectation) => expectation,
        Err(errors) => {
            let lines = errors.iter().map(|error| error.line(program.source()));
            result.complaints.extend(lines);
            return result;
        }
    };
    result.expected = expectation.verdict.map(|verdict| verdict.to_string());
    let marks = examine(&program, &expectation, limits.seeds);
    let told =
        |(verdict, (runs, _)): (&Verdict, &(u64, Sitting))| (verdict.of_a_run().to_owned(), *runs);
    result.runs = marks.verdicts.iter().map(told).collect();
    result.outcome = match (marks.complaints.is_empty(), expectation.is_empty()) {
        (false, _) => "failed",
        (true, true) => "unchecked",
        (true, false) => "passed",
    };
    result.again = marks.complaints.iter().find_map(|complaint| again(&args, &program, complaint));
    result.complaints = marks.complaints.into_iter().map(|complaint| complaint.what).collect();
    if let Err(missing) = expectation.deaths().check(&program) {
        result.outcome = "failed";
        result.complaints.push(missing.to_string());
        return result;
    }
    let plan = Plan { max_states: Some(limits.max_states), ..Plan::default() };
    let proved = match limits.max_states {
        0 => None,
        _ => prove(&program, &expectation, &plan),
    };
    result.lines_sampled = !expectation.lines.is_empty() || !expectation.absent.is_empty();
    let asks_for_all = expectation.kill > 0 || expectation.liveness.is_some();
    let is_told = expectation.verdict.is_some_and(|verdict| verdict != Verdict::Incomplete);
    if proved.is_none() && asks_for_all && is_told {
        result.outcome = "failed";
        let complaint = "in a run nobody is killed, and none goes on for ever: only `# verdict:` under \
                         every schedule would tell, and that takes more than --max-states";
        result.complaints.push(complaint.to_owned());
    }
    if let Some(complaints) = proved {
        result.all_schedules = true;
        if !complaints.is_empty() {
            result.outcome = "failed";
            let fair = expectation.fairness().map(|fair| format!("--liveness --fair {fair}"));
            let flags = death_flags(expectation.deaths()).into_iter().chain(fair);
            let flags: Vec<String> = flags.collect();
            result.again.get_or_insert_with(|| command::again("check", &args, &flags));
        }
        result.complaints.extend(complaints);
    }
    result
}

fn again(args: &FileArgs, program: &Program, complaint: &Complaint) -> Option<String> {
    let Sitting { policy, seed } = complaint.shown_by?;
    let mut flags = command::schedule(policy, seed, program.wishes());
    flags.push("--races".to_owned());
    Some(command::again("run", args, &flags))
}

/// The files that were named, and those in the folders that were, each once and in order.
fn gather(paths: &[PathBuf]) -> Result<Vec<PathBuf>, String> {
    let mut files = Vec::new();
    for path in paths {
        let tell = |error: io::Error| format!("cannot read {}: {error}", path.display());
        if fs::metadata(path).map_err(tell)?.is_dir() {
            let before = files.len();
            walk(path, &mut files).map_err(tell)?;
            files[before..].sort();
            if files.len() == before {
                return Err(format!("{} holds no programs (*.toy, *.py, *.weir)", path.display()));
            }
        } else {
            files.push(path.clone());
        }
    }
    Ok(files)
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        // A link to a folder may lead back up.
        if entry.file_type()?.is_dir() {
            walk(&path, files)?;
        } else if path
            .extension()
            .is_some_and(|kind| ["toy", "py", "weir"].iter().any(|it| kind == *it))
        {
            files.push(path);
        }
    }
    Ok(())
}
