//! Puts, permits, and what becomes of them.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use forebay_contract::{Batch, Fault, Overflow, Refusal};
use futures_util::future;
use lapin::options::BasicPublishOptions;
use lapin::types::ShortString;
use lapin::{BasicProperties, Confirmation, Error};
use tokio::time;

use super::link::{Attempt, Puts};
use super::message;
use super::session::Session;
use super::wake::Wake;
use crate::engine::{Parcel, Put, Role, Standing, Step};

/// A batch is sent at once as far as it fills this part of the room. What is refused in the midst of it while the next
/// is taken would change their order; with so much room left, as many batches at once cannot come to that.
const SHARE: u64 = 8;

/// A put that is refused though there is room is tried again so often: others may have been quicker.
const TRIES: u32 = 8;

/// What became of an item that was published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Placed,
    /// Refused: it is full, or something failed. The server does not say which.
    Refused,
    /// No queue is bound any more.
    Unroutable,
}

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
        if self.gives_way(standing, Role::Producer) {
            self.stand(standing, Some(Role::Producer), handle, false);
            let (done, refusal) = (Batch::default(), Some(Refusal::Full));
            return Ok(Put { done, refusal, pause: None });
        }
        let mut done = Batch::default();
        let mut refusal = None;
        let mut next = 0;
        while next < items.len() && refusal.is_none() {
            let (placed, why) = match self.place(&items[next..], standing).await {
                Ok(came) => came,
                // What was placed before is told first; the rest is asked for again, and refused then.
                Err(fault) if next > 0 => (0, Some(Refusal::Unable(fault))),
                Err(fault) => return Err(self.note(fault)),
            };
            next += placed;
            done.placed += placed;
            refusal = match (why, overflow) {
                (Some(Refusal::Full), Overflow::DropOldest) => {
                    let (dropped, why) = self.put_over(&items[next], standing).await?;
                    done.dropped_oldest += dropped;
                    if why.is_none() {
                        next += 1;
                        done.placed += 1;
                    }
                    why
                }
                (Some(Refusal::Full), Overflow::DropThis) => {
                    next += 1;
                    done.dropped_these += 1;
                    self.out().news.dropped += 1;
                    None
                }
                (why, _) => why,
            };
        }
        if done.placed > 0 {
            self.wake(&[Wake::Item]);
        }
        if refusal == Some(Refusal::Full) {
            self.stand(standing, Some(Role::Producer), handle, false);
        } else {
            self.leave(standing.waiter);
        }
        Ok(Put { done, refusal, pause: None })
    }

    /// Places one if there is room; why not, if not.
    pub(super) async fn place_one(
        self: &Arc<Self>,
        attempt: &mut Attempt<'_>,
        item: &Parcel,
    ) -> Result<Option<Refusal>, Fault> {
        let _shared = self.places.read().await;
        Ok(self.place_some(attempt, std::slice::from_ref(item)).await?.1)
    }

    /// Places some from the front, and says why not the next.
    async fn place(
        self: &Arc<Self>,
        items: &[Parcel],
        standing: Standing,
    ) -> Result<(usize, Option<Refusal>), Fault> {
        let mut attempt = self.link.attempt_of(standing);
        let late = |_| Fault::Unreachable;
        let end = attempt.end.into();
        let shared = time::timeout_at(end, self.places.read()).await.map_err(late)?;
        if self.out().permits.is_empty() {
            return self.place_some(&mut attempt, items).await;
        }
        drop(shared);
        // Places are set aside in this process: whoever puts has to leave them.
        let _alone = time::timeout_at(end, self.places.write()).await.map_err(late)?;
        let room = self.room(&mut attempt).await?;
        if self.is_closed.load(Ordering::Relaxed) {
            return Ok((0, Some(Refusal::Closed)));
        }
        match usize::try_from(room) {
            Ok(0) => Ok((0, Some(Refusal::Full))),
            Ok(room) => self.place_some(&mut attempt, &items[..room.min(items.len())]).await,
            Err(_) => self.place_some(&mut attempt, items).await,
        }
    }

    /// Places one by dropping the oldest, as many as it takes; how many, and why it is not placed. In this process it is
    /// one step.
    async fn put_over(
        self: &Arc<Self>,
        item: &Parcel,
        standing: Standing,
    ) -> Result<(u64, Option<Refusal>), Fault> {
        let (_lent, _alone) = (self.lend_alone().await, self.places.write().await);
        let mut attempt = self.link.attempt_of(standing);
        let mut dropped = 0;
        loop {
            let permits = self.out().permits.len() as u64;
            if permits == 0 || self.room(&mut attempt).await? > 0 {
                match self.place_some(&mut attempt, std::slice::from_ref(item)).await? {
                    (_, Some(Refusal::Full)) => {}
                    (_, why) => return Ok((dropped, why)),
                }
            }
            // Where every place is set aside it would be in vain.
            if permits >= self.settings.capacity || !self.drop_oldest(&mut attempt).await? {
                return Ok((dropped, Some(Refusal::Full)));
            }
            dropped += 1;
        }
    }

    /// Places that are neither taken nor set aside in this process.
    async fn room(&self, attempt: &mut Attempt<'_>) -> Result<u64, Fault> {
        let [waiting, open] = self.look(attempt, [&self.names.items, &self.names.open]).await?;
        if open == 0 {
            self.is_closed.store(true, Ordering::Relaxed);
        }
        let mut out = self.out();
        out.see_depth(waiting);
        let held = waiting + out.permits.len() as u64;
        Ok(self.settings.capacity.saturating_sub(held))
    }

    async fn place_some(
        self: &Arc<Self>,
        attempt: &mut Attempt<'_>,
        items: &[Parcel],
    ) -> Result<(usize, Option<Refusal>), Fault> {
        let burst = if items.len() == 1 {
            1
        } else {
            let share = (self.room(attempt).await? / SHARE).max(1);
            usize::try_from(share).map_or(items.len(), |share| share.min(items.len()))
        };
        let fates = self.publish(attempt, &items[..burst]).await?;
        let placed = fates.iter().take_while(|fate| **fate == Fate::Placed).count();
        let Some(fate) = fates.get(placed) else { return Ok((placed, None)) };
        if *fate == Fate::Unroutable {
            return Ok((placed, Some(self.ended(attempt).await?)));
        }
        if fates[placed..].contains(&Fate::Placed) {
            // It was overtaken by the next ones of its batch, which are placed: so it is, before anything else.
            for (item, _) in
                items[..burst].iter().zip(&fates).filter(|(_, fate)| **fate != Fate::Placed)
            {
                self.insist(attempt, item).await?;
            }
            return Ok((burst, None));
        }
        match self.refusal(attempt, &items[placed]).await? {
            None => Ok((placed + 1, None)),
            refusal => Ok((placed, refusal)),
        }
    }

    /// Places one that has to be placed now.
    async fn insist(self: &Arc<Self>, attempt: &Attempt<'_>, item: &Parcel) -> Result<(), Fault> {
        while Instant::now() < attempt.end {
            if self.publish(attempt, std::slice::from_ref(item)).await? == [Fate::Placed] {
                return Ok(());
            }
            time::sleep(Duration::from_millis(1)).await;
        }
        Err(Fault::Unanswered)
    }

    /// Why this one was refused; nothing, if it was not when it was asked again.
    async fn refusal(
        self: &Arc<Self>,
        attempt: &mut Attempt<'_>,
        item: &Parcel,
    ) -> Result<Option<Refusal>, Fault> {
        for _ in 0..TRIES {
            let [waiting] = self.look(attempt, [&self.names.items]).await?;
            if waiting >= self.settings.capacity {
                self.out().see_depth(waiting);
                return Ok(Some(Refusal::Full));
            }
            match self.publish(attempt, std::slice::from_ref(item)).await?[..] {
                // It is the caller's to go on, after this one.
                [Fate::Placed] => return Ok(None),
                [Fate::Unroutable] => return Ok(Some(self.ended(attempt).await?)),
                _ => {}
            }
        }
        // Others are always quicker, or the server cannot: whoever waits tries again.
        Ok(Some(Refusal::Full))
    }

    /// Nothing is routed any more: closed, or gone.
    async fn ended(self: &Arc<Self>, attempt: &mut Attempt<'_>) -> Result<Refusal, Fault> {
        // If the items are gone, this says so.
        let [open, _] = self.look(attempt, [&self.names.open, &self.names.items]).await?;
        if open > 0 {
            // Whoever closed it died in the midst of it.
            self.unmark(attempt).await?;
        }
        self.is_closed.store(true, Ordering::Relaxed);
        Ok(Refusal::Closed)
    }

    /// Sends items, and waits until the server has said what became of each.
    async fn publish(&self, attempt: &Attempt<'_>, items: &[Parcel]) -> Result<Vec<Fate>, Fault> {
        let puts = self.puts(attempt).await?;
        let sent = items.iter().map(|item| {
            let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
            let (exchange, properties) = (self.names.put.clone(), message::item(&self.id()));
            confirmed(&puts, exchange, "".into(), options, &item.bytes, properties)
        });
        // Lost with its connection, an item may be there or not, and nobody can be asked.
        match attempt.wait(&puts.life, future::try_join_all(sent)).await? {
            Ok(fates) => Ok(fates),
            Err(error) => Err(match super::dial::fate(&error) {
                super::dial::Fate::Refused(fault) => fault,
                super::dial::Fate::Lost => Fault::Unanswered,
            }),
        }
    }

    /// The connection that puts, once the server takes anything.
    pub(super) async fn puts(&self, attempt: &Attempt<'_>) -> Result<Arc<Puts>, Fault> {
        loop {
            let puts = attempt.puts().await?;
            if !puts.is_blocked() {
                return Ok(puts);
            }
            if Instant::now() >= attempt.relief {
                return Err(Fault::OutOfMemory);
            }
            time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Puts a message of the buffer's own into a queue, and waits until it is there. It may be there twice when the
    /// connection breaks. [`Fault::Gone`] is said of the queue.
    pub(super) async fn store(
        &self,
        attempt: &mut Attempt<'_>,
        queue: &ShortString,
        body: &[u8],
        properties: &BasicProperties,
    ) -> Result<(), Fault> {
        loop {
            let puts = self.puts(attempt).await?;
            let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
            let sent =
                confirmed(&puts, "".into(), queue.clone(), options, body, properties.clone());
            match attempt.wait(&puts.life, sent).await? {
                Ok(Fate::Placed) => return Ok(()),
                Ok(Fate::Unroutable) => return Err(Fault::Gone),
                Ok(Fate::Refused) => return Err(Fault::Refused),
                Err(error) => attempt.again(&error).await?,
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
        if self.gives_way(standing, Role::Producer) {
            self.stand(standing, Some(Role::Producer), handle, false);
            return Ok(Step::NotNow(None));
        }
        let mut attempt = self.link.attempt(standing.until);
        let alone = time::timeout_at(attempt.end.into(), self.places.write()).await;
        let _alone = alone.map_err(|_| Fault::Unreachable)?;
        let room = self.room(&mut attempt).await.map_err(|fault| self.note(fault))?;
        if self.is_closed.load(Ordering::Relaxed) {
            self.leave(standing.waiter);
            return Ok(Step::Done(Err(Refusal::Closed)));
        }
        if room == 0 {
            self.stand(standing, Some(Role::Producer), handle, false);
            return Ok(Step::NotNow(None));
        }
        let number = self.number();
        self.out().permits.insert(number);
        self.leave(standing.waiter);
        Ok(Step::Done(Ok(number)))
    }

    /// Puts into a place set aside, which is used up in any case.
    pub(super) async fn put_permitted(
        self: &Arc<Self>,
        permit: u64,
        item: &Parcel,
    ) -> Result<Result<(), Refusal>, Fault> {
        let mut attempt = self.link.attempt(None);
        let alone = self.places.write().await;
        self.out().permits.remove(&permit);
        self.ensure_there()?;
        let placed = self.place_some(&mut attempt, std::slice::from_ref(item)).await;
        drop(alone);
        Ok(match placed.map_err(|fault| self.note(fault))? {
            (_, None) => {
                self.wake(&[Wake::Item]);
                Ok(())
            }
            (_, Some(refusal)) => {
                self.wake(&[Wake::Room]);
                Err(refusal)
            }
        })
    }
}

/// Publishes, and waits for what the server says.
async fn confirmed(
    puts: &Puts,
    exchange: ShortString,
    key: ShortString,
    options: BasicPublishOptions,
    body: &[u8],
    properties: BasicProperties,
) -> Result<Fate, Error> {
    let sent = puts.channel.basic_publish(exchange, key, options, body, properties).await?;
    Ok(match sent.await? {
        Confirmation::Ack(None) => Fate::Placed,
        Confirmation::Ack(Some(_)) => Fate::Unroutable,
        Confirmation::Nack(_) | Confirmation::NotRequested => Fate::Refused,
    })
}
