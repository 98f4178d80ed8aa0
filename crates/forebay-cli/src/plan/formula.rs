//! What is known by formula: items that come by chance, work that takes exponential times, and who finds the buffer
//! full goes away. M/M/c/K in Kendall's notation (1953); the derivation is in Kleinrock, *Queueing Systems*, volume 1,
//! 1975.

/// How such a buffer stands in the long run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Known {
    /// Of the items, those that find it full.
    pub(super) refused: f64,
    /// Seconds that an item waits, of those that find room.
    pub(super) wait: f64,
    /// Items that wait.
    pub(super) depth: f64,
    /// Of the consumers, those that work.
    pub(super) busy: f64,
}

/// Of so many items a second, each of which takes so many seconds, with room for `capacity` that wait.
pub(super) fn known(rate: f64, service: f64, consumers: u32, capacity: u64) -> Known {
    let load = rate * service;
    let consumers_f = f64::from(consumers);
    // Each state's share by that of the one before; the largest so far is kept at 1, so nothing overflows.
    let (mut share, mut all, mut waiting, mut working) = (1.0_f64, 1.0_f64, 0.0_f64, 0.0_f64);
    for items in 1..=u64::from(consumers) + capacity {
        let at_work = (items as f64).min(consumers_f);
        share *= load / at_work;
        all += share;
        waiting += share * (items as f64 - at_work);
        working += share * at_work;
        if share > 1.0 {
            (all, waiting, working) = (all / share, waiting / share, working / share);
            share = 1.0;
        }
    }
    let (refused, depth) = (share / all, waiting / all);
    Known {
        refused,
        depth,
        // What waits, by what comes in (Little, 1961).
        wait: depth / (rate * (1.0 - refused)),
        busy: working / all / consumers_f,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: f64, known: f64) {
        assert!((found - known).abs() < 1e-6 * known.abs().max(1e-3), "{found}, not {known}");
    }

    #[test]
    fn one_consumer_and_no_end_of_room() {
        // M/M/1: ρ² / (1 − ρ) wait.
        let half = known(5.0, 0.1, 1, 10_000);
        near(half.depth, 0.5);
        near(half.wait, 0.1);
        near(half.busy, 0.5);
        near(half.refused, 0.0);
    }

    #[test]
    fn no_room_to_wait() {
        // Erlang B of 3 erlangs on 5 lines (1917): 0.110054….
        near(known(3.0, 1.0, 5, 0).refused, 0.110_054_3);
    }

    #[test]
    fn several_consumers_and_no_end_of_room() {
        // Erlang C of 2 erlangs with 3: 4/9 of the items wait, each 1 / (3 − 2) times the service in the mean.
        near(known(2.0, 1.0, 3, 10_000).wait, 4.0 / 9.0);
    }

    #[test]
    fn one_consumer_and_some_room() {
        // M/M/1/K at ρ = 1: all K + 1 states are as likely as each other.
        let even = known(1.0, 1.0, 1, 4);
        near(even.refused, 1.0 / 6.0);
        near(even.depth, (1.0 + 2.0 + 3.0 + 4.0) / 6.0);
        near(even.busy, 5.0 / 6.0);
    }

    #[test]
    fn far_too_much_comes() {
        let flood = known(1e6, 1.0, 10, 1_000);
        near(flood.busy, 1.0);
        near(flood.refused, 1.0 - 10.0 / 1e6);
    }
}
