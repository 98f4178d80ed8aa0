//! Who watches a run.

use crate::deadlock::Cycle;
use crate::machine::{Event, Machine, Stepped, ThreadId};

/// Is told what happens in a run. Each machine is shown as it is after what is told, except to
/// [`before`](Self::before).
pub trait Observer {
    /// A thread is about to step.
    #[inline]
    fn before(&mut self, machine: &Machine, thread: ThreadId) {
        let _ = (machine, thread);
    }

    /// What a thread did at the address `at` of its list, or what was done for it.
    #[inline]
    fn event(&mut self, machine: &Machine, thread: ThreadId, at: u32, event: Event) {
        let _ = (machine, thread, at, event);
    }

    /// A thread printed a line, told without its end.
    #[inline]
    fn print(&mut self, machine: &Machine, thread: ThreadId, line: &str) {
        let _ = (machine, thread, line);
    }

    /// Whether it wants to be told what threads print.
    #[inline]
    fn prints(&self) -> bool {
        false
    }

    /// A thread has stepped.
    #[inline]
    fn after(&mut self, machine: &Machine, thread: ThreadId, stepped: Stepped) {
        let _ = (machine, thread, stepped);
    }

    /// Threads wait for each other in a cycle, since this step.
    fn cycle(&mut self, machine: &Machine, cycle: &Cycle) {
        let _ = (machine, cycle);
    }
}

/// Nobody watches.
impl Observer for () {}

impl<A: Observer + ?Sized> Observer for &mut A {
    #[inline]
    fn before(&mut self, machine: &Machine, thread: ThreadId) {
        (**self).before(machine, thread);
    }

    #[inline]
    fn event(&mut self, machine: &Machine, thread: ThreadId, at: u32, event: Event) {
        (**self).event(machine, thread, at, event);
    }

    #[inline]
    fn print(&mut self, machine: &Machine, thread: ThreadId, line: &str) {
        (**self).print(machine, thread, line);
    }

    #[inline]
    fn prints(&self) -> bool {
        (**self).prints()
    }

    #[inline]
    fn after(&mut self, machine: &Machine, thread: ThreadId, stepped: Stepped) {
        (**self).after(machine, thread, stepped);
    }

    fn cycle(&mut self, machine: &Machine, cycle: &Cycle) {
        (**self).cycle(machine, cycle);
    }
}

/// Watches if it is there.
impl<A: Observer> Observer for Option<A> {
    #[inline]
    fn before(&mut self, machine: &Machine, thread: ThreadId) {
        if let Some(observer) = self {
            observer.before(machine, thread);
        }
    }

    #[inline]
    fn event(&mut self, machine: &Machine, thread: ThreadId, at: u32, event: Event) {
        if let Some(observer) = self {
            observer.event(machine, thread, at, event);
        }
    }

    #[inline]
    fn print(&mut self, machine: &Machine, thread: ThreadId, line: &str) {
        if let Some(observer) = self {
            observer.print(machine, thread, line);
        }
    }

    #[inline]
    fn prints(&self) -> bool {
        self.as_ref().is_some_and(Observer::prints)
    }

    #[inline]
    fn after(&mut self, machine: &Machine, thread: ThreadId, stepped: Stepped) {
        if let Some(observer) = self {
            observer.after(machine, thread, stepped);
        }
    }

    fn cycle(&mut self, machine: &Machine, cycle: &Cycle) {
        if let Some(observer) = self {
            observer.cycle(machine, cycle);
        }
    }
}

/// Both watch, the first one first.
impl<A: Observer, B: Observer> Observer for (A, B) {
    #[inline]
    fn before(&mut self, machine: &Machine, thread: ThreadId) {
        self.0.before(machine, thread);
        self.1.before(machine, thread);
    }

    #[inline]
    fn event(&mut self, machine: &Machine, thread: ThreadId, at: u32, event: Event) {
        self.0.event(machine, thread, at, event);
        self.1.event(machine, thread, at, event);
    }

    #[inline]
    fn print(&mut self, machine: &Machine, thread: ThreadId, line: &str) {
        self.0.print(machine, thread, line);
        self.1.print(machine, thread, line);
    }

    #[inline]
    fn prints(&self) -> bool {
        self.0.prints() || self.1.prints()
    }

    #[inline]
    fn after(&mut self, machine: &Machine, thread: ThreadId, stepped: Stepped) {
        self.0.after(machine, thread, stepped);
        self.1.after(machine, thread, stepped);
    }

    fn cycle(&mut self, machine: &Machine, cycle: &Cycle) {
        self.0.cycle(machine, cycle);
        self.1.cycle(machine, cycle);
    }
}
