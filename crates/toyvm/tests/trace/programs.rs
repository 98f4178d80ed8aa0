//! Programs whose traces hold everything that a trace can hold, and runs of them.

use std::sync::Arc;

use toyvm::machine::{Limits, Machine, Service};
use toyvm::run::{self, Outcome, Pace, Stage};
use toyvm::scheduler::Random;
use toyvm::source::{self, Selection, Source};
use toyvm::trace::{About, Recorder, Recording};
use toyvm::{Program, trace};

/// Messages, a lock, a counter, globals, chance; more than one wait for room and for messages.
pub(crate) const MESSAGES: &str = r#"
producer = [
    ("PUSH", 3), ("STORE", "left"),
    ("RANDOM", 10), ("STORE", "item"),
    ("LOAD", "q"), ("LOAD", "item"), ("QUEUE_SEND",),
    ("PUSH", "made"), ("ATOMIC_INCREMENT",), ("POP",),
    ("CHOOSE", 3), ("SLEEP",),
    ("LOAD", "left"), ("PUSH", 1), ("SUB",), ("DUP",), ("STORE", "left"),
    ("PUSH", 1), ("SUB",), ("JUMP_IF", 2),
]
consumer = [
    ("PUSH", 2), ("STORE", "left"),
    ("CHOOSE", 3), ("SLEEP",),
    ("LOAD", "q"), ("QUEUE_RECEIVE",), ("PRINT", "took {}"), ("POP",),
    ("PUSH", "m"), ("LOCK_ACQUIRE",),
    ("LOAD", "total"), ("PUSH", 1), ("ADD",), ("GLOBAL_STORE", "total"),
    ("PUSH", "m"), ("LOCK_RELEASE",),
    ("LOAD", "left"), ("PUSH", 1), ("SUB",), ("DUP",), ("STORE", "left"),
    ("PUSH", 1), ("SUB",), ("JUMP_IF", 2),
]
start = [
    ("PUSH", 1), ("BOUNDED_QUEUE_CREATE",), ("GLOBAL_STORE", "q"),
    ("PUSH", 0), ("THREAD_CREATE", [producer, consumer]),
    ("PUSH", 0), ("THREAD_CREATE", [producer, consumer]),
    ("PUSH", 1), ("THREAD_CREATE", [producer, consumer]),
    ("PUSH", 1), ("THREAD_CREATE", [producer, consumer]),
    ("PUSH", 1), ("THREAD_CREATE", [producer, consumer]),
    ("THREAD_JOIN",), ("THREAD_JOIN",), ("THREAD_JOIN",), ("THREAD_JOIN",), ("THREAD_JOIN",),
    ("PUSH", "\"quoted\" \\ \t\u001b[31m \u2603"), ("PRINT", "a line\n{}"), ("POP",),
]
vm = ToyVM()
m = vm.create_lock("m")
made = vm.create_atomic_counter(0, "made")
vm.globals["total"] = 0
vm.create_thread(start, "main")
"#;

