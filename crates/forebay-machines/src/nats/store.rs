//! What lies on the server: items, the document, dead letters; how they are read and written.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use async_nats::jetstream::message::StreamMessage;
use async_nats::jetstream::stream::LastRawMessageErrorKind;
use async_nats::{HeaderMap, Message, jetstream};
use bytes::Bytes as Payload;
use forebay_contract::{Bytes, Fault};
use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::time;

use super::link::{self, Connection, Link, Trouble};
use super::names::Names;
use super::state::State;
use crate::engine::Parcel;

/// What the server tells a message by, if it comes twice.
pub(super) const ID: &str = "Nats-Msg-Id";
const EXPECTED_LAST: &str = "Nats-Expected-Last-Sequence";
const EXPECTED_LAST_ID: &str = "Nats-Expected-Last-Msg-Id";
pub(super) const WEIGHT: &str = "Forebay-Weight";

/// For so long the server knows an item that comes again.
const WINDOW: Duration = Duration::from_mins(1);
/// For so long it is sure to.
const SURE: Duration = Duration::from_secs(50);

/// Room in a message for what is said of an item.
pub(super) const HEADERS: usize = 512;

/// Between two questions, where the server is not ready.
pub(super) const PAUSE: Duration = Duration::from_millis(50);

/// The store of one buffer.
pub(super) struct Store {
    pub(super) link: Link,
    pub(super) names: Names,
}

/// An item on its way.
pub(super) struct Outgoing<'a> {
    pub(super) position: u64,
    pub(super) id: String,
    pub(super) parcel: &'a Parcel,
}

/// An item that was read.
pub(super) struct Item {
    pub(super) bytes: Bytes,
    pub(super) weight: u64,
    pub(super) id: String,
    /// Where it lies.
    pub(super) place: u64,
}

impl Item {
    fn new(place: u64, headers: &HeaderMap, payload: Payload) -> Self {
        let text = |name| headers.get(name).map(|value| value.as_str().to_owned());
        Self {
            bytes: Bytes::from(Vec::from(payload)),
            weight: text(WEIGHT).and_then(|weight| weight.parse().ok()).unwrap_or(0),
            id: text(ID).unwrap_or_default(),
            place,
        }
    }
}

/// What is written of a step: messages behind each other.
pub(super) struct Step<'a> {
    /// The last sequence before it.
    pub(super) after: u64,
    pub(super) items: &'a [Outgoing<'a>],
    pub(super) document: Option<Vec<u8>>,
    pub(super) is_document_first: bool,
    /// The document's name among the messages.
    pub(super) name: String,
}

impl Step<'_> {
    pub(super) fn len(&self) -> usize {
        self.items.len() + usize::from(self.document.is_some())
    }

    /// How many items there are in so many messages from the front, and whether the document is.
    pub(super) fn of(&self, stored: usize) -> (usize, bool) {
        let has_document = self.document.is_some();
        if self.is_document_first && has_document {
            (stored.saturating_sub(1), stored > 0)
        } else {
            (stored.min(self.items.len()), has_document && stored > self.items.len())
        }
    }
}

/// What came of a write of several.
pub(super) struct Ended {
    /// So many from the front are stored, as far as there was an answer.
    pub(super) stored: usize,
    /// The last sequence, where the server told it in refusing the next.
    pub(super) last: Option<u64>,
    /// Why the next was refused, unless somebody else was quicker.
    pub(super) fault: Option<Fault>,
    /// The answer was lost.
    pub(super) is_lost: bool,
    /// The run of the server that was asked, and when.
    pub(super) server: String,
    pub(super) sent: Instant,
}

/// What a publish is answered with.
pub(super) enum Answered {
    Stored {
        is_double: bool,
    },
    /// Not the last any more; the last sequence, where it is told.
    Late(Option<u64>),
    Refused(Fault),
    Unserved,
    Lost,
}

