//! The same after each instruction: a child is stepped through its operation, and killed.

use std::time::{Duration, Instant};

use fastrand::Rng;
use nix::sys::ptrace;
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;

use crate::Orders;
use crate::child::{Ended, Process};
use crate::operation::Operation;
use crate::watchdog;

/// How long the short slice goes on.
const SLICE: Duration = Duration::from_secs(8);

/// The operations, and for the recovery, that from which it is.
const STEPPED: [(&str, Option<&str>); 5] = [
    ("put", None),
    ("lease", None),
    ("ack", None),
    ("ack-and-lease", None),
    ("look", Some("lease")),
];

/// What a stepped child came to.
#[derive(Debug, PartialEq, Eq)]
enum Stepped {
    /// It is still at it.
    Begun,
    /// It was done after so many instructions.
    Done(u64),
}

struct Tracee {
    process: Process,
    pid: Pid,
    steps: u64,
}

impl Tracee {
    /// A child at the beginning of its operation.
    fn start(operation: &Operation, scene: &crate::scene::Scene) -> Self {
        let process = operation.start(&scene.path, "stepped");
        let pid = Pid::from_raw(process.pid().as_raw_nonzero().get());
        match waitpid(pid, None) {
            Ok(WaitStatus::Stopped(_, Signal::SIGSTOP)) => {}
            other => panic!("{}: {other:?}", operation.name),
        }
        ptrace::setoptions(pid, ptrace::Options::PTRACE_O_EXITKILL).expect("it is ours");
        Self { process, pid, steps: 0 }
    }

    fn step(&mut self, steps: u64) -> Stepped {
        for _ in 0..steps {
            ptrace::step(self.pid, None).expect("it is ours");
            match waitpid(self.pid, None).expect("it is ours") {
                WaitStatus::Stopped(_, Signal::SIGTRAP) => self.steps += 1,
                WaitStatus::Stopped(_, Signal::SIGSTOP) => return Stepped::Done(self.steps),
                other => panic!("after {} instructions: {other:?}", self.steps),
            }
        }
        Stepped::Begun
    }

    fn kill(self) {
        assert_eq!(self.process.kill(), Ended::Killed);
    }
}

/// How many instructions the operation has.
fn measure(operation: &Operation, before: Option<&str>) -> u64 {
    let scene = operation.scene();
    let mut tracee = Tracee::start(operation, &scene);
    prepare(before, &scene);
    let stepped = tracee.step(u64::MAX);
    tracee.kill();
    let Stepped::Done(steps) = stepped else { panic!("it never ends") };
    steps
}

/// Leaves the lock with one who is dead, killed in the middle of this.
///
/// The one who will be stepped has joined by then, so that its steps are those of the recovery.
fn prepare(before: Option<&str>, scene: &crate::scene::Scene) {
    let Some(name) = before else { return };
    let mut tracee = Tracee::start(Operation::named(name), scene);
    watchdog::step("somebody dies with the lock");
    // Where it holds the lock: statistics are read without it, and say whether a turn is on its way.
    while scene.buffer.statistics().leased < 2 {
        assert_eq!(tracee.step(1), Stepped::Begun, "the lease was never counted");
    }
    tracee.kill();
}

pub(crate) fn killed_at_every_instruction(orders: &Orders) {
    let mut rng = Rng::with_seed(orders.seed);
    let begin = Instant::now();
    let limit = orders.time.unwrap_or(SLICE);
    let mut cases = Vec::new();
    for (name, before) in STEPPED {
        watchdog::step(name);
        let operation = Operation::named(name);
        let steps = measure(operation, before);
        println!("  {name}: {steps} instructions");
        cases.extend((0..steps).map(|step| (operation, before, step)));
    }
    rng.shuffle(&mut cases);
    let all = cases.len();
    let mut done = 0;
    for (operation, before, step) in cases {
        if begin.elapsed() > limit {
            break;
        }
        let what = format!("{}, killed after instruction {step}", operation.name);
        watchdog::step(&what);
        let mut scene = operation.scene();
        let mut tracee = Tracee::start(operation, &scene);
        prepare(before, &scene);
        // Calls to the system, and so their ways, differ a little from run to run.
        let _ = tracee.step(step);
        tracee.kill();
        let looked = scene.look(1).and_then(|picture| {
            let pictures = before.map_or(operation, Operation::named);
            pictures.find(&picture, 0)?;
            scene.use_up(false)
        });
        if let Err(error) = looked {
            panic!("{what}: {error}");
        }
        done += 1;
    }
    println!("  {done} of {all} deaths");
}
