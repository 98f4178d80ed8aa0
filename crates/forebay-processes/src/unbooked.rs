//! A step that its owner takes without the lock, and those who have to know of it.
//!
//! The owner names the step, takes it, and then looks whether anybody waits for what it gives free. Whoever begins to wait
//! says so, and then looks for what is named. Between the two there is a fence on both sides, so one sees the other (Dekker).

use crate::words::{Word, meet};

/// How an owner's step went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// It was taken.
    Taken,
    /// It was, and somebody waits for that.
    Awaited,
    /// It was not: another one has to be booked before, or what the step was to change has changed. The name may be there.
    Untaken,
}

/// What a booker found under a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// The step may be taken at this moment.
    Underway,
    /// It was taken, and is booked now.
    Booked,
    /// It was not, and will not be.
    Nothing,
}

/// As the owner, names a step and takes it.
#[inline]
pub(crate) fn step(
    named: &Word,
    name: u64,
    take: impl FnOnce() -> bool,
    is_awaited: impl FnOnce() -> bool,
) -> Step {
    if !named.exchange(0, name) || !take() {
        return Step::Untaken;
    }
    // Pairs with the one in `seek`.
    meet();
    if is_awaited() { Step::Awaited } else { Step::Taken }
}

/// As one who has said that it waits, or that must not miss what was done before: looks at all that is named.
pub(crate) fn seek<R>(look: impl FnOnce() -> R) -> R {
    // Pairs with the one in `step`: who does not see here what is done, is seen waiting there.
    meet();
    look()
}

/// As one who has the lock, books what is named, by these means. Says whether there was anything.
pub(crate) fn book<E>(named: &Word, by: impl FnOnce(u64) -> Result<Found, E>) -> Result<bool, E> {
    let name = named.read();
    if name == 0 {
        return Ok(false);
    }
    let found = by(name)?;
    if found != Found::Underway {
        // From here on the owner can name another one.
        named.commit(0);
    }
    Ok(found == Found::Booked)
}
