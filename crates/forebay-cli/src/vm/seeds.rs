//! `forebay vm run --seeds N`: one run for each seed.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use toyvm::Program;
use toyvm::scheduler::Policy;
use toyvm::sweep::{Plan, Sort, Sweep, sweep};
use toyvm::verdict::Verdict;

use super::message::{self, say};
use super::run::Args;
use super::{USAGE, command};

pub(super) fn run(
    args: &Args,
    program: &Arc<Program>,
    seeds: u64,
    races: bool,
    json: bool,
) -> ExitCode {
    if seeds == 0 {
        say(format_args!("forebay vm run: --seeds 0: a sweep needs at least 1"));
        return ExitCode::from(USAGE);
    }
    let first = args.schedule.seed(program);
    let plan = Plan {
        policy: args.schedule.policy(program, Policy::Random),
        seeds: first..first.saturating_add(seeds),
        max_steps: args.schedule.max_steps(program),
        service: args.schedule.service(),
        races,
    };
    let bar = ProgressBar::with_draw_target(Some(seeds), ProgressDrawTarget::stderr());
    bar.set_style(
        ProgressStyle::with_template("{pos} of {len} runs [{bar:40}] {eta} left")
            .expect("the template is right"),
    );
    let began = Instant::now();
    let swept = sweep(program, &plan, &|done| bar.set_position(done));
    let seconds = began.elapsed().as_secs_f64();
    bar.finish_and_clear();
    let told = if json {
        tell_json(args, program, &plan, &swept)
    } else {
        tell(args, program, &plan, &swept, seconds)
    };
    if let Err(status) = message::written(io::stdout().write_all(told.as_bytes())) {
        return status;
    }
    ExitCode::from(swept.sorts.iter().map(|sort| sort.verdict.status()).fold(0, worse))
}

/// 2 before 1 before 3 before 0, as for one run.
fn worse(a: u8, b: u8) -> u8 {
    let rank = |status| [0, 3, 1, 2].iter().position(|known| *known == status);
    if rank(a) >= rank(b) { a } else { b }
}

/// The command that runs one of them again.
fn again(args: &Args, program: &Program, plan: &Plan, seed: u64) -> String {
    let wishes = program.wishes();
    let mut flags = command::schedule(plan.policy, seed, wishes);
    if plan.max_steps != wishes.max_steps.unwrap_or(toyvm::run::MAX_STEPS) {
        flags.push(format!("--max-steps {}", plan.max_steps));
    }
    if args.schedule.weak {
        flags.push("--weak".to_owned());
    }
    if plan.races {
        flags.push("--races".to_owned());
    }
    command::again("run", &args.file, &flags)
}

/// More sorts than a person reads; `--json` has them all.
const MOST: usize = 12;

fn tell(args: &Args, program: &Program, plan: &Plan, swept: &Sweep, seconds: f64) -> String {
    let mut text = format!(
        "{} runs of {}, {}, seeds {} to {}: {} steps in {seconds:.2} s\n",
        swept.runs,
        args.file.file.display(),
        plan.policy,
        plan.seeds.start,
        plan.seeds.end - 1,
        swept.steps,
    );
    let shown = &swept.sorts[..swept.sorts.len().min(MOST)];
    for sort in shown {
        let percent = sort.runs as f64 * 100.0 / swept.runs as f64;
        let _ = writeln!(text, "\n{:>8}  {percent:>5.1} %  {}", sort.runs, told(sort));
        let _ = writeln!(text, "{:>20}again: {}", "", again(args, program, plan, sort.first_seed));
    }
    let rest = &swept.sorts[shown.len()..];
    if !rest.is_empty() {
        let runs: u64 = rest.iter().map(|sort| sort.runs).sum();
        let _ = writeln!(text, "\n{runs:>8}           in {} more ways (--json tells)", rest.len());
    }
    text
}

fn told(sort: &Sort) -> String {
    match (sort.verdict, sort.what.as_str()) {
        (verdict, "") => verdict.of_a_run().to_owned(),
        (Verdict::Fine | Verdict::Race, line) => {
            format!("{}; the last line was {line}", sort.verdict.of_a_run())
        }
        (verdict, what) => format!("{}: {what}", verdict.of_a_run()),
    }
}

#[derive(Serialize)]
struct Told<'a> {
    file: String,
    scheduler: String,
    first_seed: u64,
    runs: u64,
    steps: u64,
    sorts: Vec<ToldSort<'a>>,
}

#[derive(Serialize)]
struct ToldSort<'a> {
    verdict: String,
    what: &'a str,
    runs: u64,
    first_seed: u64,
    again: String,
}

fn tell_json(args: &Args, program: &Program, plan: &Plan, swept: &Sweep) -> String {
    let sorts = swept.sorts.iter().map(|sort| ToldSort {
        verdict: sort.verdict.of_a_run().to_owned(),
        what: &sort.what,
        runs: sort.runs,
        first_seed: sort.first_seed,
        again: again(args, program, plan, sort.first_seed),
    });
    let told = Told {
        file: args.file.file.display().to_string(),
        scheduler: plan.policy.to_string(),
        first_seed: plan.seeds.start,
        runs: swept.runs,
        steps: swept.steps,
        sorts: sorts.collect(),
    };
    serde_json::to_string(&told).expect("it is plain data") + "\n"
}
