//! What everything is called on a server.

use crate::address::Address;

/// The names of one buffer. With its identity in them, what is meant for a buffer never reaches another of that name.
#[derive(Debug, Clone)]
pub(super) struct Names {
    name: String,
    identity: String,
}

impl Names {
    pub(super) fn new(address: &Address, identity: &str) -> Self {
        Self { name: encode(&address.name), identity: identity.to_owned() }
    }

    /// The identity in the subjects of a stream.
    pub(super) fn identity_in(subject: &str) -> Option<&str> {
        subject.strip_prefix("forebay.")?.split('.').nth(1)
    }

    /// The stream of the items and the document.
    pub(super) fn stream(&self) -> String {
        format!("forebay-{}", self.name)
    }

    /// The stream of the dead letters.
    pub(super) fn dead_stream(&self) -> String {
        format!("forebay_dead-{}", self.name)
    }

    fn subject(&self, rest: &str) -> String {
        format!("forebay.{}.{}.{rest}", self.name, self.identity)
    }

    /// An item's subject.
    pub(super) fn item(&self, position: u64) -> String {
        self.subject(&format!("item.{position}"))
    }

    pub(super) fn items(&self) -> String {
        self.subject("item.*")
    }

    pub(super) fn document(&self) -> String {
        self.subject("state")
    }

    pub(super) fn letter(&self, position: u64) -> String {
        self.subject(&format!("dead.{position}"))
    }

    pub(super) fn letters(&self) -> String {
        self.subject("dead.*")
    }

    /// Where the calls of one process are woken.
    pub(super) fn wakes(&self, session: &str) -> String {
        self.subject(&format!("wake.{session}"))
    }

    /// Where processes show that they live.
    pub(super) fn beats(&self) -> String {
        self.subject("beat")
    }
}

/// A buffer's name as a part of a subject, and of a stream's name: which know neither dots nor spaces.
fn encode(name: &str) -> String {
    let mut encoded = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_' {
            encoded.push(char::from(byte));
        } else {
            encoded.push('=');
            for half in [byte >> 4, byte & 15] {
                encoded.extend(char::from_digit(half.into(), 16));
            }
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_name_is_a_part_of_a_subject() {
        assert_eq!(encode("jobs-2_a"), "jobs-2_a");
        assert_eq!(encode("a.b *>=ä"), "a=2eb=20=2a=3e=3d=c3=a4");
    }
}
