//! Each file comes to what its head says, under every schedule, however many search.

use std::collections::BTreeSet;

use toyvm::check::{Plan, check};
use toyvm::exam::examine;
use toyvm::verdict::Verdict;

use super::set::problems;
use super::{load, verdict};

#[test]
fn each_comes_to_what_its_head_says_whoever_searches() {
    let mut other = Vec::new();
    for solution in problems().values().flatten() {
        let program = load(&solution.file, &solution.text, &[]);
        let says = (solution.expectation.verdict, solution.expectation.states);
        for workers in [1, 2] {
            let report = check(&program, &Plan { workers, ..Plan::default() });
            let found = verdict(&report);
            // A search that finds something ends there, and when that is depends on who searches.
            let states = (found == Verdict::Fine).then_some(report.states);
            if (Some(found), states) != says {
                let states = report.states;
                other.push(format!("{}: {found}, {states} states", solution.file));
            }
            if found == Verdict::Fine && !report.never.is_empty() {
                let never = report.never.iter().map(|(code, pc)| {
                    let at = program.code(*code).spans[*pc as usize].start;
                    program.source().line_column(at).0
                });
                let never: BTreeSet<u32> = never.collect();
                other.push(format!("{}: lines never executed: {never:?}", solution.file));
            }
        }
    }
    assert!(other.is_empty(), "{}", other.join("\n"));
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
    let problems = problems();
    for (problem, solutions) in &problems {
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
