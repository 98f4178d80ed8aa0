//! What grows along the way to a state, where a search came to no end: usually why.

use std::collections::BTreeMap;

use super::explorer::Explorer;
use super::search::Search;
use super::store::StateId;
use crate::machine::Machine;
use crate::value::{Kind, Value};

/// So many states along the way are looked at.
const LOOKS: usize = 4;

/// A number that grew from look to look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Growth {
    /// Whose: `semaphore empty`, `the length of queue jobs`.
    pub what: String,
    /// What it was in some states along the way, the last one last.
    pub values: Vec<i64>,
}

/// Looks at some states on the way to one.
pub(super) fn along(search: &Search<'_>, explorer: &mut Explorer, state: StateId) -> Vec<Growth> {
    let path = search.path(state);
    if path.len() < 2 * LOOKS {
        return Vec::new();
    }
    let mut bytes = Vec::new();
    let mut all: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for look in 1..=LOOKS {
        search.store.read(path[(path.len() - 1) * look / LOOKS], &mut bytes);
        explorer.unpack(&bytes);
        for (what, value) in numbers(&explorer.machine) {
            all.entry(what).or_default().push(value);
        }
    }
    let grows = |values: &[i64]| {
        values.len() == LOOKS
            && values.windows(2).all(|pair| pair[1].unsigned_abs() > pair[0].unsigned_abs())
    };
    let growing = all.into_iter().filter(|(_, values)| grows(values));
    growing.map(|(what, values)| Growth { what, values }).collect()
}

/// All numbers of a state, each with its name.
fn numbers(machine: &Machine) -> Vec<(String, i64)> {
    let (state, program) = (machine.state(), machine.program());
    let name = |kind, index: usize| machine.introduce(kind, index as u32).into_owned();
    let mut all = vec![("the number of threads".to_owned(), state.threads().len() as i64)];
    for (value, text) in state.globals().iter().zip(program.names()) {
        if let Some(Value::Int(number)) = value {
            all.push((format!("global {}", machine.text(*text)), *number));
        }
    }
    for (at, semaphore) in state.semaphores().iter().enumerate() {
        all.push((name(Kind::Semaphore, at), semaphore.count));
    }
    for (at, queue) in state.queues().iter().enumerate() {
        let length = queue.messages.len() as i64;
        all.push((format!("the length of {}", name(Kind::Queue, at)), length));
    }
    for (at, counter) in state.counters().iter().enumerate() {
        all.push((name(Kind::Counter, at), counter.value));
    }
    for thread in state.thread_ids() {
        let it = machine.thread(thread);
        for (value, name) in it.variables().iter().zip(&program.code(it.code()).variables) {
            if let Some(Value::Int(number)) = value {
                let whose = machine.show_thread(thread);
                all.push((format!("{} of {whose}", program.name(*name)), *number));
            }
        }
    }
    all
}
