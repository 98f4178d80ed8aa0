//! Lending: what Kafka acquires for us is a lease, for as long as we say so.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use forebay_contract::{Bytes, Death, Fault, TakeError};
use tokio::sync::oneshot;
use tokio::time;

use super::link::Attempt;
use super::marks::Tried;
use super::out::Held;
use super::record::{self, Tries};
use super::session::Session;
use super::share::{Got, Kind, Share};
use super::wake::Wake;
use crate::engine::{How, Lent, Loan, Role, Standing, Wish};
use crate::runtime;

/// So many in one step, that others get on.
const MOST: usize = 256;

/// How long Kafka leaves an item to whoever says nothing. A group is told so when its buffer is made, and
/// a server tells what holds.
pub(super) const LOCK: Duration = Duration::from_secs(30);

/// Where there should be something, and nothing comes, Kafka is given so long to find it, so often: it may be busy with
/// another, or have just begun.
pub(super) const LOOKS: u32 = 3;
pub(super) const FINDING: Duration = Duration::from_millis(25);

impl Session {
    /// Lends the oldest items, at least one.
    pub(super) async fn lend(
        self: &Arc<Self>,
        wish: Wish,
        standing: Standing,
    ) -> Result<Lent, Fault> {
        self.ensure_there()?;
        let mut attempt = self.link.attempt_of(standing);
        let asked = attempt.clone();
        let (tell, told) = oneshot::channel();
        let own = Arc::clone(self);
        // What is asked of the server is heard to its end, also when nobody waits for it any more.
        runtime::spawn(async move {
            let mut share = own.alone().await;
            let lent = own.lend_now(&mut attempt, &mut share, wish).await;
            if let Err(Ok(Ok(loans))) = tell.send(lent) {
                own.take_back(&mut share, wish, loans).await;
            }
        });
        let found = match time::timeout_at(asked.end.into(), told).await {
            Ok(Ok(lent)) => lent.map_err(|fault| self.note(fault))?,
            // What it is lent comes to nobody, and goes back.
            _ => self.link.late(&asked, Err(TakeError::Empty))?,
        };
        match found {
            Ok(_) => {
                self.out().leave(standing.waiter);
                self.hear(Wake::Room);
            }
            Err(TakeError::Closed) => self.out().leave(standing.waiter),
            Err(why) if standing.is_patient => {
                let limit = why == TakeError::LeaseLimit;
                self.out().stand(standing, Some(Role::Consumer), wish.handle, limit);
                self.watch();
            }
            Err(_) => {}
        }
        Ok(Lent { loans: found, pause: None })
    }

    /// Nobody waits any more for what was lent.
    async fn take_back(&self, share: &mut Share, wish: Wish, loans: Vec<Loan>) {
        let mut attempt = self.link.attempt(None);
        let tokens: Vec<u64> = loans.iter().map(|loan| loan.token).collect();
        self.undo(share, &mut attempt, &tokens).await;
        let again = |loan: Loan| {
            let tries = Tries { deliveries: loan.deliveries - 1, failures: loan.failures };
            record::item(&self.names.items, loan.bytes.to_vec(), tries)
        };
        let taken = loans.into_iter().filter(|loan| loan.token == 0).map(again).collect();
        // What was taken already comes to the end.
        let (written, _) = self.link.write(taken).await;
        let mut out = self.out();
        out.counts.moved += written.len() as u64;
        for _ in written {
            out.untook(wish.handle);
        }
    }

