//! The play itself.

use std::fs;
use std::io::BufReader;

use toyvm::chance::Chance;
use toyvm::machine::{Choice, State, ThreadId};
use toyvm::run::{self, Pace, Stage};
use toyvm::scheduler::Policy;
use toyvm::trace::Recording;

use super::super::play::{Made, Play};
use super::super::save::{Unsaved, save};
use super::{PROGRAMS, play, play_of, play_text, program};

/// All of a play that has to be the same whenever one stands at the same step.
#[derive(Debug, Clone, PartialEq)]
struct Seen {
    state: State,
    printed: Vec<(usize, String)>,
    findings: Vec<Vec<String>>,
    rows: Vec<super::super::lanes::Row>,
    advice: Option<ThreadId>,
    end: Option<toyvm::run::End>,
    last: Option<ThreadId>,
}

fn seen(play: &Play) -> Seen {
    Seen {
        state: play.machine().state().clone(),
        printed: play.log().printed().to_vec(),
        findings: play.log().findings().iter().map(|found| found.lines.clone()).collect(),
        rows: play.lanes().rows().cloned().collect(),
        advice: play.advice(),
        end: play.end().cloned(),
        last: play.last(),
    }
}

/// Plays anyone, by chance, so many steps or until the run is over.
fn play_anyone(play: &mut Play, chance: &mut Chance, steps: usize) {
    for _ in 0..steps {
        let ready = play.machine().state().ready();
        if play.end().is_some() {
            break;
        }
        let thread = ready.nth(chance.below(ready.len() as u64) as usize).expect("somebody");
        play.step(thread, None).expect("it is ready");
    }
}

#[test]
fn a_step_back_and_forward_again_changes_nothing() {
    for name in PROGRAMS {
        let (mut play, mut chance) = (play(name, ""), Chance::new(7, 99));
        let mut all = vec![seen(&play)];
        for _ in 0..60 {
            play_anyone(&mut play, &mut chance, 1);
            if play.at() == all.len() {
                all.push(seen(&play));
            }
        }
        let steps = play.len();
        assert_eq!(all.len(), steps + 1, "{name}");
        for at in (0..steps).rev() {
            assert!(play.back());
            assert_eq!(seen(&play), all[at], "{name}, back at {at}");
        }
        assert!(!play.back());
        for (at, then) in all.iter().enumerate().skip(1) {
            assert!(play.forward());
            assert_eq!(&seen(&play), then, "{name}, forward at {at}");
        }
        assert!(!play.forward());
        assert_eq!(play.len(), steps, "{name}");
    }
}

#[test]
fn long_plays_come_back_to_any_step() {
    let (mut play, mut chance) = (play("producer_consumer.toy", "--weak"), Chance::new(3, 99));
    let mut now = vec![];
    while play.at() < 5_000 && play.end().is_none() {
        play_anyone(&mut play, &mut chance, 1);
        now.push((play.machine().state().clone(), play.log().printed().len()));
    }
    let length = play.at();
    assert!(length > 200, "{length} steps are not long");
    for _ in 0..200 {
        let to = 1 + chance.below(length as u64) as usize;
        play.go_back(to);
        while play.at() < to {
            assert!(play.forward());
        }
        let (state, printed) = &now[to - 1];
        assert_eq!(play.machine().state(), state, "step {to}");
        assert_eq!(play.log().printed().len(), *printed, "step {to}");
    }
    assert_eq!(play.len(), length);
}

/// An endless program: as long as anyone likes.
const ENDLESS: &str = "
worker = [('LABEL', 'a'), ('LOAD', 'n'), ('RANDOM', 10), ('ADD',), ('GLOBAL_STORE', 'n'), ('JUMP', 'a')]
main = [('PUSH', 0), ('GLOBAL_STORE', 'n'), ('PUSH', 0), ('THREAD_CREATE', [worker]),
        ('LABEL', 'b'), ('SLEEP', 1), ('LOAD', 'n'), ('PRINT',), ('POP',), ('JUMP', 'b')]
";

#[test]
fn endless_plays_too() {
    let (_folder, mut play) = play_text(ENDLESS, "--scheduler random");
    let mut now = vec![seen(&play)];
    for step in 1..=8_000 {
        play.next().expect("it is endless");
        if step % 400 == 0 {
            now.push(seen(&play));
        }
    }
    for at in [19, 3, 20, 1, 0, 7, 18] {
        play.go_back(at * 400);
        while play.at() < at * 400 {
            assert!(play.forward());
        }
        assert_eq!(seen(&play), now[at], "{at}");
    }
}

