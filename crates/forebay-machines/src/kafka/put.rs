//! Puts, permits, and what becomes of them.
//!
//! Kafka bounds nothing, so whoever puts counts first. Within a process that is one step, and exact; between two processes,
//! either may put what it has in hand after the other has counted.

use std::sync::Arc;
use std::time::Instant;

use forebay_contract::{Batch, Fault, Overflow, Refusal};
use krafka::KrafkaError;
use tokio::time;

use super::fate::{Fate, fate};
use super::lend::{FINDING, LOOKS};
use super::link::Attempt;
use super::record::{self, Tries};
use super::session::Session;
use super::share::Kind;
use super::wake::Wake;
use crate::engine::{Parcel, Put, Role, Standing, Step};

/// A step puts no more than this part of the room, or one: what others have in hand meanwhile may be beyond the bound.
const SHARE: u64 = 8;
/// And no more than this.
const MOST: u64 = 64;

impl Session {
    /// Puts items, in their order, up to the first for which there is no room.
    pub(super) async fn put(
        self: &Arc<Self>,
        handle: u64,
        items: &[Parcel],
        overflow: Overflow,
        standing: Standing,
    ) -> Result<Put, Fault> {
        self.ensure_there()?;
        let mut done = Batch::default();
        let mut refusal = None;
        let mut next = 0;
        while next < items.len() && refusal.is_none() {
            let (placed, why) = match self.place(&items[next..], overflow, standing).await {
                Ok((placed, dropped, why)) => {
                    done.dropped_oldest += dropped;
                    (placed, why)
                }
                // What was placed before is told first; the rest is asked for again, and refused then.
                Err(fault) if next > 0 => (0, Some(Refusal::Unable(fault))),
                Err(fault) => return Err(self.note(fault)),
            };
            next += placed;
            done.placed += placed;
            refusal = match (why, overflow) {
                (Some(Refusal::Full), Overflow::DropThis) => {
                    next += 1;
                    done.dropped_these += 1;
                    self.out().counts.unplaced += 1;
                    None
                }
                (why, _) => why,
            };
        }
        if done.placed > 0 {
            self.hear(Wake::Item);
        }
        if refusal == Some(Refusal::Full) {
            self.out().stand(standing, Some(Role::Producer), handle, false);
            if standing.is_patient {
                self.watch();
            }
        } else {
            self.out().leave(standing.waiter);
        }
        Ok(Put { done, refusal, pause: None })
    }

    /// Places some from the front, and says how many were dropped for them and why not the next. In this process it is one step.
    async fn place(
        self: &Arc<Self>,
        items: &[Parcel],
        overflow: Overflow,
        standing: Standing,
    ) -> Result<(usize, u64, Option<Refusal>), Fault> {
        let mut attempt = self.link.attempt_of(standing);
        // Nothing is dropped for a place that was not looked for.
        attempt.has_deadline &= overflow != Overflow::DropThis;
        let Ok(_places) = time::timeout_at(attempt.end.into(), self.places.lock()).await else {
            return self.link.late(&attempt, (0, 0, Some(Refusal::Full)));
        };
        let mut dropped = 0;
        let room = loop {
            let room = self.room(&mut attempt).await?;
            if self.is_closed() {
                return Ok((0, dropped, Some(Refusal::Closed)));
            }
            if room > 0 {
                break room;
            }
            // Where every place is set aside it would be in vain.
            let in_vain = self.out().permits.len() as u64 >= self.settings.capacity;
            if overflow != Overflow::DropOldest
                || in_vain
                || !self.drop_oldest(&mut attempt).await?
            {
                return Ok((0, dropped, Some(Refusal::Full)));
            }
            dropped += 1;
        };
        let step = (room / SHARE).clamp(1, MOST).min(items.len() as u64);
        let placed = self.publish(&attempt, &items[..step as usize]).await?;
        Ok((placed, dropped, None))
    }

    /// Places that are neither taken nor set aside in this process. Where there are some for certain, nobody is asked.
    async fn room(&self, attempt: &mut Attempt) -> Result<u64, Fault> {
        self.read_marks(attempt).await?;
        let left = |unfinished| {
            let waiting = self.waiting_of(unfinished);
            let held = waiting + self.out().permits.len() as u64;
            self.settings.capacity.saturating_sub(held)
        };
        let sure = self.unfinished_at_most().map_or(0, left);
        if sure > 0 {
            return Ok(sure);
        }
        let Some(share) = self.alone_until(attempt.end).await else {
            return self.link.late(attempt, 0);
        };
        let unfinished = self.unfinished(attempt, &share).await?;
        let waiting = self.waiting_of(unfinished);
        self.out().see_depth(waiting);
        Ok(left(unfinished))
    }

    /// How many wait after a put or an answer, at the most so many, where nobody else finishes any.
    pub(super) fn see_depth(&self, most: u64) {
        if self.is_sole()
            && let Some(unfinished) = self.unfinished_at_most()
        {
            let waiting = self.waiting_of(unfinished).min(most);
            self.out().see_depth(waiting);
        }
    }

