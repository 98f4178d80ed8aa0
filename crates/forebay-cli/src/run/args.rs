//! The flags of `forebay run`: one table, from which `--help` is made too.

use std::ffi::OsString;
use std::num::{IntErrorKind, NonZeroUsize, ParseIntError};
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use super::halt::Halt;
use super::source::Delimiter;

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

    /// Let at most so many items wait for a consumer [default: 64, or twice --jobs if that is more]
    #[arg(long, value_name = "N", value_parser = capacity)]
    pub(crate) capacity: Option<NonZeroUsize>,

    /// Items end with a zero byte instead of a newline, as `find -print0` writes them
    #[arg(short = '0', long, conflicts_with = "delimiter", help_heading = "Items")]
    pub(crate) null: bool,

    /// Items end with DELIM instead of a newline; \n \t \r \0 \\ and \xHH are understood
    #[arg(short, long, value_name = "DELIM", value_parser = clap::builder::OsStringValueParser::new(), help_heading = "Items")]
    pub(crate) delimiter: Option<OsString>,

    /// Read items from FILE instead of standard input (`-` is standard input); repeat it for more
    #[arg(short, long, value_name = "FILE", help_heading = "Items")]
    pub(crate) arg_file: Vec<PathBuf>,

    /// Do not run the command on blank items: empty, or nothing but white space
    ///
    /// Where there are no items at all, nothing is ever run, with or without this.
    #[arg(short = 'r', long, help_heading = "Items")]
    pub(crate) no_run_if_empty: bool,

    /// Give up to N items to each command
    ///
    /// What is counted, retried and kept in order is then the group of items that one command gets.
    /// A placeholder puts all of them where it stands, each an argument of its own: `x{}y` with the
    /// items 1 and 2 gives the two arguments `x1` and `2y`.
    #[arg(short = 'n', long = "max-args", value_name = "N", value_parser = max_args, help_heading = "Items")]
    pub(crate) group: Option<NonZeroUsize>,

    /// Use STR as the placeholder instead of {}
    #[arg(short = 'I', long, value_name = "STR", help_heading = "The command")]
    pub(crate) replace: Option<OsString>,

    /// Run the command by `sh -c`, each item quoted so that it is one word and never code
    ///
    /// A command that itself evaluates its arguments (`eval`, `ssh host`, another `sh -c`) makes
    /// code of them again: quote once more for it, or give it the item in another way.
    #[arg(long, help_heading = "The command")]
    pub(crate) shell: bool,

    /// Print the commands instead of running them
    #[arg(long, help_heading = "The command")]
    pub(crate) dry_run: bool,

    /// Print each command on standard error before it runs
    #[arg(short = 't', long, help_heading = "The command")]
    pub(crate) verbose: bool,

    /// Stop a command, and all it started, after TIME; it has then failed
    ///
    /// TIME is in seconds, or has a unit: 500ms, 10s, 5m, 2h, 1d. The command's process group gets
    /// SIGTERM and, half a second later, SIGKILL.
    #[arg(long, value_name = "TIME", value_parser = duration, help_heading = "Failure")]
    pub(crate) timeout: Option<Duration>,

    /// Try an item up to N times in all before it counts as failed
    #[arg(long, value_name = "N", value_parser = retries, default_value = "1", help_heading = "Failure")]
    pub(crate) retries: u32,

    /// Wait TIME before the second try, and twice as long before each further one, up to a minute
    ///
    /// An item in backoff holds no consumer: others run meanwhile.
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "200ms", help_heading = "Failure")]
    pub(crate) backoff: Duration,

    /// Stop early: WHEN is `now` or `soon`, WHAT is `fail`, `success` or `done`, N a number or N%
    ///
    /// `soon` starts no further command and lets those that run finish; `now` stops them too.
    /// The exit status is then the number of items that failed; 0 if it was `success`, even with
    /// items remaining. A percentage is of all items; when they come through a pipe, it is looked at once the last
    /// one has been read.
    #[arg(long, value_name = "WHEN,WHAT=N", help_heading = "Failure")]
    pub(crate) halt: Option<Halt>,

    /// Write a line about each item that finished or failed to FILE (`-` is standard output)
    ///
    /// The columns are those of GNU parallel (Seq Host Starttime JobRuntime Send Receive Exitval
    /// Signal Command) and the items, escaped: \t \n \r \\ and \xHH. The header line names the
    /// command too.
    #[arg(long, value_name = "FILE", help_heading = "Failure")]
    pub(crate) joblog: Option<PathBuf>,

    /// Do not run again what the joblog says has finished, and add to it
    ///
    /// Items are known by their content: their order may have changed. Failed ones are run again.
    /// An item that comes three times and finished twice is run once.
    #[arg(long, requires = "joblog", help_heading = "Failure")]
    pub(crate) resume: bool,

    /// Print output in the order of the items
    #[arg(short, long, help_heading = "Output")]
    pub(crate) keep_order: bool,

    /// Begin each line of output with its item and a tab
    #[arg(long, help_heading = "Output")]
    pub(crate) tag: bool,

    /// Print no report and no progress; errors only
    #[arg(short, long, help_heading = "Output")]
    pub(crate) quiet: bool,

    /// Write the report to FILE as JSON (`-` is standard output, after all else)
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) report_json: Option<PathBuf>,

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

