//! A recording runs again as it ran, or says where it does not.

use toyvm::machine::{Machine, Service};
use toyvm::run::{self, Pace, Stage};
use toyvm::trace::{About, Decision, RecordError, Recording, Replay, ReplayError, record};

use crate::programs::{self, lines, random_run, recorded_again};

#[test]
fn what_is_recorded_replays_to_the_same_bytes() {
    let mut choices = 0;
    for (name, run) in programs::runs() {
        let recording = run.recording();
        choices += recording.schedule().iter().filter(|it| it.chosen.is_some()).count();
        let again = recorded_again(&recording);
        for (was, is) in lines(&run.trace).zip(lines(&again)) {
            let (was, is) = (String::from_utf8_lossy(was), String::from_utf8_lossy(is));
            assert_eq!(was, is, "{name}");
        }
        assert_eq!(run.trace.len(), again.len(), "{name}");
        let replayed = recording.replay(()).unwrap();
        assert_eq!(replayed.outcome, run.outcome, "{name}");
        assert_eq!(replayed.machine.state(), run.machine.state(), "{name}");
    }
    assert!(choices > 400, "hardly anything is chosen");
}

#[test]
fn under_weak_service_whom_notify_wakes_is_recorded() {
    let notified = (0..20).any(|seed| {
        let run = random_run(programs::WAITS, Service::Weak, seed);
        run.lines().iter().any(|line| line["do"] == "NOTIFY" && line["chose"] == 2)
    });
    assert!(notified, "nobody but the first is ever woken");
}

#[test]
fn a_number_that_would_find_no_room_on_the_stack_is_not_asked_for() {
    let limits = toyvm::machine::Limits { stack: 2, ..toyvm::machine::Limits::default() };
    let program = programs::program("main = [('CHOOSE', 3), ('CHOOSE', 3), ('CHOOSE', 3)]");
    let mut machine = Machine::with(program.clone(), Service::InOrder, limits);
    let schedule: Vec<Decision> = [Some(0), Some(1), None]
        .map(|chosen| Decision { thread: 0, chosen, pc: None, dies: false })
        .to_vec();
    let about = About::default();
    let (trace, outcome) = record(&mut machine, &about, &schedule, Vec::new()).unwrap();
    assert_eq!(outcome.failed.len(), 1);
    assert_eq!(Recording::read(trace.as_slice()).unwrap().schedule()[2].chosen, None);
}

#[test]
fn who_was_killed_is_killed_again() {
    let text = "worker = [('PUSH', 0), ('SEMAPHORE_CREATE',), ('SEMAPHORE_ACQUIRE',)]\n\
                main = [('PUSH', 0), ('THREAD_CREATE', [worker]), ('THREAD_JOIN',), ('NOP',)]";
    let program = programs::program(text);
    let mut machine = Machine::new(program);
    let step = |thread| Decision { thread, chosen: None, pc: None, dies: false };
    let dies = Decision { dies: true, ..step(1) };
    let schedule = [step(0), step(0), step(1), step(1), step(1), dies, step(0), step(0)];
    let about = About::default();
    let (trace, outcome) = record(&mut machine, &about, &schedule, Vec::new()).unwrap();
    assert_eq!(outcome.end, run::End::Finished);
    let recording = Recording::read(trace.as_slice()).unwrap();
    assert!(recording.schedule()[5].dies);
    assert_eq!(recorded_again(&recording), trace);
    let line = lines(&trace).nth(6).map(String::from_utf8_lossy).unwrap();
    assert!(
        line.contains("\"pc\":2,\"dies\":true,\"threads\":[{\"thread\":1,\"is\":\"killed\""),
        "{line}"
    );
    let twice = [&schedule[..6], &[dies]].concat();
    let mut machine = Machine::new(programs::program(text));
    let error = record(&mut machine, &about, &twice, Vec::new()).unwrap_err();
    assert!(error.to_string().contains("step 7: thread-0 cannot step, it is killed"), "{error}");
}

