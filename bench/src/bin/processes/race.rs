//! Items from processes to processes, as fast as they go, for some time.

use std::time::Duration;

use bench::shape::Shape;

use crate::contender::Contender;
use crate::gate::{Gate, Hand};
use crate::leg::Leg;
use crate::medium::{Side, Stint};
use crate::place::Place;

/// What is raced over.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Course {
    /// Without consumers, items are only put.
    pub(crate) shape: Shape,
    pub(crate) capacity: usize,
    /// Items that are put, or taken, in one call.
    pub(crate) batch: usize,
    /// How long producers put.
    pub(crate) lasting: Duration,
    /// Whether what was put has to survive the plug.
    pub(crate) power: bool,
}

impl Course {
    /// How much each producer puts at most: what nobody takes has to find room.
    fn most(&self) -> u64 {
        match self.shape.consumers {
            0 => (self.capacity / self.shape.producers) as u64,
            _ => u64::MAX,
        }
    }
}

/// What a race came to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Carried {
    items: u64,
    nanoseconds: u64,
}

impl Carried {
    /// By these, from the first put to the end of the last; fails if what was taken is not what was put.
    pub(crate) fn by(producers: &[Leg], consumers: &[Leg]) -> Result<Self, String> {
        let total = |legs: &[Leg]| {
            legs.iter().fold((0, 0_u64), |(items, sum), leg| {
                (items + leg.items, sum.wrapping_add(leg.sum))
            })
        };
        let (put, taken) = (total(producers), total(consumers));
        if !consumers.is_empty() && put != taken {
            return Err(format!(
                "items were lost or doubled: {} put, {} taken, sums {} and {}",
                put.0, taken.0, put.1, taken.1
            ));
        }
        if put.0 == 0 {
            return Err("nothing was put".to_owned());
        }
        let begun = producers.iter().map(|leg| leg.begun).min().unwrap_or_default();
        let ended =
            producers.iter().chain(consumers).map(|leg| leg.ended).max().unwrap_or_default();
        Ok(Self { items: put.0, nanoseconds: (ended - begun).max(1) })
    }

    /// Thousand items a second.
    pub(crate) fn rate(self) -> f64 {
        self.items as f64 * 1e6 / self.nanoseconds as f64
    }
}

/// Runs it once, in processes of its own.
pub(crate) fn race(
    contender: Contender,
    course: &Course,
    place: &mut Place,
) -> Result<Carried, String> {
    if let Some(kind) = contender.in_python() {
        let (producers, consumers) = place.python()?.race(kind, course)?;
        return Carried::by(&producers, &consumers);
    }
    let mut medium = contender.medium(course, place)?;
    let gate = Gate::new(&place.scratch)?;
    let start = |side: Side, count: usize| -> Result<Vec<Hand>, String> {
        (0..count as u64)
            .map(|hand| {
                let stint = Stint {
                    side,
                    hand,
                    batch: course.batch,
                    lasting: course.lasting,
                    most: course.most(),
                };
                gate.start(&mut medium.command(stint, gate.socket())?)
            })
            .collect()
    };
    let mut consumers = start(Side::Consumer, course.shape.consumers)?;
    let mut producers = start(Side::Producer, course.shape.producers)?;
    for hand in consumers.iter_mut().chain(&mut producers) {
        hand.go()?;
    }
    let putting = legs(&mut producers)?;
    medium.end(consumers.len())?;
    let taking = legs(&mut consumers)?;
    producers.into_iter().chain(consumers).try_for_each(Hand::end)?;
    if course.shape.consumers == 0 {
        let put: u64 = putting.iter().map(|leg| leg.items).sum();
        let waiting = medium.waiting()?;
        if waiting.is_some_and(|waiting| waiting != put) {
            return Err(format!("{put} items were put, and {waiting:?} wait"));
        }
    }
    for note in medium.notes() {
        place.note(contender, note);
    }
    Carried::by(&putting, &taking)
}

/// What they did, once they have done it.
fn legs(hands: &mut [Hand]) -> Result<Vec<Leg>, String> {
    let leg = |hand: &mut Hand| {
        let line = hand.hear()?;
        serde_json::from_str(&line).map_err(|error| format!("{line:?}: {error}"))
    };
    hands.iter_mut().map(leg).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leg(numbers: &[u64], begun: u64, ended: u64) -> Leg {
        Leg { items: numbers.len() as u64, sum: numbers.iter().sum(), begun, ended }
    }

    #[test]
    fn it_takes_from_the_first_put_to_the_end_of_the_last() {
        let producers = [leg(&[1, 2], 2_000, 9_000), leg(&[7], 1_000, 3_000)];
        let carried = Carried::by(&producers, &[leg(&[7, 1, 2], 500, 11_000)]);
        assert!(carried.is_ok_and(|carried| (carried.rate() - 300.0).abs() < 1e-9));
    }

    #[test]
    fn what_was_lost_or_doubled_is_seen() {
        let put = [leg(&[1, 2], 0, 1)];
        assert!(Carried::by(&put, &[leg(&[1], 0, 1)]).is_err());
        assert!(Carried::by(&put, &[leg(&[1, 1], 0, 1)]).is_err());
        assert!(Carried::by(&[leg(&[], 0, 1)], &[leg(&[], 0, 1)]).is_err());
    }
}
