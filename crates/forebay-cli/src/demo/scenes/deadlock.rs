//! Two workers who each have what the other needs: E. G. Coffman, M. J. Elphick and A. Shoshani, *System
//! Deadlocks*, 1971.
//!
//! Every job needs the scanner and the printer. One worker takes the scanner first, the other the
//! printer. Once each has its first, each waits for what the other does not give back before it has
//! both: a circle. First it is shown really stuck, then two ways out, each of which takes away one of
//! the four conditions of the paper. With a timeout nobody holds one thing for ever while it waits for
//! another. And where all take things in the same order, there is no circle to be had: whoever has the
//! last in the order waits for nothing. A circle needs no second worker, either: see `self_feeding`.

use std::fmt;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use forebay::{Consumer, Discipline, Lease, Patience, Semaphore, Units};

use super::{Count, Scene, self_feeding};
use crate::demo::cast::{Actor, Cast};
use crate::demo::chance::Chance;
use crate::demo::narrated::{self, Telling};
use crate::demo::narrator::{self, Narrator, counted, print_all, shown};

pub(super) const SCENE: Scene = Scene {
    name: "deadlock",
    about: "workers wait for each other, or for themselves: the circle, and the ways out",
    items: Count::Within { least: 2, usual: 16, most: u64::MAX },
    producers: Count::Fixed(1),
    consumers: Count::Fixed(2),
    capacity: Count::Usual(20),
    seed: None,
    source: &[
        ("crates/forebay-cli/src/demo/scenes/deadlock.rs", "the scene"),
        ("crates/forebay-cli/src/demo/scenes/self_feeding.rs", "its last part, the circle of one"),
        (
            "crates/forebay-threads/src/semaphore/mod.rs",
            "what the workers take, and the timed verbs",
        ),
        ("crates/forebay-threads/src/lease.rs", "a lease that is dropped gives its item back"),
        ("crates/toyvm/src/deadlock.rs", "how ToyVM finds who waits for whom"),
    ],
    play,
    part: None,
};

/// Nobody needs a device so long; who waits longer, suspects something.
const SUSPICIOUS: Duration = Duration::from_millis(300);
/// So long a worker waits for its second device before it gives back the first.
const PATIENCE: Duration = Duration::from_millis(5);
/// From one device to the other; what a job takes; before the next try. Each up to this.
const REACHING: Duration = Duration::from_millis(4);
const COPYING: Duration = Duration::from_millis(8);
const PAUSE: Duration = Duration::from_millis(10);
/// Lines told of each way out.
const TOLD: usize = 24;

/// Who has its one unit has the device.
struct Device {
    name: &'static str,
    unit: Semaphore,
}

impl Device {
    const fn named(name: &'static str, unit: Semaphore) -> Self {
        Self { name, unit }
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the {}", self.name)
    }
}

/// A worker that has waited too long, with everything it still holds.
struct Stuck<'a> {
    who: Actor,
    awaited: &'a Device,
    held: &'a Device,
    unit: Units<&'a Semaphore>,
    job: Lease<u64>,
}

fn play(cast: &Cast) {
    let narrator = &Narrator::begin(cast);
    let scanner = &Device::named("scanner", Semaphore::new(1));
    let printer = &Device::named("printer", Semaphore::new(1));
    let (jobs, workers) = cast.buffer(Discipline::Ring);
    let items = cast.items.unwrap_or_default();
    let crossed = [[scanner, printer], [printer, scanner]];
    let in_order = [[scanner, printer], [scanner, printer]];
    thread::scope(|scope| {
        scope.spawn(|| {
            for number in 1..=items {
                jobs.put(number).expect("nobody closes before the last");
            }
            jobs.close();
        });

        narrator.chapter("each begins with what the other needs next:", usize::MAX);
        let stuck = get_stuck(cast, narrator, &workers, crossed);
        tell_circle(&stuck);
        for Stuck { who, held, unit, job, .. } in stuck {
            narrator
                .page()
                .line(who, format!("lets go of {held}; job {} goes back, not done", *job));
            drop((unit, job));
        }
        let waiting = workers.statistics().waiting;
        if waiting > cast.capacity as u64 {
            let capacity = cast.capacity;
            print_all([format!(
                "what goes back asks for no room: {waiting} wait in a buffer of {capacity}"
            )]);
        }

        narrator.chapter("the same with a timeout: give up, let go, try again:", TOLD);
        let given_up = work(cast, narrator, &workers, crossed, Some(PATIENCE), items / 2);
        print_all([match given_up {
            0 => "nobody had to give up this time: they never met".to_owned(),
            _ => format!("given up {}, and still every job was done", counted(given_up, "time")),
        }]);

        narrator.chapter("the same in order: all take the scanner first:", TOLD);
        work(cast, narrator, &workers, in_order, None, items - items / 2);
        print_all(["nobody had to give up: who has the printer waits for nothing".to_owned()]);
    });

    narrator
        .chapter("a circle of one: a worker that feeds the buffer which it drains:", usize::MAX);
    let folders = self_feeding::walk(cast, narrator, SUSPICIOUS);

    let jobs = workers.statistics();
    print_all([String::new(), "of the jobs:".to_owned()]);
    narrator::report(&jobs);
    print_all(["of jobs, and folders in the buffer:".to_owned()]);
    narrator::account(
        jobs.produced + folders.produced,
        jobs.finished + folders.finished,
        jobs.unfinished() + folders.unfinished(),
    );
}

