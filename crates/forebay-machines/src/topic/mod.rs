//! A topic, as an engine that is made of those of its groups. What comes of that for whoever uses it is told in the crate's docs.
//!
//! A put asks the groups for places, one after the other in the order of their names; once all but the last have given
//! some, it puts into the last, as many items as that takes, and then into those places. Where a group has no room it gives back what it
//! had, and waits in the line of that group alone: so whoever waits holds nothing, and nobody waits in a circle. One
//! group alone is passed straight through.
//!
//! The groups share the waiters of the topic, so each of them wakes a call by its number.
//!
//! A producer looks which groups there are before it puts, if its last look is older than [`LOOK`]; and whoever makes a group beside
//! others waits for so long. So every put that begins afterwards has seen it, and nobody has to be told.

mod drop;
mod lines;
mod put;
mod view;

use std::collections::HashMap;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use forebay_contract::{Fault, Overflow, Refusal, Statistics};
use futures_util::future::join_all;
use tokio::time;

use crate::address::Address;
use crate::buffer::Connected;
use crate::connect_error::{ConnectError, Why};
use crate::engine::{
    Answer, Answered, Buried, Engine, Joined, Lent, Loan, Parcel, Put, Role, Seen, Standing, Step,
    Wish,
};
use crate::settings::Settings;
use crate::waiters::Waiters;
use crate::{engines, runtime};
use lines::Lines;
use put::{Held, MOST, Places};
use view::{Group, LOOK, View};

/// The engine, made of those of the groups.
struct Topic {
    view: View,
    lines: Lines,
    permits: Mutex<Permits>,
    /// For so many items of a batch places are asked for: twice as many as were placed last, or as many as there was room for. Where
    /// one group is nearly full, places in the others would be for nothing.
    // Relaxed: a guess that nothing else goes by.
    at_once: AtomicUsize,
}

/// What each permit stands for.
#[derive(Default)]
struct Permits {
    next: u64,
    all: HashMap<u64, Vec<Held>>,
}

/// Connects to the topic of this address, at which there is no buffer.
pub(crate) async fn connect(
    address: &Address,
    waiters: &Arc<Waiters>,
) -> Result<Connected, ConnectError> {
    let at = Instant::now();
    let names = engines::groups(address).await?;
    if address.group.is_some() {
        let has_groups = !names.is_empty();
        let plain = address.with_group(None);
        return Err(address.error(match engines::connect(&plain, &Arc::default()).await {
            _ if has_groups => Why::MissingGroup(names),
            Ok(_) => Why::Plain,
            Err(_) => Why::Missing,
        }));
    }
    let (mut groups, mut about) = (Vec::with_capacity(names.len()), None);
    for name in names {
        let found = match engines::connect(&address.with_group(Some(&name)), waiters).await {
            Ok(found) => found,
            // It was deleted meanwhile.
            Err(error) if matches!(error.why(), Why::Missing) => continue,
            Err(error) => return Err(error),
        };
        let Connected { engine, settings, survives, warnings, .. } = found;
        groups.push(Group::new(name, engine));
        let smallest = about.as_ref().map(|(smallest, ..): &(Settings, _, _)| smallest.capacity);
        if smallest.is_none_or(|smallest| settings.capacity < smallest) {
            about = Some((settings, survives, warnings));
        }
    }
    let (settings, survives, warnings) = about.ok_or_else(|| address.error(Why::Missing))?;
    let (lines, permits) = (Lines::default(), Mutex::default());
    let view = View::new(address, waiters, groups, at);
    let engine = Box::new(Topic { view, lines, permits, at_once: AtomicUsize::new(MOST) });
    Ok(Connected { engine, settings, survives, warnings, created: None })
}

/// Where a group was made beside others, waits until every producer has looked, or will before its next put.
pub(crate) async fn let_producers_see(address: &Address) -> Result<(), ConnectError> {
    if address.group.is_some() && engines::groups(address).await?.len() > 1 {
        time::sleep(LOOK).await;
    }
    Ok(())
}

