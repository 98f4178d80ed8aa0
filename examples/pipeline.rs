//! Three stages joined by bounded buffers, and which of them holds up the others.
//!
//! ```sh
//! cargo run -p forebay-examples --example pipeline
//! ```
//!
//! The buffers measure who waits. A stage that waits for nothing is the bottleneck: those before it wait on a
//! full buffer, those after it on an empty one. More threads help there and nowhere else, and as many as it takes
//! to keep up with the next slowest stage.
//!
//! Look for: the share of its time that each stage had nothing to do; the advice; the second run, which takes it.

use std::thread;
use std::time::{Duration, Instant};

use forebay::{Consumer, Producer, bounded};

const ITEMS: u64 = 80;
const CAPACITY: usize = 5;

/// A stage: so many threads, each of which works so long on an item.
#[derive(Clone, Copy)]
struct Stage {
    name: &'static str,
    threads: u32,
    work: Duration,
}

/// How a stage fared.
struct Told {
    stage: Stage,
    /// The part of its threads' time in which they waited.
    idle: f64,
    /// Time that its threads worked.
    busy: Duration,
}

fn main() {
    let stage = |name, threads, millis| {
        let work = Duration::from_millis(millis);
        Stage { name, threads, work }
    };
    let stages = [stage("read", 1, 2), stage("resize", 2, 40), stage("write", 1, 5)];
    let advice = report(&run(stages));
    println!();
    report(&run(
        stages.map(|stage| advice.filter(|better| better.name == stage.name).unwrap_or(stage))
    ));
}

/// Sends all items through the stages.
fn run(stages: [Stage; 3]) -> Vec<Told> {
    let [read, resize, write] = stages;
    let (pages, to_resize) = bounded(CAPACITY);
    let (pictures, to_write) = bounded(CAPACITY);
    // For the statistics alone; a consumer, because a producer would keep its buffer from closing.
    let (before, behind) = (to_resize.clone(), to_write.clone());
    let begun = Instant::now();
    thread::scope(|scope| {
        scope.spawn(move || {
            for item in 0..ITEMS {
                thread::sleep(read.work);
                pages.put(item).expect("the next stage stays to the end");
            }
        });
        for _ in 0..resize.threads {
            let (to_resize, pictures) = (to_resize.clone(), pictures.clone());
            scope.spawn(move || between(&to_resize, &pictures, resize));
        }
        drop(pictures); // each thread has its own, and the last of them closes the buffer
        for _ in 0..write.threads {
            let to_write = to_write.clone();
            scope.spawn(move || {
                while to_write.take().is_ok() {
                    thread::sleep(write.work);
                }
            });
        }
    });
    let elapsed = begun.elapsed();
    let (before, behind) = (before.statistics(), behind.statistics());
    println!("{ITEMS} items in {elapsed:.1?}");
    // What each stage waited for: room in front of it, items behind it, or both.
    let waits =
        [before.producer_wait, before.consumer_wait + behind.producer_wait, behind.consumer_wait];
    let told = stages.into_iter().zip(waits).map(|(stage, waited)| {
        let time = elapsed * stage.threads;
        let idle = waited.div_duration_f64(time);
        Told { stage, idle, busy: time.saturating_sub(waited) }
    });
    told.collect()
}

/// A thread of a stage in the middle.
fn between(from: &Consumer<u64>, to: &Producer<u64>, stage: Stage) {
    while let Ok(item) = from.take() {
        thread::sleep(stage.work);
        to.put(item).expect("the next stage stays to the end");
    }
}

/// Names the bottleneck, and what it should be instead.
fn report(told: &[Told]) -> Option<Stage> {
    for Told { stage, idle, .. } in told {
        println!("{:>7} × {}: waits {:2.0} % of its time", stage.name, stage.threads, idle * 100.0);
    }
    let bottleneck = told.iter().min_by(|a, b| a.idle.total_cmp(&b.idle))?;
    // The time that the stage takes for all items, with all its threads.
    let pace = |told: &Told| told.busy / told.stage.threads;
    let others = told.iter().filter(|told| told.stage.name != bottleneck.stage.name);
    let next = others.max_by_key(|told| pace(told))?;
    let (name, its) = (bottleneck.stage.name, next.stage.name);
    if pace(bottleneck) < pace(next).mul_f64(1.2) {
        println!("balanced: {name} and {its} are equally slow");
        return None;
    }
    let threads = bottleneck.busy.div_duration_f64(pace(next)).ceil() as u32;
    println!("bottleneck: {name}; {threads} threads would keep up with {its}");
    Some(Stage { threads, ..bottleneck.stage })
}
