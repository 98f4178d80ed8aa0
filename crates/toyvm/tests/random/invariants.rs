//! What is true of a machine whatever it runs.

use std::collections::BTreeMap;

use toyvm::Machine;
use toyvm::machine::{On, Service, Status, Stepped, ThreadId};
use toyvm::observer::Observer;

use super::runs::{Case, each};

/// Looks at the machine before and after each step.
struct Watch(Case);

impl Observer for Watch {
    fn before(&mut self, machine: &Machine, thread: ThreadId) {
        assert!(machine.state().ready().contains(thread));
        // The clock has woken whoever was due.
        for thread in machine.state().thread_ids() {
            if let Some(due) = due(machine, thread) {
                assert!(due > machine.state().clock(), "{} slept too long", thread.index());
            }
        }
    }

    fn after(&mut self, machine: &Machine, _: ThreadId, stepped: Stepped) {
        if stepped != Stepped::Asserted
            && let Err(why) = sound(machine)
        {
            self.0.fails(machine.program(), &why);
        }
    }
}

/// When the clock will wake a thread.
fn due(machine: &Machine, thread: ThreadId) -> Option<u64> {
    match machine.thread(thread).status() {
        Status::Sleeping { until, .. } => Some(until.0),
        Status::Waiting(wait) => wait.until.map(|until| until.0),
        Status::Runnable | Status::Ended | Status::Failed(_) | Status::Killed => None,
    }
}

/// Whether what somebody waits for is there.
fn is_there(machine: &Machine, on: On) -> bool {
    let state = machine.state();
    match on {
        On::Lock(lock) => state.locks()[lock as usize].owner.is_none(),
        On::Semaphore(semaphore) => state.semaphores()[semaphore as usize].count > 0,
        On::Message(queue) => !state.queues()[queue as usize].messages.is_empty(),
        On::Room(queue) => {
            let queue = &state.queues()[queue as usize];
            queue.capacity.is_none_or(|most| (queue.messages.len() as i64) < most)
        }
        On::Condition(_) => false,
        On::Thread(thread) => machine.thread(thread).status().is_over(),
    }
}

fn sound(machine: &Machine) -> Result<(), String> {
    let state = machine.state();
    let mut lines: BTreeMap<usize, On> = BTreeMap::new();
    let mut all = Vec::new();
    for (index, lock) in state.locks().iter().enumerate() {
        all.push((On::Lock(index as u32), &lock.line));
    }
    for (index, semaphore) in state.semaphores().iter().enumerate() {
        all.push((On::Semaphore(index as u32), &semaphore.line));
        let within = semaphore.bound.is_none_or(|bound| semaphore.count <= bound);
        if semaphore.count < 0 || !within {
            return Err(format!("semaphore {index} has {}", semaphore.count));
        }
    }
    for (index, queue) in state.queues().iter().enumerate() {
        all.push((On::Message(index as u32), &queue.receivers));
        all.push((On::Room(index as u32), &queue.senders));
        if queue.capacity.is_some_and(|most| queue.messages.len() as i64 > most) {
            return Err(format!("queue {index} holds {}", queue.messages.len()));
        }
    }
    for (index, condition) in state.conditions().iter().enumerate() {
        all.push((On::Condition(index as u32), &condition.line));
    }
    for (on, line) in all {
        for thread in line {
            if let Some(other) = lines.insert(thread.index(), on) {
                return Err(format!("{} is in line for {on:?} and {other:?}", thread.index()));
            }
        }
    }
    let mut remaining = 0;
    for thread in state.thread_ids() {
        let it = machine.thread(thread);
        let line = lines.get(&thread.index()).copied();
        let waits = match it.status() {
            Status::Waiting(wait) => Some(wait.on),
            _ => None,
        };
        let in_line = waits.filter(|on| !matches!(on, On::Thread(_)));
        if line != in_line {
            return Err(format!("{} waits for {waits:?} in line {line:?}", thread.index()));
        }
        let there = waits.is_some_and(|on| is_there(machine, on));
        if there && machine.service() == Service::InOrder {
            return Err(format!("{} waits for {waits:?}, which is there", thread.index()));
        }
        let robust = waits.is_some_and(|on| match on {
            On::Lock(lock) => {
                let owner = state.locks()[lock as usize].owner;
                owner.is_some_and(|owner| machine.thread(owner).status().is_over())
            }
            _ => false,
        });
        let ready = state.ready().contains(thread);
        let may = *it.status() == Status::Runnable || there;
        // Who asks robustly is not told from the outside.
        if ready != may && !(ready && robust) {
            return Err(format!("{} is ready: {ready}, {:?}", thread.index(), it.status()));
        }
        let length = machine.program().code(it.code()).instructions.len();
        if it.pc() as usize > length || (it.pc() as usize == length && may && waits.is_none()) {
            return Err(format!("{} stands at {}", thread.index(), it.pc()));
        }
        remaining += u32::from(!it.is_daemon() && !it.status().is_over());
    }
    if remaining != state.remaining() {
        return Err(format!("{} remain, not {remaining}", state.remaining()));
    }
    if state.ready().len() != state.ready().iter().count() {
        return Err("ready is miscounted".to_owned());
    }
    Ok(())
}

#[test]
fn the_machine_stays_sound() {
    each(200, |program, case| {
        let mut machine = case.machine(program);
        case.run(&mut machine, Watch(case));
    });
}
