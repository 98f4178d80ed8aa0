//! The textbook's scene on a monitor: C. A. R. Hoare, *Monitors: An Operating System Structuring
//! Concept*, 1974; in Mesa's form, where whoever is woken looks again.
//!
//! One is inside at a time. `wait` steps outside until the condition is signalled.

use forebay::Discipline;

use super::textbook;
use super::{Count, Scene};
use crate::demo::narrated::Telling;

pub(super) const SCENE: Scene = Scene {
    name: "monitor",
    about: "the same on a monitor",
    items: Count::Usual(16),
    producers: Count::Usual(2),
    consumers: Count::Usual(3),
    capacity: Count::Usual(5),
    seed: None,
    source: &[
        ("crates/forebay-cli/src/demo/scenes/monitor.rs", "the scene, as it is told"),
        ("crates/forebay-cli/src/demo/scenes/textbook.rs", "who puts, who takes, how it ends"),
        (
            "crates/forebay-threads/src/disciplines/monitor.rs",
            "the discipline: one mutex, two conditions",
        ),
    ],
    play: |cast| textbook::play(cast, Discipline::Monitor, PUT, TAKE),
    part: None,
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
