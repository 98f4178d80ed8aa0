//! The page of the set is what its files say.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use super::set::{Solution, problems};

const BEGINNING: &str = "\
# The problem set

The classics of the field, solved rightly and wrongly, in `crates/toyvm/problems/`. The measure is the list of
Downey's *The Little Book of Semaphores* (2008); a few that are older or do without semaphores stand beside
them. Each file is small enough to be checked in every schedule at once:

```
forebay vm check crates/toyvm/problems/barrier.weir
forebay vm check crates/toyvm/problems/barrier_wrong_opened_once.weir
```

The head of a file says what the problem is, why this solution is right or which mistake it makes and
whose it is, what must hold, and what must come of it. A file that is right is called after the problem,
with `_by_…` if there are several ways; one that is wrong is called `…_wrong_…`, after its mistake.
States are those that a search with all reductions visits; one that finds a mistake ends there.
Waiting is first come, first served, and memory is sequentially consistent.

The blocking queue that wakes one has a rule, published with a specification in TLA+ (Kuppe, 2020): if any
waiter may be the one who is woken, all is well exactly when twice the places are at least as many as the
threads. A test holds the checker to it. First come, first served (without `--weak`) saves some of the others:

```
forebay vm sweep crates/toyvm/problems/blocking_queue_wrong_notify_one.weir \\
    PRODUCERS=1..3 CONSUMERS=1..3 CAPACITY=1..3 --weak
```

Where a file says so, it is also looked whether everyone gets on: that nobody waits for ever, and each thread ends that
can, under weak or strong fairness of threads (`--liveness --fair strong`). The others that are right let everyone get on,
too, under weak fairness; a test looks at those of few states. Where starvation is counted instead, it is how often
somebody is passed. `forebay vm test` tries some schedules only: chance does not find all of these mistakes,
and where threads look in a loop, a schedule may let one look until no step is left.

This page is made from the files; a test keeps it so.
";

fn page() -> String {
    let mut page = BEGINNING.to_owned();
    page.push_str(
        "\n| problem | file | what must hold | verdict | states |\n|---|---|---|---|---|\n",
    );
    for solutions in problems().values() {
        for (number, solution) in solutions.iter().enumerate() {
            let Solution { file, title, property, expectation, .. } = solution;
            let title = if number == 0 { title.as_str() } else { "" };
            let stem = file.strip_suffix(".weir").unwrap_or(file);
            let verdict = expectation.verdict.map(|it| it.to_string()).unwrap_or_default();
            let fair =
                expectation.liveness.map(|it| format!(", fairness {it}")).unwrap_or_default();
            let verdict = verdict + &fair;
            let states = expectation.states.map(|it| it.to_string()).unwrap_or_default();
            let property = property.as_deref().unwrap_or_default();
            let link = format!("[{stem}](../../crates/toyvm/problems/{file})");
            let _ = writeln!(page, "| {title} | {link} | {property} | {verdict} | {states} |");
        }
    }
    page
}

#[test]
fn the_page_is_made_from_the_files() {
    keep("problems.md", &page());
}

/// Holds a page to what is made from the files, or writes it anew.
pub(super) fn keep(name: &str, made: &str) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/toyvm");
    let path = folder.join(name);
    if std::env::var_os("WRITE_PROBLEMS").is_some() {
        fs::write(&path, made).expect("the page can be written");
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == made, "write it anew: WRITE_PROBLEMS=1 cargo test -p toyvm --test problems");
}
