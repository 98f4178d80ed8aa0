//! The turn of one call: how a step becomes the next state of a buffer.
//!
//! Every message to the stream names the last sequence that its writer knows, and is stored only if it is still the last.
//! So what was decided on a state is done on that state, or not at all, and is then decided again. A step that changes
//! nothing is an answer only after the server has said that the state is still that.

use std::time::Instant;

use forebay_contract::Fault;

use super::book::Book;
use super::draft::{Draft, Pick};
use super::line::Call;
use super::session::Session;
use super::state::{Dying, State};
use super::store::{Outgoing, Step};

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
    pub(super) session: &'a Session,
    pub(super) book: tokio::sync::MutexGuard<'a, Book>,
    pub(super) end: Instant,
    /// Whether the state is one that was the case since the call began.
    pub(super) is_fresh: bool,
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
