//! `cargo xtask torture`: the stress tests, for as long as one likes.
//!
//! They run for a moment in `cargo xtask test` as well; what needs a rare schedule is found by time.

use std::process::ExitCode;

use crate::step::Invocation;

/// How long each test runs when nobody says otherwise.
const SECONDS: u64 = 60;

/// What the stress tests look at.
const VARIABLE: &str = "FOREBAY_TORTURE_SECONDS";

/// The stress tests of each crate that has any, and the features that they need. The buffer in a file is killed as it
/// ships, too: without the points at which it is killed otherwise. Those of the machines say that they are skipped when
/// no server runs: `cargo xtask servers up`.
const TESTS: [(&str, &str, &str); 8] = [
    ("forebay-threads", "stress", ""),
    ("forebay-processes", "torture", " --features crash-points"),
    ("forebay-processes", "torture", ""),
    ("forebay-processes", "power", " --all-features"),
    ("forebay-processes", "hostile", " --all-features"),
    ("forebay-machines", "network", " --all-features"),
    ("toyvm", "random", ""),
    ("toyvm", "check", " --all-features"),
];

/// The models that are explored with more preemptions, each for that long at most: two threads end within a minute at five,
/// three do not.
const MODELS: &str = "test --release --package forebay-processes --test loom -- --test-threads=1";

/// Suites that take as long as they take: on NATS with each handle in a process of its own, and on topics, of which one on Redis is
/// run always.
const SUITES: &str = "test --release --package forebay-machines --all-features --test conformance_nats --test conformance_redis -- --ignored";

pub(crate) fn run(arguments: &[String]) -> Result<ExitCode, String> {
    let (subject, rest) = subject(arguments);
    let seconds = seconds(rest)?;
    let is_meant = |package: &str| subject.is_none_or(|subject| package.ends_with(subject));
    let mut invocations = Vec::new();
    for (package, test, features) in TESTS.into_iter().filter(|(package, ..)| is_meant(package)) {
        let line = format!(
            "test --release --package {package} --test {test}{features} -- --test-threads=1"
        );
        invocations.push(Invocation::cargo(&line).with(VARIABLE, seconds.to_string()));
    }
    let models = Invocation::cargo(MODELS)
        .built_apart("loom")?
        .with("LOOM_MAX_PREEMPTIONS", "5")
        .with("LOOM_CHECKPOINT_INTERVAL", "1000")
        .with("LOOM_MAX_DURATION", seconds.to_string());
    if is_meant("forebay-processes") {
        invocations.push(models);
    }
    if is_meant("forebay-machines") {
        invocations.push(Invocation::cargo(SUITES));
    }
    for invocation in invocations {
        println!("{}", invocation.line());
        let status = invocation.command().status().map_err(|error| format!("cargo: {error}"))?;
        if !status.success() {
            return Ok(ExitCode::FAILURE);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What is looked at, if not everything, and the other arguments.
fn subject(arguments: &[String]) -> (Option<&str>, &[String]) {
    const SUBJECTS: [&str; 4] = ["threads", "processes", "machines", "toyvm"];
    match arguments.split_first() {
        Some((first, rest)) if SUBJECTS.contains(&first.as_str()) => (Some(first), rest),
        _ => (None, arguments),
    }
}

fn seconds(arguments: &[String]) -> Result<u64, String> {
    match arguments {
        [] => Ok(SECONDS),
        [seconds] => match seconds.parse() {
            Ok(seconds) if seconds > 0 => Ok(seconds),
            _ => Err(format!("torture takes a number of seconds from 1 up, not `{seconds}`")),
        },
        [_, more, ..] => Err(format!("torture does not know `{more}`; see `cargo xtask help`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_understood_or_refused() {
        let words = |line: &str| line.split_whitespace().map(String::from).collect::<Vec<_>>();
        assert_eq!(subject(&words("machines 5")), (Some("machines"), words("5").as_slice()));
        assert_eq!(subject(&words("5")), (None, words("5").as_slice()));
        assert_eq!(seconds(&words("")), Ok(SECONDS));
        assert_eq!(seconds(&words("5")), Ok(5));
        assert!(seconds(&words("0")).unwrap_err().contains("from 1 up"));
        assert!(seconds(&words("long")).unwrap_err().contains("long"));
        assert!(seconds(&words("5 more")).unwrap_err().contains("more"));
    }
}
