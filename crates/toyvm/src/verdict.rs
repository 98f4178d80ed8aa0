//! What came of a run, or of many, in a word.

use std::fmt;
use std::str::FromStr;

use crate::machine::{Fault, Machine, Status};
use crate::run::{End, Outcome};

/// The word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verdict {
    /// Nothing was wrong. Of all schedules: PROVED.
    Fine,
    /// Threads waited for ever.
    Deadlock,
    /// Two threads used a global with nothing between them, and one of them set it.
    Race,
    /// An assertion did not hold.
    Assertion,
    /// Something that must always hold did not.
    Invariant,
    /// An instruction failed.
    Error,
    /// Something with a bound was raised past it.
    Overflow,
    /// A thread goes round for ever on its own.
    Spin,
    /// A thread does not get on, though all that can go on do.
    Liveness,
    /// No step was left.
    Incomplete,
}

impl Verdict {
    const ALL: [(Self, &'static str); 10] = [
        (Self::Fine, "PROVED"),
        (Self::Deadlock, "DEADLOCK"),
        (Self::Race, "RACE"),
        (Self::Assertion, "ASSERTION"),
        (Self::Invariant, "INVARIANT"),
        (Self::Error, "ERROR"),
        (Self::Overflow, "OVERFLOW"),
        (Self::Spin, "SPIN"),
        (Self::Liveness, "LIVENESS"),
        (Self::Incomplete, "INCOMPLETE"),
    ];

    /// Of one run. Threads that failed count most, then what else is wrong, then that no step was
    /// left.
    pub fn of(machine: &Machine, outcome: &Outcome, races: bool) -> Self {
        let above_bound = outcome.failed.iter().any(|thread| {
            let status = machine.thread(*thread).status();
            matches!(status, Status::Failed(failure) if matches!(failure.fault, Fault::AboveBound(_)))
        });
        match outcome.end {
            _ if above_bound => Self::Overflow,
            _ if !outcome.failed.is_empty() => Self::Error,
            End::Asserted { .. } => Self::Assertion,
            End::Broken { .. } => Self::Invariant,
            End::Deadlock => Self::Deadlock,
            _ if !outcome.cycles.is_empty() => Self::Deadlock,
            _ if races => Self::Race,
            End::OutOfSteps => Self::Incomplete,
            End::Finished => Self::Fine,
        }
    }

    /// All that one run showed, the worst or not: a race is still one if a thread failed later.
    pub fn all_of(machine: &Machine, outcome: &Outcome, races: bool) -> Vec<Self> {
        let mut all = vec![Self::of(machine, outcome, races)];
        if races {
            all.push(Self::Race);
        }
        if outcome.end == End::Deadlock || !outcome.cycles.is_empty() {
            all.push(Self::Deadlock);
        }
        all
    }

    /// The exit status of a run that shows it.
    pub fn status(self) -> u8 {
        match self {
            Self::Fine => 0,
            Self::Deadlock
            | Self::Race
            | Self::Assertion
            | Self::Invariant
            | Self::Spin
            | Self::Liveness => 1,
            Self::Error | Self::Overflow => 2,
            Self::Incomplete => 3,
        }
    }

    /// What it means for one run.
    pub fn of_a_run(self) -> &'static str {
        match self {
            Self::Fine => "finished",
            Self::Deadlock => "deadlock",
            Self::Race => "finished, with a race",
            Self::Assertion => "an assertion did not hold",
            Self::Invariant => "an invariant did not hold",
            Self::Error => "a thread failed",
            Self::Overflow => "something was raised past its bound",
            Self::Spin => "a thread goes round for ever",
            Self::Liveness => "a thread does not get on",
            Self::Incomplete => "no step was left",
        }
    }
}

impl fmt::Display for Verdict {
    /// As in `# verdict:` headers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (_, word) =
            Self::ALL.iter().find(|(verdict, _)| verdict == self).expect("all are there");
        f.pad(word)
    }
}

impl FromStr for Verdict {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.iter().find(|(_, word)| word.eq_ignore_ascii_case(text));
        found.map(|(verdict, _)| *verdict).ok_or_else(|| {
            let words: Vec<&str> = Self::ALL.iter().map(|(_, word)| *word).collect();
            format!("there is no verdict `{text}`; there are {}", words.join(", "))
        })
    }
}
