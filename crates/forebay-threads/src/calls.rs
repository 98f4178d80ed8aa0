//! What is left to do once no lock is held.

use std::mem::{self, ManuallyDrop};
use std::sync::Weak;
use std::task::Waker;

use crate::alarm;
use crate::atomics::Arc;
use crate::store::FirstPanic;
use crate::watermarks::Watermarks;

/// Wakers to wake, or to let go, and a hook to tell, once no lock is held: these run code of others',
/// which may take locks of its own, or drop a task that waits in the very line that called it. (For the
/// same reason a waker is cloned before the first lock, and handed down.)
///
/// Happens when this is dropped. So it is made before the first lock is taken.
#[derive(Debug, Default)]
#[must_use]
pub(crate) struct Calls {
    made: ManuallyDrop<Made>,
    /// There are some.
    any: bool,
    /// It is a task that puts or takes.
    by_task: bool,
}

/// Some are kept in place, which is all that most operations have.
#[derive(Debug, Default)]
struct Made {
    wake: Option<Waker>,
    also_wake: Option<Waker>,
    discard: Option<Waker>,
    more: Option<Box<More>>,
}

#[derive(Debug, Default)]
struct More {
    wake: Vec<Waker>,
    discard: Vec<Waker>,
    tell: Option<Arc<Watermarks>>,
    look_after: Vec<Weak<dyn alarm::Line>>,
}

impl Calls {
    /// Those that a task has to make.
    pub(crate) fn by_task() -> Self {
        Self { made: ManuallyDrop::default(), any: false, by_task: true }
    }

    /// Whether it is a task that has to make them.
    #[inline]
    pub(crate) fn are_by_task(&self) -> bool {
        self.by_task
    }

    #[inline]
    pub(crate) fn wake(&mut self, waker: Waker) {
        self.any = true;
        let made = &mut *self.made;
        if made.wake.is_none() {
            made.wake = Some(waker);
        } else if made.also_wake.is_none() && made.more.is_none() {
            made.also_wake = Some(waker);
        } else {
            made.more.get_or_insert_default().wake.push(waker);
        }
    }

    /// Has the watermarks tell what is due.
    pub(crate) fn tell(&mut self, watermarks: &Arc<Watermarks>) {
        self.any = true;
        self.made.more.get_or_insert_default().tell = Some(Arc::clone(watermarks));
    }

    /// Has the alarm ring for the line.
    pub(crate) fn set_alarm(&mut self, line: Weak<dyn alarm::Line>) {
        self.any = true;
        self.made.more.get_or_insert_default().look_after.push(line);
    }

    pub(crate) fn discard(&mut self, waker: Waker) {
        self.any = true;
        let made = &mut *self.made;
        match made.discard {
            None => made.discard = Some(waker),
            Some(_) => made.more.get_or_insert_default().discard.push(waker),
        }
    }

    #[inline(never)]
    fn make(&mut self) {
        let made = &mut *self.made;
        if made.also_wake.is_some() || made.discard.is_some() || made.more.is_some() {
            make_all(mem::take(made));
        } else if let Some(waker) = made.wake.take() {
            // There is just one, so none can keep another from being made.
            waker.wake();
        }
    }
}

impl Drop for Calls {
    #[inline]
    fn drop(&mut self) {
        // By hand, so that the common case is one test that is inlined everywhere.
        if self.any {
            self.make();
        }
    }
}

/// All of them are made, also when one panics.
#[cold]
fn make_all(made: Made) {
    let Made { wake, also_wake, discard, more } = made;
    let more = more.map_or_else(More::default, |more| *more);
    for line in more.look_after {
        alarm::look_after(line);
    }
    let mut first = FirstPanic::default();
    for waker in wake.into_iter().chain(also_wake).chain(more.wake) {
        first.catch(|| waker.wake());
    }
    for waker in discard.into_iter().chain(more.discard) {
        first.catch(|| drop(waker));
    }
    if let Some(watermarks) = more.tell {
        first.catch(|| watermarks.tell());
    }
    first.resume();
}
