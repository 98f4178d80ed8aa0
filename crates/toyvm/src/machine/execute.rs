//! What each instruction does.

use super::arithmetic::truth;
use super::line::Answer;
use super::operands::integer;
use super::{Choice, Event, Fault, Machine, On, Status, Stepped, ThreadId, Time, World};
use crate::instruction::Instruction;
use crate::program::argument::{Address, Bodies, Instead};
use crate::program::claim::{Arithmetic, Comparison};
use crate::value::{Kind, Value};

impl Machine {
    /// What an instruction does. The address is the next one's already.
    #[allow(
        clippy::inline_always,
        reason = "it has one caller, the loop in which all time is spent"
    )]
    #[inline(always)]
    pub(super) fn execute<W: World + ?Sized>(
        &mut self,
        thread: ThreadId,
        instruction: Instruction,
        world: &mut W,
    ) -> Result<Stepped, Fault> {
        use Instruction as I;
        match instruction {
            I::Push(literal) => self.push(thread, literal.0)?,
            I::Pop => {
                self.peek(thread, 0)?;
                self.drop_top(thread, 1);
            }
            I::Dup => {
                let top = self.peek(thread, 0)?;
                self.push(thread, top)?;
            }

            I::Add => self.add(thread)?,
            I::Sub => self.arithmetic(thread, Arithmetic::Sub)?,
            I::Mul => self.arithmetic(thread, Arithmetic::Mul)?,
            I::Mod => self.arithmetic(thread, Arithmetic::Mod)?,
            I::Div => self.arithmetic(thread, Arithmetic::Div)?,

            I::Eq => {
                let (a, b) = (self.peek(thread, 1)?, self.peek(thread, 0)?);
                self.replace(thread, 2, truth(a == b));
            }
            I::Ne => {
                let (a, b) = (self.peek(thread, 1)?, self.peek(thread, 0)?);
                self.replace(thread, 2, truth(a != b));
            }
            I::Lt => self.compare(thread, Comparison::Lt)?,
            I::Le => self.compare(thread, Comparison::Le)?,
            I::Gt => self.compare(thread, Comparison::Gt)?,
            I::Ge => self.compare(thread, Comparison::Ge)?,
            I::And => {
                let (a, b) = self.peek_two(thread)?;
                self.replace(thread, 2, truth(a != 0 && b != 0));
            }
            I::Or => {
                let (a, b) = self.peek_two(thread)?;
                self.replace(thread, 2, truth(a != 0 || b != 0));
            }
            I::Not => {
                let a = self.peek_int(thread, 0)?;
                self.replace(thread, 1, truth(a == 0));
            }

            I::Load(name) => self.load(thread, name, world)?,
            I::Store(name) => self.store(thread, name)?,
            I::GlobalStore(name) => {
                let value = self.peek(thread, 0)?;
                self.drop_top(thread, 1);
                self.state.globals[name.id.index()] = Some(value);
                world.event(self, thread, self.thread(thread).pc - 1, Event::Stored(name.id));
            }

            I::Jump(to) => self.jump(thread, to, 0)?,
            I::JumpIf(to) => {
                let jumps = self.peek_int(thread, 0)? >= 0;
                self.jump_if(thread, to, jumps)?;
            }
            I::JumpIfTrue(to) => {
                let jumps = self.peek_int(thread, 0)? != 0;
                self.jump_if(thread, to, jumps)?;
            }
            I::JumpIfFalse(to) => {
                let jumps = self.peek_int(thread, 0)? == 0;
                self.jump_if(thread, to, jumps)?;
            }
            I::Nop | I::Label(_) => {}

            I::Print(saying) => self.print(thread, saying, world)?,
            I::PrintEach(phrase) => self.print_each(thread, phrase, world)?,

            I::ThreadCreate(bodies) => self.create_thread(thread, bodies, false, world)?,
            I::DaemonCreate(bodies) => self.create_thread(thread, bodies, true, world)?,
            I::ThreadJoin => {
                let other = ThreadId(self.peek_thing(thread, 0, Kind::Thread)?);
                self.drop_top(thread, 1);
                return Ok(self.join(thread, other, Answer::Nothing, None, world));
            }
            I::ThreadJoinFor(ms) => {
                let (ms, taken) = self.milliseconds(thread, ms)?;
                let other = ThreadId(self.peek_thing(thread, taken, Kind::Thread)?);
                self.drop_top(thread, taken + 1);
                return Ok(self.join(thread, other, Answer::WhetherServed, Some(ms), world));
            }
            I::Alive => {
                let other = ThreadId(self.peek_thing(thread, 0, Kind::Thread)?);
                let over = self.thread(other).status.is_over();
                self.replace(thread, 1, truth(!over));
                if over {
                    world.event(self, thread, self.thread(thread).pc - 1, Event::Joined(other));
                }
            }

            I::LockCreate => {
                self.check_space(thread, 0, 1)?;
                let handle = self.create_lock(thread, world)?;
                self.push(thread, Value::Handle(handle))?;
            }
            I::LockAcquire => {
                let lock = self.peek_thing(thread, 0, Kind::Lock)?;
                self.drop_top(thread, 1);
                return Ok(self.get_thing(thread, On::Lock(lock), Answer::Nothing, None, world));
            }
            I::LockAcquireRobust => {
                let lock = On::Lock(self.peek_thing(thread, 0, Kind::Lock)?);
                self.drop_top(thread, 1);
                return Ok(self.get_thing(thread, lock, Answer::WhetherAbandoned, None, world));
            }
            I::TryLockAcquire => {
                let lock = On::Lock(self.peek_thing(thread, 0, Kind::Lock)?);
                self.drop_top(thread, 1);
                self.try_to_get(thread, lock, None, world);
            }
            I::LockAcquireFor(ms) => {
                let (ms, taken) = self.milliseconds(thread, ms)?;
                let lock = On::Lock(self.peek_thing(thread, taken, Kind::Lock)?);
                self.drop_top(thread, taken + 1);
                return Ok(self.get_thing(thread, lock, Answer::WhetherServed, Some(ms), world));
            }
            I::LockRelease => {
                let lock = self.peek_thing(thread, 0, Kind::Lock)?;
                self.release(thread, lock, world)?;
                self.drop_top(thread, 1);
            }

            I::SemaphoreCreate => {
                let count = self.peek_int(thread, 0)?;
                let handle = self.create_semaphore(thread, count, None, world)?;
                self.replace(thread, 1, Value::Handle(handle));
            }
            I::BoundedSemaphoreCreate(bound) => {
                let (bound, taken) = self.number(thread, bound)?;
                let count = self.peek_int(thread, taken)?;
                let handle = self.create_semaphore(thread, count, Some(bound), world)?;
                self.replace(thread, taken + 1, Value::Handle(handle));
            }
            I::SemaphoreAcquire => {
                let semaphore = On::Semaphore(self.peek_thing(thread, 0, Kind::Semaphore)?);
                self.drop_top(thread, 1);
                return Ok(self.get_thing(thread, semaphore, Answer::Nothing, None, world));
            }
            I::TrySemaphoreAcquire => {
                let semaphore = On::Semaphore(self.peek_thing(thread, 0, Kind::Semaphore)?);
                self.drop_top(thread, 1);
                self.try_to_get(thread, semaphore, None, world);
            }
            I::SemaphoreAcquireFor(ms) => {
                let (ms, taken) = self.milliseconds(thread, ms)?;
                let semaphore = On::Semaphore(self.peek_thing(thread, taken, Kind::Semaphore)?);
                self.drop_top(thread, taken + 1);
                return Ok(self.get_thing(
                    thread,
                    semaphore,
                    Answer::WhetherServed,
                    Some(ms),
                    world,
                ));
            }
            I::SemaphoreRelease => {
                let semaphore = self.peek_thing(thread, 0, Kind::Semaphore)?;
                self.raise(thread, semaphore, world)?;
                self.drop_top(thread, 1);
            }

            I::AtomicCreate(initial) => {
                let (initial, taken) = self.number(thread, initial)?;
                self.check_space(thread, taken, 1)?;
                let handle = self.create_counter(thread, initial, world)?;
                self.drop_top(thread, taken);
                self.push(thread, Value::Handle(handle))?;
            }
            I::AtomicIncrement => self.count_and_push(thread, 1, world)?,
            I::AtomicDecrement => self.count_and_push(thread, -1, world)?,
            I::AtomicGet => self.count_and_push(thread, 0, world)?,
            I::AtomicCompareAndSwap => {
                let (old, new) = (self.peek_int(thread, 1)?, self.peek_int(thread, 0)?);
                let counter = self.peek_thing(thread, 2, Kind::Counter)?;
                let swapped = self.compare_and_swap(thread, counter, old, new, world);
                self.replace(thread, 3, truth(swapped));
            }

            I::QueueCreate => {
                self.check_space(thread, 0, 1)?;
                let handle = self.create_queue(thread, None, world)?;
                self.push(thread, Value::Handle(handle))?;
            }
            I::BoundedQueueCreate(capacity) => {
                let (capacity, taken) = self.number(thread, capacity)?;
                self.check_space(thread, taken, 1)?;
                let handle = self.create_queue(thread, Some(capacity), world)?;
                self.drop_top(thread, taken);
                self.push(thread, Value::Handle(handle))?;
            }
            I::QueueSend => {
                let (room, message) = self.message(thread, 0)?;
                self.drop_top(thread, 2);
                return Ok(self.get_room(thread, room, message, Answer::Nothing, None, world));
            }
            I::TryQueueSend => {
                let (room, message) = self.message(thread, 0)?;
                self.drop_top(thread, 2);
                self.try_to_get(thread, room, Some(message), world);
            }
            I::QueueSendFor(ms) => {
                let (ms, taken) = self.milliseconds(thread, ms)?;
                let (room, message) = self.message(thread, taken)?;
                self.drop_top(thread, taken + 2);
                return Ok(self.get_room(
                    thread,
                    room,
                    message,
                    Answer::WhetherServed,
                    Some(ms),
                    world,
                ));
            }
            I::QueueReceive => {
                let message = On::Message(self.peek_thing(thread, 0, Kind::Queue)?);
                self.drop_top(thread, 1);
                return Ok(self.get_thing(thread, message, Answer::Nothing, None, world));
            }
            I::TryQueueReceive => {
                let message = On::Message(self.peek_thing(thread, 0, Kind::Queue)?);
                self.check_space(thread, 1, 2)?;
                self.drop_top(thread, 1);
                if !self.available(message, Answer::WhetherServed) {
                    self.push(thread, Value::Int(0))?;
                }
                self.try_to_get(thread, message, None, world);
            }
            I::QueueReceiveFor(ms) => {
                let (ms, taken) = self.milliseconds(thread, ms)?;
                let message = On::Message(self.peek_thing(thread, taken, Kind::Queue)?);
                self.check_space(thread, taken + 1, 2)?;
                self.drop_top(thread, taken + 1);
                return Ok(self.get_thing(thread, message, Answer::WhetherServed, Some(ms), world));
            }

            I::ConditionCreate => {
                let lock = self.peek_thing(thread, 0, Kind::Lock)?;
                let handle = self.create_condition(thread, lock, world)?;
                self.replace(thread, 1, Value::Handle(handle));
            }
            I::Wait => {
                let condition = self.peek_thing(thread, 0, Kind::Condition)?;
                self.check_holds_lock_of(thread, condition)?;
                self.drop_top(thread, 1);
                self.wait_on(thread, condition, None, world);
                return Ok(self.stopped(thread));
            }
            I::WaitFor(ms) => {
                let (ms, taken) = self.milliseconds(thread, ms)?;
                let condition = self.peek_thing(thread, taken, Kind::Condition)?;
                self.check_holds_lock_of(thread, condition)?;
                self.drop_top(thread, taken + 1);
                self.wait_on(thread, condition, Some(ms), world);
                return Ok(self.stopped(thread));
            }
            I::Notify => {
                let condition = self.peek_thing(thread, 0, Kind::Condition)?;
                self.drop_top(thread, 1);
                self.notify(thread, condition, false, world);
            }
            I::NotifyAll => {
                let condition = self.peek_thing(thread, 0, Kind::Condition)?;
                self.drop_top(thread, 1);
                self.notify(thread, condition, true, world);
            }

            I::ArrayCreate(length) => {
                let (length, taken) = self.number(thread, length)?;
                self.check_space(thread, taken, 1)?;
                let handle = self.create_array(thread, length, world)?;
                self.drop_top(thread, taken);
                self.push(thread, Value::Handle(handle))?;
            }
            I::ArrayGet => {
                let index = self.peek_int(thread, 0)?;
                let array = self.peek_thing(thread, 1, Kind::Array)?;
                let value = *self.place(array, index)?;
                self.replace(thread, 2, value);
            }
            I::ArraySet => {
                let (index, value) = (self.peek_int(thread, 1)?, self.peek(thread, 0)?);
                let array = self.peek_thing(thread, 2, Kind::Array)?;
                *self.place(array, index)? = value;
                self.drop_top(thread, 3);
            }
            I::ArrayLength => {
                let array = self.peek_thing(thread, 0, Kind::Array)?;
                let length = self.state.arrays[array as usize].values.len();
                self.replace(thread, 1, Value::Int(length as i64));
            }

            I::Choose(below) => self.choose(thread, Choice::Schedule, below, world)?,
            I::Random(below) => self.choose(thread, Choice::Chance, below, world)?,

            I::Assert(_) => {
                if self.peek_int(thread, 0)? == 0 {
                    self.thread_mut(thread).pc -= 1;
                    return Ok(Stepped::Asserted);
                }
                self.drop_top(thread, 1);
            }
            I::Invariant(claim) => self.claim(claim.0)?,

            I::Sleep(ms) => {
                let (ms, taken) = self.milliseconds(thread, ms)?;
                self.drop_top(thread, taken);
                if ms == 0 || self.time() == Time::Any {
                    return Ok(Stepped::Yielded);
                }
                self.sleep(thread, ms, world);
                return Ok(Stepped::Stopped);
            }
        }
        Ok(Stepped::Went)
    }

    /// Goes on at an address, past `taken` values of the stack.
    #[inline(always)]
    fn jump(&mut self, thread: ThreadId, to: Address, taken: usize) -> Result<(), Fault> {
        let end = self.program.code(self.thread(thread).code).instructions.len() as i64;
        if !(0..=end).contains(&to.0) {
            return Err(Fault::BadJump(to.0));
        }
        self.drop_top(thread, taken);
        self.thread_mut(thread).pc = to.0 as u32;
        Ok(())
    }

    #[inline(always)]
    fn jump_if(&mut self, thread: ThreadId, to: Address, jumps: bool) -> Result<(), Fault> {
        if jumps {
            return self.jump(thread, to, 1);
        }
        self.drop_top(thread, 1);
        Ok(())
    }

    fn create_thread<W: World + ?Sized>(
        &mut self,
        thread: ThreadId,
        bodies: Bodies,
        daemon: bool,
        world: &mut W,
    ) -> Result<(), Fault> {
        let index = self.peek_int(thread, 0)?;
        let codes = self.program.bodies(bodies.0);
        let code = usize::try_from(index).ok().and_then(|at| codes.get(at)).copied();
        let code = code.ok_or(Fault::BadBody { index, count: codes.len() as u32 })?;
        let child = self.start(thread, code, daemon, world)?;
        self.replace(thread, 1, Value::Handle(child));
        Ok(())
    }

    fn join<W: World + ?Sized>(
        &mut self,
        thread: ThreadId,
        other: ThreadId,
        answer: Answer,
        milliseconds: Option<u64>,
        world: &mut W,
    ) -> Stepped {
        self.thread_mut(other).joined = true;
        self.get_thing(thread, On::Thread(other), answer, milliseconds, world)
    }

    fn get_thing<W: World + ?Sized>(
        &mut self,
        thread: ThreadId,
        on: On,
        answer: Answer,
        milliseconds: Option<u64>,
        world: &mut W,
    ) -> Stepped {
        self.get_or_wait(thread, on, answer, None, milliseconds, world);
        self.stopped(thread)
    }

    fn get_room<W: World + ?Sized>(
        &mut self,
        thread: ThreadId,
        room: On,
        message: Value,
        answer: Answer,
        milliseconds: Option<u64>,
        world: &mut W,
    ) -> Stepped {
        self.get_or_wait(thread, room, answer, Some(message), milliseconds, world);
        self.stopped(thread)
    }

    fn stopped(&self, thread: ThreadId) -> Stepped {
        match self.thread(thread).status {
            Status::Runnable => Stepped::Went,
            _ => Stepped::Stopped,
        }
    }

    /// Gets it if it can be had now, and tells: 1 or 0.
    fn try_to_get<W: World + ?Sized>(
        &mut self,
        thread: ThreadId,
        on: On,
        message: Option<Value>,
        world: &mut W,
    ) {
        if self.available(on, Answer::WhetherServed) {
            self.get_or_wait(thread, on, Answer::WhetherServed, message, None, world);
        } else {
            self.thread_mut(thread).stack.push(Value::Int(0));
        }
    }

    /// The room that a message needs, and the message, so far below the top.
    fn message(&self, thread: ThreadId, below: usize) -> Result<(On, Value), Fault> {
        let (lower, upper) = (self.peek(thread, below + 1)?, self.peek(thread, below)?);
        let (queue, message) = self.queue_and_message(lower, upper)?;
        Ok((self.bounded(queue)?, message))
    }

    fn count_and_push<W: World + ?Sized>(
        &mut self,
        thread: ThreadId,
        add: i64,
        world: &mut W,
    ) -> Result<(), Fault> {
        let counter = self.peek_thing(thread, 0, Kind::Counter)?;
        let value = self.count(thread, counter, add, world)?;
        self.replace(thread, 1, Value::Int(value));
        Ok(())
    }

    fn choose<W: World + ?Sized>(
        &mut self,
        thread: ThreadId,
        choice: Choice,
        below: Instead,
        world: &mut W,
    ) -> Result<(), Fault> {
        let (below, taken) = match below.0 {
            Some(literal) => (literal, 0),
            None => (integer(self.peek(thread, 0)?)?, 1),
        };
        if below < 1 {
            return Err(Fault::TooLow { what: "what is chosen below", least: 1, found: below });
        }
        self.check_space(thread, taken, 1)?;
        let chosen = world.choose(self, thread, choice, below as u64);
        debug_assert!(chosen < below as u64);
        self.drop_top(thread, taken);
        self.push(thread, Value::Int(chosen as i64))?;
        world.event(self, thread, self.thread(thread).pc - 1, Event::Chose(chosen));
        Ok(())
    }
}
