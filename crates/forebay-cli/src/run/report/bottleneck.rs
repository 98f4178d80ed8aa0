//! Which side was slow, and how many consumers would have kept up.
//!
//! # Who waited
//!
//! Time is looked at in parts of the whole run. *Producers idle*: they waited on a full buffer, or
//! had already produced everything: of several, all of them; until then each counts as long as it
//! produced. Where they do not wait but have items refused or dropped, the part of those counts. *Consumers idle*: they waited on an empty buffer while there was
//! more to come. A side that was idle for less than [`NEGLIGIBLE`] of its time did not wait. Then the
//! side that did not wait is the bottleneck; if neither waited, the two were balanced; if both did,
//! work came in bursts: more capacity helps there, more consumers do not.
//!
//! Under `--rate` or `--delay` a consumer may have an item and wait for its start. That time is neither idle nor
//! busy. Where somebody waited so for [`NEGLIGIBLE`] of the run or more, and consumers hardly waited
//! for items, the rate was the limit, and neither side.
//!
//! # How many consumers
//!
//! By Little's law, L = λW (J. D. C. Little, *A Proof for the Queuing Formula: L = λW*, Operations
//! Research 9(3), 1961), applied to the consumers alone: the mean number of busy consumers is the
//! rate at which items come times the mean time that one takes. So
//!
//! > offered load = λ · S, with λ = items ÷ time in which nothing held the [source] back, summed over
//! > the producers, and S = time that consumers were busy ÷ items,
//!
//! is the number of consumers that would always be busy if nothing else were in the way (Erlang's
//! offered load). Fewer could not keep up: the number is rounded up, after taking off [`SLACK`] of
//! it for the noise of a measurement. It is at least 1 and at most the number of items, and it does
//! not contradict the bottleneck: where that was the consumers it is more than ran, where it was the
//! producers no more than ran. A failed try is time that its item took. Where the rate was the limit, λ
//! is that rate. Where the number of consumers varied, what was more or fewer than ran is so beside
//! their mean, or their most.
//!
//! People are [advised](Advice) by it only where enough was seen: the run went to its end in at least
//! [`BRIEF`], each consumer had [`FEW`] items in the mean, and the source was no list of arguments,
//! which has no speed. Beyond [`FAR`] times as many as ran the number is a guess, and not named.
//!
//! [source]: crate::run::intake::upstream
//!
//! What the formula does not know: that commands slow each other down when they share processors, a
//! disk, or a network.

use std::time::Duration;

use serde::Serialize;

/// A side that is idle for less than this part of its time is not said to wait.
const NEGLIGIBLE: f64 = 0.1;

/// So much of the offered load may be noise.
const SLACK: f64 = 0.05;

/// A run shorter than this says little.
const BRIEF: Duration = Duration::from_secs(1);

/// So many items for each consumer say little.
const FEW: u64 = 10;

/// So many times the consumers that ran: how long commands would then take is not known.
const FAR: f64 = 10.0;

/// What people are told about the number of consumers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Advice {
    /// Nothing.
    Unknown,
    /// So many would balance the run.
    Number(u64),
    /// The source is far ahead of any number that this machine may run.
    AsManyAsRun,
}

/// Which side was slow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Bottleneck {
    /// The consumers waited for items.
    Producers,
    /// The producers waited for room.
    Consumers,
    /// Neither waited much.
    Balanced,
    /// Both waited, in turns.
    Bursts,
    /// Consumers that had an item waited for `--rate` or `--delay`.
    Rate,
}

/// What was measured.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Measured {
    pub(crate) elapsed: Duration,
    /// The most that ran, and how many it were in the mean over time.
    pub(crate) consumers: usize,
    pub(crate) consumers_mean: f64,
    /// The time in which at least one consumer waited for the rate.
    pub(crate) paced: Duration,
    /// From the start until the last item was put.
    pub(crate) production: Duration,
    /// From the start until each producer's last item was put, all producers together.
    pub(crate) producing: Duration,
    /// Items in a second while nothing holds the sources back, all producers together.
    pub(crate) rate: f64,
    /// Time on a full buffer, all producers together.
    pub(crate) producer_wait: Duration,
    /// Time on an empty buffer during production, all consumers together.
    pub(crate) consumer_wait: Duration,
    /// Items put.
    pub(crate) produced: u64,
    /// Items refused because the buffer was full, and items dropped for that.
    pub(crate) refused: u64,
    pub(crate) dropped: u64,
    /// Items brought to an end, and the time that consumers spent on them.
    pub(crate) ended: u64,
    pub(crate) service: Duration,
    /// Whether the run went to its end, with a source that has a speed.
    pub(crate) is_telling: bool,
}

