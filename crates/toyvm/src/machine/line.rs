//! How threads wait for what others do, and how they are served: the same for locks, semaphores,
//! messages, room, conditions and the end of threads.

use std::collections::VecDeque;

use super::{Event, Machine, Service, Status, ThreadId, Time, World};
use crate::value::Value;

/// What a thread waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum On {
    /// That a lock is free.
    Lock(u32),
    /// That a semaphore's count is above 0.
    Semaphore(u32),
    /// That a queue holds a message.
    Message(u32),
    /// That a queue has room.
    Room(u32),
    /// That a condition is notified.
    Condition(u32),
    /// That a thread is over.
    Thread(ThreadId),
}

/// What a thread that has waited finds on its stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Answer {
    /// Nothing, or the message alone.
    Nothing,
    /// 1 if it was served, 0 if it gave up.
    WhetherServed,
    /// 1 if whoever held the lock is over.
    WhetherAbandoned,
    /// That.
    Says(i64),
}

/// A thread that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Wait {
    /// For what.
    pub on: On,
    /// The address of the instruction that waits.
    pub at: u32,
    /// Since when, in µs.
    pub since: u64,
    /// The alarm at which it gives up: when, and its number.
    pub until: Option<(u64, u64)>,
    /// The message for which there is no room yet.
    pub message: Option<Value>,
    pub(crate) answer: Answer,
}

impl Machine {
    /// Whether what somebody wants can be had now.
    pub(super) fn available(&self, on: On, answer: Answer) -> bool {
        let state = &self.state;
        match on {
            On::Lock(lock) => match state.locks[lock as usize].owner {
                None => true,
                Some(owner) => {
                    answer == Answer::WhetherAbandoned && self.thread(owner).status.is_over()
                }
            },
            On::Semaphore(semaphore) => state.semaphores[semaphore as usize].count > 0,
            On::Message(queue) => !state.queues[queue as usize].messages.is_empty(),
            On::Room(queue) => {
                let queue = &state.queues[queue as usize];
                queue.capacity.is_none_or(|most| (queue.messages.len() as i64) < most)
            }
            On::Condition(_) => false,
            On::Thread(thread) => self.thread(thread).status.is_over(),
        }
    }

    /// Gets it now, or waits for it: so many milliseconds at most, if it says how many.
    pub(super) fn get_or_wait<W: World + ?Sized>(
        &mut self,
        thread: ThreadId,
        on: On,
        answer: Answer,
        message: Option<Value>,
        milliseconds: Option<u64>,
        world: &mut W,
    ) {
        let at = self.thread(thread).pc - 1;
        if self.available(on, answer) {
            self.get(thread, at, on, answer, message, world);
        } else {
            let since = self.state.clock;
            let until = milliseconds.map(|ms| self.set_alarm(thread, ms));
            let wait = Wait { on, at, since, until, message, answer };
            self.line_up(thread, wait, world);
        }
    }

    pub(super) fn line_up<W: World + ?Sized>(
        &mut self,
        thread: ThreadId,
        wait: Wait,
        world: &mut W,
    ) {
        let (on, at) = (wait.on, wait.at);
        let may_give_up = self.may_give_up(&wait);
        self.thread_mut(thread).status = Status::Waiting(wait);
        self.state.ready.set(thread, may_give_up);
        match on {
            On::Thread(other) => self.thread_mut(other).joiners.push(thread),
            _ => self.line(on).push_back(thread),
        }
        if matches!(on, On::Lock(_) | On::Thread(_)) {
            self.state.began_to_wait.push(thread);
        }
        world.event(self, thread, at, Event::Waits);
    }

    /// Whether one who waits like that can be stepped whatever comes, to give up.
    fn may_give_up(&self, wait: &Wait) -> bool {
        self.time == Time::Any && wait.until.is_some()
    }

    /// Who waits for it. Threads have joiners instead, who are served all at once.
    pub(super) fn line(&mut self, on: On) -> &mut VecDeque<ThreadId> {
        let state = &mut self.state;
        match on {
            On::Lock(lock) => &mut state.locks[lock as usize].line,
            On::Semaphore(semaphore) => &mut state.semaphores[semaphore as usize].line,
            On::Message(queue) => &mut state.queues[queue as usize].receivers,
            On::Room(queue) => &mut state.queues[queue as usize].senders,
            On::Condition(condition) => &mut state.conditions[condition as usize].line,
            On::Thread(_) => unreachable!("joiners do not stand in a line"),
        }
    }

    /// Leaves the line before being served.
    pub(super) fn leave_line(&mut self, thread: ThreadId, on: On) {
        match on {
            On::Thread(other) => self.thread_mut(other).joiners.retain(|joiner| *joiner != thread),
            _ => self.line(on).retain(|waiter| *waiter != thread),
        }
    }

