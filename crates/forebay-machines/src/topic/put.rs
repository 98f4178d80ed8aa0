//! Puts into a topic that wait for room: places in all groups first, then the items in all of them.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use forebay_contract::{Batch, Fault, Overflow, Refusal};
use futures_util::future::join_all;

use super::Topic;
use super::view::Group;
use crate::engine::{Parcel, Put, Standing, Step};
use crate::runtime;

/// So many places are asked for at once, for the items of a batch.
pub(super) const MOST: usize = 64;

/// What came of asking several groups for places.
pub(super) enum Places {
    /// As many in each, at least one.
    Had(Vec<Held>),
    /// One of them has no room; as in [`Step::NotNow`].
    NotNow(Option<Duration>),
    /// One of them was closed or deleted: there are others to be asked.
    Changed,
}

/// Places in one group.
pub(super) struct Held {
    pub(super) group: Arc<Group>,
    pub(super) permits: Vec<u64>,
}

impl Held {
    /// Takes out all but so many.
    fn split_off(&mut self, kept: usize) -> Self {
        Self { group: Arc::clone(&self.group), permits: self.permits.split_off(kept) }
    }
}

impl Topic {
    /// As the engine's.
    pub(super) async fn put(
        &self,
        handle: u64,
        items: &[Parcel],
        overflow: Overflow,
        standing: Standing,
    ) -> Result<Put, Fault> {
        loop {
            let groups = self.view.open(standing.until).await?;
            let put = match groups.split_last() {
                None => return Ok(refused(Batch::default(), Refusal::Closed)),
                Some((only, [])) => self.put_last(only, handle, items, overflow, standing).await?,
                Some(_) if overflow.drops() => {
                    return self.put_in_each(handle, items, overflow, standing).await;
                }
                Some((last, others)) => {
                    self.put_in_all(last, others, handle, items, standing).await?
                }
            };
            if let Some(put) = put {
                return Ok(put);
            }
        }
    }

    /// Puts into this group; nothing when it is closed or gone.
    async fn put_last(
        &self,
        last: &Arc<Group>,
        handle: u64,
        items: &[Parcel],
        overflow: Overflow,
        standing: Standing,
    ) -> Result<Option<Put>, Fault> {
        let put = last.engine.put(handle, items, overflow, standing).await;
        let Some(put) = last.told(put)? else { return Ok(None) };
        let has_done = put.done != Batch::default();
        match put.refusal {
            Some(Refusal::Closed) => {
                last.has_closed();
                // Others may be open.
                return Ok(has_done.then_some(Put { refusal: None, ..put }));
            }
            Some(Refusal::Full) => self.stand(last, standing).await,
            _ => {}
        }
        Ok(Some(put))
    }

    /// Places in all other groups, then the items in the last one, then in those: nothing is held while it waits, and
    /// the last one says how many. Nothing when some group is closed or gone.
    async fn put_in_all(
        &self,
        last: &Arc<Group>,
        others: &[Arc<Group>],
        handle: u64,
        items: &[Parcel],
        standing: Standing,
    ) -> Result<Option<Put>, Fault> {
        let at_once = self.at_once.load(Ordering::Relaxed);
        let asked = items.len().min(at_once);
        let mut held = match self.set_aside(others, handle, asked, standing).await? {
            Places::Had(held) => held,
            Places::NotNow(pause) => {
                let (done, refusal) = (Batch::default(), Some(Refusal::Full));
                return Ok(Some(Put { done, refusal, pause }));
            }
            Places::Changed => return Ok(None),
        };
        let most = held[0].permits.len();
        let put = self.put_last(last, handle, &items[..most], Overflow::Wait, standing).await;
        let placed = match &put {
            Ok(Some(put)) => put.done.placed,
            Ok(None) => 0,
            Err(fault) => {
                // Where it may be there, it is to be in the others as well, or in none that anyone knows of.
                give_back_later(held);
                return Err(*fault);
            }
        };
        let next = if placed == asked { at_once.max(2 * placed).min(MOST) } else { placed.max(1) };
        self.at_once.store(next, Ordering::Relaxed);
        let spare: Vec<Held> = held.iter_mut().map(|held| held.split_off(placed)).collect();
        let (placed_too, given_back) =
            futures_util::join!(place(&held, &items[..placed]), give_back(&spare));
        if placed > 0 {
            placed_too.map_err(|_| Fault::Unanswered)?;
        }
        given_back?;
        put
    }

