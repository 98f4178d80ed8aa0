//! Lending: a pass first, then the item, so that what is out is never more than there are passes.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use forebay_contract::{Bytes, Death, Fault, TakeError};
use futures_util::future;
use lapin::message::{BasicGetMessage, Delivery};
use lapin::options::{BasicAckOptions, BasicNackOptions};
use lapin::types::ShortString;
use tokio::sync::oneshot;
use tokio::time;

use super::link::{Attempt, Takes};
use super::message::{self, Tries};
use super::session::{Held, Over, Pass, Session, get};
use super::wake::Wake;
use crate::engine::{Answer, How, Lent, Loan, Role, Standing, Wish};
use crate::runtime;

/// So many in one step, that others get on.
const MOST: usize = 256;

/// So many passes are kept at the most when they are not needed, and for so long.
const SPARE: usize = 16;
const KEPT: Duration = Duration::from_millis(100);

/// What came of a look at the items.
enum Found {
    Some(Vec<Loan>),
    None(TakeError),
}

impl Session {
    /// Lends the oldest items, at least one.
    pub(super) async fn lend(
        self: &Arc<Self>,
        wish: Wish,
        standing: Standing,
    ) -> Result<Lent, Fault> {
        self.ensure_there()?;
        let (tell, told) = oneshot::channel();
        let own = Arc::clone(self);
        let end = self.link.attempt(standing.until).end;
        runtime::spawn(async move {
            let lent = own.lend_at_last(wish, standing).await;
            // Whoever asked may not wait any longer for a server that stands still.
            if let Err(Ok(Found::Some(loans))) = tell.send(lent) {
                let tokens: Vec<u64> = loans.iter().map(|loan| loan.token).collect();
                let _ = own.answer(Answer::Undo, "", &tokens).await;
            }
        });
        let lent = time::timeout_at(end.into(), told).await;
        let found = match lent {
            Ok(Ok(found)) => found.map_err(|fault| self.note(fault))?,
            Ok(Err(_)) | Err(_) => return Err(Fault::Unreachable),
        };
        Ok(match found {
            Found::Some(loans) => {
                self.out().leave(standing.waiter);
                self.wake(&[Wake::Room]);
                Lent { loans: Ok(loans), pause: None }
            }
            Found::None(why) => {
                if why == TakeError::Closed {
                    self.out().leave(standing.waiter);
                } else if standing.is_patient {
                    let limit = why == TakeError::LeaseLimit;
                    self.out().stand(standing, Some(Role::Consumer), wish.handle, limit);
                    self.listen();
                }
                Lent { loans: Err(why), pause: None }
            }
        })
    }

    async fn lend_at_last(
        self: &Arc<Self>,
        wish: Wish,
        standing: Standing,
    ) -> Result<Found, Fault> {
        let _one_at_a_time = self.lend_alone().await;
        let mut attempt = self.link.attempt(standing.until);
        let most = wish.most.min(MOST);
        loop {
            let was_closed = self.is_closed.load(Ordering::Relaxed);
            let (by, takes) = attempt.takes().await?;
            let wanted = match wish.how {
                How::Take => 0,
                How::Lease | How::Hold => most,
            };
            if wish.how == How::Lease && !self.out().spare.iter().any(|pass| pass.by == by) {
                // Who only looks takes no pass, of which others may be short.
                let [waiting] = self.look(&mut attempt, [&self.names.items]).await?;
                if waiting == 0 {
                    let why = self.nothing(&mut attempt, wish.handle).await?;
                    if was_closed || !self.is_closed.load(Ordering::Relaxed) {
                        return Ok(Found::None(why));
                    }
                    continue;
                }
            }
            let mut passes = match self.passes(&attempt, by, &takes, wanted.min(1)).await? {
                Ok(passes) => passes,
                Err(error) => {
                    attempt.again(&error).await?;
                    continue;
                }
            };
            if wish.how == How::Lease && passes.is_empty() {
                let [waiting] = self.look(&mut attempt, [&self.names.items]).await?;
                if waiting > 0 {
                    return Ok(Found::None(TakeError::LeaseLimit));
                }
            } else {
                match self.have(&attempt, by, &takes, wish, most, &mut passes).await {
                    Ok(Ok(had)) => {
                        let is_any = !had.is_empty();
                        let loans = self.open(&mut attempt, by, wish, had, &mut passes).await?;
                        let returned = self.keep_spare(passes);
                        self.return_passes(&returned).await;
                        if !loans.is_empty() {
                            return Ok(Found::Some(loans));
                        }
                        if is_any {
                            // All that came was set aside.
                            continue;
                        }
                    }
                    Ok(Err(error)) => {
                        attempt.again(&error).await?;
                        continue;
                    }
                    Err(fault) => return Err(fault),
                }
            }
            let why = self.nothing(&mut attempt, wish.handle).await?;
            // What was put before the close may have come since it was looked at.
            if was_closed || !self.is_closed.load(Ordering::Relaxed) {
                return Ok(Found::None(why));
            }
        }
    }

