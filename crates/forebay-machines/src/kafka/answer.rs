//! Answers: what becomes of an item when its lease ends.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use forebay_contract::{Death, Fault};

use super::link::Attempt;
use super::marks::Mark;
use super::out::Held;
use super::record::{self, Tries};
use super::session::Session;
use super::share::{Kind, Share};
use super::wake::Wake;
use crate::engine::{Answer, Loan};
use crate::runtime;

impl Session {
    /// Ends leases: for each, whether it was still held.
    pub(super) async fn answer(
        self: &Arc<Self>,
        answer: Answer,
        reason: &str,
        tokens: &[u64],
    ) -> Result<Vec<bool>, Fault> {
        self.ensure_there()?;
        let mut share = self.alone_to_answer().await;
        let now = Instant::now();
        let held: Vec<Option<Held>> = {
            let out = self.out();
            // What another member held went back with it, and what has expired goes back by itself.
            let end = |token: &u64| {
                let is_held = out.leases.get(token).is_some_and(|held| held.is_live(now));
                out.leases.get(token).filter(|held| is_held && held.by == share.number).cloned()
            };
            tokens.iter().map(end).collect()
        };
        let mut attempt = self.link.attempt(None);
        let live: Vec<(u64, Held)> = tokens
            .iter()
            .zip(&held)
            .filter_map(|(token, held)| Some((*token, held.clone()?)))
            .collect();
        let mut was_held =
            self.end_all(&mut share, &mut attempt, answer, reason, &live).await?.into_iter();
        Ok(held.iter().map(|held| held.is_some() && was_held.next().unwrap_or(false)).collect())
    }

    /// Gives an item back whose lease has expired.
    pub(super) async fn expire(self: &Arc<Self>, token: u64) {
        let mut share = self.alone_to_answer().await;
        let held = self.out().leases.get(&token).cloned();
        if let Some(held) =
            held.filter(|held| held.deadline.is_some_and(|end| end <= Instant::now()))
        {
            let mut attempt = self.link.attempt(None);
            let one = [(token, held)];
            // Where this fails its member is gone, and it with that.
            let _ = self.end_all(&mut share, &mut attempt, Answer::Nack, "", &one).await;
            self.out().leases.remove(&token);
        }
    }

    /// Gives back what came to nobody.
    pub(super) async fn undo(&self, share: &mut Share, attempt: &mut Attempt, tokens: &[u64]) {
        let held: Vec<(u64, Held)> = {
            let out = self.out();
            let find = |token: &u64| Some((*token, out.leases.get(token)?.clone()));
            tokens.iter().filter_map(find).collect()
        };
        // Where this fails its member is gone, and they with that.
        let _ = self.end_all(share, attempt, Answer::Undo, "", &held).await;
    }

    /// Ends these leases; for each, whether it was held in the server's eyes.
    async fn end_all(
        &self,
        share: &mut Share,
        attempt: &mut Attempt,
        answer: Answer,
        reason: &str,
        held: &[(u64, Held)],
    ) -> Result<Vec<bool>, Fault> {
        if held.is_empty() {
            return Ok(Vec::new());
        }
        // Others count these as leased, and must not once they wait again, or are finished.
        self.untell(attempt, held).await?;
        let (mut ends, mut failed) = (Vec::new(), None);
        for (_, one) in held {
            let kind = match self.end(attempt, answer, reason, one).await {
                Ok(kind) => kind,
                Err(fault) => {
                    // It goes back, as if nothing had been said.
                    failed = Some(fault);
                    Kind::Release
                }
            };
            ends.push((one.offset, kind));
        }
        let answered = share.answer(&self.names, self.topics.items, &ends).await;
        {
            let mut out = self.out();
            for (token, _) in held {
                out.leases.remove(token);
            }
            out.has_finished = true;
        }
        let Ok(was_held) = answered else {
            self.lose(share).await;
            return Err(Fault::Unanswered);
        };
        self.finish(super::lend::finished(&ends, &was_held));
        let accepted: Vec<i64> = ends
            .iter()
            .filter(|(_, kind)| *kind == Kind::Accept)
            .map(|(offset, _)| *offset)
            .collect();
        self.forget(&accepted);
        if accepted.len() < ends.len() {
            self.see_depth(u64::MAX);
            self.hear(Wake::Item);
        }
        self.hear(Wake::Ended);
        failed.map_or(Ok(was_held), Err)
    }

