//! The ends of a buffer: closed, joined, deleted.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use forebay_contract::Fault;
use lapin::Error;
use lapin::options::{BasicGetOptions, ExchangeDeleteOptions, QueueDeleteOptions};
use lapin::types::FieldTable;
use tokio::time;

use super::link::{Attempt, Takes};
use super::message;
use super::session::{Over, Session, get};
use super::tries::put_back;
use super::wake::Wake;
use crate::engine::{Joined, Standing};

/// Between two looks whether all is finished: so long the server may take to give back all that a connection held.
const BETWEEN: Duration = Duration::from_millis(5);

impl Session {
    /// Refuses all further puts: nothing is routed to the items any more, and the mark that it is open goes.
    pub(super) async fn close(self: &Arc<Self>) -> Result<(), Fault> {
        self.ensure_there()?;
        let mut attempt = self.link.attempt(None);
        loop {
            let (_, takes) = attempt.takes().await?;
            let (items, put) = (self.names.items.clone(), self.names.put.clone());
            let unbound = takes.desk.queue_unbind(items, put, "".into(), FieldTable::default());
            match attempt.wait(&takes.life, unbound).await? {
                Ok(()) => break,
                Err(error) => attempt.again(&error).await.map_err(|fault| self.note(fault))?,
            }
        }
        self.unmark(&mut attempt).await?;
        self.is_closed.store(true, Ordering::Relaxed);
        self.wake(&[Wake::All]);
        Ok(())
    }

    /// Takes the mark away that it is open.
    pub(super) async fn unmark(self: &Arc<Self>, attempt: &mut Attempt<'_>) -> Result<(), Fault> {
        loop {
            let (_, takes) = attempt.takes().await?;
            let for_good = BasicGetOptions { no_ack: true };
            let unmarked = takes.desk.basic_get(self.names.open.clone(), for_good);
            match attempt.wait(&takes.life, unmarked).await? {
                Ok(_) => return Ok(()),
                Err(error) => attempt.again(&error).await.map_err(|fault| self.note(fault))?,
            }
        }
    }

    /// Whether nothing is unfinished.
    pub(super) async fn join(self: &Arc<Self>, standing: Standing) -> Result<Joined, Fault> {
        self.ensure_there()?;
        let mut attempt = self.link.attempt(standing.until);
        let mut is_idle = self.is_idle(&mut attempt).await?;
        if is_idle {
            // When a connection dies, its item and its pass come back one after the other.
            time::sleep(BETWEEN).await;
            is_idle = self.is_idle(&mut attempt).await?;
        }
        if is_idle {
            self.leave(standing.waiter);
            return Ok(Joined::Idle);
        }
        self.stand(standing, None, 0, false);
        Ok(Joined::Busy { begun: 0, pause: None })
    }

    async fn is_idle(&self, attempt: &mut Attempt<'_>) -> Result<bool, Fault> {
        // Nothing of this process is on its way then.
        let (_lent, _answered) = (self.lend_alone().await, self.answering.write().await);
        let names = &self.names;
        let [passes, waiting] = self.look(attempt, [&names.passes, &names.items]).await?;
        let by = self.link.takes.current().map(|(number, _)| number);
        let out = self.out();
        let spare = out.spare.iter().filter(|pass| Some(pass.by) == by).count() as u64;
        let is_held = out.leases.values().any(|held| Some(held.by) == by);
        Ok(waiting == 0 && !is_held && passes + spare >= self.settings.lease_limit())
    }

    /// Deletes the buffer with all that is in it.
    pub(super) async fn delete(self: &Arc<Self>) -> Result<(), Fault> {
        self.ensure_there()?;
        let mut attempt = self.link.attempt(None);
        let mut has_items = true;
        loop {
            let held = self.hold(&mut attempt).await?;
            let takes = held.takes();
            self.wake(&[Wake::All]);
            // The record goes last: whoever finds it deletes the rest.
            match attempt.wait(&takes.life, self.delete_all(&takes, has_items)).await? {
                Ok(()) => break,
                Err(error) => match attempt.again(&error).await {
                    // Somebody has deleted the queue of the items, and the rest is left.
                    Err(Fault::Gone) if has_items => has_items = false,
                    tried => tried?,
                },
            }
        }
        self.note(Fault::Gone);
        Ok(())
    }

    async fn delete_all(&self, takes: &Arc<Takes>, has_items: bool) -> Result<(), Error> {
        let names = &self.names;
        let desk = &takes.desk;
        let there = ExchangeDeleteOptions::default();
        desk.exchange_delete(names.put.clone(), there).await?;
        // Those that came back stand in front, and have a queue each.
        while has_items && let Some(item) = get(takes, Over::Desk, names.items.clone()).await? {
            if !item.redelivered {
                put_back(takes, &[item.delivery_tag]).await;
                break;
            }
            if let Some(id) = message::id(&item) {
                desk.queue_delete(names.tries(&id), QueueDeleteOptions::default()).await?;
            }
        }
        for queue in [&names.items, &names.passes, &names.open, &names.dead] {
            desk.queue_delete(queue.clone(), QueueDeleteOptions::default()).await?;
        }
        desk.exchange_delete(names.wake.clone(), there).await?;
        desk.queue_delete(names.meta.clone(), QueueDeleteOptions::default()).await?;
        Ok(())
    }
}
