//! Who plays: how many on each side, over which buffer, with which dice.

use std::fmt;
use std::str::FromStr;

use forebay::{Builder, Consumer, Discipline, Producer};

use crate::buffer::place::Place;

/// What a scene is played with. No count is 0.
#[derive(Debug)]
pub(super) struct Cast {
    pub(super) scene: &'static str,
    /// Items in all; `None`: endless.
    pub(super) items: Option<u64>,
    pub(super) producers: u64,
    pub(super) consumers: u64,
    pub(super) capacity: usize,
    pub(super) seed: u64,
    /// Whether a consumer is to be killed.
    pub(super) kill: bool,
    /// Where the buffer is, in a scene that has one on a server.
    pub(super) place: Option<Place>,
}

impl Cast {
    /// A buffer of the cast's capacity.
    pub(super) fn buffer<T>(&self, discipline: Discipline) -> (Producer<T>, Consumer<T>) {
        built(Builder::bounded(self.capacity).discipline(discipline))
    }

    /// As [`buffer`](Self::buffer), with a name, for a scene that has two.
    pub(super) fn named_buffer<T>(
        &self,
        name: &str,
        discipline: Discipline,
    ) -> (Producer<T>, Consumer<T>) {
        built(Builder::bounded(self.capacity).discipline(discipline).name(name))
    }

    /// How many items a producer makes, so that all together make `items`; of an endless scene, as
    /// many as there are numbers.
    pub(super) fn share_of(&self, producer: Actor) -> u64 {
        self.items.map_or(u64::MAX, |items| {
            items / self.producers + u64::from(producer.number <= items % self.producers)
        })
    }

    pub(super) fn producers(&self) -> impl Iterator<Item = Actor> {
        (1..=self.producers).map(|number| Actor { role: Role::Producer, number })
    }

    pub(super) fn consumers(&self) -> impl Iterator<Item = Actor> {
        (1..=self.consumers).map(|number| Actor { role: Role::Consumer, number })
    }
}

fn built<T>(builder: Builder<T>) -> (Producer<T>, Consumer<T>) {
    builder.build().expect("no count of a cast is 0")
}

impl FromStr for Actor {
    type Err = String;

    /// As it is displayed, of those who may have a process of their own.
    fn from_str(text: &str) -> Result<Self, String> {
        let (role, number) = text.split_once('-').unwrap_or_default();
        let role = match role {
            "producer" => Role::Producer,
            "consumer" => Role::Consumer,
            _ => return Err("want producer-N or consumer-N".to_owned()),
        };
        let number = number.parse().map_err(|_| "want a number behind the role".to_owned())?;
        Ok(Self { role, number })
    }
}

/// The side that somebody is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Producer,
    Consumer,
    /// Takes the results of consumers, where a scene has any.
    Collector,
    /// Stands between two buffers, where a scene has somebody there who is no consumer of its own.
    Stage,
    /// The thread that waits for all others.
    Main,
}

/// Somebody who acts, such as `producer-1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Actor {
    pub(super) role: Role,
    /// From 1 up.
    pub(super) number: u64,
}

impl Actor {
    pub(super) const MAIN: Self = Self { role: Role::Main, number: 1 };
    pub(super) const STAGE: Self = Self { role: Role::Stage, number: 1 };
    pub(super) const COLLECTOR: Self = Self { role: Role::Collector, number: 1 };
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&match self.role {
            Role::Producer => format!("producer-{}", self.number),
            Role::Consumer => format!("consumer-{}", self.number),
            Role::Stage => "stage".to_owned(),
            Role::Collector => "collector".to_owned(),
            Role::Main => "main".to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up() {
        for (items, producers) in [(16, 2), (7, 3), (2, 5), (1, 1)] {
            let cast = Cast {
                scene: "",
                items: Some(items),
                producers,
                consumers: 1,
                capacity: 1,
                seed: 0,
                kill: false,
                place: None,
            };
            assert_eq!(cast.producers().map(|one| cast.share_of(one)).sum::<u64>(), items);
        }
    }
}
