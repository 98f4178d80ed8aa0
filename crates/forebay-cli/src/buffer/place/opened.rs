//! A buffer that is open.

use std::fs;
use std::os::fd::OwnedFd;
use std::time::{Duration, SystemTime};

#[cfg(feature = "machines")]
use forebay::machines::{self, Survives};
use forebay::processes::{self, Bytes, Raw, Role};
use forebay::{DeadLetter, Fault, JoinError, Patience, Statistics};

use super::{Consumer, Place, Producer, Settings, either};
use crate::run::command::processes::has_ended;
use crate::run::shared::number;

/// Whoever keeps the leases of a process that was killed, until what ran for it is gone, does so no longer than this:
/// what holds them then lives where its processes cannot be seen.
const LONGEST_DYING: Duration = Duration::from_secs(12);

/// What a process had leases on that was killed comes back from a server after 30 seconds of silence.
#[cfg(feature = "machines")]
const LONGEST_SILENCE: Duration = Duration::from_secs(40);

/// A server takes a process for one that lives for 3 seconds after its last word.
#[cfg(feature = "machines")]
const LONGEST_DOUBT: Duration = Duration::from_secs(5);

/// How long a lease on a server holds without a word of its process.
#[cfg(feature = "machines")]
const HOLD: Duration = Duration::from_secs(30);

/// An open buffer.
#[derive(Debug)]
pub(crate) struct Buffer {
    place: Place,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    File(processes::Buffer),
    #[cfg(feature = "machines")]
    Server(machines::Buffer),
}

/// An item that is in a buffer.
#[derive(Debug)]
pub(crate) struct Item {
    /// From 0; of a dead letter on a server it is not known.
    pub(crate) position: Option<u64>,
    pub(crate) bytes: Bytes,
    pub(crate) is_dead: bool,
    /// Whether its bytes are still those that were put.
    pub(crate) is_readable: bool,
}

/// A dead letter that is in a buffer.
#[derive(Debug)]
pub(crate) struct Letter {
    /// What people call it: its position, from 1; on a server, what the server calls it.
    pub(crate) name: String,
    kind: LetterKind,
}

#[derive(Debug)]
enum LetterKind {
    File(processes::Letter),
    #[cfg(feature = "machines")]
    Server(machines::Letter),
}

impl Letter {
    pub(crate) fn letter(&self) -> &DeadLetter<Bytes> {
        either!(LetterKind, &self.kind, it => &it.letter)
    }
}

impl Buffer {
    pub(super) fn of_file(place: Place, buffer: processes::Buffer) -> Self {
        Self { place, kind: Kind::File(buffer) }
    }

    #[cfg(feature = "machines")]
    pub(super) fn on_server(place: Place, buffer: machines::Buffer) -> Self {
        Self { place, kind: Kind::Server(buffer) }
    }

    /// Where it is.
    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    /// The groups, each connected to, where this is a topic. An error is a line that names what cannot be reached.
    pub(crate) fn groups(&self) -> Result<Vec<Self>, String> {
        match &self.kind {
            Kind::File(_) => Ok(Vec::new()),
            #[cfg(feature = "machines")]
            Kind::Server(it) => {
                let groups = it.groups().map_err(|fault| self.place.in_words(fault))?;
                groups.iter().map(|group| self.place.with_group(group).open()).collect()
            }
        }
    }

    /// What it was made with.
    pub(crate) fn settings(&self) -> Settings {
        either!(Kind, &self.kind, it => {
            let settings = it.settings();
            Settings {
                capacity: settings.get_capacity(),
                capacity_bytes: settings.get_capacity_bytes(),
                max_leased: Some(settings.get_max_leased()),
                max_failures: settings.get_max_failures(),
                max_deliveries: settings.get_max_deliveries(),
                lease_time: settings.get_lease_time(),
            }
        })
    }

    /// The most bytes that an item may have, where that is bounded.
    pub(crate) fn longest_item(&self) -> Option<u64> {
        match &self.kind {
            Kind::File(it) => Some(it.longest_item()),
            #[cfg(feature = "machines")]
            Kind::Server(it) => it.settings().get_capacity_bytes(),
        }
    }

