//! One step of `cargo xtask test`: a name, a reason, and the command or the check that decides.

use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::house;
use crate::skipped::Skipped;

/// How often it is looked what there is to be shown.
const GLANCE: Duration = Duration::from_millis(50);

/// What a step found.
#[derive(Debug, Default)]
pub(crate) struct Finding {
    /// What went wrong, in full; empty when the step passed.
    pub(crate) complaint: String,
    /// A few words beside the verdict, such as how many tests ran.
    pub(crate) remark: String,
    /// Tests that were not run.
    pub(crate) skipped: Skipped,
}

impl Finding {
    pub(crate) fn failure(complaint: impl Into<String>) -> Self {
        Self { complaint: complaint.into(), ..Self::default() }
    }

    pub(crate) fn passed(&self) -> bool {
        self.complaint.is_empty()
    }
}

/// How a step decides.
pub(crate) enum Work {
    /// Commands, one after another.
    Commands(Vec<Invocation>),
    /// A function of this program.
    Check(fn() -> Finding),
    /// Something that has to be there is not: the reason.
    Impossible(String),
}

/// A command of cargo's.
#[derive(Debug)]
pub(crate) struct Invocation {
    pub(crate) arguments: Vec<String>,
    pub(crate) environment: Vec<(&'static str, String)>,
    /// It runs tests, and finding none is a failure.
    pub(crate) tests: bool,
}

impl Invocation {
    pub(crate) fn cargo(line: &str) -> Self {
        Self {
            arguments: line.split_whitespace().map(String::from).collect(),
            environment: Vec::new(),
            tests: line.starts_with("test"),
        }
    }

    pub(crate) fn with(mut self, variable: &'static str, value: impl Into<String>) -> Self {
        self.environment.push((variable, value.into()));
        self
    }

    /// Built with `--cfg NAME`, and so apart from everything else.
    pub(crate) fn built_apart(self, name: &str) -> Result<Self, String> {
        let target = house::target()?.join(name);
        let target = target.to_str().ok_or("the target folder's name is not UTF-8")?;
        Ok(self.with("RUSTFLAGS", format!("--cfg {name}")).with("CARGO_TARGET_DIR", target))
    }

    /// As a person would type it.
    pub(crate) fn line(&self) -> String {
        let mut line = String::new();
        for (variable, value) in &self.environment {
            let _ = write!(line, "{variable}={} ", quoted(value));
        }
        line.push_str("cargo");
        for argument in &self.arguments {
            let _ = write!(line, " {}", quoted(argument));
        }
        line
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = house::cargo();
        command.args(&self.arguments).envs(self.environment.iter().map(|(k, v)| (k, v)));
        command.stdin(Stdio::null());
        command
    }
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=/.,:+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// One step.
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) work: Work,
    /// Some of its tests need servers.
    pub(crate) has_servers: bool,
}

/// How steps are run.
#[derive(Debug)]
pub(crate) struct Manner {
    /// The folder in which each step has a log.
    pub(crate) logs: PathBuf,
    /// What steps print is shown while they run.
    pub(crate) is_verbose: bool,
    /// The servers that are there: no test is skipped for lack of one of these.
    pub(crate) servers: &'static [&'static str],
}

impl Step {
    /// Runs the step and prints its line. What commands print goes to a log, which is shown when the step fails.
    pub(crate) fn run(&self, manner: &Manner) -> Finding {
        print!("{:<12} ", self.name);
        if manner.is_verbose {
            println!();
        }
        let _ = io::stdout().flush();
        let start = Instant::now();
        let mut finding = match &self.work {
            Work::Check(check) => check(),
            Work::Impossible(reason) => Finding::failure(reason.clone()),
            Work::Commands(commands) => {
                let log = manner.logs.join(format!("{}.log", self.name));
                run_all(commands, &log, manner.is_verbose)
            }
        };
        if finding.passed() && finding.skipped.lacks_server(manner.servers) {
            finding.complaint = format!("{}the servers are there", finding.skipped.names());
        }
        let seconds = start.elapsed().as_secs_f64();
        let verdict = if finding.passed() { "passed" } else { "FAILED" };
        println!("{verdict} {seconds:>7.1} s  {}", finding.remark);
        if !finding.passed() {
            println!("\n{}\n", finding.complaint.trim_end());
            println!("again: {}", self.again(manner));
        }
        finding
    }