    /// What this answer makes of an item. What has to be kept is kept before the lease ends.
    async fn end(
        &self,
        attempt: &mut Attempt,
        answer: Answer,
        reason: &str,
        held: &Held,
    ) -> Result<Kind, Fault> {
        let mut tries = Tries { deliveries: held.deliveries, failures: held.failures };
        let mut tried = held.tried;
        let at_its_limit =
            self.settings.max_deliveries.is_some_and(|most| tries.deliveries >= most);
        let death = match answer {
            Answer::Ack => return Ok(Kind::Accept),
            Answer::Undo => {
                tried.undone += 1;
                self.out().untook(held.handle);
                self.mark_tried(attempt, held.offset, tried).await?;
                return Ok(Kind::Release);
            }
            Answer::Reject => Death::Rejected(reason.to_owned()),
            Answer::Fail => {
                tries.failures += 1;
                if self.settings.max_failures.is_some_and(|most| tries.failures >= most) {
                    Death::Failures(reason.to_owned())
                } else if at_its_limit {
                    Death::Deliveries
                } else {
                    tried.failures += 1;
                    self.mark_tried(attempt, held.offset, tried).await?;
                    return Ok(Kind::Release);
                }
            }
            Answer::Nack if at_its_limit => Death::Deliveries,
            Answer::Nack => return Ok(Kind::Release),
        };
        let bytes = Bytes::from(held.bytes.to_vec());
        self.bury(attempt, held.offset, &death, tries, bytes).await?;
        Ok(Kind::Accept)
    }

    async fn mark_tried(
        &self,
        attempt: &mut Attempt,
        offset: i64,
        tried: super::marks::Tried,
    ) -> Result<(), Fault> {
        self.mark(attempt, &[Mark::Tried(offset, Some(tried))]).await?;
        self.marks().tried.insert(offset, tried);
        Ok(())
    }

    /// These items are finished: how they were tried is of no account. Nobody waits for it.
    pub(super) fn forget(&self, offsets: &[i64]) {
        let forgotten: Vec<_> = {
            let mut marks = self.marks();
            let known = offsets.iter().filter(|offset| marks.tried.remove(offset).is_some());
            known.map(|offset| Mark::Tried(*offset, None).record(&self.names.meta)).collect()
        };
        if !forgotten.is_empty() {
            let link = Arc::clone(&self.link);
            runtime::spawn(async move { drop(link.write(forgotten).await) });
        }
    }

    /// Makes a dead letter. When its process dies before the item is finished there are both.
    pub(super) async fn bury(
        &self,
        attempt: &mut Attempt,
        offset: i64,
        death: &Death,
        tries: Tries,
        bytes: Bytes,
    ) -> Result<(), Fault> {
        // The same item that is buried again is one letter; one without an offset is another one each time.
        let id = match offset {
            0.. => format!("{offset}"),
            _ => format!("{}-{}", self.name, self.number()),
        };
        loop {
            let letter = record::dead(&self.names.dead, &id, death, tries, bytes.clone());
            match self.link.write(vec![letter]).await.1 {
                Ok(()) => return Ok(()),
                Err(error) => self.again(attempt, &error).await?,
            }
        }
    }

    /// Makes a dead letter of what was taken already.
    pub(super) async fn entomb(&self, taken: &Loan, reason: &str) -> Result<(), Fault> {
        let mut attempt = self.link.attempt(None);
        let &Loan { deliveries, failures, .. } = taken;
        let death = Death::Rejected(reason.to_owned());
        let tries = Tries { deliveries, failures };
        self.bury(&mut attempt, -1, &death, tries, Bytes::from(taken.bytes.to_vec())).await
    }

    /// Moves a lease's deadline, if it has one; whether it was still held.
    pub(super) fn extend(self: &Arc<Self>, token: u64, duration: Duration) -> bool {
        let now = Instant::now();
        let mut out = self.out();
        let Some(held) = out.leases.get_mut(&token).filter(|held| held.is_live(now)) else {
            return false;
        };
        if held.deadline.is_none() {
            return true;
        }
        held.deadline = now.checked_add(duration).or(held.deadline);
        drop(out);
        self.expire_in_time(token);
        true
    }

    /// Tells Kafka that what is held is worked on.
    pub(super) async fn renew(&self) {
        let due: Vec<(u64, i64)> = {
            let out = self.out();
            let now = Instant::now();
            let due = out.leases.iter().filter(|(_, held)| held.kept < now + held.lock * 2 / 3);
            due.map(|(token, held)| (*token, held.offset)).collect()
        };
        if due.is_empty() {
            return;
        }
        let mut share = self.alone_to_answer().await;
        let sent = Instant::now();
        // Some were answered meanwhile, and others are over: those Kafka might renew for us, though another has them.
        let due: Vec<_> = {
            let mut out = self.out();
            out.leases.retain(|_, held| held.kept > sent);
            due.into_iter().filter(|(token, _)| out.leases.contains_key(token)).collect()
        };
        let renewals: Vec<_> = due.iter().map(|(_, offset)| (*offset, Kind::Renew)).collect();
        match share.answer(&self.names, self.topics.items, &renewals).await {
            Ok(was_held) => {
                let mut out = self.out();
                for ((token, _), was_held) in due.iter().zip(was_held) {
                    if was_held && let Some(held) = out.leases.get_mut(token) {
                        held.kept = sent + held.lock;
                    } else {
                        out.leases.remove(token);
                    }
                }
            }
            Err(_) => self.lose(&mut share).await,
        }
    }
}
