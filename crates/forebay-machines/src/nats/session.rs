//! One connection to one buffer, on which calls take turns.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use forebay_contract::Fault;
use tokio::time;

use super::book::Book;
use super::door::Groups;
use super::draft::Draft;
use super::line::Call;
use super::link::Link;
use super::names::Names;
use super::state::{Name, State};
use super::store::{Outgoing, Store};
use super::turn::Turn;
use super::{beat, random};
use crate::engine::{Answer, Parcel, Role};
use crate::runtime;
use crate::settings::Settings;
use crate::waiters::Waiters;

/// One connection to one buffer.
pub(super) struct Session {
    itself: Weak<Self>,
    pub(super) store: Store,
    pub(super) settings: Settings,
    pub(super) own: Name,
    pub(super) waiters: Arc<Waiters>,
    book: tokio::sync::Mutex<Book>,
    /// What was heard of others, and is not in the book yet.
    pub(super) news: Mutex<Vec<(Name, Instant)>>,
    /// Leases that nobody has, and how they end.
    disowned: Mutex<Vec<(u64, Answer)>>,
    /// Its handles.
    pub(super) handles: Mutex<Vec<(u64, Role)>>,
    // Relaxed: a number need only be another one.
    pub(super) next_permit: AtomicU64,
    next_item: AtomicU64,
}

impl Session {
    pub(super) fn new(
        link: Link,
        names: Names,
        settings: Settings,
        waiters: Arc<Waiters>,
    ) -> Arc<Self> {
        Arc::new_cyclic(|itself| Self {
            itself: itself.clone(),
            store: Store { link, names },
            settings,
            own: random(),
            waiters,
            book: tokio::sync::Mutex::default(),
            news: Mutex::default(),
            disowned: Mutex::default(),
            handles: Mutex::default(),
            next_permit: AtomicU64::new(0),
            next_item: AtomicU64::new(0),
        })
    }

    /// Listens, and beats.
    pub(super) async fn begin(self: &Arc<Self>) -> Result<(), Fault> {
        let (ready, is_ready) = tokio::sync::oneshot::channel();
        runtime::spawn(beat::listen(Arc::downgrade(self), ready));
        // Without wakes it works too, by looking again.
        let _ = is_ready.await;
        runtime::spawn(beat::beat(Arc::downgrade(self)));
        Ok(())
    }

