//! Every interleaving of small cases, explored by loom: run with `--cfg loom`.
//!
//! The lock, the group commit, and the step without the lock are the source that ships, over loom's atomics. What the kernel
//! does for them is a model here: the [`futex`], the [`clock`], and the [`witness`] of deaths. Threads stand for processes, and
//! die before any store that they make and any call of the kernel's ([`crash`]).
//!
//! What loom does not see: more than three threads, more preemptions than the case says, and the looks before a sleep, which
//! are left out.
#![cfg(loom)]

#[path = "../../src/commits.rs"]
mod commits;
#[expect(dead_code, reason = "the rest of it is for buffers")]
#[path = "../../src/lock.rs"]
mod lock;
#[path = "../../src/unbooked.rs"]
mod unbooked;
#[expect(dead_code, reason = "the rest of it is for buffers")]
#[path = "../../src/words.rs"]
mod words;

mod clock;
mod crash;
mod futex;
mod locking;
mod pause;
mod stepping;
mod syncing;
mod witness;

use std::io::{self, Write};
use std::panic;
use std::process;
use std::sync::Once;

/// Explores a model, with at most so many switches away from a thread that could go on, or as many as
/// `LOOM_MAX_PREEMPTIONS` says. A failure ends the process: what unwinds through a deadlocked model
/// would only meet its locks again, for ever.
fn explore(preemptions: usize, model: impl Fn() + Send + Sync + 'static) {
    static ENDS: Once = Once::new();
    ENDS.call_once(|| {
        panic::set_hook(Box::new(|panic| {
            let thread = std::thread::current();
            let model = thread.name().unwrap_or("a model");
            // Past the test harness, which keeps what the macros print until the test is over.
            let _ = writeln!(io::stderr(), "\n{model}: {panic}");
            process::exit(101);
        }));
    });
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound.get_or_insert(preemptions);
    builder.check(model);
}

/// Explores a model again and again, with a death before the first thing that can be died before, the second, and so on,
/// until nobody dies.
fn explore_deaths(preemptions: usize, model: impl Fn(u32) + Copy + Send + Sync + 'static) {
    for at in 0.. {
        crash::forget();
        explore(preemptions, move || model(at));
        if !crash::has_happened() {
            assert!(at > 2, "nobody died at all");
            return;
        }
    }
}
