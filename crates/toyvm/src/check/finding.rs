//! What a search may find.

use crate::machine::ThreadId;
use crate::program::{ClaimId, NameId};

/// Something that is wrong, or might be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// Nobody can go on, and somebody waits.
    Deadlock,
    /// Threads wait for each other in a circle, whatever the others do.
    Circle(Vec<ThreadId>),
    /// Two threads are about to use a global, one of them to set it, and nothing orders them.
    Race {
        /// The global.
        name: NameId,
        /// Who, and at which address.
        accesses: [(ThreadId, u32); 2],
    },
    /// What a thread asserts does not hold.
    Assertion {
        /// The thread.
        thread: ThreadId,
    },
    /// What must always hold does not.
    Invariant {
        /// Whose step it was.
        thread: ThreadId,
        /// What does not hold.
        claim: ClaimId,
    },
    /// An instruction failed.
    Error {
        /// Whose.
        thread: ThreadId,
    },
    /// A thread goes round for ever, and others do not matter to it.
    Spin {
        /// The thread.
        thread: ThreadId,
    },
    /// A thread has gone round so long on its own that it may do so for ever.
    Endless {
        /// The thread.
        thread: ThreadId,
    },
}
