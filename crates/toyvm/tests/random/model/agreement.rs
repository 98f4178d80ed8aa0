//! Whether the machine and the model are in the same state.

use std::collections::VecDeque;

use toyvm::Machine;
use toyvm::machine::{self, Fault, ThreadId};
use toyvm::value::Value;

use super::{Bad, Model, On, Status, V};

/// Complains where the two sides differ.
macro_rules! same {
    ($what:expr, $machine:expr, $model:expr) => {
        if $machine != $model {
            let (machine, model) = (&$machine, &$model);
            return Err(format!("{}: the machine has {machine:?}, the model {model:?}", $what));
        }
    };
}

impl Model {
    /// An error that says where they differ.
    pub(crate) fn agrees(&self, machine: &Machine) -> Result<(), String> {
        let state = machine.state();
        same!("clock", state.clock(), self.clock);
        let ready: Vec<usize> = state.ready().iter().map(ThreadId::index).collect();
        same!("enabled", ready, self.enabled());
        same!("threads", state.threads().len(), self.threads.len());
        for thread in state.thread_ids() {
            self.thread_agrees(machine, thread)?;
        }
        for (name, value) in machine.program().names().iter().zip(state.globals()) {
            let name = machine.text(*name);
            let value = value.map(|value| seen(machine, value));
            same!(format!("global {name}"), value.as_ref(), self.globals.get(name));
        }
        same!("locks", state.locks().len(), self.locks.len());
        for (index, lock) in state.locks().iter().enumerate() {
            let owner = lock.owner.map(ThreadId::index);
            same!(format!("owner of lock {index}"), owner, self.locks[index]);
            self.line_agrees(On::Lock(index), &lock.line)?;
        }
        same!("semaphores", state.semaphores().len(), self.semaphores.len());
        for (index, semaphore) in state.semaphores().iter().enumerate() {
            let it = (semaphore.count, semaphore.bound);
            same!(format!("semaphore {index}"), it, self.semaphores[index]);
            self.line_agrees(On::Semaphore(index), &semaphore.line)?;
        }
        same!("queues", state.queues().len(), self.queues.len());
        for (index, queue) in state.queues().iter().enumerate() {
            let messages: Vec<V> = queue.messages.iter().map(|it| seen(machine, *it)).collect();
            same!(format!("queue {index}"), messages, self.queues[index].messages);
            same!(format!("capacity {index}"), queue.capacity, self.queues[index].capacity);
            self.line_agrees(On::Message(index), &queue.receivers)?;
            self.line_agrees(On::Room(index), &queue.senders)?;
        }
        let counters: Vec<i64> = state.counters().iter().map(|it| it.value).collect();
        same!("counters", counters, self.counters);
        same!("conditions", state.conditions().len(), self.conditions.len());
        for (index, condition) in state.conditions().iter().enumerate() {
            same!(format!("lock of {index}"), condition.lock as usize, self.conditions[index]);
            self.line_agrees(On::Condition(index), &condition.line)?;
        }
        same!("arrays", state.arrays().len(), self.arrays.len());
        for (index, array) in state.arrays().iter().enumerate() {
            let values: Vec<V> = array.values.iter().map(|it| seen(machine, *it)).collect();
            same!(format!("array {index}"), values, self.arrays[index]);
        }
        Ok(())
    }

    fn thread_agrees(&self, machine: &Machine, thread: ThreadId) -> Result<(), String> {
        let (it, model) = (machine.thread(thread), &self.threads[thread.index()]);
        let what = |part: &str| format!("{part} of {}", model.name);
        same!("name", *machine.show_thread(thread), *model.name);
        same!(what("list"), it.code(), model.code);
        same!(what("address"), it.pc() as usize, model.pc);
        same!(what("priority"), it.priority(), model.priority);
        same!(what("daemon"), it.is_daemon(), model.daemon);
        let stack: Vec<V> = it.stack().iter().map(|value| seen(machine, *value)).collect();
        same!(what("stack"), stack, model.stack);
        for (slot, name) in machine.program().code(it.code()).variables.iter().enumerate() {
            let value = it.variables().get(slot).copied().flatten();
            let value = value.map(|value| seen(machine, value));
            let name = machine.program().name(*name);
            same!(what(name), value.as_ref(), model.variables.get(name));
        }
        let agree = match (it.status(), &model.status) {
            (machine::Status::Runnable, Status::Runnable)
            | (machine::Status::Ended, Status::Ended) => true,
            (machine::Status::Sleeping { until, .. }, Status::Sleeping(due, _)) => until.0 == *due,
            (machine::Status::Waiting(wait), Status::Waiting(model)) => {
                wait.at as usize == model.at
                    && awaited(wait.on) == model.on
                    && wait.until.map(|until| until.0) == model.until.map(|until| until.0)
                    && wait.message.map(|it| seen(machine, it)) == model.message
            }
            (machine::Status::Failed(failure), Status::Failed(bad)) => {
                failure.at as usize == model.pc && class(failure.fault) == Some(*bad)
            }
            _ => false,
        };
        if agree {
            return Ok(());
        }
        let (machine, model) = (it.status(), &model.status);
        Err(format!("{}: the machine has {machine:?}, the model {model:?}", what("status")))
    }

    fn line_agrees(&self, on: On, line: &VecDeque<ThreadId>) -> Result<(), String> {
        let line: Vec<usize> = line.iter().map(|thread| thread.index()).collect();
        same!(format!("line for {on:?}"), line, self.line(on));
        Ok(())
    }
}

/// A value of the machine as the model has it.
fn seen(machine: &Machine, value: Value) -> V {
    match value {
        Value::Int(int) => V::Int(int),
        Value::Text(text) => V::Text(machine.text(text).to_owned()),
        Value::Handle(handle) => V::Thing(handle.kind, handle.index as usize),
    }
}

fn awaited(on: machine::On) -> On {
    match on {
        machine::On::Lock(index) => On::Lock(index as usize),
        machine::On::Semaphore(index) => On::Semaphore(index as usize),
        machine::On::Message(index) => On::Message(index as usize),
        machine::On::Room(index) => On::Room(index as usize),
        machine::On::Condition(index) => On::Condition(index as usize),
        machine::On::Thread(thread) => On::Thread(thread.index()),
    }
}

/// The page does not fix the words of errors, only their sorts.
fn class(fault: Fault) -> Option<Bad> {
    Some(match fault {
        Fault::Underflow { .. } => Bad::Underflow,
        Fault::UnknownName(_) | Fault::NoObject(_) => Bad::Name,
        Fault::WrongKind { .. } | Fault::NoQueue => Bad::Kind,
        Fault::NotAnInteger(_) | Fault::NotAddable(..) => Bad::NotAnInteger,
        Fault::DivisionByZero => Bad::DivisionByZero,
        Fault::Overflow => Bad::Overflow,
        Fault::BadJump(_) => Bad::Jump,
        Fault::BadBody { .. } => Bad::Body,
        Fault::TooLow { .. } => Bad::TooLow,
        Fault::NotHeld { .. } => Bad::NotHeld,
        Fault::AboveBound(_) => Bad::AboveBound,
        Fault::BadIndex { .. } => Bad::Index,
        // The programs are small.
        Fault::TooMuch { .. } => return None,
    })
}