/// The two workers take their first device, and wait for their second until they suspect something.
fn get_stuck<'a>(
    cast: &Cast,
    narrator: &Narrator,
    jobs: &Consumer<u64>,
    orders: [[&'a Device; 2]; 2],
) -> Vec<Stuck<'a>> {
    // By chance it happens now and then; so that it happens now, each waits until both have one.
    let both_have_one = &Barrier::new(2);
    thread::scope(|scope| {
        let workers: Vec<_> = std::iter::zip(cast.consumers(), orders)
            .map(|(who, [held, awaited])| {
                scope.spawn(move || {
                    let job = lease(narrator, who, jobs).expect("there are two jobs at least");
                    let unit = held.unit.acquire();
                    narrator.page().line(who, format!("takes {held}"));
                    both_have_one.wait();
                    narrator.page().line(who, format!("wants {awaited}, and waits"));
                    let since = Instant::now();
                    let second = awaited.unit.acquire_timeout(SUSPICIOUS);
                    assert!(second.is_none(), "the other has it, and does not let go");
                    let waited = shown(since.elapsed());
                    narrator.page().line(who, format!("has waited {waited} for {awaited}"));
                    Stuck { who, awaited, held, unit, job }
                })
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().expect("no worker panics")).collect()
    })
}

/// Goes from who waits to who has what it waits for, until it is back where it began.
fn tell_circle(stuck: &[Stuck<'_>]) {
    let holder =
        |device: &Device| stuck.iter().find(|one| std::ptr::eq(one.held, device)).expect("held");
    let first = &stuck[0];
    let mut one = first;
    loop {
        let next = holder(one.awaited);
        print_all([format!("{} waits for {}, which {} has;", one.who, one.awaited, next.who)]);
        one = next;
        if one.who == first.who {
            break;
        }
    }
    print_all(["a circle: however long they wait, nobody in it can go on".to_owned()]);
}

/// So many jobs are done; how often somebody gave up on its second device.
fn work(
    cast: &Cast,
    narrator: &Narrator,
    jobs: &Consumer<u64>,
    orders: [[&Device; 2]; 2],
    timeout: Option<Duration>,
    how_many: u64,
) -> u64 {
    let (tickets, given_up) = (&AtomicU64::new(how_many), &AtomicU64::new(0));
    let claim_ticket = || {
        tickets
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
            .is_ok()
    };
    thread::scope(|scope| {
        for (who, [first, second]) in std::iter::zip(cast.consumers(), orders) {
            scope.spawn(move || {
                let mut chance = Chance::of(cast, who);
                while claim_ticket() {
                    let job = lease(narrator, who, jobs).expect("a job for every ticket");
                    let _both = loop {
                        let one = first.unit.acquire();
                        narrator.page().line(who, format!("takes {first}"));
                        thread::sleep(chance.pause(REACHING));
                        let patience = timeout.map_or(Patience::Forever, Patience::lasting);
                        if let Some(other) = second.unit.acquire_within(patience) {
                            narrator.page().line(who, format!("takes {second}"));
                            break (one, other);
                        }
                        narrator.page().line(who, format!("gives up, lets go of {first}"));
                        drop(one);
                        given_up.fetch_add(1, Ordering::Relaxed);
                        // By chance: two who paused alike would meet again, for ever.
                        thread::sleep(chance.pause(PAUSE));
                    };
                    thread::sleep(chance.pause(COPYING));
                    narrator.page().line(who, format!("has done job {}, lets go of both", *job));
                    job.ack().expect("a lease without a deadline does not expire");
                }
            });
        }
    });
    given_up.load(Ordering::Relaxed)
}

fn lease(narrator: &Narrator, who: Actor, jobs: &Consumer<u64>) -> Option<Lease<u64>> {
    narrated::get(
        narrator,
        who,
        jobs,
        Consumer::lease_within,
        |job| format!("job {}", **job),
        Telling::plain("leases"),
    )
}
