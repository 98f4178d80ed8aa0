//! The programs that are shipped: the classics of the field, right and deliberately wrong, each with
//! a header that says what it shows and what must come of it.

/// A program that is shipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shipped {
    /// The name of its file.
    pub name: &'static str,
    /// The text of its file.
    pub text: &'static str,
}

macro_rules! shipped {
    ($($name:literal)+) => {
        /// All of them: first those to begin with.
        pub const ALL: &[Shipped] =
            &[$( Shipped { name: $name, text: include_str!(concat!("../programs/", $name)) }, )+];
    };
}

shipped! {
    "arithmetic.toy"
    "mutex.toy"
    "no_mutex.toy"
    "semaphore_mutex.toy"
    "atomic_counter.toy"
    "producer_consumer.toy"
    "producer_consumer.py"
    "producer_consumer_unsynchronised.py"
    "message_passing.toy"
    "semaphore.toy"
    "rendezvous.toy"
    "barrier.toy"
    "readers_writers.toy"
    "philosophers.toy"
    "philosophers_deadlock.toy"
    "two_locks.toy"
    "swapped_waits.toy"
    "lost_wakeup.toy"
    "missing_join.toy"
    "endless_consumers.toy"
    "counting.weir"
    "bounded_buffer.weir"
    "monitor.weir"
    "pipeline.weir"
    "meeting.weir"
    "rounds.weir"
    "shared_reading.weir"
    "hungry.weir"
    "fed.weir"
    "smokers.weir"
    "barber.weir"
    "unheard.weir"
}

impl Shipped {
    /// The one of that name, with or without its ending.
    pub fn named(name: &str) -> Option<Self> {
        let stem = |file: &'static str| file.rsplit_once('.').map_or(file, |(stem, _)| stem);
        let exact = ALL.iter().find(|program| program.name == name);
        exact.or_else(|| ALL.iter().find(|program| stem(program.name) == name)).copied()
    }

    /// What it shows: the beginning of its header.
    pub fn about(&self) -> &'static str {
        let first =
            self.text.lines().next().unwrap_or_default().trim_start_matches(['#', '"', ' ']);
        let end = [": ", ". "].iter().filter_map(|end| first.find(end)).min();
        first[..end.unwrap_or(first.len())].trim_end_matches(['.', ','])
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;

    use super::*;

    #[test]
    fn every_file_is_shipped() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/programs");
        let files: BTreeSet<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        let shipped: BTreeSet<String> = ALL.iter().map(|it| it.name.to_owned()).collect();
        assert_eq!(files, shipped);
    }

    #[test]
    fn they_are_found_with_and_without_their_ending() {
        assert_eq!(Shipped::named("mutex").unwrap().name, "mutex.toy");
        assert_eq!(Shipped::named("producer_consumer.py").unwrap().name, "producer_consumer.py");
        assert_eq!(Shipped::named("producer_consumer").unwrap().name, "producer_consumer.toy");
        assert_eq!(Shipped::named("nothing"), None);
        assert!(
            ALL.iter().all(|it| (9..60).contains(&it.about().len())),
            "each says what it shows"
        );
    }
}