    async fn lend_now(
        self: &Arc<Self>,
        attempt: &mut Attempt,
        share: &mut Share,
        wish: Wish,
    ) -> Result<Result<Vec<Loan>, TakeError>, Fault> {
        let mut looks = LOOKS;
        loop {
            let was_closed = self.is_closed();
            let most = self.most(wish);
            if most == 0 {
                let unfinished = self.look(share).await?;
                return Ok(Err(match self.waiting_of(unfinished) {
                    0 => self.nothing(unfinished, wish.handle),
                    _ => TakeError::LeaseLimit,
                }));
            }
            let wait = if looks < LOOKS { FINDING } else { Duration::ZERO };
            match share.fetch(&self.link, &self.names, self.topics.items, most, wait).await {
                Ok(got) if got.is_empty() => {
                    let unfinished = self.look(share).await?;
                    if !was_closed && self.is_closed() {
                        // What was put before the close may have come since it was looked at.
                        continue;
                    }
                    if self.waiting_of(unfinished) == 0 || looks == 0 {
                        return Ok(Err(self.nothing(unfinished, wish.handle)));
                    }
                    looks -= 1;
                }
                Ok(got) => {
                    let loans = self.open(attempt, share, wish, got).await?;
                    if !loans.is_empty() {
                        return Ok(Ok(loans));
                    }
                }
                Err(error) => {
                    self.lose(share).await;
                    self.again(attempt, &error).await?;
                }
            }
        }
    }

    /// How many may be lent now.
    fn most(&self, wish: Wish) -> usize {
        let most = wish.most.min(MOST);
        if wish.how != How::Lease {
            return most;
        }
        let elsewhere = self.marks().held_by_others(&self.name);
        let room = self.settings.lease_limit().saturating_sub(self.out().leased() + elsewhere);
        usize::try_from(room).map_or(most, |room| room.min(most))
    }

    /// Why there is nothing to lend to this consumer, while so many are unfinished.
    fn nothing(&self, unfinished: u64, handle: u64) -> TakeError {
        if !self.is_closed() {
            return TakeError::Empty;
        }
        let out = self.out();
        let own = out.leases.values();
        let own = own.filter(|held| held.handle == handle && held.how == How::Lease).count();
        if unfinished > own as u64 { TakeError::Empty } else { TakeError::Closed }
    }

    /// Makes loans of what was had.
    async fn open(
        self: &Arc<Self>,
        attempt: &mut Attempt,
        share: &mut Share,
        wish: Wish,
        got: Vec<Got>,
    ) -> Result<Vec<Loan>, Fault> {
        let now = Instant::now();
        if got.iter().any(|got| got.count > 1) {
            // They came back, and may have failed elsewhere.
            self.read_marks(attempt).await?;
        }
        let mut loans = Vec::with_capacity(got.len());
        let mut ends = Vec::new();
        let mut failed = None;
        for got in got {
            if failed.is_some() {
                ends.push((got.offset, Kind::Release));
                continue;
            }
            let offset = got.offset;
            match self.open_one(attempt, wish.how, got).await {
                Err(fault) => {
                    failed = Some(fault);
                    ends.push((offset, Kind::Release));
                }
                Ok(Opened::Gap) => ends.push((offset, Kind::Gap)),
                Ok(Opened::Aside) => ends.push((offset, Kind::Accept)),
                Ok(Opened::Item(loan, _)) if wish.how == How::Take => {
                    ends.push((offset, Kind::Accept));
                    loans.push(loan);
                }
                Ok(Opened::Item(mut loan, tried)) => {
                    loan.token = self.number();
                    let deadline = self.settings.lease_time.filter(|_| wish.how == How::Lease);
                    let held = Held {
                        by: share.number,
                        offset,
                        how: wish.how,
                        handle: wish.handle,
                        deliveries: loan.deliveries,
                        failures: loan.failures,
                        tried,
                        bytes: loan.bytes.clone(),
                        since: now,
                        kept: share.asked + share.lock,
                        lock: share.lock,
                        deadline: deadline.and_then(|time| now.checked_add(time)),
                    };
                    let has_deadline = held.deadline.is_some();
                    self.out().leases.insert(loan.token, held);
                    if has_deadline {
                        self.expire_in_time(loan.token);
                    }
                    loans.push(loan);
                }
            }
        }
        {
            let mut out = self.out();
            out.took(wish.handle, loans.len() as u64);
            out.has_finished |= !ends.is_empty();
        }
        if !ends.is_empty() {
            let answered = share.answer(&self.names, self.topics.items, &ends).await;
            if let Ok(held) = answered {
                self.finish(finished(&ends, &held));
            } else {
                // An item that was had is handed over, whether or not the server has heard that it was taken: it may be seen
                // again then, and is not lost.
                self.lose(share).await;
                loans.retain(|loan| loan.token == 0);
            }
            let ended: Vec<i64> = ends
                .iter()
                .filter(|(_, kind)| *kind == Kind::Accept)
                .map(|(offset, _)| *offset)
                .collect();
            self.forget(&ended);
            self.hear(Wake::Ended);
        }
        match failed {
            Some(fault) if loans.is_empty() => Err(fault),
            _ => Ok(loans),
        }
    }

