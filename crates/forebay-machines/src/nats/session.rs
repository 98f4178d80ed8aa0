//! One connection to one buffer, and how a step becomes the next state of it.
//!
//! Every message to the stream names the last sequence that its writer knows, and is stored only if it is still the last.
//! So what was decided on a state is done on that state, or not at all, and is then decided again. A step that changes
//! nothing is an answer only after the server has said that the state is still that.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use forebay_contract::Fault;
use tokio::time;

use super::book::Book;
use super::draft::{Draft, Pick};
use super::line::Call;
use super::link::Link;
use super::names::Names;
use super::state::{Dying, Name, State};
use super::store::{Outgoing, Step, Store};
use super::{beat, random};
use crate::engine::{Parcel, Role};
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
    /// Leases that came to nobody.
    pub(super) disowned: Mutex<Vec<u64>>,
    /// Its handles.
    pub(super) handles: Mutex<Vec<(u64, Role)>>,
    // Relaxed: a number need only be another one.
    pub(super) next_permit: AtomicU64,
    next_item: AtomicU64,
}

/// What has been written of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Written {
    /// The items from the front that were put.
    pub(super) items: usize,
    /// Whether the document was.
    pub(super) document: bool,
    /// Whether all of it was.
    pub(super) is_whole: bool,
    /// Why the server will not have the rest.
    pub(super) fault: Option<Fault>,
}

impl Written {
    fn whole(items: usize) -> Self {
        Self { items, document: true, is_whole: true, fault: None }
    }

    fn part(items: usize) -> Self {
        Self { items, document: false, is_whole: false, fault: None }
    }
}

