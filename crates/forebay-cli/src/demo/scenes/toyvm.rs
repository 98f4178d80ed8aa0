//! ToyVM: programs that are run in the small machine, and explained as they run.

use std::collections::HashMap;
use std::io::{self, IsTerminal as _};
use std::sync::Arc;

use toyvm::Machine;
use toyvm::deadlock::tell_awaited;
use toyvm::machine::{Event, Status, ThreadId};
use toyvm::observer::Observer;
use toyvm::program::{NameId, Program};
use toyvm::programs::Shipped;
use toyvm::run::{self, Outcome, Pace, Stage};
use toyvm::scheduler::Random;
use toyvm::source::{self, Selection, Source};
use toyvm::value::{Kind, Value};

use super::{Count, Scene};
use crate::demo::cast::Cast;
use crate::demo::narrator::print_all;

pub(super) const SCENE: Scene = Scene {
    name: "toyvm",
    about: "a lock, a missing lock, and the bounded buffer, step by step in ToyVM",
    // Those of the programs.
    items: Count::Fixed(16),
    producers: Count::Fixed(2),
    consumers: Count::Fixed(3),
    capacity: Count::Fixed(5),
    seed: Some(7),
    source: &[
        ("crates/forebay-cli/src/demo/scenes/toyvm.rs", "the scene: an observer that explains"),
        ("crates/toyvm/programs/mutex.toy", "the first program"),
        ("crates/toyvm/programs/no_mutex.toy", "the second"),
        ("crates/toyvm/programs/producer_consumer.toy", "the third"),
        ("crates/toyvm/src/machine/execute.rs", "what each instruction does"),
    ],
    play,
    part: None,
};

/// How much of each of the first two programs is told: the beginning is enough to see it.
const TOLD: usize = 14;

fn play(cast: &Cast) {
    let seed = cast.seed;
    with_a_lock(seed);
    without_one(seed);
    bounded_buffer(seed);
    print_all([
        String::new(),
        "More: `forebay vm programs` lists what is shipped; `forebay vm step FILE` lets you decide \
         who goes on."
            .to_owned(),
    ]);
}

fn with_a_lock(seed: u64) {
    headline("mutex.toy", "two threads add 1 to a shared counter, 100 times each, under a lock");
    let (_, told) = played("mutex.toy", seed, false, |program| Updates::of(program, TOLD));
    print_all([
        told.ending(),
        "Nobody looks at the counter while somebody else has the lock.".to_owned(),
    ]);
}

fn without_one(seed: u64) {
    headline("no_mutex.toy", "the same without the lock");
    let (_, told) = played("no_mutex.toy", seed, false, |program| Updates::of(program, TOLD));
    print_all([
        told.ending(),
        "Under another schedule it is another number: `forebay demo toyvm --seed 8`.".to_owned(),
    ]);
}

fn bounded_buffer(seed: u64) {
    headline("producer_consumer.toy", "two producers, three consumers, room for five");
    let at_leisure = io::stdout().is_terminal();
    let (outcome, buffer) =
        played("producer_consumer.toy", seed, at_leisure, |_| Buffer::default());
    print_all([format!(
        "{} steps; at most {} of 5 places were taken; producers waited {} times for a place, \
         consumers {} times for an item.",
        outcome.steps, buffer.high_water, buffer.full, buffer.empty
    )]);
}

fn headline(name: &str, about: &str) {
    print_all([String::new(), format!("{name}: {about}"), String::new()]);
}

/// Runs a shipped program under one random schedule, with somebody who tells.
fn played<O: Observer>(
    name: &str,
    seed: u64,
    realtime: bool,
    observer: impl FnOnce(&Program) -> O,
) -> (Outcome, O) {
    let shipped = Shipped::named(name).expect("it is shipped");
    let source = Source::new(shipped.name, shipped.text.into()).expect("it is text");
    let loaded = source::load(source, &Selection::default());
    let program = Arc::new(loaded.expect("what is shipped can be read").program);
    let observer = observer(&program);
    let mut machine = Machine::new(program);
    let mut stage = Stage { choices: run::choices(seed), observer };
    let pace = Pace { realtime, ..Pace::default() };
    let outcome = run::run(&mut machine, Random::new(seed), &mut stage, pace);
    (outcome, stage.observer)
}

