//! Any bytes as a program that is run: under each scheduler and both services, watched by everyone and
//! recorded; the trace, read back and replayed, must lead to the same end.
#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use toyvm::Machine;
use toyvm::machine::{Limits, Service};
use toyvm::run::{self, Pace, Stage};
use toyvm::scheduler::Policy;
use toyvm::source::{Selection, Source, load};
use toyvm::trace::{About, Recorder, Recording};
use toyvm::verdict::Verdict;
use toyvm::watch::{Inversions, Races, Wakeups};

/// How long each run may be.
const STEPS: u64 = 1_000;

/// All schedulers, as they are usually made.
const POLICIES: [Policy; 4] = [
    Policy::RoundRobin { quantum: 1 },
    Policy::Priority,
    Policy::Random,
    Policy::Pct { depth: 3, length: STEPS },
];

fuzz_target!(|bytes: &[u8]| {
    let Ok(source) = Source::new("fuzz.toy", bytes.to_vec()) else { return };
    let Ok(loaded) = load(source, &Selection::default()) else { return };
    let program = Arc::new(loaded.program);
    for policy in POLICIES {
        for service in [Service::InOrder, Service::Weak] {
            let mut machine = Machine::with(Arc::clone(&program), service, Limits::default());
            let about = About { scheduler: policy.to_string(), seed: Some(1), ..About::default() };
            let recorder = Recorder::new(Vec::new(), &machine, &about);
            let watchers = ((Races::new(), Inversions::new()), (Wakeups::new(), recorder));
            let mut stage = Stage { choices: run::choices(1), observer: watchers };
            let pace = Pace { max_steps: STEPS, realtime: false };
            let outcome = run::run(&mut machine, policy.scheduler(1), &mut stage, pace);

            let ((races, inversions), (wakeups, recorder)) = stage.observer;
            for race in races.findings() {
                race.tell(&machine);
            }
            for inversion in inversions.findings() {
                inversion.tell(&machine);
            }
            for lost in wakeups.findings(&machine) {
                lost.tell(&machine);
            }
            let _ = Verdict::of(&machine, &outcome, false);
            let trace =
                recorder.finish(&machine, &outcome, outcome.status()).expect("it is memory");
            let recording = Recording::read(trace.as_slice()).expect("it is a trace");
            let replayed = recording.replay(()).expect("it goes on as it did");
            assert_eq!(replayed.outcome, outcome);
            assert!(replayed.machine.state() == machine.state(), "another state");
        }
    }
});
