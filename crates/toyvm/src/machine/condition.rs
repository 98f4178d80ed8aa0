//! Conditions (Hoare, 1974), as in Mesa (Lampson & Redell, 1980): who is notified goes for the lock
//! like anyone else.

use super::line::Answer;
use super::{Choice, Event, Fault, Machine, On, Service, Status, ThreadId, Wait, World};
use crate::value::{Handle, Kind};

impl Machine {
    pub(super) fn create_condition<W: World + ?Sized>(
        &mut self,
        thread: ThreadId,
        lock: u32,
        world: &mut W,
    ) -> Result<Handle, Fault> {
        let index = self.state.conditions.len();
        let label = self.label_for(Kind::Condition)?;
        self.state.add_condition(label, lock);
        Ok(self.created(thread, Kind::Condition, index, world))
    }

    /// Only who holds the lock of a condition may wait for it to be notified.
    pub(super) fn check_holds_lock_of(
        &self,
        thread: ThreadId,
        condition: u32,
    ) -> Result<(), Fault> {
        let lock = self.state.conditions[condition as usize].lock;
        match self.state.locks[lock as usize].owner {
            Some(owner) if owner == thread => Ok(()),
            holder => Err(Fault::NotHeld { lock, holder }),
        }
    }

    /// Gives the lock back, which is held, and waits to be notified.
    pub(super) fn wait_on<W: World + ?Sized>(
        &mut self,
        thread: ThreadId,
        condition: u32,
        milliseconds: Option<u64>,
        world: &mut W,
    ) {
        let answer = match milliseconds {
            Some(_) => Answer::WhetherServed,
            None => Answer::Nothing,
        };
        let on = On::Condition(condition);
        self.get_or_wait(thread, on, answer, None, milliseconds, world);
        let lock = self.state.conditions[condition as usize].lock;
        self.release(thread, lock, world).expect("it was seen to be held");
    }

    /// Notifies the first who waits, or all.
    pub(super) fn notify<W: World + ?Sized>(
        &mut self,
        thread: ThreadId,
        condition: u32,
        all: bool,
        world: &mut W,
    ) {
        let at = self.thread(thread).pc - 1;
        loop {
            let waiting = self.line(On::Condition(condition)).len();
            let place = match self.service {
                Service::Weak if waiting > 1 && !all => {
                    let chosen = world.choose(self, thread, Choice::Waiter, waiting as u64);
                    world.event(self, thread, at, Event::Chose(chosen));
                    chosen as usize
                }
                _ => 0,
            };
            let woken = self.line(On::Condition(condition)).remove(place);
            world.event(self, thread, at, Event::Notified { condition, woken });
            let Some(woken) = woken else { break };
            let status = std::mem::replace(&mut self.thread_mut(woken).status, Status::Runnable);
            let Status::Waiting(mut wait) = status else { unreachable!("it stood in line") };
            if let Some(alarm) = wait.until.take() {
                self.cancel_alarm(alarm);
                wait.answer = Answer::Says(1);
            }
            self.go_for_lock(woken, wait, condition, world);
            if !all || waiting == 1 {
                break;
            }
        }
    }

    /// From the line of a condition to that of its lock.
    pub(super) fn go_for_lock<W: World + ?Sized>(
        &mut self,
        thread: ThreadId,
        wait: Wait,
        condition: u32,
        world: &mut W,
    ) {
        let lock = On::Lock(self.state.conditions[condition as usize].lock);
        self.line_up(thread, Wait { on: lock, ..wait }, world);
        self.settle(lock, world);
    }
}
