//! How tasks are woken: a thread of this process listens, and wakes those that were called.
//!
//! A participant that calls a task of its own process wakes it at once. One of another process rings the *bell*, a
//! futex in the table of participants. There is one bell, and one thread, for all tasks of one opening of
//! a buffer, from the first that waits until the last handle that waited so is dropped.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use forebay_contract::Fault;

use crate::attachment::Attachment;
use crate::lock::{self, Limit};
use crate::participant::Role;
use crate::party::{Party, TICK, system};
use crate::turn::{Sleeper, Standing};

/// How long the thread sleeps while no task waits.
const IDLE: Duration = Duration::from_secs(1);

/// A task that waits.
#[derive(Debug)]
struct Task {
    standing: Option<Standing>,
    waker: Waker,
    deadline: Option<Instant>,
}

#[derive(Debug)]
struct Shared {
    party: Party,
    tasks: Mutex<HashMap<u64, Task>>,
    next: AtomicU64,
    stopped: AtomicBool,
    /// What was wrong at the last look after the buffer.
    fault: Mutex<Option<Fault>>,
}

/// The bell of this process's tasks at one buffer.
#[derive(Debug)]
pub(crate) struct Bell {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// A task's entry with the bell; taken back when dropped.
#[derive(Debug)]
pub(crate) struct Waiting {
    bell: Arc<Bell>,
    key: u64,
    standing: Option<Standing>,
}

impl Bell {
    pub(crate) fn hang(buffer: &Arc<Attachment>) -> Result<Self, Fault> {
        let (party, _descriptor) = Party::join(buffer, Role::Other)?;
        let shared = Arc::new(Shared {
            party,
            tasks: Mutex::default(),
            next: AtomicU64::new(0),
            stopped: AtomicBool::new(false),
            fault: Mutex::default(),
        });
        let listening = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name("forebay-bell".to_owned())
            .spawn(move || listening.listen())
            .map_err(|error| system(&error))?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Who is rung for a task.
    pub(crate) fn participant(&self) -> u32 {
        self.shared.party.me.participant
    }

    pub(crate) fn enter(
        self: Arc<Self>,
        standing: Option<Standing>,
        waker: Waker,
        deadline: Option<Instant>,
    ) -> Waiting {
        let shared = &self.shared;
        if let Some(standing) = standing {
            shared.party.buffer.lock_tasks().insert(standing, waker.clone());
        }
        let key = shared.next.fetch_add(1, Ordering::Relaxed);
        let first = {
            let mut tasks = shared.lock();
            tasks.insert(key, Task { standing, waker, deadline });
            tasks.len() == 1
        };
        // The thread sleeps without end while there are no tasks, and to the nearest deadline.
        if first || deadline.is_some() {
            self.ring();
        }
        Waiting { bell: self, key, standing }
    }

    fn ring(&self) {
        if let Ok(entry) = self.shared.party.buffer.entry(self.participant()) {
            entry.bell().increase();
            lock::wake(entry.bell(), 1);
        }
    }
}

impl Drop for Bell {
    fn drop(&mut self) {
        if self.shared.party.buffer.is_forked() {
            // The thread is the parent's, and locks may be held by it for ever.
            std::mem::forget(self.thread.take());
            return;
        }
        self.shared.stopped.store(true, Ordering::Release);
        self.ring();
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != thread::current().id()
        {
            let _ = thread.join();
        }
    }
}

impl Waiting {
    pub(crate) fn is_of(&self, standing: Standing) -> bool {
        self.standing == Some(standing)
    }

    /// What is wrong with the buffer, if anything is: one that waits would not find out by itself.
    pub(crate) fn fault(&self) -> Option<Fault> {
        *self.bell.shared.fault.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_waker(&self, waker: &Waker) {
        let shared = &self.bell.shared;
        if let Some(standing) = self.standing {
            shared.party.buffer.lock_tasks().insert(standing, waker.clone());
        }
        if let Some(task) = shared.lock().get_mut(&self.key) {
            task.waker.clone_from(waker);
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let shared = &self.bell.shared;
        if shared.party.buffer.is_forked() {
            return;
        }
        shared.lock().remove(&self.key);
        if let Some(standing) = self.standing {
            shared.party.buffer.lock_tasks().remove(&standing);
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Task>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn listen(&self) {
        let Ok(entry) = self.party.buffer.entry(self.party.me.participant) else { return };
        loop {
            let rung = entry.bell().read();
            if self.stopped.load(Ordering::Acquire) {
                return;
            }
            let (mut nap, fault) = match self.serve() {
                Ok(nap) => (nap, None),
                Err(fault) => (TICK, Some(fault)),
            };
            *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = fault;
            if let Some(nearest) = self.lock().values().filter_map(|task| task.deadline).min() {
                nap = nap.min(nearest.saturating_duration_since(Instant::now()));
            }
            let slept = lock::wait(entry.bell(), rung, nap);
            if fault.is_some() || slept.is_err() {
                // Each task finds out for itself what is wrong.
                for task in self.lock().values() {
                    task.waker.wake_by_ref();
                }
                if slept.is_err() {
                    thread::sleep(TICK);
                }
            }
        }
    }

    /// Wakes who was called, or has waited long enough; looks after the buffer as one who sleeps does. Returns how long
    /// it may sleep until the next time.
    fn serve(&self) -> Result<Duration, Fault> {
        let sleeper = Sleeper::Bell(self.party.me.participant);
        let mut ready = Vec::new();
        let now = Instant::now();
        let tasks = self.lock();
        if tasks.is_empty() {
            drop(tasks);
            if sleeper.has_watch(&self.party.buffer)? {
                self.party.care(Limit::Forever)?.hand_watch_over(sleeper)?;
            }
            return Ok(IDLE);
        }
        for task in tasks.values() {
            let is_called = match task.standing {
                Some(standing) => standing.has_news(&self.party.buffer)?,
                None => true,
            };
            if is_called || task.deadline.is_some_and(|deadline| deadline <= now) {
                ready.push(task.waker.clone());
            }
        }
        let has_places = tasks.values().all(|task| task.standing.is_some());
        drop(tasks);
        ready.into_iter().for_each(Waker::wake);
        let nap = self.party.keep_watch(sleeper)?;
        Ok(if has_places { nap } else { nap.min(TICK) })
    }
}
