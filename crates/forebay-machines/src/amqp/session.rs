//! One connection to one buffer, and what this process has to remember of it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use forebay_contract::{Bytes, Fault};
use futures_util::future;
use lapin::message::BasicGetMessage;
use lapin::options::{BasicGetOptions, BasicNackOptions, QueueDeclareOptions};
use lapin::types::{FieldTable, ShortString};
use lapin::{Channel, Error};
use tokio::sync::oneshot;

use super::link::{Attempt, Link, Takes};
use super::message::Tries;
use super::names::Names;
use super::pass::Pass;
use super::record::{Counts, Taken};
use crate::engine::{Role, Standing};
use crate::settings::Settings;
use crate::waiters::Waiters;

/// Who waits looks again at least twice in this time, unless the server keeps it waiting for an answer.
const LATELY: Duration = Duration::from_secs(1);

/// One connection to one buffer.
pub(super) struct Session {
    pub(super) link: Link,
    pub(super) names: Names,
    pub(super) identity: String,
    pub(super) settings: Settings,
    /// Among all sessions.
    pub(super) name: String,
    pub(super) waiters: Arc<Waiters>,
    /// One lends at a time, so that nobody of this process finds a pass gone that another gives back at once.
    pub(super) lending: tokio::sync::Mutex<()>,
    /// Held by whoever answers; alone, by whoever counts.
    pub(super) answering: tokio::sync::RwLock<()>,
    /// One changes the record at a time.
    pub(super) telling: tokio::sync::Mutex<()>,
    /// Held by whoever puts; alone, by whoever has to look for room first.
    pub(super) places: tokio::sync::RwLock<()>,
    // Relaxed: once closed or gone, it stays so.
    pub(super) is_closed: AtomicBool,
    pub(super) is_gone: AtomicBool,
    // Relaxed: a number need only be another one.
    next: AtomicU64,
    out: Mutex<Out>,
}

/// What this process holds, or has to tell.
#[derive(Default)]
pub(super) struct Out {
    pub(super) leases: HashMap<u64, Held>,
    /// Passes that are not needed for the moment.
    pub(super) spare: Vec<Pass>,
    /// Passes on the server when one was had last.
    pub(super) passes_left: u64,
    pub(super) permits: BTreeSet<u64>,
    pub(super) handles: BTreeMap<u64, Own>,
    /// Who came first is first.
    pub(super) line: BTreeMap<u64, Standee>,
    /// What the record does not have yet.
    pub(super) news: Counts,
    /// Handles have come or gone, or items were taken.
    pub(super) is_changed: bool,
    pub(super) is_listening: bool,
}

/// An item that is held.
#[derive(Debug, Clone)]
pub(super) struct Held {
    /// The connection by which it is held.
    pub(super) by: u64,
    pub(super) tag: u64,
    pub(super) pass: Option<Pass>,
    /// The consumer.
    pub(super) handle: u64,
    pub(super) id: String,
    /// This lease included.
    pub(super) tries: Tries,
    /// Whether `tries` stand in a queue of their own.
    pub(super) is_tried: bool,
    pub(super) bytes: Bytes,
    /// When it goes back.
    pub(super) deadline: Option<Instant>,
}

/// A handle of this process.
#[derive(Debug)]
pub(super) struct Own {
    pub(super) role: Role,
    /// Its number among all consumers, once it is known.
    pub(super) number: Option<u64>,
    pub(super) items: u64,
    pub(super) waited: Duration,
}

/// A call that waits.
#[derive(Debug)]
pub(super) struct Standee {
    /// On which side; a join is on none.
    pub(super) role: Option<Role>,
    /// Whether it waits for a lease to end.
    pub(super) limit: bool,
    handle: u64,
    since: Instant,
    looked: Instant,
}

impl Out {
    fn stand(&mut self, waiter: u64, role: Option<Role>, handle: u64, limit: bool) {
        let now = Instant::now();
        let new = Standee { role, limit, handle, since: now, looked: now };
        let standee = self.line.entry(waiter).or_insert(new);
        (standee.limit, standee.looked) = (limit, now);
    }

    /// It waits no more; on which side it did.
    fn leave(&mut self, waiter: u64) -> Option<Role> {
        let standee = self.line.remove(&waiter)?;
        let waited = standee.since.elapsed();
        match standee.role {
            Some(Role::Producer) => self.news.producer_wait += waited,
            Some(Role::Consumer) => {
                self.news.consumer_wait += waited;
                if let Some(own) = self.handles.get_mut(&standee.handle) {
                    own.waited += waited;
                }
            }
            None => {}
        }
        standee.role
    }

    /// The first of this side, of those who wait for no lease to end.
    fn first(&self, role: Role) -> Option<(u64, &Standee)> {
        let mut line = self.line.iter().map(|(waiter, standee)| (*waiter, standee));
        line.find(|(_, standee)| standee.role == Some(role) && !standee.limit)
    }

    /// How many calls of this side wait.
    pub(super) fn waiting(&self, role: Role) -> usize {
        self.line.values().filter(|standee| standee.role == Some(role)).count()
    }

    /// This consumer took or leased so many.
    pub(super) fn took(&mut self, handle: u64, items: u64) {
        self.is_changed = true;
        match self.handles.get_mut(&handle) {
            Some(own) => own.items += items,
            None => self.news.departed += items,
        }
    }

