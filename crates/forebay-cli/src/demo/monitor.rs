//! The textbook's scene on a monitor: C. A. R. Hoare, *Monitors: An Operating System Structuring
//! Concept*, 1974; in Mesa's form, where whoever is woken looks again.
//!
//! One is inside at a time. `wait` steps outside until the condition is signalled.

use forebay::Discipline;

use super::Scene;
use super::narrated::Telling;
use super::textbook;

pub(super) const SCENE: Scene = Scene {
    name: "monitor",
    about: "the same on a monitor",
    items: Some(16),
    producers: 2,
    consumers: 3,
    capacity: 5,
    play: |cast| textbook::play(cast, Discipline::Monitor, PUT, TAKE),
};

const PUT: Telling = Telling {
    free: "enters, ",
    blocked: "enters, wait(not_full) waits",
    woken: "wait(not_full) passed",
    entered: "",
    verb: "puts",
    done: ", signal(not_empty), leaves",
};

const TAKE: Telling = Telling {
    free: "enters, ",
    blocked: "enters, wait(not_empty) waits",
    woken: "wait(not_empty) passed",
    entered: "",
    verb: "takes",
    done: ", signal(not_full), leaves",
};