/// Conditions, semaphores, timed and trying forms.
pub(crate) const WAITS: &str = r#"
waiter = [
    ("PUSH", "m"), ("LOCK_ACQUIRE",),
    ("LOAD", "c"), ("WAIT",),
    ("PUSH", "m"), ("LOCK_RELEASE",),
    ("PUSH", "s"), ("SEMAPHORE_ACQUIRE",),
    ("PUSH", "s"), ("SEMAPHORE_RELEASE",),
]
hasty = [
    ("PUSH", "m"), ("LOCK_ACQUIRE",),
    ("LOAD", "c"), ("WAIT_FOR", 1), ("PRINT", "notified: {}"), ("POP",),
    ("PUSH", "m"), ("LOCK_RELEASE",),
    ("PUSH", "s"), ("SEMAPHORE_ACQUIRE_FOR", 1), ("PRINT", "had: {}"), ("JUMP_IF_FALSE", 12),
    ("PUSH", "s"), ("SEMAPHORE_RELEASE",),
    ("LOAD", "q"), ("QUEUE_RECEIVE_FOR", 2), ("POP",), ("POP",),
    ("PUSH", "m"), ("LOCK_ACQUIRE_FOR", 1), ("JUMP_IF_FALSE", 23),
    ("PUSH", "m"), ("LOCK_RELEASE",),
    ("PUSH", "m"), ("TRY_LOCK_ACQUIRE",), ("JUMP_IF_FALSE", 28),
    ("PUSH", "m"), ("LOCK_RELEASE",),
    ("LOAD", "q"), ("TRY_QUEUE_RECEIVE",),
    ("LOAD", "q"), ("PUSH", 7), ("TRY_QUEUE_SEND",),
]
start = [
    ("PUSH", "m"), ("CONDITION_CREATE",), ("GLOBAL_STORE", "c"),
    ("QUEUE_CREATE",), ("GLOBAL_STORE", "q"),
    ("PUSH", 0), ("THREAD_CREATE", [waiter, hasty]),
    ("PUSH", 0), ("THREAD_CREATE", [waiter, hasty]),
    ("PUSH", 0), ("THREAD_CREATE", [waiter, hasty]),
    ("PUSH", 1), ("THREAD_CREATE", [waiter, hasty]),
    ("PUSH", 1), ("THREAD_CREATE", [waiter, hasty]),
    ("SLEEP", 1),
    ("LOAD", "c"), ("NOTIFY",),
    ("CHOOSE", 2), ("SLEEP",),
    ("LOAD", "c"), ("NOTIFY_ALL",),
    ("SLEEP", 3),
    ("LOAD", "c"), ("NOTIFY_ALL",),
    ("THREAD_JOIN_FOR", 1), ("POP",), ("ALIVE",), ("POP",),
]
vm = ToyVM()
m = vm.create_lock("m")
s = vm.create_semaphore(1, "s")
vm.create_thread(start, "main")
"#;

/// Failures, locks of the dead, daemons, arrays, strings.
pub(crate) const DEATHS: &str = r#"
careless = [
    ("PUSH", "m"), ("LOCK_ACQUIRE",), ("SLEEP", 1), ("PUSH", 1), ("PUSH", 0), ("DIV",),
]
robust = [
    ("PUSH", "m"), ("LOCK_ACQUIRE", "robust"), ("PRINT", "abandoned: {}"), ("POP",),
    ("PUSH", "m"), ("LOCK_RELEASE",),
    ("LOAD", "a"), ("PUSH", 1), ("PUSH", "x"), ("PUSH", "y"), ("ADD",), ("ARRAY_SET",),
    ("LOAD", "a"), ("PUSH", 9), ("PUSH", 5), ("ARRAY_SET",),
]
server = [("LOAD", "q"), ("QUEUE_RECEIVE",), ("PRINT",), ("POP",), ("JUMP", 0)]
start = [
    ("ARRAY_CREATE", 3), ("GLOBAL_STORE", "a"),
    ("QUEUE_CREATE",), ("GLOBAL_STORE", "q"),
    ("PUSH", 0), ("THREAD_CREATE", [server], "daemon"), ("POP",),
    ("PUSH", 0), ("THREAD_CREATE", [careless, robust]),
    ("PUSH", 1), ("THREAD_CREATE", [careless, robust]),
    ("PUSH", 1), ("THREAD_CREATE", [careless, robust]),
    ("PUSH", "to the server"), ("LOAD", "q"), ("QUEUE_SEND",),
    ("LOAD", "q"), ("DUP",), ("QUEUE_SEND",),
    ("THREAD_JOIN",), ("THREAD_JOIN",), ("THREAD_JOIN",),
]
vm = ToyVM()
m = vm.create_lock("m")
vm.create_thread(start, "main")
"#;

/// Two locks, taken in opposite orders with sleeps between: a deadlock under every schedule.
pub(crate) const DEADLOCK: &str = r#"
left = [
    ("PUSH", "a"), ("LOCK_ACQUIRE",), ("SLEEP", 1), ("PUSH", "b"), ("LOCK_ACQUIRE",),
]
right = [
    ("PUSH", "b"), ("LOCK_ACQUIRE",), ("SLEEP", 1), ("PUSH", "a"), ("LOCK_ACQUIRE",),
]
idle = [("PUSH", "a"), ("SLEEP", 5), ("LOCK_ACQUIRE",)]
vm = ToyVM()
a = vm.create_lock("a")
b = vm.create_lock("b")
vm.create_thread(left, "left")
vm.create_thread(right, "right")
vm.create_thread(idle, "idle")
"#;

