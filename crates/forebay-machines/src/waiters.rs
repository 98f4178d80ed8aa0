//! The calls of this process that wait, by the numbers under which an engine wakes them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// All that wait on one connection to a buffer.
#[derive(Default)]
pub(crate) struct Waiters {
    // Relaxed: a number need only be another one.
    next: AtomicU64,
    waiting: Mutex<HashMap<u64, Arc<Notify>>>,
}

impl Waiters {
    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Arc<Notify>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A call that may have to wait.
    pub(crate) fn waiter(self: &Arc<Self>) -> Waiter {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let bell = Arc::new(Notify::new());
        self.lock().insert(number, Arc::clone(&bell));
        Waiter { number, bell, all: Arc::clone(self) }
    }

    /// Wakes this one. A wake that comes before it sleeps is kept for it.
    pub(crate) fn call(&self, number: u64) {
        let bell = self.lock().get(&number).cloned();
        if let Some(bell) = bell {
            bell.notify_one();
        }
    }

    /// Wakes everyone: some wake may have been lost.
    pub(crate) fn call_all(&self) {
        let bells: Vec<_> = self.lock().values().cloned().collect();
        for bell in bells {
            bell.notify_one();
        }
    }
}

/// One call.
pub(crate) struct Waiter {
    number: u64,
    bell: Arc<Notify>,
    all: Arc<Waiters>,
}

impl Waiter {
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Sleeps until it is called.
    pub(crate) async fn called(&self) {
        self.bell.notified().await;
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        self.all.lock().remove(&self.number);
    }
}