    /// Makes a loan of one.
    async fn open_one(
        self: &Arc<Self>,
        attempt: &mut Attempt,
        how: How,
        got: Got,
    ) -> Result<Opened, Fault> {
        let Some(found) = got.record else { return Ok(Opened::Gap) };
        let bytes = found.value.clone().unwrap_or_default();
        let Some(carried) = record::tries(&found) else {
            let death = Death::Rejected("it was not put by a producer".to_owned());
            self.bury(attempt, got.offset, &death, Tries::default(), bytes).await?;
            return Ok(Opened::Aside);
        };
        let tried = self.marks().tried.get(&got.offset).copied().unwrap_or_default();
        let count = u32::try_from(got.count).unwrap_or_default();
        let deliveries = (carried.deliveries + count).saturating_sub(tried.undone).max(1);
        let failures = carried.failures + tried.failures;
        let before = Tries { deliveries: deliveries - 1, failures };
        if how != How::Take {
            if self.settings.max_deliveries.is_some_and(|limit| before.deliveries >= limit) {
                self.bury(attempt, got.offset, &Death::Deliveries, before, bytes).await?;
                return Ok(Opened::Aside);
            }
            if got.count + 1 >= self.most_counts {
                // Before Kafka drops it, another record takes its place, at the end.
                let again = record::item(&self.names.items, bytes, before);
                let (_, came) = self.link.write(vec![again]).await;
                if let Err(error) = came {
                    return Err(self.lost(&error).await);
                }
                self.out().counts.moved += 1;
                return Ok(Opened::Aside);
            }
        }
        let position = u64::try_from(got.offset).unwrap_or_default();
        let bytes = Bytes::from(Vec::from(bytes));
        let loan = Loan { token: 0, position, deliveries, failures, bytes };
        Ok(Opened::Item(loan, tried))
    }

    /// Gives this lease's item back when its deadline has passed.
    pub(super) fn expire_in_time(self: &Arc<Self>, token: u64) {
        runtime::spawn(expire(Arc::downgrade(self), token));
    }

    /// Refuses all further puts: a mark says so.
    pub(super) async fn close(self: &Arc<Self>) -> Result<(), Fault> {
        self.ensure_there()?;
        let mut attempt = self.link.attempt(None);
        // No put of this process is on its way then.
        let _places = self.places.lock().await;
        self.mark(&mut attempt, &[super::marks::Mark::Closed]).await?;
        self.is_closed.store(true, Ordering::Relaxed);
        self.hear(Wake::All);
        Ok(())
    }
}

/// How many of these answers finished an item.
pub(super) fn finished(ends: &[(i64, Kind)], were_held: &[bool]) -> u64 {
    let all = ends.iter().zip(were_held);
    all.filter(|((_, kind), held)| **held && *kind != Kind::Release).count() as u64
}

/// What came of an item that was had.
enum Opened {
    /// There was none.
    Gap,
    /// It was set aside, or moved.
    Aside,
    Item(Loan, Tried),
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
