//! A check: one promise of one clause, tried on a fresh buffer.

use std::fmt;
use std::time::Duration;

use forebay_contract::Clause;

use crate::Factory;
use crate::watchdog::{self, Mishap};

/// One check, for buffers of one kind.
pub struct Check<F> {
    clause: Clause,
    name: &'static str,
    body: fn(&F),
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The clause whose check failed.
    pub clause: Clause,
    /// The check.
    pub name: &'static str,
    /// What was wrong, beginning with a clause: the check's own as a rule, another when the check
    /// stumbled over that one.
    pub message: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}]", self.message, self.name)
    }
}

impl<F: Factory> Check<F> {
    /// A check of `clause`, under the name that its test gets.
    pub const fn new(clause: Clause, name: &'static str, body: fn(&F)) -> Self {
        Self { clause, name, body }
    }

    /// The clause that it checks.
    pub const fn clause(&self) -> Clause {
        self.clause
    }

    /// Its name, which begins with the number of its clause.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Runs it on a thread of its own; one that does not end within `limit` has failed, and is left
    /// behind.
    pub fn run(&self, factory: &F, limit: Duration) -> Result<(), Failure> {
        let (body, factory) = (self.body, factory.clone());
        watchdog::watch(self.name, limit, move || body(&factory)).map_err(|mishap| {
            let found = match mishap {
                Mishap::Panicked(message) => message,
                Mishap::Hung(limit) => format!("it hung: no end within {limit:?}"),
            };
            let names_a_clause =
                Clause::ALL.iter().any(|clause| found.starts_with(&format!("{clause}: ")));
            let message = if names_a_clause { found } else { format!("{}: {found}", self.clause) };
            Failure { clause: self.clause, name: self.name, message }
        })
    }
}

/// Runs one check as a test: panics with the failure.
#[doc(hidden)]
pub fn pass<F: Factory>(clause: Clause, name: &'static str, factory: &F, body: fn(&F)) {
    for (weaker, why) in F::WEAKER {
        assert!(is_known(weaker), "no check is called `{weaker}`");
        if *weaker == name {
            println!("kept more weakly: {name}: {why}");
            return;
        }
    }
    if let Err(failure) = Check::new(clause, name, body).run(factory, watchdog::PATIENCE) {
        panic!("{failure}");
    }
}

/// Whether the suite has a check of this name.
fn is_known(name: &str) -> bool {
    crate::__for_each_check!(names).contains(&name)
}