    /// So many passes, or fewer.
    async fn passes(
        &self,
        attempt: &Attempt<'_>,
        by: u64,
        takes: &Arc<Takes>,
        wanted: usize,
    ) -> Result<Result<Vec<Pass>, lapin::Error>, Fault> {
        let mut passes = {
            let mut out = self.out();
            out.spare.retain(|pass| pass.by == by);
            let rest = out.spare.len().saturating_sub(wanted);
            out.spare.split_off(rest)
        };
        if passes.len() < wanted {
            let more = wanted - passes.len();
            match some(attempt, takes, &self.names.passes, more).await {
                Ok(Ok(had)) => {
                    let left = had.last().map_or(0, |had| u64::from(had.message_count));
                    self.out().passes_left = left;
                    passes.extend(had.iter().map(|had| Pass { by, tag: had.delivery_tag }));
                }
                failed => {
                    self.out().spare.extend(passes);
                    return failed.map(|failed| failed.map(|_| Vec::new()));
                }
            }
        }
        Ok(Ok(passes))
    }

    /// The oldest items, as many as are wanted and passes allow.
    async fn have(
        &self,
        attempt: &Attempt<'_>,
        by: u64,
        takes: &Arc<Takes>,
        wish: Wish,
        most: usize,
        passes: &mut Vec<Pass>,
    ) -> Result<Result<Vec<BasicGetMessage>, lapin::Error>, Fault> {
        let mut had = match some(attempt, takes, &self.names.items, 1).await? {
            Ok(had) => had,
            Err(error) => return Ok(Err(error)),
        };
        let Some(first) = had.first() else { return Ok(Ok(had)) };
        let left = u64::from(first.message_count);
        self.out().see_depth(left + 1);
        let mut more = usize::try_from(left).unwrap_or(most).min(most - 1);
        if more > 0 && wish.how != How::Take {
            match self.passes(attempt, by, takes, more).await? {
                Ok(further) => passes.extend(further),
                Err(error) => return Ok(Err(error)),
            }
            if wish.how == How::Lease {
                more = more.min(passes.len() - 1);
            }
        }
        if more > 0 {
            match some(attempt, takes, &self.names.items, more).await? {
                Ok(further) => had.extend(further),
                Err(error) => return Ok(Err(error)),
            }
        }
        Ok(Ok(had))
    }

    /// Makes loans of what was had.
    async fn open(
        self: &Arc<Self>,
        attempt: &mut Attempt<'_>,
        by: u64,
        wish: Wish,
        had: Vec<BasicGetMessage>,
        passes: &mut Vec<Pass>,
    ) -> Result<Vec<Loan>, Fault> {
        let mut loans = Vec::with_capacity(had.len());
        let (mut taken, mut back) = (Vec::new(), Vec::new());
        let mut failed = None;
        for message in had {
            let delivery = message.delivery;
            let tag = delivery.delivery_tag;
            if failed.is_some() {
                back.push(tag);
                continue;
            }
            match self.open_one(attempt, wish.how, delivery).await {
                Err(fault) => {
                    failed = Some(fault);
                    back.push(tag);
                }
                Ok(None) => taken.push(tag),
                Ok(Some((id, is_tried, loan))) if wish.how == How::Take => {
                    drop((id, is_tried));
                    taken.push(tag);
                    loans.push(loan);
                }
                Ok(Some((id, is_tried, mut loan))) => {
                    loan.token = self.number();
                    let deadline = self.deadline(wish.how);
                    let tries = Tries { deliveries: loan.deliveries, failures: loan.failures };
                    let (pass, handle, bytes) = (passes.pop(), wish.handle, loan.bytes.clone());
                    let held = Held { by, tag, pass, handle, id, tries, is_tried, bytes, deadline };
                    self.out().leases.insert(loan.token, held);
                    if deadline.is_some() {
                        self.watch(loan.token);
                    }
                    loans.push(loan);
                }
            }
        }
        {
            let mut out = self.out();
            out.took(wish.handle, loans.len() as u64);
            if wish.how == How::Take {
                out.news.finished += loans.len() as u64;
            }
        }
        if !taken.is_empty() || !back.is_empty() {
            // An item that was had is handed over, whether or not the server has heard that it was taken: it may be seen
            // again then, and is not lost.
            let _ = self.settle(attempt, by, &taken, &back).await;
            self.wake(&[Wake::Ended]);
        }
        match failed {
            Some(fault) if loans.is_empty() => Err(fault),
            _ => Ok(loans),
        }
    }

