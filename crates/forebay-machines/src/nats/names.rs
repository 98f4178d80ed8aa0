//! What everything is called on a server.

use crate::address::Address;

/// The names of one buffer. With its identity in them, what is meant for a buffer never reaches another of that name.
#[derive(Debug, Clone)]
pub(super) struct Names {
    name: String,
    identity: String,
    /// The topic, and the group where this is one.
    topic: (String, Option<String>),
}

impl Names {
    pub(super) fn new(address: &Address, identity: &str) -> Self {
        let topic = (encode(&address.name), address.group.as_deref().map(encode));
        Self { name: encode(&address.own_name()), identity: identity.to_owned(), topic }
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

    /// The subject of a group's stream to which nothing is ever published: by it the groups of a topic are found.
    pub(super) fn group(&self) -> Option<String> {
        let (topic, group) = &self.topic;
        group.as_ref().map(|group| format!("forebay_group.{topic}.{group}"))
    }

    /// Those of all groups of the topic.
    pub(super) fn groups(&self) -> String {
        format!("forebay_group.{}.*", self.topic.0)
    }

    /// The group of a stream of the topic.
    pub(super) fn group_of(&self, stream: &str) -> Option<String> {
        let group = stream.strip_prefix(&format!("forebay-{}=2f", self.topic.0))?;
        // The one character of a group's name that is encoded.
        Some(group.replace("=2e", "."))
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

    #[cfg(feature = "nats")]
    #[test]
    fn a_group_is_found_by_its_stream() -> Result<(), crate::ConnectError> {
        let address = Address::parse("nats://h/a.b?group=c.d-e_", &crate::Options::new())?;
        let names = Names::new(&address, "0");
        assert_eq!(names.stream(), "forebay-a=2eb=2fc=2ed-e_");
        assert_eq!(names.group().as_deref(), Some("forebay_group.a=2eb.c=2ed-e_"));
        assert_eq!(names.groups(), "forebay_group.a=2eb.*");
        assert_eq!(names.group_of(&names.stream()).as_deref(), Some("c.d-e_"));
        assert_eq!(names.group_of("forebay-a=2eb"), None);
        assert_eq!(Names::new(&address.with_group(None), "0").group(), None);
        Ok(())
    }
}
