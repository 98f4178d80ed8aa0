//! Flags of xargs, GNU parallel, pueue and rush that `run` does not have: what does the same here.

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, Error, ErrorKind};

/// The flags, and what to do instead.
const FOREIGN: [(&[&str], &str); 18] = [
    (&["--eta"], "there is a bar wherever standard error is a terminal; a report comes at the end"),
    (
        &[
            "--sshlogin",
            "--sshloginfile",
            "-S",
            "--transferfile",
            "--return",
            "--onall",
            "--nonall",
        ],
        "commands run on this machine only; the command itself may be `ssh HOST ...`",
    ),
    (&["--semaphore", "--id", "--fg", "--bg"], "flock(1) lets one command run at a time"),
    (
        &["--resume-failed", "--retry-failed"],
        "`--joblog FILE --resume` runs again what failed, and what never ran",
    ),
    (&["--files"], "`--results DIR` keeps each item's output in files"),
    (&["--nice", "--niceness"], "let the command be `nice -n 10 ...`"),
    (&["--rpl", "--plus", "--parens"], "`--shell` lets the shell cut the item as it should be"),
    (&["--process-slot-var"], "`--env NAME={%}` hands each command the number of its consumer"),
    (
        &["--interactive", "-p", "--open-tty", "--tty"],
        "commands have no terminal; `--dry-run` shows what would be run",
    ),
    (
        &["--memfree", "--load", "--limit", "--noswap"],
        "`-j`, `--rate` and `--delay` bound what runs at a time; nothing looks at the machine's load",
    ),
    (&["--citation", "--will-cite"], "there is nothing to silence: leave it out"),
    (&["--link", "--xapply"], "`:::+` puts a source side by side with the one before"),
    (&["--pipepart"], "`--pipe -a FILE` cuts up a file"),
    (&["--recend"], "`--pipe -d STR` lets blocks end after STR"),
    (&["--shuf"], "`shuf FILE | forebay run ...` gives the items in a random order"),
    (&["--trim", "--header"], "let sed or tail change the items before `forebay run` reads them"),
    (&["--exit", "-x"], "an item that is too long fails by itself: leave it out"),
    (&["--tmpdir"], "set the environment variable TMPDIR"),
];

/// Adds to an error about a flag that is another tool's what to do instead.
pub(crate) fn suggest(error: &mut Error) {
    if error.kind() != ErrorKind::UnknownArgument {
        return;
    }
    let Some(ContextValue::String(typed)) = error.get(ContextKind::InvalidArg) else { return };
    let flag = typed.split('=').next().unwrap_or(typed);
    let known = FOREIGN.iter().find(|(flags, _)| flags.contains(&flag));
    if let Some((_, instead)) = known {
        let tip = StyledStr::from(*instead);
        error.remove(ContextKind::SuggestedArg);
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip]));
    }
}
