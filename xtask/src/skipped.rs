//! Tests that were not run because something is not there.
//!
//! Such a test passes, and what a passing test prints is kept back by the test harness. So it tells, with one
//! `write_all` to `io::stderr()` and not `eprintln!`, in one line of this form:
//!
//! ```text
//! skipped: NAME-OF-THE-TEST (no server redis)
//! ```

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

const MARK: &str = "skipped: ";

/// What lacks where a server is missing begins so.
const NO_SERVER: &str = "no server ";

/// Tests by what they lacked.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Skipped(BTreeMap<String, Vec<String>>);

impl Skipped {
    /// Those that some output tells of.
    pub(crate) fn read(said: &str) -> Self {
        let mut skipped = Self::default();
        for line in said.lines() {
            // What the harness prints may stand before it on the line.
            let told = line.split_once(MARK).and_then(|(_, told)| told.rsplit_once(" ("));
            if let Some((test, lacks)) = told
                && let Some(lacks) = lacks.strip_suffix(')')
            {
                skipped.0.entry(lacks.to_owned()).or_default().push(test.to_owned());
            }
        }
        skipped
    }

    pub(crate) fn add(&mut self, other: Self) {
        for (lacks, mut tests) in other.0 {
            self.0.entry(lacks).or_default().append(&mut tests);
        }
    }

    /// Whether a server of these was missing.
    pub(crate) fn lacks_server(&self, servers: &[&str]) -> bool {
        let server = |lacks: &str| lacks.strip_prefix(NO_SERVER).map(str::to_owned);
        self.0.keys().filter_map(|lacks| server(lacks)).any(|name| servers.contains(&&*name))
    }

    /// All of them, a line for each.
    pub(crate) fn names(&self) -> String {
        let mut names = String::new();
        for (lacks, tests) in &self.0 {
            for test in tests {
                let _ = writeln!(names, "{MARK}{test} ({lacks})");
            }
        }
        names
    }
}

impl fmt::Display for Skipped {
    /// How many, a line for each thing that lacked; nothing if none were.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (lacks, tests) in &self.0 {
            let plural = if tests.len() == 1 { "" } else { "s" };
            writeln!(f, "skipped: {} test{plural}: {lacks}", tests.len())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tests_lacked_is_counted_and_told() {
        let said = "test a ... skipped: b::c (no server redis)\nok\nskipped: d (no server redis)\n\
                    noise: skipped\nskipped: e (nats-server, openssl not installed)\n";
        let mut skipped = Skipped::read(said);
        assert_eq!(
            skipped.to_string(),
            "skipped: 1 test: nats-server, openssl not installed\nskipped: 2 tests: no server redis\n"
        );
        assert!(skipped.names().contains("skipped: b::c (no server redis)\n"));
        assert!(skipped.lacks_server(&["kafka", "redis"]) && !skipped.lacks_server(&["kafka"]));
        skipped.add(Skipped::read("skipped: f (no server kafka)"));
        assert!(skipped.lacks_server(&["kafka"]));
        assert_eq!(Skipped::read("all is well").to_string(), "");
    }
}
