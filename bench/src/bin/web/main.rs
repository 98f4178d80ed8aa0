//! `cargo xtask bench web`: the example `web_server` when many times what it can do comes.
//!
//! Each round starts a server of its own. First a few clients keep all its workers busy: what it answers
//! then is its *capacity* in requests a second. Then clients come at so many times that rate, whether the
//! earlier ones have their answers or not, each on a new connection, as a crowd does. Clients and server
//! share this machine, so what the clients cost is in the figures.

mod load;
mod server;

use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use bench::machine::Machine;
use bench::spread::Spread;
use bench::table::{Table, write_json};
use bench::{processor, progress};
use clap::Parser;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::{Map, json};

use load::{Plan, Tally};
use server::{Account, Server};

/// The example web_server when many times what it can do comes
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench web")]
struct Args {
    /// The server under test; `cargo xtask bench web` builds it and gives it
    #[arg(long, value_name = "PATH")]
    server: PathBuf,
    /// Rounds; the median of them is told
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// How long the crowd comes in a round
    #[arg(long, value_name = "MS", default_value_t = 8_000, value_parser = clap::value_parser!(u64).range(100..))]
    round_ms: u64,
    /// How many times its capacity comes
    #[arg(long, value_name = "N", default_value_t = 20.0)]
    times: f64,
    /// 1 round of 2 seconds: a first look, not a figure
    #[arg(long)]
    quick: bool,
    #[command(flatten)]
    shop: Shop,
    /// Write everything to this file as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// What the server is told.
#[derive(Debug, Clone, Copy, clap::Args)]
struct Shop {
    /// How many threads work
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..))]
    workers: u16,
    /// The most requests that wait for them
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..))]
    capacity: u16,
    /// How long the work for a request takes
    #[arg(long, value_name = "MS", default_value_t = 10)]
    service_ms: u64,
}

/// The key of how many times the capacity came.
const OFFERED: &str = "offered_times";

fn main() -> ExitCode {
    let mut args = Args::parse();
    if args.quick {
        (args.rounds, args.round_ms) = (1, 2_000);
    }
    match measure(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(complaint) => {
            eprintln!("bench: {complaint}");
            ExitCode::FAILURE
        }
    }
}

/// One figure of a round: its name in the JSON, in the table, and how many digits are told of it.
type Figure = (&'static str, &'static str, usize, f64);

fn measure(args: &Args) -> Result<(), String> {
    let machine = Machine::now();
    allow_many_files();
    let mut rounds: Vec<Vec<Figure>> = Vec::new();
    for number in 1..=args.rounds {
        progress::show(&format!("round {number} of {}", args.rounds));
        rounds.push(round(args)?);
    }

    let Shop { workers, capacity, service_ms } = args.shop;
    println!(
        "{workers} workers × {service_ms} ms, capacity {capacity}, {} × what they can do for {} s: \
         median of {} rounds; {} cores, shared by server and clients.\n",
        args.times,
        args.round_ms as f64 / 1e3,
        args.rounds,
        machine.cores
    );
    let mut table = Table::new(["what", "median", "least", "greatest"]);
    let mut rows = Map::new();
    let mut offered = Vec::new();
    for (place, (key, name, digits, _)) in rounds[0].iter().enumerate() {
        let figures: Vec<f64> = rounds.iter().map(|round| round[place].3).collect();
        if *key == OFFERED {
            offered.clone_from(&figures);
        }
        let spread = Spread::of(&figures);
        let shown = |figure: f64| format!("{figure:.digits$}");
        table.row([
            (*name).to_owned(),
            shown(spread.median),
            shown(spread.least),
            shown(spread.greatest),
        ]);
        let mut row = json!(spread);
        row["rounds"] = json!(figures);
        rows.insert((*key).to_owned(), row);
    }
    println!("{}", table.markdown());
    let came = Spread::of(&offered).median;
    if came < args.times * 0.95 {
        println!("FEWER CAME THAN ASKED: {came:.1} times the capacity, not {}.", args.times);
    }
    if let Some(warning) = machine.warning() {
        println!("{warning}");
    }
    let page = json!({
        "measure": "web",
        "machine": machine,
        "rounds": args.rounds,
        "round_ms": args.round_ms,
        "times": args.times,
        "workers": workers,
        "capacity": capacity,
        "service_ms": service_ms,
        "figures": rows,
    });
    write_json(args.json.as_deref(), &page)
}