/// The turn of one call: nobody else of this process decides anything meanwhile.
pub(super) struct Turn<'a> {
    session: &'a Session,
    pub(super) book: tokio::sync::MutexGuard<'a, Book>,
    pub(super) end: Instant,
    /// Whether the state is one that was the case since the call began.
    pub(super) is_fresh: bool,
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
    fn remove(&self, book: &mut Book) {
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

impl Turn<'_> {
    /// The state to be worked on.
    pub(super) fn draft(&mut self) -> Draft<'_> {
        self.book.draft(&self.session.settings, &self.session.own)
    }

    /// Reads the state.
    pub(super) async fn read(&mut self) -> Result<(), Fault> {
        let store = &self.session.store;
        let last = store.last(self.end).await?;
        self.read_up_to(last).await
    }

    async fn read_up_to(&mut self, last: u64) -> Result<(), Fault> {
        let store = &self.session.store;
        let (at, mut state) = store.document(self.end).await?;
        let last = last.max(at);
        let behind = last - at;
        if self.session.settings.capacity_bytes.is_some() {
            // Its writer died before it could say what they weigh.
            for position in state.produced + 1..=state.produced + behind {
                let item = store.item(position, self.end).await?;
                state.weights.push_back(item.map_or(0, |item| item.weight));
            }
        }
        state.add(behind);
        self.book.turn(state, last);
        self.is_fresh = true;
        Ok(())
    }

    /// Writes a document, if there is anything to write; whether it was.
    pub(super) async fn write_state(&mut self, state: State) -> Result<bool, Fault> {
        let written = self.write(state, &[], false).await?;
        written.fault.map_or(Ok(written.is_whole), Err)
    }

    /// Writes items and a document behind each other, as far as there are any: the document at the end, unless it `replaces`.
    /// Not whole when somebody else was quicker, or when nothing was to be written and the state was not the last any more: it
    /// is then to be decided again, on the state of that moment.
    pub(super) async fn write(
        &mut self,
        mut state: State,
        items: &[Outgoing<'_>],
        replaces: bool,
    ) -> Result<Written, Fault> {
        let mut base = self.book.state.clone();
        base.add(items.len() as u64);
        let writes = state != base;
        if items.is_empty() && !writes {
            return self.look_again().await;
        }
        let own = &self.session.own;
        let mut document = None;
        if writes {
            self.book.wrote += 1;
            state.party(own).wrote = self.book.wrote;
            let text = if replaces {
                serde_json::to_vec(&state.before_replacement(own))
            } else {
                serde_json::to_vec(&state)
            };
            document = Some(text.map_err(|_| Fault::Damaged)?);
        }
        let step = Step {
            after: self.book.last,
            items,
            document,
            is_document_first: replaces,
            name: self.name(),
        };
        self.book.is_read = false;
        let ended = self.session.store.write(&step, self.end).await?;
        if ended.is_lost {
            return self.find_out(&step, (&ended.server, ended.sent)).await;
        }
        if ended.stored == step.len() {
            if writes {
                // What is removed is not in the document any more.
                self.book.removed.clear();
            }
            self.book.turn(state, step.after + step.len() as u64);
            self.is_fresh = true;
            return Ok(Written::whole(items.len()));
        }
        match ended.last {
            Some(last) => self.read_up_to(last).await?,
            None => self.read().await?,
        }
        let (items, document) = step.of(ended.stored);
        Ok(Written { items, document, is_whole: false, fault: ended.fault })
    }

    /// The name of a document: a fence that follows must be another one.
    fn name(&self) -> String {
        format!("{}-document-{}", self.session.own, self.book.wrote)
    }

    /// Whether the state is the last; if not, that is read.
    async fn look_again(&mut self) -> Result<Written, Fault> {
        if !self.is_fresh {
            let last = self.session.store.last(self.end).await?;
            if last != self.book.last {
                self.read_up_to(last).await?;
                return Ok(Written::part(0));
            }
            self.is_fresh = true;
        }
        Ok(Written::whole(0))
    }

    /// Finds out what became of a step whose answer was lost, and sees to it that nothing of it can be stored any more that has
    /// not been until now.
    async fn find_out(
        &mut self,
        step: &Step<'_>,
        asked: (&str, Instant),
    ) -> Result<Written, Fault> {
        let wrote = self.book.wrote;
        let unanswered = |fault| match fault {
            Fault::Unreachable => Fault::Unanswered,
            other => other,
        };
        loop {
            self.read().await.map_err(unanswered)?;
            let own = self.book.state.sessions.get(&self.session.own);
            let document = step.document.is_some() && own.is_some_and(|own| own.wrote == wrote);
            let mut items = 0;
            for item in step.items {
                let store = &self.session.store;
                let lies = self.book.state.produced >= item.position
                    && store.is_stored(item, asked, self.end).await.map_err(unanswered)?;
                if !lies {
                    break;
                }
                items += 1;
            }
            if items == step.items.len() && document == step.document.is_some() {
                return Ok(Written::whole(items));
            }
            // A document behind it: what still is on its way comes too late then.
            self.book.wrote += 1;
            let mut state = self.book.state.clone();
            state.party(&self.session.own).wrote = self.book.wrote;
            let fence = Step {
                after: self.book.last,
                items: &[],
                document: Some(serde_json::to_vec(&state).map_err(|_| Fault::Damaged)?),
                is_document_first: false,
                name: self.name(),
            };
            let ended = self.session.store.write(&fence, self.end).await.map_err(unanswered)?;
            if ended.stored == 1 {
                self.book.turn(state, fence.after + 1);
                return Ok(Written { items, document, is_whole: false, fault: None });
            }
            self.book.wrote = wrote;
        }
    }

    /// What was handed out and is not there was not put by a producer.
    pub(super) async fn miss(&mut self, missing: &[Pick]) -> Result<(), Fault> {
        while !missing.is_empty() {
            let mut draft = self.draft();
            for pick in missing {
                draft.miss(*pick);
            }
            let (state, calls) = draft.end();
            if self.write_state(state).await? {
                self.session.call(calls);
                break;
            }
        }
        Ok(())
    }

    /// Sees to what follows from a step that is written.
    pub(super) async fn close(&mut self, calls: Vec<Call>) -> Result<(), Fault> {
        self.session.call(calls);
        let is_own = |dying: &Dying| dying.by == self.session.own;
        while let Some(dying) = self.book.state.dying.iter().find(|one| is_own(one)).cloned() {
            let item = self.session.store.item(dying.position, self.end).await?;
            let bytes = item.map(|item| item.bytes).unwrap_or_default();
            self.session.store.bury(&dying, &bytes, self.end).await?;
            loop {
                let mut draft = self.draft();
                if let Some(place) = draft.state.dying.iter().position(|one| *one == dying) {
                    draft.state.dying.remove(place);
                    draft.state.buried += 1;
                    draft.state.gone.insert(dying.position, draft.own.clone());
                }
                let (state, calls) = draft.end();
                if self.write_state(state).await? {
                    self.session.call(calls);
                    break;
                }
            }
        }
        self.session.remove(&mut self.book);
        let Book { state, since, .. } = &mut *self.book;
        let stands = |waiter: &u64| {
            state.line.iter().any(|one| one.waiter == *waiter && one.session == self.session.own)
        };
        since.retain(|waiter, _| stands(waiter));
        Ok(())
    }
}