impl Topic {
    fn permits(&self) -> MutexGuard<'_, Permits> {
        self.permits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// As the engine's.
    async fn set_one_aside(
        &self,
        handle: u64,
        standing: Standing,
    ) -> Result<Step<Result<u64, Refusal>>, Fault> {
        loop {
            let groups = self.view.open(standing.until).await?;
            if groups.is_empty() {
                return Ok(Step::Done(Err(Refusal::Closed)));
            }
            match self.set_aside(&groups, handle, 1, standing).await? {
                Places::Had(held) => {
                    let mut permits = self.permits();
                    permits.next += 1;
                    let number = permits.next;
                    permits.all.insert(number, held);
                    return Ok(Step::Done(Ok(number)));
                }
                Places::NotNow(pause) => return Ok(Step::NotNow(pause)),
                Places::Changed => {}
            }
        }
    }

    /// Whether each group is idle, or was since the join came to it. It stands in the line of the first that is not.
    async fn join_each(&self, standing: Standing) -> Result<Joined, Fault> {
        let waiter = standing.waiter;
        for group in self.view.groups_now(standing.until).await?.iter() {
            let (was_idle, begun) = self.lines.joined(waiter, group);
            if was_idle {
                continue;
            }
            match group.told(group.engine.join(begun, standing).await)? {
                Some(Joined::Busy { begun, pause }) => {
                    self.stand(group, standing).await;
                    self.lines.begun(waiter, begun);
                    return Ok(Joined::Busy { begun: 0, pause });
                }
                // Where nothing is, nothing is unfinished.
                Some(Joined::Idle) | None => self.lines.was_idle(waiter, group),
            }
        }
        Ok(Joined::Idle)
    }

    /// The attempt of a call is over.
    async fn end(&self, waiter: u64, waits: bool, is_away: bool) {
        if let Some(group) = self.lines.end(waiter, waits) {
            if is_away {
                // Nobody waits for a server that is not there.
                runtime::spawn(async move {
                    let _ = group.engine.leave(waiter).await;
                });
            } else {
                let _ = group.engine.leave(waiter).await;
            }
        }
    }
}

/// What nobody can ask of a topic.
fn no_items<'a, T>() -> Answered<'a, T> {
    Box::pin(async { Err(Fault::Topic) })
}

