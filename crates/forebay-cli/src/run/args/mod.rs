//! The flags of `forebay run`: one table, from which `--help` is made too.

mod command;
mod failure;
mod flow;
mod items;
mod output;
mod values;

use std::ffi::{OsStr, OsString};
use std::num::NonZeroUsize;
use std::thread;

use super::outlet::Manner;
use super::source::Delimiter;
use super::template::Template;
use command::CommandLine;
use failure::Failure;
use flow::Flow;
use items::Items;
pub(crate) use output::Output;
use values::jobs;

/// Run a command over items, several at a time, and lose none
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "forebay run [OPTIONS] [--] COMMAND [ARGUMENT]... [::: ITEM...]",
    after_help = "`--help` tells the placeholders, the exit status, and examples.",
    after_long_help = AFTER_HELP
)]
pub(crate) struct Args {
    /// Run so many commands at a time [default: one for each processor]
    #[arg(short, visible_short_alias = 'P', long, value_name = "N", value_parser = jobs)]
    pub(crate) jobs: Option<NonZeroUsize>,

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
    #[arg(trailing_var_arg = true, value_name = "COMMAND", required = true, hide = true)]
    pub(crate) command: Vec<OsString>,
}

const AFTER_HELP: &str = "\
Placeholders (an item is appended where the command names none):
  {}    the item                      {//}  its directory
  {.}   without its extension         {/.}  its last part without the extension
  {/}   its last part                 {#}   the number of the item, from 1
                                      {%}   the number of the consumer, from 1

Examples:
  Count the lines of every Rust file, four at a time:
    find . -name '*.rs' -print0 | forebay run -0 -j4 -- wc -l {}
  Convert pictures; a name may hold spaces, quotes, newlines:
    forebay run convert {} {.}.webp ::: *.png
  A pipe needs a shell; leave {} unquoted there, it is quoted for you:
    forebay run --shell 'zcat {} | sort > {.}.sorted' ::: *.gz
  Try each up to five times, and go on after a power cut:
    forebay run --retries 5 --joblog log --resume -a urls -- curl -fsSO {}
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
                  be opened or written; or a defect of forebay
  GNU parallel's are the same but for `fail=1` (the failed command's own status)
  and `done` where none failed (101).

At the end: produced = finished + failed + remaining.";

impl Args {
    pub(crate) fn consumers(&self) -> usize {
        self.jobs.or_else(|| thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get)
    }

    pub(crate) fn capacity(&self) -> usize {
        self.flow.capacity.map_or_else(|| (2 * self.consumers()).max(64), NonZeroUsize::get)
    }

    pub(crate) fn delimiter(&self) -> Result<Delimiter, String> {
        match &self.items.delimiter {
            _ if self.items.null => Ok(Delimiter::byte(0)),
            None => Ok(Delimiter::byte(b'\n')),
            Some(text) => Delimiter::parse(text),
        }
    }

    /// How outputs are kept apart. What is only shown is printed in one way, whatever was asked for.
    pub(crate) fn manner(&self) -> Manner {
        match &self.output {
            _ if self.command_line.dry_run => Manner::Grouped,
            Output { ungroup: true, .. } => Manner::Direct,
            Output { line_buffer: true, .. } => Manner::Lines,
            _ => Manner::Grouped,
        }
    }

    /// What lines of output begin with.
    pub(crate) fn tag(&self) -> Result<Option<Template>, String> {
        let replace = self.command_line.replace.as_deref();
        let text = match &self.output {
            Output { tagstring: Some(text), .. } => text,
            Output { tag: true, .. } => replace.unwrap_or(OsStr::new("{}")),
            _ => return Ok(None),
        };
        Template::of_text(text, replace).map(Some)
    }

    /// Splits what stands after `:::` off the command.
    pub(crate) fn split_command(&mut self) -> Result<Option<Vec<OsString>>, String> {
        let marks = self.command.iter().filter(|word| *word == ":::").count();
        if marks > 1 {
            return Err("more than one `:::`: give all items after one".to_owned());
        }
        let items = self.command.iter().position(|word| word == ":::").map(|at| {
            let items = self.command.split_off(at + 1);
            self.command.pop();
            items
        });
        if self.command.is_empty() {
            return Err(
                "no command: say what to run, for instance `forebay run -- wc -l {}`".into()
            );
        }
        Ok(items)
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