    /// The command that repeats this step, or the part of it that cargo does.
    fn again(&self, manner: &Manner) -> String {
        let servers =
            if self.has_servers && !manner.servers.is_empty() { " --with-servers" } else { "" };
        let own = format!("cargo xtask test{servers} --only {}", self.name);
        match &self.work {
            Work::Commands(commands) if commands.len() == 1 => {
                format!("{own}\n   or: {}", commands[0].line())
            }
            _ => own,
        }
    }
}

fn run_all(commands: &[Invocation], log: &Path, is_verbose: bool) -> Finding {
    let mut finding = Finding::default();
    let mut tests = 0;
    let mut run = || -> Result<(), String> {
        let wrong = |error: io::Error| format!("{}: {error}", log.display());
        File::create(log).map_err(wrong)?;
        for invocation in commands {
            let said = run_one(invocation, log, is_verbose)?;
            tests += tests_passed(&said);
            finding.skipped.add(Skipped::read(&said));
        }
        Ok(())
    };
    finding.complaint = run().err().unwrap_or_default();
    if tests > 0 {
        finding.remark = format!("{tests} tests");
    }
    finding
}

/// Runs one command; what it printed, if it succeeded.
fn run_one(invocation: &Invocation, log: &Path, is_verbose: bool) -> Result<String, String> {
    let line = invocation.line();
    let wrong = |error: io::Error| format!("{}: {error}", log.display());
    let file = OpenOptions::new().append(true).open(log).map_err(wrong)?;
    let from = file.metadata().map_err(wrong)?.len();
    let twin = file.try_clone().map_err(wrong)?;
    let mut command = invocation.command();
    command.stdout(file).stderr(twin);
    let mut said = Vec::new();
    let mut follow = || -> io::Result<ExitStatus> {
        let mut reader = File::open(log)?;
        io::Seek::seek(&mut reader, io::SeekFrom::Start(from))?;
        let mut process = command.spawn()?;
        let mut status = None;
        loop {
            let shown = said.len();
            reader.read_to_end(&mut said)?;
            if is_verbose {
                io::stdout().write_all(&said[shown..])?;
            }
            if let Some(status) = status {
                return Ok(status);
            }
            if is_verbose {
                thread::sleep(GLANCE);
                status = process.try_wait()?;
            } else {
                status = Some(process.wait()?);
            }
        }
    };
    let status = follow().map_err(|error| format!("{line}: {error}"))?;
    let said = String::from_utf8_lossy(&said).into_owned();
    // What was shown already need not be told again.
    let again = if is_verbose { "" } else { &*said };
    if !status.success() {
        return Err(format!("{again}\n{line}: {status}"));
    }
    if invocation.tests && tests_passed(&said) == 0 {
        return Err(format!("{again}\n{line}: no test ran, so nothing was tested"));
    }
    Ok(said)
}

/// The sum over the lines `test result: ok. N passed; …`.
fn tests_passed(said: &str) -> u64 {
    said.lines()
        .filter_map(|line| line.strip_prefix("test result: ok. "))
        .filter_map(|counts| counts.split(' ').next()?.parse::<u64>().ok())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_it_is_typed() {
        let invocation = Invocation::cargo("test --test loom*").with("RUSTFLAGS", "--cfg loom");
        assert_eq!(invocation.line(), "RUSTFLAGS='--cfg loom' cargo test --test 'loom*'");
    }

    #[test]
    fn tests_are_counted_over_all_targets() {
        let said =
            "test result: ok. 3 passed; 0 failed\nnoise\ntest result: ok. 4 passed; 0 failed";
        assert_eq!(tests_passed(said), 7);
        assert_eq!(tests_passed("nothing"), 0);
    }
}
