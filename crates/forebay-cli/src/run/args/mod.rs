//! The flags of `forebay run`: one table, from which `--help` is made too.

mod command;
mod consumers;
mod failure;
mod flow;
mod items;
mod output;
mod sources;
mod values;

use std::ffi::{OsStr, OsString};
use std::num::NonZeroUsize;

use super::elastic::Bounds;
use super::intake::delimiter::Delimiter;
use super::intake::origin::Format;
use super::intake::source::Given;
use super::outlet::Manner;
use super::worker;
use command::CommandLine;
use consumers::{elastic, jobs, processors};
use failure::Failure;
use flow::Flow;
use items::Items;
pub(crate) use output::Output;

/// Run a command over items, several at a time, and lose none
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "forebay run [OPTIONS] [--] COMMAND [ARGUMENT]... [::: ITEM...]...",
    after_help = "`--help` tells the placeholders, the exit status, and examples.",
    after_long_help = AFTER_HELP
)]
pub(crate) struct Args {
    /// Run so many commands at a time [default: auto, one for each processor]
    ///
    /// N is a number, or relative to the processors: +N and -N are so many more and fewer, N% is so
    /// much of them; at least 1 in any case.
    #[arg(
        short,
        visible_short_alias = 'P',
        long,
        visible_alias = "max-procs",
        value_name = "N",
        value_parser = jobs,
        allow_hyphen_values = true
    )]
    pub(crate) jobs: Option<NonZeroUsize>,

    /// Run from MIN to MAX commands at a time, as many as the items need
    ///
    /// More are run while items wait for a consumer, fewer while consumers wait for items; the number
    /// follows what is measured, within a second or two. Work that is bound by a processor or a disk
    /// does not get faster by it: give a MAX that the machine can bear.
    #[arg(long, value_name = "MIN..MAX", value_parser = elastic, conflicts_with = "jobs", allow_hyphen_values = true)]
    pub(crate) elastic: Option<Bounds>,

    #[command(flatten)]
    pub(crate) items: Items,

    #[command(flatten)]
    pub(crate) command_line: CommandLine,

    #[command(flatten)]
    pub(crate) flow: Flow,

    #[command(flatten)]
    pub(crate) failure: Failure,

    #[command(flatten)]
    pub(crate) output: Output,

    /// The command, its arguments, and after `:::` the items if they are not read from elsewhere
    #[arg(trailing_var_arg = true, value_name = "COMMAND", required = true, hide = true, value_hint = clap::ValueHint::CommandWithArguments)]
    pub(crate) command: Vec<OsString>,
}

/// The capacity for workers, which take many items at a time.
const FOR_WORKERS: usize = 1024;

