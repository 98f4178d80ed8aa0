//! A command that does nothing, so that only the cost of running it is seen.

use std::path::Path;

use bench::rounds::interleaved;
use bench::spread::Spread;
use bench::table::Table;
use serde_json::{Value, json};

use crate::contender::{Contender, Race};
use crate::{Args, write_items};

pub(crate) fn measure(args: &Args, folder: &Path) -> Result<Value, String> {
    let items = write_items(folder, args.items)?;
    let (mut peers, missing) = Contender::peers(args.items, &items);
    if let Some(wanted) = &args.peers {
        peers.retain(|peer| wanted.iter().any(|wanted| wanted == peer.name));
    }
    let mut contenders = vec![Contender::forebay(&args.forebay, folder, &items)];
    contenders.extend(peers);
    // Once to warm up, and so that whoever cannot do the work is known before anything is measured.
    for contender in &contenders {
        contender.race(args.items)?;
    }
    let races =
        interleaved(args.rounds.into(), contenders.len(), |turn| contenders[turn].race(args.items));
    let mut table =
        Table::new(["program", "seconds", "least", "greatest", "forebay ÷ it", "peak MB"]);
    let mut rows = serde_json::Map::new();
    let mut own = None;
    for (contender, races) in contenders.iter().zip(races) {
        let races = races.into_iter().collect::<Result<Vec<Race>, _>>()?;
        let figures: Vec<f64> = races.iter().map(|race| race.duration.as_secs_f64()).collect();
        let peak = races.iter().map(|race| race.peak).max().unwrap_or(0) as f64 / 1e6;
        let spread = Spread::of(&figures);
        let ratio = *own.get_or_insert(spread.median) / spread.median;
        table.row([
            format!("`{}`", contender.line),
            format!("{:.3}", spread.median),
            format!("{:.3}", spread.least),
            format!("{:.3}", spread.greatest),
            format!("{ratio:.2}"),
            format!("{peak:.1}"),
        ]);
        let mut row = json!(spread);
        row["rounds"] = json!(figures);
        row["line"] = contender.line.into();
        row["ratio"] = ratio.into();
        row["peak_megabytes"] = peak.into();
        rows.insert(contender.name.to_owned(), row);
    }
    println!("{} × /bin/true, 2 workers:\n", args.items);
    println!("{}", table.markdown());
    if !missing.is_empty() {
        println!("Not installed here, so not measured: {}.\n", missing.join(", "));
    }
    Ok(json!({
        "unit": "seconds",
        "items": args.items,
        "programs": rows,
        "missing": missing,
    }))
}
