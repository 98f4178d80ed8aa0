//! `forebay create`: makes a buffer in a file.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use forebay::processes::Durability;

use super::place::{OfFile, Place, Settings};
use crate::run::args::values::{duration, size};

/// Make a buffer in a file, or on a server, for any number of processes
///
/// In a file: processes put and take without a server; whichever of them is killed, at whatever moment, no item is
/// lost. The file gets all its space at once, and what it is made with stays. It must not lie on a network
/// file system. At a URL: processes of any machine do; one that is there already with the same settings is left as it is.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  Let a thousand files wait at most, and whoever is free convert them:
    forebay create jobs.fb --capacity 1000
    find . -name '*.png' -print0 | forebay put jobs.fb -0 &
    forebay work jobs.fb -j4 convert {} {.}.webp
  Keep items through a power cut, and try each three times:
    forebay create jobs.fb --durability power --max-failures 3

  Between machines:
    forebay create redis://host/jobs --capacity 1000

Exit status: 0, or 255: it could not be made; what is there already stays as it is.")]
pub(crate) struct Args {
    /// The file to make, or a URL such as redis://host/jobs
    #[arg(value_name = "BUFFER", value_hint = clap::ValueHint::FilePath)]
    buffer: PathBuf,

    /// Let at most N items wait
    #[arg(long, value_name = "N", default_value = "1024", value_parser = clap::value_parser!(u64).range(1..))]
    capacity: u64,

    /// Let at most SIZE bytes of items wait
    ///
    /// SIZE is a number of bytes, or has a unit: k, m, g are 1000, 1000² and 1000³ bytes, K, M, G are 1024, 1024²
    /// and 1024³. This bound holds beside --capacity; an item that is larger is refused.
    #[arg(long, value_name = "SIZE", value_parser = size)]
    capacity_bytes: Option<u64>,

    /// What a put item survives: the death of every `process`, or the loss of `power` [default: process]
    ///
    /// With `power` a put returns when its item is on the disk; all who wait share one sync. For files only.
    #[arg(long, value_name = "WHAT", value_parser = ["process", "power"])]
    durability: Option<String>,

    /// The permissions of the file, in octal [default: 0600]
    ///
    /// Whoever may write it can put, take, and damage it. For files only.
    #[arg(long, value_name = "MODE", value_parser = mode)]
    mode: Option<u32>,

    /// Let at most N items be leased at a time [default: the capacity, at least 64]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    max_leased: Option<u64>,

    /// Make an item a dead letter once it has failed N times [default: whoever works says]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    max_failures: Option<u32>,

    /// Make an item a dead letter once N leases of it ended without an answer [default: never]
    ///
    /// Whoever is killed says nothing about its item: give this only where an item may kill.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    max_deliveries: Option<u32>,

    /// End a lease that is neither answered nor extended for TIME [default: never]
    ///
    /// What a killed process held goes back without it. `forebay work` extends its leases by itself; this is
    /// for processes that live and do not go on.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    lease_time: Option<Duration>,

    /// Keep room for N dead letters [default: the capacity, from 64 to 65536]
    ///
    /// When it is full nothing is leased until some are retried or purged: see `forebay dead`. For files only.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    dead_room: Option<u64>,

    /// Keep room for N producers and consumers at a time [default: 256]
    ///
    /// For files only.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    participants: Option<u32>,
}

fn mode(text: &str) -> Result<u32, String> {
    let mode = u32::from_str_radix(text, 8).ok().filter(|mode| *mode <= 0o777);
    match mode {
        Some(mode) if mode & 0o600 == 0o600 => Ok(mode),
        Some(_) => {
            Err("whoever makes a buffer reads and writes it; let it begin with 6".to_owned())
        }
        None => Err("want permissions in octal, such as 0660".to_owned()),
    }
}

pub(crate) fn run(args: &Args) -> ExitCode {
    super::status("create", create(args).map(|()| 0))
}

fn create(args: &Args) -> Result<(), String> {
    let place = Place::of(&args.buffer)?;
    let settings = Settings {
        capacity: args.capacity,
        capacity_bytes: args.capacity_bytes,
        max_leased: args.max_leased,
        max_failures: args.max_failures,
        max_deliveries: args.max_deliveries,
        lease_time: args.lease_time,
    };
    let of_file = OfFile {
        durability: args.durability.as_ref().map(|what| match what.as_str() {
            "power" => Durability::Power,
            _ => Durability::Process,
        }),
        mode: args.mode,
        dead_room: args.dead_room,
        participants: args.participants,
    };
    place.create(&settings, &of_file)?;
    if place.file().is_none() {
        place.open()?.warn("create");
    }
    Ok(())
}
