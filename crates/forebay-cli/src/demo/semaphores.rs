//! The textbook's scene on semaphores: E. W. Dijkstra, *Cooperating Sequential Processes*, 1965.
//!
//! `empty` counts free places, `filled` counts items, `mutex` lets one in at a time. To wait for a place
//! *before* the mutex, and not the other way round, is what keeps this from deadlock.

use forebay::Discipline;

use super::Scene;
use super::narrated::Telling;
use super::textbook;

pub(super) const SCENE: Scene = Scene {
    name: "semaphores",
    about: "the textbook's two producers, three consumers and five places, on semaphores",
    items: Some(16),
    producers: 2,
    consumers: 3,
    capacity: 5,
    play: |cast| textbook::play(cast, Discipline::Semaphores, PUT, TAKE),
};

const PUT: Telling = Telling {
    free: "wait(empty), ",
    blocked: "wait(empty) waits",
    woken: "wait(empty) passed",
    entered: "wait(mutex), ",
    verb: "puts",
    done: ", signal(mutex), signal(filled)",
};

const TAKE: Telling = Telling {
    free: "wait(filled), ",
    blocked: "wait(filled) waits",
    woken: "wait(filled) passed",
    entered: "wait(mutex), ",
    verb: "takes",
    done: ", signal(mutex), signal(empty)",
};
