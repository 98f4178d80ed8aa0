//! What can be wrong with a buffer, one fault at a time.

/// A way in which the reference buffer is made wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Admits one item more than its capacity.
    CapacityOffByOne,
    /// Leases without limit.
    IgnoresLeaseLimit,
    /// Takes the newest item first.
    LastInFirstOut,
    /// Puts a redelivered item at the end.
    RedeliversAtTheBack,
    /// Drops a nacked item that meets a full buffer.
    LosesNackWhenFull,
    /// Drops an item with a take that is cancelled after it was woken.
    LosesOnCancel,
    /// Puts a nacked item back twice.
    DoublesOnNack,
    /// Obeys an ack whose lease has expired.
    AcceptsStaleAck,
    /// Answers a lease past its deadline, as long as nobody has noticed.
    AnswersIgnoreTheClock,
    /// Extending a lease leaves its deadline as it was.
    ExtendDoesNothing,
    /// Extending a lease that has no deadline gives it one.
    ExtendInventsDeadline,
    /// Counts a failure as nothing.
    ForgetsFailures,
    /// Hands back another item than the one that it refused.
    HandsBackAnother,
    /// Places the item of a put that times out, and reports the timeout as well.
    PlacesTimedOutPut,
    /// A cancelled waiter keeps the wake that it was given.
    SwallowsWake,
    /// A waiter that is woken at its deadline gives up and keeps the wake.
    SwallowsWakeAtDeadline,
    /// An async put places its item when it is called, polled or not.
    PutsBeforeFirstPoll,
    /// A take wakes nobody.
    TakeWakesNobody,
    /// Polls instead of sleeping.
    BusyWaits,
    /// A nack wakes nobody.
    NackWakesNobody,
    /// An expired lease wakes nobody.
    ExpiryWakesNobody,
    /// Close wakes nobody.
    CloseWakesNobody,
    /// Puts are placed after close.
    AcceptsPutAfterClose,
    /// Says `Closed` while another consumer holds a lease.
    ClosedWhileLeased,
    /// A consumer's own lease keeps it from hearing `Closed`.
    OwnLeaseBlocksClosed,
    /// The last producer's drop does not close.
    OutlivesProducers,
    /// Dropping a lease leaves it out for ever.
    ForgetsDroppedLease,
    /// Join does not count leases.
    JoinIgnoresLeases,
    /// A refused put counts as produced.
    CountsRefusals,
    /// What is left when the handles go is never dropped.
    LeaksAtDrop,
    /// What waits when the last consumer goes waits on.
    KeepsItemsWhenAbandoned,
    /// The time of waiting is not measured.
    MeasuresNoWait,
    /// A full buffer drops its oldest item, though nobody chose that.
    DropsOldestUnasked,
    /// Whoever comes first gets the place; who waits may wait for ever.
    Unfair,
    /// Capacity 1 makes none.
    RefusesCapacityOne,
    /// Capacity 0 makes a buffer.
    AcceptsCapacityZero,
}