impl Measured {
    /// The parts of the run in which producers and consumers were idle.
    fn idle(&self) -> (f64, f64) {
        let elapsed = self.elapsed.as_secs_f64().max(f64::MIN_POSITIVE);
        let producing = self.producing.as_secs_f64().max(f64::MIN_POSITIVE);
        let production = self.production.as_secs_f64();
        let waited = self.producer_wait.as_secs_f64() / producing * production;
        let after = self.elapsed.saturating_sub(self.production).as_secs_f64();
        let turned_away = (self.refused + self.dropped) as f64 / self.offered().max(1) as f64;
        let producers_idle = ((waited + after) / elapsed).max(turned_away);
        let consumers_idle = self.consumer_wait.as_secs_f64() / (elapsed * self.consumers_mean);
        (producers_idle, consumers_idle)
    }

    /// Items that came, put or refused.
    fn offered(&self) -> u64 {
        self.produced + self.refused
    }

    /// The part of the run in which somebody waited for the rate.
    fn paced(&self) -> f64 {
        self.paced.as_secs_f64() / self.elapsed.as_secs_f64().max(f64::MIN_POSITIVE)
    }

    pub(crate) fn bottleneck(&self) -> Bottleneck {
        let (producers_idle, consumers_idle) = self.idle();
        if self.paced() >= NEGLIGIBLE && consumers_idle < NEGLIGIBLE {
            return Bottleneck::Rate;
        }
        match (producers_idle >= NEGLIGIBLE, consumers_idle >= NEGLIGIBLE) {
            (false, true) => Bottleneck::Producers,
            (true, false) => Bottleneck::Consumers,
            (false, false) => Bottleneck::Balanced,
            (true, true) => Bottleneck::Bursts,
        }
    }

    /// How many consumers would be busy if producers were never held back, but by the rate.
    pub(crate) fn offered_load(&self) -> f64 {
        let rate = if self.bottleneck() == Bottleneck::Rate {
            self.ended as f64 / self.elapsed.as_secs_f64().max(1e-6)
        } else {
            self.rate
        };
        let service = self.service.as_secs_f64() / self.ended.max(1) as f64;
        rate * service
    }

    pub(crate) fn balanced_consumers(&self) -> u64 {
        let needed = (self.offered_load() * (1.0 - SLACK)).ceil() as u64;
        let needed = needed.clamp(1, self.offered().max(1));
        match self.bottleneck() {
            Bottleneck::Consumers => needed.max(self.consumers_mean as u64 + 1),
            Bottleneck::Producers => needed.min(self.consumers as u64),
            Bottleneck::Balanced | Bottleneck::Bursts | Bottleneck::Rate => needed,
        }
    }

    pub(crate) fn advice(&self) -> Advice {
        let ran = self.consumers as u64;
        if !self.is_telling || self.elapsed < BRIEF || self.ended < FEW * ran {
            Advice::Unknown
        } else if self.offered_load() > FAR * ran as f64 {
            Advice::AsManyAsRun
        } else {
            Advice::Number(self.balanced_consumers())
        }
    }

    /// For people: the parts of time, in percent.
    pub(crate) fn idle_percent(&self) -> (f64, f64) {
        let (producers, consumers) = self.idle();
        (producers.clamp(0.0, 1.0) * 100.0, consumers.clamp(0.0, 1.0) * 100.0)
    }