impl Store {
    pub(super) async fn api(&self, verb: &str, what: &Value, end: Instant) -> Result<Value, Fault> {
        let subject = format!("$JS.API.{verb}");
        loop {
            if let Some(message) = self.link.ask(&subject, what.to_string().into(), end).await? {
                return serde_json::from_slice(&message.payload).map_err(|_| Fault::Damaged);
            }
            // The server has only just begun to run.
            time::sleep(PAUSE).await;
            if Instant::now() >= end {
                return Err(Fault::Unreachable);
            }
        }
    }

    /// The last sequence of the stream of items; [`Fault::Gone`] if it is not this buffer's any more.
    pub(super) async fn last(&self, end: Instant) -> Result<u64, Fault> {
        self.extent(end).await.map(|(last, _)| last)
    }

    /// The last sequence, and how many messages there are.
    pub(super) async fn extent(&self, end: Instant) -> Result<(u64, u64), Fault> {
        let verb = format!("STREAM.INFO.{}", self.names.stream());
        let told = self.api(&verb, &json!({}), end).await?;
        refusal(&told)?;
        if told["config"]["subjects"][0] != self.names.items().as_str() {
            return Err(Fault::Gone);
        }
        let number = |name| told["state"][name].as_u64().ok_or(Fault::Damaged);
        Ok((number("last_seq")?, number("messages")?))
    }

    /// The document, and its sequence.
    pub(super) async fn document(&self, end: Instant) -> Result<(u64, State), Fault> {
        let Some(message) = self.last_under(&self.names.document(), end).await? else {
            return Ok((0, State::default()));
        };
        let state = serde_json::from_slice(&message.payload).map_err(|_| Fault::Damaged)?;
        Ok((message.sequence, state))
    }

    /// The last message under a subject, asked of the leader: a replica may not have it yet.
    async fn last_under(
        &self,
        subject: &str,
        end: Instant,
    ) -> Result<Option<StreamMessage>, Fault> {
        loop {
            let connection = self.link.connection(end).await?;
            let context = jetstream::new(connection.client.clone());
            let stream = context.get_stream_no_info(self.names.stream()).await;
            let stream = stream.map_err(|_| Fault::Damaged)?;
            match stream.get_last_raw_message_by_subject(subject).await {
                Ok(message) => return Ok(Some(message)),
                Err(error) => match error.kind() {
                    LastRawMessageErrorKind::NoMessageFound => return Ok(None),
                    LastRawMessageErrorKind::JetStream(error)
                        if error.error_code() == jetstream::ErrorCode::STREAM_NOT_FOUND =>
                    {
                        return Err(Fault::Gone);
                    }
                    _ => self.link.fail(&connection)?,
                },
            }
            if Instant::now() >= end {
                return Err(Fault::Unreachable);
            }
        }
    }

    pub(super) async fn get(
        &self,
        stream: &str,
        what: &Value,
        end: Instant,
    ) -> Result<Option<Message>, Fault> {
        let subject = format!("$JS.API.DIRECT.GET.{stream}");
        loop {
            if let Some(message) = self.link.ask(&subject, what.to_string().into(), end).await? {
                let is_there = message.status.is_none();
                return Ok(is_there.then_some(message));
            }
            self.last(end).await?;
            time::sleep(PAUSE).await;
            if Instant::now() >= end {
                return Err(Fault::Unreachable);
            }
        }
    }

    /// The item of this position, if it is there. A replica may say that it is not, so the leader has the last word.
    pub(super) async fn item(&self, position: u64, end: Instant) -> Result<Option<Item>, Fault> {
        let subject = self.names.item(position);
        let what = json!({ "last_by_subj": subject });
        if let Some(message) = self.get(&self.names.stream(), &what, end).await? {
            let place = header(&message, "Nats-Sequence").parse().map_err(|_| Fault::Damaged)?;
            let headers = message.headers.unwrap_or_default();
            return Ok(Some(Item::new(place, &headers, message.payload)));
        }
        let found = self.last_under(&subject, end).await?;
        Ok(found.map(|message| Item::new(message.sequence, &message.headers, message.payload)))
    }

    /// Removes an item, if it is there.
    pub(super) async fn remove(
        &self,
        position: u64,
        place: Option<u64>,
        end: Instant,
    ) -> Result<(), Fault> {
        let place = match place {
            Some(place) => place,
            None => match self.item(position, end).await? {
                Some(item) => item.place,
                None => return Ok(()),
            },
        };
        self.delete(&self.names.stream(), place, end).await.map(drop)
    }

