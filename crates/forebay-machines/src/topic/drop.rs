//! Puts into a topic that drop something rather than wait: each group by itself, as it has room.

use std::slice;
use std::sync::Arc;

use forebay_contract::{Batch, Fault, Overflow, Refusal};
use futures_util::future::join_all;

use super::Topic;
use super::put::{Held, give_back, give_back_later, place, refused};
use super::view::Group;
use crate::engine::{Parcel, Put, Standing, Step};

impl Topic {
    /// Puts items one after the other, each into every group that has room. Those that have none drop what the policy
    /// says.
    pub(super) async fn put_in_each(
        &self,
        handle: u64,
        items: &[Parcel],
        overflow: Overflow,
        standing: Standing,
    ) -> Result<Put, Fault> {
        let mut done = Batch::default();
        for item in items {
            let one = match self.put_one_in_each(handle, item, overflow, standing).await {
                Ok(one) => one,
                Err(refusal) => return Ok(refused(done, refusal)),
            };
            done.dropped_oldest += one.dropped_oldest;
            // A group missed it.
            let is_dropped = one.dropped_these > 0;
            done.dropped_these += usize::from(is_dropped);
            done.placed += usize::from(!is_dropped);
        }
        Ok(Put { done, refusal: None, pause: None })
    }

    /// The counts of all groups for one item.
    async fn put_one_in_each(
        &self,
        handle: u64,
        item: &Parcel,
        overflow: Overflow,
        standing: Standing,
    ) -> Result<Batch, Refusal> {
        let item = slice::from_ref(item);
        loop {
            let groups = self.view.open(standing.until).await?;
            if groups.is_empty() {
                return Err(Refusal::Closed);
            }
            let (held, full) = room(&groups, handle, standing).await?;
            // First where it may be refused: then it is nowhere.
            let mut all = match drop_in(&full, handle, item, overflow, standing).await {
                Ok(all) => all,
                Err(Refusal::Full) => {
                    give_back(&held).await?;
                    return Err(Refusal::Full);
                }
                Err(refusal) => {
                    give_back_later(held);
                    return Err(refusal);
                }
            };
            let is_elsewhere = all != Batch::default();
            match place(&held, item).await {
                Ok(is_placed) => all.placed += usize::from(is_placed),
                Err(_) if is_elsewhere => return Err(Fault::Unanswered.into()),
                Err(refusal) => return Err(refusal),
            }
            if all != Batch::default() {
                return Ok(all);
            }
            // All of them have closed, or are gone.
        }
    }
}

/// A place in each of these groups, and those that have none.
async fn room(
    groups: &[Arc<Group>],
    handle: u64,
    standing: Standing,
) -> Result<(Vec<Held>, Vec<Arc<Group>>), Refusal> {
    let asked = groups.iter().map(|group| group.engine.reserve(handle, standing));
    let (mut held, mut full, mut wrong) = (Vec::new(), Vec::new(), None);
    for (group, answer) in groups.iter().zip(join_all(asked).await) {
        let own = Arc::clone(group);
        match group.told(answer) {
            Ok(Some(Step::Done(Ok(permit)))) => {
                held.push(Held { group: own, permits: vec![permit] });
            }
            Ok(Some(Step::NotNow(_))) => full.push(own),
            Ok(Some(Step::Done(Err(Refusal::Closed)))) => group.has_closed(),
            Ok(Some(Step::Done(Err(refusal)))) => wrong = Some(refusal),
            Ok(None) => {}
            Err(fault) => wrong = Some(fault.into()),
        }
    }
    match wrong {
        None => Ok((held, full)),
        Some(refusal) => {
            give_back_later(held);
            Err(refusal)
        }
    }
}

/// Puts into groups that have no room, as the policy says: what it came to in all of them. Refused as full when the first of
/// them can drop nothing old; the others then miss the item.
async fn drop_in(
    full: &[Arc<Group>],
    handle: u64,
    item: &[Parcel],
    overflow: Overflow,
    standing: Standing,
) -> Result<Batch, Refusal> {
    let mut all = Batch::default();
    for group in full {
        let mut put = group.told(group.engine.put(handle, item, overflow, standing).await);
        let is_refused =
            |put: &Option<Put>| put.as_ref().is_some_and(|put| put.refusal == Some(Refusal::Full));
        let is_elsewhere = all != Batch::default();
        if is_elsewhere && put.as_ref().is_ok_and(is_refused) {
            put = group.told(group.engine.put(handle, item, Overflow::DropThis, standing).await);
        }
        let refusal = match put {
            Ok(Some(Put { refusal: Some(Refusal::Closed), .. })) => {
                group.has_closed();
                continue;
            }
            Ok(Some(Put { refusal: Some(refusal), .. })) => refusal,
            Ok(Some(Put { done, .. })) => {
                all.placed += done.placed;
                all.dropped_oldest += done.dropped_oldest;
                all.dropped_these += done.dropped_these;
                continue;
            }
            Ok(None) => continue,
            Err(fault) => fault.into(),
        };
        return Err(if is_elsewhere { Fault::Unanswered.into() } else { refusal });
    }
    Ok(all)
}
