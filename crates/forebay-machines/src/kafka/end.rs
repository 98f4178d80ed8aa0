//! The ends of a buffer: joined, counted, deleted.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use forebay_contract::{Fault, Share, Statistics};
use krafka::admin::{DeleteConsumerGroupsOptions, DeleteTopicsOptions, OffsetSpec};

use super::lend::LOOKS;
use super::link::Attempt;
use super::out::Own;
use super::session::Session;
use super::share;
use super::wake::Wake;
use crate::engine::{Joined, Role, Standing};

/// So many items may come while Kafka counts.
const MEANWHILE: i64 = 8;

impl Session {
    /// Whether nothing is unfinished.
    pub(super) async fn join(self: &Arc<Self>, standing: Standing) -> Result<Joined, Fault> {
        self.ensure_there()?;
        let mut attempt = self.link.attempt_of(standing);
        let Some(share) = self.alone_until(attempt.end).await else {
            return self.link.late(&attempt, Joined::Busy { begun: 0, pause: None });
        };
        let unfinished = self.unfinished(&mut attempt, &share).await?;
        drop(share);
        if unfinished == 0 {
            self.out().leave(standing.waiter);
            return Ok(Joined::Idle);
        }
        self.out().stand(standing, None, 0, false);
        if standing.is_patient {
            self.watch();
        }
        Ok(Joined::Busy { begun: 0, pause: None })
    }

    /// How many were ever put, and how many of these are unfinished. Kafka counts from how far the group had come when it was
    /// asked to where the log ends when it answers; so what came in between is left out, and where that is much, it is asked
    /// again.
    async fn reckon(
        &self,
        attempt: &mut Attempt,
        share: &share::Share,
    ) -> Result<(u64, u64), Fault> {
        let mut looks = LOOKS;
        loop {
            let put = self.offset(attempt, OffsetSpec::Latest).await?;
            let unfinished = self.look(share).await?;
            let after = self.offset(attempt, OffsetSpec::Latest).await?;
            if after - put <= MEANWHILE || looks == 0 {
                return Ok(at_one_moment(put, unfinished, after));
            }
            looks -= 1;
        }
    }

    /// The counts of this moment. What is finished is what is left when all else is counted.
    pub(super) async fn statistics(self: &Arc<Self>) -> Result<Statistics, Fault> {
        self.ensure_there()?;
        let mut attempt = self.link.attempt(None);
        let _places = self.places.lock().await;
        let share = self.alone_until(attempt.end).await.ok_or(Fault::Unreachable)?;
        let (put, unfinished) = self.reckon(&mut attempt, &share).await?;
        let dead = self.read_letters(&mut attempt).await?;
        drop(share);
        let marks = self.marks();
        let (others, mut counts) = marks.others(&self.name);
        let mut out = self.out();
        counts.add(&out.counts);
        let elsewhere: u64 = others.iter().map(|presence| presence.held).sum();
        let leased = (out.leases.len() as u64 + elsewhere).min(unfinished);
        let gone = counts.moved + counts.dropped + dead + counts.purged + counts.retried;
        let own = out.presence();
        let mut statistics = Statistics::default();
        statistics.produced = put.saturating_sub(counts.moved + counts.retried) + counts.unplaced;
        statistics.finished = put.saturating_sub(unfinished + gone);
        statistics.waiting = unfinished - leased;
        statistics.leased = leased;
        statistics.dead = dead;
        statistics.reserved = out.permits.len() as u64;
        statistics.dropped = counts.dropped + counts.unplaced + counts.purged;
        out.see_depth(statistics.waiting);
        statistics.high_water = counts.high_water.max(statistics.waiting);
        statistics.closed = self.is_closed();
        statistics.producer_wait = counts.producer_wait;
        statistics.consumer_wait = counts.consumer_wait;
        statistics.departed = counts.departed;
        for presence in std::iter::once(&own).chain(others) {
            statistics.producers += presence.producers;
            statistics.consumers += presence.taken.len();
            statistics.producers_waiting += presence.producers_waiting;
            statistics.consumers_waiting += presence.consumers_waiting;
            // The numbers of one session follow those of the one before.
            let first = statistics.shares.last().map_or(0, |share: &Share| share.consumer + 1);
            for taken in &presence.taken {
                let mut one = Share::default();
                one.consumer = first + taken.number;
                (one.items, one.waited) = (taken.items, taken.waited);
                statistics.shares.push(one);
            }
        }
        Ok(statistics)
    }

    /// A handle was made.
    pub(super) fn enroll(&self, handle: u64, role: Role) {
        let mut out = self.out();
        let own = Own { role, number: out.consumers, items: 0, waited: Duration::ZERO };
        out.consumers += u64::from(role == Role::Consumer);
        out.handles.insert(handle, own);
    }

    /// A handle was dropped; whether it was the last.
    pub(super) fn depart(&self, handle: u64) -> bool {
        let mut out = self.out();
        let own = out.handles.remove(&handle);
        out.counts.departed += own.map_or(0, |own| own.items);
        out.handles.is_empty()
    }

    /// Deletes the buffer with all that is in it.
    pub(super) async fn delete(self: &Arc<Self>) -> Result<(), Fault> {
        self.ensure_there()?;
        let mut attempt = self.link.attempt(None);
        // Without one of its topics nobody connects to it any more, and the marks, by which it is found, go last.
        self.delete_topic(&mut attempt, &self.names.dead).await?;
        // Before the items: a server that is asked to forget a group while it forgets the group's topic tries for half a
        // minute, and gives up.
        let groups = [self.names.group.clone()];
        let asked =
            self.link.admin.delete_consumer_groups(groups, DeleteConsumerGroupsOptions::default());
        // A group without topics holds nothing; where it stays, it is a name.
        let _ = attempt.wait(asked).await;
        self.delete_topic(&mut attempt, &self.names.items).await?;
        self.delete_topic(&mut attempt, &self.names.meta).await?;
        self.is_gone.store(true, Ordering::Relaxed);
        self.hear(Wake::All);
        self.waiters.call_all();
        Ok(())
    }

    /// Deletes a topic, if it is there.
    async fn delete_topic(&self, attempt: &mut Attempt, topic: &str) -> Result<(), Fault> {
        loop {
            let asked = self.link.admin.delete_topics([topic], DeleteTopicsOptions::default());
            let came = attempt
                .wait(asked)
                .await?
                .and_then(|mut came| came.remove(topic).unwrap_or(Ok(())));
            match came {
                Ok(()) => return Ok(()),
                Err(error) if super::fate::says_missing(&error) => return Ok(()),
                Err(error) => attempt.again(&error).await?,
            }
        }
    }
}

/// How many were put, and how many of these are unfinished: of `put` before it was asked what is unfinished, and `after` then.
/// What came in between may be among the unfinished, and is among neither.
fn at_one_moment(put: i64, unfinished: u64, after: i64) -> (u64, u64) {
    let [put, more] = [put, after - put].map(|count| u64::try_from(count).unwrap_or_default());
    (put, unfinished.saturating_sub(more).min(put))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_while_it_is_counted_is_counted_nowhere() {
        // Ten were put and seven finished; two more came before Kafka answered.
        assert_eq!(at_one_moment(10, 5, 12), (10, 3));
        assert_eq!(at_one_moment(10, 3, 10), (10, 3));
        // They came after it had: too few is told, and never more unfinished than were put.
        assert_eq!(at_one_moment(10, 3, 12), (10, 1));
        assert_eq!(at_one_moment(0, 2, 2), (0, 0));
        assert_eq!(at_one_moment(1, 9, 2), (1, 1));
    }
}
