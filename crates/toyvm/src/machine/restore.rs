//! Putting a machine into a state that was kept in another form.
//!
//! Whoever does so says all of it: what things and threads there are, then what each is at.

use super::{Label, Machine, On, Ready, Service, State, Thread, ThreadId, Time, Wait};
use crate::program::CodeId;
use crate::value::{Kind, Text};

impl Machine {
    pub(crate) fn state_mut(&mut self) -> &mut State {
        &mut self.state
    }

    pub(crate) fn intern(&mut self, text: &str) -> Text {
        self.texts.intern(text)
    }

    /// So many of each kind were made, besides those of the file. What they are at is yet to be said.
    pub(crate) fn have_made(&mut self, made: &[usize; Kind::COUNT]) {
        let program = std::sync::Arc::clone(&self.program);
        let count = |kind: Kind| {
            let declared = program.declared().iter().filter(|it| it.kind == kind).count();
            declared + made[kind as usize]
        };
        let state = &mut self.state;
        macro_rules! have {
            ($kind:ident, $all:ident, $add:expr) => {
                let count = count(Kind::$kind);
                while state.$all.len() > count {
                    if let Some(Label::Numbered(_)) = state.$all.pop().map(|it| it.label) {
                        state.numbered[Kind::$kind as usize] -= 1;
                    }
                }
                while state.$all.len() < count {
                    let label = state.label(Kind::$kind, None);
                    $add(&mut *state, label);
                }
            };
        }
        have!(Lock, locks, State::add_lock);
        have!(Semaphore, semaphores, |state: &mut State, label| state
            .add_semaphore(label, 0, None));
        have!(Queue, queues, |state: &mut State, label| state.add_queue(label, None));
        have!(Counter, counters, |state: &mut State, label| state.add_counter(label, 0));
        have!(Condition, conditions, |state: &mut State, label| state.add_condition(label, 0));
        have!(Array, arrays, |state: &mut State, label| state.add_array(label, 0));
        state.places = 0;
    }

    /// There are so many threads, of whom nobody can go on. What they are at is yet to be said.
    pub(crate) fn have_threads(&mut self, count: usize) {
        let state = &mut self.state;
        while state.threads.len() > count {
            if let Some(Label::Numbered(_)) = state.threads.pop().map(|it| it.label) {
                state.numbered[Kind::Thread as usize] -= 1;
            }
        }
        while state.threads.len() < count {
            let label = state.label(Kind::Thread, None);
            state.threads.push(Thread::new(label, CodeId(0), 0, false));
        }
        state.ready.clear();
        state.remaining = 0;
        state.began_to_wait.clear();
        self.ending.clear();
        for thread in &mut self.state.threads {
            thread.joiners.clear();
        }
    }

    /// A thread stands at that place of the line for what it waits for.
    pub(crate) fn stands(&mut self, thread: ThreadId, wait: Wait, place: usize) {
        if let On::Thread(other) = wait.on {
            let joiners = &mut self.state.threads[other.index()].joiners;
            if !joiners.contains(&thread) {
                joiners.push(thread);
            }
        } else {
            let line = self.line(wait.on);
            if line.len() <= place {
                line.resize(place + 1, ThreadId(u32::MAX));
            }
            line[place] = thread;
        }
        if self.time == Time::Any && wait.until.is_some() {
            self.state.ready.set(thread, true);
        }
    }

    /// If a thread waits for the end of another, it no longer does.
    pub(crate) fn joins_nobody(&mut self, thread: ThreadId) {
        if let super::Status::Waiting(Wait { on: On::Thread(other), .. }) =
            self.thread(thread).status
        {
            self.leave_line(thread, On::Thread(other));
        }
    }

    /// Those threads can go on, and so many have yet to end.
    pub(crate) fn can_go_on(&mut self, ready: &Ready, remaining: u32) {
        self.state.ready.copy_from(ready);
        self.state.remaining = remaining;
        self.state.places = 0;
    }

    /// All threads stand where they stand: who of them can take what it waits for can go on.
    pub(crate) fn all_stand(&mut self) {
        if self.service != Service::Weak {
            return;
        }
        for thread in 0..self.state.threads.len() as u32 {
            let thread = ThreadId(thread);
            if let super::Status::Waiting(wait) = self.thread(thread).status {
                let can = self.available(wait.on, wait.answer);
                if can {
                    self.state.ready.set(thread, true);
                }
            }
        }
    }
}
