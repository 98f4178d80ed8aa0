//! All that a program can print: no run prints anything else, and what is cut changes nothing of it.

use std::collections::BTreeSet;
use std::sync::Arc;

use toyvm::Program;
use toyvm::check::{Graph, Outcomes, Plan, graph, outcomes};
use toyvm::machine::{Event, Limits, Machine, Service, ThreadId};
use toyvm::observer::Observer;
use toyvm::run::{self, End, Pace, Stage};
use toyvm::scheduler::Policy;
use toyvm::verdict::Verdict;

use super::{play, program, writer};

type Told = BTreeSet<(Verdict, Vec<String>, Vec<String>)>;

/// How it ends well or for ever, with all that is printed; else only what is wrong.
fn told(all: &Outcomes) -> Told {
    let one = |outcome: &toyvm::check::Outcome| {
        (outcome.verdict, outcome.lines.clone(), outcome.values.clone())
    };
    all.all.iter().map(one).collect()
}

#[derive(Default)]
struct Lines(Vec<String>);

impl Observer for Lines {
    fn prints(&self) -> bool {
        true
    }

    fn print(&mut self, _: &Machine, _: ThreadId, line: &str) {
        self.0.push(line.to_owned());
    }

    fn event(&mut self, _: &Machine, _: ThreadId, _: u32, _: Event) {}
}

/// What some runs print that end well or for ever.
fn sampled(program: &Arc<Program>) -> BTreeSet<(Verdict, Vec<String>)> {
    let mut all = BTreeSet::new();
    for seed in 0..40 {
        let mut machine = Machine::with(Arc::clone(program), Service::InOrder, Limits::default());
        let mut stage = Stage { choices: run::choices(seed), observer: Lines::default() };
        let scheduler = Policy::Random.scheduler(seed);
        let pace = Pace { max_steps: 5_000, realtime: false };
        let outcome = run::run(&mut machine, scheduler, &mut stage, pace);
        let verdict = match outcome.end {
            End::Finished if outcome.failed.is_empty() => Verdict::Fine,
            End::Deadlock if outcome.failed.is_empty() => Verdict::Deadlock,
            _ => continue,
        };
        all.insert((verdict, stage.observer.0));
    }
    all
}

#[test]
fn nothing_else_is_printed_and_nothing_of_it_is_cut() {
    let (mut compared, mut many) = (0, 0);
    for seed in 0..50 {
        let text = writer::program(seed);
        let program = program(&text);
        let limited = Plan { max_states: Some(2_000), ..Plan::default() };
        let plain = Plan { reduce: false, drop_dead: false, ..limited };
        let whole = outcomes(&program, &plain, false);
        if whole.stopped.is_some() {
            continue;
        }
        compared += 1;
        many += usize::from(whole.all.len() > 1);
        for values in [false, true] {
            let expected = told(&outcomes(&program, &plain, values));
            for (reduce, drop_dead) in [(true, true), (true, false), (false, true)] {
                let plan = Plan { reduce, drop_dead, ..limited };
                let got = told(&outcomes(&program, &plan, values));
                assert_eq!(got, expected, "reduce {reduce}, drop {drop_dead}\n{text}");
            }
        }
        let known: BTreeSet<_> =
            whole.all.iter().map(|it| (it.verdict, it.lines.clone())).collect();
        for run in sampled(&program) {
            assert!(known.contains(&run), "{run:?} is not among {known:?}\n{text}");
        }
        for outcome in &whole.all {
            play(&program, Service::InOrder, &outcome.way, &text);
        }
    }
    assert!(compared > 12 && many > 3, "{compared} compared, {many} with several outcomes");
}

#[test]
fn each_outcome_is_told_once_with_what_is_left() {
    let program = program(
        r#"w = [("LOAD", "n"), ("PUSH", 1), ("ADD",), ("GLOBAL_STORE", "n")]
main = [("PUSH", 0), ("GLOBAL_STORE", "n"), ("PUSH", 0), ("THREAD_CREATE", [w]), ("STORE", "a"),
        ("PUSH", 0), ("THREAD_CREATE", [w]), ("STORE", "b"),
        ("LOAD", "a"), ("THREAD_JOIN",), ("LOAD", "b"), ("THREAD_JOIN",), ("LOAD", "n"), ("PRINT",)]"#,
    );
    let all = outcomes(&program, &Plan { reduce: false, ..Plan::default() }, true);
    assert!(all.are_shortest && all.stopped.is_none());
    let told: Vec<_> = all.all.iter().map(|it| (it.lines.join(";"), it.values.join(";"))).collect();
    let told: BTreeSet<_> = told.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    assert_eq!(told, BTreeSet::from([("[main] 1", "n = 1"), ("[main] 2", "n = 2")]));
}

#[test]
fn a_program_that_never_ends_has_an_outcome_too() {
    let all = outcomes(&program(r#"main = [("JUMP", 0)]"#), &Plan::default(), false);
    assert_eq!(all.all.len(), 1);
    assert_eq!(all.all[0].verdict, Verdict::Spin);
}

/// Two threads, two locks: each edge has its thread and line, and the way to the deadlock is red.
#[test]
fn a_small_program_is_drawn_with_the_way_to_what_is_wrong() {
    let text = r#"a = [("PUSH", "x"), ("LOCK_ACQUIRE",),
     ("PUSH", "y"), ("LOCK_ACQUIRE",),
     ("PUSH", "y"), ("LOCK_RELEASE",), ("PUSH", "x"), ("LOCK_RELEASE",)]
b = [("PUSH", "y"), ("LOCK_ACQUIRE",),
     ("PUSH", "x"), ("LOCK_ACQUIRE",),
     ("PUSH", "x"), ("LOCK_RELEASE",), ("PUSH", "y"), ("LOCK_RELEASE",)]
vm = ToyVM()
vm.create_lock("x")
vm.create_lock("y")
vm.create_thread(a, "a")
vm.create_thread(b, "b")
vm.run()
"#;
    let program = program(text);
    let drawn = graph(&program, &Plan::default(), 100).expect("it is small").to_string();
    assert!(drawn.starts_with(Graph::BEGINNING) && drawn.ends_with("}\n"), "{drawn}");
    let red = drawn.lines().filter(|line| line.contains("penwidth=2")).collect::<Vec<_>>();
    assert_eq!(red.len(), 4, "{drawn}");
    assert!(red.iter().any(|edge| edge.contains("\"a, line 1\"")), "{drawn}");
    assert!(red.iter().any(|edge| edge.contains("\"b, line 5\"")), "{drawn}");
    assert!(drawn.contains("DEADLOCK\\l") && drawn.contains("style=bold"), "{drawn}");
    let states = graph(&program, &Plan::default(), 100).expect("it is small").states();
    assert!(graph(&program, &Plan::default(), states - 1).is_none());
}
