//! `forebay vm run --seeds N`: one run for each seed.

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
        eprintln!("forebay vm run: --seeds 0: a sweep needs at least 1");
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
    let told =
        if json { tell_json(args, &plan, &swept) } else { tell(args, &plan, &swept, seconds) };
    if let Err(error) = io::stdout().write_all(told.as_bytes())
        && error.kind() != io::ErrorKind::BrokenPipe
    {
        eprintln!("forebay vm: cannot write what came of it: {error}");
        return ExitCode::from(USAGE);
    }
    ExitCode::from(swept.sorts.iter().map(|sort| status(sort.verdict)).fold(0, worse))
}

/// The status that one run of that verdict has.
fn status(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Fine => 0,
        Verdict::Error | Verdict::Overflow => 2,
        Verdict::Incomplete => 3,
        _ => 1,
    }
}

/// 2 before 1 before 3 before 0, as for one run.
fn worse(a: u8, b: u8) -> u8 {
    let rank = |status| [0, 3, 1, 2].iter().position(|known| *known == status);
    if rank(a) >= rank(b) { a } else { b }
}

/// The command that runs one of them again.
fn again(args: &Args, plan: &Plan, seed: u64) -> String {
    let mut flags = vec![format!("--scheduler {}", plan.policy), format!("--seed {seed}")];
    match plan.policy {
        Policy::RoundRobin { quantum } if quantum != 1 => {
            flags.push(format!("--quantum {quantum}"))
        }
        Policy::Pct { depth, .. } if depth != 3 => flags.push(format!("--depth {depth}")),
        _ => {}
    }
    if plan.max_steps != toyvm::run::MAX_STEPS {
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

fn tell(args: &Args, plan: &Plan, swept: &Sweep, seconds: f64) -> String {
    let mut text = format!(
        "{} runs of {}, {}, seeds {} to {}: {} steps in {seconds:.2} s\n",
        swept.runs,
        args.file.file.display(),
        plan.policy,
        plan.seeds.start,
        plan.seeds.end - 1,
        swept.steps,
    );
    /// More than a person reads; `--json` has them all.
    const MOST: usize = 12;
    let shown = &swept.sorts[..swept.sorts.len().min(MOST)];
    for sort in shown {
        let percent = sort.runs as f64 * 100.0 / swept.runs as f64;
        text.push_str(&format!("\n{:>8}  {percent:>5.1} %  {}\n", sort.runs, told(sort)));
        text.push_str(&format!("{:>20}again: {}\n", "", again(args, plan, sort.first_seed)));
    }
    let rest = &swept.sorts[shown.len()..];
    if !rest.is_empty() {
        let runs: u64 = rest.iter().map(|sort| sort.runs).sum();
        text.push_str(&format!(
            "\n{runs:>8}           in {} more ways (--json tells)\n",
            rest.len()
        ));
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

fn tell_json(args: &Args, plan: &Plan, swept: &Sweep) -> String {
    let sorts = swept.sorts.iter().map(|sort| ToldSort {
        verdict: sort.verdict.of_a_run().to_owned(),
        what: &sort.what,
        runs: sort.runs,
        first_seed: sort.first_seed,
        again: again(args, plan, sort.first_seed),
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
