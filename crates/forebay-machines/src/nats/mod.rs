//! NATS, from 2.9 on, with JetStream: a buffer is a stream of items, and one document beside them.
//!
//! The document says everything that is not an item's bytes: who leased what, what was given back, who waits, who is there,
//! what was counted. Whoever takes a step writes the next document, and the server stores it only if the last message of the
//! stream is still the one that its writer knew (`Nats-Expected-Last-Sequence`). So steps are one behind the other, whoever
//! takes them, each on the state that it was decided on: the buffer is a sequential object like the model of the contract,
//! and what is exact there is exact here. This is optimistic concurrency control (H. T. Kung and J. T. Robinson, *On
//! Optimistic Methods for Concurrency Control*, 1981) on what the engine keeps and replicates.
//!
//! A put writes an item and no document, unless somebody waits in line before it: what lies behind the document was put since.
//!
//! # The words
//!
//! | here | in NATS |
//! |---|---|
//! | buffer | the stream `forebay-NAME`; its description has the settings, its subjects `forebay.NAME.IDENTITY.…` an identity |
//! | item | a message under the subject `….item.POSITION` |
//! | position | a count of puts, which each put knows from the last sequence |
//! | the rest | the last message under `….state`, as JSON: see `state.rs` |
//! | depth | items put, less those of which something has begun, and those given back |
//! | put | a publish, if fewer than `capacity` wait; in batches of up to 64, each stored only right behind the one before (`Nats-Expected-Last-Msg-Id`) |
//! | lease | an entry of the document under a number of its own; the item is read by its subject |
//! | ack, take | the entry goes, and then the message |
//! | nack, fail, expiry | an entry among those given back, by position |
//! | dead letter | a message of the stream `forebay_dead-NAME`, with its reason |
//! | permit, waiter, participant, close | entries of the document |
//! | group of a topic | a buffer whose stream is `forebay-TOPIC=2fGROUP`, with one more subject, `forebay_group.TOPIC.GROUP`, by which it is found |
//! | wake | a message to `….wake.PROCESS`, which no stream keeps |
//! | beat | the same, to `….beat`, every second |
//!
//! Characters of a name that a subject cannot have are written as `=` and two digits.
//!
//! There is no consumer, in the sense of NATS. Its own books of what is delivered do not tell what was given back from what is
//! out, so that nobody could say how many wait; it gives back in the order of the nacks, not of the puts; its limit of what is
//! out holds takes up as well; and it does not know of a take that nobody received. `docs/decisions/0013-one-trait-for-the-engines.md`
//! tells more.
//!
//! # What is bounded how
//!
//! - Capacity, by count and by weight, and the lease limit are exact at every moment, whoever races. A take as a task (not a
//!   thread) holds its item as a lease for the moment until it is handed over, and that is beside the limit. A put that
//!   drops the oldest drops, and fills the place, in two messages: in between the place is kept, and the buffer is not idle.
//! - An item is at most as large as the server takes a message (`max_payload`, 1 MiB by default), less 512 bytes; a larger one
//!   is refused as [`Refusal::TooHeavy`].
//! - The document has about a hundred bytes for each lease, each permit and each call that waits, two or three for the weight of
//!   each waiting item where weight is bounded, and has to fit into one message: so some ten thousand may be out at once. A step
//!   past that is refused as [`Fault::Refused`], and those that make it smaller go on.
//! - Dead letters are bounded by the server's disk only; reasons are cut at 4 KiB.
//! - What is leased or set aside is kept until its process has not been heard for 30 seconds; a place in line, and a handle in
//!   the counts, for 3 seconds. Whoever listens measures that by its own clock, and begins anew when it was cut off itself.
//! - A lease with a deadline is ended by whoever has known of it for as long as it lasts. No clock is shared. When its own
//!   process is killed that may take until somebody looks, and then as long again.
//!
//! # What is kept more weakly
//!
//! - **C2**: a dead letter that is retried comes to the end, not to its own position.
//! - **C3**: what a put that returned Ok survives is the server's affair, and told by
//!   [`Buffer::survives`](crate::Buffer::survives). It survives kill -9 of the server. A loss of power takes what was written
//!   since the last sync, two minutes by default (`sync_interval`); a stream with three replicas survives that of one server.
//!   We make streams with one; `nats stream edit --replicas=3` changes it, and nothing here has to know.
//! - **C4**: a step whose answer was lost is looked for before it is asked again, and done once. It stays unknown
//!   ([`Fault::Unanswered`]) where no server comes back within the outage, and for an item that was taken by another before its
//!   putter could look, if the server was started anew meanwhile or 50 seconds have passed. A process that stands still for longer than
//!   30 seconds has lost what it held; its answers are refused. A take as a task is told to the server when it is handed over: killed at
//!   that moment, its process has the item, and so has the next.
//! - **C5**: what a call that was dropped had been served with comes back a moment later. A wake that is lost is made up
//!   for within half a second.
//! - **C8**: items that other programs write, or remove, count as dropped when their turn comes. Waits are counted in
//!   milliseconds. After a purge or a retry of a dead letter that was cut off in the midst, it may count twice for a moment.
//! - **C10**: the order in line is exact; but whoever does not stand in it yet, or only tries, may be decided before again and again by
//!   processes that are nearer to the server. A process that has not been heard for 3 seconds loses its places in line.
//!
//! Everything else is kept as between threads, and checked by the same suite.
//!
//! # What it costs
//!
//! A put is one message there and back, a lease or an ack one document (and the item); a batch is little more than one. Where several
//! processes are busy at the same time only one of them is the first, and the others decide again: each change costs about two
//! ways there and back then, and all of them together get through what one would. Batches help most.
//!
//! # What it takes
//!
//! One connection for each connected buffer, and for each group of a topic. A user of their own needs to publish to `forebay.NAME.>` and to `$JS.API.INFO`,
//! `$JS.API.STREAM.*.forebay-NAME`, `$JS.API.STREAM.MSG.*.forebay-NAME`, `$JS.API.DIRECT.GET.forebay-NAME`, and the same for
//! `forebay_dead-NAME`; and to subscribe to `forebay.NAME.>` and `_INBOX.>`. In a URL, `nats://user:password@host/jobs`, one word in place of
//! both is a token. `nats://` becomes TLS where the server wants it, `natss://` always is.
//!
//! To use topics, or to make a buffer, it needs `$JS.API.STREAM.NAMES` too; the `NAME` of a group is `TOPIC=2fGROUP`.
//!
//! Nobody else may change the stream's limits: what a server drops by `max_age` or the like is gone. That is warned of.

