//! The record on the server: held, looked at, changed.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use forebay_contract::{Fault, Share, Statistics};
use tokio::time;

use super::link::{Attempt, Takes};
use super::message;
use super::record::{Counts, Presence, Record};
use super::session::{Over, Session, get};
use super::tries::{put_away, put_back};
use crate::engine::Role;

/// Between two looks whether another has given the record back.
const PAUSE: Duration = Duration::from_millis(2);

/// The record, held. Nobody else has it meanwhile.
pub(super) struct HeldRecord {
    takes: Arc<Takes>,
    /// The message that it is in, and those that a death has left beside it.
    tags: Vec<u64>,
    pub(super) record: Record,
}

impl HeldRecord {
    /// The connection by which it is held.
    pub(super) fn takes(&self) -> Arc<Takes> {
        Arc::clone(&self.takes)
    }

    pub(super) async fn put_back(self) {
        put_back(&self.takes, &self.tags).await;
    }
}

impl Session {
    /// Waits for the record and holds it.
    pub(super) async fn hold(&self, attempt: &mut Attempt<'_>) -> Result<HeldRecord, Fault> {
        loop {
            let (_, takes) = attempt.takes().await?;
            match attempt.wait(&takes.life, held(&takes, &self.names.meta)).await? {
                Ok(Some(Ok(held))) if held.record.identity == self.identity => return Ok(held),
                Ok(Some(Ok(held))) => {
                    held.put_back().await;
                    return Err(self.note(Fault::Gone));
                }
                Ok(Some(Err(_))) => return Err(Fault::Damaged),
                Ok(None) if Instant::now() >= attempt.end => return Err(Fault::Unanswered),
                Ok(None) => time::sleep(PAUSE).await,
                Err(error) => attempt.again(&error).await.map_err(|fault| self.note(fault))?,
            }
        }
    }

    /// Brings to the record what this session has counted, and who is here.
    pub(super) async fn tell(&self) -> Result<Record, Fault> {
        let _one_at_a_time = self.telling.lock().await;
        let mut attempt = self.link.attempt(None);
        let mut held = self.hold(&mut attempt).await?;
        let told = self.bring(&mut held.record);
        let text = held.record.encode();
        let stored = self
            .store(&mut attempt, &self.names.meta, text.as_bytes(), &message::properties())
            .await;
        if let Err(fault) = stored {
            self.out().is_changed = true;
            held.put_back().await;
            return Err(self.note(fault));
        }
        self.out().news.subtract(&told);
        put_away(&held.takes, &held.tags).await;
        Ok(held.record)
    }

    /// Adds what this session has to tell; the counts that it told.
    fn bring(&self, record: &mut Record) -> Counts {
        let mut out = self.out();
        out.is_changed = false;
        for own in out.handles.values_mut() {
            if own.role == Role::Consumer && own.number.is_none() {
                own.number = Some(record.next_consumer);
                record.next_consumer += 1;
            }
        }
        record.version += 1;
        record.forget();
        record.counts.add(&out.news);
        if out.handles.is_empty() {
            record.sessions.remove(&self.name);
        } else {
            let mut presence = Presence::new();
            presence.producers =
                out.handles.values().filter(|own| own.role == Role::Producer).count();
            presence.producers_waiting = out.waiting(Role::Producer);
            presence.consumers_waiting = out.waiting(Role::Consumer);
            presence.taken = out.taken();
            record.sessions.insert(self.name.clone(), presence);
        }
        out.news.clone()
    }

    /// Whether there is something to tell.
    pub(super) fn has_news(&self) -> bool {
        let out = self.out();
        let is_waiting = !out.line.is_empty();
        let high_water = Counts { high_water: out.news.high_water, ..Counts::default() };
        out.is_changed || is_waiting || out.news != high_water
    }

    /// The record as it would be if everything was told.
    async fn record(&self) -> Result<Record, Fault> {
        let has_numbers = {
            let out = self.out();
            let mut consumers = out.handles.values().filter(|own| own.role == Role::Consumer);
            consumers.all(|own| own.number.is_some())
        };
        if !has_numbers {
            match self.tell().await {
                // It can be read all the same.
                Err(Fault::OutOfMemory) => {}
                told => return told,
            }
        }
        let _one_at_a_time = self.telling.lock().await;
        let mut attempt = self.link.attempt(None);
        let held = self.hold(&mut attempt).await?;
        let mut record = held.record.clone();
        held.put_back().await;
        let was_changed = self.out().is_changed;
        self.bring(&mut record);
        self.out().is_changed = was_changed;
        Ok(record)
    }

    /// The counts of this moment.
    pub(super) async fn statistics(self: &Arc<Self>) -> Result<Statistics, Fault> {
        self.ensure_there()?;
        // Nothing of this process moves while it is counted.
        let (_lent, _answered) = (self.lend_alone().await, self.answering.write().await);
        let record = self.record().await?;
        let names = &self.names;
        let mut attempt = self.link.attempt(None);
        let queues = [&names.passes, &names.items, &names.dead, &names.open];
        let [passes, waiting, dead, open] = self.look(&mut attempt, queues).await?;
        let mut told = Statistics::default();
        {
            let mut out = self.out();
            out.see_depth(waiting);
            let home = passes + out.spare.len() as u64;
            let without = out.leases.values().filter(|held| held.pass.is_none()).count() as u64;
            told.leased = self.settings.lease_limit().saturating_sub(home) + without;
            told.reserved = out.permits.len() as u64;
            told.high_water = record.counts.high_water.max(waiting);
        }
        told.waiting = waiting;
        told.dead = dead;
        told.closed = open == 0;
        if told.closed {
            self.is_closed.store(true, Ordering::Relaxed);
        }
        told.finished = record.counts.finished;
        told.dropped = record.counts.dropped;
        told.departed = record.counts.departed;
        told.producer_wait = record.counts.producer_wait;
        told.consumer_wait = record.counts.consumer_wait;
        told.produced = told.finished + told.waiting + told.leased + told.dead + told.dropped;
        for session in record.sessions.values() {
            told.producers += session.producers;
            told.consumers += session.taken.len();
            told.producers_waiting += session.producers_waiting;
            told.consumers_waiting += session.consumers_waiting;
            for taken in &session.taken {
                let mut share = Share::default();
                (share.consumer, share.items, share.waited) =
                    (taken.consumer, taken.items, taken.waited);
                told.shares.push(share);
            }
        }
        told.shares.sort_by_key(|share| share.consumer);
        Ok(told)
    }
}

/// The record, if nobody else holds it, or what there is in its place.
pub(super) async fn held(
    takes: &Arc<Takes>,
    meta: &lapin::types::ShortString,
) -> Result<Option<Result<HeldRecord, String>>, lapin::Error> {
    let (mut tags, mut records, mut strange) = (Vec::new(), Vec::new(), None);
    while let Some(message) = get(takes, Over::Desk, meta.clone()).await? {
        tags.push(message.delivery_tag);
        let text = String::from_utf8_lossy(&message.data).into_owned();
        match Record::decode(&text) {
            Some(record) => records.push(record),
            None => strange = Some(text),
        }
        if message.message_count == 0 {
            break;
        }
    }
    if let Some(strange) = strange {
        put_back(takes, &tags).await;
        return Ok(Some(Err(strange)));
    }
    let latest = records.into_iter().max_by_key(|record| record.version);
    Ok(latest.map(|record| Ok(HeldRecord { takes: Arc::clone(takes), tags, record })))
}
