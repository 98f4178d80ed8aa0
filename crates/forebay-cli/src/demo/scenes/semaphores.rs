//! The textbook's scene on semaphores: E. W. Dijkstra, *Cooperating Sequential Processes*, 1965.
//!
//! `empty` counts free places, `filled` counts items, `mutex` lets one in at a time. To wait for a place
//! *before* the mutex, and not the other way round, is what keeps this from deadlock.

use forebay::Discipline;

use super::textbook;
use super::{Count, Scene};
use crate::demo::narrated::Telling;

pub(super) const SCENE: Scene = Scene {
    name: "semaphores",
    about: "the textbook's two producers, three consumers and five places, on semaphores",
    items: Count::Usual(16),
    producers: Count::Usual(2),
    consumers: Count::Usual(3),
    capacity: Count::Usual(5),
    seed: None,
    source: &[
        ("crates/forebay-cli/src/demo/scenes/semaphores.rs", "the scene, as it is told"),
        ("crates/forebay-cli/src/demo/scenes/textbook.rs", "who puts, who takes, how it ends"),
        (
            "crates/forebay-threads/src/disciplines/semaphores.rs",
            "the discipline: empty, filled, mutex",
        ),
        ("crates/forebay-threads/src/semaphore/count.rs", "P and V"),
    ],
    play: |cast| textbook::play(cast, Discipline::Semaphores, PUT, TAKE),
    part: None,
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
