//! Whether everyone gets on, in programs written at random: a search says what all their states say, one instruction
//! after the other; and one that is broken on purpose does not.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use toyvm::Program;
use toyvm::check::{Failure, Fairness, Finding, Flaw, Plan, check, check_with};
use toyvm::machine::Service;

use super::liveness::plan;
use super::rounds::{Rounds, judge};
use super::{loops, program, seeds};

/// Programs that are written at least.
const LEAST: u64 = 400;

pub(crate) const FLAWS: &[Flaw] = &[Flaw::Unfair, Flaw::OwnSteps, Flaw::Daemons, Flaw::Demand];

/// The programs of seeds in which no state is wrong, and there are few, with all rounds of them.
fn safe(seed: u64) -> Option<(Arc<Program>, Service, Rounds, String)> {
    let text = loops::program(seed);
    let service = if seed % 3 == 0 { Service::Weak } else { Service::InOrder };
    let program = program(&text);
    let plan = Plan { service, allow_races: true, max_states: Some(2_000), ..Plan::default() };
    let report = check(&program, &plan);
    let is_race = |it: &Failure| matches!(it.finding, Finding::Race { .. });
    if report.stopped.is_some() || !report.failures.iter().all(is_race) {
        return None;
    }
    let rounds = Rounds::of(&program, service)?;
    Some((program, service, rounds, text))
}

fn plans(service: Service) -> impl Iterator<Item = (Fairness, Plan<'static>)> {
    [Fairness::Weak, Fairness::Strong].into_iter().flat_map(move |fairness| {
        let plan = Plan { allow_races: true, ..plan(service, fairness) };
        [true, false].map(|drop_dead| (fairness, Plan { drop_dead, ..plan }))
    })
}

#[test]
fn whoever_does_not_get_on_is_found_as_all_states_have_it() {
    let (mut compared, mut found) = (0, [0; 2]);
    for seed in seeds(LEAST) {
        let Some((program, service, rounds, text)) = safe(seed) else { continue };
        compared += 1;
        for (fairness, plan) in plans(service) {
            let report = check(&program, &plan);
            judge(&program, service, fairness, &rounds, &report)
                .unwrap_or_else(|why| panic!("seed {seed}, {fairness}, {plan:?}: {why}\n{text}"));
            match report.failures.first().map(|it| &it.finding) {
                Some(Finding::Starved { .. }) => found[0] += 1,
                Some(Finding::Unending { .. }) => found[1] += 1,
                _ => {}
            }
        }
    }
    println!("{compared} compared: starved {}, unending {}", found[0], found[1]);
    assert!(compared * 4 > LEAST, "{compared} compared");
    assert!(found.iter().all(|found| *found > 40), "{found:?}");
}

/// Each way to break it comes to something else than all states have, on some program.
#[test]
fn each_flaw_is_noticed() {
    let quiet = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let mut missed = FLAWS.to_vec();
    for seed in 0..LEAST {
        let Some((program, service, rounds, _)) = safe(seed) else { continue };
        missed.retain(|flaw| {
            let differs = plans(service).any(|(fairness, plan)| {
                let flawed = || check_with(&program, &plan, *flaw);
                let report = catch_unwind(AssertUnwindSafe(flawed));
                report.is_err()
                    || report.is_ok_and(|report| {
                        judge(&program, service, fairness, &rounds, &report).is_err()
                    })
            });
            if differs {
                println!("{flaw:?}: seed {seed}");
            }
            !differs
        });
    }
    std::panic::set_hook(quiet);
    assert!(missed.is_empty(), "nobody notices {missed:?}");
}
