//! How consumption grows with consumers whose work is sleep.

use std::thread;
use std::time::{Duration, Instant};

use bench::progress;
use bench::spread::Spread;
use bench::table::Table;
use forebay::machines::{Bytes, Patience, Raw, Settings, connect};
use serde_json::{Map, Value, json};

use crate::ours::tell;
use crate::server::Server;

/// What a consumer does with an item.
const WORK: Duration = Duration::from_millis(5);

pub(crate) fn measure(servers: &[Server], rounds: usize, quick: bool) -> Result<Value, String> {
    let items = if quick { 100 } else { 400 };
    let mut table = Table::new(["engine", "1 consumer", "4 consumers", "4 ÷ 1"]);
    let mut told = Map::new();
    for server in servers {
        progress::show(&format!("{}: one consumer, and four", server.engine));
        let (mut one, mut four) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            one.push(rate(server, 1, items)?);
            four.push(rate(server, 4, items)?);
        }
        let (one, four) = (Spread::of(&one), Spread::of(&four));
        let shown = |it: Spread| format!("{:.0} ({:.0}–{:.0})", it.median, it.least, it.greatest);
        let ratio = four.median / one.median;
        table.row([server.engine.clone(), shown(one), shown(four), format!("{ratio:.2}")]);
        told.insert(server.engine.clone(), json!({ "one": one, "four": four, "ratio": ratio }));
    }
    progress::show("");
    println!("Items a second, each {WORK:?} of sleep:\n\n{}", table.markdown());
    Ok(told.into())
}

/// Items a second.
fn rate(server: &Server, consumers: usize, items: usize) -> Result<f64, String> {
    let url = server.fresh_url();
    Settings::new(10_000).create(&url).map_err(tell)?;
    let buffer = connect(&url).map_err(tell)?;
    let producer = buffer.producer::<Bytes, _>(Raw).map_err(tell)?;
    let all: Vec<Bytes> = (0..items).map(|_| Bytes::from(b"item".as_slice())).collect();
    producer.put_many(all).map_err(|error| error.refusal.to_string())?;
    let begun = Instant::now();
    thread::scope(|scope| {
        for _ in 0..consumers {
            scope.spawn(|| {
                let connected = connect(&url).expect("a connection");
                let consumer = connected.consumer::<Bytes, _>(Raw).expect("a consumer");
                while let Ok(lease) = consumer.lease_within(Patience::Try) {
                    thread::sleep(WORK);
                    lease.ack().expect("it is held");
                }
            });
        }
    });
    let time = begun.elapsed();
    buffer.delete().map_err(tell)?;
    Ok(items as f64 / time.as_secs_f64())
}
