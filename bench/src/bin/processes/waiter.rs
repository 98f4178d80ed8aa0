//! The processor time of processes that only wait: for an item, and for room (C5); with nothing to watch over, and while
//! somebody holds a lease, whose death one of them would have to notice.

use std::time::Duration;
use std::{fs, thread};

use bench::report::shown;
use bench::table::Table;
use forebay::processes::{Buffer, Bytes, Raw, Settings, Statistics};
use serde_json::{Value, json};

use crate::control::Control;
use crate::deed::Deed;
use crate::gate::{Gate, Hand};
use crate::item::item;
use crate::medium::Side;
use crate::place::Place;

const CAPACITY: u64 = 5;
const WAIT: Duration = Duration::from_secs(10);

/// Whoever has just gone to sleep is asleep by then, and who has nothing to watch over rests.
const SETTLED: Duration = Duration::from_millis(600);

/// How often one looks who has something to watch over.
const LOOK: Duration = Duration::from_millis(35);

/// Per cent of a processor, for each who waits.
const MOST: f64 = 0.1;

/// What is the matter while they wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scene {
    Empty,
    /// Empty, and another process works on an item.
    Leased,
    Full,
}

impl Scene {
    fn side(self) -> Side {
        if self == Self::Full { Side::Producer } else { Side::Consumer }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Empty => "on an empty buffer",
            Self::Leased => "on an empty buffer, an item being leased",
            Self::Full => "on a full buffer",
        }
    }
}

pub(crate) fn measure(place: &mut Place) -> Result<Value, String> {
    let lasting = if place.quick { WAIT / 5 } else { WAIT };
    let mut table =
        Table::new(["who waits", "% of a processor, each", "wakes a second, each", "at most %"]);
    let mut rows = Vec::new();
    for scene in [Scene::Empty, Scene::Leased, Scene::Full] {
        for count in [1, 8] {
            let (used, wakes) = wait(place, scene, count, lasting)?;
            let per_cent = 100.0 * used.div_duration_f64(lasting) / count as f64;
            let wakes = wakes as f64 / lasting.as_secs_f64() / count as f64;
            let who = format!("{count} {}", scene.name());
            table.row([who.clone(), format!("{per_cent:.3}"), shown(wakes), MOST.to_string()]);
            if per_cent > MOST {
                place.broken(format!("{who}: {per_cent:.3} % of a processor for sleeping (C5)"));
            }
            rows.push(json!({ "who": who, "per_cent": per_cent, "wakes_a_second": wakes }));
        }
    }
    // What a system takes for waking somebody so often.
    let (used, wakes) = bare(place, lasting)?;
    let per_cent = 100.0 * used.div_duration_f64(lasting);
    let wakes = wakes as f64 / lasting.as_secs_f64();
    let who = "1 that only sleeps, for comparison".to_owned();
    table.row([who.clone(), format!("{per_cent:.3}"), shown(wakes), "–".to_owned()]);
    rows.push(json!({ "who": who, "per_cent": per_cent, "wakes_a_second": wakes }));
    println!("Processes that wait {} s, and nothing moves:\n", lasting.as_secs());
    println!("{}", table.markdown());
    Ok(json!({ "seconds": lasting.as_secs_f64(), "rows": rows }))
}

