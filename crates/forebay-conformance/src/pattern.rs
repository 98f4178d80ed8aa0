//! What no history of a FIFO buffer shows, found in long histories at the cost of sorting them.
//!
//! T. Henzinger, A. Sezgin and V. Vafeiadis, *Aspect-oriented linearizability proofs*, 2013: a
//! history without refusals is that of a queue if, and only if, nothing is taken that was not put,
//! nothing is taken twice, and no two items are put in one order and taken in the other. Of their
//! fourth pattern, the wrong `Empty`, the case of a single witness is looked for.

use std::collections::HashMap;

use forebay_contract::TakeError;

use crate::history::{Answer, Call, Event};

/// A pattern that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Violation {
    /// Taken, and never put.
    Fresh(u64),
    /// Taken twice.
    Repeated(u64),
    /// The second was put after the first, and yet came before it.
    Overtaken(u64, u64),
    /// Somebody was told `Empty` while this item was there all along.
    Hidden(u64),
}

/// Begin and end of a call.
type Span = (u64, u64);

/// The first violation, if any. Waiting takes make `Empty` right in other ways (C10), so that it is
/// judged only in histories without them.
pub fn violation(events: &[Event]) -> Option<Violation> {
    let mut puts: HashMap<u64, Span> = HashMap::new();
    let mut takes: HashMap<u64, Span> = HashMap::new();
    for event in events {
        let span = (event.begun, event.ended);
        match (event.call, event.answer) {
            (Call::Put(id), Answer::Done) => {
                puts.insert(id, span);
            }
            (Call::Take, Answer::Item(id)) if takes.insert(id, span).is_some() => {
                return Some(Violation::Repeated(id));
            }
            _ => {}
        }
    }
    if let Some(id) = takes.keys().find(|id| !puts.contains_key(id)) {
        return Some(Violation::Fresh(*id));
    }
    // An item never taken counts as taken after everything.
    let mut items: Vec<(u64, Span, Span)> = puts
        .iter()
        .map(|(id, put)| (*id, *put, takes.get(id).copied().unwrap_or((u64::MAX, u64::MAX))))
        .collect();
    overtaken(&mut items).or_else(|| hidden(events, &items))
}

/// Sweeps by the begin of the puts, keeping the item whose take began last among those whose put
/// had ended by then.
fn overtaken(items: &mut [(u64, Span, Span)]) -> Option<Violation> {
    let mut by_end = items.to_vec();
    by_end.sort_unstable_by_key(|(_, put, _)| put.1);
    items.sort_unstable_by_key(|(_, put, _)| put.0);
    let mut earlier = by_end.into_iter().peekable();
    let mut latest: Option<(u64, u64)> = None;
    for (id, put, take) in items.iter() {
        while let Some((first, _, taken)) = earlier.next_if(|(_, before, _)| before.1 < put.0) {
            if latest.is_none_or(|(_, begun)| taken.0 > begun) {
                latest = Some((first, taken.0));
            }
        }
        if let Some((first, begun)) = latest
            && take.1 < begun
        {
            return Some(Violation::Overtaken(first, *id));
        }
    }
    None
}

fn hidden(events: &[Event], items: &[(u64, Span, Span)]) -> Option<Violation> {
    if events.iter().any(|event| event.call == Call::Take && event.waits) {
        return None;
    }
    let mut ended: Vec<(u64, u64, u64)> =
        items.iter().map(|(id, put, take)| (put.1, take.0, *id)).collect();
    ended.sort_unstable();
    let mut empties: Vec<Span> = events
        .iter()
        .filter(|event| event.answer == Answer::Nothing(TakeError::Empty))
        .map(|event| (event.begun, event.ended))
        .collect();
    empties.sort_unstable();
    let mut earlier = ended.into_iter().peekable();
    let mut latest: Option<(u64, u64)> = None;
    for (begun, end) in empties {
        while let Some((_, taken, id)) = earlier.next_if(|(put, _, _)| *put < begun) {
            if latest.is_none_or(|(when, _)| taken > when) {
                latest = Some((taken, id));
            }
        }
        if let Some((taken, id)) = latest
            && taken > end
        {
            return Some(Violation::Hidden(id));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(id: u64, begun: u64, ended: u64) -> Event {
        Event { caller: 0, call: Call::Put(id), answer: Answer::Done, waits: true, begun, ended }
    }

    fn take(answer: Answer, begun: u64, ended: u64) -> Event {
        Event { caller: 1, call: Call::Take, answer, waits: false, begun, ended }
    }

    #[test]
    fn each_pattern_is_found() {
        let item = Answer::Item;
        let right = [put(1, 0, 1), put(2, 2, 3), take(item(1), 4, 7), take(item(2), 5, 6)];
        assert_eq!(violation(&right), None);
        let swapped = [put(1, 0, 1), put(2, 2, 3), take(item(2), 4, 5), take(item(1), 6, 7)];
        assert_eq!(violation(&swapped), Some(Violation::Overtaken(1, 2)));
        let forgotten = [put(1, 0, 1), put(2, 2, 3), take(item(2), 4, 5)];
        assert_eq!(violation(&forgotten), Some(Violation::Overtaken(1, 2)));
        let twice = [put(1, 0, 1), take(item(1), 2, 3), take(item(1), 4, 5)];
        assert_eq!(violation(&twice), Some(Violation::Repeated(1)));
        assert_eq!(violation(&[take(item(1), 0, 1)]), Some(Violation::Fresh(1)));
        let empty = Answer::Nothing(TakeError::Empty);
        let hidden = [put(1, 0, 1), take(empty, 2, 3), take(item(1), 4, 5)];
        assert_eq!(violation(&hidden), Some(Violation::Hidden(1)));
        let beside = [put(1, 0, 2), take(empty, 1, 3), take(item(1), 4, 5)];
        assert_eq!(violation(&beside), None);
    }
}
