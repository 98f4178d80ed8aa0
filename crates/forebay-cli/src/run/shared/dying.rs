//! Those who were killed and have not been found dead: what they had leased comes back before long.

use std::time::Instant;

use crate::buffer::place::Buffer;

/// Waits for them, but not for good.
#[derive(Debug, Default)]
pub(crate) struct Dying {
    since: Option<Instant>,
}

impl Dying {
    /// Whether something may come back that nobody can give back any more.
    pub(crate) fn may_bring(&mut self, buffer: &Buffer) -> bool {
        let Some(longest) = buffer.may_come_back() else {
            self.since = None;
            return false;
        };
        self.since.get_or_insert_with(Instant::now).elapsed() < longest
    }
}
