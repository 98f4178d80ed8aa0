//! Virtual time: an instruction costs a microsecond, and when nobody can go on the clock jumps to the
//! next alarm.

use super::line::Answer;
use super::{Event, Machine, On, Status, ThreadId, Time, World};
use crate::value::Value;

impl Machine {
    /// Lets time pass until somebody can go on; false if nobody ever will.
    #[inline]
    pub fn pass_time<W: World + ?Sized>(&mut self, world: &mut W) -> bool {
        self.state.began_to_wait.clear();
        if self.state.clock < self.state.next_due && !self.state.ready.is_empty() {
            return true;
        }
        self.ring(world)
    }

    fn ring<W: World + ?Sized>(&mut self, world: &mut W) -> bool {
        loop {
            while self.state.next_due <= self.state.clock {
                let Some((alarm, thread)) = self.state.alarms.pop_first() else { break };
                self.note_next_due();
                self.wake(thread, alarm, world);
            }
            self.end_those_past_their_end(world);
            if !self.state.ready.is_empty() {
                return true;
            }
            if self.state.alarms.is_empty() {
                return false;
            }
            self.state.clock = self.state.next_due;
        }
    }

    /// When the next who sleeps, or waits so long at most, goes on; none if nobody does.
    pub fn next_alarm(&self) -> Option<u64> {
        self.state.alarms.first_key_value().map(|((when, _), _)| *when)
    }

    fn note_next_due(&mut self) {
        self.state.next_due = self.next_alarm().unwrap_or(u64::MAX);
    }

    pub(super) fn set_alarm(&mut self, thread: ThreadId, milliseconds: u64) -> (u64, u64) {
        if self.time == Time::Any {
            return (u64::MAX, 0);
        }
        let when = self.state.clock.saturating_add(milliseconds.saturating_mul(1_000));
        let alarm = (when, self.state.next_alarm);
        self.state.next_alarm += 1;
        self.state.alarms.insert(alarm, thread);
        self.state.next_due = self.state.next_due.min(when);
        alarm
    }

    pub(super) fn cancel_alarm(&mut self, alarm: (u64, u64)) {
        self.state.alarms.remove(&alarm);
        self.note_next_due();
    }

    pub(super) fn sleep<W: World + ?Sized>(
        &mut self,
        thread: ThreadId,
        milliseconds: u64,
        world: &mut W,
    ) {
        let until = self.set_alarm(thread, milliseconds);
        let since = self.state.clock;
        let at = self.thread(thread).pc - 1;
        self.thread_mut(thread).status = Status::Sleeping { since, until };
        self.state.ready.set(thread, false);
        world.event(self, thread, at, Event::Sleeps);
    }

    /// The alarm of a thread goes off, or might.
    pub(super) fn wake<W: World + ?Sized>(
        &mut self,
        thread: ThreadId,
        alarm: (u64, u64),
        world: &mut W,
    ) {
        let at = self.thread(thread).at();
        let status = std::mem::replace(&mut self.thread_mut(thread).status, Status::Runnable);
        match status {
            Status::Sleeping { .. } => {
                self.goes_on(thread, None);
                world.event(self, thread, at, Event::GoesOn);
            }
            Status::Waiting(mut wait) => {
                debug_assert_eq!(wait.until, Some(alarm), "an alarm is cancelled with its wait");
                wait.until = None;
                self.leave_line(thread, wait.on);
                if let On::Condition(condition) = wait.on {
                    world.event(self, thread, at, Event::GaveUp);
                    wait.answer = Answer::Says(0);
                    self.go_for_lock(thread, wait, condition, world);
                } else {
                    if let On::Message(_) = wait.on {
                        self.thread_mut(thread).stack.push(Value::Int(0));
                    }
                    self.thread_mut(thread).stack.push(Value::Int(0));
                    self.goes_on(thread, None);
                    world.event(self, thread, at, Event::GaveUp);
                    world.event(self, thread, at, Event::GoesOn);
                }
            }
            Status::Runnable | Status::Ended | Status::Failed(_) | Status::Killed => {
                unreachable!("only who sleeps or waits has an alarm")
            }
        }
    }
}