    /// Removes all items that lie before this place.
    pub(super) async fn remove_before(&self, place: u64, end: Instant) -> Result<(), Fault> {
        let verb = format!("STREAM.PURGE.{}", self.names.stream());
        let what = json!({ "filter": self.names.items(), "seq": place });
        refusal(&self.api(&verb, &what, end).await?)
    }

    /// Removes a message; whether it was there.
    pub(super) async fn delete(
        &self,
        stream: &str,
        place: u64,
        end: Instant,
    ) -> Result<bool, Fault> {
        let verb = format!("STREAM.MSG.DELETE.{stream}");
        let told = self.api(&verb, &json!({ "seq": place, "no_erase": true }), end).await?;
        Ok(told["success"] == true)
    }

    /// Writes a step, each message only right behind the one before.
    pub(super) async fn write(&self, step: &Step<'_>, end: Instant) -> Result<Ended, Fault> {
        let mut messages: Vec<(String, HeaderMap, Payload)> = Vec::with_capacity(step.len());
        for item in step.items {
            let mut headers = HeaderMap::new();
            headers.insert(ID, item.id.as_str());
            if item.parcel.weight != 0 {
                headers.insert(WEIGHT, item.parcel.weight.to_string());
            }
            let bytes = Payload::copy_from_slice(&item.parcel.bytes);
            messages.push((self.names.item(item.position), headers, bytes));
        }
        if let Some(document) = &step.document {
            let place = if step.is_document_first { 0 } else { messages.len() };
            let mut headers = HeaderMap::new();
            if step.is_document_first {
                headers.insert(ID, step.name.as_str());
            }
            let bytes = Payload::copy_from_slice(document);
            messages.insert(place, (self.names.document(), headers, bytes));
        }
        let mut before = None;
        for (number, (_, headers, _)) in (step.after..).zip(&mut messages) {
            headers.insert(EXPECTED_LAST, number.to_string());
            if let Some(before) = before.replace(headers.get(ID).cloned()).flatten() {
                headers.insert(EXPECTED_LAST_ID, before);
            }
        }
        loop {
            let connection = self.link.connection(end).await?;
            if let Some(ended) = self.send_all(&connection, &messages).await? {
                return Ok(ended);
            }
            // The buffer is gone, or the server has only just begun to run.
            self.last(end).await?;
            time::sleep(PAUSE).await;
            if Instant::now() >= end {
                return Err(Fault::Unreachable);
            }
        }
    }

    /// Sends messages without waiting in between. `None` when nobody there serves them.
    async fn send_all(
        &self,
        connection: &Connection,
        messages: &[(String, HeaderMap, Payload)],
    ) -> Result<Option<Ended>, Fault> {
        let server = connection.client.server_info().server_id;
        let mut ended = Ended {
            stored: 0,
            last: None,
            fault: None,
            is_lost: false,
            server,
            sent: Instant::now(),
        };
        let sending = messages
            .iter()
            .cloned()
            .map(|(subject, headers, bytes)| link::send(connection, subject, headers, bytes));
        for answer in join_all(sending).await {
            match answered(answer) {
                Answered::Stored { .. } => {
                    ended.stored += 1;
                    continue;
                }
                Answered::Late(last) => ended.last = last,
                Answered::Refused(fault) => ended.fault = Some(fault),
                Answered::Lost => {
                    self.link.fail(connection)?;
                    ended.is_lost = true;
                }
                Answered::Unserved if ended.stored == 0 => return Ok(None),
                Answered::Unserved => ended.fault = Some(Fault::Gone),
            }
            break;
        }
        Ok(Some(ended))
    }