    /// Takes what can be had, and lets those go on whom that serves.
    fn get<W: World + ?Sized>(
        &mut self,
        thread: ThreadId,
        at: u32,
        on: On,
        answer: Answer,
        message: Option<Value>,
        world: &mut W,
    ) {
        let mut abandoned = false;
        let event = match on {
            On::Lock(lock) => {
                let former = self.state.locks[lock as usize].owner.replace(thread);
                if let Some(former) = former {
                    abandoned = true;
                    self.thread_mut(former).held -= 1;
                }
                self.thread_mut(thread).held += 1;
                Event::Acquired(lock)
            }
            On::Semaphore(semaphore) => {
                self.state.semaphores[semaphore as usize].count -= 1;
                Event::Lowered(semaphore)
            }
            On::Message(queue) => {
                let message = self.state.queues[queue as usize].messages.pop_front();
                self.thread_mut(thread).stack.extend(message);
                Event::Received(queue)
            }
            On::Room(queue) => {
                self.state.queues[queue as usize].messages.extend(message);
                Event::Sent(queue)
            }
            On::Condition(_) => unreachable!("a condition cannot be had"),
            On::Thread(other) => Event::Joined(other),
        };
        let answer = match answer {
            Answer::Nothing => None,
            Answer::WhetherServed => Some(1),
            Answer::WhetherAbandoned => Some(i64::from(abandoned)),
            Answer::Says(answer) => Some(answer),
        };
        self.thread_mut(thread).stack.extend(answer.map(Value::Int));
        world.event(self, thread, at, event);
        match on {
            On::Lock(_) | On::Semaphore(_) if self.service == Service::Weak => {
                self.settle(on, world);
            }
            On::Message(queue) | On::Room(queue) => {
                self.settle(On::Message(queue), world);
                self.settle(On::Room(queue), world);
            }
            _ => {}
        }
    }

    /// Serves a thread that waits and has left the line, with what can be had now.
    pub(super) fn serve<W: World + ?Sized>(&mut self, thread: ThreadId, world: &mut W) {
        let status = std::mem::replace(&mut self.thread_mut(thread).status, Status::Runnable);
        let Status::Waiting(wait) = status else { unreachable!("only who waits is served") };
        self.goes_on(thread, wait.until);
        self.get(thread, wait.at, wait.on, wait.answer, wait.message, world);
        world.event(self, thread, wait.at, Event::GoesOn);
    }

    /// A thread that waited or slept can go on; if it stands past its last instruction, it ends.
    pub(super) fn goes_on(&mut self, thread: ThreadId, alarm: Option<(u64, u64)>) {
        if let Some(alarm) = alarm {
            self.cancel_alarm(alarm);
        }
        let it = self.thread_mut(thread);
        it.status = Status::Runnable;
        let (pc, code) = (it.pc as usize, it.code);
        self.state.ready.set(thread, true);
        if pc == self.program.code(code).instructions.len() {
            self.ending.push(thread);
        }
    }

    /// After what somebody waits for may have become available, or no longer be.
    pub(super) fn settle<W: World + ?Sized>(&mut self, on: On, world: &mut W) {
        match self.service {
            Service::InOrder => {
                while let Some((place, thread)) = self.next_served(on) {
                    self.line(on).remove(place);
                    self.serve(thread, world);
                }
            }
            Service::Weak => {
                for place in 0..self.line(on).len() {
                    let thread = self.line(on)[place];
                    let wait = self.wait_of(thread);
                    let available = self.available(on, wait.answer) || self.may_give_up(wait);
                    if self.state.ready.contains(thread) != available {
                        self.state.ready.set(thread, available);
                        let at = self.thread(thread).at();
                        world.event(self, thread, at, Event::CanTake(available));
                    }
                }
            }
        }
    }

    /// The first in line who can be served.
    fn next_served(&mut self, on: On) -> Option<(usize, ThreadId)> {
        let first = *self.line(on).front()?;
        if self.available(on, self.wait_of(first).answer) {
            return Some((0, first));
        }
        // Only what is asked of a lock differs from one to the next: robustly or not.
        let On::Lock(lock) = on else { return None };
        let line = &self.state.locks[lock as usize].line;
        line.iter()
            .enumerate()
            .find(|(_, thread)| self.available(on, self.wait_of(**thread).answer))
            .map(|(place, thread)| (place, *thread))
    }

    fn wait_of(&self, thread: ThreadId) -> &Wait {
        match &self.thread(thread).status {
            Status::Waiting(wait) => wait,
            _ => unreachable!("who stands in a line waits"),
        }
    }

    /// A thread that waits, and is stepped, takes what it waits for: under weak service. If that is not
    /// to be had, it gives up: where anything may take any time.
    pub(super) fn take_turn<W: World + ?Sized>(&mut self, thread: ThreadId, world: &mut W) {
        let Wait { on, answer, until, .. } = *self.wait_of(thread);
        match until {
            Some(alarm) if !self.available(on, answer) => self.wake(thread, alarm, world),
            _ => {
                self.leave_line(thread, on);
                self.serve(thread, world);
            }
        }
    }
}
