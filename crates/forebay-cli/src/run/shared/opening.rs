//! Opening the buffer of a run: made if need be, and compared with what an earlier life of the run has left.

use std::collections::HashSet;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};

use super::demand::Demand;
use super::extending::Extending;
use super::form::Form;
use super::logged::{Logged, rows_since};
use super::own::{Left, Own};
use super::{Shared, letters_unreadable, number};
use crate::buffer::place::{Buffer, Item, Place, Settings};
use crate::run::args::Args;
use crate::run::command::template::Template;
use crate::run::intake::resume::Finished;
use crate::run::intake::source::{Columns, Given};
use crate::run::outlet::joblog::Joblog;
use crate::run::{preparation, worker};

/// The buffer that `work` is to work on.
#[derive(Debug)]
pub(crate) struct Work {
    pub(crate) place: Place,
    /// End when nothing waits.
    pub(crate) once: bool,
}

/// What is open once the buffer is: of a run in memory, the joblog at most.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) side: Option<Shared>,
    /// Keeps the leases from being given back while the guard has something to kill.
    pub(crate) keep: Option<OwnedFd>,
    pub(crate) joblog: Option<Joblog>,
    pub(crate) finished: Finished,
}

/// Refuses flags that have no meaning where items lie in a shared buffer.
pub(crate) fn check(args: &Args, given: &[Given], work: Option<&Work>) -> Result<(), String> {
    let (items, flow) = (&args.items, &args.flow);
    let verb = match work {
        Some(_) => "work",
        None if flow.buffer.is_some() => "--buffer",
        None => return Ok(()),
    };
    let refused: &[(&str, bool, &str)] = &[
        (
            "-X, -m or -s",
            items.is_filling(),
            "how much fits is not known of what others put; give -n",
        ),
        (
            "--weight",
            flow.weight.is_some(),
            "what may wait there is said when it is made: `forebay create --capacity-bytes`",
        ),
        (
            "--on-high or --on-low",
            flow.on_high.is_some() || flow.on_low.is_some(),
            "other processes put and take, too, and nobody tells of them; look with `forebay stat`",
        ),
        (
            "--resume",
            args.failure.resume && work.is_some(),
            "what is in the buffer is not finished, and the rest is not there; leave it out",
        ),
        (
            "--pipe",
            items.pipe && work.is_none(),
            "a block has no name by which it would be known again; put files with `forebay put --file`, \
             and let `forebay work --pipe` read them",
        ),
        (
            "--on-full drop-oldest",
            work.is_none() && flow.on_full == forebay::Overflow::DropOldest,
            "the oldest may be somebody else's; give another one",
        ),
    ];
    let of_input: &[(&str, bool)] = &[
        ("-a", !items.arg_file.is_empty()),
        (":::", !given.is_empty()),
        ("--producer", !items.producer.is_empty()),
        ("-E", items.end.is_some()),
        ("-r", items.no_run_if_empty),
        ("--capacity", flow.capacity.is_some()),
        ("--on-full", flow.on_full != forebay::Overflow::Wait),
        ("--buffer", flow.buffer.is_some()),
        ("--dry-run", args.command_line.dry_run),
    ];
    let of_input = of_input.iter().filter(|_| work.is_some()).map(|(flag, is_given)| {
        let why = "items come out of the buffer, where `forebay put` puts them; leave it out";
        (*flag, *is_given, why)
    });
    match refused.iter().copied().chain(of_input).find(|(_, is_given, _)| *is_given) {
        Some((flag, _, why)) => Err(format!("{verb} with {flag}: {why}")),
        None => Ok(()),
    }
}

/// How items of the buffer and rows are made of each other.
fn form(args: &Args, columns: Columns) -> Result<Form, String> {
    Ok(match args.separator()? {
        Some(separator) => Form::Split(separator),
        None if args.items.pipe => Form::Block,
        None if columns.is_one() => Form::Whole,
        None => Form::Sources,
    })
}