    /// When it was made, if that is known.
    pub(crate) fn created(&self) -> Option<SystemTime> {
        match &self.kind {
            Kind::File(it) => fs::metadata(it.path()).ok()?.created().ok(),
            #[cfg(feature = "machines")]
            Kind::Server(it) => it.created(),
        }
    }

    /// What whoever runs the server may want to know.
    pub(crate) fn warnings(&self) -> &[String] {
        match &self.kind {
            Kind::File(_) => &[],
            #[cfg(feature = "machines")]
            Kind::Server(it) => it.warnings(),
        }
    }

    /// Tells what to mind with this server.
    pub(crate) fn warn(&self, verb: &str) {
        for warning in self.warnings() {
            eprintln!("forebay {verb}: {}: {warning}", self.place);
        }
    }

    /// What a put survives, as far as a server tells.
    pub(crate) fn survives(&self) -> Option<&'static str> {
        match &self.kind {
            Kind::File(_) => None,
            #[cfg(feature = "machines")]
            Kind::Server(it) => match it.survives() {
                Survives::Clients => Some("clients"),
                Survives::Server => Some("server"),
                Survives::Power => Some("power"),
                _ => None,
            },
        }
    }

    /// A producer. An error is a line that names the buffer.
    pub(crate) fn producer(&self) -> Result<Producer, String> {
        let producer = match &self.kind {
            Kind::File(it) => it.producer(Raw).map(Producer::File),
            #[cfg(feature = "machines")]
            Kind::Server(it) => it.producer(Raw).map(Producer::Server),
        };
        producer.map_err(|fault| self.place.in_words(fault))
    }

    /// A consumer; and in a file a descriptor, which keeps alive what it leases as long as it is open in any process. What is
    /// leased from a server lasts longer than it takes to end what worked on it. An error is a line that names the buffer.
    pub(crate) fn consumer(&self) -> Result<(Consumer, Option<OwnedFd>), String> {
        let consumer = match &self.kind {
            Kind::File(it) => {
                it.lasting_consumer(Raw).map(|(it, keep)| (Consumer::File(it), Some(keep)))
            }
            #[cfg(feature = "machines")]
            Kind::Server(it) => it.consumer(Raw).map(|it| (Consumer::Server(it), None)),
        };
        consumer.map_err(|fault| self.place.in_words(fault))
    }

    pub(crate) fn close(&self) -> Result<(), Fault> {
        either!(Kind, &self.kind, it => it.close())
    }

    /// Deletes it from its server, with all that is in it. A file is left alone.
    pub(crate) fn delete(&self) -> Result<(), Fault> {
        match &self.kind {
            Kind::File(_) => Ok(()),
            #[cfg(feature = "machines")]
            Kind::Server(it) => it.delete(),
        }
    }

    pub(crate) fn join_within(&self, patience: Patience) -> Result<(), JoinError> {
        either!(Kind, &self.kind, it => it.join_within(patience))
    }

    pub(crate) fn statistics(&self) -> Result<Statistics, Fault> {
        match &self.kind {
            Kind::File(it) => Ok(it.statistics()),
            #[cfg(feature = "machines")]
            Kind::Server(it) => it.statistics(),
        }
    }

    /// What waits, is leased, or is a dead letter, in the order of puts. An error is a line that names the buffer.
    pub(crate) fn items(&self) -> Result<Vec<Item>, String> {
        let items = match &self.kind {
            Kind::File(it) => it.items().map(|items| {
                let items = items.into_iter().map(|item| Item {
                    position: Some(item.position),
                    bytes: item.bytes,
                    is_dead: item.is_dead,
                    is_readable: item.is_readable,
                });
                items.collect()
            }),
            #[cfg(feature = "machines")]
            Kind::Server(it) => match items_on_server(it) {
                Ok(None) => {
                    return Err(format!(
                        "{}: the server lets nobody look at what waits, so a run could not tell which items are its own; \
                         put them with `forebay put`, and `forebay work` on them",
                        self.place
                    ));
                }
                Ok(Some(items)) => Ok(items),
                Err(fault) => Err(fault),
            },
        };
        items.map_err(|fault| self.place.in_words(fault))
    }

    /// Whether a lease tells the item's place.
    pub(crate) fn knows_positions(&self) -> bool {
        match &self.kind {
            Kind::File(_) => true,
            #[cfg(feature = "machines")]
            Kind::Server(it) => it.knows_positions(),
        }
    }

    /// Brings to others what was counted here, before this process ends. Where that cannot be done it is not known to them.
    pub(crate) fn flush(&self) {
        match &self.kind {
            Kind::File(_) => {}
            #[cfg(feature = "machines")]
            Kind::Server(it) => drop(it.flush()),
        }
    }

    /// The dead letters, in the order of their deaths.
    pub(crate) fn dead_letters(&self) -> Result<Vec<Letter>, Fault> {
        match &self.kind {
            Kind::File(it) => {
                let letters = it.dead_letters()?.into_iter().map(|letter| {
                    let name = number(letter.position).to_string();
                    Letter { name, kind: LetterKind::File(letter) }
                });
                Ok(letters.collect())
            }
            #[cfg(feature = "machines")]
            Kind::Server(it) => {
                let letters = it.dead_letters()?.into_iter().map(|letter| {
                    let name = letter.id().to_owned();
                    Letter { name, kind: LetterKind::Server(letter) }
                });
                Ok(letters.collect())
            }
        }
    }

    /// Makes an item of a dead letter again. Says whether it was there.
    pub(crate) fn retry(&self, letter: &Letter) -> Result<bool, Fault> {
        match (&self.kind, &letter.kind) {
            (Kind::File(it), LetterKind::File(letter)) => it.retry(letter),
            #[cfg(feature = "machines")]
            (Kind::Server(it), LetterKind::Server(letter)) => it.retry(letter),
            #[cfg(feature = "machines")]
            _ => Ok(false),
        }
    }

    /// Drops a dead letter for good. Says whether it was there.
    pub(crate) fn purge(&self, letter: &Letter) -> Result<bool, Fault> {
        match (&self.kind, &letter.kind) {
            (Kind::File(it), LetterKind::File(letter)) => it.purge(letter),
            #[cfg(feature = "machines")]
            (Kind::Server(it), LetterKind::Server(letter)) => it.purge(letter),
            #[cfg(feature = "machines")]
            _ => Ok(false),
        }
    }

    /// Whether something may come back that is leased by a process which is no more; and for how long that is to be waited
    /// for at most. A server does not tell who holds what: where others live, it is not waited for what the dead had.
    pub(crate) fn may_come_back(&self) -> Option<Duration> {
        match &self.kind {
            Kind::File(it) => {
                let mut consumers =
                    it.participants().into_iter().filter(|one| one.role == Role::Consumer);
                let is_dead = |one: processes::Participant| {
                    !one.lives || (one.leased > 0 && has_ended(one.process))
                };
                consumers.any(is_dead).then_some(LONGEST_DYING)
            }
            #[cfg(feature = "machines")]
            Kind::Server(it) => {
                // What waits again is on its way to whoever stands in line.
                let now = it.statistics().ok().filter(|now| now.unfinished() > 0)?;
                Some(if now.consumers > 1 { LONGEST_DOUBT } else { LONGEST_SILENCE })
            }
        }
    }

    /// For how long a lease holds that is neither extended nor renewed, where it is to be looked after.
    pub(crate) fn lease_time(&self) -> Option<Duration> {
        let lease_time = self.settings().lease_time;
        match &self.kind {
            Kind::File(_) => lease_time,
            // It is renewed by itself; but who was cut off for longer has to notice.
            #[cfg(feature = "machines")]
            Kind::Server(_) => Some(lease_time.map_or(HOLD, |time| time.min(HOLD))),
        }
    }
}

/// `None` where nobody may look.
#[cfg(feature = "machines")]
fn items_on_server(buffer: &machines::Buffer) -> Result<Option<Vec<Item>>, Fault> {
    let Some(found) = buffer.items()? else { return Ok(None) };
    // After those that live: one that dies meanwhile is seen twice, and none is missed.
    let dead = buffer.dead_letters()?;
    let items = found.into_iter().map(|item| Item {
        position: Some(item.position),
        bytes: item.bytes,
        is_dead: false,
        is_readable: true,
    });
    let dead = dead.into_iter().map(|letter| Item {
        position: None,
        bytes: letter.letter.item,
        is_dead: true,
        is_readable: true,
    });
    Ok(Some(items.chain(dead).collect()))
}
