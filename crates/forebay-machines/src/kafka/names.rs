//! What everything is called on a server.

/// The names of one buffer. With its identity in them, what is meant for a buffer never reaches another of that name.
#[derive(Debug, Clone)]
pub(super) struct Names {
    pub(super) items: String,
    pub(super) dead: String,
    pub(super) meta: String,
    /// The share group by which items are lent.
    pub(super) group: String,
}

impl Names {
    /// The most bytes of a buffer's name, as it stands in the names of topics.
    const LONGEST: usize = 200;

    pub(super) fn new(name: &str, identity: &str) -> Self {
        let own = format!("forebay.{}.{identity}", encode(name));
        let (items, dead) = (format!("{own}.items"), format!("{own}.dead"));
        Self { items, dead, meta: meta(name), group: own }
    }

    /// Whether topics can be called so.
    pub(super) fn are_possible(name: &str) -> bool {
        encode(name).len() <= Self::LONGEST
    }
}

/// The topic of the marks, by which a buffer is found.
pub(super) fn meta(name: &str) -> String {
    format!("forebay.{}.meta", encode(name))
}

/// A buffer's name as a part of a topic's. No two are alike where a dot counts as an underscore, as it does in Kafka.
fn encode(name: &str) -> String {
    let mut encoded = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'-' {
            encoded.push(char::from(byte));
        } else {
            encoded.push('_');
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
    fn any_name_is_a_part_of_a_topics() {
        assert_eq!(meta("jobs-2"), "forebay.jobs-2.meta");
        assert_eq!(encode("a.b_>ä"), "a_2eb_5f_3e_c3_a4");
        assert!(Names::are_possible(&"a".repeat(200)));
        assert!(!Names::are_possible(&".".repeat(67)));
    }
}
