//! `forebay vm step`: a program, step by step, forward and back.
//!
//! `play.rs` is what is played, without any terminal; `session.rs` a person at it, `keys.rs` what they
//! press, `screen.rs` and `panels/` what they see. `plain.rs` is another way to get at a play.

mod ink;
mod keys;
mod lanes;
mod live;
mod opening;
mod panels;
mod plain;
mod play;
mod save;
mod screen;
mod session;
mod snapshots;
mod terminal;
#[cfg(test)]
mod tests;
mod witness;
mod wording;

use std::io::{self, IsTerminal as _};
use std::process::ExitCode;

use super::USAGE;
use super::file::FileArgs;
use super::message::{UNREAD, say};
use super::run::ScheduleArgs;
use ink::Palette;
use opening::Opening;
use plain::Plain;
use play::Play;
use session::{Goal, Session};

/// Step through a program by hand, forward and back, and choose who goes on
///
/// FILE is a program, or a trace that `vm run --trace` or this command saved: then all that was recorded
/// can be gone along. The screen shows the threads, and why who cannot go on cannot; the last steps, a
/// lane for each thread; the source; what is shared; what was printed; what is wrong.
#[derive(Debug, clap::Args)]
#[command(after_help = help())]
pub(crate) struct Args {
    #[command(flatten)]
    file: FileArgs,
    #[command(flatten)]
    schedule: ScheduleArgs,
    /// Begin at this step
    #[arg(long, value_name = "N", default_value_t = 0)]
    at: usize,
    /// Read commands from standard input, line by line, and write text
    #[arg(long)]
    plain: bool,
}

/// The keys and the commands.
fn help() -> String {
    let keys = keys::KEYS.iter().map(|(key, what)| format!("  {key:<16} {what}\n"));
    let commands = plain::COMMANDS.lines().map(|line| format!("  {line}\n"));
    format!(
        "Keys:\n{}\nCommands of --plain:\n{}\nThe exit status is 0; 1 if a command of --plain could \
         not be done; 255 for wrong usage, for a file that is neither program nor trace, and without \
         a terminal.",
        keys.collect::<String>(),
        commands.collect::<String>()
    )
}

pub(crate) fn run(args: &Args) -> ExitCode {
    let is_on_terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
    if !args.plain && !is_on_terminal {
        say("forebay vm step: this needs a terminal, as standard input and as standard output; \
             --plain reads commands and writes text instead");
        return ExitCode::from(USAGE);
    }
    let Some(opening) = Opening::read(&args.file, &args.schedule) else {
        return ExitCode::from(USAGE);
    };
    let most = usize::try_from(args.schedule.max_steps(&opening.program)).unwrap_or(usize::MAX);
    let mut play = Play::new(opening);
    if args.plain {
        if let Err(why) = plain::go_to(&mut play, args.at, most) {
            say(format_args!("forebay vm step: --at {}: {why}", args.at));
            return ExitCode::from(USAGE);
        }
        return obey(Plain::new(play, most, io::stdout().lock()));
    }
    let mut session = Session::new(play, most);
    session.say("Enter steps the selected thread, n lets the scheduler decide, ? shows all keys");
    if args.at > 0 {
        session.run(Goal::Step(args.at));
    }
    match terminal::show(&mut session, Palette::of_environment()) {
        Ok(code) => code,
        Err(error) => {
            say(format_args!("forebay vm step: the terminal does not work: {error}"));
            ExitCode::from(USAGE)
        }
    }
}

fn obey(plain: Plain<io::StdoutLock<'_>>) -> ExitCode {
    let prompt = if io::stdin().is_terminal() { "> " } else { "" };
    match plain.obey(io::stdin().lock(), prompt) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::from(UNREAD),
        Err(error) => {
            say(format_args!("forebay vm step: {error}"));
            ExitCode::from(USAGE)
        }
    }
}
