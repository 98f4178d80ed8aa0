//! The dead letters: a stream of their own, which is made when there is the first.

use std::time::Instant;

use async_nats::{HeaderMap, Message};
use bytes::Bytes as Payload;
use forebay_contract::{Bytes, DeadLetter, Death, Fault};
use serde_json::json;
use tokio::time;

use super::link;
use super::state::{Dying, Kind};
use super::store::{Answered, ID, PAUSE, Store, WEIGHT, answered, header, refusal, stream};
use crate::engine::{Buried, Parcel};

const DEATH: &str = "Forebay-Death";
const REASON: &str = "Forebay-Reason";
const DELIVERIES: &str = "Forebay-Deliveries";
const FAILURES: &str = "Forebay-Failures";

impl Store {
    /// How many dead letters there are.
    pub(super) async fn dead(&self, end: Instant) -> Result<u64, Fault> {
        let verb = format!("STREAM.INFO.{}", self.names.dead_stream());
        let told = self.api(&verb, &json!({}), end).await?;
        match refusal(&told) {
            // It is made when somebody needs it.
            Err(Fault::Gone) => Ok(0),
            Err(fault) => Err(fault),
            Ok(()) => told["state"]["messages"].as_u64().ok_or(Fault::Damaged),
        }
    }

    /// Makes a dead letter, once.
    pub(super) async fn bury(
        &self,
        dying: &Dying,
        bytes: &[u8],
        end: Instant,
    ) -> Result<(), Fault> {
        let mut headers = HeaderMap::new();
        headers.insert(ID, format!("dead-{}", dying.position));
        let death = match dying.death {
            Kind::Failures => "failures",
            Kind::Deliveries => "deliveries",
            Kind::Rejected => "rejected",
        };
        headers.insert(DEATH, death);
        // A header is one line.
        headers.insert(REASON, json!(dying.reason).to_string());
        headers.insert(DELIVERIES, dying.tries.deliveries.to_string());
        headers.insert(FAILURES, dying.tries.failures.to_string());
        headers.insert(WEIGHT, dying.tries.weight.to_string());
        let (subject, bytes) = (self.names.letter(dying.position), Payload::copy_from_slice(bytes));
        loop {
            let connection = self.link.connection(end).await?;
            let (subject, bytes) = (subject.clone(), bytes.clone());
            match answered(link::send(&connection, subject, headers.clone(), bytes).await) {
                Answered::Stored { .. } => return Ok(()),
                Answered::Late(_) => return Err(Fault::Damaged),
                Answered::Refused(fault) => return Err(fault),
                Answered::Unserved => self.make_dead_stream(end).await?,
                Answered::Lost => self.link.fail(&connection)?,
            }
            if Instant::now() >= end {
                return Err(Fault::Unanswered);
            }
        }
    }

    async fn make_dead_stream(&self, end: Instant) -> Result<(), Fault> {
        self.last(end).await?;
        let name = self.names.dead_stream();
        let made = self
            .api(&format!("STREAM.CREATE.{name}"), &stream(&name, &[self.names.letters()], ""), end)
            .await?;
        if made["error"]["err_code"] == 10_058 {
            // Of another buffer that had this name.
            let what = json!({});
            self.api(&format!("STREAM.DELETE.{name}"), &what, end).await?;
            time::sleep(PAUSE).await;
        }
        Ok(())
    }

    /// Dead letters behind this place, oldest first.
    pub(super) async fn letters(
        &self,
        mut after: u64,
        most: usize,
        end: Instant,
    ) -> Result<Vec<Buried>, Fault> {
        let mut found = Vec::new();
        if self.dead(end).await? == 0 {
            return Ok(found);
        }
        while found.len() < most {
            let what = json!({ "seq": after + 1, "next_by_subj": self.names.letters() });
            let Some(message) = self.get(&self.names.dead_stream(), &what, end).await? else {
                break;
            };
            let (place, letter) = read_letter(&message);
            if place <= after {
                break;
            }
            after = place;
            found.push(Buried { id: place.to_string(), letter });
        }
        Ok(found)
    }

    /// The dead letter of this place, as an item.
    pub(super) async fn letter(&self, place: u64, end: Instant) -> Result<Option<Parcel>, Fault> {
        if self.dead(end).await? == 0 {
            return Ok(None);
        }
        let found = self.get(&self.names.dead_stream(), &json!({ "seq": place }), end).await?;
        Ok(found.map(|message| Parcel {
            weight: header(&message, WEIGHT).parse().unwrap_or(0),
            bytes: message.payload.into(),
        }))
    }

    /// Removes a dead letter; whether it was there.
    pub(super) async fn purge(&self, id: &str, end: Instant) -> Result<bool, Fault> {
        match id.parse() {
            Ok(place) => self.delete(&self.names.dead_stream(), place, end).await,
            Err(_) => Ok(false),
        }
    }
}

fn read_letter(message: &Message) -> (u64, DeadLetter<Bytes>) {
    let number = |name| header(message, name).parse().unwrap_or(0);
    let reason = serde_json::from_str(&header(message, REASON)).unwrap_or_default();
    let death = match header(message, DEATH).as_str() {
        "failures" => Death::Failures(reason),
        "deliveries" => Death::Deliveries,
        _ => Death::Rejected(reason),
    };
    let (deliveries, failures) = (number(DELIVERIES), number(FAILURES));
    let item = Bytes::from(message.payload.to_vec());
    let place = header(message, "Nats-Sequence").parse().unwrap_or(0);
    (place, DeadLetter { item, death, deliveries, failures })
}
