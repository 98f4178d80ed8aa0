//! A lock for a few instructions at a time.
//!
//! Taking it is one compare-and-swap, giving it back one store: half of what a lock costs whose owner
//! must look for sleepers. Nobody sleeps in it until woken: whoever finds it held spins, then yields,
//! then sleeps in short slices. So it is only for what never waits, calls nobody, and is over within
//! a microsecond; an owner that is switched out delays the others by a slice at most, whatever their
//! priorities.
//!
//! The first rests are long for a lock so short ([`ShortLock::new`] says how long): while the loser is
//! away, the winner goes on alone, its data warm in its cache, and more is done by both together than
//! if they met at every turn (T. E. Anderson, *The Performance of Spin Lock Alternatives*, 1990).

#[cfg(any(loom, shuttle))]
pub(crate) use self::modeled::{Guard, Joint, ShortLock};
#[cfg(not(any(loom, shuttle)))]
pub(crate) use self::shipped::{Guard, Joint, ShortLock};

#[cfg(any(not(any(loom, shuttle)), all(loom, test)))]
#[expect(unsafe_code, reason = "a lock gives out what it guards")]
#[expect(clippy::inline_always, reason = "each is shorter than its call")]
mod shipped {
    use std::ops::{Deref, DerefMut};

    use crossbeam_utils::CachePadded;

    use crate::atomics::{Arc, AtomicBool, Ordering, UnsafeCell};
    use crate::pause::Contention;

    #[derive(Debug)]
    pub(crate) struct ShortLock<T> {
        held: AtomicBool,
        /// How long the first rest of a loser is, in spins.
        rest: u32,
        value: UnsafeCell<T>,
    }

    // SAFETY: the value is reached by one thread at a time, the one that holds the lock.
    unsafe impl<T: Send> Sync for ShortLock<T> {}

    /// The lock, held.
    #[derive(Debug)]
    pub(crate) struct Guard<'a, T>(&'a ShortLock<T>);

    impl<T> ShortLock<T> {
        /// `rest`: how many spins a loser stays away at first.
        pub(crate) fn new(value: T, rest: u32) -> Self {
            Self { held: AtomicBool::new(false), rest, value: UnsafeCell::new(value) }
        }

        #[inline(always)]
        pub(crate) fn lock(&self) -> Guard<'_, T> {
            self.lock_by(false)
        }

        /// As [`lock`](Self::lock), by a task or by a thread.
        #[inline(always)]
        pub(crate) fn lock_by(&self, task: bool) -> Guard<'_, T> {
            if !self.try_hold() {
                self.contend(task);
            }
            Guard(self)
        }

        #[inline(always)]
        fn try_hold(&self) -> bool {
            // Acquire: pairs with the Release in `Guard::drop`: what the last owner did is visible.
            self.held.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).is_ok()
        }

        #[cold]
        fn contend(&self, task: bool) {
            let mut contention = Contention::new(self.rest, task);
            loop {
                contention.rest();
                if !self.held.load(Ordering::Relaxed) && self.try_hold() {
                    return;
                }
            }
        }
    }

    impl<T> Deref for Guard<'_, T> {
        type Target = T;

        #[inline(always)]
        fn deref(&self) -> &T {
            // SAFETY: this guard holds the lock, so nobody else has a reference but through it.
            self.0.value.with(|value| unsafe { &*value })
        }
    }

    impl<T> DerefMut for Guard<'_, T> {
        #[inline(always)]
        fn deref_mut(&mut self) -> &mut T {
            // SAFETY: as above, and the guard itself is borrowed exclusively.
            self.0.value.with_mut(|value| unsafe { &mut *value })
        }
    }

    impl<T> Drop for Guard<'_, T> {
        #[inline(always)]
        fn drop(&mut self) {
            // Release: pairs with the Acquire in `try_hold`.
            self.0.held.store(false, Ordering::Release);
        }
    }

    /// Two values behind one lock. Others may share the first, and outlive the second.
    #[derive(Debug)]
    pub(crate) struct Joint<S, T> {
        shared: Arc<CachePadded<ShortLock<S>>>,
        own: CachePadded<UnsafeCell<T>>,
    }

    // SAFETY: its own value is reached by one thread at a time, the one that holds the lock.
    unsafe impl<S: Send, T: Send> Sync for Joint<S, T> {}

    /// Both values, locked.
    #[derive(Debug)]
    pub(crate) struct Both<'a, S, T> {
        shared: Guard<'a, S>,
        own: &'a UnsafeCell<T>,
    }

    impl<S, T> Joint<S, T> {
        /// `rest`: as for [`ShortLock::new`].
        pub(crate) fn new(shared: S, own: T, rest: u32) -> Self {
            let shared = Arc::new(CachePadded::new(ShortLock::new(shared, rest)));
            Self { shared, own: CachePadded::new(UnsafeCell::new(own)) }
        }

        pub(crate) fn shared(&self) -> &Arc<CachePadded<ShortLock<S>>> {
            &self.shared
        }

        #[inline(always)]
        pub(crate) fn lock(&self) -> Both<'_, S, T> {
            self.lock_by(false)
        }

        /// As [`ShortLock::lock_by`].
        #[inline(always)]
        pub(crate) fn lock_by(&self, task: bool) -> Both<'_, S, T> {
            Both { shared: self.shared.lock_by(task), own: &self.own }
        }
    }

    impl<S, T> Both<'_, S, T> {
        #[inline(always)]
        pub(crate) fn split(&mut self) -> (&mut S, &mut T) {
            // SAFETY: this guard holds the lock, of which there is one for this value since nobody
            // else makes a `Joint` of it, and the guard is borrowed exclusively.
            let own = self.own.with_mut(|own| unsafe { &mut *own });
            (&mut self.shared, own)
        }
    }
}

