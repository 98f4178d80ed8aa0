//! Other checkers, measured where they are installed.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use bench::processor;

use crate::own::Verdict;
use crate::subject::Again;

/// One who waits for a peer looks so often whether it is done.
const LOOK: Duration = Duration::from_millis(1);

/// Another checker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Peer {
    /// SPIN (Holzmann, 1997): the model becomes a program in C that searches.
    Spin,
    /// Harmony (van Renesse, 2020).
    Harmony,
}

/// What it came to, and what it took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Told {
    pub(crate) verdict: Verdict,
    /// Seconds by the clock.
    pub(crate) seconds: f64,
    /// Seconds of all processors.
    pub(crate) processor: f64,
    pub(crate) states: Option<u64>,
}

/// The philosophers that a peer is to look at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Table {
    pub(crate) seats: u32,
    pub(crate) right: bool,
    pub(crate) again: Again,
}

impl Peer {
    pub(crate) const ALL: [Self; 2] = [Self::Spin, Self::Harmony];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Spin => "SPIN",
            Self::Harmony => "Harmony",
        }
    }

    /// How it comes to be installed.
    pub(crate) fn hint(self) -> &'static str {
        match self {
            Self::Spin => "Debian: `apt install spin gcc`",
            Self::Harmony => {
                "`python3 -m venv DIR && DIR/bin/pip install harmony`, with DIR/bin on the PATH"
            }
        }
    }

    /// Its release, if it is installed.
    pub(crate) fn release(self) -> Option<String> {
        let (program, argument) = match self {
            Self::Spin => ("spin", "-V"),
            Self::Harmony => ("harmony", "--version"),
        };
        let output = Command::new(program).arg(argument).output().ok()?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let is_there = output.status.success() && (self != Self::Spin || has_compiler());
        let line = said.lines().next().unwrap_or_default().trim();
        let line = line.split(" -- ").next().unwrap_or_default();
        is_there.then(|| line.to_owned())
    }

    /// Whether it has a form for those philosophers: of those who eat for ever, Harmony says that they
    /// come to no end.
    pub(crate) fn takes(self, table: Table) -> bool {
        self != Self::Harmony || table.again != Again::ForEver
    }

    /// Has it check them. What SPIN takes to make its program, and that program's compiler, is not counted;
    /// what Harmony takes to read its model is.
    pub(crate) fn run(self, table: Table, limit: Duration, folder: &Path) -> Result<Told, String> {
        match self {
            Self::Spin => spin(table, limit, folder),
            Self::Harmony => harmony(table, limit, folder),
        }
    }
}

fn has_compiler() -> bool {
    Command::new("gcc").arg("--version").output().is_ok_and(|output| output.status.success())
}

fn write(folder: &Path, name: &str, text: &str) -> Result<(), String> {
    let file = folder.join(name);
    fs::write(&file, text).map_err(|error| format!("{}: {error}", file.display()))
}

fn spin(table: Table, limit: Duration, folder: &Path) -> Result<Told, String> {
    write(folder, "philosophers.pml", include_str!("models/philosophers.pml"))?;
    let mut make = Command::new("spin");
    make.arg("-a").arg(format!("-DPHILOSOPHERS={}", table.seats));
    if table.right {
        make.arg("-DRIGHT");
    }
    match table.again {
        Again::Never => {}
        Again::ForEver => drop(make.arg("-DFOR_EVER")),
        Again::WhileTheyLike => drop(make.arg("-DWHILE_THEY_LIKE")),
    }
    succeed(make.arg("philosophers.pml").current_dir(folder))?;
    let compile = ["-O2", "-DSAFETY", "-DNOFAIR", "-DMEMLIM=16384", "-o", "pan", "pan.c"];
    succeed(Command::new("gcc").args(compile).current_dir(folder))?;
    let mut pan = Command::new(folder.join("pan"));
    let (said, told) = timed(pan.args(["-m1000000", "-n"]), limit, folder)?;
    let Some((seconds, processor)) = told else { return Ok(out_of(limit)) };
    let errors = number_after(&said, "errors: ");
    let verdict = match errors {
        Some(0) => Verdict::Proved,
        Some(_) => Verdict::Failed,
        None => return Err(format!("SPIN said: {said}")),
    };
    let states = number_of(&said, " states, stored");
    Ok(Told { verdict, seconds, processor, states })
}

fn harmony(table: Table, limit: Duration, folder: &Path) -> Result<Told, String> {
    write(folder, "philosophers.hny", include_str!("models/philosophers.hny"))?;
    let truth = |holds: bool| if holds { "True" } else { "False" };
    let mut harmony = Command::new("harmony");
    harmony
        .args(["--noweb", "-s", "-c"])
        .arg(format!("PHILOSOPHERS={}", table.seats))
        .args(["-c", &format!("RIGHT={}", truth(table.right))])
        .args(["-c", &format!("AGAIN={}", truth(table.again == Again::WhileTheyLike))])
        .arg("philosophers.hny");
    let (said, told) = timed(&mut harmony, limit, folder)?;
    let Some((seconds, processor)) = told else { return Ok(out_of(limit)) };
    let verdict = if said.contains("No issues found") {
        Verdict::Proved
    } else if said.contains("Non-terminating state") {
        Verdict::Failed
    } else {
        return Err(format!("Harmony said: {said}"));
    };
    Ok(Told { verdict, seconds, processor, states: number_of(&said, " states (") })
}

fn out_of(limit: Duration) -> Told {
    let seconds = limit.as_secs_f64();
    Told { verdict: Verdict::OutOfTime, seconds, processor: seconds, states: None }
}

/// Runs it; what it said, and seconds by the clock and of all processors, none if it did not come to its
/// end in time.
fn timed(
    command: &mut Command,
    limit: Duration,
    folder: &Path,
) -> Result<(String, Option<(f64, f64)>), String> {
    let file = folder.join("said");
    let complaint = |error: std::io::Error| format!("{command:?}: {error}");
    let out = File::create(&file).map_err(complaint)?;
    let (began, used) = (Instant::now(), processor::time_of_children());
    let complaint = |error: std::io::Error| format!("{}: {error}", file.display());
    let mut child = command
        .current_dir(folder)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .stdout(out)
        .spawn()
        .map_err(complaint)?;
    while child.try_wait().map_err(complaint)?.is_none() {
        if began.elapsed() > limit {
            child.kill().and_then(|()| child.wait()).map_err(complaint)?;
            return Ok((String::new(), None));
        }
        thread::sleep(LOOK);
    }
    let seconds = began.elapsed().as_secs_f64();
    let used = processor::time_of_children().saturating_sub(used).as_secs_f64();
    Ok((fs::read_to_string(&file).map_err(complaint)?, Some((seconds, used))))
}

fn succeed(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    let complaint = || format!("{command:?}: {}", String::from_utf8_lossy(&output.stdout));
    output.status.success().then_some(()).ok_or_else(complaint)
}

/// The whole number that stands before some words.
fn number_of(said: &str, before: &str) -> Option<u64> {
    let (head, _) = said.split_once(before)?;
    head.rsplit(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// The whole number that stands after some words.
fn number_after(said: &str, after: &str) -> Option<u64> {
    let (_, tail) = said.split_once(after)?;
    tail.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_from_what_peers_say() {
        let said =
            "State-vector 100 byte, depth reached 81, errors: 12\n  3028424 states, stored\n";
        assert_eq!(number_of(said, " states, stored"), Some(3_028_424));
        assert_eq!(number_after(said, "errors: "), Some(12));
        assert_eq!(number_after(said, "warnings: "), None);
    }
}
