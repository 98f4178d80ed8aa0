//! What `forebay plan` says of a buffer, beside the same buffer as it was: items that come by chance, work that is sleep of
//! times that differ as if by chance.
//!
//! The plan is told what came and how long a consumer had each item, as measured; it has to find how long they waited.

use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use bench::progress;
use bench::table::Table;
use forebay::machines::{Bytes, Raw, Settings, connect};
use serde_json::{Map, Value, json};
use toyvm::chance::Chance;

use crate::ours::tell;
use crate::server::Server;

const CAPACITY: u64 = 64;
const CONSUMERS: u64 = 4;
/// From one item to the next, and of the work of one, in the mean.
const GAP: Duration = Duration::from_millis(10);
const WORK: Duration = Duration::from_millis(30);

/// Seconds.
#[derive(Debug, Clone, Copy)]
struct Run {
    /// From one item to the next, in the mean.
    gap: f64,
    /// A consumer had an item, in the mean.
    service: f64,
    /// Deviation by mean of that.
    variation: f64,
    /// An item waited, in the mean.
    wait: f64,
    /// 95 items of 100 waited no longer.
    wait_95: f64,
}

pub(crate) fn measure(servers: &[Server], forebay: &Path, quick: bool) -> Result<Value, String> {
    let items = if quick { 1_000 } else { 12_000 };
    let mut table = Table::new([
        "engine",
        "items a second",
        "ms of work",
        "waited: ms, planned",
        "measured",
        "95 %: planned",
        "measured",
    ]);
    let mut told = Map::new();
    for server in servers {
        progress::show(&format!("{}: {items} items come by chance", server.engine));
        let run = run(server, items)?;
        let (wait, wait_95) = plan(forebay, &run)?;
        let row = [1.0 / run.gap, run.service * 1e3, wait * 1e3, run.wait * 1e3]
            .into_iter()
            .chain([wait_95 * 1e3, run.wait_95 * 1e3]);
        table.row([server.engine.clone()].into_iter().chain(row.map(|it| format!("{it:.1}"))));
        let about = json!({
            "rate": 1.0 / run.gap, "service": run.service, "variation": run.variation,
            "wait": { "planned": wait, "measured": run.wait },
            "wait_95": { "planned": wait_95, "measured": run.wait_95 },
        });
        told.insert(server.engine.clone(), about);
    }
    progress::show("");
    println!("`forebay plan` beside a run of {items} items:\n\n{}", table.markdown());
    Ok(told.into())
}

/// An exponential time.
fn drawn(mean: Duration, chance: &mut Chance) -> Duration {
    const STEPS: u64 = 1 << 53;
    let uniform = (chance.below(STEPS) + 1) as f64 / STEPS as f64;
    mean.mul_f64(-uniform.ln())
}

fn run(server: &Server, items: usize) -> Result<Run, String> {
    let url = server.fresh_url();
    Settings::new(CAPACITY).create(&url).map_err(tell)?;
    let buffer = connect(&url).map_err(tell)?;
    let producer = buffer.producer::<Bytes, _>(Raw).map_err(tell)?;
    let seen = Mutex::new(Vec::with_capacity(items));
    let begun = Instant::now();
    let putting = thread::scope(|scope| {
        for number in 0..CONSUMERS {
            let (url, seen) = (&url, &seen);
            scope.spawn(move || {
                let connected = connect(url).expect("a connection");
                let consumer = connected.consumer::<Bytes, _>(Raw).expect("a consumer");
                let mut chance = Chance::new(number, 1);
                while let Ok(lease) = consumer.lease() {
                    let had = Instant::now();
                    let came: [u8; 8] = lease[..].try_into().expect("a moment");
                    let came = Duration::from_nanos(u64::from_le_bytes(came));
                    thread::sleep(drawn(WORK, &mut chance));
                    lease.ack().expect("it is held");
                    let wait = (had - begun).saturating_sub(came);
                    let mut seen = seen.lock().expect("nobody panics");
                    seen.push((wait.as_secs_f64(), had.elapsed().as_secs_f64()));
                }
            });
        }
        let mut chance = Chance::new(7, 0);
        let mut next = begun;
        for _ in 0..items {
            next += drawn(GAP, &mut chance);
            thread::sleep(next.saturating_duration_since(Instant::now()));
            let now = u64::try_from(begun.elapsed().as_nanos()).expect("it takes no centuries");
            let put = producer.put(Bytes::from(now.to_le_bytes().as_slice()));
            put.map_err(|error| error.refusal.to_string())?;
        }
        let time = begun.elapsed();
        buffer.close().map_err(tell)?;
        Ok::<_, String>(time)
    })?;
    buffer.delete().map_err(tell)?;
    let seen = seen.into_inner().expect("nobody panicked");
    let count = seen.len() as f64;
    let service = seen.iter().map(|it| it.1).sum::<f64>() / count;
    let square = seen.iter().map(|it| (it.1 - service).powi(2)).sum::<f64>() / count;
    let mut waits: Vec<f64> = seen.iter().map(|it| it.0).collect();
    waits.sort_by(f64::total_cmp);
    Ok(Run {
        gap: putting.as_secs_f64() / items as f64,
        service,
        variation: square.sqrt() / service,
        wait: waits.iter().sum::<f64>() / count,
        wait_95: waits[waits.len() * 95 / 100],
    })
}

/// Mean wait, and that of 95 items of 100, in seconds.
fn plan(forebay: &Path, run: &Run) -> Result<(f64, f64), String> {
    let output = Command::new(forebay)
        .args(["plan", "--json", "--items", "1000000"])
        .args(["--rate", &format!("{}/s", 1.0 / run.gap)])
        .args(["--service", &format!("{}ms", run.service * 1e3)])
        .args(["--service-variation", &run.variation.to_string()])
        .args(["--consumers", &CONSUMERS.to_string(), "--capacity", &CAPACITY.to_string()])
        .output()
        .map_err(|error| format!("{}: {error}", forebay.display()))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let told: Value = serde_json::from_slice(&output.stdout).map_err(tell)?;
    let of = |name: &str| told["rows"][0][name].as_f64().ok_or("the plan says nothing of waits");
    Ok((of("wait_mean_seconds")?, of("wait_95_seconds")?))
}