    /// Writes items at the end; how many of them.
    pub(super) async fn publish(
        &self,
        attempt: &Attempt,
        items: &[Parcel],
    ) -> Result<usize, Fault> {
        let record =
            |item: &Parcel| record::item(&self.names.items, item.bytes.clone(), Tries::default());
        let records = items.iter().map(record).collect();
        // What is under way is not taken back: it may be stored for as long as the client tries it.
        let written = time::timeout_at(attempt.end.into(), self.link.write(records)).await;
        let (written, came) = written.map_err(|_| Fault::Unanswered)?;
        if let Some(last) = written.iter().max() {
            self.see_end(last + 1);
            self.see_depth(self.settings.capacity);
        }
        match came {
            Ok(()) => Ok(written.len()),
            Err(_) if !written.is_empty() => Ok(written.len()),
            Err(error) => Err(self.lost(&error).await),
        }
    }

    /// Why something could not be written.
    pub(super) async fn lost(&self, error: &KrafkaError) -> Fault {
        let mut attempt = self.link.attempt(Some(Instant::now()));
        if self.again(&mut attempt, error).await == Err(Fault::Gone) {
            return Fault::Gone;
        }
        match fate(error) {
            Fate::Refused(fault) => fault,
            Fate::Lost => Fault::Unanswered,
        }
    }

    /// Drops the oldest item that waits; whether there was one.
    async fn drop_oldest(&self, attempt: &mut Attempt) -> Result<bool, Fault> {
        let Some(mut share) = self.alone_until(attempt.end).await else {
            return self.link.late(attempt, false);
        };
        let share = &mut *share;
        let mut looks = LOOKS;
        loop {
            match share.fetch(&self.link, &self.names, self.topics.items, 1, FINDING).await {
                Ok(got) => {
                    let Some(oldest) = got.first() else {
                        let unfinished = self.unfinished(attempt, share).await?;
                        if self.waiting_of(unfinished) == 0 || looks == 0 {
                            return Ok(false);
                        }
                        looks -= 1;
                        continue;
                    };
                    let gone = [(oldest.offset, Kind::Accept)];
                    if share.answer(&self.names, self.topics.items, &gone).await.is_err() {
                        self.lose(share).await;
                        return Err(Fault::Unanswered);
                    }
                    self.finish(1);
                    self.forget(&[oldest.offset]);
                    let mut out = self.out();
                    out.counts.dropped += 1;
                    out.has_finished = true;
                    return Ok(true);
                }
                Err(error) => {
                    self.lose(share).await;
                    self.again(attempt, &error).await?;
                }
            }
        }
    }

    /// Sets a place aside, from the other producers of this process.
    pub(super) async fn reserve(
        self: &Arc<Self>,
        handle: u64,
        standing: Standing,
    ) -> Result<Step<Result<u64, Refusal>>, Fault> {
        self.ensure_there()?;
        let mut attempt = self.link.attempt_of(standing);
        let Ok(_places) = time::timeout_at(attempt.end.into(), self.places.lock()).await else {
            return self.link.late(&attempt, Step::NotNow(None));
        };
        let room = self.room(&mut attempt).await.map_err(|fault| self.note(fault))?;
        let mut out = self.out();
        if self.is_closed() {
            out.leave(standing.waiter);
            return Ok(Step::Done(Err(Refusal::Closed)));
        }
        if room == 0 {
            out.stand(standing, Some(Role::Producer), handle, false);
            drop(out);
            if standing.is_patient {
                self.watch();
            }
            return Ok(Step::NotNow(None));
        }
        let number = self.number();
        out.permits.insert(number);
        out.leave(standing.waiter);
        Ok(Step::Done(Ok(number)))
    }

    /// Puts into a place set aside, which is used up in any case.
    pub(super) async fn put_permitted(
        self: &Arc<Self>,
        permit: u64,
        item: &Parcel,
    ) -> Result<Result<(), Refusal>, Fault> {
        let mut attempt = self.link.attempt(None);
        let places = self.places.lock().await;
        let came = self.put_there(&mut attempt, item).await;
        self.out().permits.remove(&permit);
        drop(places);
        match came.map_err(|fault| self.note(fault))? {
            None => {
                self.hear(Wake::Item);
                Ok(Ok(()))
            }
            Some(refusal) => {
                self.hear(Wake::Room);
                Ok(Err(refusal))
            }
        }
    }

    async fn put_there(
        self: &Arc<Self>,
        attempt: &mut Attempt,
        item: &Parcel,
    ) -> Result<Option<Refusal>, Fault> {
        self.ensure_there()?;
        self.read_marks(attempt).await?;
        if self.is_closed() {
            return Ok(Some(Refusal::Closed));
        }
        self.publish(attempt, std::slice::from_ref(item)).await.map(|_| None)
    }
}
