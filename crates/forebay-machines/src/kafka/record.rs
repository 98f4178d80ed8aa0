//! What records look like: items, dead letters, and the marks beside them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use forebay_contract::{DeadLetter, Death};
use krafka::__private::protocol::Record as Found;
use krafka::Record;

use crate::engine::Buried;
use crate::settings::Settings;

/// The header of what was put by a buffer: other programs' records have none.
const OURS: &str = "forebay";
/// Why an item is dead.
const REASON: &str = "reason";
/// The longest reason that is kept, in bytes.
const LONGEST: usize = 32 * 1024;

/// How often an item was tried.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tries {
    pub(super) deliveries: u32,
    pub(super) failures: u32,
}

/// An item as it is put; with the tries of the record from which it moved here.
pub(super) fn item(topic: &str, bytes: impl Into<Bytes>, tries: Tries) -> Record {
    let Tries { deliveries, failures } = tries;
    Record::new(topic, bytes).partition(0).header(OURS, format!("{deliveries} {failures}"))
}

/// The tries that an item came with; `None` for what no buffer has put.
pub(super) fn tries(found: &Found) -> Option<Tries> {
    let (deliveries, failures) = header(found, OURS)?.split_once(' ')?;
    Some(Tries { deliveries: deliveries.parse().ok()?, failures: failures.parse().ok()? })
}

fn header<'a>(found: &'a Found, name: &str) -> Option<&'a str> {
    let header = found.headers.iter().find(|header| header.key[..] == *name.as_bytes())?;
    std::str::from_utf8(header.value.as_ref()?).ok()
}

/// A dead letter.
pub(super) fn dead(topic: &str, id: &str, death: &Death, tries: Tries, bytes: Bytes) -> Record {
    let (kind, reason) = match death {
        Death::Failures(reason) => ("failures", reason.as_str()),
        Death::Deliveries => ("deliveries", ""),
        Death::Rejected(reason) => ("rejected", reason.as_str()),
        _ => ("rejected", "for a reason that this version does not know"),
    };
    let reason = reason[..reason.floor_char_boundary(LONGEST)].to_owned();
    let Tries { deliveries, failures } = tries;
    Record::new(topic, bytes)
        .partition(0)
        .key(id.to_owned())
        .header(OURS, format!("{kind} {deliveries} {failures}"))
        .header(REASON, reason)
}

/// A dead letter that was found; `None` where it is none of ours.
pub(super) fn buried(id: &str, found: &Found) -> Option<Buried> {
    let mut words = header(found, OURS)?.split(' ');
    let reason = header(found, REASON)?.to_owned();
    let death = match words.next()? {
        "failures" => Death::Failures(reason),
        "deliveries" => Death::Deliveries,
        _ => Death::Rejected(reason),
    };
    let (deliveries, failures) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let item = found.value.as_deref().unwrap_or_default().to_vec().into();
    Some(Buried { id: id.to_owned(), letter: DeadLetter { item, death, deliveries, failures } })
}

/// What a buffer is made with, as it stands in its first mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Founding {
    pub(super) identity: String,
    /// When it was made, in milliseconds since 1970, by the clock of whoever made it.
    created: u64,
    pub(super) settings: Settings,
}

impl Founding {
    pub(super) fn new(identity: String, settings: Settings) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let created = u64::try_from(now.as_millis()).unwrap_or_default();
        Self { identity, created, settings }
    }

    pub(super) fn created(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(self.created)
    }

    pub(super) fn encode(&self) -> String {
        let mut lines = vec!["format 1".to_owned(), format!("identity {}", self.identity)];
        lines.push(format!("created {}", self.created));
        lines.extend(self.settings.fields().map(|(name, value)| format!("{name} {value}")));
        lines.join("\n")
    }

    /// The format of what was written, if it is one.
    pub(super) fn format(text: &str) -> Option<&str> {
        text.lines().next()?.strip_prefix("format ")
    }

    /// What was written; `None` when it makes no sense.
    pub(super) fn decode(text: &str) -> Option<Self> {
        if Self::format(text) != Some("1") {
            return None;
        }
        let find = |name: &str| {
            let mut pairs = text.lines().map(|line| line.split_once(' ').unwrap_or((line, "")));
            pairs.find(|(known, _)| *known == name).map(|(_, value)| value.to_owned())
        };
        let identity = find("identity")?;
        let created = find("created")?.parse().ok()?;
        Some(Self { identity, created, settings: Settings::read(find)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_founded_is_read_as_it_was_written() {
        let settings = Settings::new(5).max_failures(3).max_leased(64);
        let founding = Founding::new("0123".to_owned(), settings);
        assert_eq!(Founding::decode(&founding.encode()), Some(founding));
        assert_eq!(Founding::decode("anything"), None);
        assert_eq!(Founding::format("format 2\nidentity 1"), Some("2"));
    }
}
