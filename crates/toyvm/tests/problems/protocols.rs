//! This project's own protocols: what each claims of the contract, and the page that says so.

use std::fmt::Write as _;

use super::page::keep;
use super::set::{Solution, protocols};

const BEGINNING: &str = "\
# Forebay's own protocols

What the buffers of `forebay-threads` and `forebay-processes` do, as small programs in `crates/toyvm/forebay/`: two
producers or one, two consumers, a place or two, a few items. Each is checked in every schedule, and its invariants
and assertions are clauses of the contract (`forebay-contract`), which its head names one by one. Those of the
processes are checked in every schedule in which up to so many participants are killed, each anywhere. Beside each
stand copies in which a step of the protocol is left out or out of place; the clause that this breaks is found broken.

```
forebay vm check crates/toyvm/forebay/line.weir
forebay vm check crates/toyvm/forebay/line_wrong_no_second_look.weir
forebay vm check --kill 2 crates/toyvm/forebay/file.weir
```

A model is not the code: it was written by hand after the code that its head names, it has sequentially
consistent memory, and it leaves out what is not told there (weights, deadlines, permits, turns). That it holds
says that the protocol does; that the code follows it is for the other tests to show.

States are those that a search with all reductions visits; one that finds a mistake ends there. The last column
has the copies that break the clause; where it is empty, the clause is claimed and none of them breaks it.

This page is made from the files; a test keeps it so.

| protocol | clause | file | deaths | verdict | states | broken by |
|---|---|---|---|---|---|---|
";

/// The clauses that a file claims, or breaks.
fn clauses(solution: &Solution) -> Vec<&str> {
    solution.property.as_deref().unwrap_or_default().split(", ").collect()
}

fn link(solution: &Solution) -> String {
    let file = &solution.file;
    let stem = file.strip_suffix(".weir").unwrap_or(file);
    format!("[{stem}](../../crates/toyvm/forebay/{file})")
}

fn verdict(solution: &Solution) -> String {
    solution.expectation.verdict.map(|it| it.to_string()).unwrap_or_default()
}

fn page() -> String {
    let mut page = BEGINNING.to_owned();
    for solutions in protocols().values() {
        let (right, wrong): (Vec<_>, Vec<_>) = solutions.iter().partition(|it| it.is_right);
        for solution in right {
            let states = solution.expectation.states.map(|it| it.to_string()).unwrap_or_default();
            let (file, verdict_of_it) = (link(solution), verdict(solution));
            let deaths = match solution.expectation.kill {
                0 => String::new(),
                most => format!("up to {most}"),
            };
            for (number, clause) in clauses(solution).into_iter().enumerate() {
                let title = if number == 0 { solution.title.as_str() } else { "" };
                let broken: Vec<String> = (wrong.iter())
                    .filter(|it| clauses(it).contains(&clause))
                    .map(|it| format!("{} ({})", link(it), verdict(it)))
                    .collect();
                let broken = broken.join(", ");
                let _ = writeln!(
                    page,
                    "| {title} | {clause} | {file} | {deaths} | {verdict_of_it} | {states} | {broken} |"
                );
            }
        }
    }
    page
}

#[test]
fn the_page_of_the_protocols_is_made_from_the_files() {
    keep("protocols.md", &page());
}

#[test]
fn each_protocol_says_where_it_claims_a_clause_and_is_broken_only_there() {
    for solutions in protocols().values() {
        let right = &solutions[0];
        let claimed = clauses(right);
        let (head, _) = right.text.split_once("\n\n").expect("a head");
        let (head, _) = head.split_once("# Right: ").expect("why it is right");
        for clause in &claimed {
            let said = [format!("{clause}:"), format!("{clause},")];
            let says = said.iter().any(|it| head.contains(it));
            assert!(says, "{} does not say where it claims {clause}", right.file);
        }
        for solution in solutions {
            for clause in clauses(solution) {
                assert!(claimed.contains(&clause), "{}: {clause} is not claimed", solution.file);
            }
        }
    }
}