mod beat;
mod book;
mod door;
mod draft;
mod letters;
mod line;
mod link;
mod names;
mod session;
mod state;
mod store;
mod turn;

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use forebay_contract::{Batch, Fault, Overflow, Refusal, Share, Statistics};
use futures_util::future::{join, join_all};

use crate::engine::{
    Answer, Answered, Buried, Engine, Joined, Lent, Loan, Parcel, Put, Role, Seen, Standing, Step,
    Wish,
};
use draft::{Draft, Pick};
use session::Session;
use state::{Dying, For, Kind, State, Tries};
use store::HEADERS;

pub(crate) use door::{connect, create, groups};

/// A name that nobody else has.
fn random() -> String {
    format!("{:016x}", RandomState::new().build_hasher().finish())
}

/// The engine.
struct Nats(Arc<Session>);

impl Nats {
    /// A step of whose outcome only is of interest that there is one.
    fn tell<'a>(&'a self, mut decide: impl FnMut(&mut Draft<'_>) + Send + 'a) -> Answered<'a, ()> {
        Box::pin(async move {
            self.0.step(None, |draft| decide(draft)).await?;
            Ok(())
        })
    }

    /// Items that the server takes at all.
    fn fitting<'a>(&self, items: &'a [Parcel]) -> &'a [Parcel] {
        let most = self.0.store.link.most().saturating_sub(HEADERS);
        let fit = items.iter().take_while(|item| item.bytes.len() <= most).count();
        &items[..fit]
    }
}