    /// Makes a loan of a message, with its id and whether its tries are kept beside it; nothing when it was set aside.
    async fn open_one(
        self: &Arc<Self>,
        attempt: &mut Attempt<'_>,
        how: How,
        delivery: Delivery,
    ) -> Result<Option<(String, bool, Loan)>, Fault> {
        let mut tries = Tries::default();
        let Some(id) = message::id(&delivery) else {
            let death = Death::Rejected("it was not put by a producer".to_owned());
            self.bury(attempt, &self.id(), &death, tries, &delivery.data).await?;
            return Ok(None);
        };
        // It has been out before, and came back.
        let is_tried = delivery.redelivered;
        if is_tried && how == How::Take {
            self.forget_tries(&id);
        } else if is_tried {
            tries = self.count_delivery(attempt, &id).await?;
            if self.settings.max_deliveries.is_some_and(|limit| tries.deliveries >= limit) {
                self.bury(attempt, &id, &Death::Deliveries, tries, &delivery.data).await?;
                self.forget_tries(&id);
                return Ok(None);
            }
        }
        tries.deliveries += 1;
        let Tries { deliveries, failures } = tries;
        let bytes = Bytes::from(delivery.data);
        Ok(Some((id, is_tried, Loan { token: 0, position: 0, deliveries, failures, bytes })))
    }

    /// Drops the oldest item, while nobody lends; whether there was one.
    pub(super) async fn drop_oldest(&self, attempt: &mut Attempt<'_>) -> Result<bool, Fault> {
        loop {
            let (by, takes) = attempt.takes().await?;
            match some(attempt, &takes, &self.names.items, 1).await? {
                Ok(had) => {
                    let Some(oldest) = had.first() else { return Ok(false) };
                    self.settle(attempt, by, &[oldest.delivery_tag], &[]).await?;
                    self.out().news.dropped += 1;
                    if let Some(id) = message::id(oldest).filter(|_| oldest.redelivered) {
                        self.forget_tries(&id);
                    }
                    return Ok(true);
                }
                Err(error) => attempt.again(&error).await?,
            }
        }
    }

    fn deadline(&self, how: How) -> Option<Instant> {
        let time = self.settings.lease_time.filter(|_| how == How::Lease)?;
        Instant::now().checked_add(time)
    }

    /// Gives this lease's item back when its deadline has passed.
    pub(super) fn watch(self: &Arc<Self>, token: u64) {
        runtime::spawn(expire(Arc::downgrade(self), token));
    }

