//! Those who look on while a run goes, and are told every [`Event`] in an order that could have been.
//!
//! A run that nobody looks at pays one branch for each event. Otherwise events are told one at a time; of
//! each item in the order in which they happened, so that the depth is never less than nothing: a consumer
//! that leases an item before its producer could tell of the put waits for that.

pub(crate) mod event;
pub(crate) mod json_lines;
pub(crate) mod picture;
pub(crate) mod trace;

use std::collections::HashSet;
use std::fmt::Debug;
use std::io;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread;
use std::time::{Duration, Instant};

use crate::run::observer::event::Event;
use crate::run::report::bottleneck::Measured;
use crate::run::report::{Remarks, Report};
use crate::run::stop::Cause;

/// How long one of those who look on may tell at the end of a run that stops at once: the others have their end to write,
/// and it may never come to its own.
const MOMENT: Duration = Duration::from_secs(1);

/// When something happened, and how things stood after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    /// Since the run began.
    pub(crate) at: Duration,
    /// Items that wait in the buffer.
    pub(crate) depth: u64,
}

/// Who looks on. An error ends its looking on, and is told once.
pub(crate) trait Observer: Debug + Send {
    /// What an error is about: a file's name, or what standard output is used for.
    fn name(&self) -> String;

    /// Whether it writes to standard output: then the run cannot go on without it, and it is told on, though
    /// it has only the same error to give.
    fn is_output(&self) -> bool {
        false
    }

    /// Something happened.
    fn see(&mut self, moment: Moment, event: &Event<'_>) -> io::Result<()>;

    /// The run has ended.
    fn end(&mut self, ending: &Ending<'_>) -> io::Result<()>;
}

/// What is known of a run that has ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ending<'a> {
    pub(crate) report: &'a Report,
    pub(crate) measured: &'a Measured,
    pub(crate) remarks: &'a Remarks,
    /// Why it stopped early, if it did.
    pub(crate) cause: Option<Cause>,
    pub(crate) is_dry: bool,
}

impl Ending<'_> {
    /// Which side was slow, in a sentence; nothing where no item came to its end.
    pub(crate) fn verdict(&self) -> Option<String> {
        self.report.verdict(self.measured, self.remarks)
    }
}

/// One of those who looked on cannot go on.
#[derive(Debug)]
pub(crate) struct Blinded {
    pub(crate) name: String,
    pub(crate) error: io::Error,
    pub(crate) is_output: bool,
}

/// All who look on at a run.
#[derive(Debug)]
pub(crate) struct Observers {
    began: Instant,
    /// Nobody looks on: nothing is told.
    is_empty: bool,
    telling: Mutex<Telling>,
    was_put: Condvar,
}

#[derive(Debug)]
struct Telling {
    observers: Vec<Box<dyn Observer>>,
    depth: u64,
    /// Items that wait, as far as was told.
    waiting: HashSet<u64>,
}

impl Observers {
    pub(crate) fn new(began: Instant, observers: Vec<Box<dyn Observer>>) -> Self {
        let is_empty = observers.is_empty();
        let telling = Telling { observers, depth: 0, waiting: HashSet::new() };
        Self { began, is_empty, telling: Mutex::new(telling), was_put: Condvar::new() }
    }

    /// Whether nobody looks on, so that nothing need be prepared for telling.
    pub(crate) fn is_empty(&self) -> bool {
        self.is_empty
    }

    fn lock(&self) -> MutexGuard<'_, Telling> {
        self.telling.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same, if nobody tells for longer than a [moment](MOMENT).
    fn lock_soon(&self) -> Option<MutexGuard<'_, Telling>> {
        let deadline = Instant::now() + MOMENT;
        loop {
            match self.telling.try_lock() {
                Ok(telling) => return Some(telling),
                Err(TryLockError::Poisoned(telling)) => return Some(telling.into_inner()),
                Err(TryLockError::WouldBlock) if Instant::now() >= deadline => return None,
                Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(5)),
            }
        }
    }

    /// Tells all; those who cannot go on are given back, and told no more.
    pub(crate) fn tell(&self, event: &Event<'_>) -> Vec<Blinded> {
        if self.is_empty {
            return Vec::new();
        }
        let mut telling = self.lock();
        match event {
            Event::Put { item, .. } => {
                telling.waiting.insert(item.seq);
                telling.depth += 1;
                self.was_put.notify_all();
            }
            Event::Lease { item, delivery, .. } => {
                if *delivery == 1 {
                    telling = self.until_waiting(telling, item.seq);
                }
                telling.waiting.remove(&item.seq);
                telling.depth -= 1;
            }
            Event::Nack { item } => {
                telling.waiting.insert(item.seq);
                telling.depth += 1;
            }
            Event::Dropped { item, has_waited: true, .. } => {
                telling = self.until_waiting(telling, item.seq);
                telling.waiting.remove(&item.seq);
                telling.depth -= 1;
            }
            Event::Output { .. }
            | Event::Ack { .. }
            | Event::Failed { .. }
            | Event::Dead { .. }
            | Event::Refused { .. }
            | Event::Dropped { .. }
            | Event::Wait { .. }
            | Event::Consumers { .. } => {}
        }
        let moment = Moment { at: self.began.elapsed(), depth: telling.depth };
        telling.each(|observer| observer.see(moment, event))
    }

    /// Waits until the item was told as one that waits: another thread is about to tell it.
    fn until_waiting<'a>(
        &self,
        telling: MutexGuard<'a, Telling>,
        seq: u64,
    ) -> MutexGuard<'a, Telling> {
        let untold = |telling: &mut Telling| !telling.waiting.contains(&seq);
        self.was_put.wait_while(telling, untold).unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells all that the run has ended, and nothing after that. Where it ended without `waiting` for
    /// everybody, and one of those is still telling a [moment](MOMENT) later, they are told nothing more either.
    pub(crate) fn end(&self, ending: &Ending<'_>, waiting: bool) -> Vec<Blinded> {
        let telling = if waiting { Some(self.lock()) } else { self.lock_soon() };
        let Some(mut telling) = telling else { return Vec::new() };
        let blinded = telling.each(|observer| observer.end(ending));
        telling.observers.clear();
        blinded
    }
}

impl Telling {
    fn each(&mut self, mut tell: impl FnMut(&mut dyn Observer) -> io::Result<()>) -> Vec<Blinded> {
        let mut blinded = Vec::new();
        self.observers.retain_mut(|observer| match tell(observer.as_mut()) {
            Ok(()) => true,
            Err(error) => {
                let is_output = observer.is_output();
                blinded.push(Blinded { name: observer.name(), error, is_output });
                is_output
            }
        });
        blinded
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn who_tells_for_a_moment_keeps_nobody_from_the_end_and_who_does_not_end_nobody_for_long() {
        let observers = &Observers::new(Instant::now(), Vec::new());
        for takes in [Some(Duration::from_millis(100)), None] {
            let (end, ended) = mpsc::channel();
            thread::scope(|scope| {
                let (begin, begun) = mpsc::channel();
                scope.spawn(move || {
                    let telling = observers.lock();
                    begin.send(()).expect("it is waited for");
                    let _ = ended.recv_timeout(takes.unwrap_or(Duration::MAX));
                    drop(telling);
                });
                begun.recv().expect("it begins");
                assert_eq!(observers.lock_soon().is_some(), takes.is_some());
                end.send(()).ok();
            });
        }
    }
}