    /// Sets places aside in all of these, at most so many in each, and as many in each. Where there is none in one of
    /// them, gives back what it had, and stands in the line of that one.
    pub(super) async fn set_aside(
        &self,
        groups: &[Arc<Group>],
        handle: u64,
        most: usize,
        standing: Standing,
    ) -> Result<Places, Fault> {
        let mut held: Vec<Held> = Vec::with_capacity(groups.len());
        let mut most = most;
        for group in groups {
            let reserved = group.engine.reserve_many(handle, most, standing).await;
            let none = match group.told(reserved) {
                Ok(Some(Step::Done(Ok(permits)))) => {
                    most = permits.len();
                    held.push(Held { group: Arc::clone(group), permits });
                    continue;
                }
                Ok(Some(Step::NotNow(pause))) => {
                    self.stand(group, standing).await;
                    Ok(Places::NotNow(pause))
                }
                Ok(Some(Step::Done(Err(Refusal::Closed)))) => {
                    group.has_closed();
                    Ok(Places::Changed)
                }
                Ok(None) => Ok(Places::Changed),
                Ok(Some(Step::Done(Err(Refusal::Unable(fault))))) | Err(fault) => Err(fault),
                Ok(Some(Step::Done(Err(_)))) => Err(Fault::Refused),
            };
            if none.is_ok() {
                give_back(&held).await?;
            } else {
                give_back_later(held);
            }
            return none;
        }
        let spare: Vec<Held> = held.iter_mut().map(|held| held.split_off(most)).collect();
        give_back(&spare).await?;
        Ok(Places::Had(held))
    }

    /// Stands in the line of this group, if anywhere, and in no other.
    pub(super) async fn stand(&self, group: &Arc<Group>, standing: Standing) {
        if standing.is_patient
            && let Some(before) = self.lines.stand(standing.waiter, group)
        {
            // What cannot be told goes by the clock.
            let _ = before.engine.leave(standing.waiter).await;
        }
    }
}

pub(super) fn refused(done: Batch, refusal: Refusal) -> Put {
    Put { done, refusal: Some(refusal), pause: None }
}

/// Puts these items into places of all these groups, in their order; whether one of the groups took them. One that was
/// closed or deleted meanwhile gets nothing more.
pub(super) async fn place(held: &[Held], items: &[Parcel]) -> Result<bool, Refusal> {
    let placed = join_all(held.iter().filter(|held| !held.permits.is_empty()).map(|held| async {
        let put = held.group.engine.put_many_permitted(&held.permits, items).await;
        match held.group.told(put)? {
            Some(Ok(())) => Ok(true),
            Some(Err(Refusal::Closed)) => {
                held.group.has_closed();
                Ok(false)
            }
            Some(Err(refusal)) => Err(refusal),
            None => Ok(false),
        }
    }))
    .await;
    let has_taken = placed.contains(&Ok(true));
    match placed.into_iter().find_map(Result::err) {
        // It is in some of them.
        Some(_) if has_taken => Err(Fault::Unanswered.into()),
        Some(refusal) => Err(refusal),
        None => Ok(has_taken),
    }
}

/// Gives these places back.
pub(super) async fn give_back(held: &[Held]) -> Result<(), Fault> {
    let released = held.iter().filter(|held| !held.permits.is_empty()).map(|held| async {
        held.group.told(held.group.engine.release_many(&held.permits).await).map(drop)
    });
    join_all(released).await.into_iter().collect()
}

/// The same, where something is wrong, and nobody waits for it. What cannot be told goes by the clock.
pub(super) fn give_back_later(held: Vec<Held>) {
    runtime::spawn(async move {
        let _ = give_back(&held).await;
    });
}
