//! What a step answers, read with no more trust than a stranger's word.

use std::time::Duration;

use forebay_contract::{Bytes, DeadLetter, Death, Fault, Refusal, Share, Statistics};
use redis::Value;

use crate::engine::{Buried, Loan, Seen};

/// The parts of a reply, from the front.
pub(super) struct Reply {
    parts: std::vec::IntoIter<Value>,
}

impl Reply {
    pub(super) fn new(value: Value) -> Result<Self, Fault> {
        match value {
            Value::Array(parts) => Ok(Self { parts: parts.into_iter() }),
            _ => Err(Fault::Damaged),
        }
    }

    fn next(&mut self) -> Result<Value, Fault> {
        self.parts.next().ok_or(Fault::Damaged)
    }

    pub(super) fn list(&mut self) -> Result<Self, Fault> {
        Self::new(self.next()?)
    }

    pub(super) fn signed(&mut self) -> Result<i64, Fault> {
        match self.next()? {
            Value::Int(number) => Ok(number),
            _ => Err(Fault::Damaged),
        }
    }

    pub(super) fn number<T: TryFrom<i64>>(&mut self) -> Result<T, Fault> {
        T::try_from(self.signed()?).map_err(|_| Fault::Damaged)
    }

    pub(super) fn bytes(&mut self) -> Result<Vec<u8>, Fault> {
        match self.next()? {
            Value::BulkString(bytes) => Ok(bytes),
            Value::SimpleString(text) => Ok(text.into_bytes()),
            _ => Err(Fault::Damaged),
        }
    }

    pub(super) fn text(&mut self) -> Result<String, Fault> {
        String::from_utf8(self.bytes()?).map_err(|_| Fault::Damaged)
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.parts.len() == 0
    }

    /// When something happens by the clock.
    pub(super) fn pause(&mut self) -> Result<Option<Duration>, Fault> {
        // A moment more, so that it has happened.
        Ok(u64::try_from(self.signed()?).ok().map(|pause| Duration::from_millis(pause + 1)))
    }

    pub(super) fn loan(&mut self) -> Result<Loan, Fault> {
        Ok(Loan {
            token: self.number()?,
            position: position(&self.text()?)?,
            deliveries: self.number()?,
            failures: self.number()?,
            bytes: Bytes::from(self.bytes()?),
        })
    }

    /// Names and values in turn.
    pub(super) fn pairs(&mut self) -> Result<Vec<(String, Vec<u8>)>, Fault> {
        let mut pairs = Vec::new();
        while !self.is_at_end() {
            pairs.push((self.text()?, self.bytes()?));
        }
        Ok(pairs)
    }

    /// An entry of the stream of items.
    pub(super) fn seen(&mut self) -> Result<Seen, Fault> {
        let mut entry = self.list()?;
        let id = entry.text()?;
        let pairs = entry.list()?.pairs()?;
        let bytes = pairs.into_iter().find(|(name, _)| name == "b").map(|(_, bytes)| bytes);
        Ok(Seen { position: position(&id)?, id, bytes: Bytes::from(bytes.unwrap_or_default()) })
    }

    /// An entry of the stream of dead letters.
    pub(super) fn buried(&mut self) -> Result<Buried, Fault> {
        let mut entry = self.list()?;
        let id = entry.text()?;
        let pairs = entry.list()?.pairs()?;
        let find = |name: &str| {
            let found = pairs.iter().find(|(known, _)| known == name);
            found.map(|(_, value)| value.clone()).unwrap_or_default()
        };
        let text = |name| String::from_utf8_lossy(&find(name)).into_owned();
        let number = |name| text(name).parse().unwrap_or_default();
        let death = match text("k").as_str() {
            "f" => Death::Failures(text("r")),
            "d" => Death::Deliveries,
            _ => Death::Rejected(text("r")),
        };
        let item = Bytes::from(find("b"));
        let (deliveries, failures) = (number("d"), number("f"));
        Ok(Buried { id, letter: DeadLetter { item, death, deliveries, failures } })
    }

    pub(super) fn statistics(&mut self) -> Result<Statistics, Fault> {
        let mut told = Statistics::default();
        told.waiting = self.number()?;
        told.leased = self.number()?;
        told.dead = self.number()?;
        told.reserved = self.number()?;
        told.weight = self.number()?;
        told.high_water = self.number()?;
        told.closed = self.signed()? == 1;
        told.producers_waiting = self.number()?;
        told.consumers_waiting = self.number()?;
        told.finished = self.number()?;
        told.dropped = self.number()?;
        told.departed = self.number()?;
        told.producer_wait = Duration::from_millis(self.number()?);
        told.consumer_wait = Duration::from_millis(self.number()?);
        told.produced = told.finished + told.waiting + told.leased + told.dead + told.dropped;
        let handles = self.list()?.pairs()?;
        let number_of = |name: &str| {
            let found = handles.iter().find(|(known, _)| known == name);
            found.and_then(|(_, value)| String::from_utf8_lossy(value).parse().ok()).unwrap_or(0)
        };
        for (name, about) in &handles {
            match String::from_utf8_lossy(about).split_once(' ') {
                Some(("p", _)) => told.producers += 1,
                Some(("c", number)) => {
                    told.consumers += 1;
                    let mut share = Share::default();
                    share.consumer = number.parse().map_err(|_| Fault::Damaged)?;
                    share.items = number_of(&format!("{name} items"));
                    share.waited = Duration::from_millis(number_of(&format!("{name} waited")));
                    told.shares.push(share);
                }
                _ => {}
            }
        }
        told.shares.sort_by_key(|share| share.consumer);
        Ok(told)
    }
}

/// The position that is in the name of an entry.
fn position(id: &str) -> Result<u64, Fault> {
    let number = id.split('-').next().and_then(|number| number.parse().ok());
    number.ok_or(Fault::Damaged)
}

/// Why a put or a reserve did not place anything more, in the words of the script.
pub(super) fn refusal(word: &str) -> Result<Option<Refusal>, Fault> {
    Ok(match word {
        "done" => None,
        "full" => Some(Refusal::Full),
        "closed" => Some(Refusal::Closed),
        "heavy" => Some(Refusal::TooHeavy),
        _ => return Err(Fault::Damaged),
    })
}
