//! Answers: what becomes of an item when its lease ends.

use std::sync::Arc;
use std::time::{Duration, Instant};

use forebay_contract::{Death, Fault};
use futures_util::future;
use lapin::options::{BasicAckOptions, BasicNackOptions};

use super::link::Attempt;
use super::message::{self, Tries};
use super::session::{Held, Session};
use super::wake::Wake;
use crate::engine::{Answer, Loan};

/// What becomes of one item.
enum End {
    Acked,
    Buried,
    Back,
}

impl Session {
    /// Ends leases: for each, whether it was still held.
    pub(super) async fn answer(
        self: &Arc<Self>,
        answer: Answer,
        reason: &str,
        tokens: &[u64],
    ) -> Result<Vec<bool>, Fault> {
        self.ensure_there()?;
        let now = Instant::now();
        let by = self.link.takes.current().map(|(number, _)| number);
        let held: Vec<Option<Held>> = {
            let mut out = self.out();
            let mut end = |token: &u64| {
                // What another connection held went back with it, and what has expired goes back by itself.
                let is_live = |held: &Held| held.deadline.is_none_or(|deadline| deadline > now);
                let is_held = out.leases.get(token).is_some_and(is_live);
                out.leases.remove(token).filter(|_| is_held).filter(|held| Some(held.by) == by)
            };
            tokens.iter().map(&mut end).collect()
        };
        let answered = held.iter().map(Option::is_some).collect();
        let held: Vec<Held> = held.into_iter().flatten().collect();
        self.end_all(answer, reason, held).await?;
        Ok(answered)
    }

    /// Gives an item back whose lease has expired.
    pub(super) async fn expire(self: &Arc<Self>, token: u64) {
        let held = self.out().leases.remove(&token);
        // Where this fails its connection is gone, and it with that.
        let _ = self.end_all(Answer::Nack, "", held.into_iter().collect()).await;
    }

    async fn end_all(
        self: &Arc<Self>,
        answer: Answer,
        reason: &str,
        held: Vec<Held>,
    ) -> Result<(), Fault> {
        let Some(by) = held.first().map(|held| held.by) else { return Ok(()) };
        // What goes back is there for whoever looks next.
        let _before_lends = match answer {
            Answer::Ack | Answer::Reject => None,
            Answer::Nack | Answer::Fail | Answer::Undo => Some(self.lending.lock().await),
        };
        let _counted = self.answering.read().await;
        let mut attempt = self.link.attempt(None);
        let (mut acked, mut back, mut passes) = (Vec::new(), Vec::new(), Vec::new());
        let (mut finished, mut failed) = (0, None);
        for one in &held {
            let end = match self.end(&mut attempt, answer, reason, one).await {
                Ok(end) => end,
                Err(fault) => {
                    // It goes back, as if nothing had been said.
                    failed = Some(fault);
                    End::Back
                }
            };
            match end {
                End::Acked => {
                    acked.push(one.tag);
                    finished += 1;
                }
                End::Buried => acked.push(one.tag),
                End::Back => back.push(one.tag),
            }
            passes.extend(one.pass);
        }
        let wakes: &[Wake] =
            if back.is_empty() { &[Wake::Ended] } else { &[Wake::Item, Wake::Ended] };
        // An item is back before its pass: whoever sees all passes sees the item.
        let returned = self.keep_spare(passes);
        back.extend(returned.iter().map(|pass| pass.tag));
        self.settle(&attempt, by, &acked, &back).await?;
        self.out().news.finished += finished;
        for one in held.iter().filter(|one| one.is_tried && acked.contains(&one.tag)) {
            self.forget_tries(&one.id);
        }
        self.wake(wakes);
        failed.map_or(Ok(()), Err)
    }

    /// What this answer makes of an item. What has to be kept is kept before the lease ends.
    async fn end(
        self: &Arc<Self>,
        attempt: &mut Attempt<'_>,
        answer: Answer,
        reason: &str,
        held: &Held,
    ) -> Result<End, Fault> {
        let mut tries = held.tries;
        let at_its_limit =
            self.settings.max_deliveries.is_some_and(|most| tries.deliveries >= most);
        let death = match answer {
            Answer::Ack => return Ok(End::Acked),
            Answer::Undo => {
                tries.deliveries -= 1;
                self.out().untook(held.handle);
                self.note_tries(attempt, &held.id, tries).await?;
                return Ok(End::Back);
            }
            Answer::Reject => Death::Rejected(reason.to_owned()),
            Answer::Fail => {
                tries.failures += 1;
                if self.settings.max_failures.is_some_and(|most| tries.failures >= most) {
                    Death::Failures(reason.to_owned())
                } else if at_its_limit {
                    Death::Deliveries
                } else {
                    self.note_tries(attempt, &held.id, tries).await?;
                    return Ok(End::Back);
                }
            }
            Answer::Nack if at_its_limit => Death::Deliveries,
            Answer::Nack => return Ok(End::Back),
        };
        self.bury(attempt, &held.id, &death, tries, &held.bytes).await?;
        Ok(End::Buried)
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
        match attempt.wait(&takes.life, told).await? {
            Ok(()) => Ok(()),
            Err(_) => Err(Fault::Unanswered),
        }
    }

    /// Makes a dead letter. When its process dies before the item is acked there are both.
    pub(super) async fn bury(
        &self,
        attempt: &mut Attempt<'_>,
        id: &str,
        death: &Death,
        tries: Tries,
        bytes: &[u8],
    ) -> Result<(), Fault> {
        let properties = message::dead(id, death, tries);
        let stored = self.store(attempt, &self.names.dead, bytes, &properties).await;
        stored.map_err(|fault| self.note(fault))
    }

    /// Makes a dead letter of what was taken already.
    pub(super) async fn entomb(&self, taken: &Loan, reason: &str) -> Result<(), Fault> {
        let mut attempt = self.link.attempt(None);
        let &Loan { deliveries, failures, .. } = taken;
        let death = Death::Rejected(reason.to_owned());
        let tries = Tries { deliveries, failures };
        self.bury(&mut attempt, &self.id(), &death, tries, &taken.bytes).await?;
        // It counted as finished.
        self.out().news.finished -= 1;
        Ok(())
    }

    /// Moves a lease's deadline, if it has one; whether it was still held.
    pub(super) fn extend(self: &Arc<Self>, token: u64, duration: Duration) -> bool {
        let now = Instant::now();
        let by = self.link.takes.current().map(|(number, _)| number);
        let mut out = self.out();
        let Some(held) = out.leases.get_mut(&token).filter(|held| Some(held.by) == by) else {
            return false;
        };
        let Some(deadline) = held.deadline else { return true };
        if deadline <= now {
            return false;
        }
        held.deadline = now.checked_add(duration).or(held.deadline);
        drop(out);
        self.watch(token);
        true
    }
}
