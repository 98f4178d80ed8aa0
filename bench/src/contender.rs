//! Those who are measured: ours and its peers.

use std::fmt;

use clap::ValueEnum;
use forebay::{Builder, Consumer, Discipline, Producer};

use crate::batched;
use crate::machine::{release_of, release_of_std};
use crate::shape::Shape;

/// One of those who are measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contender {
    /// Ours, in one of its disciplines.
    Forebay(Discipline),
    /// Ours, several items at a time.
    ForebayMany(Discipline),
    /// Somebody else's.
    Peer(Peer),
    /// Somebody else's, several items at a time.
    PeerMany(Peer),
}

/// A bounded buffer of somebody else, in its best configuration for what is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Peer {
    /// The crate `crossfire`: the flavour made for the shape, with its platform detection on.
    Crossfire,
    /// Its flavour for many on both sides, where another is made for the shape and this one may
    /// still be the faster.
    CrossfireMpmc,
    /// The crate `crossbeam-channel`.
    Crossbeam,
    /// The crate `kanal`; beside threads, without its async side.
    Kanal,
    /// The crate `flume`; beside threads, without its async side and its selection.
    Flume,
    /// The crate `async-channel`.
    AsyncChannel,
    /// The crate `loole`.
    Loole,
    /// `std::sync::mpsc::sync_channel`; one consumer.
    Std,
    /// One mutex and two conditions of `parking_lot` around a `VecDeque`: what one writes at home.
    #[value(name = "parking_lot")]
    ParkingLot,
    /// The crate `thingbuf`; one consumer.
    Thingbuf,
    /// `tokio::sync::mpsc`; one consumer.
    Tokio,
}

/// What a report wants to know of one who is measured, besides its name.
pub trait Contends: fmt::Display {
    /// Whether this is ours.
    fn is_ours(&self) -> bool;

    /// The name and the release of what a peer is made of.
    fn release(&self) -> Option<(String, String)>;
}

impl Contends for Contender {
    fn is_ours(&self) -> bool {
        matches!(self, Self::Forebay(_) | Self::ForebayMany(_))
    }

    fn release(&self) -> Option<(String, String)> {
        match self {
            Self::Peer(peer) | Self::PeerMany(peer) => Some((peer.to_string(), peer.release())),
            _ => None,
        }
    }
}

impl Contender {
    /// The same, several items at a time, if it is one that carries one at a time.
    #[must_use]
    pub fn many(self) -> Self {
        match self {
            Self::Forebay(discipline) => Self::ForebayMany(discipline),
            Self::Peer(peer) => Self::PeerMany(peer),
            many => many,
        }
    }

    /// Whether it can stand between so many, in a way that no other contender does.
    pub fn has_form(self, shape: Shape) -> bool {
        match self {
            Self::Peer(Peer::Std | Peer::Thingbuf | Peer::Tokio | Peer::CrossfireMpmc) => {
                shape.consumers == 1
            }
            Self::PeerMany(peer) => batched::has_form(peer) && Self::Peer(peer).has_form(shape),
            _ => true,
        }
    }
}

impl fmt::Display for Contender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forebay(discipline) => write!(f, "forebay {discipline}"),
            Self::ForebayMany(discipline) => write!(f, "forebay {discipline} many"),
            Self::Peer(peer) => peer.fmt(f),
            Self::PeerMany(peer) => write!(f, "{peer} many"),
        }
    }
}

impl Peer {
    /// The release that the lock file pins; for the standard library, the compiler's.
    pub fn release(self) -> String {
        match self {
            Self::Std => release_of_std(),
            Self::Crossbeam => release_of("crossbeam-channel").to_owned(),
            Self::CrossfireMpmc => Self::Crossfire.release(),
            peer => release_of(peer.name()).to_owned(),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Crossfire => "crossfire",
            Self::CrossfireMpmc => "crossfire-mpmc",
            Self::Crossbeam => "crossbeam",
            Self::Kanal => "kanal",
            Self::Flume => "flume",
            Self::AsyncChannel => "async-channel",
            Self::Loole => "loole",
            Self::Std => "std",
            Self::ParkingLot => "parking_lot",
            Self::Thingbuf => "thingbuf",
            Self::Tokio => "tokio",
        }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Lets the peers that ask for it look at the machine, which they do once, before they are used.
pub fn prepare() {
    crossfire::detect_backoff_cfg();
}

/// Ours, of this discipline, as fresh as a peer's.
pub fn forebay<T>(discipline: Discipline, capacity: usize) -> (Producer<T>, Consumer<T>) {
    let builder = Builder::bounded(capacity).discipline(discipline);
    builder.build().expect("the capacity is not 0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_peer_has_a_release() {
        for peer in Peer::value_variants() {
            assert_ne!(peer.release(), "unknown", "{peer}");
            let word = peer.to_possible_value().map(|value| value.get_name().to_owned());
            assert_eq!(word.as_deref(), Some(peer.name()));
        }
    }
}
