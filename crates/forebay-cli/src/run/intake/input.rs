//! What a run reads: rows that become arguments, or blocks that commands read themselves.

use std::fs::File;

use crate::run::args::Args;
use crate::run::intake::blocks::Blocks;
use crate::run::intake::source::{Columns, Given, Source};

/// The whole input.
#[derive(Debug)]
pub(crate) enum Input {
    Rows(Source),
    Blocks(Blocks),
}

impl Input {
    /// Opens all that the flags name, and what stands after the command.
    pub(crate) fn open(args: &Args, given: Vec<Given>) -> Result<Self, String> {
        let items = &args.items;
        if items.pipe {
            let size = items.block.get();
            return Blocks::open(&items.arg_file, args.delimiter()?, size).map(Self::Blocks);
        }
        Source::open(&items.arg_file, given, args.separator()?, args.format()?).map(Self::Rows)
    }

    /// What a producer's command writes.
    pub(crate) fn of_command(args: &Args, name: String, output: File) -> Result<Self, String> {
        Ok(Self::Rows(Source::of_command(name, output, args.separator()?, args.format()?)))
    }

    /// How many columns an item has.
    pub(crate) fn columns(&self) -> Columns {
        match self {
            Self::Rows(source) => source.columns(),
            Self::Blocks(_) => Columns::Known(1),
        }
    }

    /// Whether all items are there already, as arguments.
    pub(crate) fn is_list(&self) -> bool {
        matches!(self, Self::Rows(source) if source.is_list())
    }

    /// How many items there will be, if that can be known without waiting for them.
    pub(crate) fn count(&self) -> Option<u64> {
        match self {
            Self::Rows(source) => source.count(),
            Self::Blocks(_) => None,
        }
    }

    /// What to tell whoever sits at the terminal, if they have to type the items.
    pub(crate) fn invitation(&self) -> Option<String> {
        let (awaits, delimiter) = match self {
            Self::Rows(source) => (source.awaits_terminal(), source.delimiter()),
            Self::Blocks(blocks) => (blocks.awaits_terminal(), blocks.delimiter()),
        };
        let each = if delimiter.is_newline() { ", one a line" } else { "" };
        awaits.then(|| {
            format!("reading items from the terminal{each}; Ctrl-D ends them, Ctrl-C stops")
        })
    }
}
