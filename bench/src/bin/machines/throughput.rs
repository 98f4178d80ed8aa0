//! Items a second, put and finished, beside the bare client.

use std::time::{Duration, Instant};

use bench::progress;
use bench::report::{Better, Report, Subject};
use bench::rounds::interleaved;
use bench::watchdog::{LIMIT, watch};
use serde_json::{Value, json};

use crate::carrier::{Carrier, Contender};
use crate::server::Server;

/// How long a round puts.
const ROUND: Duration = Duration::from_millis(800);

pub(crate) fn measure(servers: &[Server], rounds: usize, quick: bool) -> Result<Value, String> {
    let subject = Subject::new(
        "machines",
        "Items put, and leased and acked, one connection each",
        "thousand items a second",
        Better::More,
        &["engine", "what", "batch"],
    );
    let mut report = Report::of_rounds(subject, rounds);
    let round = if quick { ROUND / 4 } else { ROUND };
    for server in servers {
        report.releases.insert(server.engine.clone(), server.version.clone());
        for batch in [1, 64] {
            let mut failed = None;
            let figures = interleaved(rounds, Contender::ALL.len(), |number| {
                let who = Contender::ALL[number];
                progress::show(&format!("{} {who}, {batch} at a time", server.engine));
                let both = watch(&format!("{} {who}", server.engine), LIMIT, || {
                    who.carrier(server).and_then(|mut it| rates(it.as_mut(), batch, round))
                });
                both.unwrap_or_else(|complaint| {
                    failed = Some(format!("{} {who}: {complaint}", server.engine));
                    (f64::NAN, f64::NAN)
                })
            });
            if let Some(complaint) = failed {
                return Err(complaint);
            }
            let of = |which: fn(&(f64, f64)) -> f64| {
                let each = figures.iter().map(|rounds| rounds.iter().map(which).collect());
                Contender::ALL.into_iter().zip(each).collect::<Vec<(Contender, Vec<f64>)>>()
            };
            report.add(&[&server.engine, &"put", &batch], of(|it| it.0));
            report.add(&[&server.engine, &"lease and ack", &batch], of(|it| it.1));
        }
    }
    report.tell();
    Ok(json!(report))
}

/// Thousands of items a second: put for so long, then finished until there are no more.
fn rates(carrier: &mut dyn Carrier, batch: usize, round: Duration) -> Result<(f64, f64), String> {
    let (begun, mut put) = (Instant::now(), 0);
    while begun.elapsed() < round {
        carrier.put(batch)?;
        put += batch;
    }
    let putting = begun.elapsed();
    let (begun, mut finished) = (Instant::now(), 0);
    while finished < put {
        let more = carrier.finish(batch)?;
        if more == 0 {
            return Err(format!("{put} items were put, and only {finished} came"));
        }
        finished += more;
    }
    let rate = |time: Duration| put as f64 / time.as_secs_f64() / 1e3;
    Ok((rate(putting), rate(begun.elapsed())))
}
