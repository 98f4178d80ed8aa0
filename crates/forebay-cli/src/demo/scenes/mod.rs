//! The scenes: each a file that reads like the textbook's page, who there is and what each one does.

mod balancing;
pub(super) mod broker;
mod deadlock;
mod monitor;
mod overflow;
pub(super) mod processes;
mod race;
mod random;
mod reactive;
mod scaling;
mod self_feeding;
mod semaphores;
mod squares;
mod starvation;
mod textbook;
mod toyvm;

use std::path::Path;

use strsim::osa_distance;

use super::cast::{Actor, Cast};

/// One scene: who plays unless somebody asks for others, and how it goes.
pub(super) struct Scene {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) items: Count,
    pub(super) producers: Count,
    pub(super) consumers: Count,
    pub(super) capacity: Count,
    /// The seed that is played when none is given; `None`: any.
    pub(super) seed: Option<u64>,
    /// What to read to see how the scene is made: files of the repository, each with the reason.
    pub(super) source: &'static [(&'static str, &'static str)],
    pub(super) play: fn(&Cast),
    /// What those do whom it starts as processes, if it does.
    pub(super) part: Option<Part>,
}

/// What somebody does in a process of its own, who is told who it is, and the scene's folder.
type Part = fn(&Cast, Actor, &Path) -> Result<(), String>;

/// How many there are of something in a scene.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Count {
    /// So many, unless another number from 1 up is asked for.
    Usual(u64),
    /// The same where fewer would show nothing, or more would do harm.
    Within { least: u64, usual: u64, most: u64 },
    /// So many, whoever asks: the scene is made for them.
    Fixed(u64),
    /// No end, unless a number is asked for.
    Endless,
}

/// Every scene, in the order in which they are listed.
pub(super) const SCENES: [Scene; 14] = [
    squares::SCENE,
    random::SCENE,
    semaphores::SCENE,
    monitor::SCENE,
    starvation::SCENE,
    overflow::SCENE,
    scaling::SCENE,
    balancing::SCENE,
    reactive::SCENE,
    race::SCENE,
    processes::SCENE,
    broker::SCENE,
    deadlock::SCENE,
    toyvm::SCENE,
];

/// So many letters may be wrong in a name that is still understood.
const FAR: usize = 3;

impl Scene {
    pub(super) fn named(name: &str) -> Option<&'static Self> {
        SCENES.iter().find(|scene| scene.name == name)
    }

    /// The scene that somebody meant who typed this.
    pub(super) fn meant(typed: &str) -> Option<&'static Self> {
        // Who typed more than a name's worth of letters meant none, and would be measured for long.
        let typed: String = typed.to_lowercase().chars().take(64).collect();
        SCENES
            .iter()
            .map(|scene| (osa_distance(&typed, scene.name), scene))
            .filter(|(distance, scene)| *distance <= FAR.min(scene.name.len() / 2))
            .min_by_key(|(distance, _)| *distance)
            .map(|(_, scene)| scene)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scene_that_was_meant_is_found() {
        let meant = |typed| Scene::meant(typed).map(|scene| scene.name);
        assert_eq!(meant("sqares"), Some("squares"));
        assert_eq!(meant("rnadom"), Some("random"));
        assert_eq!(meant("Deadlok"), Some("deadlock"));
        assert_eq!(meant("raec"), Some("race"));
        assert_eq!(meant("philosophers"), None);
        assert_eq!(meant(""), None);
    }
}
