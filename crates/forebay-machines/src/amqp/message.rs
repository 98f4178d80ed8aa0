//! What a buffer's messages look like: an item, its tries, a dead letter.

use forebay_contract::{Bytes, DeadLetter, Death};
use lapin::BasicProperties;
use lapin::message::Delivery;
use lapin::types::{AMQPValue, FieldTable, LongString};

use crate::engine::Buried;

/// Kept on the disk.
const PERSISTENT: u8 = 2;

/// The header that an item of ours has: the format of the rest.
const FORMAT: &str = "x-forebay";
const DEATH: &str = "x-forebay-death";
const REASON: &str = "x-forebay-reason";
const DELIVERIES: &str = "x-forebay-deliveries";
const FAILURES: &str = "x-forebay-failures";

/// Headers have to fit into one frame, so a reason is cut there.
const LONGEST_REASON: usize = 32 << 10;

/// Of any of ours.
pub(super) fn properties() -> BasicProperties {
    BasicProperties::default().with_delivery_mode(PERSISTENT)
}

fn headed(id: &str, headers: &[(&str, AMQPValue)]) -> BasicProperties {
    let mut table = FieldTable::default();
    table.insert(FORMAT.into(), AMQPValue::LongUInt(1));
    for (name, value) in headers {
        table.insert((*name).into(), value.clone());
    }
    properties().with_message_id(id.into()).with_headers(table)
}

/// An item of this id.
pub(super) fn item(id: &str) -> BasicProperties {
    headed(id, &[])
}

/// The id of an item; `None` when it was not put by a producer of ours.
pub(super) fn id(delivery: &Delivery) -> Option<String> {
    let id = delivery.properties.message_id().as_ref()?.as_str();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let is_ours = header(delivery, FORMAT).is_some() && id.len() <= 40 && id.bytes().all(is_plain);
    is_ours.then(|| id.to_owned())
}

fn header<'a>(delivery: &'a Delivery, name: &str) -> Option<&'a AMQPValue> {
    delivery.properties.headers().as_ref()?.inner().get(name)
}

fn number(delivery: &Delivery, name: &str) -> u32 {
    match header(delivery, name) {
        Some(AMQPValue::LongUInt(number)) => *number,
        _ => 0,
    }
}

fn text(delivery: &Delivery, name: &str) -> String {
    match header(delivery, name) {
        Some(AMQPValue::LongString(text)) => String::from_utf8_lossy(text.as_bytes()).into_owned(),
        _ => String::new(),
    }
}

/// How often an item was leased, and how many of its leases failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Tries {
    pub(super) deliveries: u32,
    pub(super) failures: u32,
}

impl Tries {
    pub(super) fn properties(self) -> BasicProperties {
        headed("", &self.headers())
    }

    fn headers(self) -> [(&'static str, AMQPValue); 2] {
        [
            (DELIVERIES, AMQPValue::LongUInt(self.deliveries)),
            (FAILURES, AMQPValue::LongUInt(self.failures)),
        ]
    }

    pub(super) fn read(delivery: &Delivery) -> Self {
        Self { deliveries: number(delivery, DELIVERIES), failures: number(delivery, FAILURES) }
    }
}

/// A dead letter of the item of this id.
pub(super) fn dead(id: &str, death: &Death, tries: Tries) -> BasicProperties {
    let (kind, reason) = match death {
        Death::Failures(reason) => ("failures", reason.as_str()),
        Death::Deliveries => ("deliveries", ""),
        Death::Rejected(reason) => ("rejected", reason.as_str()),
        _ => ("rejected", "for a reason that this version does not know"),
    };
    let reason = &reason[..reason.floor_char_boundary(LONGEST_REASON)];
    let word = |text: &str| AMQPValue::LongString(LongString::from(text));
    let [deliveries, failures] = tries.headers();
    headed(id, &[(DEATH, word(kind)), (REASON, word(reason)), deliveries, failures])
}

/// A dead letter, read.
pub(super) fn buried(delivery: &Delivery) -> Buried {
    let reason = text(delivery, REASON);
    let death = match text(delivery, DEATH).as_str() {
        "failures" => Death::Failures(reason),
        "deliveries" => Death::Deliveries,
        _ => Death::Rejected(reason),
    };
    let Tries { deliveries, failures } = Tries::read(delivery);
    let item = Bytes::from(delivery.data.as_slice());
    let id = delivery.properties.message_id().as_ref().map(|id| id.as_str().to_owned());
    Buried { id: id.unwrap_or_default(), letter: DeadLetter { item, death, deliveries, failures } }
}