#[test]
fn a_part_of_it_replays_too() {
    let run = random_run(programs::MESSAGES, Service::InOrder, 1);
    let recording = run.recording();
    let replayed = recording.replay_steps(10, ()).unwrap();
    assert_eq!(replayed.outcome.steps, 10);
    assert_eq!(replayed.outcome.end, run::End::OutOfSteps);
    let all = recording.replay_steps(usize::MAX, ()).unwrap();
    assert_eq!(all.outcome, run.outcome);
}

#[test]
fn a_play_by_hand_becomes_a_trace() {
    let mut machine = Machine::new(programs::program(programs::DEADLOCK));
    let threads: Vec<_> = machine.state().thread_ids().collect();
    let schedule = [threads[1], threads[1], threads[0]].map(Decision::of);
    let about = About::default();
    let (trace, outcome) = record(&mut machine, &about, &schedule, Vec::new()).unwrap();
    assert_eq!(outcome.steps, 3);
    let recording = Recording::read(trace.as_slice()).unwrap();
    assert_eq!(recording.end(), Some("out of steps"));
    assert_eq!(recording.about().scheduler, "by hand");
    let stepped: Vec<u32> = recording.schedule().iter().map(|it| it.thread).collect();
    assert_eq!(stepped, [1, 1, 0]);
    assert_eq!(recording.replay(()).unwrap().machine.state(), machine.state());
}

fn how(text: &str, schedule: &[Decision]) -> (u64, String) {
    let mut machine = Machine::new(programs::program(text));
    match record(&mut machine, &About::default(), schedule, Vec::new()) {
        Err(RecordError::Diverged(divergence)) => (divergence.step, divergence.how),
        Err(error) => panic!("{error}"),
        Ok((_, outcome)) => panic!("it goes on: {outcome:?}"),
    }
}

fn steps(threads: &[u32]) -> Vec<Decision> {
    threads
        .iter()
        .map(|thread| Decision { thread: *thread, chosen: None, pc: None, dies: false })
        .collect()
}

#[test]
fn what_cannot_be_is_an_error_and_says_where() {
    let choose = "main = [('CHOOSE', 3), ('NOP',)]";
    let one = |chosen, pc| Decision { thread: 0, chosen, pc, dies: false };
    assert_eq!(how(choose, &steps(&[7])), (1, "there is no thread 7".to_owned()));
    assert_eq!(
        how(programs::DEADLOCK, &steps(&[0, 0, 0, 0])),
        (4, "left cannot step, it is sleeping".to_owned())
    );
    assert_eq!(
        how(choose, &[one(Some(3), None)]),
        (1, "3 was chosen where only 0 to 2 can".to_owned())
    );
    assert_eq!(
        how(choose, &[one(None, None), one(None, None)]),
        (1, "a number is to be chosen, and none was".to_owned())
    );
    assert_eq!(
        how(choose, &[one(Some(2), None), one(Some(1), None)]),
        (2, "nobody asks for the number 1 that was chosen".to_owned())
    );
    assert_eq!(
        how(choose, &[one(Some(2), Some(0)), one(None, Some(0))]),
        (2, "main is at 1, not at 0".to_owned())
    );
    assert_eq!(
        how(choose, &[one(Some(2), None), one(None, None), one(None, None)]),
        (3, "the run is over (finished)".to_owned())
    );
}

#[test]
fn another_end_is_a_divergence() {
    let run = random_run(programs::DEADLOCK, Service::InOrder, 0);
    let trace = String::from_utf8(run.trace).unwrap().replace("\"deadlock\"", "\"finished\"");
    let recording = Recording::read(trace.as_bytes()).unwrap();
    let Err(ReplayError::Diverged(divergence)) = recording.replay(()) else { panic!("no") };
    assert_eq!(divergence.how, "the run ends with `deadlock`, not with `finished`");
}

#[test]
fn a_run_that_goes_on_past_its_schedule_says_so() {
    let replay = Replay::new(&[]);
    let mut machine = Machine::new(programs::program("main = [('NOP',)]"));
    let mut stage = Stage { choices: &replay, observer: () };
    let outcome = run::run(&mut machine, &replay, &mut stage, Pace::default());
    let divergence = replay.check(&outcome).unwrap_err();
    assert_eq!((divergence.step, divergence.how.as_str()), (1, "there are no more steps"));
}
