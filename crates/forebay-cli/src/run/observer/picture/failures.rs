//! The items that failed for good, and why.

use std::time::Duration;

/// So many are named.
const NAMED: usize = 100;

/// So many different reasons are told apart.
const REASONS: usize = 20;

/// An item that failed.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) at: Duration,
    pub(super) label: String,
    pub(super) reason: String,
}

/// What failed.
#[derive(Debug, Default)]
pub(super) struct Failures {
    /// The first ones.
    pub(super) named: Vec<Failure>,
    /// How many had this reason, in the order in which they first came.
    pub(super) reasons: Vec<(String, u64)>,
    /// How many had yet another reason.
    pub(super) other_reasons: u64,
    pub(super) count: u64,
}

impl Failures {
    pub(super) fn note(&mut self, at: Duration, label: impl FnOnce() -> String, reason: &str) {
        self.count += 1;
        if let Some((_, count)) = self.reasons.iter_mut().find(|(known, _)| known == reason) {
            *count += 1;
        } else if self.reasons.len() < REASONS {
            self.reasons.push((reason.to_owned(), 1));
        } else {
            self.other_reasons += 1;
        }
        if self.named.len() < NAMED {
            self.named.push(Failure { at, label: label(), reason: reason.to_owned() });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_counted_and_the_first_named() {
        let mut failures = Failures::default();
        for number in 0..1000 {
            let reason = format!("reason {}", number % 25);
            failures.note(Duration::ZERO, || number.to_string(), &reason);
        }
        assert_eq!((failures.count, failures.named.len(), failures.reasons.len()), (1000, 100, 20));
        let told: u64 = failures.reasons.iter().map(|(_, count)| count).sum();
        assert_eq!((told, failures.other_reasons), (800, 200));
        assert_eq!(
            (failures.named[99].label.as_str(), failures.named[0].reason.as_str()),
            ("99", "reason 0")
        );
    }
}
