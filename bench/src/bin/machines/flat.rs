//! Memory of a producer that faces a full buffer.

use std::fs;
use std::thread;
use std::time::Duration;

use bench::progress;
use bench::table::Table;
use forebay::machines::{Bytes, Raw, Settings, connect};
use serde_json::{Map, Value, json};

use crate::ours::tell;
use crate::server::Server;

pub(crate) fn measure(servers: &[Server], quick: bool) -> Result<Value, String> {
    let time = Duration::from_secs(if quick { 6 } else { 60 });
    let mut table = Table::new(["engine", "KiB at first", "KiB in the end", "most"]);
    let mut told = Map::new();
    for server in servers {
        progress::show(&format!("{}: a producer waits for {time:?}", server.engine));
        let kibibytes = wait(server, time)?;
        let (first, last) = (kibibytes[0], kibibytes[kibibytes.len() - 1]);
        let most = kibibytes.iter().max().copied().unwrap_or(0);
        table.row([server.engine.clone(), first.to_string(), last.to_string(), most.to_string()]);
        told.insert(server.engine.clone(), json!({ "kibibytes": kibibytes }));
    }
    progress::show("");
    println!("A producer waits with 1,000 items for room, {time:?}:\n\n{}", table.markdown());
    Ok(told.into())
}

/// Resident memory, ten times over, once the buffer is full.
fn wait(server: &Server, time: Duration) -> Result<Vec<u64>, String> {
    let url = server.fresh_url();
    Settings::new(10).create(&url).map_err(tell)?;
    let buffer = connect(&url).map_err(tell)?;
    let producer = buffer.producer::<Bytes, _>(Raw).map_err(tell)?;
    let waiting = thread::spawn(move || {
        let all: Vec<Bytes> = (0..1_000).map(|_| Bytes::from([b'x'; 1_000].as_slice())).collect();
        // Until the buffer is deleted.
        producer.put_many(all).is_err()
    });
    // It is full, and the first looks of who waits are over.
    thread::sleep(time / 10);
    let mut all = Vec::new();
    for _ in 0..10 {
        all.push(resident()?);
        thread::sleep(time / 10);
    }
    all.push(resident()?);
    buffer.delete().map_err(tell)?;
    let refused = waiting.join().map_err(|_| "the producer panicked".to_owned())?;
    if refused { Ok(all) } else { Err("a put of more than fits returned".to_owned()) }
}

/// Of this process, in KiB.
fn resident() -> Result<u64, String> {
    let status = fs::read_to_string("/proc/self/status").map_err(tell)?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.ok_or_else(|| "the system does not tell how much memory there is".to_owned())
}