    /// Items on their way, which the state counts already.
    pub(super) fn outgoing<'a>(&self, state: &State, items: &'a [Parcel]) -> Vec<Outgoing<'a>> {
        let first = state.produced + 1 - items.len() as u64;
        let number = |(position, parcel)| {
            let own = self.next_item.fetch_add(1, Ordering::Relaxed);
            Outgoing { position, id: format!("{}-{own}", self.own), parcel }
        };
        (first..).zip(items).map(number).collect()
    }

    /// These leases end so before anything else is decided here.
    pub(super) fn disown(&self, tokens: &[u64], answer: Answer) {
        let mut disowned = self.disowned.lock().unwrap_or_else(PoisonError::into_inner);
        disowned.extend(tokens.iter().map(|token| (*token, answer)));
    }

    /// Waits for its turn.
    pub(super) async fn turn(&self, until: Option<Instant>) -> Result<Turn<'_>, Fault> {
        let end = self.store.link.end(until);
        let book = time::timeout_at(end.into(), self.book.lock());
        let book = book.await.map_err(|_| Fault::Unreachable)?;
        let mut turn = Turn { session: self, book, end, is_fresh: false };
        for (name, heard) in self.news.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            turn.book.heard.insert(name, heard);
        }
        turn.book
            .disowned
            .extend(self.disowned.lock().unwrap_or_else(PoisonError::into_inner).drain(..));
        if !turn.book.is_read {
            turn.read().await?;
        }
        Ok(turn)
    }

    /// Decides on a step, and writes it: as often as it takes. The step is decided again when somebody else was quicker.
    pub(super) async fn step<T>(
        &self,
        until: Option<Instant>,
        mut decide: impl FnMut(&mut Draft<'_>) -> T,
    ) -> Result<(T, Option<Duration>), Fault> {
        let mut turn = self.turn(until).await?;
        loop {
            let mut draft = turn.draft();
            let outcome = decide(&mut draft);
            let (state, calls) = draft.end();
            if turn.write_state(state).await? {
                turn.close(calls).await?;
                return Ok((outcome, turn.book.pause()));
            }
        }
    }

    /// Removes what is finished and lies there all the same: a server that is killed forgets what it removed last.
    pub(super) async fn sweep(&self) -> Result<(), Fault> {
        let turn = self.turn(None).await?;
        let (last, messages) = self.store.extent(turn.end).await?;
        let state = &turn.book.state;
        if last != turn.book.last || messages <= state.messages() {
            return Ok(());
        }
        let mut place = last + 1;
        if let Some(first) = state.first() {
            match self.store.item(first, turn.end).await? {
                Some(item) => place = item.place,
                None => return Ok(()),
            }
        }
        self.store.remove_before(place, turn.end).await
    }

    /// Makes an item of a dead letter again; whether it was there.
    pub(super) async fn retry(&self, id: &str) -> Result<bool, Fault> {
        let Ok(place) = id.parse() else { return Ok(false) };
        let mut turn = self.turn(None).await?;
        let mut is_put = false;
        loop {
            // Looked at after the state, in which its name stands until it is removed.
            let letter = self.store.letter(place, turn.end).await?;
            let mut draft = turn.draft();
            let is_begun = draft.state.retrying.contains(id);
            let Some(parcel) = letter.filter(|_| is_put || !is_begun) else { return Ok(is_put) };
            let mut placed: &[Parcel] = &[];
            if !is_put {
                draft.place(parcel.weight);
                placed = std::slice::from_ref(&parcel);
            }
            draft.state.see_depth();
            draft.state.retried += 1;
            draft.state.retrying.insert(id.to_owned());
            let outgoing = self.outgoing(&draft.state, placed);
            let (state, calls) = draft.end();
            let written = turn.write(state, &outgoing, false).await?;
            is_put |= written.items > 0;
            if written.is_whole {
                turn.close(calls).await?;
                break;
            }
            if let Some(fault) = written.fault {
                return Err(fault);
            }
        }
        let end = turn.end;
        drop(turn);
        self.store.purge(id, end).await?;
        self.step(None, |draft| draft.state.retrying.remove(id)).await?;
        Ok(true)
    }

    /// Deletes the buffer, and tells everyone.
    pub(super) async fn delete(&self) -> Result<(), Fault> {
        self.store.end(self.store.link.end(None)).await?;
        if let Some(connection) = self.store.link.current() {
            let _ = connection.client.publish(self.store.names.beats(), "".into()).await;
        }
        Ok(())
    }

    /// The groups of its topic, in the order of their names.
    pub(super) async fn groups(&self, until: Option<Instant>) -> Result<Vec<String>, Fault> {
        let (names, end) = (&self.store.names, self.store.link.end(until));
        let mut groups = Groups::default();
        while let Some(question) = groups.next(names) {
            let told = self.store.api("STREAM.NAMES", &question, end).await?;
            if !told["error"].is_null() {
                return Err(Fault::Refused);
            }
            groups.read(names, &told);
        }
        Ok(groups.found)
    }

    /// Begins to hear others anew: while there was no connection nobody could be heard.
    pub(super) async fn hear_anew(&self) {
        self.book.lock().await.heard.clear();
    }

    /// Wakes those who are next.
    pub(super) fn call(&self, calls: Vec<Call>) {
        let connection = self.store.link.current();
        for (session, waiter) in calls {
            if session == self.own {
                self.waiters.call(waiter);
            } else if let Some(connection) = &connection {
                let (client, subject) =
                    (connection.client.clone(), self.store.names.wakes(&session));
                runtime::spawn(async move {
                    // One that is lost is made up for by looking again.
                    let _ = client.publish(subject, waiter.to_string().into()).await;
                });
            }
        }
    }

    /// Items of this process that are finished are removed, by themselves.
    pub(super) fn remove(&self, book: &mut Book) {
        let own = book.state.gone.iter().filter(|(_, by)| **by == self.own);
        let fresh: Vec<u64> =
            own.map(|one| *one.0).filter(|one| !book.removing.contains(one)).collect();
        if fresh.is_empty() {
            return;
        }
        book.removing.extend(&fresh);
        let places: Vec<_> =
            fresh.into_iter().map(|position| (position, book.places.remove(&position))).collect();
        let session = self.itself.clone();
        runtime::spawn(async move {
            let Some(session) = session.upgrade() else { return };
            let end = session.store.link.end(None);
            let removing =
                places.iter().map(|(position, place)| session.store.remove(*position, *place, end));
            let done = futures_util::future::join_all(removing).await;
            let mut book = session.book.lock().await;
            for ((position, _), done) in places.into_iter().zip(done) {
                book.removing.remove(&position);
                if done.is_ok() {
                    book.removed.insert(position);
                    book.state.gone.remove(&position);
                }
            }
        });
    }
}
