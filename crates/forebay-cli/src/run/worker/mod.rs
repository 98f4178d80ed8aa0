//! `--worker`: one long-lived process for each consumer instead of one for each item.
//!
//! # The protocol
//!
//! A worker reads items on standard input, each ended by a newline (`--worker-0`: a zero byte), and
//! prints one answer for each, in their order, ended alike. An answer finishes its item and is printed as
//! the item's output, with its end. Nothing else goes to standard output; standard error is the
//! worker's own. Both ends may be empty lines. Part of an answer, without its end, is none.
//!
//! At the end of its input a worker exits. One that dies earlier is started again: the item whose answer
//! was due has failed, unless the worker had read nothing of it; those behind it were not begun and
//! are given back.
//!
//! What cannot be told apart cannot be mended: a worker that prints anything while it has been asked
//! nothing, or answers what it has not read, may have shifted all answers by one. The run stops then,
//! and what is unanswered remains.
//!
//! # Why several items are in flight
//!
//! With one, each item costs two switches between processes, far more than all else. So a worker that
//! answers fast is asked ahead: as many as it answers in [a moment](window), and a slow one exactly one,
//! so that it holds nothing that others could do. Items and answers go in batches then: one write, one
//! read, one print, one line-up of leases.
//!
//! [`process`] is the process and its pipes, [`window`] the items in flight, [`answers`] cuts what was read,
//! [`service`] is the consumer's loop, [`death`] what becomes of items when a worker dies, [`silence`] the
//! hint for one that forgets to flush, and [`errors`] leads its errors past a progress bar.

mod answers;
mod death;
mod errors;
mod process;
mod service;
mod silence;
mod window;

use std::ffi::OsString;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

pub(crate) use service::consume;
pub(crate) use window::MOST;

use super::Args;
use super::command::template::Template;

/// What the workers of a run have in common.
#[derive(Debug)]
pub(crate) struct Workers {
    /// Ends each item and each answer.
    end: u8,
    /// Whether any worker has ever answered.
    have_answered: AtomicBool,
    /// Whether the hint for a silent worker was given.
    hinted: AtomicBool,
    /// Consumers that have not given up for want of what a worker needs.
    able: AtomicUsize,
}

impl Workers {
    /// What was asked for, if it was workers.
    pub(crate) fn of(args: &Args) -> Result<Option<Self>, String> {
        let Some(flag) = flag(args) else { return Ok(None) };
        let items = &args.items;
        let grouping = [
            ("-n", items.group.is_some()),
            ("-L", items.max_lines.is_some()),
            ("-X, -m or -s", items.is_filling()),
        ];
        if let Some((grouped, _)) = grouping.into_iter().find(|(_, is_given)| *is_given) {
            return Err(format!(
                "{flag} with {grouped}: a worker answers one item after another, so there are no groups of \
                 them; leave it out"
            ));
        }
        if args.output.ungroup {
            return Err(format!(
                "{flag} with -u: what a worker writes are answers, which are told apart before they are \
                 printed; leave -u out"
            ));
        }
        if items.pipe {
            return Err(format!(
                "{flag} with --pipe: a worker reads its items line by line, and no blocks; leave one of \
                 them out"
            ));
        }
        if items.colsep.is_some() {
            return Err(format!(
                "{flag} with --colsep: a worker gets its items as they are, and can split them itself; \
                 leave --colsep out"
            ));
        }
        if args.command_line.replace.is_some() {
            return Err(format!(
                "{flag} with -I: a worker gets its items on standard input, so its command has no place \
                 for one; leave -I out"
            ));
        }
        let end = if args.command_line.worker_0 { 0 } else { b'\n' };
        Ok(Some(Self {
            end,
            have_answered: AtomicBool::new(false),
            hinted: AtomicBool::new(false),
            able: AtomicUsize::new(args.consumers().most),
        }))
    }

    /// A consumer gives up; not the last one, whose items nobody else would take.
    fn give_up(&self) -> bool {
        let others = |able: usize| (able > 1).then(|| able - 1);
        self.able.fetch_update(Ordering::Relaxed, Ordering::Relaxed, others).is_ok()
    }
}

/// How workers were asked for.
pub(crate) fn flag(args: &Args) -> Option<&'static str> {
    match &args.command_line {
        line if line.worker_0 => Some("--worker-0"),
        line if line.worker => Some("--worker"),
        _ => None,
    }
}

/// `--dry-run`: the command of each worker that would be started. No item is read.
pub(crate) fn show(template: &Template, consumers: usize) -> Result<(), String> {
    let mut text = Vec::new();
    for consumer in 1..=consumers {
        let argv: Vec<OsString> = template.worker_argv(consumer);
        text.extend_from_slice(&template.command_line(&argv));
        text.push(b'\n');
    }
    io::stdout()
        .write_all(&text)
        .map_err(|error| format!("cannot write to standard output: {error}"))
}
