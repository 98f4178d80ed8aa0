//! Whether everyone gets on, in programs written at random: a search says what all their states say, one instruction
//! after the other; and one that is broken on purpose does not.

#[cfg(feature = "flaws")]
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use toyvm::Program;
use toyvm::check::{Deaths, Failure, Fairness, Finding, Plan, check};
#[cfg(feature = "flaws")]
use toyvm::check::{Flaw, check_with};
use toyvm::machine::Service;

use super::rounds::{Rounds, judge};
use super::{loops, program, seeds};

/// Programs that are written at least.
const LEAST: u64 = 320;

#[cfg(feature = "flaws")]
pub(crate) const FLAWS: &[Flaw] = &[Flaw::Unfair, Flaw::Joining, Flaw::Daemons, Flaw::Demand];

/// The programs of seeds in which no state is wrong, and there are few, with all rounds of them.
fn safe(seed: u64) -> Option<(Arc<Program>, Plan<'static>, Rounds, String)> {
    let text = loops::program(seed);
    let service = if seed.is_multiple_of(3) { Service::Weak } else { Service::InOrder };
    let program = program(&text);
    let deaths = Deaths { most: u32::from(seed.is_multiple_of(4)), of: &[] };
    let plan = Plan { service, deaths, allow_races: true, ..Plan::default() };
    let report = check(&program, &Plan { max_states: Some(2_000), ..plan });
    let is_race = |it: &Failure| matches!(it.finding, Finding::Race { .. });
    if report.stopped.is_some() || !report.failures.iter().all(is_race) {
        return None;
    }
    let rounds = Rounds::of(&program, service, deaths.most as usize)?;
    Some((program, plan, rounds, text))
}

/// Plans with that fairness: with values dropped that matter to nothing, and with all kept.
fn plans(plan: Plan<'static>, fairness: Fairness) -> [Plan<'static>; 2] {
    let liveness = Some(fairness);
    [true, false].map(|drop_dead| Plan { drop_dead, liveness, ..plan })
}

const BOTH: [Fairness; 2] = [Fairness::Weak, Fairness::Strong];

#[test]
fn whoever_does_not_get_on_is_found_as_all_states_have_it() {
    let (mut compared, mut found) = (0, [0; 2]);
    for seed in seeds(LEAST) {
        let Some((program, plan, rounds, text)) = safe(seed) else { continue };
        compared += 1;
        for fairness in BOTH {
            let who = rounds.who_does_not_get_on(fairness);
            for plan in plans(plan, fairness) {
                let report = check(&program, &plan);
                judge(&program, plan.service, fairness, &who, &report).unwrap_or_else(|why| {
                    panic!("seed {seed}, {fairness}, {plan:?}: {why}\n{text}")
                });
                match report.failures.first().map(|it| &it.finding) {
                    Some(Finding::Starved { .. }) => found[0] += 1,
                    Some(Finding::Unending { .. }) => found[1] += 1,
                    _ => {}
                }
            }
        }
    }
    println!("{compared} compared: starved {}, unending {}", found[0], found[1]);
    assert!(compared * 3 > LEAST, "{compared} compared");
    assert!(found.iter().all(|found| *found > 40), "{found:?}");
}

/// Each way to break it comes to something else than all states have, on some program.
#[cfg(feature = "flaws")]
#[test]
fn each_flaw_is_noticed() {
    let mut missed = FLAWS.to_vec();
    for seed in 0..LEAST {
        if missed.is_empty() {
            return;
        }
        let Some((program, base, rounds, _)) = safe(seed) else { continue };
        for fairness in BOTH {
            let who = rounds.who_does_not_get_on(fairness);
            missed.retain(|flaw| {
                let is_missed = plans(base, fairness).iter().all(|plan| {
                    let flawed = || check_with(&program, plan, *flaw);
                    let report = catch_unwind(AssertUnwindSafe(flawed));
                    let is_right = |it| judge(&program, base.service, fairness, &who, &it).is_ok();
                    report.is_ok_and(is_right)
                });
                if !is_missed {
                    println!("{flaw:?}: seed {seed}");
                }
                is_missed
            });
        }
    }
    panic!("nobody notices {missed:?}");
}