const AFTER_HELP: &str = "\
Placeholders (an item is appended where the command names none):
  {}    the item                      {//}  its directory
  {.}   without its extension         {/.}  its last part without the extension
  {/}   its last part                 {#}   the number of the item, from 1
                                      {%}   the number of the consumer, from 1
  {2}   the second of several arguments: of sources, of columns, of -n's items;
        {-1} is the last one. Also {2.} {2/} {2//} {2/.}

Sources (without any, items are read from -a's files, or standard input):
  ::: ITEM...    these; after another source, each of its items with each here
  :::: FILE...   the lines of a file; each file is a source of its own
  :::+  ::::+    side by side with the source before: first with first, ...

Examples:
  Count the lines of every Rust file, four at a time:
    find . -name '*.rs' -print0 | forebay run -0 -j4 -- wc -l {}
  Convert pictures; a name may hold spaces, quotes, newlines:
    forebay run convert {} {.}.webp ::: *.png
  A pipe needs a shell; leave {} unquoted there, it is quoted for you:
    forebay run --shell 'zcat {} | sort > {.}.sorted' ::: *.gz
  Try each up to five times, and go on after a power cut:
    forebay run --retries 5 --joblog log --resume -a urls -- curl -fsSO {}
  Each size of each picture:
    forebay run convert {1} -resize {2} {1.}-{2}.webp ::: *.png ::: 64 256
  As few commands as the length of a command line allows:
    find . -name '*.o' -print0 | forebay run -0 -m rm
  Two sources at a time, whichever is faster; keep what fails for later:
    forebay run --producer 'find a' --producer 'find b' --dead later -- ./check
  Follow a log that cannot wait, and lose the oldest lines when too many come:
    forebay run --producer 'tail -F log' --on-full drop-oldest -- ./ship
  Keep one process for each consumer, which answers line by line:
    forebay run --worker -j4 -a urls -- python -u classify.py
  Stop at the first failure:
    forebay run --halt now,fail=1 -- ./check {} ::: *.conf

Interrupting: the first Ctrl-C (or SIGTERM, or SIGHUP unless nohup has it ignored) starts nothing \
more, finishes what runs, and reports; the second stops what runs, too.

Background processes: what a command leaves running is not waited for. What such a process writes \
after the command has ended is not collected, and writing then gives it SIGPIPE: redirect its output.

Exit status:
  0               every item finished; or --halt was reached by `success`, or by
                  `done` and none failed: then there may be items that never ran
  1 to 100        so many items failed; 101: more
  126, 127        the command can never be run; was not found
  129, 130, 143   interrupted by SIGHUP; by Ctrl-C; by SIGTERM
  141             whoever read the output went away
  255             wrong usage; a file, the joblog or the output that could not
                  be opened or written; input that is not all there: a producer
                  that failed, an item too heavy; a worker that never works, or
                  prints what answers nothing; commands that wait for each other
                  for ever; or a defect of forebay
  Items that --on-full refused or dropped are told, and change no status.
  GNU parallel's are the same but for `fail=1` (the failed command's own status)
  and `done` where none failed (101).

At the end: produced = finished + failed + remaining + dropped.";

impl Args {
    /// How many consumers there are, least and most.
    pub(crate) fn consumers(&self) -> Bounds {
        self.elastic.unwrap_or_else(|| {
            let number = self.jobs.unwrap_or_else(processors).get();
            Bounds { least: number, most: number }
        })
    }

    pub(crate) fn capacity(&self) -> usize {
        let usual = match () {
            () if self.items.pipe => 1,
            () if self.command_line.has_workers() => FOR_WORKERS,
            () => 64,
        };
        self.flow.capacity.map_or_else(|| (2 * self.consumers().most).max(usual), NonZeroUsize::get)
    }

    /// How many items a consumer may hold at a time.
    pub(crate) fn most_in_flight(&self) -> usize {
        if self.command_line.has_workers() { worker::MOST } else { 1 }
    }

    /// Whether there is a producer beside those that are commands.
    pub(crate) fn reads_itself(&self, given: &[Given]) -> bool {
        let items = &self.items;
        items.producer.is_empty() || !items.arg_file.is_empty() || !given.is_empty()
    }

    /// How items are told apart, and which are left out.
    pub(crate) fn format(&self) -> Result<Format, String> {
        let Items { end, no_run_if_empty: skip_blank, .. } = &self.items;
        Ok(Format { delimiter: self.delimiter()?, end: end.clone(), skip_blank: *skip_blank })
    }

    pub(crate) fn delimiter(&self) -> Result<Delimiter, String> {
        match &self.items.delimiter {
            _ if self.items.null => Ok(Delimiter::byte(0)),
            None => Ok(Delimiter::byte(b'\n')),
            Some(text) => Delimiter::parse("-d", text),
        }
    }

    /// How outputs are kept apart. What is only shown is printed in one way, whatever was asked for.
    pub(crate) fn manner(&self) -> Manner {
        match &self.output {
            _ if self.command_line.dry_run => Manner::Grouped,
            Output { ungroup: true, .. } => Manner::Direct,
            // An answer is whole when it is printed at all.
            Output { line_buffer: true, .. } if !self.command_line.has_workers() => Manner::Lines,
            _ => Manner::Grouped,
        }
    }

    /// What lines of output begin with.
    pub(crate) fn tag(&self) -> Option<&OsStr> {
        let item = self.command_line.replace.as_deref().unwrap_or(OsStr::new("{}"));
        self.output.tagstring.as_deref().or(self.output.tag.then_some(item))
    }

    /// What `--colsep` says.
    pub(crate) fn separator(&self) -> Result<Option<Delimiter>, String> {
        let parse = |text: &OsString| Delimiter::parse("--colsep", text);
        self.items.colsep.as_ref().map(parse).transpose()
    }

    /// Splits what stands after `:::` and the like off the command.
    pub(crate) fn split_command(&mut self) -> Result<Vec<Given>, String> {
        let given = sources::split_off(&mut self.command)?;
        if self.command.is_empty() {
            return Err(
                "no command: say what to run, for instance `forebay run -- wc -l {}`".into()
            );
        }
        if self.items.pipe && !given.is_empty() {
            return Err(
                "--pipe cuts up what a file holds: give files with -a, not after `:::`".to_owned()
            );
        }
        Ok(given)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_of_the_help_fit_a_terminal() {
        for line in AFTER_HELP.lines().filter(|line| line.starts_with(' ')) {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }
}