/// For the models of everything else, loom's own lock, or shuttle's, on which nobody spins. That the shipped one
/// excludes is modeled by itself, below.
#[cfg(any(loom, shuttle))]
mod modeled {
    use crossbeam_utils::CachePadded;

    use crate::atomics::{Arc, Mutex, MutexGuard};

    #[derive(Debug)]
    pub(crate) struct ShortLock<T>(Mutex<T>);

    pub(crate) type Guard<'a, T> = MutexGuard<'a, T>;

    impl<T> ShortLock<T> {
        pub(crate) fn new(value: T, _: u32) -> Self {
            Self(Mutex::new(value))
        }

        pub(crate) fn lock(&self) -> Guard<'_, T> {
            self.0.lock()
        }

        pub(crate) fn lock_by(&self, _: bool) -> Guard<'_, T> {
            self.lock()
        }
    }

    #[derive(Debug)]
    pub(crate) struct Joint<S, T> {
        shared: Arc<CachePadded<ShortLock<S>>>,
        /// Locked after the other.
        own: ShortLock<T>,
    }

    #[derive(Debug)]
    pub(crate) struct Both<'a, S, T> {
        own: Guard<'a, T>,
        shared: Guard<'a, S>,
    }

    impl<S, T> Joint<S, T> {
        pub(crate) fn new(shared: S, own: T, rest: u32) -> Self {
            let shared = Arc::new(CachePadded::new(ShortLock::new(shared, rest)));
            Self { shared, own: ShortLock::new(own, rest) }
        }

        pub(crate) fn shared(&self) -> &Arc<CachePadded<ShortLock<S>>> {
            &self.shared
        }

        pub(crate) fn lock(&self) -> Both<'_, S, T> {
            let shared = self.shared.lock();
            Both { own: self.own.lock(), shared }
        }

        pub(crate) fn lock_by(&self, _: bool) -> Both<'_, S, T> {
            self.lock()
        }
    }

    impl<S, T> Both<'_, S, T> {
        pub(crate) fn split(&mut self) -> (&mut S, &mut T) {
            (&mut self.shared, &mut self.own)
        }
    }
}

#[cfg(all(loom, test))]
mod models {
    use super::shipped::{Joint, ShortLock};
    use crate::atomics::{Arc, UnsafeCell, model, thread};

    /// Explores two threads that change the same number under the lock, so many times each.
    #[expect(unsafe_code, reason = "the cell is read under the lock")]
    fn explore(
        turns: u32,
        change: impl Fn(&ShortLock<UnsafeCell<u32>>) + Copy + Send + Sync + 'static,
    ) {
        let mut builder = model::Builder::new();
        builder.preemption_bound.get_or_insert(3);
        builder.check(move || {
            let lock = Arc::new(ShortLock::new(UnsafeCell::new(0), 1));
            let shared = Arc::clone(&lock);
            let other = thread::spawn(move || (0..turns).for_each(|_| change(&shared)));
            (0..turns).for_each(|_| change(&lock));
            other.join().unwrap();
            let sum = lock.lock().with(|sum| {
                // SAFETY: under the lock.
                unsafe { *sum }
            });
            assert_eq!(sum, 2 * turns);
        });
    }

    /// The cell tells when two are in it at once, or one without having seen the other.
    #[test]
    #[expect(unsafe_code, reason = "the cell is read and written under the lock")]
    fn one_at_a_time_and_each_sees_the_last() {
        explore(2, |lock| {
            let sum = lock.lock();
            // SAFETY: under the lock.
            sum.with_mut(|sum| unsafe { *sum += 1 });
        });
    }

    /// One who has only the shared value's lock keeps out those who want both.
    #[test]
    #[expect(unsafe_code, reason = "the cells are written under the lock")]
    fn what_is_joined_is_under_one_lock() {
        model(|| {
            let cell = || UnsafeCell::new(0);
            let joint = Arc::new(Joint::new(cell(), cell(), 1));
            let shared = Arc::clone(joint.shared());
            let other = thread::spawn(move || {
                // SAFETY: under the lock.
                shared.lock().with_mut(|sum| unsafe { *sum += 1 });
            });
            let mut both = joint.lock();
            let (shared, own) = both.split();
            for cell in [shared, own] {
                // SAFETY: under the lock.
                cell.with_mut(|sum| unsafe { *sum += 1 });
            }
            drop(both);
            other.join().unwrap();
            // SAFETY: under the lock.
            let read = |cell: &UnsafeCell<i32>| cell.with(|sum| unsafe { *sum });
            let mut both = joint.lock();
            let (shared, own) = both.split();
            assert_eq!((read(shared), read(own)), (2, 1));
        });
    }

    /// The guard gives out what it guards, changed by whoever held it before.
    #[test]
    fn what_the_guard_leads_to_is_the_last() {
        model(|| {
            let lock = Arc::new(ShortLock::new(0, 1));
            let shared = Arc::clone(&lock);
            let other = thread::spawn(move || *shared.lock() += 1);
            *lock.lock() += 1;
            other.join().unwrap();
            assert_eq!(*lock.lock(), 2);
        });
    }
}
