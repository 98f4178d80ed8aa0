//! One member's way to the items: what a share group lends, and how it is answered, in Kafka's own words.
//!
//! Kafka's own consumers lend again only when all that they lent is answered, and need one another to be joined for each item that takes
//! its time. What they say to a server has no such limit: one member may hold any number of items, and answers
//! each when it likes. So that is said here. A server asks nobody who fetches whether he has joined the group: only
//! whoever wants partitions assigned does that, and there is one.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{BufMut, Bytes, BytesMut};
use krafka::__private::network::BrokerConnection;
use krafka::__private::protocol::{
    ApiKey, Record, RecordBatch, ShareAcknowledgeResponse, ShareFetchPartition, ShareFetchRequest,
    ShareFetchResponse, ShareFetchTopic,
};
use krafka::KrafkaError;
use krafka::error::ErrorCode;

use super::lend::LOCK;
use super::link::Link;
use super::names::Names;

/// The version of what is said: the first that lends so many and no more, and extends.
pub(super) const VERSION: i16 = 2;

/// Lend no more than is asked for, not whole batches.
const RECORD_LIMIT: i8 = 1;
/// A fetch brings what it lends, at least one however long it is, and no more than this, in bytes.
const MOST_BYTES: i32 = 16 * 1024 * 1024;
/// What is packed is no longer than this, in bytes, when it is unpacked: items are not packed, but others' records may be.
const UNPACKED: usize = 256 * 1024 * 1024;

/// How an item is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// There is nothing at this offset.
    Gap = 0,
    Accept = 1,
    Release = 2,
    Renew = 4,
}

/// An item that was lent.
#[derive(Debug)]
pub(super) struct Got {
    pub(super) offset: i64,
    /// How often Kafka has lent it.
    pub(super) count: i16,
    /// What it is; `None` where nothing can be read.
    pub(super) record: Option<Record>,
}

/// One member, which may hold items.
pub(super) struct Share {
    member: String,
    /// How many members there were before: what an earlier one held is not held any more.
    pub(super) number: u64,
    /// Its connection, and the number of its next request. What it holds goes back when the connection ends.
    session: Option<(Arc<BrokerConnection>, i32)>,
    /// How long Kafka leaves an item to whoever says nothing, as it told last.
    pub(super) lock: Duration,
    /// When it was asked last for items: Kafka began to count no earlier.
    pub(super) asked: Instant,
}

impl Share {
    pub(super) fn new() -> Self {
        let asked = Instant::now();
        Self { member: super::random(), number: 1, session: None, lock: LOCK, asked }
    }

    /// Whether its connection is there, or there was none yet.
    pub(super) fn is_fine(&self) -> bool {
        self.session.as_ref().is_none_or(|(connection, _)| connection.is_alive())
    }

    /// Begins anew, holding nothing. What was held goes back, at once where the server hears that the connection ends.
    pub(super) async fn reset(&mut self) {
        if let Some((connection, _)) = self.session.take() {
            connection.close().await;
        }
        self.member = super::random();
        self.number += 1;
    }

    /// Lends up to so many, the oldest first; none where there are none in so long.
    pub(super) async fn fetch(
        &mut self,
        link: &Link,
        names: &Names,
        topic: [u8; 16],
        most: usize,
        wait: Duration,
    ) -> krafka::Result<Vec<Got>> {
        let (connection, epoch) = match &self.session {
            Some((connection, epoch)) => (Arc::clone(connection), *epoch),
            None => (link.leader(&names.items).await?, 0),
        };
        let partition = ShareFetchPartition { partition_index: 0, acknowledgement_batches: vec![] };
        let whole = ShareFetchTopic { topic_id: topic, partitions: vec![partition] };
        let most = i32::try_from(most).unwrap_or(i32::MAX);
        let request = ShareFetchRequest {
            group_id: Some(names.group.clone()),
            member_id: Some(self.member.clone()),
            share_session_epoch: epoch,
            max_wait_ms: i32::try_from(wait.as_millis()).unwrap_or(i32::MAX),
            min_bytes: i32::from(!wait.is_zero()),
            max_bytes: MOST_BYTES,
            max_records: most,
            batch_size: most,
            topics: if epoch == 0 { vec![whole] } else { vec![] },
            forgotten_topics: vec![],
        };
        self.session = Some((Arc::clone(&connection), next(epoch)));
        self.asked = Instant::now();
        let answer = connection.send_request(ApiKey::ShareFetch, VERSION, |buffer| {
            request.encode_v2(buffer, RECORD_LIMIT, false)
        });
        let answer = ShareFetchResponse::decode_v2(&mut answer.await?.as_ref())?;
        link.heard();
        fine(answer.error_code, "lend")?;
        if let Ok(lock @ 1..) = u64::try_from(answer.acquisition_lock_timeout_ms) {
            self.lock = Duration::from_millis(lock);
        }
        let mut got = Vec::new();
        for part in answer.responses.into_iter().flat_map(|topic| topic.partitions) {
            fine(part.error_code, "lend")?;
            let acquired = part.acquired_records;
            for range in acquired.iter().filter(|range| range.last_offset >= range.first_offset) {
                let offsets = range.first_offset..=range.last_offset;
                got.extend(offsets.map(|offset| Got {
                    offset,
                    count: range.delivery_count,
                    record: None,
                }));
            }
            got.sort_unstable_by_key(|got| got.offset);
            for (offset, record) in part.records.map(unpack).unwrap_or_default().records {
                if let Ok(place) = got.binary_search_by_key(&offset, |got| got.offset) {
                    got[place].record = Some(record);
                }
            }
        }
        Ok(got)
    }

