//! The eleven clauses of the contract, stated once.
//!
//! Everything else refers to a clause by its number: the suite names the clause that a broken
//! buffer breaks, docs say which clause a method serves, and a distance that keeps a clause more
//! weakly says so by number.

use std::fmt;

/// One numbered rule of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Clause {
    /// C1.
    Bound,
    /// C2.
    Order,
    /// C3.
    NothingLost,
    /// C4.
    NothingTwice,
    /// C5.
    Waiting,
    /// C6.
    CloseAndDrain,
    /// C7.
    Join,
    /// C8.
    Accounting,
    /// C9.
    Overflow,
    /// C10.
    Fairness,
    /// C11.
    BadInput,
}

impl Clause {
    /// Every clause, in the order of its number.
    pub const ALL: [Self; 11] = [
        Self::Bound,
        Self::Order,
        Self::NothingLost,
        Self::NothingTwice,
        Self::Waiting,
        Self::CloseAndDrain,
        Self::Join,
        Self::Accounting,
        Self::Overflow,
        Self::Fairness,
        Self::BadInput,
    ];

    /// The number, 1 to 11.
    pub const fn number(self) -> u8 {
        self as u8 + 1
    }

    /// The name, in one or two words.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bound => "bound",
            Self::Order => "order",
            Self::NothingLost => "nothing lost",
            Self::NothingTwice => "nothing twice",
            Self::Waiting => "waiting",
            Self::CloseAndDrain => "close and drain",
            Self::Join => "join",
            Self::Accounting => "accounting",
            Self::Overflow => "overflow",
            Self::Fairness => "fairness",
            Self::BadInput => "bad input",
        }
    }

    /// The rule itself.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Bound => {
                "A put is admitted only while fewer than `capacity` items wait. Capacity is exact and \
                 at least 1; 0 is refused with an error. At most `max_leased` items are out on lease \
                 (default: capacity, at least 64); a lease beyond that waits. A nacked item goes back \
                 without asking for room, so waiting may pass capacity by nacks, but waiting + leased \
                 <= capacity + max_leased, always. A permit counts as an item that waits. By weight: \
                 admitted while waiting weight and its own are within the capacity; heavier than the \
                 whole capacity is refused at once. Unbounded is a constructor of its own."
            }
            Self::Order => {
                "First in, first out: if one put returns before another begins, its item is first \
                 taken first. A redelivered item goes back to its own position."
            }
            Self::NothingLost => {
                "Once put returned Ok, the item is waiting, leased, finished, a dead letter, or \
                 dropped under a policy its producer chose and counted, whatever dies afterwards that \
                 the distance promises to survive."
            }
            Self::NothingTwice => {
                "At any moment at most one consumer holds an item; after its ack it is never seen \
                 again. Between threads exactly once; elsewhere at least once, with the delivery \
                 count shown."
            }
            Self::Waiting => {
                "put waits while full, take waits while empty. A short bounded yield is allowed; a \
                 longer wait is asleep, at no processor cost, and woken promptly. Each comes as \
                 blocking, try, with a timeout or a deadline, and async. try never waits for room or \
                 for an item; it may wait for one operation already in flight, so it never reports \
                 full or empty wrongly. What a put could not place it hands back; a cancelled async \
                 put has placed its item whole or not at all, and reserve gives a permit first for \
                 those who must keep the item. put_many keeps its order, may place a part, and \
                 returns the rest."
            }
            Self::CloseAndDrain => {
                "After close every put is refused with its item; a nack is still accepted. Takes \
                 return what is left, then Closed, which comes when nothing waits and no other \
                 consumer holds a lease. A put that returned Ok before the close is always drained. \
                 In a process, dropping the last producer closes; dropping the last consumer refuses \
                 further puts with their items and wakes whoever waits."
            }
            Self::Join => {
                "join returns exactly when nothing is unfinished, also when the worker that held the \
                 last lease died."
            }
            Self::Accounting => {
                "produced = finished + waiting + leased + dead + dropped, exactly, whenever nothing \
                 moves. A purged dead letter counts as dropped; a refusal was never produced. \
                 Counting costs the fast path nothing that a benchmark can see."
            }
            Self::Overflow => {
                "What happens on full is the producer's choice, set on its handle: wait (default), wait \
                 so long, refuse, drop the oldest, drop this one. put says which happened. \
                 Drop-oldest takes only waiting items and does not overtake producers that wait: \
                 while any stand in line it is refused. Drops are counted, never silent."
            }
            Self::Fairness => {
                "A waiter is overtaken at most 2 x (capacity + waiters) times; then the next place or \
                 item is its own, also against try and drop-oldest."
            }
            Self::BadInput => {
                "A clear error that names what was wrong and what to do; nothing lost, nothing half \
                 done."
            }
        }
    }
}

impl fmt::Display for Clause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "C{} {}", self.number(), self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_run_from_one_to_eleven() {
        let numbers: Vec<u8> = Clause::ALL.iter().map(|clause| clause.number()).collect();
        assert_eq!(numbers, (1..=11).collect::<Vec<u8>>());
        assert_eq!(Clause::Fairness.to_string(), "C10 fairness");
    }
}