impl Engine for Nats {
    fn put<'a>(
        &'a self,
        handle: u64,
        items: &'a [Parcel],
        overflow: Overflow,
        standing: Standing,
    ) -> Answered<'a, Put> {
        let own = &self.0;
        Box::pin(async move {
            let mut turn = own.turn(standing.until).await?;
            let fitting = self.fitting(items);
            let mut done = Batch::default();
            loop {
                let rest = &fitting[done.placed + done.dropped_these..];
                let mut draft = turn.draft();
                let put = draft.put(handle, rest, overflow, standing);
                let outgoing = own.outgoing(&draft.state, &rest[..put.done.placed]);
                let (state, calls) = draft.end();
                let written = match turn.write(state, &outgoing, put.replaces).await {
                    Ok(written) => written,
                    Err(fault) if done == Batch::default() => return Err(fault),
                    Err(fault) => {
                        let refusal = Some(fault.into());
                        return Ok(Put { done, refusal, pause: None });
                    }
                };
                done.placed += written.items;
                if written.document {
                    done.dropped_oldest += put.done.dropped_oldest;
                    done.dropped_these += put.done.dropped_these;
                }
                if let Some(fault) = written.fault {
                    return Ok(Put { done, refusal: Some(fault.into()), pause: None });
                }
                if !written.is_whole {
                    continue;
                }
                // What follows from it is seen to later if it cannot be now.
                let _ = turn.close(calls).await;
                if put.refusal.is_some() || done.placed + done.dropped_these == fitting.len() {
                    let too_large = (fitting.len() < items.len()).then_some(Refusal::TooHeavy);
                    let refusal = put.refusal.or(too_large);
                    return Ok(Put { done, refusal, pause: turn.book.pause() });
                }
            }
        })
    }

    fn reserve(&self, handle: u64, standing: Standing) -> Answered<'_, Step<Result<u64, Refusal>>> {
        let number = self.0.next_permit.fetch_add(1, Ordering::Relaxed);
        Box::pin(async move {
            let decide = |draft: &mut Draft<'_>| draft.reserve(handle, number, standing);
            let (refusal, pause) = self.0.step(standing.until, decide).await?;
            Ok(match refusal {
                None => Step::Done(Ok(number)),
                Some(Refusal::Full) => Step::NotNow(pause),
                Some(refusal) => Step::Done(Err(refusal)),
            })
        })
    }

    fn put_permitted<'a>(
        &'a self,
        permit: u64,
        item: &'a Parcel,
    ) -> Answered<'a, Result<(), Refusal>> {
        let own = &self.0;
        Box::pin(async move {
            let mut turn = own.turn(None).await?;
            let items = std::slice::from_ref(item);
            let is_too_large = self.fitting(items).is_empty();
            let mut is_put = false;
            loop {
                let mut draft = turn.draft();
                let mut put = Ok(());
                if is_put || is_too_large {
                    draft.release(permit);
                } else {
                    put = draft.put_permitted(permit, item.weight);
                }
                let placed = if put.is_ok() && !is_put && !is_too_large { items } else { &[] };
                let outgoing = own.outgoing(&draft.state, placed);
                let (state, calls) = draft.end();
                let written = turn.write(state, &outgoing, false).await?;
                is_put |= written.items > 0;
                if let Some(fault) = written.fault.filter(|_| !is_put) {
                    return Ok(Err(fault.into()));
                }
                if written.is_whole || written.fault.is_some() {
                    let _ = turn.close(calls).await;
                    return Ok(if is_too_large { Err(Refusal::TooHeavy) } else { put });
                }
            }
        })
    }

    fn release(&self, permit: u64) -> Answered<'_, ()> {
        self.tell(move |draft| draft.release(permit))
    }

    fn lend(&self, wish: Wish, standing: Standing) -> Answered<'_, Lent> {
        /// So many in one step, that others get on.
        const MOST: usize = 256;
        let own = &self.0;
        let wish = Wish { most: wish.most.min(MOST), ..wish };
        Box::pin(async move {
            let mut turn = own.turn(standing.until).await?;
            loop {
                let mut draft = turn.draft();
                let lent = draft.lend(wish, standing);
                let (state, calls) = draft.end();
                let end = turn.end;
                let picks = match lent {
                    Ok(picks) => picks,
                    Err(why) => {
                        if turn.write_state(state).await? {
                            turn.close(calls).await?;
                            return Ok(Lent { loans: Err(why), pause: turn.book.pause() });
                        }
                        continue;
                    }
                };
                let reading = picks.iter().map(|pick| own.store.item(pick.position, end));
                let (written, read) = join(turn.write_state(state), join_all(reading)).await;
                if !written? {
                    continue;
                }
                let Ok(read) = read.into_iter().collect::<Result<Vec<_>, Fault>>() else {
                    turn.book.owed.extend(picks);
                    return Err(Fault::Unreachable);
                };
                let (mut loans, mut missing) = (Vec::with_capacity(picks.len()), Vec::new());
                for (pick, item) in picks.into_iter().zip(read) {
                    let Pick { token, position, tries } = pick;
                    let Some(item) = item else {
                        missing.push(pick);
                        continue;
                    };
                    turn.book.places.insert(position, item.place);
                    let Tries { deliveries, failures, .. } = tries;
                    // Here they are counted from 1, elsewhere from 0.
                    let position = position - 1;
                    loans.push(Loan { token, position, deliveries, failures, bytes: item.bytes });
                }
                turn.miss(&missing).await?;
                let _ = turn.close(calls).await;
                if !loans.is_empty() {
                    return Ok(Lent { loans: Ok(loans), pause: None });
                }
            }
        })
    }

    fn answer<'a>(
        &'a self,
        answer: Answer,
        reason: &'a str,
        tokens: &'a [u64],
    ) -> Answered<'a, Vec<bool>> {
        Box::pin(async move {
            let decide = |draft: &mut Draft<'_>| {
                tokens.iter().map(|token| draft.answer(answer, reason, *token)).collect()
            };
            let answered = self.0.step(None, decide).await;
            if answered.is_err() {
                // Whatever became of the answer, nobody has them any more.
                self.0.disown(tokens, Answer::Nack);
            }
            Ok(answered?.0)
        })
    }

    fn disown(&self, tokens: &[u64]) {
        self.0.disown(tokens, Answer::Undo);
    }

    fn entomb<'a>(&'a self, taken: &'a Loan, reason: &'a str) -> Answered<'a, ()> {
        let own = &self.0;
        Box::pin(async move {
            let &Loan { position, deliveries, failures, .. } = taken;
            let tries = Tries { deliveries, failures, weight: 0 };
            let (reason, by) = (draft::cut(reason), own.own.clone());
            let (position, death) = (position + 1, Kind::Rejected);
            let dying = Dying { position, tries, death, reason, by };
            own.store.bury(&dying, &taken.bytes, own.store.link.end(None)).await?;
            own.step(None, |draft| {
                draft.state.finished -= 1;
                draft.state.buried += 1;
            })
            .await?;
            Ok(())
        })
    }

    fn extend(&self, token: u64, duration: Duration) -> Answered<'_, bool> {
        Box::pin(
            async move { Ok(self.0.step(None, |draft| draft.extend(token, duration)).await?.0) },
        )
    }

    fn leave(&self, waiter: u64) -> Answered<'_, ()> {
        self.tell(move |draft| draft.leave(waiter))
    }

    fn enroll(&self, handle: u64, role: Role) -> Answered<'_, ()> {
        self.0.handles.lock().unwrap_or_else(PoisonError::into_inner).push((handle, role));
        self.tell(move |draft| draft.state.enroll(draft.own, handle, role))
    }

    fn depart(&self, handle: u64, _: Role) -> Answered<'_, ()> {
        let handles = &self.0.handles;
        handles.lock().unwrap_or_else(PoisonError::into_inner).retain(|one| one.0 != handle);
        self.tell(move |draft| draft.state.depart(draft.own, handle))
    }

    fn close(&self) -> Answered<'_, ()> {
        self.tell(|draft| draft.state.is_closed = true)
    }

    fn join(&self, begun: Option<u64>, standing: Standing) -> Answered<'_, Joined> {
        Box::pin(async move {
            let decide = |draft: &mut Draft<'_>| draft.join(begun, standing);
            let (joined, pause) = self.0.step(standing.until, decide).await?;
            Ok(joined.map_or_else(|begun| Joined::Busy { begun, pause }, |()| Joined::Idle))
        })
    }

    fn statistics(&self) -> Answered<'_, Statistics> {
        Box::pin(async move {
            let state = self.0.step(None, |draft| draft.state.clone()).await?.0;
            let store = &self.0.store;
            let letters =
                if state.buried > 0 { store.dead(store.link.end(None)).await? } else { 0 };
            Ok(told(&state, letters))
        })
    }

    fn items<'a>(&'a self, after: Option<&'a str>, most: usize) -> Answered<'a, Option<Vec<Seen>>> {
        let own = &self.0;
        Box::pin(async move {
            let mut after = after.and_then(|position| position.parse().ok()).unwrap_or(0);
            loop {
                let end = own.store.link.end(None);
                let decide = |draft: &mut Draft<'_>| draft.state.unburied(after, most);
                let there = own.step(None, decide).await?.0;
                let Some(last) = there.last() else { return Ok(Some(Vec::new())) };
                after = *last;
                let read = join_all(there.iter().map(|one| own.store.item(*one, end))).await;
                let mut found = Vec::with_capacity(there.len());
                for (position, item) in there.into_iter().zip(read) {
                    // What is not there any more was finished meanwhile.
                    let Some(item) = item? else { continue };
                    let id = position.to_string();
                    found.push(Seen { id, position: position - 1, bytes: item.bytes });
                }
                if !found.is_empty() {
                    return Ok(Some(found));
                }
            }
        })
    }

    fn letters<'a>(&'a self, after: Option<&'a str>, most: usize) -> Answered<'a, Vec<Buried>> {
        let store = &self.0.store;
        Box::pin(async move {
            let after = after.and_then(|place| place.parse().ok()).unwrap_or(0);
            store.letters(after, most, store.link.end(None)).await
        })
    }

    fn purge<'a>(&'a self, id: &'a str) -> Answered<'a, bool> {
        let store = &self.0.store;
        Box::pin(async move { store.purge(id, store.link.end(None)).await })
    }

    fn retry<'a>(&'a self, id: &'a str) -> Answered<'a, bool> {
        Box::pin(async move { self.0.retry(id).await })
    }

    fn groups(&self, until: Option<Instant>) -> Answered<'_, Vec<String>> {
        Box::pin(self.0.groups(until))
    }

    fn delete(&self) -> Answered<'_, ()> {
        Box::pin(async move { self.0.delete().await })
    }
}

