//! How often an item was leased and failed, once that is more than the broker tells: it says of a message only whether
//! it came back before.
//!
//! Beside such an item there is a queue of its own, with one message, which only the item's holder touches. The item
//! itself stays the message that it is, so that it goes back to its own position, by the broker, whoever dies.

use std::sync::Arc;
use std::time::Instant;

use forebay_contract::Fault;
use futures_util::future;
use lapin::Error;
use lapin::options::{BasicAckOptions, BasicNackOptions, QueueDeclareOptions, QueueDeleteOptions};
use lapin::types::{AMQPValue, FieldTable};

use super::link::{Attempt, Takes};
use super::message::Tries;
use super::session::{Over, Session, get};
use crate::runtime;

/// What a death left behind goes when nobody has touched it for 30 days, in milliseconds.
const KEPT: i64 = 30 * 24 * 3600 * 1000;

/// The messages of one item's tries, held.
struct Noted {
    takes: Arc<Takes>,
    /// In their order: where there are several after a death, the last one holds.
    tags: Vec<u64>,
    tries: Option<Tries>,
}

impl Session {
    /// Counts one more lease of an item that came back, unless that is past the limit of deliveries; what it was before.
    pub(super) async fn count_delivery(
        &self,
        attempt: &mut Attempt<'_>,
        id: &str,
    ) -> Result<Tries, Fault> {
        loop {
            let before = self.count_once(attempt, id).await;
            if !self.is_another_try(attempt, &before).await? {
                return before;
            }
        }
    }

    async fn count_once(&self, attempt: &mut Attempt<'_>, id: &str) -> Result<Tries, Fault> {
        let noted = self.noted(attempt, id).await?;
        // Nothing is noted of the first time that it comes back.
        let before = noted.tries.unwrap_or(Tries { deliveries: 1, failures: 0 });
        let is_past = self.settings.max_deliveries.is_some_and(|most| before.deliveries >= most);
        let after = Tries { deliveries: before.deliveries + 1, ..before };
        if is_past {
            put_back(&noted.takes, &noted.tags).await;
            return Ok(before);
        }
        match self.replace(attempt, id, after, &noted).await {
            // A server that is short of memory lends, and counts nothing.
            Ok(()) | Err(Fault::OutOfMemory) => Ok(before),
            Err(fault) => Err(fault),
        }
    }

    /// Notes the tries of an item that is held.
    pub(super) async fn note_tries(
        &self,
        attempt: &mut Attempt<'_>,
        id: &str,
        tries: Tries,
    ) -> Result<(), Fault> {
        loop {
            let noted = self.noted(attempt, id).await?;
            let replaced = self.replace(attempt, id, tries, &noted).await;
            if !self.is_another_try(attempt, &replaced).await? {
                return replaced;
            }
        }
    }

    /// Whether the queue of the tries is gone and the buffer is not: somebody acked the item, was cut off, and forgot its
    /// tries after the broker had given it back.
    async fn is_another_try<T>(
        &self,
        attempt: &mut Attempt<'_>,
        outcome: &Result<T, Fault>,
    ) -> Result<bool, Fault> {
        if !matches!(outcome, Err(Fault::Gone)) || Instant::now() >= attempt.end {
            return Ok(false);
        }
        // If the buffer is gone, this says so.
        self.look(attempt, [&self.names.meta]).await.map(|_| true)
    }

    /// The item is no more.
    pub(super) fn forget_tries(&self, id: &str) {
        let Some((_, takes)) = self.link.takes.current() else { return };
        let queue = self.names.tries(id);
        runtime::spawn(async move {
            let unheard = QueueDeleteOptions { nowait: true, ..QueueDeleteOptions::default() };
            let _ = takes.life.answered(takes.desk.queue_delete(queue, unheard)).await;
        });
    }

    /// Takes what is noted of an item, to look at it or change it.
    async fn noted(&self, attempt: &mut Attempt<'_>, id: &str) -> Result<Noted, Fault> {
        loop {
            let (_, takes) = attempt.takes().await?;
            match attempt.wait(&takes.life, self.take_noted(&takes, id)).await? {
                Ok(noted) => return Ok(noted),
                // Also where it was declared, and gone before it was looked into.
                Err(error) => attempt.again(&error).await?,
            }
        }
    }

    async fn take_noted(&self, takes: &Arc<Takes>, id: &str) -> Result<Noted, Error> {
        let queue = self.names.tries(id);
        let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
        let mut arguments = FieldTable::default();
        arguments.insert("x-expires".into(), AMQPValue::LongLongInt(KEPT));
        takes.desk.queue_declare(queue.clone(), durable, arguments).await?;
        let mut noted = Noted { takes: Arc::clone(takes), tags: Vec::new(), tries: None };
        while let Some(message) = get(takes, Over::Desk, queue.clone()).await? {
            noted.tags.push(message.delivery_tag);
            noted.tries = Some(Tries::read(&message.delivery));
            if message.message_count == 0 {
                break;
            }
        }
        Ok(noted)
    }

    /// Puts another note in the place of what there was, which is back when that fails.
    async fn replace(
        &self,
        attempt: &mut Attempt<'_>,
        id: &str,
        tries: Tries,
        noted: &Noted,
    ) -> Result<(), Fault> {
        let stored = self.store(attempt, &self.names.tries(id), &[], &tries.properties()).await;
        if stored.is_ok() {
            put_away(&noted.takes, &noted.tags).await;
        } else {
            put_back(&noted.takes, &noted.tags).await;
        }
        stored
    }
}

/// Acks messages of the buffer's own. Where this fails they are there again, before the newer ones.
pub(super) async fn put_away(takes: &Takes, tags: &[u64]) {
    let acks = tags.iter().map(|tag| takes.desk.basic_ack(*tag, BasicAckOptions::default()));
    let _ = takes.life.answered(future::try_join_all(acks)).await;
}

/// Gives messages back that were only looked at.
pub(super) async fn put_back(takes: &Takes, tags: &[u64]) {
    let requeue = BasicNackOptions { requeue: true, ..BasicNackOptions::default() };
    let nacks = tags.iter().map(|tag| takes.desk.basic_nack(*tag, requeue));
    // Where this fails they are back by themselves.
    let _ = takes.life.answered(future::try_join_all(nacks)).await;
}
