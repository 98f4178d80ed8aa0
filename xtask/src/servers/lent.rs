//! The servers that a run of tests has: there before the first test that needs one, gone after the last.

use std::time::Instant;

use super::guard::Guard;
use super::scratch::Scratch;
use super::server::State;
use super::{bring_up, engine};

/// The servers that tests ask for. An engine that is added to `forebay-machines` adds its name here.
pub(crate) const TESTED: [&str; 3] = ["nats", "rabbitmq", "redis"];

/// Whether a server of this name is one that tests have, or that one of them has started for itself.
pub(super) fn is_of_tests(name: &str) -> bool {
    engine::of(name).is_ok_and(|engine| TESTED.contains(&engine.name()))
}

/// The servers of one run. Those that did not run before go with it, however it ends.
#[derive(Debug)]
pub(crate) struct Lent {
    guard: Option<Guard>,
}

impl Lent {
    /// Installs and starts what is missing, and prints a line as a step does.
    pub(crate) fn start() -> Result<Self, String> {
        let start = Instant::now();
        let scratch = Scratch::of_this_target()?;
        let mut before = scratch.names()?;
        before.retain(|name| scratch.known(name).is_ok_and(|server| server.state() != State::Gone));
        let guard = Guard::of_tests(&before)?;
        let lent = Self { guard: Some(guard) };
        drop(bring_up(&scratch, TESTED.map(str::to_owned).to_vec())?);
        let seconds = start.elapsed().as_secs_f64();
        println!("{:<12} up     {seconds:>7.1} s  {}", "servers", TESTED.join(", "));
        Ok(lent)
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let start = Instant::now();
        drop(self.guard.take());
        let seconds = start.elapsed().as_secs_f64();
        println!("{:<12} down   {seconds:>7.1} s", "servers");
    }
}
