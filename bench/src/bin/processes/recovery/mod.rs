//! Deaths: how long those who live are held up, and how soon what the dead held is leased again.
//!
//! Two survivors lease, ack and put in a buffer that is nearly full, and note the time of everything. In turn, three
//! kinds of victims are killed: one that holds a lease, one at a random moment of its own leasing, acking and putting,
//! and a bystander, which has nothing to do with the buffer and shows what the machine does by itself. Then a
//! survivor that waits on an empty buffer, and a victim that holds the only item.

mod survivor;
mod victim;

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use bench::table::Table;
use bench::{progress, watchdog};
use forebay::processes::{Buffer, Bytes, Raw, Settings};
use hdrhistogram::Histogram;
use serde_json::{Value, json};

use crate::clock;
use crate::deed::Deed;
use crate::gate::{Gate, Hand};
use crate::item::item;
use crate::open::fill;
use crate::place::Place;

use survivor::{Said, Survived};
pub(crate) use survivor::{run as survive, wait};
pub(crate) use victim::{Kind, run as suffer};

const CAPACITIES: [u64; 3] = [1024, 65_536, 1_000_000];

/// Places that stay free, so that nobody waits for room.
const FREE: u64 = 64;

/// Deaths of each kind, at each capacity.
const DEATHS: u64 = 100;

/// How long after a death those who were held up are held up by it.
const AFTER: Duration = Duration::from_millis(80);

/// How long an item that a dead process held is waited for, and how often in vain.
const PATIENCE: Duration = Duration::from_secs(1);
const MOST_LATE: u32 = 3;

const LOOK: Duration = Duration::from_millis(1);

/// Looks in a row in which something has moved.
const MOVES: u32 = 5;

pub(crate) fn measure(place: &mut Place) -> Result<Value, String> {
    let deaths = if place.quick { DEATHS / 12 } else { DEATHS };
    let mut table =
        Table::new(["what", "capacity", "median ms", "p99 ms", "greatest ms", "how many"]);
    let mut rows = Vec::new();
    for capacity in CAPACITIES {
        let what = format!("deaths at capacity {capacity}");
        progress::show(&what);
        let limit = watchdog::LIMIT * 4;
        let found = watchdog::watch(&what, limit, || -> Result<_, String> {
            let mut found = among_busy(place, capacity, deaths)?;
            found.push((
                "its item leased again, others waiting",
                among_waiting(place, capacity, deaths)?,
            ));
            Ok(found)
        })?;
        for (what, times) in found {
            let shown = |nanoseconds: u64| format!("{:.3}", nanoseconds as f64 / 1e6);
            let quantiles =
                [times.value_at_quantile(0.5), times.value_at_quantile(0.99), times.max()];
            let columns = [what.to_owned(), capacity.to_string()];
            let figures =
                quantiles.iter().map(|time| shown(*time)).chain([times.len().to_string()]);
            table.row(columns.into_iter().chain(figures));
            let [median, p99, greatest] = quantiles.map(|time| time as f64 / 1e6);
            rows.push(json!({
                "what": what, "capacity": capacity, "count": times.len(),
                "median_ms": median, "p99_ms": p99, "greatest_ms": greatest,
            }));
        }
    }
    progress::show("");
    println!(
        "Killed by SIGKILL, {deaths} times each; a survivor is held up as long as its longest call within {} ms:\n",
        AFTER.as_millis()
    );
    println!("{}", table.markdown());
    Ok(json!({ "deaths": deaths, "rows": rows }))
}

type Times = Histogram<u64>;

fn times() -> Times {
    Histogram::new_with_bounds(1, 60_000_000_000, 3).expect("a minute has less nanoseconds")
}

/// A death: of whom, when, and which item it held, where it said so.
struct Death {
    kind: Kind,
    at: u64,
    held: Option<u64>,
}

fn among_busy(
    place: &Place,
    capacity: u64,
    deaths: u64,
) -> Result<Vec<(&'static str, Times)>, String> {
    let file = place.scratch.path("buffer");
    Settings::new(capacity).create(&file).map_err(|error| error.to_string())?;
    fill(&file, capacity - FREE)?;
    let gate = Gate::new(&place.scratch)?;
    let mut survivors = Survivors::start(&gate, &file)?;
    let buffer = Buffer::open(&file).map_err(|error| error.to_string())?;
    let mut dead = Vec::new();
    let (mut again, mut late) = (times(), 0);
    for _ in 0..deaths {
        for kind in [Kind::Bystander, Kind::Holder, Kind::Looper] {
            settle(&buffer)?;
            let death = kill(&gate, &file, kind)?;
            if let Some(held) = death.held
                && late < MOST_LATE
            {
                // Before anybody else opens the buffer: who opens it looks for deaths.
                let at = survivors.again(held)?;
                late += u32::from(at.is_none());
                let took = at.map_or(PATIENCE.as_nanos() as u64, |at| at.saturating_sub(death.at));
                again.saturating_record(took);
            }
            dead.push(death);
            thread::sleep(AFTER);
        }
    }
    // The end of the buffer's puts is the end of the survivors.
    buffer.close().map_err(|error| error.to_string())?;
    let survived = survivors.end()?;
    let statistics = buffer.statistics();
    let findings = buffer.verify().map_err(|error| error.to_string())?;
    if statistics.leased > 0 || !findings.is_sound() {
        return Err(format!("after {deaths} deaths: {findings:?}, {statistics:?}"));
    }
    let _ = std::fs::remove_file(&file);
    let held_up = |kind: Kind| {
        let mut times = times();
        for death in dead.iter().filter(|death| death.kind == kind) {
            let until = death.at + AFTER.as_nanos() as u64;
            let longest = survived.iter().map(|survived| survived.longest(death.at, until)).max();
            times.saturating_record(longest.unwrap_or(0));
        }
        times
    };
    Ok(vec![
        ("held up, a bystander killed", held_up(Kind::Bystander)),
        ("held up, one with a lease killed", held_up(Kind::Holder)),
        ("held up, one at work killed", held_up(Kind::Looper)),
        ("its item leased again, others busy", again),
    ])
}

