//! Lending: a pass first, then the item, so that what is out is never more than there are passes.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Instant;

use forebay_contract::{Bytes, Death, Fault, TakeError};
use lapin::message::{BasicGetMessage, Delivery};
use tokio::time;

use super::link::{Attempt, Takes};
use super::message::{self, Tries};
use super::pass::{Pass, Trouble, some};
use super::session::{Held, Session};
use super::wake::Wake;
use crate::engine::{How, Lent, Loan, Role, Standing, Wish};
use crate::runtime;

/// So many in one step, that others get on.
const MOST: usize = 256;

/// What came of an attempt to lend.
enum Came {
    Loans(Vec<Loan>),
    Nothing,
    /// There is something, and no pass.
    Limit,
    /// All that came was set aside.
    SetAside,
}

impl Session {
    /// Lends the oldest items, at least one.
    pub(super) async fn lend(
        self: &Arc<Self>,
        wish: Wish,
        standing: Standing,
    ) -> Result<Lent, Fault> {
        self.ensure_there()?;
        if self.gives_way(standing, Role::Consumer) {
            self.stand(standing, Some(Role::Consumer), wish.handle, false);
            return Ok(Lent { loans: Err(TakeError::Empty), pause: None });
        }
        let mut attempt = self.link.attempt(standing.until);
        let lent = match time::timeout_at(attempt.end.into(), self.lend_alone()).await {
            Ok(_alone) => self.lend_now(&mut attempt, wish).await,
            Err(_) => Err(Fault::Unreachable),
        };
        let found = lent.map_err(|fault| match fault {
            // What was not heard of is back.
            Fault::Unanswered => Fault::Unreachable,
            fault => self.note(fault),
        })?;
        match found {
            Ok(_) => {
                self.leave(standing.waiter);
                self.wake(&[Wake::Room]);
            }
            Err(TakeError::Closed) => self.leave(standing.waiter),
            Err(why) => {
                let limit = why == TakeError::LeaseLimit;
                self.stand(standing, Some(Role::Consumer), wish.handle, limit);
            }
        }
        Ok(Lent { loans: found, pause: None })
    }

    async fn lend_now(
        self: &Arc<Self>,
        attempt: &mut Attempt<'_>,
        wish: Wish,
    ) -> Result<Result<Vec<Loan>, TakeError>, Fault> {
        loop {
            let was_closed = self.is_closed.load(Ordering::Relaxed);
            match self.lend_once(attempt, wish).await {
                Ok(Came::Loans(loans)) => return Ok(Ok(loans)),
                Ok(Came::Limit) => return Ok(Err(TakeError::LeaseLimit)),
                Ok(Came::SetAside) => {}
                Ok(Came::Nothing) => {
                    let why = self.nothing(attempt, wish.handle).await?;
                    // What was put before the close may have come since it was looked at.
                    if was_closed || !self.is_closed.load(Ordering::Relaxed) {
                        return Ok(Err(why));
                    }
                }
                Err(Trouble::Lost(error)) => attempt.again(&error).await?,
                Err(Trouble::Unable(fault)) => return Err(fault),
            }
        }
    }

    async fn lend_once(
        self: &Arc<Self>,
        attempt: &mut Attempt<'_>,
        wish: Wish,
    ) -> Result<Came, Trouble> {
        let (by, takes) = attempt.takes().await?;
        if wish.how == How::Lease && !self.has_spare(by) {
            // Who only looks takes no pass, of which others may be short.
            let [waiting] = self.look(attempt, [&self.names.items]).await?;
            if waiting == 0 {
                return Ok(Came::Nothing);
            }
        }
        let mut passes = Vec::new();
        let came = self.lend_by(attempt, by, &takes, wish, &mut passes).await;
        if came.is_ok() {
            self.return_passes(&self.keep_spare(passes)).await;
        } else {
            self.stash(passes);
        }
        came
    }

    /// Lends by this connection. Passes that are left over are the caller's to give back.
    async fn lend_by(
        self: &Arc<Self>,
        attempt: &mut Attempt<'_>,
        by: u64,
        takes: &Arc<Takes>,
        wish: Wish,
        passes: &mut Vec<Pass>,
    ) -> Result<Came, Trouble> {
        if wish.how != How::Take {
            self.passes(attempt, by, takes, 1, passes).await?;
        }
        if wish.how == How::Lease && passes.is_empty() {
            let [waiting] = self.look(attempt, [&self.names.items]).await?;
            return Ok(if waiting > 0 { Came::Limit } else { Came::Nothing });
        }
        let mut had = some(attempt, takes, &self.names.items, 1).await?;
        let Some(first) = had.first() else { return Ok(Came::Nothing) };
        let left = u64::from(first.message_count);
        self.out().see_depth(left + 1);
        let most = wish.most.min(MOST) - 1;
        let more = usize::try_from(left).map_or(most, |left| left.min(most));
        if more > 0 {
            let further = self.have_more(attempt, by, takes, wish, more, passes).await;
            // What fails now is not worth what is there already: it comes back with its connection, or by itself.
            had.extend(further.unwrap_or_default());
        }
        let loans = self.open(attempt, by, wish, had, passes).await?;
        Ok(if loans.is_empty() { Came::SetAside } else { Came::Loans(loans) })
    }

    /// So many items more, as far as passes allow.
    async fn have_more(
        self: &Arc<Self>,
        attempt: &Attempt<'_>,
        by: u64,
        takes: &Arc<Takes>,
        wish: Wish,
        mut more: usize,
        passes: &mut Vec<Pass>,
    ) -> Result<Vec<BasicGetMessage>, Trouble> {
        if wish.how != How::Take {
            self.passes(attempt, by, takes, more, passes).await?;
        }
        if wish.how == How::Lease {
            more = more.min(passes.len() - 1);
        }
        some(attempt, takes, &self.names.items, more).await
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
            match some(attempt, &takes, &self.names.items, 1).await {
                Ok(had) => {
                    let Some(oldest) = had.first() else { return Ok(false) };
                    self.settle(attempt, by, &[oldest.delivery_tag], &[]).await?;
                    self.out().news.dropped += 1;
                    if let Some(id) = message::id(oldest).filter(|_| oldest.redelivered) {
                        self.forget_tries(&id);
                    }
                    return Ok(true);
                }
                Err(Trouble::Lost(error)) => attempt.again(&error).await?,
                Err(Trouble::Unable(fault)) => return Err(fault),
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
