//! The same after each instruction: a child is stepped through its operation.
//!
//! What is left after a death is the file, and nobody who lives. So in one pass over all instructions each state of the
//! file is copied, and looked at as what everybody left who died there. In a second one children are killed for good, after
//! instructions drawn by chance, beside one who survives.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use fastrand::Rng;
use forebay_processes::{Buffer, Inspection, Raw};
use nix::sys::ptrace;
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;

use crate::Orders;
use crate::child::{Ended, Process};
use crate::operation::{OPERATIONS, Operation};
use crate::scene::{Scene, longest};
use crate::{picture, watchdog};

/// How long the short slice goes on.
const SLICE: Duration = Duration::from_secs(6);

/// The operations that come first: for the last, somebody died with the lock in the middle of the other.
const FIRST: [(&str, Option<&str>); 5] = [
    ("put", None),
    ("lease", None),
    ("ack", None),
    ("look", Some("lease")),
    ("look", Some("reject")),
];

/// What a stepped child came to.
#[derive(Debug, PartialEq, Eq)]
enum Stepped {
    /// It is still at it.
    Begun,
    /// It was done.
    Done,
}

struct Tracee {
    process: Process,
    pid: Pid,
}

impl Tracee {
    /// A child at the beginning of its operation.
    fn start(operation: &Operation, scene: &Scene) -> Self {
        let process = operation.start(&scene.path, "stepped");
        let pid = Pid::from_raw(process.pid().as_raw_nonzero().get());
        match waitpid(pid, None) {
            Ok(WaitStatus::Stopped(_, Signal::SIGSTOP)) => {}
            other => panic!("{}: {other:?}", operation.name),
        }
        ptrace::setoptions(pid, ptrace::Options::PTRACE_O_EXITKILL).expect("it is ours");
        Self { process, pid }
    }

    fn step(&mut self) -> Stepped {
        ptrace::step(self.pid, None).expect("it is ours");
        match waitpid(self.pid, None).expect("it is ours") {
            WaitStatus::Stopped(_, Signal::SIGTRAP) => Stepped::Begun,
            WaitStatus::Stopped(_, Signal::SIGSTOP) => Stepped::Done,
            other => panic!("stepped: {other:?}"),
        }
    }

    fn kill(self) {
        assert_eq!(self.process.kill(), Ended::Killed);
    }
}

/// One operation to be stepped through, and in the middle of what somebody died with the lock before it.
#[derive(Clone, Copy)]
struct Case {
    operation: &'static Operation,
    before: Option<&'static Operation>,
}

impl Case {
    fn all() -> Vec<Self> {
        let first = FIRST.iter().map(|(name, before)| Self {
            operation: Operation::named(name),
            before: before.map(Operation::named),
        });
        let rest = OPERATIONS.iter().filter(|operation| {
            let is_alone = operation.meanwhile.is_none() && !operation.name.ends_with("-waits");
            is_alone && FIRST.iter().all(|(name, _)| *name != operation.name)
        });
        first.chain(rest.map(|operation| Self { operation, before: None })).collect()
    }

    fn name(self) -> String {
        match self.before {
            None => self.operation.name.to_owned(),
            Some(before) => format!("{} after a death in {}", self.operation.name, before.name),
        }
    }

    /// The buffer, and the child before its first step.
    ///
    /// It has joined by the time that somebody dies with the lock, so that its steps are those of the recovery.
    fn start(self) -> (Scene, Tracee) {
        let Some(before) = self.before else {
            let scene = self.operation.scene();
            let tracee = Tracee::start(self.operation, &scene);
            return (scene, tracee);
        };
        let scene = before.scene();
        let tracee = Tracee::start(self.operation, &scene);
        let mut dying = Tracee::start(before, &scene);
        let inspection = Inspection::open(&scene.path).expect("anybody may look");
        // Where an item's step is made, a turn is on its way; one who looks needs no lock for it.
        let leased = || inspection.leases().len();
        let at_first = leased();
        while leased() == at_first {
            assert_eq!(dying.step(), Stepped::Begun, "{} changed no lease", before.name);
        }
        dying.kill();
        (scene, tracee)
    }

    fn find(self, picture: &str) -> Result<(), String> {
        self.before.unwrap_or(self.operation).find(picture, 0).map(drop)
    }
}

