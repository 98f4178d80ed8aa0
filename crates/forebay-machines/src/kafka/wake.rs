//! Wakes: told to whoever waits in this process at once; what others do is heard where the logs grow, and looked for where
//! nothing tells of it.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use krafka::Kafka;
use krafka::admin::OffsetSpec;
use tokio::time;

use super::log::{self, Place};
use super::out::Standee;
use super::session::Session;
use crate::engine::Role;
use crate::runtime;

/// Nobody waits: so long it goes on, for whoever may soon.
const LINGER: Duration = Duration::from_secs(5);

/// Between two tries to listen, when there is no server; and how long it listens at a time.
const AGAIN: Duration = Duration::from_millis(100);
const EAR: Duration = Duration::from_millis(500);

/// Between two looks while somebody waits for what nobody tells: at first, and when nothing moves.
const LOOKS: (Duration, Duration) = (Duration::from_millis(5), Duration::from_millis(100));

/// What has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wake {
    /// There is an item more to lend.
    Item,
    /// There is room.
    Room,
    /// A lease has ended.
    Ended,
    /// Nothing is unfinished.
    Idle,
    /// It was closed, or deleted.
    All,
}

impl Wake {
    /// Whether it is of use to this one who waits.
    fn is_for(self, standee: &Standee, is_closed: bool) -> bool {
        let role = standee.role;
        match self {
            Self::Item => role == Some(Role::Consumer),
            Self::Room => role == Some(Role::Producer),
            Self::Ended => role.is_none() || standee.limit || is_closed,
            Self::Idle => role.is_none(),
            Self::All => true,
        }
    }
}

impl Session {
    /// Wakes those of this process.
    pub(super) fn hear(&self, wake: Wake) {
        let is_closed = self.is_closed.load(Ordering::Relaxed);
        let mut called: Vec<u64> = {
            let out = self.out();
            let line = out.line.iter().filter(|(_, standee)| wake.is_for(standee, is_closed));
            line.map(|(waiter, _)| *waiter).collect()
        };
        // Who came first is first.
        called.sort_unstable();
        for waiter in called {
            self.waiters.call(waiter);
        }
    }

    /// Looks and listens for those who wait, if it does not yet.
    pub(super) fn watch(self: &Arc<Self>) {
        if !std::mem::replace(&mut self.out().is_watching, true) {
            runtime::spawn(look(Arc::downgrade(self)));
            runtime::spawn(listen(Arc::downgrade(self)));
        }
    }

    /// Whether somebody waits for what no log tells: room, the end of a lease, the end of all.
    fn is_looked_for(&self) -> bool {
        let is_closed = self.is_closed.load(Ordering::Relaxed);
        let out = self.out();
        out.line.values().any(|one| one.role != Some(Role::Consumer) || one.limit || is_closed)
    }
}

/// Looks until nobody has waited for a while.
async fn look(session: Weak<Session>) {
    let mut pause = LOOKS.0;
    let (mut seen, mut last) = (None, Instant::now());
    loop {
        time::sleep(pause).await;
        let Some(own) = session.upgrade() else { return };
        {
            let mut out = own.out();
            if !out.line.is_empty() {
                last = Instant::now();
            } else if last.elapsed() > LINGER || own.is_gone.load(Ordering::Relaxed) {
                out.is_watching = false;
                return;
            }
        }
        let rate = if own.is_looked_for() { LOOKS.1 } else { EAR };
        pause = (pause * 2).min(rate);
        if own.out().line.is_empty() {
            continue;
        }
        let share = own.alone().await;
        let looked = own.look(&share).await;
        drop(share);
        let Ok(unfinished) = looked.map_err(|fault| own.note(fault)) else { continue };
        let waiting = own.waiting_of(unfinished);
        if seen.replace((unfinished, waiting)) != Some((unfinished, waiting)) {
            pause = LOOKS.0;
            own.hear(Wake::Ended);
            if waiting > 0 {
                own.hear(Wake::Item);
            }
        }
        let permits = own.out().permits.len() as u64;
        if waiting + permits < own.settings.capacity {
            own.hear(Wake::Room);
        }
        if unfinished == 0 {
            own.hear(Wake::Idle);
        }
    }
}

/// Listens at both logs while somebody waits.
async fn listen(session: Weak<Session>) {
    let mut ear: Option<(Kafka, i64)> = None;
    while let Some(own) = session.upgrade() {
        if !own.out().is_watching || own.is_gone.load(Ordering::Relaxed) {
            return;
        }
        let heard = match ear.take() {
            Some(there) => hear_once(&own, there).await,
            None => open(&own).await,
        };
        drop(own);
        match heard {
            Some(there) => ear = Some(there),
            None => time::sleep(AGAIN).await,
        }
    }
}

/// A connection of its own: a server answers one question after the other, and this one takes its time.
async fn open(own: &Session) -> Option<(Kafka, i64)> {
    let kafka = own.link.another().await?;
    let mut attempt = own.link.attempt(None);
    let end = own.offset(&mut attempt, OffsetSpec::Latest).await.ok()?;
    // Something may have come in between.
    own.hear(Wake::Item);
    Some((kafka, end))
}

async fn hear_once(own: &Session, (kafka, items): (Kafka, i64)) -> Option<(Kafka, i64)> {
    let metadata = krafka::__private::kafka_metadata(&kafka);
    let connection = metadata.get_leader_connection(&own.names.items, 0).await.ok()?;
    let marks = own.next_mark().await;
    let places = [
        Place { topic: own.topics.items, from: items, most: 1 },
        Place { topic: own.topics.meta, from: marks, most: 1 },
    ];
    let read = log::read(&connection, &places, EAR).await.ok()?;
    let (new_items, new_marks) = (&read[0], &read[1]);
    if new_marks.end > marks {
        let mut attempt = own.link.attempt(None);
        own.read_marks(&mut attempt).await.ok()?;
    }
    let end = new_items.end.max(new_items.next);
    if end > items {
        own.hear(Wake::Item);
    }
    Some((kafka, end))
}