/// Something that must always hold does not; or an assertion, whichever comes first.
pub(crate) const CLAIMS: &str = r#"
raise_it = [("PUSH", 5), ("GLOBAL_STORE", "x")]
assert_it = [("LOAD", "x"), ("PUSH", 5), ("EQ",), ("ASSERT", "x is five")]
start = [
    ("INVARIANT", "x < 5"),
    ("PUSH", 0), ("THREAD_CREATE", [raise_it, assert_it]),
    ("PUSH", 1), ("THREAD_CREATE", [raise_it, assert_it]),
]
vm = ToyVM()
vm.globals["x"] = 0
vm.create_thread(start, "main")
"#;

pub(crate) const ALL: [(&str, &str); 5] = [
    ("messages", MESSAGES),
    ("waits", WAITS),
    ("deaths", DEATHS),
    ("deadlock", DEADLOCK),
    ("claims", CLAIMS),
];

pub(crate) const SERVICES: [Service; 2] = [Service::InOrder, Service::Weak];

pub(crate) fn program(text: &str) -> Arc<Program> {
    let source = Source::new("program.py", text.as_bytes().to_vec()).unwrap();
    match source::load(source, &Selection::default()) {
        Ok(loaded) => Arc::new(loaded.program),
        Err(rejected) => {
            let lines = rejected.diagnostics.iter().map(|it| it.line(&rejected.source));
            panic!("{}", lines.collect::<Vec<_>>().join("\n"))
        }
    }
}

/// A run that was recorded.
pub(crate) struct Run {
    pub(crate) trace: Vec<u8>,
    pub(crate) machine: Machine,
    pub(crate) outcome: Outcome,
}

impl Run {
    pub(crate) fn recording(&self) -> Recording {
        Recording::read(self.trace.as_slice()).unwrap()
    }

    /// The lines of the trace, parsed.
    pub(crate) fn lines(&self) -> Vec<serde_json::Value> {
        lines(&self.trace).map(|line| serde_json::from_slice(line).unwrap()).collect()
    }
}

/// The lines of a trace, with their ends.
pub(crate) fn lines(trace: &[u8]) -> impl Iterator<Item = &[u8]> {
    trace.split_inclusive(|byte| *byte == b'\n')
}

pub(crate) fn random_run(text: &str, service: Service, seed: u64) -> Run {
    let mut machine = Machine::with(program(text), service, Limits::default());
    let about = About {
        scheduler: format!("random --seed {seed}"),
        seed: Some(seed),
        max_steps: 2000,
        ..About::default()
    };
    let recorder = Recorder::new(Vec::new(), &machine, &about);
    let mut stage = Stage { choices: run::choices(seed), observer: recorder };
    let pace = Pace { max_steps: about.max_steps, realtime: false };
    let outcome = run::run(&mut machine, Random::new(seed), &mut stage, pace);
    let trace = stage.observer.finish(&machine, &outcome, outcome.status()).unwrap();
    Run { trace, machine, outcome }
}

/// Every program under both services, with some seeds.
pub(crate) fn runs() -> impl Iterator<Item = (String, Run)> {
    ALL.into_iter().flat_map(|(name, text)| {
        SERVICES.into_iter().flat_map(move |service| {
            (0..12).map(move |seed| {
                (format!("{name}, {service:?}, seed {seed}"), random_run(text, service, seed))
            })
        })
    })
}

/// Writes a recording anew.
pub(crate) fn recorded_again(recording: &Recording) -> Vec<u8> {
    let mut machine = recording.machine().unwrap();
    let (trace, _) =
        trace::record(&mut machine, recording.about(), recording.schedule(), Vec::new()).unwrap();
    trace
}