/// What a state says, where there are so many dead letters.
fn told(state: &State, letters: u64) -> Statistics {
    let count =
        |waits: &[For]| state.line.iter().filter(|one| waits.contains(&one.waits_for)).count();
    let letters = letters.saturating_sub(state.retrying.len() as u64);
    let mut told = Statistics::default();
    told.waiting = state.waiting();
    told.leased = state.loans.len() as u64;
    told.dead = letters + state.dying.len() as u64;
    told.reserved = state.permits.len() as u64;
    told.weight = state.weight();
    told.high_water = state.high_water;
    told.closed = state.is_closed;
    told.producers_waiting = count(&[For::Room]);
    told.consumers_waiting = count(&[For::Take, For::Lease]);
    told.finished = state.finished;
    // Those that are not there any more, and did not become items again, were purged.
    told.dropped = state.dropped + (state.buried - state.retried).saturating_sub(letters);
    told.produced = state.produced - state.retried + state.unplaced;
    told.departed = state.departed;
    told.producer_wait = Duration::from_millis(state.producer_wait);
    told.consumer_wait = Duration::from_millis(state.consumer_wait);
    for handle in state.sessions.values().flat_map(|party| party.handles.values()) {
        if let Some(consumer) = handle.consumer {
            told.consumers += 1;
            let mut share = Share::default();
            share.consumer = consumer;
            share.items = handle.items;
            share.waited = Duration::from_millis(handle.waited);
            told.shares.push(share);
        } else {
            told.producers += 1;
        }
    }
    told.shares.sort_by_key(|share| share.consumer);
    told
}
