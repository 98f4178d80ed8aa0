//! What was seen of a buffer at one moment.

use std::time::Duration;

use forebay::processes::{Awaited, Bytes, Held, Letter, Participant, Role};
use forebay::{DeadLetter, Death, Fault, Statistics};

use crate::run::outlet::escape::escaped;
use crate::run::shared::number;

/// All that is known of a buffer at a moment.
#[derive(Debug, Clone, Default)]
pub(super) struct Look {
    /// The path of its file, or its URL, fit for a terminal.
    pub(super) path: String,
    /// It is on a server, which tells counts only.
    pub(super) is_remote: bool,
    /// Bounds that it was made with.
    pub(super) capacity: u64,
    pub(super) capacity_bytes: Option<u64>,
    pub(super) max_leased: u64,
    /// Where that is bounded.
    pub(super) dead_room: Option<u64>,
    /// What is wrong with it. Where the file is gone, all else is as it was before.
    pub(super) fault: Option<Fault>,
    pub(super) counts: Statistics,
    pub(super) members: Vec<Member>,
    /// Held longest first.
    pub(super) holds: Vec<Hold>,
    /// For how long the next item has waited.
    pub(super) oldest: Option<Duration>,
    /// The last few dead letters, newest first.
    pub(super) deaths: Vec<Dead>,
}

/// A participant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) number: u64,
    pub(super) role: Role,
    pub(super) pid: u32,
    pub(super) command: String,
    pub(super) items: u64,
    pub(super) leased: u64,
    pub(super) waited: Duration,
    pub(super) waits: Option<(Awaited, Duration)>,
    pub(super) lives: bool,
}

/// A lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hold {
    /// The item's position, from 1.
    pub(super) position: u64,
    /// The consumer's number.
    pub(super) consumer: u64,
    pub(super) pid: u32,
    pub(super) deliveries: u32,
    pub(super) age: Duration,
    pub(super) left: Option<Duration>,
}

/// A dead letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Dead {
    /// The item's position, from 1.
    pub(super) position: u64,
    pub(super) reason: String,
}

impl Look {
    /// Whether somebody lives in this role.
    pub(super) fn living(&self, role: Role) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(move |member| member.lives && member.role == role)
    }

    /// Those who wait for this, and since when.
    pub(super) fn waiting_for(&self, what: Awaited) -> impl Iterator<Item = Duration> {
        let living = self.members.iter().filter(|member| member.lives);
        living
            .filter_map(|member| member.waits)
            .filter_map(move |(awaited, time)| (awaited == what).then_some(time))
    }

    /// How many live in this role.
    pub(super) fn here(&self, role: Role) -> usize {
        match role {
            Role::Producer if self.is_remote => self.counts.producers,
            Role::Consumer if self.is_remote => self.counts.consumers,
            role => self.living(role).count(),
        }
    }

    /// How many wait for this.
    pub(super) fn in_line(&self, what: Awaited) -> usize {
        match what {
            Awaited::Room if self.is_remote => self.counts.producers_waiting,
            Awaited::Item if self.is_remote => self.counts.consumers_waiting,
            what => self.waiting_for(what).count(),
        }
    }

    pub(super) fn is_drained(&self) -> bool {
        self.counts.closed && self.counts.unfinished() == 0
    }

    /// Whether nothing can be leased, because dead letters fill their room.
    pub(super) fn is_stopped_by_the_dead(&self) -> bool {
        self.counts.dead > 0 && self.dead_room.is_some_and(|room| self.counts.dead >= room)
    }
}

/// Why it died, as short as it can be said.
fn reason(letter: &DeadLetter<Bytes>) -> String {
    let failures = match letter.failures {
        1 => "1 failure".to_owned(),
        many => format!("{many} failures"),
    };
    match &letter.death {
        Death::Failures(last) if last.is_empty() => failures,
        Death::Failures(last) => format!("{failures}: {last}"),
        Death::Deliveries => format!("{} deliveries without an ack", letter.deliveries),
        death => death.to_string(),
    }
}

/// A name out of the file, on one line and without control characters.
fn clean(text: &str) -> String {
    escaped(text.as_bytes())
}

impl From<Participant> for Member {
    fn from(seen: Participant) -> Self {
        Self {
            number: seen.number,
            role: seen.role,
            pid: seen.process,
            command: clean(&seen.command),
            items: seen.items,
            leased: seen.leased,
            waited: seen.waited,
            waits: seen.waits,
            lives: seen.lives,
        }
    }
}

impl From<Held> for Hold {
    fn from(seen: Held) -> Self {
        Self {
            position: number(seen.position),
            consumer: seen.consumer,
            pid: seen.process,
            deliveries: seen.deliveries,
            age: seen.age,
            left: seen.left,
        }
    }
}

impl From<Letter> for Dead {
    fn from(seen: Letter) -> Self {
        Self { position: number(seen.position), reason: clean(reason(&seen.letter).trim_end()) }
    }
}
