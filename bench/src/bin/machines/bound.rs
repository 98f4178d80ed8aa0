//! The most items that were ever seen waiting while eight producers race for room.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use bench::progress;
use bench::table::Table;
use forebay::machines::{Bytes, Raw, Settings, connect};
use serde_json::{Map, Value, json};

use crate::ours::tell;
use crate::server::Server;

const CAPACITY: u64 = 5;
const PRODUCERS: usize = 8;

pub(crate) fn measure(servers: &[Server], quick: bool) -> Result<Value, String> {
    let time = Duration::from_secs(if quick { 2 } else { 10 });
    let mut table = Table::new(["engine", "capacity", "most ever waiting", "looks", "items put"]);
    let mut told = Map::new();
    for server in servers {
        progress::show(&format!("{}: eight producers race", server.engine));
        let (most, looks, put) = race(server, time)?;
        let row = [CAPACITY, most, looks, put].map(|number| number.to_string());
        table.row([server.engine.clone()].into_iter().chain(row));
        let about = json!({ "capacity": CAPACITY, "most": most, "looks": looks, "put": put });
        told.insert(server.engine.clone(), about);
    }
    progress::show("");
    println!("Eight producers race for room, two consumers make it:\n\n{}", table.markdown());
    Ok(told.into())
}

fn race(server: &Server, time: Duration) -> Result<(u64, u64, u64), String> {
    let url = server.fresh_url();
    Settings::new(CAPACITY).create(&url).map_err(tell)?;
    let (over, put) = (AtomicBool::new(false), AtomicU64::new(0));
    let buffer = connect(&url).map_err(tell)?;
    let ended = || over.load(Ordering::Relaxed);
    let (mut most, mut looks) = (0, 0);
    thread::scope(|scope| {
        for _ in 0..PRODUCERS {
            scope.spawn(|| {
                let producer =
                    connect(&url).expect("a connection").producer(Raw).expect("a producer");
                while !ended() {
                    let item = Bytes::from(b"item".as_slice());
                    if producer.put_timeout(item, Duration::from_millis(100)).is_ok() {
                        put.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
        for _ in 0..2 {
            scope.spawn(|| {
                let connected = connect(&url).expect("a connection");
                let consumer = connected.consumer::<Bytes, _>(Raw).expect("a consumer");
                while !ended() {
                    let _ = consumer.take_timeout(Duration::from_millis(100));
                }
            });
        }
        let begun = Instant::now();
        while begun.elapsed() < time {
            if let Ok(counts) = buffer.statistics() {
                most = most.max(counts.waiting);
                looks += 1;
            }
        }
        over.store(true, Ordering::Relaxed);
    });
    buffer.delete().map_err(tell)?;
    Ok((most, looks, put.load(Ordering::Relaxed)))
}
