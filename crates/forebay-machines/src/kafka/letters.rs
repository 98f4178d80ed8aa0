//! Dead letters: read, dropped, or put again. Each has a key, and one whose key has nothing any more is gone.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use forebay_contract::Fault;
use krafka::__private::protocol::Record as Found;
use krafka::Record;

use super::link::Attempt;
use super::log::{self, Place};
use super::record;
use super::session::Session;
use super::wake::Wake;
use crate::engine::{Buried, Parcel};

/// The most that is read at once, in bytes.
const SOME: i32 = 1024 * 1024;

/// What is known of the dead letters.
#[derive(Debug, Default)]
pub(super) struct Graves {
    /// Where the next are.
    next: i64,
    /// Where each lies, by its key.
    places: BTreeMap<String, i64>,
}

impl Graves {
    fn see(&mut self, offset: i64, found: &Found) {
        let key = found.key.as_deref().and_then(|key| std::str::from_utf8(key).ok());
        match (key, &found.value) {
            (Some(key), Some(_)) => {
                // The same item buried again keeps its first place.
                self.places.entry(key.to_owned()).or_insert(offset);
            }
            (Some(key), None) => {
                self.places.remove(key);
            }
            (None, _) => {}
        }
    }
}

impl Session {
    /// Dead letters, oldest first, after this one, at most so many.
    pub(super) async fn letters(
        &self,
        after: Option<&str>,
        most: usize,
    ) -> Result<Vec<Buried>, Fault> {
        self.ensure_there()?;
        let mut attempt = self.link.attempt(None);
        self.read_letters(&mut attempt).await?;
        let places: BTreeMap<i64, String> = {
            let graves = self.graves.lock().await;
            graves.places.iter().map(|(key, offset)| (*offset, key.clone())).collect()
        };
        let from = after.and_then(|after| after.split_once('@')?.0.parse::<i64>().ok());
        let from = from.map_or(0, |from| from + 1);
        let mut all = Vec::new();
        let mut wanted = places.range(from..).take(most).peekable();
        while let Some((first, _)) = wanted.peek() {
            let read = self.read_dead(&mut attempt, **first).await?;
            let next = read.next.max(**first + 1);
            for (offset, found) in read.records {
                if let Some((place, key)) = wanted.next_if(|(place, _)| **place == offset) {
                    all.extend(record::buried(&id(*place, key), &found));
                }
            }
            // One that cannot be read is left out.
            while wanted.next_if(|(place, _)| **place < next).is_some() {}
        }
        Ok(all)
    }

    /// Reads what is new of the dead letters; how many there are.
    pub(super) async fn read_letters(&self, attempt: &mut Attempt) -> Result<u64, Fault> {
        let mut graves = self.graves.lock().await;
        loop {
            let read = self.read_dead(attempt, graves.next).await?;
            graves.next = read.next;
            for (offset, found) in &read.records {
                graves.see(*offset, found);
            }
            if read.records.is_empty() || read.next >= read.end {
                return Ok(graves.places.len() as u64);
            }
        }
    }

    async fn read_dead(&self, attempt: &mut Attempt, from: i64) -> Result<log::Read, Fault> {
        loop {
            let read = async {
                let connection = self.link.leader(&self.names.dead).await?;
                let place = Place { topic: self.topics.dead, from, most: SOME };
                log::read(&connection, &[place], Duration::ZERO).await
            };
            match attempt.wait(read).await? {
                Ok(mut read) => return Ok(read.swap_remove(0)),
                Err(error) => self.again(attempt, &error).await?,
            }
        }
    }

    /// Drops a dead letter for good; whether it was there.
    pub(super) async fn purge(&self, id: &str) -> Result<bool, Fault> {
        let mut attempt = self.link.attempt(None);
        let was_there = self.exhume(&mut attempt, id).await?;
        if was_there {
            self.out().counts.purged += 1;
        }
        Ok(was_there)
    }

    /// Makes an item of a dead letter again, at the end; whether it was there.
    pub(super) async fn retry(self: &Arc<Self>, id: &str) -> Result<bool, Fault> {
        let mut attempt = self.link.attempt(None);
        self.read_marks(&mut attempt).await?;
        if self.is_closed() {
            return Err(Fault::Refused);
        }
        let Some((offset, key)) = id.split_once('@') else { return Ok(false) };
        let Ok(offset) = offset.parse::<i64>() else { return Ok(false) };
        self.read_letters(&mut attempt).await?;
        if self.graves.lock().await.places.get(key) != Some(&offset) {
            return Ok(false);
        }
        let read = self.read_dead(&mut attempt, offset).await?;
        let found = read.records.into_iter().find(|(place, _)| *place == offset);
        let Some((_, found)) = found else { return Ok(false) };
        let bytes = found.value.unwrap_or_default().to_vec();
        let _places = self.places.lock().await;
        // It asks for no room, as what is given back asks for none.
        self.publish(&attempt, &[Parcel { bytes, weight: 0 }]).await?;
        let was_there = self.exhume(&mut attempt, id).await?;
        self.out().counts.retried += 1;
        self.hear(Wake::Item);
        Ok(was_there)
    }

    /// Takes one away, if it is there.
    async fn exhume(&self, attempt: &mut Attempt, id: &str) -> Result<bool, Fault> {
        self.ensure_there()?;
        self.read_letters(attempt).await?;
        let Some((offset, key)) = id.split_once('@') else { return Ok(false) };
        let place = self.graves.lock().await.places.get(key).copied();
        if place.map(|place| place.to_string()).as_deref() != Some(offset) {
            return Ok(false);
        }
        loop {
            let gone = Record::tombstone(self.names.dead.clone(), key.to_owned()).partition(0);
            match self.link.write(vec![gone]).await.1 {
                Ok(()) => break,
                Err(error) => self.again(attempt, &error).await?,
            }
        }
        self.read_letters(attempt).await?;
        Ok(true)
    }
}

/// The name of a dead letter: where it lies, and its key.
fn id(place: i64, key: &str) -> String {
    format!("{place}@{key}")
}