    pub(crate) fn paced_percent(&self) -> f64 {
        self.paced().clamp(0.0, 1.0) * 100.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A buffer without a bound on the side of time: items come every `gap` ms unless the buffer
    /// is full, each takes `service` ms on one of `consumers`. Event by event, on a clock of its own.
    fn simulate(items: u64, gap: f64, service: f64, consumers: usize, capacity: usize) -> Measured {
        let mut free_at = vec![0.0_f64; consumers];
        let mut starts: Vec<f64> = Vec::new();
        let (mut clock, mut producer_wait, mut consumer_wait) = (0.0_f64, 0.0, 0.0);
        for item in 0..items as usize {
            clock += gap;
            // The place it needs is free once the item `capacity` before it has been leased.
            if item >= capacity {
                let room = starts[item - capacity];
                producer_wait += (room - clock).max(0.0);
                clock = clock.max(room);
            }
            let consumer = free_at.iter_mut().min_by(|a, b| a.total_cmp(b)).unwrap();
            let start = clock.max(*consumer);
            consumer_wait += start - *consumer;
            *consumer = start + service;
            starts.push(start);
        }
        let millis = |time: f64| Duration::from_secs_f64(time / 1e3);
        // Consumers that ran dry before the last item came waited until then.
        consumer_wait += free_at.iter().map(|free| (clock - free).max(0.0)).sum::<f64>();
        Measured {
            elapsed: millis(free_at.iter().copied().fold(clock, f64::max)),
            consumers,
            consumers_mean: consumers as f64,
            paced: Duration::ZERO,
            production: millis(clock),
            producing: millis(clock),
            rate: items as f64 / ((clock - producer_wait) / 1e3),
            producer_wait: millis(producer_wait),
            consumer_wait: millis(consumer_wait),
            produced: items,
            refused: 0,
            dropped: 0,
            ended: items,
            service: millis(service * items as f64),
            is_telling: true,
        }
    }

    #[test]
    fn the_slow_side_is_named() {
        assert_eq!(simulate(500, 10.0, 5.0, 2, 8).bottleneck(), Bottleneck::Producers);
        assert_eq!(simulate(500, 1.0, 50.0, 2, 8).bottleneck(), Bottleneck::Consumers);
        assert_eq!(simulate(500, 10.0, 19.9, 2, 8).bottleneck(), Bottleneck::Balanced);
        // Everything fits into the buffer: the consumers are what is waited for all the same.
        assert_eq!(simulate(8, 0.1, 50.0, 2, 8).bottleneck(), Bottleneck::Consumers);
        let bursts = Measured {
            producer_wait: Duration::from_secs(4),
            consumer_wait: Duration::from_secs(8),
            production: Duration::from_secs(10),
            producing: Duration::from_secs(10),
            elapsed: Duration::from_secs(10),
            consumers: 2,
            consumers_mean: 2.0,
            ..Measured::default()
        };
        assert_eq!(bursts.bottleneck(), Bottleneck::Bursts);
    }

    #[test]
    fn the_number_does_not_depend_on_how_many_ran() {
        for (gap, service, expected) in
            [(10.0, 100.0, 10), (10.0, 5.0, 1), (10.0, 20.0, 2), (10.0, 25.0, 3), (3.0, 100.0, 32)]
        {
            for consumers in [1, 2, 4, 16, 64] {
                let measured = simulate(2_000, gap, service, consumers, 8);
                let balanced = measured.balanced_consumers();
                assert_eq!(balanced, expected, "gap {gap} service {service}: {measured:?}");
            }
        }
    }

    #[test]
    fn that_many_keep_up_and_a_quarter_less_do_not() {
        for (gap, service) in [(10.0, 95.0), (7.0, 40.0), (2.0, 33.0)] {
            let balanced = simulate(2_000, gap, service, 4, 8).balanced_consumers() as usize;
            let enough = simulate(2_000, gap, service, balanced, 8);
            let less = simulate(2_000, gap, service, balanced * 3 / 4, 8);
            assert_ne!(enough.bottleneck(), Bottleneck::Consumers, "{gap} {service}");
            assert_eq!(less.bottleneck(), Bottleneck::Consumers, "{gap} {service}");
        }
    }

    #[test]
    fn the_number_does_not_contradict_the_verdict() {
        let measured = simulate(500, 10.0, 30.0, 2, 8);
        // As if the source had been held back where nobody saw it.
        let slow = Measured { rate: measured.rate / 100.0, ..measured };
        assert_eq!((slow.bottleneck(), slow.balanced_consumers()), (Bottleneck::Consumers, 3));
        let measured = simulate(500, 10.0, 5.0, 2, 8);
        let fast = Measured { rate: measured.rate * 100.0, ..measured };
        assert_eq!((fast.bottleneck(), fast.balanced_consumers()), (Bottleneck::Producers, 2));
    }

    #[test]
    fn advice_needs_a_run_that_tells_something() {
        let measured = simulate(500, 10.0, 50.0, 2, 8);
        assert_eq!(measured.advice(), Advice::Number(5));
        let stopped = Measured { is_telling: false, ..measured };
        let brief = Measured { elapsed: BRIEF / 2, ..measured };
        let few = Measured { ended: 19, ..measured };
        for measured in [stopped, brief, few] {
            assert_eq!(measured.advice(), Advice::Unknown, "{measured:?}");
        }
        assert_eq!(simulate(500, 0.01, 50.0, 2, 8).advice(), Advice::AsManyAsRun);
    }

    #[test]
    fn a_producer_that_ended_early_does_not_hide_that_the_other_is_slow() {
        let second = Duration::from_secs(1);
        // One put its items at once; the other was waited for, 100 s long.
        let measured = Measured {
            elapsed: 100 * second,
            production: 100 * second,
            producing: 101 * second,
            producer_wait: second / 2,
            consumer_wait: 150 * second,
            consumers: 2,
            consumers_mean: 2.0,
            produced: 1_000,
            ended: 1_000,
            service: 50 * second,
            rate: 9.0,
            ..Measured::default()
        };
        assert_eq!(measured.bottleneck(), Bottleneck::Producers);
        // Both went all the time, and each waited half of it.
        let held_back = Measured {
            producing: 200 * second,
            producer_wait: 100 * second,
            consumer_wait: second,
            ..measured
        };
        assert_eq!(held_back.bottleneck(), Bottleneck::Consumers);
        assert!((held_back.idle_percent().0 - 50.0).abs() < 1e-6);
    }

    #[test]
    fn where_items_are_dropped_the_consumers_are_slow() {
        let measured = simulate(500, 10.0, 10.0, 1, 8);
        assert_eq!(measured.bottleneck(), Bottleneck::Balanced);
        let dropped = Measured { dropped: 100, ..measured };
        let refused = Measured { refused: 100, ..measured };
        assert_eq!(dropped.bottleneck(), Bottleneck::Consumers);
        assert_eq!(refused.bottleneck(), Bottleneck::Consumers);
        assert_eq!(Measured { dropped: 10, ..measured }.bottleneck(), Bottleneck::Balanced);
    }

    #[test]
    fn never_more_consumers_than_items_nor_none() {
        assert_eq!(simulate(3, 0.0, 50.0, 2, 8).balanced_consumers(), 3);
        let nothing = Measured { consumers: 1, consumers_mean: 1.0, ..Measured::default() };
        assert_eq!(nothing.balanced_consumers(), 1);
    }

    #[test]
    fn the_rate_is_the_limit_where_neither_side_is() {
        // 500 items of 0.2 s, started 10 a second, on 8 consumers that had them much sooner.
        let measured = Measured {
            elapsed: Duration::from_secs(50),
            consumers: 8,
            consumers_mean: 8.0,
            paced: Duration::from_secs(48),
            production: Duration::from_secs(45),
            producing: Duration::from_secs(45),
            rate: 500.0,
            producer_wait: Duration::from_secs(44),
            produced: 500,
            ended: 500,
            service: Duration::from_secs(100),
            is_telling: true,
            ..Measured::default()
        };
        assert_eq!(measured.bottleneck(), Bottleneck::Rate);
        assert_eq!(measured.balanced_consumers(), 2);
        let slow_source = Measured { consumer_wait: Duration::from_secs(200), ..measured };
        assert_ne!(slow_source.bottleneck(), Bottleneck::Rate);
        let hardly = Measured { paced: Duration::from_secs(2), ..measured };
        assert_eq!(hardly.bottleneck(), Bottleneck::Consumers);
    }

    #[test]
    fn a_number_that_varied_counts_by_its_mean() {
        let measured = simulate(500, 10.0, 50.0, 4, 8);
        assert_eq!(measured.bottleneck(), Bottleneck::Consumers);
        // The most that ran was more than enough, but it was few for most of the time.
        let varied = Measured { consumers: 20, ..measured };
        assert_eq!(varied.balanced_consumers(), 5);
    }
}
