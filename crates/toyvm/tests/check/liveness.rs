//! Whether everyone gets on: what is known of the classics, and, of programs written at random, what comes of all
//! their states, one instruction after the other.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use toyvm::check::{Fairness, Finding, Plan, Report, Stopped, beginning, check};
use toyvm::machine::Service;
use toyvm::verdict::Verdict;

use super::rounds::goes_round;
use super::{named, word};

pub(crate) fn plan(service: Service, fairness: Fairness) -> Plan<'static> {
    Plan { service, liveness: Some(fairness), ..Plan::default() }
}

/// What comes of a program in Weir: `proved`, or who does not get on, and how.
fn of(text: &str, service: Service, fairness: Fairness) -> String {
    let program = named("test.weir", text);
    let plain =
        Plan { reduce: false, symmetry: false, drop_dead: false, ..plan(service, fairness) };
    let reports = [check(&program, &plan(service, fairness)), check(&program, &plain)];
    let told = reports.map(|report| {
        let Some(failure) = report.failures.first() else { return word(&report).to_owned() };
        let (thread, how) = match failure.finding {
            Finding::Starved { thread } => (thread, "starved"),
            Finding::Unending { thread } => (thread, "unending"),
            _ => return word(&report).to_owned(),
        };
        assert_eq!(failure.finding.verdict(), Verdict::Liveness);
        goes_round(&program, service, fairness, failure)
            .unwrap_or_else(|why| panic!("{why}\n{text}"));
        let replayed = failure.replay(beginning(&program, service), ()).expect("it goes there");
        let list = replayed.machine.thread(thread).code();
        format!("{how}: {}", program.code(list).name)
    });
    assert_eq!(told[0], told[1], "{text}");
    told[0].clone()
}

/// Under both rules of fairness, first come first served.
fn of_both(text: &str) -> [String; 2] {
    [Fairness::Weak, Fairness::Strong].map(|fairness| of(text, Service::InOrder, fairness))
}

const PETERSON: &str = "array wants[2]
array turn[1]
atomic inside = 0
invariant inside <= 1
thread worker[2] {
    other = 1 - index
    while ROUNDS {
        wants[index] = true
        turn[0] = other
        while wants[other] and turn[0] == other { }
        increment inside
        decrement inside
        wants[index] = false
    }
}
join worker
";

#[test]
fn petersons_algorithm_lets_everyone_in_who_goes_on_asking() {
    let once = PETERSON.replace("while ROUNDS", "for i in 0..1");
    assert_eq!(of_both(&once), ["proved", "proved"]);
    // One goes round for ever, and the other still comes to its end.
    let other = once.replace("for i in 0..1 {", "i = 0\n while index == 0 or i == 0 {\n i = 1");
    assert_eq!(of_both(&other), ["proved", "proved"]);
    // Without turns both may wait for each other, looking.
    let polite = once.replace(" and turn[0] == other", "");
    assert_eq!(of_both(&polite), ["unending: worker[0]", "unending: worker[0]"]);
}

#[test]
fn who_takes_turns_is_stuck_without_the_other() {
    let text = "atomic turn = 0
thread first { while turn != 0 { } ; x = compare_and_swap(turn, 0, 1); if x { } }
thread second {
    while true {
        while turn != 1 { }
        compare_and_swap(turn, 1, 0)
    }
}
thread third { while turn != 7 { sleep 1 } }
join first
";
    assert_eq!(of_both(text), ["unending: third", "unending: third"]);
    assert_eq!(of_both(&text.replace("turn != 7", "turn == 7")), ["proved", "proved"]);
}

#[test]
fn who_tries_again_may_come_at_the_wrong_time_for_ever() {
    let text = "atomic held = 0
thread greedy {
    while true {
        while not compare_and_swap(held, 0, 1) { }
        decrement held
    }
}
thread modest {
    while not compare_and_swap(held, 0, 1) { }
    decrement held
}
join modest
";
    assert_eq!(of_both(text), ["unending: modest", "unending: modest"]);
    // While nobody is greedy, each failure is somebody's success.
    let once = text.replace("while true {", "for i in 0..2 {");
    assert_eq!(of_both(&once), ["proved", "proved"]);
}

const GREEDY: &str = "semaphore place = 1
thread greedy { while true { acquire place; release place } }
thread modest { acquire place; release place }
join modest
";

#[test]
fn who_stands_in_line_is_served_and_who_is_overtaken_starves_unless_fairness_is_strong() {
    assert_eq!(of_both(GREEDY), ["proved", "proved"]);
    assert_eq!(of(GREEDY, Service::Weak, Fairness::Weak), "starved: modest");
    assert_eq!(of(GREEDY, Service::Weak, Fairness::Strong), "proved");
    // Strong fairness is of no use where the place may be kept.
    let keeps = GREEDY.replace("acquire place;", "acquire place; while choose(2) { } ;");
    assert_eq!(of(&keeps, Service::Weak, Fairness::Strong), "starved: modest");
}

#[test]
fn readers_may_keep_a_writer_out() {
    let text = "semaphore room = 1
lock counting
global readers = 0
thread reader[2] {
    while true {
        lock counting { readers += 1; if readers == 1 { acquire room } }
        lock counting { readers -= 1; if readers == 0 { release room } }
    }
}
thread writer { acquire room; release room }
join writer
";
    assert_eq!(of_both(text), ["starved: writer", "starved: writer"]);
    // All pass through a turnstile, which the writer keeps shut.
    let fair = text.replace("lock counting\n", "lock counting\nlock turnstile\n");
    let fair = fair.replace("while true {\n", "while true {\n lock turnstile { }\n");
    let fair = fair.replace(
        "{ acquire room; release room }",
        "{ lock turnstile { acquire room }; release room }",
    );
    assert_eq!(of_both(&fair), ["proved", "proved"]);
}

