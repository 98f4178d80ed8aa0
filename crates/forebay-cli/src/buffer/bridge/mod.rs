//! `forebay bridge`: moves items from one buffer to another, wherever each of them is.
//!
//! What is on its way is [in hand](hand): leased at the one end, and acked there only when the [ferry](ferry) has put it at
//! the other. What was done is in the [account](account), from which all is told.

mod account;
mod ferry;
mod hand;

use std::fmt::Display;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::interruption::Interruption;
use super::place::{Buffer, Consumer, Place, Producer};
use crate::run::args::values::rate;
use crate::run::message::beside_the_bar;
use crate::run::pace::Pace;
use crate::run::progress;
use account::{Account, Ending};
use ferry::Ferry;
use hand::Hand;

/// What is done sooner needs no bar.
const FLEETING: Duration = Duration::from_millis(500);

/// Between two tries to reach a server that is away.
const AGAIN: Duration = Duration::from_millis(500);

/// How long it takes at most to tell a server what is given back.
const FAREWELL: Duration = Duration::from_millis(500);

/// Move items from one buffer to another, and lose none
///
/// Each of the two is a file, or on a server. An item is leased at FROM, put at TO, and finished at FROM only when TO has it:
/// whatever is killed in between, it is in one of them. What was in hand then is in both, so an item comes at least once.
/// When TO is full, forebay waits; when a server is away, it waits until that is back, however long it takes. It goes on until
/// FROM is closed and drained, and closes nothing itself.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  Collect without a network, and bring it all to a server whenever there is one:
    forebay create spool.fb
    forebay bridge spool.fb redis://host/jobs &
    ./measure | forebay put spool.fb
  Move to another server, once:
    forebay bridge --once redis://old/jobs nats://new/jobs

What an item was before goes with it, and nothing else does: at TO it is a new one,
without the deliveries and failures that FROM had counted. Dead letters stay where
they are. An item that is larger than TO may hold becomes a dead letter at FROM.

Interrupting: Ctrl-C (or SIGTERM) gives back what is in hand. Where a server is away,
forebay ends after two seconds, or when it is interrupted again.

Exit status:
  0              nothing waits at FROM any more (--once), or it is closed and drained
  1              the same, but some items are dead letters at FROM now, as is told:
                 they were too large for TO, or could not be read
  129, 130, 143  interrupted by SIGHUP; by Ctrl-C; by SIGTERM
  255            a buffer could not be opened, or is of no use any more; TO is closed;
                 or wrong usage. How many items were moved is told")]
pub(crate) struct Args {
    /// The buffer to take from: a file, or a URL such as redis://host/jobs
    #[arg(value_name = "FROM", value_hint = clap::ValueHint::FilePath)]
    from: PathBuf,

    /// The buffer to put into
    #[arg(value_name = "TO", value_hint = clap::ValueHint::FilePath)]
    to: PathBuf,

    /// End when no item waits at FROM, not only when it is closed and drained
    ///
    /// What was leased there by a process that was killed comes back first, and is moved.
    #[arg(long)]
    once: bool,

    /// Have at most N items in hand: so many may come twice after a kill
    ///
    /// What there is goes in one go, up to this number and about a megabyte. It is as fast as this is large, where an end is
    /// far away.
    #[arg(short = 'n', long, value_name = "N", default_value = "256", value_parser = clap::value_parser!(u32).range(1..=4096))]
    batch: u32,

    /// Move at most N items a second; N/m: a minute; N/h: an hour
    #[arg(long, value_name = "N/s", value_parser = rate, allow_hyphen_values = true)]
    rate: Option<Duration>,

    /// Print an object of JSON at the end
    ///
    /// Its keys: from, to (as messages tell them), ended (`empty`, `closed`, `interrupted` or `broken`), moved, perhaps_twice (so
    /// many items at most are at both ends now, because an answer was lost), set_aside (too large for TO), unreadable, seconds.
    #[arg(long)]
    json: bool,

    /// Say nothing about what was moved, and show no progress; errors only
    #[arg(short, long)]
    quiet: bool,

    /// Show no progress bar
    #[arg(long)]
    no_progress: bool,

