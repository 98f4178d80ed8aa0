//! From the flags to what is done with the items: the command, where it runs, and how much it gets.

use std::num::NonZeroUsize;
use std::os::unix::ffi::OsStrExt;

use super::args::Args;
use super::measure::Measure;
use super::packing::{Bounds, Fitting};
use super::quote;
use super::source::Columns;
use super::surroundings::Surroundings;
use super::template::{Reading, Template};

/// The command, and where it runs.
pub(crate) fn command(args: &Args, columns: Columns) -> Result<(Template, Surroundings), String> {
    let reading = Reading {
        replace: args.command_line.replace.as_deref(),
        shell: args.command_line.shell,
        repeat: args.items.repeats(),
        by_row: args.items.repeats() && args.items.is_filling(),
        blocks: args.items.pipe,
        columns,
        most_rows: args.items.most_rows().map(NonZeroUsize::get),
        signature: (b"", b""),
    };
    let surroundings = Surroundings::new(
        args.command_line.directory.as_deref(),
        &args.command_line.variables,
        reading,
    )?;
    let mut before = Vec::new();
    if let Some(separator) = &args.items.colsep {
        before.extend_from_slice(b"--colsep ");
        quote::push_quoted(&mut before, separator.as_bytes());
        before.push(b' ');
    }
    before.extend_from_slice(surroundings.signature());
    let after = match columns {
        Columns::Known(sources @ 2..) => " ::: ...".repeat(sources),
        Columns::Known(_) | Columns::Split => String::new(),
    };
    let reading = Reading { signature: (&before, after.as_bytes()), ..reading };
    Ok((Template::new(&args.command, reading)?, surroundings))
}

/// How much one command gets.
pub(crate) fn bounds(
    args: &Args,
    template: &Template,
    surroundings: &Surroundings,
) -> Result<Bounds, String> {
    let rows = args.items.most_rows().map_or(usize::MAX, NonZeroUsize::get);
    if !args.items.is_filling() {
        return Ok(Bounds { rows, fitting: None });
    }
    let most_bytes = args.items.max_chars.map(NonZeroUsize::get);
    let measure = Measure::new(template, surroundings, most_bytes)?;
    Ok(Bounds { rows, fitting: Some(Fitting { measure, consumers: args.consumers() }) })
}
