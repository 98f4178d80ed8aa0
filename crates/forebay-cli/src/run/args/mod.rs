//! The flags of `forebay run`: one table, from which `--help` is made too.

mod command;
mod consumers;
mod failure;
mod flow;
pub(crate) mod help;
mod items;
mod output;
mod sources;
pub(crate) mod values;

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
pub(crate) struct Args {
    /// Run N commands at a time [default: auto, one for each processor]
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