#[test]
fn the_scheduler_plays_as_it_runs() {
    for (name, policy) in [
        ("producer_consumer.toy", "random --seed 5"),
        ("philosophers.toy", "pct --seed 9"),
        ("readers_writers.toy", "round-robin --quantum 3"),
        ("producer_consumer.py", "priority"),
        ("philosophers_deadlock.toy", "round-robin"),
    ] {
        let mut play = play(name, &format!("--scheduler {policy}"));
        // To go back on the way makes no difference.
        for step in 0.. {
            if step % 7 == 3 {
                play.go_back(play.at().saturating_sub(3));
            }
            if !play.forward() && play.next().is_err() {
                break;
            }
        }
        let opening = play.opening();
        let mut machine = opening.machine();
        let mut stage = Stage { choices: run::choices(opening.seed), observer: () };
        let scheduler = opening.policy.scheduler(opening.seed);
        let outcome = run::run(&mut machine, scheduler, &mut stage, Pace::default());
        assert_eq!(play.at() as u64, outcome.steps, "{name}");
        assert_eq!(play.end(), Some(&outcome.end), "{name}");
        assert_eq!(play.machine().state(), machine.state(), "{name}");
    }
}

#[test]
fn another_step_begins_a_branch_and_the_same_does_not() {
    let mut play = play("philosophers_deadlock.toy", "");
    for _ in 0..12 {
        play.next().expect("it goes on");
    }
    assert!(play.next().is_err(), "they are dead");
    play.go_back(5);
    assert_eq!(play.upcoming(), play.machine().state().thread_at(2));
    let [plato, arendt] = [0, 2].map(|at| play.machine().state().thread_at(at).expect("there"));
    assert_eq!(play.step(arendt, None), Ok(Made { thread: arendt, dropped: 0 }));
    assert_eq!((play.at(), play.len(), play.is_unsaved()), (6, 12, false));
    play.back();
    assert_eq!(play.step(plato, None), Ok(Made { thread: plato, dropped: 7 }));
    assert_eq!((play.at(), play.len(), play.is_unsaved()), (6, 6, true));
    assert_eq!(play.upcoming(), None);
}

#[test]
fn a_branch_has_nothing_of_what_was_dropped() {
    // Nobody sleeps, so that somebody else can be chosen.
    let awake = ENDLESS.replace("'SLEEP', 1", "'SLEEP', 0");
    let (_folder, mut play) = play_text(&awake, "--scheduler random");
    for _ in 0..300 {
        play.next().expect("it is endless");
    }
    play.go_back(40);
    let mut chance = Chance::new(5, 99);
    let mut states = Vec::new();
    for _ in 0..200 {
        play_anyone(&mut play, &mut chance, 1);
        states.push(play.machine().state().clone());
    }
    assert_eq!(play.len(), 240);
    for to in [239, 48, 41, 160, 97] {
        play.go_back(to);
        while play.at() < to {
            play.forward();
        }
        assert_eq!(play.machine().state(), &states[to - 41], "step {to}");
    }
}

#[test]
fn who_cannot_step_is_not_stepped_and_says_why() {
    let mut play = play("philosophers_deadlock.toy", "");
    let plato = play.machine().state().thread_at(0).expect("there");
    while play.end().is_none() {
        play.next().expect("it goes on");
    }
    assert_eq!(play.step(plato, None), Err("the run is over: deadlock".to_owned()));
    play.back();
    let why = play.step(plato, None).expect_err("it waits");
    assert_eq!(why, "Plato cannot step: it waits for lock fork 1, which Kant holds");
    assert_eq!((play.at(), play.len()), (11, 12));
}

#[test]
fn numbers_are_chosen_by_hand_or_by_chance() {
    let text = "main = [('CHOOSE', 3), ('PUSH', 9), ('RANDOM',), ('ADD',), ('PRINT',)]";
    let (_folder, mut play) = play_text(text, "");
    let main = play.machine().state().thread_at(0).expect("there");
    assert_eq!(play.asks(main), Some((Choice::Schedule, 3)));
    play.step(main, Some(2)).expect("it goes on");
    assert_eq!(play.asks(main), None);
    play.step(main, None).expect("it goes on");
    assert_eq!(play.asks(main), Some((Choice::Chance, 9)));
    play.step(main, Some(7)).expect("it goes on");
    play.next().expect("it goes on");
    play.next().expect("it goes on");
    assert_eq!(play.log().printed(), [(5, "[main] 9".to_owned())]);
    // The same again is no branch; another number is one.
    play.go_back(0);
    assert_eq!(play.step(main, Some(2)).expect("it goes on").dropped, 0);
    play.back();
    assert_eq!(play.step(main, Some(1)).expect("it goes on").dropped, 5);
    // By chance it is what `vm run` would draw.
    play.go_back(0);
    play.step(main, None).expect("it goes on");
    let drawn = run::choices(0).below(3);
    assert_eq!(play.turns()[0].chosen, Some(drawn));
}