/// The processor time of all of them, and how often they were awake.
fn wait(
    place: &Place,
    scene: Scene,
    count: usize,
    lasting: Duration,
) -> Result<(Duration, u64), String> {
    let file = place.scratch.path("buffer");
    Settings::new(CAPACITY).create(&file).map_err(|error| error.to_string())?;
    let buffer = Buffer::open(&file).map_err(|error| error.to_string())?;
    let side = scene.side();
    let producer = buffer.producer::<Bytes, _>(Raw).map_err(|error| error.to_string())?;
    let items = match scene {
        Scene::Empty => 0,
        Scene::Leased => 1,
        Scene::Full => CAPACITY,
    };
    for number in 0..items {
        let item = Bytes::from(item(number).as_slice());
        producer.put(item).map_err(|error| error.to_string())?;
    }
    let consumer = buffer.consumer::<Bytes, _>(Raw).map_err(|error| error.to_string())?;
    let lease = match scene {
        Scene::Leased => Some(consumer.lease().map_err(|error| error.to_string())?),
        Scene::Empty | Scene::Full => None,
    };
    let gate = Gate::new(&place.scratch)?;
    let start = |_| {
        let mut hand =
            gate.start(&mut Deed::Wait { file: file.clone(), side }.command(gate.socket())?)?;
        hand.go().map(|()| hand)
    };
    let hands: Vec<Hand> = (0..count).map(start).collect::<Result<_, String>>()?;
    let waiting = |statistics: Statistics| match side {
        Side::Consumer => statistics.consumers_waiting,
        Side::Producer => statistics.producers_waiting,
    };
    while waiting(buffer.statistics()) < count {
        thread::sleep(Duration::from_millis(1));
    }
    thread::sleep(SETTLED);
    let look = || -> Result<(Duration, u64), String> {
        hands.iter().try_fold((Duration::ZERO, 0), |(time, wakes), hand| {
            let used = used(hand.id()).ok_or("there is no /proc/PID/task/TID/schedstat")?;
            Ok((time + used.0, wakes + used.1))
        })
    };
    let before = look()?;
    thread::sleep(lasting);
    let after = look()?;
    if waiting(buffer.statistics()) != count {
        return Err("somebody moved: this measures nothing".to_owned());
    }
    drop((hands, lease));
    let _ = fs::remove_file(&file);
    Ok((after.0.saturating_sub(before.0), after.1 - before.1))
}

/// As [`wait`], of one process that does nothing but sleep as often as one on watch.
fn bare(place: &Place, lasting: Duration) -> Result<(Duration, u64), String> {
    let gate = Gate::new(&place.scratch)?;
    let mut hand = gate.start(&mut Deed::Doze(LOOK).command(gate.socket())?)?;
    hand.go()?;
    thread::sleep(SETTLED);
    let look = || used(hand.id()).ok_or("there is no /proc/PID/task/TID/schedstat");
    let before = look()?;
    thread::sleep(lasting);
    let after = look()?;
    Ok((after.0.saturating_sub(before.0), after.1 - before.1))
}

/// Processor time of all threads of a process, and how often they were given a processor.
fn used(process: u32) -> Option<(Duration, u64)> {
    let mut sum = (Duration::ZERO, 0);
    for thread in fs::read_dir(format!("/proc/{process}/task")).ok()? {
        let said = fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        // In order: nanoseconds on a processor, nanoseconds waiting for one, times that one was given.
        let mut words = said.split_whitespace().map(str::parse);
        let (time, _, times) = (words.next()?.ok()?, words.next()?, words.next()?.ok()?);
        sum = (sum.0 + Duration::from_nanos(time), sum.1 + times);
    }
    Some(sum)
}

/// What a child does: it waits, until it is killed.
pub(crate) fn run(control: &mut Control, file: &std::path::Path, side: Side) -> Result<(), String> {
    let buffer = Buffer::open(file).map_err(|error| error.to_string())?;
    match side {
        Side::Consumer => {
            let consumer = buffer.consumer::<Bytes, _>(Raw).map_err(|error| error.to_string())?;
            control.ready()?;
            consumer.lease().map(drop).map_err(|error| error.to_string())?;
        }
        Side::Producer => {
            let producer = buffer.producer::<Bytes, _>(Raw).map_err(|error| error.to_string())?;
            control.ready()?;
            let item = Bytes::from(item(CAPACITY).as_slice());
            producer.put(item).map_err(|error| error.to_string())?;
        }
    }
    Err("what was waited for came".to_owned())
}

/// What a child does: it sleeps, until it is killed.
pub(crate) fn doze(control: &mut Control, nap: Duration) -> Result<(), String> {
    control.ready()?;
    loop {
        thread::sleep(nap);
    }
}
