//! Waiting, and being served.

use toyvm::machine::Service;

use super::{Model, Status, V};

/// What a thread waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum On {
    Lock(usize),
    Semaphore(usize),
    Message(usize),
    Room(usize),
    Condition(usize),
    Thread(usize),
}

/// What it finds on its stack then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Nothing,
    /// 1 if it got it, 0 if it gave up.
    Whether,
    /// 1 if whoever held the lock is over.
    Robust,
    /// That.
    Says(i64),
}

/// A wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Waiting {
    pub(crate) on: On,
    /// Who drew the lower one came first.
    pub(crate) ticket: u64,
    /// Until when, and how many had set an alarm before.
    pub(crate) until: Option<(u64, u64)>,
    pub(crate) answer: Answer,
    pub(crate) message: Option<V>,
    /// The address of the instruction.
    pub(crate) at: usize,
}

impl Model {
    pub(super) fn ticket(&mut self) -> u64 {
        self.tickets += 1;
        self.tickets
    }

    /// The alarm of so many milliseconds from now.
    pub(super) fn alarm(&mut self, ms: i64) -> (u64, u64) {
        (self.clock.saturating_add((ms as u64).saturating_mul(1_000)), self.ticket())
    }

    pub(super) fn waiting(&self, thread: usize) -> Option<&Waiting> {
        match &self.threads[thread].status {
            Status::Waiting(waiting) => Some(waiting),
            _ => None,
        }
    }

    /// Who waits for that, first come first.
    pub(crate) fn line(&self, on: On) -> Vec<usize> {
        let mut line: Vec<usize> = (0..self.threads.len())
            .filter(|thread| self.waiting(*thread).is_some_and(|waiting| waiting.on == on))
            .collect();
        line.sort_by_key(|thread| self.waiting(*thread).map(|waiting| waiting.ticket));
        line
    }

    /// Whether what a thread waits for is there.
    pub(super) fn can_have(&self, thread: usize) -> bool {
        let Some(waiting) = self.waiting(thread) else { return false };
        match waiting.on {
            On::Lock(lock) => match self.locks[lock] {
                None => true,
                Some(owner) => waiting.answer == Answer::Robust && self.threads[owner].is_over(),
            },
            On::Semaphore(semaphore) => self.semaphores[semaphore].0 > 0,
            On::Message(queue) => !self.queues[queue].messages.is_empty(),
            On::Room(queue) => {
                let queue = &self.queues[queue];
                queue.capacity.is_none_or(|most| (queue.messages.len() as i64) < most)
            }
            On::Condition(_) => false,
            On::Thread(other) => self.threads[other].is_over(),
        }
    }

    /// Begins to wait, and gets it at once if it is to be had.
    pub(super) fn wait(&mut self, me: usize, waiting: Waiting) {
        self.threads[me].status = Status::Waiting(waiting);
        match self.service {
            Service::InOrder => self.settle(),
            Service::Weak if self.can_have(me) => self.serve(me),
            Service::Weak => {}
        }
    }

    /// Gives a thread what it waits for.
    pub(super) fn serve(&mut self, thread: usize) {
        let Some(Waiting { on, answer, message, .. }) = self.waiting(thread).cloned() else {
            panic!("thread {thread} waits for nothing");
        };
        let mut abandoned = false;
        match on {
            On::Lock(lock) => abandoned = self.locks[lock].replace(thread).is_some(),
            On::Semaphore(semaphore) => self.semaphores[semaphore].0 -= 1,
            On::Message(queue) => {
                let message = self.queues[queue].messages.remove(0);
                self.threads[thread].stack.push(message);
            }
            On::Room(queue) => self.queues[queue].messages.extend(message),
            On::Condition(_) | On::Thread(_) => {}
        }
        let it = &mut self.threads[thread];
        it.status = Status::Runnable;
        match answer {
            Answer::Nothing => {}
            Answer::Whether => it.stack.push(V::Int(1)),
            Answer::Robust => it.stack.push(V::Int(i64::from(abandoned))),
            Answer::Says(number) => it.stack.push(V::Int(number)),
        }
    }

    /// A thread goes on without what it waited for.
    pub(super) fn give_up(&mut self, thread: usize) {
        let Some(Waiting { on, .. }) = self.waiting(thread).cloned() else { return };
        let it = &mut self.threads[thread];
        it.status = Status::Runnable;
        if matches!(on, On::Message(_)) {
            it.stack.push(V::Int(0));
        }
        it.stack.push(V::Int(0));
    }

    /// Its alarm goes off.
    pub(super) fn wake(&mut self, thread: usize) {
        match self.threads[thread].status {
            Status::Sleeping(..) => self.threads[thread].status = Status::Runnable,
            Status::Waiting(Waiting { on: On::Condition(_), .. }) => {
                self.go_for_the_lock(thread, Answer::Says(0));
            }
            _ => self.give_up(thread),
        }
    }

    /// Who waited for a condition now waits for its lock, last in line.
    pub(super) fn go_for_the_lock(&mut self, thread: usize, answer: Answer) {
        let ticket = self.ticket();
        let locks = &self.conditions;
        if let Status::Waiting(waiting) = &mut self.threads[thread].status
            && let On::Condition(condition) = waiting.on
        {
            waiting.on = On::Lock(locks[condition]);
            waiting.until = None;
            waiting.answer = answer;
            waiting.ticket = ticket;
        }
    }

    /// Who stands past the last instruction ends; who joins one that is over goes on; and in order,
    /// what is there is given to the first who waits for it. Until nothing changes any more.
    pub(super) fn settle(&mut self) {
        loop {
            let past_the_end = |it: &super::Thread| {
                let length = self.program.code(it.code).instructions.len();
                it.status == Status::Runnable && it.pc == length
            };
            if let Some(over) = self.threads.iter().position(past_the_end) {
                self.threads[over].status = Status::Ended;
                continue;
            }
            let next = (0..self.threads.len())
                .filter_map(|thread| Some((self.waiting(thread)?, thread)))
                .filter(|(waiting, _)| {
                    self.service == Service::InOrder || matches!(waiting.on, On::Thread(_))
                })
                .filter(|(_, thread)| self.can_have(*thread))
                .min_by_key(|(waiting, _)| waiting.ticket);
            match next {
                Some((_, thread)) => self.serve(thread),
                None => return,
            }
        }
    }
}