/// Two that lease, ack and put.
struct Survivors(Vec<Hand>);

impl Survivors {
    fn start(gate: &Gate, file: &Path) -> Result<Self, String> {
        let start = |hand| {
            let deed = Deed::Survive { file: file.to_owned(), hand };
            let mut survivor = gate.start(&mut deed.command(gate.socket())?)?;
            survivor.go().map(|()| survivor)
        };
        (0..2).map(start).collect::<Result<_, String>>().map(Self)
    }

    /// When one of them got this item again, if one does before long.
    fn again(&mut self, item: u64) -> Result<Option<u64>, String> {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            for survivor in &mut self.0 {
                let Some(line) = survivor.hear_within(LOOK)? else { continue };
                match said(&line)? {
                    Said::Again(at, number) if number == item => return Ok(Some(at)),
                    // One that a victim of another kind had.
                    Said::Again(..) => {}
                    Said::Survived(_) => return Err("a survivor ended too soon".to_owned()),
                }
            }
        }
        Ok(None)
    }

    /// What they noted, when the buffer is closed.
    fn end(self) -> Result<Vec<Survived>, String> {
        let end = |mut survivor: Hand| loop {
            if let Said::Survived(survived) = said(&survivor.hear()?)? {
                return survivor.end().map(|()| survived);
            }
        };
        self.0.into_iter().map(end).collect()
    }
}

fn said(line: &str) -> Result<Said, String> {
    serde_json::from_str(line).map_err(|error| format!("{line:?}: {error}"))
}

/// Returns once items have moved for a while: what an earlier death held up is over.
fn settle(buffer: &Buffer) -> Result<(), String> {
    let begun = Instant::now();
    let (mut last, mut moved) = (buffer.statistics().finished, 0);
    while moved < MOVES {
        thread::sleep(LOOK * 2);
        let now = buffer.statistics().finished;
        moved = if now > last { moved + 1 } else { 0 };
        last = now;
        if begun.elapsed() > PATIENCE * 30 {
            return Err("nothing moves any more".to_owned());
        }
    }
    Ok(())
}

/// Starts a victim, and kills it: one that holds a lease once it does, others after some time.
fn kill(gate: &Gate, file: &Path, kind: Kind) -> Result<Death, String> {
    let deed = Deed::Suffer { file: PathBuf::from(file), kind };
    let mut victim = gate.start(&mut deed.command(gate.socket())?)?;
    victim.go()?;
    let line = victim.hear()?;
    let held = (kind == Kind::Holder)
        .then(|| line.parse().map_err(|error| format!("{line:?}: {error}")))
        .transpose()?;
    // A moment that has nothing to do with what the victim does: up to 8 ms, by the clock's last digits.
    thread::sleep(Duration::from_millis(2) + Duration::from_nanos(clock::now() * 7919 % 8_000_000));
    let at = clock::now();
    victim.kill()?;
    Ok(Death { kind, at, held })
}

fn among_waiting(place: &Place, capacity: u64, deaths: u64) -> Result<Times, String> {
    let file = place.scratch.path("buffer");
    Settings::new(capacity).create(&file).map_err(|error| error.to_string())?;
    let buffer = Buffer::open(&file).map_err(|error| error.to_string())?;
    let producer = buffer.producer::<Bytes, _>(Raw).map_err(|error| error.to_string())?;
    let gate = Gate::new(&place.scratch)?;
    let mut times = times();
    for number in 0..deaths {
        producer.put(Bytes::from(item(number).as_slice())).map_err(|error| error.to_string())?;
        let deed = Deed::Suffer { file: file.clone(), kind: Kind::Holder };
        let mut victim = gate.start(&mut deed.command(gate.socket())?)?;
        victim.go()?;
        victim.hear()?;
        let mut survivor = gate.start(&mut Deed::Await(file.clone()).command(gate.socket())?)?;
        survivor.go()?;
        while buffer.statistics().consumers_waiting == 0 {
            thread::sleep(Duration::from_millis(1));
        }
        thread::sleep(Duration::from_nanos(clock::now() * 7919 % 8_000_000));
        let at = clock::now();
        victim.kill()?;
        let line = survivor.hear()?;
        let again: u64 = line.parse().map_err(|error| format!("{line:?}: {error}"))?;
        times.saturating_record(again - at);
        survivor.end()?;
    }
    let _ = std::fs::remove_file(&file);
    Ok(times)
}