    /// Show the bar on a terminal, even with --quiet
    #[arg(long, visible_alias = "progress", conflicts_with = "no_progress")]
    bar: bool,
}

pub(crate) fn run(args: &Args) -> ExitCode {
    super::status("bridge", bridge(args))
}

fn bridge(args: &Args) -> Result<u8, String> {
    let (from, to) = (Place::of(&args.from)?, Place::of(&args.to)?);
    if from.is(&to) {
        return Err(format!("{from} and {to} are one buffer; it would go round in a circle"));
    }
    let account = Arc::new(Account::new(&from, &to, args.json, args.quiet));
    let hand = Arc::<Hand>::default();
    let pace = Arc::new(Pace::new(args.rate, None));
    let interruption = listen(&account, &hand, &pace)?;
    let crossing = arrive(&from, &to, &interruption).map(|banks| {
        if let Some(time) = banks.from.settings().lease_time {
            hand.keep(time);
        }
        show(args, &account, &banks.from);
        let mut ferry = Ferry::new(banks, args, &hand, &account, &interruption, &pace);
        let ending = ferry.cross();
        progress::clear();
        // What is in hand goes back; the last handle, dropped with the ferry, waits until a server has heard of it.
        hand.give_back();
        (ending, ferry.unreadable())
    });
    let (ending, unreadable) = crossing.unwrap_or_else(|ending| (ending, 0));
    Ok(account.conclude(&ending, unreadable))
}

/// The two ends.
struct Banks {
    from: Arc<Buffer>,
    consumer: Consumer,
    /// Of a file: the consumer lives as long as this.
    keep: Option<OwnedFd>,
    to: Buffer,
    producer: Producer,
}

fn arrive(from: &Place, to: &Place, interruption: &Interruption) -> Result<Banks, Ending> {
    let (from, to) = (open(from, interruption)?, open(to, interruption)?);
    to.warn("bridge");
    let (consumer, keep) = from.consumer().map_err(Ending::Broken)?;
    let producer = to.producer().map_err(Ending::Broken)?;
    Ok(Banks { from: Arc::new(from), consumer, keep, to, producer })
}

fn show(args: &Args, account: &Arc<Account>, from: &Arc<Buffer>) {
    let is_declined = args.no_progress || (args.quiet && !args.bar);
    if !is_declined && progress::is_seen() {
        // Not one of those who keep the connection.
        let (account, from) = (Arc::clone(account), Arc::downgrade(from));
        progress::show(FLEETING, move || account.figures(from.upgrade().as_deref()));
    }
}

/// Opens a buffer, and waits for its server where that is away.
fn open(place: &Place, interruption: &Interruption) -> Result<Buffer, Ending> {
    let mut is_told = false;
    loop {
        match place.reach() {
            Ok(buffer) => {
                if is_told {
                    say(format_args!("{place}: the server is there"));
                }
                return Ok(buffer);
            }
            Err(unopened) if !unopened.is_away => return Err(Ending::Broken(unopened.complaint)),
            Err(unopened) if !is_told => {
                is_told = true;
                say(format_args!("{}; waiting for it", unopened.complaint));
            }
            Err(_) => {}
        }
        interruption.pause(AGAIN);
        if let Some(signal) = interruption.signal() {
            return Err(Ending::Interrupted(signal));
        }
    }
}

fn listen(
    account: &Arc<Account>,
    hand: &Arc<Hand>,
    pace: &Arc<Pace>,
) -> Result<Arc<Interruption>, String> {
    let (pace, account, hand) = (Arc::clone(pace), Arc::clone(account), Arc::clone(hand));
    let late = move |signal| {
        progress::clear();
        // Neither a server that is away nor who has it to tell keeps this from ending.
        let hand = Arc::clone(&hand);
        thread::spawn(move || hand.give_back());
        thread::sleep(FAREWELL);
        account.conclude(&Ending::Interrupted(signal), 0);
    };
    Interruption::see(move || pace.end(), late).map_err(|error| format!("cannot begin: {error}"))
}

/// Says one line, and never through the bar.
fn say(line: impl Display) {
    beside_the_bar(|| eprintln!("forebay bridge: {line}"));
}
