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
    /// A buffer that is to stay open until someone closes it ends with the handles of a side.
    EndsWithItsHandles,
    /// What a killed consumer held on lease stays leased.
    KeepsLeasesOfTheDead,
    /// A death counts as a failure of what was leased.
    CountsDeathAsFailure,
    /// What a killed producer had set aside stays so.
    KeepsPermitsOfTheDead,
    /// A call that was killed while it waited keeps its place in the line.
    KeepsCallsOfTheDead,
    /// With a producer, an item goes that it had put.
    LosesPutsOfTheDead,
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
    /// A clone of a producer waits, whatever its original does.
    ForgetsPolicyInClone,
    /// To change one handle's policy changes all.
    SharesPolicy,
    /// Drop-oldest drops the newest.
    DropsNewest,
    /// Drop-oldest drops what is leased, when that is the oldest.
    DropsLeased,
    /// Drop-oldest drops one, and places its item whether that made room or not.
    DropsOneOnly,
    /// Drop-oldest counts no drops.
    DropsUncounted,
    /// A put that drops its own item is counted nowhere.
    DropsThisUncounted,
    /// Drop-oldest does not look at the line.
    DropOldestOvertakes,
    /// Drop-oldest drops what waits even where permits keep its item out.
    DropsInVain,
    /// A put that drops waits first, when its caller is patient.
    DropsAfterWaiting,
    /// A put that drops its own item does so after close, too.
    DropsAfterClose,
    /// A task that was to be refused waits.
    RefusingTaskWaits,
    /// Who waits so long waits half as long.
    WaitsHalfAsLong,
    /// A task that waits so long waits for ever.
    TaskMissesItsDeadline,
    /// The policy's patience goes before the one that the caller names.
    PolicyBeforePatience,
    /// A batch tells of placed items only.
    BatchForgetsDrops,
    /// A reserve drops the oldest where its handle would.
    ReserveDropsOldest,
    /// Join counts each dropped item as two finished ones.
    JoinCountsDropsTwice,
    /// Admits a weight of one more than the capacity.
    WeightOffByOne,
    /// Bounds weighed items by weight alone.
    WeighedAreNotCounted,
    /// Lets what is too heavy wait.
    TooHeavyWaits,
    /// Weighs against the capacity, though no weight capacity was given.
    WeighsUnasked,
    /// A redelivered item weighs nothing.
    RedeliveredWeighNothing,
    /// A nack whose weight has no room drops its item.
    NackAsksForWeight,
    /// Keeps places for the line, but no weight.
    KeepsNoWeight,
    /// A change that is good for many wakes one, and that one wakes nobody.
    WakesOneOfMany,
    /// A permit takes no place.
    PermitsUncounted,
    /// A permit weighs nothing.
    PermitWeighsNothing,
    /// Any item can be put through a permit, however heavy.
    HeavyThroughPermit,
    /// A permit counts as a put.
    PermitCountsAsProduced,
    /// A permit dropped unused keeps its place.
    PermitKeepsItsPlace,
    /// A permit dropped unused wakes nobody.
    PermitDropWakesNobody,
    /// A put through a permit wakes nobody.
    PermitPutWakesNobody,
    /// A put through a permit is refused while the buffer is full.
    PermitPutAsksForRoom,
    /// An item put through a permit has the permit's position.
    PermitHasThePosition,
    /// Takes wait for permits to be used.
    PermitsHoldTakesUp,
    /// A permit lets an item past the close.
    PermitPassesClose,
    /// The last producer does not close while its permits are out.
    PermitKeepsOpen,
    /// Join waits for permits.
    JoinCountsPermits,
    /// A reserve never waits.
    ReserveNeverWaits,
    /// A batch is placed from its end.
    PutManyReverses,
    /// A batch that is refused hands back one item.
    PutManyLosesRest,
    /// A batch is placed as a whole or not at all.
    PutManyIsAllOrNothing,
    /// A batch that is cancelled is placed, room or not.
    PutManyIgnoresCancel,
    /// A batch of nothing is refused after close.
    RefusesNothing,
    /// Takes one more than was asked for.
    TakesOneMore,
    /// A take of many waits until there are as many.
    TakeManyWaitsForAll,
    /// A take of many counts as one.
    TakeManyCountsOne,
    /// A take of many overtakes the line once its first item is its own.
    TakeManyOvertakes,
    /// A take of many brings nothing at the end, instead of saying so.
    TakeManyHearsNoEnd,
    /// Whoever comes first gets the place; who waits may wait for ever.
    Unfair,
    /// Capacity 1 makes none.
    RefusesCapacityOne,
    /// Capacity 0 makes a buffer.
    AcceptsCapacityZero,
}