#[test]
fn time_passes_when_nobody_else_is_ready() {
    let text = "
sleeper = [('SLEEP', 20), ('PRINT', 'awake')]
main = [('PUSH', 0), ('THREAD_CREATE', [sleeper]), ('SLEEP', 10), ('THREAD_JOIN',)]";
    let (_folder, mut play) = play_text(text, "");
    let [main, sleeper] = [0, 1].map(|at| {
        while play.machine().state().thread_at(at).is_none() {
            play.next().expect("it goes on");
        }
        play.machine().state().thread_at(at).expect("there")
    });
    play.step(sleeper, None).expect("it goes on");
    let why = play.step(sleeper, None).expect_err("it sleeps");
    assert!(why.contains("sleeps until 20.003 ms"), "{why}");
    play.step(main, None).expect("it goes on");
    // Both sleep: the clock jumps to the first who wakes.
    assert_eq!(play.machine().state().clock(), 10_004);
    assert_eq!(play.advice(), Some(main));
    let last = super::super::wording::last_step(&play);
    assert!(last.ends_with("then time passes: main goes on"), "{last}");
}

#[test]
fn what_is_found_is_gone_when_one_goes_back() {
    let mut play = play("lost_wakeup.toy", "");
    while play.next().is_ok() {}
    let told = |play: &Play| {
        let findings = play.log().findings().iter();
        findings.map(|found| found.lines[0].clone()).collect::<Vec<_>>()
    };
    assert_eq!(told(&play).len(), 2);
    assert!(told(&play)[0].starts_with("deadlock"), "{:?}", told(&play));
    assert!(told(&play)[1].starts_with("lost wakeup"), "{:?}", told(&play));
    play.back();
    assert!(told(&play).is_empty());
    play.forward();
    assert_eq!(told(&play).len(), 2);
}

#[test]
fn a_saved_play_is_read_and_replayed() {
    for name in PROGRAMS {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("play.trace");
        let (mut play, mut chance) = (play(name, "--seed 4"), Chance::new(11, 99));
        play_anyone(&mut play, &mut chance, 300);
        // All is saved, wherever one stands.
        let (state, length) = (play.machine().state().clone(), play.len());
        play.go_back(length / 2);
        save(&mut play, &path, false).expect("saved");
        assert!(!play.is_unsaved());

        let file = fs::File::open(&path).expect("there");
        let recording = Recording::read(BufReader::new(file)).expect("a trace");
        assert_eq!(recording.schedule(), play.turns(), "{name}");
        assert_eq!(recording.about().scheduler, "by hand");
        let replayed = recording.replay(()).expect("it replays");
        assert_eq!(replayed.machine.state(), &state, "{name}");

        let mut again = play_of(&path, "");
        assert_eq!((again.at(), again.len()), (0, length), "{name}");
        while again.forward() {}
        assert_eq!(again.machine().state(), &state, "{name}");
    }
}

#[test]
fn nothing_is_written_over_unasked() {
    let (folder, mut play) = play_text("main = [('NOP',), ('NOP',)]", "");
    let main = play.machine().state().thread_at(0).expect("there");
    play.step(main, None).expect("it goes on");
    let (path, source) = (folder.path().join("a.trace"), folder.path().join("program.toy"));
    save(&mut play, &path, false).expect("saved");
    let first = fs::read(&path).expect("there");
    play.step(main, None).expect("it goes on");
    assert!(matches!(save(&mut play, &path, false), Err(Unsaved::Exists)));
    assert!(play.is_unsaved());
    assert_eq!(fs::read(&path).expect("there"), first);
    save(&mut play, &path, true).expect("saved");
    assert_ne!(fs::read(&path).expect("there"), first);
    // A program is no old trace, whatever one answers.
    let text = fs::read(&source).expect("there");
    let refused = save(&mut play, &source, true);
    assert!(matches!(&refused, Err(Unsaved::Failed(why)) if why.contains("is no trace")));
    assert_eq!(fs::read(&source).expect("there"), text);
}

#[test]
fn a_trace_says_by_which_scheduler_it_goes_on() {
    let recorded = play(PROGRAMS[10], "--scheduler random --seed 3");
    assert_eq!(recorded.opening().policy, Policy::Random);
    assert!(!super::super::super::recording::is_trace(&program(PROGRAMS[10])));
    assert!(!super::super::super::recording::is_trace(&program("no such file")));
}