    /// Whether an item was stored at its position, whose answer was lost on the way from this run of the server.
    pub(super) async fn is_stored(
        &self,
        item: &Outgoing<'_>,
        (server, sent): (&str, Instant),
        end: Instant,
    ) -> Result<bool, Fault> {
        if let Some(found) = self.item(item.position, end).await? {
            return Ok(found.id == item.id);
        }
        // It was taken already, or there never was one. The server remembers its name; what is asked for here is stored in
        // no case, since something lies behind it.
        let mut headers = HeaderMap::new();
        headers.insert(EXPECTED_LAST, "0");
        headers.insert(ID, item.id.as_str());
        loop {
            let connection = self.link.connection(end).await?;
            let is_same = connection.client.server_info().server_id == server;
            let subject = self.names.item(item.position);
            let answer = link::send(&connection, subject, headers.clone(), Payload::new()).await;
            match answered(answer) {
                Answered::Stored { is_double } => return Ok(is_double),
                Answered::Late(_) if is_same && sent.elapsed() < SURE => return Ok(false),
                // It may have known, or its run before this one has.
                Answered::Late(_) => return Err(Fault::Unanswered),
                Answered::Refused(fault) => return Err(fault),
                Answered::Unserved => self.last(end).await.map(drop)?,
                Answered::Lost => self.link.fail(&connection)?,
            }
            if Instant::now() >= end {
                return Err(Fault::Unanswered);
            }
        }
    }

    /// Deletes all of it.
    pub(super) async fn end(&self, end: Instant) -> Result<(), Fault> {
        self.last(end).await?;
        for name in [self.names.stream(), self.names.dead_stream()] {
            let verb = format!("STREAM.DELETE.{name}");
            let told = self.api(&verb, &json!({}), end).await?;
            match refusal(&told) {
                Ok(()) | Err(Fault::Gone) => {}
                Err(fault) => return Err(fault),
            }
        }
        Ok(())
    }
}

/// A stream as we make them: one message under each subject, in a file, refusing what it has no room for.
pub(super) fn stream(name: &str, subjects: &[String], description: &str) -> Value {
    json!({
        "name": name,
        "description": description,
        "subjects": subjects,
        "retention": "limits",
        "storage": "file",
        "discard": "new",
        "max_consumers": -1,
        "max_msgs": -1,
        "max_bytes": -1,
        "max_age": 0,
        "max_msgs_per_subject": 1,
        "max_msg_size": -1,
        "num_replicas": 1,
        "duplicate_window": u64::try_from(WINDOW.as_nanos()).unwrap_or(0),
        "allow_direct": true,
        "deny_delete": false,
        "deny_purge": false,
    })
}

pub(super) fn header(message: &Message, name: &str) -> String {
    let value = message.headers.as_ref().and_then(|headers| headers.get(name));
    value.map(|value| value.as_str().to_owned()).unwrap_or_default()
}

pub(super) fn answered(answer: Result<Message, Trouble>) -> Answered {
    let message = match answer {
        Ok(message) => message,
        Err(Trouble::Lost) => return Answered::Lost,
        Err(Trouble::Unserved) => return Answered::Unserved,
        Err(Trouble::TooLarge) => return Answered::Refused(Fault::Refused),
    };
    let Ok(told) = serde_json::from_slice::<Value>(&message.payload) else {
        return Answered::Refused(Fault::Damaged);
    };
    let error = &told["error"];
    match error["err_code"].as_u64() {
        None if told["seq"].is_u64() => Answered::Stored { is_double: told["duplicate"] == true },
        Some(10_071) => {
            let said = error["description"].as_str().unwrap_or_default();
            Answered::Late(said.rsplit(' ').next().and_then(|last| last.parse().ok()))
        }
        Some(10_070) => Answered::Late(None),
        _ => Answered::Refused(refusal(&told).err().unwrap_or(Fault::Damaged)),
    }
}

/// What an error of the server means.
pub(super) fn refusal(told: &Value) -> Result<(), Fault> {
    let known: BTreeSet<u64> = [10_023, 10_047, 10_077, 10_002, 10_028].into();
    match told["error"]["err_code"].as_u64() {
        None if told["error"].is_null() => Ok(()),
        Some(10_059) => Err(Fault::Gone),
        Some(code) if known.contains(&code) => Err(Fault::OutOfMemory),
        _ => Err(Fault::Refused),
    }
}