    /// Answers what is held: for each, whether it was held. All at once where all are; otherwise one by one.
    pub(super) async fn answer(
        &mut self,
        names: &Names,
        topic: [u8; 16],
        answers: &[(i64, Kind)],
    ) -> krafka::Result<Vec<bool>> {
        if answers.is_empty() {
            return Ok(Vec::new());
        }
        if self.say(names, topic, answers).await? {
            return Ok(vec![true; answers.len()]);
        }
        let mut held = vec![false; answers.len()];
        if answers.len() > 1 {
            for (place, one) in answers.iter().enumerate() {
                held[place] = self.say(names, topic, std::slice::from_ref(one)).await?;
            }
        }
        Ok(held)
    }

    /// Sends answers; whether all were held.
    async fn say(
        &mut self,
        names: &Names,
        topic: [u8; 16],
        answers: &[(i64, Kind)],
    ) -> krafka::Result<bool> {
        let Some((connection, epoch)) = self.session.clone() else { return Ok(false) };
        self.session = Some((Arc::clone(&connection), next(epoch)));
        let mut answers = answers.to_vec();
        answers.sort_unstable_by_key(|(offset, _)| *offset);
        let said = connection.send_request(ApiKey::ShareAcknowledge, VERSION, |buffer| {
            words(buffer, &[&names.group, &self.member]);
            buffer.put_i32(epoch);
            buffer.put_u8(answers.iter().any(|(_, kind)| *kind == Kind::Renew).into());
            count(buffer, 1);
            buffer.put_slice(&topic);
            count(buffer, 1);
            buffer.put_i32(0);
            count(buffer, answers.len());
            for (offset, kind) in &answers {
                buffer.put_i64(*offset);
                buffer.put_i64(*offset);
                count(buffer, 1);
                buffer.put_i8(*kind as i8);
                buffer.put_u8(END);
            }
            buffer.put_slice(&[END; 3]);
            Ok(())
        });
        let answer = ShareAcknowledgeResponse::decode_v2(&mut said.await?.as_ref())?;
        fine(answer.error_code, "answer")?;
        for part in answer.responses.iter().flat_map(|topic| &topic.partitions) {
            if part.error_code == ErrorCode::InvalidRecordState {
                return Ok(false);
            }
            fine(part.error_code, "answer")?;
        }
        Ok(true)
    }
}

/// No more fields than are known follow.
const END: u8 = 0;

/// The number of a session's next request, which is never that of the first.
fn next(epoch: i32) -> i32 {
    if epoch == i32::MAX { 1 } else { epoch + 1 }
}

fn fine(code: ErrorCode, what: &str) -> krafka::Result<()> {
    match code {
        ErrorCode::None => Ok(()),
        code => Err(KrafkaError::broker(code, format!("cannot {what}"))),
    }
}

/// The length of a list, or of a text, in the compact form: one more than it is, seven bits in a byte.
fn count(buffer: &mut BytesMut, length: usize) {
    let mut rest = length + 1;
    while rest > 0x7f {
        buffer.put_u8(rest as u8 | 0x80);
        rest >>= 7;
    }
    buffer.put_u8(rest as u8);
}

fn words(buffer: &mut BytesMut, words: &[&str]) {
    for word in words {
        count(buffer, word.len());
        buffer.put_slice(word.as_bytes());
    }
}

/// The records of some batches, as far as they can be read.
#[derive(Default)]
pub(super) struct Unpacked {
    pub(super) records: Vec<(i64, Record)>,
    /// The last place of these batches, whether or not there is a record.
    pub(super) last: Option<i64>,
}

pub(super) fn unpack(mut batches: Bytes) -> Unpacked {
    let mut all = Unpacked::default();
    while !batches.is_empty() {
        // What is cut off, or of another kind, ends it.
        let Ok(batch) = RecordBatch::decode_with_limit(&mut batches, UNPACKED) else { break };
        let base = batch.base_offset;
        all.last = Some(base + i64::from(batch.last_offset_delta));
        if !batch.attributes.is_control_batch {
            let records = batch.records.into_iter();
            all.records.extend(records.map(|one| (base + i64::from(one.offset_delta), one)));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_written_in_seven_bits() {
        let written = |length| {
            let mut buffer = BytesMut::new();
            count(&mut buffer, length);
            buffer.to_vec()
        };
        assert_eq!(written(0), [1]);
        assert_eq!(written(126), [127]);
        assert_eq!(written(127), [0x80, 1]);
        assert_eq!(written(16_383), [0x80, 0x80, 1]);
    }
}