/// `   0.123 ms  thread-0   …`
fn line(machine: &Machine, thread: ThreadId, what: &str) -> String {
    let clock = machine.state().clock() as f64 / 1_000.0;
    format!("{clock:>9.3} ms  {:<9} {what}", machine.show_thread(thread))
}

/// Tells who looks at `counter`, who sets it, and whose addition is lost.
struct Updates {
    counter: Option<NameId>,
    /// Lines that are still told.
    left: usize,
    /// What each thread saw when it looked, and how often the counter had been set by then.
    seen: HashMap<ThreadId, (i64, u64)>,
    /// How often the counter was set.
    set: u64,
    last: i64,
}

impl Updates {
    fn of(program: &Program, left: usize) -> Self {
        let counter = program.name_called("counter");
        Self { counter, left, seen: HashMap::new(), set: 0, last: 0 }
    }

    fn tell(&mut self, machine: &Machine, thread: ThreadId, what: &str) {
        if self.left > 0 {
            self.left -= 1;
            let more = if self.left == 0 { "\n           and so on" } else { "" };
            print_all([line(machine, thread, what) + more]);
        }
    }

    fn value(&self, machine: &Machine) -> i64 {
        match self.counter.and_then(|name| machine.state().globals()[name.index()]) {
            Some(Value::Int(value)) => value,
            _ => 0,
        }
    }

    fn ending(&self) -> String {
        let lost = match 200 - self.last {
            0 => "none is lost".to_owned(),
            1 => "1 is lost".to_owned(),
            lost => format!("{lost} are lost"),
        };
        format!("\ncounter = {} after 200 additions: {lost}.", self.last)
    }
}

impl Observer for Updates {
    fn event(&mut self, machine: &Machine, thread: ThreadId, _: u32, event: Event) {
        match event {
            Event::Loaded(name) if Some(name) == self.counter && thread.index() > 0 => {
                let value = self.value(machine);
                self.seen.insert(thread, (value, self.set));
                self.tell(machine, thread, &format!("looks: {value}"));
            }
            Event::Stored(name) if Some(name) == self.counter && thread.index() > 0 => {
                let value = self.value(machine);
                let stale = self.seen.get(&thread).filter(|(_, set)| *set != self.set);
                let what = match stale.copied() {
                    Some((saw, _)) => {
                        format!("sets {value}, having seen {saw}: an addition in between is lost")
                    }
                    None => format!("sets {value}"),
                };
                self.set += 1;
                self.last = value;
                self.tell(machine, thread, &what);
            }
            Event::Acquired(_) => self.tell(machine, thread, "has the lock"),
            Event::Released(_) => self.tell(machine, thread, "gives the lock back"),
            Event::Waits if thread.index() > 0 => {
                let Status::Waiting(wait) = machine.thread(thread).status() else { return };
                let what = format!("waits for {}", tell_awaited(machine, thread, wait));
                self.tell(machine, thread, &what);
            }
            _ => {}
        }
    }
}

/// Tells of the bounded buffer: what is put, what is taken, who waits for what.
#[derive(Default)]
struct Buffer {
    high_water: usize,
    full: u64,
    empty: u64,
}

impl Buffer {
    /// `[###  ]`
    fn picture(machine: &Machine) -> String {
        let depth = machine.state().queues()[0].messages.len();
        format!("[{:<5}]", "#".repeat(depth))
    }
}

impl Observer for Buffer {
    fn event(&mut self, machine: &Machine, thread: ThreadId, _: u32, event: Event) {
        let what = match event {
            Event::Sent(_) => {
                let depth = machine.state().queues()[0].messages.len();
                self.high_water = self.high_water.max(depth);
                "puts an item"
            }
            Event::Received(_) => "takes an item",
            Event::Waits => {
                let Status::Waiting(wait) = machine.thread(thread).status() else { return };
                let toyvm::machine::On::Semaphore(index) = wait.on else { return };
                if machine.introduce(Kind::Semaphore, index).contains("empty_sem") {
                    self.full += 1;
                    "waits: the buffer is full"
                } else {
                    self.empty += 1;
                    "waits: the buffer is empty"
                }
            }
            _ => return,
        };
        print_all([line(machine, thread, &format!("{} {what}", Self::picture(machine)))]);
    }

    fn prints(&self) -> bool {
        true
    }

    fn print(&mut self, machine: &Machine, thread: ThreadId, said: &str) {
        let said = said.split_once("] ").map_or(said, |(_, said)| said);
        print_all([line(machine, thread, &format!("        {said}"))]);
    }
}
