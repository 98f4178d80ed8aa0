//! One connection to one buffer, and what this process has to remember of it.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use forebay_contract::Fault;
use krafka::KrafkaError;
use krafka::admin::{ListOffsetsOptions, OffsetSpec, SharePartitionOffset, TopicPartition};

use tokio::time;

use super::fate::{hints_at_gone, hints_at_moved};
use super::letters::Graves;
use super::link::{Attempt, Link};
use super::log::{self, Place};
use super::marks::{Mark, Marks};
use super::names::Names;
use super::out::Out;
use super::share::Share;
use crate::settings::Settings;
use crate::waiters::Waiters;

/// The most that is read of the marks at once, in bytes.
const MARKS: i32 = 1024 * 1024;

/// One connection to one buffer.
pub(super) struct Session {
    pub(super) link: Arc<Link>,
    pub(super) names: Names,
    pub(super) settings: Settings,
    pub(super) topics: Topics,
    /// So often Kafka lends an item, and then drops it.
    pub(super) most_counts: i16,
    /// Among all sessions.
    pub(super) name: String,
    pub(super) waiters: Arc<Waiters>,
    /// One lends or answers at a time. Whoever counts has it, too: nothing of this process is on its way then.
    share: tokio::sync::Mutex<Share>,
    /// One puts at a time, so that no two see the same room.
    pub(super) places: tokio::sync::Mutex<()>,
    /// One reads the marks at a time: where the next are.
    reading: tokio::sync::Mutex<i64>,
    /// Where the items end, as far as is known.
    // Relaxed: it only grows, and whoever relies on it has read or written himself before.
    end: AtomicI64,
    reckoning: Mutex<Option<Reckoning>>,
    marks: Mutex<Marks>,
    /// One tells the others at a time.
    pub(super) telling: tokio::sync::Mutex<()>,
    /// What is known of the dead letters.
    pub(super) graves: tokio::sync::Mutex<Graves>,
    // Relaxed: once closed or gone, it stays so.
    pub(super) is_closed: AtomicBool,
    pub(super) is_gone: AtomicBool,
    // Relaxed: a number need only be another one.
    next: AtomicU64,
    out: Mutex<Out>,
}

/// What is unfinished at the most: so many when it was asked for last, of which some may be finished since.
#[derive(Debug, Clone, Copy)]
struct Reckoning {
    unfinished: u64,
    /// Where the items ended then, or before.
    end: i64,
}

/// The ids of the topics, which others of the same name do not have.
#[derive(Debug, Clone, Copy)]
pub(super) struct Topics {
    pub(super) items: [u8; 16],
    pub(super) dead: [u8; 16],
    pub(super) meta: [u8; 16],
}

/// What is found when a session begins.
pub(super) struct Start {
    pub(super) names: Names,
    pub(super) settings: Settings,
    pub(super) topics: Topics,
    pub(super) most_counts: i16,
    pub(super) marks: Marks,
    /// Where the next marks are.
    pub(super) next: i64,
}

impl Session {
    pub(super) fn new(link: Link, start: Start, waiters: Arc<Waiters>) -> Arc<Self> {
        let Start { names, settings, topics, most_counts, marks, next } = start;
        Arc::new(Self {
            link: Arc::new(link),
            names,
            settings,
            topics,
            most_counts,
            name: super::random(),
            waiters,
            share: tokio::sync::Mutex::new(Share::new()),
            places: tokio::sync::Mutex::default(),
            reading: tokio::sync::Mutex::new(next),
            end: AtomicI64::new(0),
            reckoning: Mutex::default(),
            telling: tokio::sync::Mutex::default(),
            graves: tokio::sync::Mutex::default(),
            is_closed: AtomicBool::new(marks.is_closed),
            is_gone: AtomicBool::new(false),
            marks: Mutex::new(marks),
            next: AtomicU64::new(1),
            out: Mutex::default(),
        })
    }

