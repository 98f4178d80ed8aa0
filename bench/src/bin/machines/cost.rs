//! What an item costs: time of the server's processors and of ours, and bytes on the wire, for a put, a lease and an ack together.

use std::fs;
use std::time::Duration;

use bench::processor;
use bench::progress;
use bench::table::Table;
use serde_json::{Value, json};

use crate::carrier::ITEM;
use crate::ours::{self, tell};
use crate::server::Server;

/// What is counted, up to a moment.
#[derive(Debug, Clone, Copy)]
struct Count {
    server: Duration,
    own: Duration,
    bytes: u64,
}

impl Count {
    fn now(server: &Server) -> Result<Self, String> {
        let server =
            processor::time_of(server.pid).ok_or("the server's processor time is not told")?;
        Ok(Self { server, own: processor::time(), bytes: bytes()? })
    }
}

pub(crate) fn measure(servers: &[Server], quick: bool) -> Result<Value, String> {
    let mut table = Table::new([
        "engine",
        "items at a time",
        "µs of the server",
        "µs of ours",
        "bytes on the wire",
    ]);
    let mut told = Vec::new();
    for server in servers {
        for (batch, items) in [(1, 3_000), (64, 64 * 500)] {
            progress::show(&format!("{}: what an item costs", server.engine));
            let items = if quick { items / 4 } else { items };
            let mut carrier = ours::carrier(server)?;
            // Everybody is there, and warm.
            carrier.put(batch)?;
            carrier.finish(batch)?;
            let before = Count::now(server)?;
            for _ in 0..items / batch {
                carrier.put(batch)?;
            }
            let mut finished = 0;
            while finished < items / batch * batch {
                finished += carrier.finish(batch)?;
            }
            let after = Count::now(server)?;
            let each = |from: Duration, to: Duration| {
                to.saturating_sub(from).as_secs_f64() * 1e6 / finished as f64
            };
            let served = each(before.server, after.server);
            let own = each(before.own, after.own);
            let bytes = (after.bytes - before.bytes) as f64 / finished as f64;
            let row = [format!("{served:.0}"), format!("{own:.0}"), format!("{bytes:.0}")];
            table.row([server.engine.clone(), batch.to_string()].into_iter().chain(row));
            told.push(json!({
                "engine": server.engine, "batch": batch, "server_us": served, "own_us": own, "bytes": bytes,
            }));
        }
    }
    progress::show("");
    println!("An item of {ITEM} bytes put, leased and acked:\n\n{}", table.markdown());
    Ok(told.into())
}

/// That went over the loopback device so far, headers and answers included.
fn bytes() -> Result<u64, String> {
    let devices = fs::read_to_string("/proc/net/dev").map_err(tell)?;
    let line = devices.lines().find_map(|line| line.trim().strip_prefix("lo:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.ok_or_else(|| "the system does not tell of the loopback device".to_owned())
}
