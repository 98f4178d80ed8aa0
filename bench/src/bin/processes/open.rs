//! A buffer in which a million items wait: how long it takes to join it, and in how much memory.

use std::fs;
use std::path::Path;

use bench::report::shown_spread;
use bench::spread::Spread;
use bench::table::Table;
use forebay::processes::{Buffer, Bytes, Raw, Settings};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::clock;
use crate::contender::BATCH;
use crate::control::Control;
use crate::deed::Deed;
use crate::gate::Gate;
use crate::item::item;
use crate::place::Place;

const CAPACITY: u64 = 1_000_000;

/// Items that a participant leases and gives back before its memory is looked at.
const LEASES: usize = 100;

/// What one participant found.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Found {
    /// Nanoseconds to open the file, to become a consumer, to lease the first item.
    open: u64,
    attach: u64,
    lease: u64,
    /// Before it opened the file, and after some leases.
    before: Memory,
    after: Memory,
}

/// Bytes of a process.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
struct Memory {
    /// In memory, whoever else has them too.
    resident: u64,
    /// The same, shared ones divided by those who share.
    proportional: u64,
    /// Its own, which are in no file.
    anonymous: u64,
}

pub(crate) fn measure(place: &mut Place) -> Result<Value, String> {
    let file = place.scratch.path("buffer");
    Settings::new(CAPACITY).create(&file).map_err(|error| error.to_string())?;
    let mut table = Table::new([
        "items that wait",
        "open ms",
        "become a consumer ms",
        "first lease ms",
        "resident MB",
        "proportional MB",
        "anonymous MB",
    ]);
    let mut rows = Vec::new();
    for depth in [0, CAPACITY] {
        fill(&file, depth)?;
        let found: Vec<Found> =
            (0..place.rounds).map(|_| look(place, &file)).collect::<Result<_, _>>()?;
        let spread = |of: &dyn Fn(&Found) -> u64| {
            Spread::of(&found.iter().map(|found| of(found) as f64 / 1e6).collect::<Vec<_>>())
        };
        let more = |of: fn(&Memory) -> u64| {
            spread(&|found| of(&found.after).saturating_sub(of(&found.before)))
        };
        let columns = [
            ("open_ms", spread(&|found| found.open)),
            ("attach_ms", spread(&|found| found.attach)),
            ("lease_ms", spread(&|found| found.lease)),
            ("resident_mb", more(|memory| memory.resident)),
            ("proportional_mb", more(|memory| memory.proportional)),
            ("anonymous_mb", more(|memory| memory.anonymous)),
        ];
        let shown = columns.iter().map(|(_, spread)| shown_spread(spread));
        table.row(std::iter::once(depth.to_string()).chain(shown));
        let mut row = json!({ "depth": depth });
        for (name, spread) in columns {
            row[name] = json!(spread);
        }
        rows.push(row);
    }
    let length = fs::metadata(&file).map_err(|error| error.to_string())?.len();
    let _ = fs::remove_file(&file);
    println!(
        "A buffer of {CAPACITY} items, {} MB on the disk; the memory is what a participant takes more than before:\n",
        length / 1_000_000
    );
    println!("{}", table.markdown());
    Ok(json!({ "capacity": CAPACITY, "file_bytes": length, "rows": rows }))
}

/// Puts as many items as are to wait.
pub(crate) fn fill(file: &Path, depth: u64) -> Result<(), String> {
    let buffer = Buffer::open(file).map_err(|error| error.to_string())?;
    let producer = buffer.producer::<Bytes, _>(Raw).map_err(|error| error.to_string())?;
    let numbers: Vec<u64> = (0..depth).collect();
    for numbers in numbers.chunks(BATCH) {
        let items = numbers.iter().map(|number| Bytes::from(item(*number).as_slice()));
        producer.put_many(items).map_err(|error| error.to_string())?;
    }
    Ok(())
}

fn look(place: &Place, file: &Path) -> Result<Found, String> {
    let gate = Gate::new(&place.scratch)?;
    let deed = Deed::Look(file.to_owned());
    let mut hand = gate.start(&mut deed.command(gate.socket())?)?;
    hand.go()?;
    let line = hand.hear()?;
    hand.end()?;
    serde_json::from_str(&line).map_err(|error| format!("{line:?}: {error}"))
}

/// What a child does.
pub(crate) fn run(control: &mut Control, file: &Path) -> Result<(), String> {
    control.ready()?;
    let before = Memory::now()?;
    let begun = clock::now();
    let buffer = Buffer::open(file).map_err(|error| error.to_string())?;
    let opened = clock::now();
    let consumer = buffer.consumer::<Bytes, _>(Raw).map_err(|error| error.to_string())?;
    let attached = clock::now();
    let first = consumer.try_lease();
    let leased = clock::now();
    drop(first);
    for _ in 0..LEASES {
        drop(consumer.try_lease());
    }
    let found = Found {
        open: opened - begun,
        attach: attached - opened,
        lease: leased - attached,
        before,
        after: Memory::now()?,
    };
    control.say(&serde_json::to_string(&found).map_err(|error| error.to_string())?)
}

impl Memory {
    fn now() -> Result<Self, String> {
        const FILE: &str = "/proc/self/smaps_rollup";
        let said = fs::read_to_string(FILE).map_err(|error| format!("{FILE}: {error}"))?;
        let bytes = |name: &str| {
            let line = said.lines().find_map(|line| line.strip_prefix(name))?;
            let kibibytes: u64 = line.trim().trim_end_matches(" kB").parse().ok()?;
            Some(kibibytes * 1024)
        };
        let all = [bytes("Rss:"), bytes("Pss:"), bytes("Anonymous:")];
        let [Some(resident), Some(proportional), Some(anonymous)] = all else {
            return Err(format!("{FILE} does not tell"));
        };
        Ok(Self { resident, proportional, anonymous })
    }
}
