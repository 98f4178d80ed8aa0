//! The buffer that one writes at home: one mutex, two conditions (Hoare, 1974; in Mesa form).

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::{Condvar, Mutex};

/// The producing side. The buffer closes when the last one is gone.
pub struct Sender<T>(Arc<Monitor<T>>);

/// The consuming side.
pub struct Receiver<T>(Arc<Monitor<T>>);

struct Monitor<T> {
    state: Mutex<State<T>>,
    not_full: Condvar,
    not_empty: Condvar,
    capacity: usize,
}

struct State<T> {
    items: VecDeque<T>,
    senders: usize,
}

/// A fresh buffer in which at most `capacity` items wait.
pub fn bounded<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    let monitor = Arc::new(Monitor {
        state: Mutex::new(State { items: VecDeque::with_capacity(capacity), senders: 1 }),
        not_full: Condvar::new(),
        not_empty: Condvar::new(),
        capacity,
    });
    (Sender(Arc::clone(&monitor)), Receiver(monitor))
}

impl<T> Sender<T> {
    /// Waits while the buffer is full; consumers stay until the end, so there is no other error.
    pub fn send(&self, item: T) -> Result<(), T> {
        let mut state = self.0.state.lock();
        self.0.not_full.wait_while(&mut state, |state| state.items.len() >= self.0.capacity);
        state.items.push_back(item);
        drop(state);
        self.0.not_empty.notify_one();
        Ok(())
    }
}

impl<T> Receiver<T> {
    /// Waits while the buffer is empty; `None` when all senders are gone, too.
    pub fn recv(&self) -> Option<T> {
        let mut state = self.0.state.lock();
        let starved = |state: &mut State<T>| state.items.is_empty() && state.senders > 0;
        self.0.not_empty.wait_while(&mut state, starved);
        let item = state.items.pop_front();
        drop(state);
        self.0.not_full.notify_one();
        item
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.0.state.lock().senders += 1;
        Self(Arc::clone(&self.0))
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        state.senders -= 1;
        if state.senders == 0 {
            drop(state);
            self.0.not_empty.notify_all();
        }
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drains_after_the_last_sender() {
        let (sender, receiver) = bounded(2);
        sender.send(1).unwrap();
        sender.clone().send(2).unwrap();
        drop(sender);
        assert_eq!((receiver.recv(), receiver.recv(), receiver.recv()), (Some(1), Some(2), None));
    }
}
