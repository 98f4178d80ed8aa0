//! Ways to break the search on purpose, one small condition each, so that the tests can show that they
//! would notice. Only the feature `flaws` lets one be switched on; without it, [`flawed`] is never true.

#[cfg(feature = "flaws")]
pub use switch::{check_with, end_after};

macro_rules! flaws {
    ($($(#[doc = $doc:literal])+ $name:ident,)+) => {
        /// One thing that a search must heed, and does not.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[cfg_attr(not(feature = "flaws"), allow(unreachable_pub, reason = "it is, with the feature"))]
        pub enum Flaw {
            $($(#[doc = $doc])+ $name,)+
        }

        #[cfg(feature = "flaws")]
        impl Flaw {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)+];
        }
    };
}

flaws! {
    // Dead values.
    /// What decides where a thread goes on is of no account.
    Branches,
    /// What is asserted is of no account.
    Assertions,
    /// What claims read is of no account.
    ClaimedValues,
    /// What comes out of a queue is not what went in.
    Messages,
    /// What comes out of an array is not what went in.
    Places,
    /// What is read of a counter has nothing to do with what it counts.
    Counts,
    /// Whatever is compared is an integer.
    Compared,
    /// Whatever is slept for is a time.
    Slept,
    /// A variable is not read after the next JOIN.
    DeadAfterJoin,
    /// Nothing is read where a branch jumps to.
    DeadAfterJump,
    // States as bytes.
    /// Who comes first in a line.
    Place,
    /// Who holds a lock.
    Holder,
    // Deaths.
    /// Who waits and dies leaves a line.
    LineLeft,
    /// Who may die may do so in the midst of what it does at once.
    DiesLater,
    /// Who is kept out may die.
    DiesOutside,
    /// Who waits may die.
    WaitsOn,
    /// Who may die need not.
    DiesAlone,
    /// Who was killed is told from who has ended.
    Dead,
    // Symmetry.
    /// Handles that are compared, or asked whether they are alive.
    Told,
    /// Handles that are kept where all can see them.
    Kept,
    /// Threads that the file names, and somebody means.
    Named,
    /// Which run of JOINs a thread is joined in.
    WhichRun,
    /// A run of JOINs that a jump leads into.
    RunBroken,
    /// A run of JOINs by what others store.
    RunOfShared,
    /// An instruction that makes several threads, of which a JOIN means the last.
    RunsOften,
    /// A circle that depends on whom a run of JOINs waits for first.
    Doubt,
    // Ids.
    /// Ids that are told apart by which is less.
    IdsInOrder,
    /// A counter that gives out a number again.
    IdsTwice,
    /// Ids from two counters.
    IdsOfTwo,
    /// Numbers that stand in the program and are ids, too.
    IdsWritten,
    /// That an array ends.
    IdsBeyond,
    /// Ids that a claim reads.
    IdsClaimed,
    /// What stands at the places of ids.
    IdsPlaces,
    /// Where the same id stands.
    IdsApart,
    /// Which of those alike has an id that others have, too.
    IdsShared,
    // What commutes.
    /// A global that one reads while another sets it.
    ReadAndSet,
    /// A global that two set.
    SetTwice,
    /// An array that one reads while another sets it.
    PlaceReadAndSet,
    /// What is read of a counter, and counted at the same time.
    Counted,
    /// That somebody asks before another.
    AskedFirst,
    /// That one who only tries is told.
    Tried,
    /// In which order messages are sent.
    SentFirst,
    /// That there is a bound.
    Bounded,
    /// The lock of a condition.
    LockOfCondition,
    /// The numbers of what is made.
    Numbers,
    /// Who asks whether somebody is over.
    Ends,
    /// That claims see each step.
    Claims,
    /// That a JOIN, or a load of one's own, may be the step that somebody sees.
    OwnSeen,
    // What others may still do.
    /// What the threads will do that somebody starts.
    Started,
    /// What is done after the first branch.
    Jumped,
    /// That one who waits may have to ask again.
    AsksAgain,
    /// That what is asked for by several names is not always that lock.
    SeveralNames,
    /// That a lock is one of several of its kind.
    SeveralLocks,
    /// That who only tries is not kept out.
    TriesAnyway,
    /// Whether the lock is held at all.
    HeldAtAll,
    /// Whether it is met by one who is not kept out.
    Met,
    // Steps.
    /// A choice that follows what others may notice.
    Choices,
    // Stubborn sets.
    /// Who holds what is waited for.
    Owner,
    /// Who is joined.
    Joined,
    /// Who may serve one who waits.
    Servers,
    /// Who may meet what a thread is about to do.
    Meets,
    /// That nobody may be left out for ever.
    LeftOut,
    // Whether everyone gets on.
    /// That who can go on steps.
    Unfair,
    /// That who joins is as good as whom it joins.
    Joining,
    /// That daemons may wait for ever.
    Daemons,
    /// What has to happen on the way round.
    Demand,
}

#[cfg(feature = "flaws")]
mod switch {
    use std::cell::Cell;
    use std::sync::Arc;

    use super::Flaw;
    use crate::check::analysis::Analysis;
    use crate::check::explorer::Explorer;
    use crate::check::{Plan, Report, check};
    use crate::machine::Service;
    use crate::program::Program;
    use crate::trace::Decision;

    thread_local! {
        static ON: Cell<Option<Flaw>> = const { Cell::new(None) };
    }

    /// Checks a program by a search with a flaw, of one worker.
    ///
    /// # Panics
    ///
    /// If what was found cannot be followed: that, too, shows a flaw.
    pub fn check_with(program: &Arc<Program>, plan: &Plan<'_>, flaw: Flaw) -> Report {
        switched_to(Some(flaw), || check(program, &Plan { workers: 1, ..*plan }))
    }

    /// The bytes of the state in which a program ends by that schedule, as [`Report::ends`] has them.
    pub fn end_after(program: &Arc<Program>, service: Service, schedule: &[Decision]) -> Vec<u8> {
        let plan = Plan { service, ..Plan::default() };
        let analysis = Arc::new(Analysis::of(program, &plan));
        let mut explorer = Explorer::new(program, &analysis, &plan);
        for decision in schedule {
            explorer.step_alone(decision);
        }
        explorer.pack_by(&analysis)
    }

    pub(super) fn switched_to<T>(flaw: Option<Flaw>, does: impl FnOnce() -> T) -> T {
        struct Back(Option<Flaw>);
        impl Drop for Back {
            fn drop(&mut self) {
                ON.set(self.0);
            }
        }
        let _back = Back(ON.replace(flaw));
        does()
    }

    pub(super) fn is_on(flaw: Flaw) -> bool {
        ON.get() == Some(flaw)
    }
}

/// Whether that flaw is switched on.
#[inline]
pub(super) fn flawed(flaw: Flaw) -> bool {
    #[cfg(feature = "flaws")]
    return switch::is_on(flaw);
    #[cfg(not(feature = "flaws"))]
    {
        let _ = flaw;
        false
    }
}

/// Does something by which flawed searches are judged: without any flaw.
#[inline]
pub(super) fn soundly<T>(does: impl FnOnce() -> T) -> T {
    #[cfg(feature = "flaws")]
    return switch::switched_to(None, does);
    #[cfg(not(feature = "flaws"))]
    does()
}
