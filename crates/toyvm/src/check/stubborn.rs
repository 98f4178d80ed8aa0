//! Whose steps are looked at in a state, and whose may wait (Valmari, 1990; Godefroid, 1996).
//!
//! A set of threads is *persistent* if nothing that the others can do, as long as none of the set steps,
//! matters to what the set is about to do. Then every way on, in which one of the set ever steps, has a
//! like one in which it steps at once.

use super::explorer::Explorer;
use super::flaw::{Flaw, flawed};
use crate::machine::{On, Status, ThreadId};

/// The smallest persistent set that one thread leads to: those of it that can go on.
pub(super) fn choose(explorer: &Explorer) -> Vec<ThreadId> {
    let enabled: Vec<ThreadId> = explorer.enabled().collect();
    if enabled.len() < 2 {
        return enabled;
    }
    let mut best = enabled.clone();
    // One who can only die need not: the set is of one who goes on, sooner or later.
    let dies = flawed(Flaw::DiesAlone);
    let is_ready = |seed: &&ThreadId| explorer.machine.state().ready().contains(**seed) || dies;
    for seed in enabled.iter().filter(is_ready) {
        let set = close(explorer, *seed, best.len());
        if let Some(set) = set {
            best = set;
            if best.len() == 1 {
                break;
            }
        }
    }
    best
}

/// The least set with that thread, if fewer than so many of it can go on.
fn close(explorer: &Explorer, seed: ThreadId, below: usize) -> Option<Vec<ThreadId>> {
    let machine = &explorer.machine;
    let moves = |thread: &ThreadId| {
        let is_ready = machine.state().ready().contains(*thread);
        is_ready || (explorer.may_die(*thread) && !flawed(Flaw::WaitsOn))
    };
    let mut set = vec![seed];
    let mut enabled = 0;
    let mut at = 0;
    while at < set.len() {
        let thread = set[at];
        at += 1;
        if moves(&thread) {
            enabled += 1;
            if enabled >= below {
                return None;
            }
        }
        if machine.state().ready().contains(thread) {
            let against = explorer.analysis.accesses.against(explorer.site(thread));
            for other in machine.state().thread_ids() {
                let waits = !machine.state().ready().contains(other);
                if !set.contains(&other)
                    && explorer.may_meet(other, against)
                    && (!waits || !flawed(Flaw::Meets))
                    && !set.iter().any(|holder| explorer.is_kept_out(other, *holder, against))
                {
                    set.push(other);
                }
            }
        } else if let Status::Waiting(wait) = machine.thread(thread).status() {
            // It will do something that matters; not before somebody serves it.
            match wait.on {
                On::Lock(lock) => {
                    let owner = machine.state().locks()[lock as usize].owner;
                    // Who takes it from one who is over asks for ends, which all that is done here
                    // may bring about: it is one of the set.
                    let counts = |owner: &ThreadId| {
                        !machine.thread(*owner).status().is_over() && !set.contains(owner)
                    };
                    let owner = owner.filter(|owner| counts(owner) && !flawed(Flaw::Owner));
                    set.extend(owner);
                }
                On::Thread(other) => {
                    if !set.contains(&other) && !flawed(Flaw::Joined) {
                        set.push(other);
                    }
                }
                _ if flawed(Flaw::Servers) => {}
                _ => {
                    let servers = explorer.analysis.accesses.servers(explorer.site(thread));
                    for other in machine.state().thread_ids() {
                        if !set.contains(&other) && explorer.may_meet(other, servers) {
                            set.push(other);
                        }
                    }
                }
            }
        }
    }
    Some(set.into_iter().filter(moves).collect())
}