    pub(super) fn out(&self) -> MutexGuard<'_, Out> {
        self.out.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn marks(&self) -> MutexGuard<'_, Marks> {
        self.marks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A number that nothing else of this session has.
    pub(super) fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Relaxed)
    }

    /// The buffer is gone, as this fault says; whoever waits is told.
    pub(super) fn note(&self, fault: Fault) -> Fault {
        if fault == Fault::Gone && !self.is_gone.swap(true, Ordering::Relaxed) {
            self.waiters.call_all();
        }
        fault
    }

    /// Nothing is asked of a buffer that is gone.
    pub(super) fn ensure_there(&self) -> Result<(), Fault> {
        if self.is_gone.load(Ordering::Relaxed) { Err(Fault::Gone) } else { Ok(()) }
    }

    /// It failed: why it is not tried again, if it is not.
    pub(super) async fn again(
        &self,
        attempt: &mut Attempt,
        error: &KrafkaError,
    ) -> Result<(), Fault> {
        if hints_at_gone(error)
            && let Ok(Ok(id)) = attempt.wait(self.link.topic_id(&self.names.items)).await
            && id != Some(self.topics.items)
        {
            return Err(self.note(Fault::Gone));
        }
        if hints_at_moved(error) {
            let Names { items, meta, dead, .. } = &self.names;
            let topics = [items.as_str(), meta, dead];
            // Where there is no time for it, there is none to try again.
            let _ = time::timeout_at(attempt.end.into(), self.link.refresh(&topics)).await;
        }
        attempt.again(error).await
    }

    /// Waits until nobody else of this process lends, answers or counts, and gives back what came to nobody.
    pub(super) async fn alone(&self) -> tokio::sync::MutexGuard<'_, Share> {
        let share = self.queue().await;
        self.tidy(share).await
    }

    /// The same for an answer, which comes in the order in which it was given: before whoever lends or counts after it.
    pub(super) async fn alone_to_answer(&self) -> tokio::sync::MutexGuard<'_, Share> {
        let share = self.share.lock().await;
        self.tidy(share).await
    }

    /// The same, as long as there is time.
    pub(super) async fn alone_until(
        &self,
        end: Instant,
    ) -> Option<tokio::sync::MutexGuard<'_, Share>> {
        // What is said to the server meanwhile is said to its end.
        let share = time::timeout_at(end.into(), self.queue()).await.ok()?;
        Some(self.tidy(share).await)
    }

    async fn queue(&self) -> tokio::sync::MutexGuard<'_, Share> {
        /// From where it was lent to where it is given back.
        const STEPS: usize = 4;
        if let Ok(share) = self.share.try_lock() {
            return share;
        }
        drop(self.share.lock().await);
        for _ in 0..STEPS {
            tokio::task::yield_now().await;
        }
        self.share.lock().await
    }

    async fn tidy<'a>(
        &self,
        mut share: tokio::sync::MutexGuard<'a, Share>,
    ) -> tokio::sync::MutexGuard<'a, Share> {
        if !share.is_fine() {
            self.lose(&mut share).await;
        }
        let disowned = std::mem::take(&mut self.out().disowned);
        if !disowned.is_empty() {
            let mut attempt = self.link.attempt(None);
            self.undo(&mut share, &mut attempt, &disowned).await;
        }
        share
    }

    /// The connection that held the leases is gone, and they with it.
    pub(super) async fn lose(&self, share: &mut Share) {
        share.reset().await;
        {
            let mut out = self.out();
            out.leases.clear();
            out.told.clear();
        }
        self.waiters.call_all();
    }

    /// What is unfinished, by Kafka's own account: the items between the first that is not finished and the end, less those
    /// among them that are. Nothing of this process may be on its way: that is what `_alone` is for.
    pub(super) async fn unfinished(
        &self,
        attempt: &mut Attempt,
        _alone: &Share,
    ) -> Result<u64, Fault> {
        let end = self.known_end();
        loop {
            match attempt.wait(self.standing()).await? {
                Ok(SharePartitionOffset { lag: Some(lag), .. }) => {
                    let unfinished = u64::try_from(lag).map_err(|_| Fault::Damaged)?;
                    *self.reckoning() = Some(Reckoning { unfinished, end });
                    return Ok(unfinished);
                }
                // A server that has just begun does not know yet.
                Ok(_) => {
                    let unknown = KrafkaError::timeout("lag is not known yet");
                    self.again(attempt, &unknown).await?;
                }
                Err(error) => self.again(attempt, &error).await?,
            }
        }
    }

    fn reckoning(&self) -> MutexGuard<'_, Option<Reckoning>> {
        self.reckoning.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is unfinished at the most, without asking: only puts make it more, and they make the log longer.
    pub(super) fn unfinished_at_most(&self) -> Option<u64> {
        let Reckoning { unfinished, end } = (*self.reckoning())?;
        Some(unfinished + u64::try_from(self.known_end() - end).unwrap_or_default())
    }

    /// So many were finished here.
    pub(super) fn finish(&self, items: u64) {
        if let Some(reckoning) = self.reckoning().as_mut() {
            reckoning.unfinished = reckoning.unfinished.saturating_sub(items);
        }
    }

    fn known_end(&self) -> i64 {
        self.end.load(Ordering::Relaxed)
    }

    /// The items reach to here at least.
    pub(super) fn see_end(&self, end: i64) {
        self.end.fetch_max(end, Ordering::Relaxed);
    }

    /// How far the group has come.
    pub(super) async fn standing(&self) -> krafka::Result<SharePartitionOffset> {
        self.link.standing(&self.names).await
    }

    /// Where the log of the items begins or ends.
    pub(super) async fn offset(
        &self,
        attempt: &mut Attempt,
        spec: OffsetSpec,
    ) -> Result<i64, Fault> {
        let items = TopicPartition::new(self.names.items.clone(), 0);
        loop {
            let asked = self
                .link
                .admin
                .list_offsets([(items.clone(), spec)], ListOffsetsOptions::default());
            let told = attempt.wait(asked).await?.and_then(|mut told| {
                told.remove(&items).unwrap_or_else(|| Err(KrafkaError::timeout("no offset")))
            });
            match told {
                Ok(told) => return Ok(told.offset),
                Err(error) => self.again(attempt, &error).await?,
            }
        }
    }

    /// Reads the marks that there are now, and how far the items reach.
    pub(super) async fn read_marks(&self, attempt: &mut Attempt) -> Result<(), Fault> {
        let mut next = self.reading.lock().await;
        loop {
            let read = attempt.wait(self.read_some_marks(*next)).await?;
            match read {
                Ok(read) => {
                    *next = read.next;
                    self.see(&read.records);
                    if read.records.is_empty() || read.next >= read.end {
                        return Ok(());
                    }
                }
                Err(error) => self.again(attempt, &error).await?,
            }
        }
    }

    /// Where the next marks are.
    pub(super) async fn next_mark(&self) -> i64 {
        *self.reading.lock().await
    }

    async fn read_some_marks(&self, from: i64) -> krafka::Result<log::Read> {
        let connection = self.link.leader(&self.names.meta).await?;
        let marks = Place { topic: self.topics.meta, from, most: MARKS };
        let items = Place { topic: self.topics.items, from: self.known_end(), most: 1 };
        let mut read = log::read(&connection, &[marks, items], Duration::ZERO).await?;
        self.link.heard();
        self.see_end(read[1].end.max(read[1].next));
        Ok(read.swap_remove(0))
    }

    /// Takes in marks that were read.
    fn see(&self, records: &[(i64, krafka::__private::protocol::Record)]) {
        let is_closed = {
            let mut marks = self.marks();
            for (_, record) in records {
                marks.see(record);
            }
            marks.is_closed
        };
        if is_closed && !self.is_closed.swap(true, Ordering::Relaxed) {
            self.waiters.call_all();
        }
    }

    /// Writes marks, and waits until they are there.
    pub(super) async fn mark(&self, attempt: &mut Attempt, marks: &[Mark]) -> Result<(), Fault> {
        let mut next = 0;
        while next < marks.len() {
            let records = marks[next..].iter().map(|mark| mark.record(&self.names.meta)).collect();
            let (written, came) = self.link.write(records).await;
            next += written.len();
            if let Err(error) = came {
                self.again(attempt, &error).await?;
            }
        }
        Ok(())
    }

    /// What is unfinished, once the marks are read as well.
    pub(super) async fn look(&self, share: &Share) -> Result<u64, Fault> {
        let mut attempt = self.link.attempt(None);
        self.read_marks(&mut attempt).await?;
        self.unfinished(&mut attempt, share).await
    }

    /// Whether nobody else is known to use the buffer.
    pub(super) fn is_sole(&self) -> bool {
        !self.marks().are_others(&self.name)
    }

    /// What waits, of so many unfinished.
    pub(super) fn waiting_of(&self, unfinished: u64) -> u64 {
        let elsewhere = self.marks().held_by_others(&self.name);
        unfinished.saturating_sub(self.out().leases.len() as u64 + elsewhere)
    }
}
