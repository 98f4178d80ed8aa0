//! Each file comes to what its head says, under every schedule, however many search.

use std::collections::BTreeSet;

use toyvm::Program;
use toyvm::check::{Fairness, Plan, Report, check};
use toyvm::exam::examine;
use toyvm::verdict::Verdict;

use super::set::{Set, problems, protocols};
use super::{load, verdict};

#[test]
fn each_problem_comes_to_what_its_head_says_whoever_searches() {
    each_comes_to_what_its_head_says(&problems());
}

#[test]
fn each_protocol_comes_to_what_its_head_says_whoever_searches() {
    each_comes_to_what_its_head_says(&protocols());
}

fn each_comes_to_what_its_head_says(set: &Set) {
    let mut other = Vec::new();
    for solution in set.values().flatten() {
        let program = load(&solution.file, &solution.text, &[]);
        let says = (solution.expectation.verdict, solution.expectation.states);
        for workers in [1, 2] {
            let (liveness, deaths) =
                (solution.expectation.fairness(), solution.expectation.deaths());
            let plan = Plan { workers, liveness, deaths, ..Plan::default() };
            let report = check(&program, &plan);
            let found = verdict(&report);
            // A search that finds something ends there, and when that is depends on who searches.
            let states = (found == Verdict::Fine).then_some(report.states);
            if (Some(found), states) != says {
                let states = report.states;
                other.push(format!("{}: {found}, {states} states", solution.file));
            }
            if found == Verdict::Fine {
                let lines = unused(&program, &report);
                if !lines.is_empty() {
                    other.push(format!("{}: lines never executed: {lines:?}", solution.file));
                }
            }
        }
    }
    assert!(other.is_empty(), "{}", other.join("\n"));
}

/// The right ones let everyone get on, if that takes no longer than a test should; that it was not asked for before says
/// nothing against it.
#[test]
fn with_each_that_is_right_everyone_gets_on() {
    let (mut looked, mut left_out) = (0, 0);
    for solution in
        problems().values().chain(protocols().values()).flatten().filter(|it| it.is_right)
    {
        let program = load(&solution.file, &solution.text, &[]);
        let liveness = Some(Fairness::Weak);
        let plan = Plan { liveness, max_states: Some(10_000), ..Plan::default() };
        let found = verdict(&check(&program, &plan));
        match found {
            Verdict::Fine => looked += 1,
            Verdict::Incomplete => left_out += 1,
            found => panic!("{}: {found}", solution.file),
        }
    }
    assert!(looked > left_out, "{looked} looked at, {left_out} left out");
}

/// Lines with something that no schedule executes, wherever its procedure is called.
fn unused(program: &Program, report: &Report) -> BTreeSet<u32> {
    let instructions = program.code_ids().flat_map(|code| {
        let spans = program.code(code).spans.iter().enumerate();
        spans.map(move |(pc, span)| ((code, pc as u32), (span.start, span.end)))
    });
    let (never, used): (Vec<_>, Vec<_>) =
        instructions.partition(|(at, _)| report.never.contains(at));
    let used: BTreeSet<(u32, u32)> = used.into_iter().map(|(_, span)| span).collect();
    let never = never.into_iter().map(|(_, span)| span).filter(|span| !used.contains(span));
    never.map(|span| program.source().line_column(span.0).0).collect()
}

#[test]
fn each_prints_what_its_head_says() {
    let mut printing = 0;
    for solution in problems().values().flatten() {
        if solution.expectation.lines.is_empty() {
            continue;
        }
        printing += 1;
        let program = load(&solution.file, &solution.text, &[]);
        let marks = examine(&program, &solution.expectation, 10);
        assert!(marks.complaints.is_empty(), "{}: {:#?}", solution.file, marks.complaints);
    }
    assert!(printing > 0, "none says what it prints");
}

#[test]
fn each_problem_is_solved_rightly_and_wrongly() {
    for (problem, solutions) in problems().iter().chain(&protocols()) {
        let right = solutions.iter().filter(|it| it.is_right).count();
        assert!(right > 0, "{problem}: no file is right");
        assert!(right < solutions.len(), "{problem}: no file is wrong");
        for solution in solutions {
            let file = &solution.file;
            assert!(solution.property.is_some(), "{file} does not say what must hold");
            let found = solution.expectation.verdict;
            assert_eq!(found == Some(Verdict::Fine), solution.is_right, "{file}: {found:?}");
            assert_eq!(solution.title, solutions[0].title, "{file} calls it otherwise");
            let word = if solution.is_right { "\n# Right: " } else { "\n# Wrong: " };
            assert!(solution.text.contains(word), "{file} does not say why");
        }
    }
}