impl Engine for Topic {
    fn put<'a>(
        &'a self,
        handle: u64,
        items: &'a [Parcel],
        overflow: Overflow,
        standing: Standing,
    ) -> Answered<'a, Put> {
        Box::pin(async move {
            self.lines.begin(standing.waiter);
            let put = Topic::put(self, handle, items, overflow, standing).await;
            let is_full = |put: &Put| put.refusal == Some(Refusal::Full);
            let waits = standing.is_patient && put.as_ref().is_ok_and(is_full);
            self.end(standing.waiter, waits, put.is_err()).await;
            put
        })
    }

    fn reserve(&self, handle: u64, standing: Standing) -> Answered<'_, Step<Result<u64, Refusal>>> {
        Box::pin(async move {
            self.lines.begin(standing.waiter);
            let reserved = self.set_one_aside(handle, standing).await;
            let waits = standing.is_patient && matches!(reserved, Ok(Step::NotNow(_)));
            self.end(standing.waiter, waits, reserved.is_err()).await;
            reserved
        })
    }

    fn put_permitted<'a>(
        &'a self,
        permit: u64,
        item: &'a Parcel,
    ) -> Answered<'a, Result<(), Refusal>> {
        let held = self.permits().all.remove(&permit).unwrap_or_default();
        Box::pin(async move {
            Ok(match put::place(&held, std::slice::from_ref(item)).await {
                Ok(true) => Ok(()),
                Ok(false) => Err(Refusal::Closed),
                Err(refusal) => Err(refusal),
            })
        })
    }

    fn release(&self, permit: u64) -> Answered<'_, ()> {
        let held = self.permits().all.remove(&permit).unwrap_or_default();
        Box::pin(async move { put::give_back(&held).await })
    }

    fn lend(&self, _: Wish, _: Standing) -> Answered<'_, Lent> {
        no_items()
    }

    fn answer<'a>(&'a self, _: Answer, _: &'a str, _: &'a [u64]) -> Answered<'a, Vec<bool>> {
        no_items()
    }

    fn entomb<'a>(&'a self, _: &'a Loan, _: &'a str) -> Answered<'a, ()> {
        no_items()
    }

    fn extend(&self, _: u64, _: Duration) -> Answered<'_, bool> {
        no_items()
    }

    fn leave(&self, waiter: u64) -> Answered<'_, ()> {
        let stood = self.lines.leave(waiter);
        Box::pin(async move {
            match stood {
                Some(group) => group.told(group.engine.leave(waiter).await).map(drop),
                None => Ok(()),
            }
        })
    }

    fn enroll(&self, handle: u64, role: Role) -> Answered<'_, ()> {
        Box::pin(self.view.enroll(handle, role))
    }

    fn depart(&self, handle: u64, role: Role) -> Answered<'_, ()> {
        Box::pin(self.view.depart(handle, role))
    }

    fn close(&self) -> Answered<'_, ()> {
        Box::pin(async move {
            let groups = self.view.groups_now(None).await?;
            view::each(&groups, |group| group.engine.close()).await
        })
    }

    fn join(&self, _: Option<u64>, standing: Standing) -> Answered<'_, Joined> {
        Box::pin(async move {
            self.lines.begin(standing.waiter);
            let joined = self.join_each(standing).await;
            let waits = standing.is_patient && matches!(joined, Ok(Joined::Busy { .. }));
            self.end(standing.waiter, waits, joined.is_err()).await;
            joined
        })
    }

    fn statistics(&self) -> Answered<'_, Statistics> {
        Box::pin(async move {
            let groups = self.view.groups_now(None).await?;
            let asked = groups.iter().map(|group| group.engine.statistics());
            let (mut all, mut is_open) = (Statistics::default(), false);
            for (group, counts) in groups.iter().zip(join_all(asked).await) {
                let Some(counts) = group.told(counts)? else { continue };
                is_open |= !counts.closed;
                add(&mut all, &counts);
            }
            all.closed = !is_open;
            Ok(all)
        })
    }

    fn items<'a>(&'a self, _: Option<&'a str>, _: usize) -> Answered<'a, Option<Vec<Seen>>> {
        no_items()
    }

    fn letters<'a>(&'a self, _: Option<&'a str>, _: usize) -> Answered<'a, Vec<Buried>> {
        no_items()
    }

    fn purge<'a>(&'a self, _: &'a str) -> Answered<'a, bool> {
        no_items()
    }

    fn retry<'a>(&'a self, _: &'a str) -> Answered<'a, bool> {
        no_items()
    }

    fn flush(&self) -> Answered<'_, ()> {
        Box::pin(async move {
            let groups = self.view.groups(None).await?;
            view::each(&groups, |group| group.engine.flush()).await
        })
    }

    fn groups(&self, _: Option<Instant>) -> Answered<'_, Vec<String>> {
        Box::pin(async move {
            let groups = self.view.groups_now(None).await?;
            Ok(groups.iter().map(|group| group.name.clone()).collect())
        })
    }

    fn delete(&self) -> Answered<'_, ()> {
        Box::pin(async move {
            let groups = self.view.groups_now(None).await?;
            view::each(&groups, |group| group.engine.delete()).await
        })
    }
}

/// What there is to count of a group, beside what there is of the others.
fn add(all: &mut Statistics, one: &Statistics) {
    all.produced += one.produced;
    all.finished += one.finished;
    all.waiting += one.waiting;
    all.leased += one.leased;
    all.dead += one.dead;
    all.reserved += one.reserved;
    all.dropped += one.dropped;
    all.high_water += one.high_water;
    // Each producer of the topic is one of every group.
    all.producers = all.producers.max(one.producers);
    all.consumers += one.consumers;
    all.producers_waiting += one.producers_waiting;
    all.consumers_waiting += one.consumers_waiting;
    all.producer_wait += one.producer_wait;
    all.consumer_wait += one.consumer_wait;
    all.departed += one.departed;
}
