//! Which items a put has dropped.
//!
//! The buffer says how many of the oldest it has dropped for a new one, not which. But it drops them within
//! the put, on the thread that puts: so an item that is dropped there and then is caught on its way.

use std::cell::RefCell;

use crate::run::item::Item;

thread_local! {
    /// What has been dropped in the put that goes on, if one does.
    static DROPPED: RefCell<Option<Vec<Item>>> = const { RefCell::new(None) };
}

/// Puts, and hands out what was dropped meanwhile on this thread.
pub(crate) fn caught<R>(put: impl FnOnce() -> R) -> (R, Vec<Item>) {
    DROPPED.set(Some(Vec::new()));
    let result = put();
    (result, DROPPED.take().unwrap_or_default())
}

impl Drop for Item {
    fn drop(&mut self) {
        // Once the thread itself ends nothing is caught any more.
        let _ = DROPPED.try_with(|dropped| {
            if let Ok(mut dropped) = dropped.try_borrow_mut()
                && let Some(dropped) = &mut *dropped
            {
                let (args, duty) = (std::mem::take(&mut self.args), self.duty.take());
                dropped.push(Self { seq: self.seq, place: self.place, args, duty });
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use forebay::{Overflow, bounded};

    use super::*;
    use crate::run::arguments::Arguments;

    fn item(seq: u64) -> Item {
        Item {
            seq,
            place: seq - 1,
            args: Arguments::rows_of(vec![seq.to_string().into()], Vec::new()),
            duty: None,
        }
    }

    #[test]
    fn what_a_put_drops_is_known_one_by_one() {
        let (producer, consumer) = bounded(2);
        let producer = producer.with_overflow(Overflow::DropOldest);
        for seq in 1..=2 {
            assert!(caught(|| producer.put(item(seq))).1.is_empty());
        }
        let (_, dropped) = caught(|| producer.put(item(3)));
        assert_eq!(dropped.len(), 1);
        assert_eq!((dropped[0].seq, dropped[0].args[0].to_str()), (1, Some("1")));
        drop(consumer.take());
        let producer = producer.with_overflow(Overflow::DropThis);
        assert!(caught(|| producer.put(item(4))).1.is_empty());
        let (_, dropped) = caught(|| producer.put(item(5)));
        assert_eq!(dropped.iter().map(|item| item.seq).collect::<Vec<_>>(), [5]);
    }
}