    /// Waits until nobody else lends. What was lent just before, and is received by nobody, is back then.
    pub(super) async fn lend_alone(&self) -> tokio::sync::MutexGuard<'_, ()> {
        /// From where it was lent to where it is given back.
        const STEPS: usize = 4;
        if let Ok(alone) = self.lending.try_lock() {
            return alone;
        }
        drop(self.lending.lock().await);
        for _ in 0..STEPS {
            tokio::task::yield_now().await;
        }
        self.lending.lock().await
    }

    /// Why there is nothing to lend to this consumer.
    async fn nothing(&self, attempt: &mut Attempt<'_>, handle: u64) -> Result<TakeError, Fault> {
        let names = &self.names;
        let [open] = self.look(attempt, [&names.open]).await?;
        if open > 0 {
            return Ok(TakeError::Empty);
        }
        self.is_closed.store(true, Ordering::Relaxed);
        // No pass of this process is on its way then.
        let _answered = self.answering.write().await;
        let [passes, waiting] = self.look(attempt, [&names.passes, &names.items]).await?;
        let out = self.out();
        let own = out.leases.values().filter(|held| held.handle == handle && held.pass.is_some());
        let home = passes + out.spare.len() as u64 + own.count() as u64;
        let without = out.leases.values().filter(|held| held.pass.is_none());
        let others_hold = home < self.settings.lease_limit()
            || without.filter(|held| held.handle != handle).count() > 0;
        Ok(if waiting > 0 || others_hold { TakeError::Empty } else { TakeError::Closed })
    }

    /// Tells the server what became of messages, these acked and those given back, and waits until it has heard.
    pub(super) async fn settle(
        &self,
        attempt: &Attempt<'_>,
        by: u64,
        acked: &[u64],
        back: &[u64],
    ) -> Result<(), Fault> {
        let Some((_, takes)) = self.link.takes.current().filter(|(number, _)| *number == by) else {
            return Err(Fault::Unanswered);
        };
        let channel = &takes.leases;
        let requeue = BasicNackOptions { requeue: true, ..BasicNackOptions::default() };
        let told = async {
            let acks = acked.iter().map(|tag| channel.basic_ack(*tag, BasicAckOptions::default()));
            let nacks = back.iter().map(|tag| channel.basic_nack(*tag, requeue));
            let (acks, nacks) = (future::try_join_all(acks), future::try_join_all(nacks));
            // In this order, and all at once.
            let (acks, nacks, commit) = future::join3(acks, nacks, channel.tx_commit()).await;
            acks.and(nacks).and(commit)
        };
        match attempt.wait(told).await? {
            Ok(()) => Ok(()),
            Err(_) => Err(Fault::Unanswered),
        }
    }

    /// Keeps passes for a moment, where many are left for others; those that are to be given back.
    pub(super) fn keep_spare(self: &Arc<Self>, passes: Vec<Pass>) -> Vec<Pass> {
        let mut out = self.out();
        let many = out.passes_left * 2 >= self.settings.lease_limit();
        let room = if many { SPARE.saturating_sub(out.spare.len()) } else { 0 };
        let mut kept = passes;
        let returned = kept.split_off(room.min(kept.len()));
        if out.spare.is_empty() && !kept.is_empty() {
            runtime::spawn(give_back(Arc::downgrade(self)));
        }
        out.spare.extend(kept);
        returned
    }

    async fn return_passes(self: &Arc<Self>, passes: &[Pass]) {
        if let Some(Pass { by, .. }) = passes.first() {
            let tags: Vec<u64> = passes.iter().map(|pass| pass.tag).collect();
            let attempt = self.link.attempt(None);
            // Where this fails they are back by themselves.
            let _ = self.settle(&attempt, *by, &[], &tags).await;
        }
    }
}

/// So many messages of a queue, or as many as there are, all asked for at once.
async fn some(
    attempt: &Attempt<'_>,
    takes: &Arc<Takes>,
    queue: &ShortString,
    most: usize,
) -> Result<Result<Vec<BasicGetMessage>, lapin::Error>, Fault> {
    let asked = (0..most).map(|_| get(takes, Over::Leases, queue.clone()));
    let had = attempt.wait(future::try_join_all(asked)).await?;
    Ok(had.map(|had| had.into_iter().flatten().collect()))
}

/// Gives back the passes that were kept for a moment.
async fn give_back(session: Weak<Session>) {
    time::sleep(KEPT).await;
    if let Some(own) = session.upgrade() {
        let _counted = own.answering.read().await;
        let passes = std::mem::take(&mut own.out().spare);
        own.return_passes(&passes).await;
        own.wake(&[Wake::Idle]);
    }
}

/// Gives an item back when its lease's deadline has passed.
async fn expire(session: Weak<Session>, token: u64) {
    while let Some(own) = session.upgrade() {
        let deadline = own.out().leases.get(&token).and_then(|held| held.deadline);
        match deadline {
            None => return,
            Some(deadline) if deadline > Instant::now() => {
                drop(own);
                time::sleep_until(deadline.into()).await;
            }
            Some(_) => own.expire(token).await,
        }
    }
}
