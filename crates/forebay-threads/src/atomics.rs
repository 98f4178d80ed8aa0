//! The one place that names atomics, locks and parking: the standard library's, loom's or shuttle's.
//!
//! Everything else imports from here, so that the code that ships is the code that loom explores, and
//! that shuttle schedules. Both are spared what synchronizes nothing: reference counts, and the
//! [`counters`] that only count.

pub(crate) use std::sync::Arc;

#[cfg(all(loom, test))]
pub(crate) use loom::model;
#[cfg(loom)]
pub(crate) use loom::{
    cell::UnsafeCell,
    sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering},
    thread,
};
#[cfg(shuttle)]
pub(crate) use shuttle::{
    sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering},
    thread,
};
#[cfg(not(any(loom, shuttle)))]
pub(crate) use std::{
    sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering},
    thread,
};

/// For numbers that are only ever added up and read: no other memory is reached through them.
pub(crate) mod counters {
    pub(crate) use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
}

#[cfg(loom)]
use loom::sync as locks;
#[cfg(shuttle)]
use shuttle::sync as locks;
#[cfg(not(any(loom, shuttle)))]
use std::sync as locks;

pub(crate) use locks::MutexGuard;

/// A lock that does not poison: no code of a user's ever runs under it.
#[derive(Debug)]
pub(crate) struct Mutex<T>(locks::Mutex<T>);

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(locks::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Loom's cell, over the standard library's.
#[cfg(not(loom))]
#[derive(Debug)]
pub(crate) struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

#[cfg(not(loom))]
impl<T> UnsafeCell<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(std::cell::UnsafeCell::new(value))
    }

    #[inline]
    pub(crate) fn with<R>(&self, read: impl FnOnce(*const T) -> R) -> R {
        read(self.0.get())
    }

    #[inline]
    pub(crate) fn with_mut<R>(&self, write: impl FnOnce(*mut T) -> R) -> R {
        write(self.0.get())
    }
}

/// Puts the thread that made it to sleep, and wakes it. A wake that comes first is kept, once.
#[cfg(not(any(loom, shuttle)))]
#[derive(Debug)]
pub(crate) struct Parker(thread::Thread);

#[cfg(not(any(loom, shuttle)))]
impl Parker {
    pub(crate) fn current() -> Self {
        Self(thread::current())
    }

    pub(crate) fn of(thread: &thread::Thread) -> Self {
        Self(thread.clone())
    }

    pub(crate) fn unpark(&self) {
        self.0.unpark();
    }
}

/// Loom's own parking forgets a wake when the thread takes a lock before it parks.
#[cfg(any(loom, shuttle))]
#[derive(Debug)]
pub(crate) struct Parker {
    token: locks::Mutex<bool>,
    woken: locks::Condvar,
}

#[cfg(any(loom, shuttle))]
impl Parker {
    pub(crate) fn current() -> Self {
        Self { token: locks::Mutex::new(false), woken: locks::Condvar::new() }
    }

    pub(crate) fn unpark(&self) {
        *self.token.lock().unwrap() = true;
        self.woken.notify_one();
    }

    pub(crate) fn park(&self) {
        let mut token = self.token.lock().unwrap();
        while !*token {
            token = self.woken.wait(token).unwrap();
        }
        *token = false;
    }
}
