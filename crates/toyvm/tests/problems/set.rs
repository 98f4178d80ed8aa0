//! The files of the set, and what they are called: `problem.weir` is right, so is `problem_by_HOW.weir`,
//! and `problem_wrong_WHY.weir` is wrong.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use toyvm::expectation::Expectation;
use toyvm::source::Source;

/// A file of the set.
pub(super) struct Solution {
    /// `barrier_wrong_opened_once.weir`.
    pub(super) file: String,
    /// Whether it is right.
    pub(super) is_right: bool,
    /// What its head says of the problem first: its name, in words.
    pub(super) title: String,
    /// What must hold.
    pub(super) property: Option<String>,
    pub(super) expectation: Expectation,
    pub(super) text: String,
}

pub(super) fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("problems")
}

/// Files by problem: `barrier`, and those of the barrier, the right ones first.
pub(super) type Set = BTreeMap<String, Vec<Solution>>;

/// The classics.
pub(super) fn problems() -> Set {
    read(&folder())
}

/// This project's own protocols.
pub(super) fn protocols() -> Set {
    read(&PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("forebay"))
}

fn read(folder: &Path) -> Set {
    let entries = fs::read_dir(folder).expect("the files of the set");
    let mut files: Vec<String> = entries
        .map(|entry| entry.expect("a file").file_name().into_string().expect("a name"))
        .collect();
    files.sort();
    let mut problems = Set::new();
    for file in files {
        let (problem, solution) = solution(folder, file);
        problems.entry(problem).or_default().push(solution);
    }
    for solutions in problems.values_mut() {
        solutions.sort_by_key(|solution| !solution.is_right);
    }
    problems
}

fn solution(folder: &Path, file: String) -> (String, Solution) {
    let stem = file.strip_suffix(".weir").unwrap_or_else(|| panic!("{file} is no Weir"));
    let (problem, is_right) = match (stem.split_once("_wrong_"), stem.split_once("_by_")) {
        (Some((problem, _)), _) => (problem, false),
        (None, Some((problem, _))) => (problem, true),
        (None, None) => (stem, true),
    };
    let problem = problem.to_owned();
    let text = fs::read_to_string(folder.join(&file)).expect("it can be read");
    let source = Source::new(file.clone(), text.clone().into()).expect("it is text");
    let expectation = Expectation::read(&source).unwrap_or_else(|errors| {
        panic!("{}", errors.iter().map(|it| it.line(&source)).collect::<Vec<_>>().join("\n"))
    });
    let first = text.lines().next().unwrap_or_default().trim_start_matches("# ");
    let end = first.find([':', '(']).unwrap_or(first.len());
    let title = first[..end].trim_end().to_owned();
    let property = text.lines().find_map(|line| line.strip_prefix("# property: "));
    let property = property.map(str::to_owned);
    (problem, Solution { file, is_right, title, property, expectation, text })
}
