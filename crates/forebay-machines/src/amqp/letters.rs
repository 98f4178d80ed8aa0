//! Dead letters: read, dropped, or put again.
//!
//! To read a queue is to hold its messages and give them back. So one does it at a time, who holds the record meanwhile.

use std::sync::Arc;

use forebay_contract::Fault;
use futures_util::future;
use lapin::Error;
use lapin::message::{BasicGetMessage, Delivery};

use super::link::{Attempt, Takes};
use super::message;
use super::meta::HeldRecord;
use super::session::{Over, Session, get, ready};
use super::tries::{put_away, put_back};
use super::wake::Wake;
use crate::engine::{Buried, Parcel};

/// So many are asked for at once.
const SOME: usize = 64;

/// Dead letters that are held to be looked at, from the oldest on.
struct Grave {
    record: HeldRecord,
    takes: Arc<Takes>,
    held: Vec<BasicGetMessage>,
}

impl Grave {
    /// Gives back all that is held.
    async fn close(self) {
        let tags: Vec<u64> = self.held.iter().map(|message| message.delivery_tag).collect();
        put_back(&self.takes, &tags).await;
        self.record.put_back().await;
    }
}

impl Session {
    /// Dead letters, oldest first, after this one, at most so many.
    pub(super) async fn letters(
        &self,
        after: Option<&str>,
        most: usize,
    ) -> Result<Vec<Buried>, Fault> {
        let mut attempt = self.link.attempt(None);
        let grave = self.dig(&mut attempt, after, most).await?;
        let mut all = grave.held.iter().map(|message| message::buried(&message.delivery));
        if let Some(after) = after {
            let _ = all.find(|letter| letter.id == after);
        }
        let letters = all.take(most).collect();
        grave.close().await;
        Ok(letters)
    }

    /// Drops a dead letter for good; whether it was there.
    pub(super) async fn purge(&self, id: &str) -> Result<bool, Fault> {
        let _counted = self.answering.read().await;
        let mut attempt = self.link.attempt(None);
        let grave = self.dig(&mut attempt, Some(id), 0).await?;
        let was_there = self.remove(&mut attempt, grave, id).await?;
        if was_there {
            self.out().news.dropped += 1;
        }
        Ok(was_there)
    }

    /// Makes an item of a dead letter again, at the end, if there is room; whether it was there.
    pub(super) async fn retry(self: &Arc<Self>, id: &str) -> Result<bool, Fault> {
        let _counted = self.answering.read().await;
        let mut attempt = self.link.attempt(None);
        let grave = self.dig(&mut attempt, Some(id), 0).await?;
        let Some(letter) = grave.held.last().filter(|last| is(last, id)) else {
            grave.close().await;
            return Ok(false);
        };
        let item = Parcel { bytes: letter.data.clone(), weight: 0 };
        match self.place_one(&mut attempt, &item).await {
            Ok(None) => {}
            refused => {
                grave.close().await;
                // A buffer that is full or closed takes none.
                return refused.and(Err(Fault::Refused));
            }
        }
        let was_there = self.remove(&mut attempt, grave, id).await?;
        self.wake(&[Wake::Item]);
        Ok(was_there)
    }

    /// Holds dead letters, oldest first: up to the one of this id if there is one, and then so many.
    async fn dig(
        &self,
        attempt: &mut Attempt<'_>,
        after: Option<&str>,
        most: usize,
    ) -> Result<Grave, Fault> {
        self.ensure_there()?;
        loop {
            let record = self.hold(attempt).await?;
            let takes = record.takes();
            let mut grave = Grave { record, takes, held: Vec::new() };
            let takes = Arc::clone(&grave.takes);
            match attempt.wait(&takes.life, self.fill(&mut grave, after, most)).await {
                Ok(Ok(())) => return Ok(grave),
                Ok(Err(error)) => attempt.again(&error).await.map_err(|fault| self.note(fault))?,
                Err(fault) => {
                    grave.close().await;
                    return Err(fault);
                }
            }
        }
    }

    async fn fill(&self, grave: &mut Grave, after: Option<&str>, most: usize) -> Result<(), Error> {
        let (mut is_found, mut wanted) = (after.is_none(), most);
        while !is_found || wanted > 0 {
            // One at a time where one is looked for, so that it is the last.
            let some = if is_found { wanted.min(SOME) } else { 1 };
            let asked = (0..some).map(|_| get(&grave.takes, Over::Desk, self.names.dead.clone()));
            let had: Vec<_> = future::try_join_all(asked).await?.into_iter().flatten().collect();
            if is_found {
                wanted -= had.len();
            }
            let is_all = had.len() < some;
            is_found |= had.last().is_some_and(|last| after.is_some_and(|id| is(last, id)));
            grave.held.extend(had);
            if is_all {
                break;
            }
        }
        Ok(())
    }

    /// Removes the last of those that are held, if it is the one of this id, and gives back the rest.
    async fn remove(
        &self,
        attempt: &mut Attempt<'_>,
        mut grave: Grave,
        id: &str,
    ) -> Result<bool, Fault> {
        let found = grave.held.pop_if(|last| is(last, id));
        let mut heard = Ok(Ok(0));
        if let Some(found) = &found {
            put_away(&grave.takes, &[found.delivery_tag]).await;
            // An ack is not answered; what is asked after it is.
            let after_it = ready(&grave.takes.desk, self.names.dead.clone());
            heard = attempt.wait(&grave.takes.life, after_it).await;
        }
        grave.close().await;
        match heard? {
            Ok(_) => Ok(found.is_some()),
            Err(_) => Err(Fault::Unanswered),
        }
    }
}

fn is(letter: &Delivery, id: &str) -> bool {
    letter.properties.message_id().as_ref().is_some_and(|own| own.as_str() == id)
}
