//! What a search may find.

use crate::machine::ThreadId;
use crate::program::{ClaimId, CodeId, NameId};
use crate::verdict::Verdict;

/// Something that is wrong, or might be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// Nothing is: every thread has ended.
    Finished,
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
    /// Something with a bound was raised past it.
    Overflow {
        /// By whom.
        thread: ThreadId,
    },
    /// A thread goes round for ever, and others do not matter to it.
    Spin {
        /// The thread.
        thread: ThreadId,
    },
    /// A thread waits for ever while others go on, and nobody is kept from stepping.
    Starved {
        /// The thread.
        thread: ThreadId,
    },
    /// A thread never comes to its end, though it could, and nobody is kept from stepping.
    Unending {
        /// The thread.
        thread: ThreadId,
    },
    /// A thread has gone round so long on its own that it may do so for ever.
    Endless {
        /// The list that it runs.
        code: CodeId,
        /// Where it is.
        pc: u32,
    },
}

impl Finding {
    /// In a word.
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Finished => Verdict::Fine,
            Self::Deadlock | Self::Circle(_) => Verdict::Deadlock,
            Self::Race { .. } => Verdict::Race,
            Self::Assertion { .. } => Verdict::Assertion,
            Self::Invariant { .. } => Verdict::Invariant,
            Self::Error { .. } => Verdict::Error,
            Self::Overflow { .. } => Verdict::Overflow,
            Self::Spin { .. } => Verdict::Spin,
            Self::Starved { .. } | Self::Unending { .. } => Verdict::Liveness,
            Self::Endless { .. } => Verdict::Incomplete,
        }
    }
}
