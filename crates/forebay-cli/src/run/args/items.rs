//! What the items are, and how many of them one command gets.

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use super::values::{block, max_args, max_chars, max_lines};

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Items")]
pub(crate) struct Items {
    /// Items end with a zero byte, not a newline, as `find -print0` writes them
    #[arg(short = '0', long, conflicts_with = "delimiter")]
    pub(crate) null: bool,

    /// Items end with DELIM, not a newline; \n \t \r \0 \\ \xHH are understood
    #[arg(
        short, long, value_name = "DELIM", allow_hyphen_values = true,
        value_parser = clap::builder::OsStringValueParser::new()
    )]
    pub(crate) delimiter: Option<OsString>,

    /// Read items from FILE (`-` is standard input); repeat it for more
    ///
    /// Standard input is then read only if named. Several are read one after another, and then what the first `:::` gives: all of this is one
    /// source. For each with each, name files after `::::`.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) arg_file: Vec<PathBuf>,

    /// Split each item into columns at SEP, a fixed string: {1} is the first one
    ///
    /// SEP may hold \n \t \r \0 \\ and \xHH. A column that is missing is empty. {} is all of them, each
    /// an argument of its own.
    #[arg(
        short = 'C', long, value_name = "SEP", allow_hyphen_values = true,
        value_parser = clap::builder::OsStringValueParser::new()
    )]
    pub(crate) colsep: Option<OsString>,

    /// End a source at the item STR, which is none itself
    #[arg(short = 'E', value_name = "STR", allow_hyphen_values = true)]
    pub(crate) end: Option<OsString>,

    /// Read items from what the shell command CMD writes; repeat it for more
    ///
    /// All run at the same time. Each CMD is a producer of its own, run by `sh -c` with nothing on its standard input: slow and
    /// fast ones feed the same buffer side by side. Files and arguments are one producer more;
    /// standard input is read only if named. The commands are stopped when the run stops. If one fails,
    /// its items so far are run, and the exit status is 255.
    #[arg(long, value_name = "CMD")]
    pub(crate) producer: Vec<OsString>,

    /// Do not run the command on blank items: empty, or nothing but white space
    ///
    /// Where there are no items at all, nothing is ever run, with or without this.
    #[arg(short = 'r', long)]
    pub(crate) no_run_if_empty: bool,

    /// Give up to N items to each command
    ///
    /// What is counted, retried and kept in order is then the group of items that one command gets.
    /// A placeholder puts all of them where it stands, each an argument of its own: `x{}y` with the
    /// items 1 and 2 gives the two arguments `x1` and `2y`. {1} is the first of them, {-1} the last.
    #[arg(short = 'n', long = "max-args", value_name = "N", value_parser = max_args)]
    pub(crate) group: Option<NonZeroUsize>,

    /// As -n, but repeat the word around a placeholder for each item
    ///
    /// `x{}y` with the items 1 and 2 gives `x1y` and `x2y`. An item is a line of its own, and
    /// never cut at its spaces.
    #[arg(
        short = 'L', visible_short_alias = 'N', long, value_name = "N", value_parser = max_lines,
        conflicts_with = "group"
    )]
    pub(crate) max_lines: Option<NonZeroUsize>,

    /// Give as many items to each command as fit, as -L does it
    ///
    /// They fit if the command and its environment keep within the system's limit, and within -n, -L and
    /// -s. A command starts only when its items have all been
    /// read, however slowly they come. At the end of the input, what is left is shared out
    /// among all consumers. Numbers such as {2} are columns, or, where each item has one, arguments.
    #[arg(short = 'X', conflicts_with = "fill")]
    pub(crate) fill_repeating: bool,

    /// Give as many items to each command as fit, as -n does it
    #[arg(short = 'm')]
    pub(crate) fill: bool,

    /// Let a command be N bytes long at most; means -X unless -m is given
    ///
    /// Each argument counts with the zero byte after it. With --shell it is the length of the script. An item that is too long by itself has failed.
    #[arg(short = 's', long, value_name = "N", value_parser = max_chars)]
    pub(crate) max_chars: Option<NonZeroUsize>,

    /// Give each command a block of the input on its standard input
    ///
    /// No items are then arguments: of the placeholders only {#} and {%} are left. A block ends after an item. What is counted, retried and kept in order is the block. By default so many
    /// may wait as there are consumers, twice.
    #[arg(long, conflicts_with_all = [
        "colsep", "end", "no_run_if_empty", "group", "max_lines", "fill_repeating", "fill", "max_chars", "resume",
    ])]
    pub(crate) pipe: bool,

    /// Let a block be about SIZE bytes long
    ///
    /// SIZE has the units of --weight: K, M, G by 1024, and k, m, g by 1000.
    #[arg(long, value_name = "SIZE", value_parser = block, default_value = "1M", requires = "pipe")]
    pub(crate) block: NonZeroUsize,
}

impl Items {
    /// How many rows a command gets at most; `None` if nothing but the room for them says so.
    pub(crate) fn most_rows(&self) -> Option<NonZeroUsize> {
        self.group.or(self.max_lines).or((!self.is_filling()).then_some(NonZeroUsize::MIN))
    }

    /// Whether commands get as many rows as fit.
    pub(crate) fn is_filling(&self) -> bool {
        self.fill_repeating || self.fill || self.max_chars.is_some()
    }

    /// Whether the word around a placeholder is repeated.
    pub(crate) fn repeats(&self) -> bool {
        !self.fill && (self.is_filling() || self.max_lines.is_some())
    }
}
