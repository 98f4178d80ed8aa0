//! What must come of a program, as its file says in comments:
//!
//! ```text
//! # expect: TEXT          a line that must be printed under every schedule
//! # expect-absent: TEXT   a line that must never be printed
//! # verdict: DEADLOCK     what must come of it
//! # states: 1234          how many states a search finds
//! # liveness: weak        that everyone gets on is looked at, too, under weak or strong fairness
//! # kill: 1               all that under the death of one thread, or none, anywhere
//! # kill-of: NAME, NAME   only of these threads
//! ```

use std::collections::HashSet;

use crate::check::{Deaths, Fairness};
use crate::source::{Diagnostic, Source};
use crate::verdict::Verdict;

/// What must come of a program.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expectation {
    /// Lines that must be printed under every schedule.
    pub lines: Vec<String>,
    /// Lines that must never be printed.
    pub absent: Vec<String>,
    /// What must come of it.
    pub verdict: Option<Verdict>,
    /// How many states a search finds.
    pub states: Option<u64>,
    /// Whether it is looked at that everyone gets on, and what each may expect.
    pub liveness: Option<Fairness>,
    /// So many threads may be killed.
    pub kill: u32,
    /// Only these, if any are named.
    pub kill_of: Vec<String>,
}

impl Expectation {
    /// Reads the headers of a file: comments that stand alone on their line, wherever they stand.
    ///
    /// # Errors
    ///
    /// Each header that cannot be read.
    pub fn read(source: &Source) -> Result<Self, Vec<Diagnostic>> {
        let mut expectation = Self::default();
        let (mut errors, mut given) = (Vec::new(), HashSet::new());
        let mut start = 0;
        for line in source.text().split_inclusive('\n') {
            if let Some((header, value)) = header(line) {
                let span = start..start + line.trim_end().len() as u32;
                let mut refuse = |message: String| {
                    errors.push(Diagnostic::error(message).at(span.clone()));
                };
                let may_be_repeated = matches!(header, "expect" | "expect-absent" | "kill-of");
                if !given.insert(header) && !may_be_repeated {
                    refuse(format!("`# {header}:` is said twice"));
                }
                match header {
                    "expect" => expectation.lines.push(value.to_owned()),
                    "expect-absent" => expectation.absent.push(value.to_owned()),
                    "verdict" => match value.parse() {
                        Ok(verdict) => expectation.verdict = Some(verdict),
                        Err(message) => refuse(message),
                    },
                    "liveness" => match value.parse() {
                        Ok(fairness) => expectation.liveness = Some(fairness),
                        Err(message) => refuse(message),
                    },
                    "kill" => match value.parse() {
                        Ok(kill) => expectation.kill = kill,
                        Err(_) => refuse(format!("`{value}` is no number of threads")),
                    },
                    "kill-of" => {
                        let names = value.split(',').map(|name| name.trim().to_owned());
                        expectation.kill_of.extend(names);
                    }
                    _ => match value.replace([',', '_'], "").parse() {
                        Ok(states) => expectation.states = Some(states),
                        Err(_) => refuse(format!("`{value}` is no number of states")),
                    },
                }
            }
            start += line.len() as u32;
        }
        if errors.is_empty() { Ok(expectation) } else { Err(errors) }
    }

    /// Who may be killed.
    pub fn deaths(&self) -> Deaths<'_> {
        Deaths { most: self.kill, of: &self.kill_of }
    }

    /// Whether the file says nothing about what must come of it.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.absent.is_empty() && self.verdict.is_none()
    }

    /// What threads may expect, if it is looked at that they get on.
    pub fn fairness(&self) -> Option<Fairness> {
        let must_fail = self.verdict == Some(Verdict::Liveness);
        self.liveness.or_else(|| must_fail.then(Fairness::default))
    }

    /// Whether a printed line is what a header means: all of it, or all but the thread's name.
    pub fn matches(header: &str, printed: &str) -> bool {
        printed == header || printed.split_once("] ").is_some_and(|(_, said)| said == header)
    }
}

/// What headers begin with.
const HEADERS: [&str; 7] =
    ["expect", "expect-absent", "verdict", "states", "liveness", "kill", "kill-of"];

/// Whether a line is a header.
pub(crate) fn is_header(line: &str) -> bool {
    header(line).is_some()
}

/// The header on a line, and what it says.
fn header(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.trim().strip_prefix('#')?.split_once(':')?;
    let name = name.trim();
    HEADERS.contains(&name).then(|| (name, value.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_wherever_they_stand() {
        let text = "# A program.\n# expect: 16 consumed\n#verdict: race\nx = 1  # expect: not me\n\
                    # expect-absent: oh: no\n# states: 1,234\n# other: thing\n# liveness: strong\n\
                    # kill: 2\n# kill-of: a, b\n";
        let source = Source::new("a.toy", text.into()).unwrap();
        let expectation = Expectation::read(&source).unwrap();
        assert_eq!(
            expectation,
            Expectation {
                lines: vec!["16 consumed".into()],
                absent: vec!["oh: no".into()],
                verdict: Some(Verdict::Race),
                states: Some(1_234),
                liveness: Some(Fairness::Strong),
                kill: 2,
                kill_of: vec!["a".into(), "b".into()],
            }
        );
    }

    #[test]
    fn a_wrong_header_is_told_with_its_place() {
        let source = Source::new(
            "a.toy",
            "\n# verdict: GOOD\n# states: many\n# liveness: so\n# kill: all\n# kill: 1\n".into(),
        )
        .unwrap();
        let errors = Expectation::read(&source).unwrap_err();
        let told: Vec<String> = errors.iter().map(|error| error.line(&source)).collect();
        assert!(told[0].starts_with("a.toy:2:1: there is no verdict `GOOD`; there are PROVED"));
        assert_eq!(told[1], "a.toy:3:1: `many` is no number of states");
        assert_eq!(told[2], "a.toy:4:1: there is no fairness `so`; there are weak, strong");
        assert_eq!(told[3], "a.toy:5:1: `all` is no number of threads");
        assert_eq!(told[4], "a.toy:6:1: `# kill:` is said twice");
    }

    #[test]
    fn a_line_is_meant_with_its_thread_or_without() {
        assert!(Expectation::matches("done 5", "[main] done 5"));
        assert!(Expectation::matches("[main] done 5", "[main] done 5"));
        assert!(!Expectation::matches("done", "[main] done 5"));
        assert!(!Expectation::matches("[a] done 5", "[main] done 5"));
    }
}
