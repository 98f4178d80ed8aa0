//! Those who were killed and have not been found dead: what they had leased comes back before long.

use std::time::{Duration, Instant};

use forebay::processes::{Buffer, Role};

use crate::run::command::processes::has_ended;

/// Whoever keeps the leases of a process that was killed, until what ran for it is gone, does so no longer than this:
/// what holds them then lives where its processes cannot be seen.
const LONGEST: Duration = Duration::from_secs(12);

/// Waits for them, but not for good.
#[derive(Debug, Default)]
pub(super) struct Dying {
    since: Option<Instant>,
}

impl Dying {
    /// Whether something may come back that nobody can give back any more.
    pub(super) fn may_bring(&mut self, buffer: &Buffer) -> bool {
        let mut consumers =
            buffer.participants().into_iter().filter(|one| one.role == Role::Consumer);
        let is_any = consumers.any(|one| !one.lives || (one.leased > 0 && has_ended(one.process)));
        if !is_any {
            self.since = None;
            return false;
        }
        self.since.get_or_insert_with(Instant::now).elapsed() < LONGEST
    }
}
