//! Each check as one test for each discipline, under a watchdog.

use forebay_conformance::watchdog::{Mishap, PATIENCE, watch};
use forebay_threads::{Builder, Consumer, Discipline, Producer};

/// Makes the tests: `on_each_discipline!(a_check, another);` where a check is a function of the
/// [`Discipline`].
macro_rules! on_each_discipline {
    ($($check:ident),* $(,)?) => {
        $(mod $check {
            #[test]
            fn ring() {
                crate::disciplines::run(super::$check, forebay_threads::Discipline::Ring);
            }

            #[test]
            fn semaphores() {
                crate::disciplines::run(super::$check, forebay_threads::Discipline::Semaphores);
            }

            #[test]
            fn monitor() {
                crate::disciplines::run(super::$check, forebay_threads::Discipline::Monitor);
            }

            #[test]
            fn linked() {
                crate::disciplines::run(super::$check, forebay_threads::Discipline::Linked);
            }
        })*
    };
}

pub(crate) use on_each_discipline;

/// Runs the check; a hang is a failure.
pub(crate) fn run(check: fn(Discipline), discipline: Discipline) {
    match watch(&format!("on {discipline}"), PATIENCE, move || check(discipline)) {
        Ok(()) => {}
        Err(Mishap::Panicked(message)) => panic!("{discipline}: {message}"),
        Err(Mishap::Hung(limit)) => panic!("{discipline}: hung, still after {limit:?}"),
    }
}

/// The two sides of a buffer with nothing special about it.
pub(crate) fn bounded<T>(discipline: Discipline, capacity: usize) -> (Producer<T>, Consumer<T>) {
    Builder::bounded(capacity).discipline(discipline).build().expect("a capacity above 0")
}
