//! `forebay completions SHELL`: what a shell needs to complete verbs, flags and their values.

use std::process::ExitCode;

use clap_complete::Shell;

use super::page;

/// Print completions for a shell
///
/// bash: `forebay completions bash > ~/.local/share/bash-completion/completions/forebay`.
/// zsh:  `forebay completions zsh > DIR/_forebay`, where DIR is one of $fpath, before `compinit`.
/// fish: `forebay completions fish > ~/.config/fish/completions/forebay.fish`.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Which shell: the one that they are for
    #[arg(value_enum)]
    shell: Shell,
}

pub(crate) fn run(args: &Args) -> ExitCode {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut super::table(), "forebay", &mut text);
    page::print(&text)
}
