//! `forebay take`: takes items for good, and prints them.

use std::io::{self, ErrorKind, Write};
use std::path::PathBuf;
use std::process::{self, ExitCode};
use std::thread;
use std::time::{Duration, Instant};

use forebay::{Patience, TakeError};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::stdio;

use super::place::{Consumer, Place};
use crate::run::args::values::duration;

/// So many are taken in one go at most: they are lost if this process is killed before they are printed.
const BATCH: u64 = 256;

/// How long printing takes at most that has begun.
const MOMENT: Duration = Duration::from_millis(50);

/// Take items out of a buffer and print them
///
/// An item that was taken is gone: if forebay is killed before it is printed, or whoever reads goes away before
/// reading it, nobody has it. To have each item done at least once, `forebay work` leases it instead.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  Do something with each item, until the buffer is closed and drained:
    while item=$(forebay take jobs.fb); do echo \"$item\"; done
  See what is there, and leave nothing:
    forebay take jobs.fb --all --no-wait

Exit status:
  0    all that was asked for was taken
  1    less was: nothing came in TIME, there was nothing (--no-wait), the
       buffer is closed and drained (without --all, whose end that is), or
       some could not be read (with --all), which is told
  141  whoever read the output went away
  255  the buffer could not be opened, or is of no use")]
pub(crate) struct Args {
    /// The buffer: a file, or a URL such as redis://host/jobs
    #[arg(value_name = "BUFFER", value_hint = clap::ValueHint::FilePath)]
    buffer: PathBuf,

    /// Take N items, waiting for each
    #[arg(short, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u64).range(1..))]
    n: u64,

    /// Take all, until the buffer is closed and drained
    #[arg(long, conflicts_with = "n")]
    all: bool,

    /// Wait no longer than TIME altogether, and exit with 1 then
    #[arg(long, value_name = "TIME", value_parser = duration)]
    timeout: Option<Duration>,

    /// Do not wait: take what there is
    #[arg(long, conflicts_with = "timeout")]
    no_wait: bool,

    /// Print a zero byte after each item, not a newline
    #[arg(short = '0', long)]
    null: bool,
}

pub(crate) fn run(args: &Args) -> ExitCode {
    super::status("take", take(args))
}

fn take(args: &Args) -> Result<u8, String> {
    let place = Place::of(&args.buffer)?;
    let (consumer, _keep) = place.open()?.consumer()?;
    let patience = match args.timeout {
        _ if args.no_wait => Patience::Try,
        None => Patience::Forever,
        Some(time) => Instant::now().checked_add(time).map_or(Patience::Forever, Patience::Until),
    };
    leave_with_the_reader().map_err(|error| format!("cannot begin: {error}"))?;
    let status = take_from(&place, &consumer, args, patience);
    let unreadable = consumer.unreadable();
    if unreadable > 0 {
        eprintln!("forebay take: {}", super::unreadable(&place, unreadable));
    }
    // Whoever wanted all did not get these.
    let least = if unreadable > 0 && args.all { super::NOT_SO } else { 0 };
    status.map(|status| status.max(least))
}

fn take_from(
    place: &Place,
    consumer: &Consumer,
    args: &Args,
    patience: Patience,
) -> Result<u8, String> {
    let end = if args.null { 0 } else { b'\n' };
    let mut left = if args.all { u64::MAX } else { args.n };
    let mut text = Vec::new();
    while left > 0 {
        let taken = match consumer.take_many_within(left.min(BATCH) as usize, patience) {
            Ok(taken) => taken,
            Err(TakeError::Unable(fault)) => return Err(place.in_words(fault)),
            Err(TakeError::Closed) if args.all => return Ok(0),
            Err(TakeError::Empty) if args.all && args.no_wait => return Ok(0),
            Err(_) => return Ok(super::NOT_SO),
        };
        left -= taken.len() as u64;
        text.clear();
        for item in &taken {
            text.extend_from_slice(item);
            text.push(end);
        }
        let mut out = io::stdout().lock();
        if let Err(error) = out.write_all(&text).and_then(|()| out.flush()) {
            let lost = super::counted(taken.len() as u64);
            if error.kind() == ErrorKind::BrokenPipe {
                eprintln!("forebay take: whoever read went away; up to {lost} taken and not read");
                return Ok(141);
            }
            return Err(format!(
                "cannot write to standard output: {error}; up to {lost} taken and not printed"
            ));
        }
    }
    Ok(0)
}

/// From here on the process ends when nobody is left to read its output: it waits for no item then, which nobody would
/// see. One that it has just begun to take goes back, as if it had been killed.
fn leave_with_the_reader() -> io::Result<()> {
    let wait = || loop {
        let mut stdout = [PollFd::from_borrowed_fd(stdio::stdout(), PollFlags::empty())];
        match poll(&mut stdout, None) {
            Ok(_) if stdout[0].revents().contains(PollFlags::ERR) => {
                // Whoever is about to print finds out by itself, and tells what is lost.
                thread::sleep(MOMENT);
                process::exit(141)
            }
            Ok(_) | Err(Errno::INTR) => {}
            Err(_) => return,
        }
        if !stdout[0].revents().is_empty() {
            return;
        }
    };
    thread::Builder::new().name("reader".to_owned()).spawn(wait).map(drop)
}