fn round(args: &Args) -> Result<Vec<Figure>, String> {
    let Shop { workers, capacity, .. } = args.shop;
    let server = Server::start(&args.server, &args.shop)?;
    let lasting = Duration::from_millis(args.round_ms);
    let nothing = |_| Ok(());

    // So many that no worker ever waits, and nobody is refused.
    let few = usize::from(workers) * 2;
    let few = few.min(usize::from(workers) + usize::from(capacity));
    let warm = load::run(server.address, Plan::Closed(few), lasting / 16, nothing)?;
    let saturated = load::run(server.address, Plan::Closed(few), lasting / 4, nothing)?;
    let before = server.resident()?.now;
    let rate = saturated.accepted_meanwhile as f64 / saturated.lasted.as_secs_f64();

    let mut meanwhile = Vec::new();
    let (own, its) = (processor::time(), server.processor()?);
    let crowd = load::run(server.address, Plan::Open(rate * args.times), lasting, |elapsed| {
        if elapsed >= lasting.mul_f64((meanwhile.len() + 1) as f64 / 5.0) {
            meanwhile.push(server.resident()?.now);
        }
        Ok(())
    })?;
    let own = processor::time().saturating_sub(own);
    let its = server.processor()?.saturating_sub(its);
    let each = |time: Duration| time.as_secs_f64() * 1e6 / crowd.offered as f64;
    thread::sleep(Duration::from_secs(1));
    let after = server.resident()?;
    let (early, late) = meanwhile.first().zip(meanwhile.last()).ok_or("too short a round")?;
    let account = server.stop()?;

    let offered = crowd.offered as f64 / crowd.lasted.as_secs_f64();
    let goodput = crowd.accepted_meanwhile as f64 / crowd.lasted.as_secs_f64();
    // A request that finds one place left waits for all before it, and then for its own work.
    let bound = f64::from(capacity + workers) / rate * 1e3;
    let latency = |quantile| crowd.latencies.value_at_quantile(quantile) as f64 / 1e3;
    let mib = |kib: u64| kib as f64 / 1024.0;
    Ok(vec![
        ("capacity", "capacity, requests/s", 0, rate),
        ("offered", "offered, requests/s", 0, offered),
        (OFFERED, "offered ÷ capacity", 1, offered / rate),
        ("goodput", "goodput, requests/s", 0, goodput),
        ("goodput_ratio", "goodput ÷ capacity", 3, goodput / rate),
        ("bound", "(capacity + workers) ÷ rate, ms", 1, bound),
        ("p50", "latency of those accepted, p50, ms", 1, latency(0.5)),
        ("p99", "p99, ms", 1, latency(0.99)),
        ("max", "greatest, ms", 1, crowd.latencies.max() as f64 / 1e3),
        ("p99_ratio", "p99 ÷ bound", 3, latency(0.99) / bound),
        (
            "refusal_p50",
            "503 after, p50, ms",
            1,
            crowd.refusals.value_at_quantile(0.5) as f64 / 1e3,
        ),
        ("refusal_p99", "p99, ms ", 1, crowd.refusals.value_at_quantile(0.99) as f64 / 1e3),
        ("unanswered", "clients without an answer", 0, crowd.unanswered as f64),
        ("lost", "accepted, not answered", 0, lost(account, &[&warm, &saturated, &crowd])),
        ("server_processor", "processor time for a client: server, µs", 1, each(its)),
        ("crowd_processor", "and the client itself, µs", 1, each(own)),
        ("rss_before", "resident before the crowd, MiB", 1, mib(before)),
        ("rss_early", "at a fifth of it, MiB", 1, mib(*early)),
        ("rss_late", "at four fifths of it, MiB", 1, mib(*late)),
        ("rss_peak", "the most, MiB", 1, mib(after.peak)),
        ("rss_after", "1 s after it, MiB", 1, mib(after.now)),
    ])
}

/// What the server says that it has accepted, and no client had an answer to.
fn lost(account: Account, tallies: &[&Tally]) -> f64 {
    let answered: u64 = tallies.iter().map(|tally| tally.accepted).sum();
    account.accepted as f64 - answered as f64
}

/// Each client is a file.
fn allow_many_files() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
}
