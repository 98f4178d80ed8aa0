//! Weir: a language that a person would write, compiled to the instructions of the machine.
//!
//! `token` and `parser` make a tree (`syntax`) of a text; `declaration`, `statement` and `expression` are its
//! grammar. `names` says what the names of a file stand for, `compiler` writes `list`s of instructions,
//! each with its place in the text, and `deeds`, `values`, `calls`, `places` and `claims` say which. What comes of
//! it is settled by the same code that settles programs in Python's notation.

mod calls;
mod claims;
mod compiler;
mod constant;
mod declaration;
mod deeds;
mod expression;
mod frame;
mod list;
mod names;
mod parser;
mod places;
mod statement;
mod syntax;
mod token;
mod values;
mod walk;

pub use token::{BUILT_IN, KEYWORDS, SOFT_KEYWORDS};

use crate::source::{Assembled, Diagnostic, Selection};

/// The largest file that is read, in bytes.
pub const LARGEST: usize = 1 << 20;

/// After so many errors nothing more is told.
const MOST_ERRORS: usize = 200;

/// Reads a text: what there is to tell, and the program unless there is an error.
pub(crate) fn read(text: &str, selection: &Selection) -> (Vec<Diagnostic>, Option<Assembled>) {
    if text.len() > LARGEST {
        let message = format!("a program in Weir has at most {} KiB", LARGEST >> 10);
        return (vec![Diagnostic::error(message)], None);
    }
    let is_main = selection.entry.as_deref().is_none_or(|entry| entry == "main");
    if !is_main || !selection.threads.is_empty() {
        let error =
            Diagnostic::error("a program in Weir begins at its top, and starts its threads itself");
        return (vec![error.help("--entry and --thread are for lists of instructions")], None);
    }
    let (tokens, mut errors) = token::tokens(text);
    let (file, mut more) = parser::parse(text, tokens);
    // On a line with something that is no token, little else makes sense.
    let lines: Vec<usize> = errors.iter().map(|error| line_of(text, error)).collect();
    more.retain(|error| !lines.contains(&line_of(text, error)));
    errors.extend(more);
    if !errors.is_empty() {
        return (errors, None);
    }
    let (mut findings, draft) = compiler::compile(text, &file, &selection.constants);
    let Some(draft) = draft else { return (findings, None) };
    let (more, assembled) = draft.assemble();
    findings.extend(more);
    (findings, assembled)
}

/// The number of the line on which an error stands, from 0.
fn line_of(text: &str, error: &Diagnostic) -> usize {
    let start = error.span.as_ref().map_or(0, |span| span.start as usize);
    text[..start].matches('\n').count()
}
