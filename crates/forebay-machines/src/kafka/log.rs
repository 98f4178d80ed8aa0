//! Reading a topic from one place on, as its partition is one.

use std::time::Duration;

use krafka::__private::network::BrokerConnection;
use krafka::__private::protocol::{
    ApiKey, FetchPartitionRequest, FetchRequest, FetchResponse, FetchTopicRequest, Record,
    VersionedDecode, VersionedEncode,
};
use krafka::KrafkaError;
use krafka::error::ErrorCode;

use super::share::unpack;

/// The last version that the client writes as this one; every server with share groups knows it.
const VERSION: i16 = 13;

/// Where a topic is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) topic: [u8; 16],
    pub(super) from: i64,
    /// The most bytes; one record comes however long it is.
    pub(super) most: i32,
}

/// What was read of one topic.
#[derive(Debug, Default)]
pub(super) struct Read {
    /// From the place on, some.
    pub(super) records: Vec<(i64, Record)>,
    /// Where the next read goes on.
    pub(super) next: i64,
    /// Where it ends now.
    pub(super) end: i64,
}

/// Reads from these places, and waits until there is something, at most so long.
pub(super) async fn read(
    connection: &BrokerConnection,
    places: &[Place],
    wait: Duration,
) -> krafka::Result<Vec<Read>> {
    let mut request = FetchRequest::default();
    request.max_wait_ms = i32::try_from(wait.as_millis()).unwrap_or(i32::MAX);
    request.min_bytes = i32::from(!wait.is_zero());
    request.max_bytes = places.iter().map(|place| place.most).fold(0, i32::saturating_add);
    request.session_id = 0;
    request.session_epoch = -1;
    for place in places {
        let mut partition = FetchPartitionRequest::default();
        partition.partition = 0;
        partition.fetch_offset = place.from;
        partition.partition_max_bytes = place.most;
        partition.current_leader_epoch = -1;
        partition.last_fetched_epoch = -1;
        partition.log_start_offset = -1;
        let mut topic = FetchTopicRequest::default();
        topic.topic_id = Some(place.topic);
        topic.partitions.push(partition);
        request.topics.push(topic);
    }
    let answer = connection
        .send_request(ApiKey::Fetch, VERSION, |buffer| request.encode_versioned(VERSION, buffer))
        .await?;
    let answer = FetchResponse::decode_versioned(VERSION, &mut answer.as_ref())?;
    fine(answer.error_code)?;
    let mut all: Vec<Read> = places
        .iter()
        .map(|place| Read { next: place.from, end: place.from, ..Read::default() })
        .collect();
    for topic in answer.responses {
        let found = places.iter().position(|place| Some(place.topic) == topic.topic_id);
        let Some((place, read)) = found.map(|found| (&places[found], &mut all[found])) else {
            continue;
        };
        for part in topic.partitions {
            if part.error_code == ErrorCode::OffsetOutOfRange {
                // What stood there is finished, and was cut off.
                read.next = part.log_start_offset.max(place.from);
                continue;
            }
            fine(part.error_code)?;
            read.end = part.high_watermark;
            let found = part.records.map(unpack).unwrap_or_default();
            // A batch comes whole, also with what stands before the place.
            let records = found.records.into_iter();
            read.records = records.filter(|(offset, _)| *offset >= place.from).collect();
            read.next = read.next.max(found.last.map_or(0, |last| last + 1));
        }
    }
    Ok(all)
}

fn fine(code: ErrorCode) -> krafka::Result<()> {
    match code {
        ErrorCode::None => Ok(()),
        code => Err(KrafkaError::broker(code, "cannot read")),
    }
}