    /// An item of this consumer's was none.
    pub(super) fn untook(&mut self, handle: u64) {
        if let Some(own) = self.handles.get_mut(&handle) {
            own.items = own.items.saturating_sub(1);
        }
    }

    /// So many waited at some moment.
    pub(super) fn see_depth(&mut self, depth: u64) {
        self.news.high_water = self.news.high_water.max(depth);
    }

    /// What the consumers took, with the numbers of those that have one.
    pub(super) fn taken(&self) -> Vec<Taken> {
        let consumers = self.handles.values().filter(|own| own.role == Role::Consumer);
        consumers
            .filter_map(|own| {
                let (items, waited) = (own.items, own.waited);
                own.number.map(|consumer| Taken { consumer, items, waited })
            })
            .collect()
    }
}

impl Session {
    pub(super) fn new(
        link: Link,
        names: Names,
        identity: String,
        settings: Settings,
        waiters: Arc<Waiters>,
    ) -> Arc<Self> {
        Arc::new(Self {
            link,
            names,
            identity,
            settings,
            name: super::random(),
            waiters,
            lending: tokio::sync::Mutex::default(),
            answering: tokio::sync::RwLock::default(),
            telling: tokio::sync::Mutex::default(),
            places: tokio::sync::RwLock::default(),
            is_closed: AtomicBool::new(false),
            is_gone: AtomicBool::new(false),
            next: AtomicU64::new(1),
            out: Mutex::default(),
        })
    }

    pub(super) fn out(&self) -> MutexGuard<'_, Out> {
        self.out.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whoever asked for this waits from now on, if it is patient.
    pub(super) fn stand(
        self: &Arc<Self>,
        standing: Standing,
        role: Option<Role>,
        handle: u64,
        limit: bool,
    ) {
        if !standing.is_patient {
            return;
        }
        self.out().stand(standing.waiter, role, handle, limit);
        if limit {
            self.call_next(role);
        }
        self.listen();
    }

    /// It waits no more.
    pub(super) fn leave(&self, waiter: u64) {
        let role = self.out().leave(waiter);
        self.call_next(role);
    }

    /// Calls the next of this side, which may have given way.
    fn call_next(&self, role: Option<Role>) {
        let next = role.and_then(|role| self.out().first(role).map(|(waiter, _)| waiter));
        if let Some(next) = next {
            self.waiters.call(next);
        }
    }

    /// Whether a patient call gives way: another of its side in this process came before it. That one is not waited for
    /// when the server lets it wait, nor on a closed buffer, where each hears something else.
    pub(super) fn gives_way(&self, standing: Standing, role: Role) -> bool {
        let out = self.out();
        let is_before = |(waiter, standee): (u64, &Standee)| {
            waiter < standing.waiter && standee.looked.elapsed() < LATELY
        };
        standing.is_patient
            && !self.is_closed.load(Ordering::Relaxed)
            && out.first(role).is_some_and(is_before)
    }

    /// A number that nothing else of this session has.
    pub(super) fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// An id that no other item has.
    pub(super) fn id(&self) -> String {
        format!("{}-{}", self.name, self.number())
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

    /// What stands ready in these queues, looked at one after the other.
    pub(super) async fn look<const N: usize>(
        &self,
        attempt: &mut Attempt<'_>,
        queues: [&ShortString; N],
    ) -> Result<[u64; N], Fault> {
        loop {
            let (_, takes) = attempt.takes().await?;
            let asked = queues.map(|queue| ready(&takes.desk, queue.clone()));
            match attempt.wait(&takes.life, future::try_join_all(asked)).await? {
                Ok(counts) => {
                    return counts.try_into().map_err(|_| Fault::Damaged);
                }
                Err(error) => attempt.again(&error).await.map_err(|fault| self.note(fault))?,
            }
        }
    }
}

/// How many messages of this queue are ready.
pub(super) async fn ready(channel: &Channel, queue: ShortString) -> Result<u64, Error> {
    let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
    let there = channel.queue_declare(queue, passive, FieldTable::default()).await?;
    Ok(u64::from(there.message_count()))
}

/// On which channel something is had.
#[derive(Clone, Copy)]
pub(super) enum Over {
    Desk,
    Leases,
}

/// Has a message, if there is one. It goes back when nobody receives it any more, as when a server answers too late.
pub(super) async fn get(
    takes: &Arc<Takes>,
    over: Over,
    queue: ShortString,
) -> Result<Option<BasicGetMessage>, Error> {
    let (tell, told) = oneshot::channel();
    let takes = Arc::clone(takes);
    crate::runtime::spawn(async move {
        let channel = match over {
            Over::Desk => &takes.desk,
            Over::Leases => &takes.leases,
        };
        let had = takes.life.answered(channel.basic_get(queue, BasicGetOptions::default())).await;
        if let Err(Ok(Some(unclaimed))) = tell.send(had) {
            let back = BasicNackOptions { requeue: true, ..BasicNackOptions::default() };
            let given_back = async {
                channel.basic_nack(unclaimed.delivery_tag, back).await?;
                if matches!(over, Over::Leases) { channel.tx_commit().await } else { Ok(()) }
            };
            // Where this fails it is back by itself.
            let _: Result<(), Error> = takes.life.answered(given_back).await;
        }
    });
    told.await.unwrap_or_else(|_| Err(lapin::ErrorKind::FutureCompleted.into()))
}

impl Drop for Session {
    fn drop(&mut self) {
        self.link.hang_up();
    }
}
