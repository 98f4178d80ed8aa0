//! Whether everyone gets on: flags, and what is said of it.

use std::collections::BTreeSet;

use toyvm::Program;
use toyvm::check::{Fairness, Report, without_an_end};

use crate::vm::message::clean;

/// Whether it is looked at.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(in crate::vm) struct LivenessArgs {
    /// If no state is wrong, look whether every thread comes to its end that can, and nobody waits for ever
    #[arg(long)]
    liveness: bool,
    /// Who may expect to step: weak, who can go on all the time; strong, who can go on again and again
    /// [default: weak]
    #[arg(long, value_name = "FAIRNESS", requires = "liveness")]
    fair: Option<Fairness>,
}

impl LivenessArgs {
    pub(in crate::vm) fn fairness(self) -> Option<Fairness> {
        self.liveness.then(|| self.fair.unwrap_or_default())
    }

    /// To be typed again.
    pub(in crate::vm) fn flags(self) -> Vec<String> {
        let fair = self.fair.map(|fairness| format!("--fair {fairness}"));
        self.liveness.then(|| "--liveness".to_owned()).into_iter().chain(fair).collect()
    }
}

/// What PROVED says of ways that go on for ever.
pub(super) fn proved(fairness: Option<Fairness>, program: &Program) -> String {
    match fairness {
        None => "not that it ends: several may keep each other going".to_owned(),
        Some(fairness) => {
            let endless: BTreeSet<&str> = without_an_end(program)
                .into_iter()
                .map(|code| program.code(code).name.as_str())
                .collect();
            let endless: Vec<String> = endless.into_iter().map(clean).collect();
            let but = match endless.as_slice() {
                [] => String::new(),
                names => format!(
                    "\n  (not that those end that have no end, {}, nor who joins them)",
                    names.join(", ")
                ),
            };
            format!(
                "every thread that can end does, and\n  nobody waits for ever, under {fairness} fairness of threads{but}"
            )
        }
    }
}

/// Whether all states are known to be fine, and it is only not known whether everyone gets on.
pub(super) fn is_all_that_is_missing(report: &Report) -> bool {
    report.rounds.is_some() && report.stopped.is_some()
}
