//! Verbs that somebody meant: what clap's own suggestions miss.

use std::env;

use clap::error::{ContextKind, ContextValue, Error, ErrorKind};
use strsim::osa_distance;

/// Adds the verb that was meant to an error about one that does not exist: clap finds those that are
/// spelt alike, but not `rnu`, in which two letters changed places.
pub(crate) fn suggest(error: &mut Error) {
    if error.kind() != ErrorKind::InvalidSubcommand
        || error.get(ContextKind::SuggestedSubcommand).is_some()
    {
        return;
    }
    let Some(ContextValue::String(typed)) = error.get(ContextKind::InvalidSubcommand) else {
        return;
    };
    // The verbs before it chose the group that it was to be one of.
    let mut group = super::table();
    for word in env::args().skip(1) {
        let Some(verb) = group.find_subcommand(&word) else { break };
        group = verb.clone();
    }
    let meant = group.get_subcommands().find(|verb| osa_distance(typed, verb.get_name()) == 1);
    if let Some(meant) = meant {
        let meant = ContextValue::Strings(vec![meant.get_name().to_owned()]);
        error.insert(ContextKind::SuggestedSubcommand, meant);
    }
}
