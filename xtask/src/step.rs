//! One step of `cargo xtask test`: a name, a reason, and the command or the check that decides.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::house;

/// What a step found.
#[derive(Debug, Default)]
pub(crate) struct Finding {
    /// What went wrong, in full; empty when the step passed.
    pub(crate) complaint: String,
    /// A few words beside the verdict, such as how many tests ran.
    pub(crate) remark: String,
}

impl Finding {
    pub(crate) fn failure(complaint: impl Into<String>) -> Self {
        Self { complaint: complaint.into(), remark: String::new() }
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
}

impl Step {
    /// Runs the step and prints its line; true if it passed. What commands print goes to a log under
    /// `logs`, which is shown when the step fails; with `verbose` it goes to the terminal.
    pub(crate) fn run(&self, logs: &Path, verbose: bool) -> bool {
        use std::io::Write as _;
        print!("{:<12} ", self.name);
        if verbose {
            println!();
        }
        let _ = std::io::stdout().flush();
        let start = Instant::now();
        let finding = match &self.work {
            Work::Check(check) => check(),
            Work::Impossible(reason) => Finding::failure(reason.clone()),
            Work::Commands(commands) => {
                let log = (!verbose).then(|| logs.join(format!("{}.log", self.name)));
                run_all(commands, log.as_deref())
            }
        };
        let seconds = start.elapsed().as_secs_f64();
        let verdict = if finding.passed() { "passed" } else { "FAILED" };
        println!("{verdict} {seconds:>7.1} s  {}", finding.remark);
        if !finding.passed() {
            println!("\n{}\n", finding.complaint.trim_end());
            println!("again: {}", self.again());
        }
        finding.passed()
    }

    /// The command that repeats this step, or the part of it that cargo does.
    fn again(&self) -> String {
        let own = format!("cargo xtask test --only {}", self.name);
        match &self.work {
            Work::Commands(commands) if commands.len() == 1 => {
                format!("{own}\n   or: {}", commands[0].line())
            }
            _ => own,
        }
    }
}

fn run_all(commands: &[Invocation], log: Option<&Path>) -> Finding {
    let mut tests = 0;
    for invocation in commands {
        match run_one(invocation, log) {
            Ok(ran) => tests += ran.unwrap_or(0),
            Err(complaint) => return Finding::failure(complaint),
        }
    }
    let remark = if tests > 0 { format!("{tests} tests") } else { String::new() };
    Finding { complaint: String::new(), remark }
}

/// Runs one command; how many tests passed, where that can be told.
fn run_one(invocation: &Invocation, log: Option<&Path>) -> Result<Option<u64>, String> {
    let mut command = invocation.command();
    if let Some(log) = log {
        let file = File::create(log).map_err(|error| format!("{}: {error}", log.display()))?;
        let twin = file.try_clone().map_err(|error| format!("{}: {error}", log.display()))?;
        command.stdout(file).stderr(twin);
    }
    let line = invocation.line();
    let status = command.status().map_err(|error| format!("{line}: {error}"))?;
    let Some(log) = log else {
        return if status.success() { Ok(None) } else { Err(format!("{line}: {status}")) };
    };
    let said = fs::read(log).map_err(|error| format!("{}: {error}", log.display()))?;
    let said = String::from_utf8_lossy(&said);
    if !status.success() {
        return Err(format!("{said}\n{line}: {status}"));
    }
    let passed = tests_passed(&said);
    if invocation.tests && passed == 0 {
        return Err(format!("{said}\n{line}: no test ran, so nothing was tested"));
    }
    Ok(Some(passed))
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