/// Far from where adding to the present overflows.
const LONGEST: Duration = Duration::from_hours(24 * 36_500);

/// A thread each; systems allow fewer.
const MOST_JOBS: usize = 1 << 16;

/// So many empty places take about 1 GiB.
const MOST_CAPACITY: usize = 1 << 24;

fn from_one_to(most: usize, flag: &str, what: &str, text: &str) -> Result<NonZeroUsize, String> {
    let too_many = || format!("{flag} is at most {most}");
    let number: usize = text.parse().map_err(|error: ParseIntError| {
        if *error.kind() == IntErrorKind::PosOverflow {
            too_many()
        } else {
            format!("{flag} wants a whole number")
        }
    })?;
    if number > most {
        return Err(too_many());
    }
    NonZeroUsize::new(number).ok_or_else(|| format!("{what}; give a number from 1 to {most}"))
}

fn jobs(text: &str) -> Result<NonZeroUsize, String> {
    from_one_to(MOST_JOBS, "--jobs", "with 0 consumers nothing would ever run", text)
}

fn capacity(text: &str) -> Result<NonZeroUsize, String> {
    from_one_to(MOST_CAPACITY, "--capacity", "a buffer holds at least 1 item", text)
}

fn max_args(text: &str) -> Result<NonZeroUsize, String> {
    from_one_to(u32::MAX as usize, "--max-args", "a command gets at least 1 item", text)
}

fn retries(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(0) => Err("an item is tried at least once; give 1 or more".to_owned()),
        Ok(number) => Ok(number),
        Err(_) => Err("--retries wants a whole number".to_owned()),
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" => 60.0,
        "h" => 3_600.0,
        "d" => 86_400.0,
        _ => return Err("the units of time are ms, s, m, h and d".to_owned()),
    };
    let number: f64 =
        digits.parse().map_err(|_| "want a time such as 2.5, 500ms or 5m".to_owned())?;
    let seconds = number * unit;
    if seconds > LONGEST.as_secs_f64() {
        return Err("the longest time is 36500d, a hundred years".to_owned());
    }
    match Duration::try_from_secs_f64(seconds) {
        Ok(time) if !time.is_zero() => Ok(time),
        _ => Err("want a time greater than 0".to_owned()),
    }
}

impl Args {
    pub(crate) fn consumers(&self) -> usize {
        self.jobs.or_else(|| thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get)
    }

    pub(crate) fn capacity(&self) -> usize {
        self.capacity.map_or_else(|| (2 * self.consumers()).max(64), NonZeroUsize::get)
    }

    pub(crate) fn delimiter(&self) -> Result<Delimiter, String> {
        match &self.delimiter {
            _ if self.null => Ok(Delimiter::byte(0)),
            None => Ok(Delimiter::byte(b'\n')),
            Some(text) => Delimiter::parse(text),
        }
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

    #[test]
    fn times_have_units() {
        assert_eq!(duration("2.5"), Ok(Duration::from_millis(2_500)));
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("2m"), Ok(Duration::from_mins(2)));
        assert_eq!(duration("36500d"), Ok(LONGEST));
        for wrong in ["", "0", "-1", "5x", "s", "nan", "1e400", "1e19", "inf", "36501d"] {
            assert!(duration(wrong).is_err(), "{wrong:?}");
        }
    }
}