#[test]
fn those_who_give_way_to_each_other_may_do_so_for_ever() {
    let text = "lock fork[2]
thread philosopher[2] {
    fed = 0
    while not fed {
        acquire fork[index]
        fed = try acquire fork[1 - index]
        if fed { release fork[1 - index] }
        release fork[index]
    }
}
join philosopher
";
    let both = of_both(text);
    assert!(both[0].starts_with("unending: philosopher"), "{both:?}");
    assert_eq!(both[0], both[1]);
}

#[test]
fn what_may_be_chosen_for_ever_is() {
    assert_eq!(of_both("while choose(2) { }"), ["unending: main", "unending: main"]);
    assert_eq!(of_both("atomic n = 0\nif choose(2) { increment n }"), ["proved", "proved"]);
}

#[test]
fn nobody_is_blamed_who_is_meant_to_wait_or_to_go_on() {
    // Who joins is as good as whom it joins.
    let endless = "semaphore s = 1\nthread w { while true { acquire s; release s } }\njoin w";
    assert_eq!(of_both(endless), ["proved", "proved"]);
    let server = "queue q\natomic n = 0\nthread w { while true { if choose(2) { increment n; decrement n } } }
thread server { receive q }\njoin w";
    assert_eq!(of_both(server), ["starved: server", "starved: server"]);
    let daemon = server.replace("thread server", "daemon thread server");
    assert_eq!(of_both(&daemon), ["proved", "proved"]);
    // Of a daemon nothing is asked: who joins it is judged itself.
    let joined = "array a[1]\ndaemon thread d { while a[0] == 0 { } }\njoin d";
    assert_eq!(of_both(joined), ["starved: main", "starved: main"]);
}

/// Who waits for so long at most gives up some time, and then goes on.
#[test]
fn who_may_give_up_does_not_wait_for_ever() {
    let text = "queue q\natomic n = 0\nthread w { while true { increment n; decrement n } }
x, got = try receive q within 5\nif got { print(\"{}\", x) }";
    assert_eq!(of_both(text), ["proved", "proved"]);
    let again = text.replace("x, got = ", "got = 0\nx = 0\nwhile not got { x, got = ") + "}";
    assert_eq!(of_both(&again), ["unending: main", "unending: main"]);
}

/// To be notified and to wait for the lock is one wait.
#[test]
fn a_condition_that_nobody_notifies_starves_and_one_that_all_notify_does_not() {
    let text =
        "lock m\ncondition c of m\nthread w { while true { lock m { } } }\nlock m { wait c }";
    assert_eq!(of_both(text), ["starved: main", "starved: main"]);
    let told = text.replace("lock m { } }", "lock m { notify c } }");
    assert_eq!(of_both(&told), ["proved", "proved"]);
    assert_eq!(of(&told, Service::Weak, Fairness::Weak), "starved: main");
    assert_eq!(of(&told, Service::Weak, Fairness::Strong), "proved");
}

#[test]
fn what_is_wrong_in_a_state_is_told_first() {
    let text = "thread w { while choose(2) { } }\nassert choose(2) == 0";
    assert_eq!(of_both(text), ["assertion", "assertion"]);
    // But for races that are allowed.
    let text = "global n = 0\nthread w { n = 1; while choose(2) { } }\nn = 2";
    let allowed = Plan { allow_races: true, ..plan(Service::InOrder, Fairness::Weak) };
    let verdicts = |plan: &Plan<'_>| {
        let report = check(&named("test.weir", text), plan);
        let verdicts = report.failures.iter().map(|it| it.finding.verdict());
        verdicts.collect::<Vec<_>>()
    };
    assert_eq!(verdicts(&allowed), [Verdict::Liveness, Verdict::Race]);
    assert_eq!(verdicts(&Plan { allow_races: false, ..allowed }), [Verdict::Race]);
}

fn stops(text: &str, plan: &Plan<'_>) -> Report {
    check(&named("test.weir", text), &Plan { liveness: Some(Fairness::Weak), ..*plan })
}

/// Safe with few states, as far as reductions go, and with many in every order of steps.
const MANY: &str = "atomic n = 0\nthread w[6] { for i in 0..6 { increment n } }";

#[test]
fn a_limit_ends_it_and_more_threads_than_there_are_bits() {
    let plan = Plan { max_states: Some(5_000), ..Plan::default() };
    let report = stops(MANY, &plan);
    assert_eq!(report.stopped, Some(Stopped::States));
    assert!(report.failures.is_empty() && report.rounds.is_some());
    let memory = Some(1 << 20);
    assert_eq!(stops(MANY, &Plan { memory, ..Plan::default() }).stopped, Some(Stopped::Memory));
    let timeout = Some(Duration::from_millis(200));
    assert_eq!(stops(MANY, &Plan { timeout, ..Plan::default() }).stopped, Some(Stopped::Timeout));
    let (cancelled, told) = (AtomicBool::new(false), AtomicBool::new(false));
    let progress = |_: &_| {
        told.store(true, std::sync::atomic::Ordering::Relaxed);
        cancelled.store(true, std::sync::atomic::Ordering::Relaxed);
    };
    let plan = Plan { cancelled: Some(&cancelled), progress: &progress, ..Plan::default() };
    assert_eq!(stops(MANY, &plan).stopped, Some(Stopped::Cancelled));
    assert!(told.into_inner());
    let crowd = "semaphore s = 0\nthread w[64] { x = 1; if x { } }\njoin w";
    assert_eq!(stops(crowd, &Plan::default()).stopped, Some(Stopped::ManyThreads));
    assert_eq!(stops(&crowd.replace("64", "3"), &Plan::default()).stopped, None);
}
