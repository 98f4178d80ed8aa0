//! `forebay man`: the man pages, made from the same table of flags as `--help`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

use super::page;

/// Print a man page, or write all of them to a folder
///
/// To read one: `forebay man run | man -l -`. To install all:
/// `forebay man --to ~/.local/share/man/man1`, and then `man forebay-run`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The verb whose page it is: none for `forebay` itself, `vm run` for one in a group
    verb: Vec<String>,
    /// Write every page to DIR, as NAME.1
    #[arg(long, value_name = "DIR", conflicts_with = "verb")]
    to: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> ExitCode {
    let done = match &args.to {
        Some(folder) => write_all(folder),
        None => page_of(&args.verb).map(|text| page::print(&text)),
    };
    done.unwrap_or_else(|complaint| {
        eprintln!("forebay man: {complaint}");
        ExitCode::from(255)
    })
}

/// The whole tree of verbs, each with the name that its page has, such as `forebay-vm-run`.
fn tree() -> clap::Command {
    let mut command = super::table().disable_help_subcommand(true);
    command.build();
    command
}

fn page_of(verbs: &[String]) -> Result<Vec<u8>, String> {
    let mut command = tree();
    for verb in verbs {
        let found = command.find_subcommand(verb).cloned();
        command = found.ok_or_else(|| {
            let verbs: Vec<_> = shown(&command).map(clap::Command::get_name).collect();
            format!(
                "there is no `{verb}` in `{}`; there are: {}",
                named(&command),
                verbs.join(", ")
            )
        })?;
    }
    rendered(command).map_err(|error| error.to_string())
}

fn named(command: &clap::Command) -> &str {
    command.get_bin_name().unwrap_or("forebay")
}

fn shown(command: &clap::Command) -> impl Iterator<Item = &clap::Command> {
    command.get_subcommands().filter(|verb| !verb.is_hide_set())
}

fn rendered(command: clap::Command) -> io::Result<Vec<u8>> {
    let name = named(&command).replace(' ', "-");
    let further = command.get_after_long_help().map(ToString::to_string);
    let command = command.display_name(name).after_help("").after_long_help("");
    let has_verbs = shown(&command).next().is_some();
    let man = Man::new(command).source(concat!("forebay ", env!("CARGO_PKG_VERSION"))).manual("");
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if has_verbs {
        man.render_subcommands_section(&mut page)?;
    }
    if let Some(further) = further {
        sections(&further).to_writer(&mut page)?;
    }
    Ok(page)
}

/// What stands after the flags in `--help`, as sections: `Examples:` on a line of its own begins one;
/// indented lines are kept as they are.
fn sections(text: &str) -> Roff {
    let mut page = Roff::new();
    let mut is_kept = false;
    for line in text.lines() {
        let is_table = line.starts_with(' ');
        if is_table != is_kept {
            page.control(if is_table { "nf" } else { "fi" }, []);
            is_kept = is_table;
        }
        match line.split_once(':') {
            None if line.is_empty() => drop(page.control("PP", [])),
            Some((heading, rest)) if !is_table && is_heading(heading) => {
                page.control("SH", [heading.to_uppercase().as_str()]);
                if !rest.is_empty() {
                    page.text([roman(capitalised(rest.trim_start()))]);
                }
            }
            _ => drop(page.text([roman(line)])),
        }
    }
    if is_kept {
        page.control("fi", []);
    }
    page
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

fn is_heading(text: &str) -> bool {
    text.len() <= 24 && text.starts_with(char::is_uppercase)
}

fn write_all(folder: &Path) -> Result<ExitCode, String> {
    fs::create_dir_all(folder)
        .map_err(|error| format!("cannot make the folder {}: {error}", folder.display()))?;
    let mut commands = vec![tree()];
    let mut written = 0;
    while let Some(command) = commands.pop() {
        commands.extend(shown(&command).cloned());
        let path = folder.join(named(&command).replace(' ', "-")).with_extension("1");
        rendered(command)
            .and_then(|page| fs::write(&path, page))
            .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
        written += 1;
    }
    eprintln!("forebay man: wrote {written} pages to {}", folder.display());
    Ok(ExitCode::SUCCESS)
}