/// Opens what the run works on, if that is shared; and its joblog.
pub(crate) fn of_run(
    args: &Args,
    work: Option<&Work>,
    template: &Template,
    columns: Columns,
) -> Result<Opened, String> {
    let place = match (work, &args.flow.buffer) {
        (Some(work), _) => work.place.clone(),
        (None, Some(given)) => Place::of(given)?,
        (None, None) => {
            let (joblog, finished) = preparation::joblog(args, template, columns)?;
            return Ok(Opened { side: None, keep: None, joblog, finished });
        }
    };
    let form = form(args, columns)?;
    let buffer = if work.is_some() { place.open()? } else { open_or_create(args, &place)? };
    let (joblog, finished, own, unreadable_before) = if work.is_some() {
        (joblog_of_work(args, &place, template)?, Finished::default(), None, 0)
    } else {
        let items = buffer.items()?;
        let (joblog, finished, own) =
            earlier_life(args, &buffer, &items, &form, template, columns)?;
        (Some(joblog), finished, Some(own), letters_unreadable(&items))
    };
    let producer = if own.is_some() {
        Some(buffer.producer()?.with_overflow(args.flow.on_full))
    } else {
        None
    };
    let (consumer, keep) = buffer.consumer()?;
    let settings = buffer.settings();
    let is_of_run = work.is_none() || args.failure.joblog.is_none();
    let logged = (is_of_run && joblog.is_some()).then(|| Logged {
        joblog: joblog_of_run(args, &place),
        created: buffer.created(),
        columns,
    });
    let now = buffer.statistics().map_err(|fault| place.in_words(fault))?;
    let side = Shared {
        consumer: Arc::new(consumer),
        producer,
        own,
        logged,
        demand: Arc::new(Demand::default()),
        form,
        rows: args.items.most_rows().map_or(1, std::num::NonZeroUsize::get),
        max_failures: settings.max_failures,
        once: work.is_some_and(|work| work.once),
        brought: AtomicU64::new(0),
        gone: AtomicU64::new(0),
        unreadable_before,
        waited_before: now.producer_wait,
        last: Mutex::new(now),
        extending: buffer.lease_time().map(Extending::new),
        buffer,
    };
    Ok(Opened { side: Some(side), keep, joblog, finished })
}

/// The buffer of `run --buffer`.
fn open_or_create(args: &Args, place: &Place) -> Result<Buffer, String> {
    let wanted = args.flow.capacity.map(|capacity| capacity.get() as u64);
    let capacity = wanted.unwrap_or(args.capacity() as u64);
    // Every consumer may hold as much as it ever does, and others work beside.
    let consumers = args.consumers().most * args.most_in_flight();
    let leased = (2 * consumers as u64).max(capacity).max(64);
    let settings = Settings { max_leased: Some(leased), ..Settings::new(capacity) };
    let buffer = place.open_or_create(&settings)?;
    let capacity = buffer.settings().capacity;
    match wanted {
        Some(wanted) if wanted != capacity => Err(format!(
            "--capacity {wanted}: {place} is there already, with a capacity of {capacity}; leave --capacity out, or \
             name another buffer",
        )),
        _ => Ok(buffer),
    }
}

/// Where the run that brings items has its joblog.
fn joblog_of_run(args: &Args, place: &Place) -> PathBuf {
    args.failure.joblog.clone().unwrap_or_else(|| place.joblog())
}

fn joblog_of_work(
    args: &Args,
    place: &Place,
    template: &Template,
) -> Result<Option<Joblog>, String> {
    match &args.failure.joblog {
        Some(path) => Joblog::add_to(path, template.signature()).map(Some),
        None => Joblog::beside(&place.joblog()),
    }
}

/// What an earlier life of the run has finished, by its joblog, and left in the buffer.
fn earlier_life(
    args: &Args,
    buffer: &Buffer,
    items: &[Item],
    form: &Form,
    template: &Template,
    columns: Columns,
) -> Result<(Joblog, Finished, Own), String> {
    let path = &joblog_of_run(args, buffer.place());
    // What cannot be read is put again.
    let items = || items.iter().filter(|item| item.is_readable);
    let numbers: HashSet<_> = items().filter_map(|item| item.position).map(number).collect();
    let signature = template.signature();
    let (joblog, finished) = Joblog::resume(path, signature, !columns.is_one(), true, &numbers)?;
    preparation::tell_damaged(path, &finished);
    let done = rows_since(buffer.created(), form, &finished.numbered);
    let row_of = |item: &Item| item.position.and_then(|position| done.get(&number(position)));
    let own = Own::new(items().map(|item| Left {
        position: item.position.unwrap_or_default(),
        bytes: &item.bytes,
        is_dead: item.is_dead,
        is_done: !item.is_dead && row_of(item).is_some_and(|row| **row == *item.bytes),
    }));
    Ok((joblog, finished, own))
}

/// How many items a run may hold in memory: what consumers want, and what is leased ahead.
pub(crate) fn most_in_memory(args: &Args) -> usize {
    args.consumers().most + super::demand::MOST_AHEAD + worker::MOST
}