pub(crate) fn killed_at_every_instruction(orders: &Orders) {
    let mut rng = Rng::with_seed(orders.seed);
    let begin = Instant::now();
    let limit = orders.time.unwrap_or(SLICE);
    let mut cases = Case::all();
    if orders.time.is_none() {
        // There is time for some of the first, unoptimized as they are: for others each time.
        rng.shuffle(&mut cases[..FIRST.len()]);
    }
    let (mut steps, mut states, mut whole) = (0, 0, 0);
    let mut done = Vec::new();
    for case in &cases {
        // A quarter of the time is for those who are killed.
        let (seen, some, is_whole) = look_at_each_state(*case, begin + limit * 3 / 4);
        steps += seen;
        states += some;
        whole += u32::from(is_whole);
        done.push((*case, seen));
        if begin.elapsed() > limit * 3 / 4 {
            break;
        }
    }
    let all = cases.len();
    println!("  {steps} instructions, {states} states of the file; {whole} of {all} operations");
    let mut kills = 0;
    while begin.elapsed() < limit {
        let (case, steps) = done[rng.usize(..done.len())];
        // Before the first too: time may have been up by then.
        kill_after(case, rng.u64(..=steps));
        kills += 1;
    }
    println!("  {kills} of those instructions with a death");
}

/// Steps through the operation, and looks at each state of the file, until this moment. How many instructions and
/// states there were, and whether these were all.
fn look_at_each_state(case: Case, until: Instant) -> (u64, u64, bool) {
    watchdog::step(&case.name());
    let (scene, mut tracee) = case.start();
    let file = File::open(&scene.path).expect("it is there");
    let len = file.metadata().expect("it is there").len() as usize;
    let (mut before, mut now) = (Vec::new(), vec![0; len]);
    let (mut steps, mut states) = (0, 0);
    let is_whole = loop {
        file.read_exact_at(&mut now, 0).expect("it can be read");
        if now != before {
            let what = format!("{}, after instruction {steps}", case.name());
            watchdog::step(&what);
            if let Err(error) = look_at_copy(&scene.path, &now, case) {
                panic!("{what}: {error}");
            }
            before.clone_from(&now);
            states += 1;
        }
        if Instant::now() > until {
            break false;
        }
        if tracee.step() == Stepped::Done {
            break true;
        }
        steps += 1;
    };
    tracee.kill();
    (steps, states, is_whole)
}

/// Looks at the file as it was when everybody died at once.
fn look_at_copy(path: &Path, bytes: &[u8], case: Case) -> Result<(), String> {
    let copy = path.with_extension("copy");
    std::fs::write(&copy, bytes).map_err(|error| error.to_string())?;
    let buffer = Buffer::open(&copy).map_err(|error| error.to_string())?;
    let fault = |fault: forebay_processes::Fault| fault.to_string();
    let consumer = buffer.consumer(Raw).map_err(fault)?;
    let findings = buffer.verify().map_err(fault)?;
    let others = buffer.participants().len();
    if !findings.is_sound() || others != 1 {
        return Err(format!("{others} others, {findings:?}"));
    }
    let seen = picture::empty(&buffer, &consumer)?;
    // What the survivor of other tests holds, it holds no more.
    let expected = seen.replace(" a+1!delivered", "");
    let expected = expected.strip_prefix("a+1").map_or(&*expected, str::trim_start);
    let is_told = [case.find(expected), case.find(&seen)];
    if is_told.iter().all(Result::is_err) {
        return is_told.into_iter().next().unwrap_or(Ok(()));
    }
    if !seen.ends_with("closed") {
        picture::fill_and_drain(&buffer, &consumer, longest(buffer.settings()))?;
    }
    let findings = buffer.verify().map_err(fault)?;
    if findings.is_sound() { Ok(()) } else { Err(format!("at the end: {findings:?}")) }
}

/// Kills a child after so many instructions, and has the survivor look.
fn kill_after(case: Case, steps: u64) {
    let what = format!("{}, killed after instruction {steps}", case.name());
    watchdog::step(&what);
    let (mut scene, mut tracee) = case.start();
    for _ in 0..steps {
        // Calls to the system, and so their ways, differ a little from run to run.
        if tracee.step() == Stepped::Done {
            break;
        }
    }
    tracee.kill();
    let looked = scene.look(1).and_then(|picture| {
        case.find(&picture)?;
        scene.use_up(picture.ends_with("closed"))
    });
    if let Err(error) = looked {
        panic!("{what}: {error}");
    }
}
