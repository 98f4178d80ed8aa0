//! What each instruction does.

use toyvm::instruction::Instruction as I;
use toyvm::machine::Service;
use toyvm::program::argument::{Address, Bodies, Instead, Literal, Name, Phrase, Saying};
use toyvm::value::Kind;

use super::{Answer, Bad, Model, On, Status, V, Waiting};

type Done = Result<(), Bad>;

impl Model {
    pub(super) fn execute(&mut self, me: usize, at: usize, chosen: Option<u64>) -> Done {
        let instruction = self.program.code(self.threads[me].code).instructions[at];
        if self.threads[me].stack.len() < instruction.needs() {
            return Err(Bad::Underflow);
        }
        match instruction {
            I::Push(Literal(value)) => {
                let value = self.constant(value);
                self.push(me, value);
            }
            I::Pop => drop(self.pop(me)),
            I::Dup => {
                let top = self.pop(me);
                self.push(me, top.clone());
                self.push(me, top);
            }
            I::Add | I::Sub | I::Mul | I::Mod | I::Div => self.arithmetic(me, instruction)?,
            I::Eq | I::Ne => {
                let (b, a) = (self.pop(me), self.pop(me));
                self.tell(me, (a == b) == (instruction == I::Eq));
            }
            I::Lt | I::Le | I::Gt | I::Ge | I::And | I::Or => {
                let (b, a) = (self.integer(me, None)?, self.integer(me, None)?);
                self.tell(
                    me,
                    match instruction {
                        I::Lt => a < b,
                        I::Le => a <= b,
                        I::Gt => a > b,
                        I::Ge => a >= b,
                        I::And => a != 0 && b != 0,
                        _ => a != 0 || b != 0,
                    },
                );
            }
            I::Not => {
                let a = self.integer(me, None)?;
                self.tell(me, a == 0);
            }
            I::Load(Name { id, .. }) => {
                let name = self.program.name(id).to_owned();
                let own = self.threads[me].variables.get(&name);
                let found = own.or(self.globals.get(&name)).or(self.objects.get(&name));
                let value = found.cloned().ok_or(Bad::Name)?;
                self.push(me, value);
            }
            I::Store(Name { id, .. }) => {
                let (name, value) = (self.program.name(id).to_owned(), self.pop(me));
                self.threads[me].variables.insert(name, value);
            }
            I::GlobalStore(Name { id, .. }) => {
                let (name, value) = (self.program.name(id).to_owned(), self.pop(me));
                self.globals.insert(name, value);
            }
            I::Jump(to) => self.jump(me, to)?,
            I::JumpIf(to) => {
                if self.integer(me, None)? >= 0 {
                    self.jump(me, to)?;
                }
            }
            I::JumpIfTrue(to) => {
                if self.integer(me, None)? != 0 {
                    self.jump(me, to)?;
                }
            }
            I::JumpIfFalse(to) => {
                if self.integer(me, None)? == 0 {
                    self.jump(me, to)?;
                }
            }
            I::Nop | I::Label(_) => {}
            I::Print(Saying(text)) => {
                let top = self.threads[me].stack.last().map(|top| self.show(top));
                let text = text.map_or("{}", |text| self.program.text(text)).to_owned();
                let text = top.map_or(text.clone(), |top| text.replace("{}", &top));
                let name = &self.threads[me].name;
                self.printed.push(format!("[{name}] {text}"));
            }
            I::PrintEach(Phrase { text, .. }) => {
                let text = self.program.text(text).to_owned();
                let mut parts: Vec<&str> = text.split("{}").collect();
                let mut said = parts.pop().unwrap_or_default().to_owned();
                while let Some(part) = parts.pop() {
                    let value = self.pop(me);
                    said = format!("{part}{}{said}", self.show(&value));
                }
                let name = &self.threads[me].name;
                self.printed.push(format!("[{name}] {said}"));
            }
            I::Assert(_) => {
                if self.integer(me, None)? == 0 {
                    self.asserted = Some(me);
                }
            }
            I::Invariant(_) => unimplemented!("claims are checked elsewhere"),
            I::Sleep(ms) => match self.time(me, ms)? {
                0 => {}
                ms => {
                    let (due, alarm) = self.alarm(ms);
                    self.threads[me].status = Status::Sleeping(due, alarm);
                }
            },
            I::Choose(below) | I::Random(below) => {
                if self.integer(me, below.0)? < 1 {
                    return Err(Bad::TooLow);
                }
                self.push(me, V::Int(chosen.expect("a number is chosen") as i64));
            }
            I::ThreadCreate(bodies) => self.thread_create(me, bodies, false)?,
            I::DaemonCreate(bodies) => self.thread_create(me, bodies, true)?,
            I::Alive => {
                let other = self.thing(me, Kind::Thread)?;
                self.tell(me, !self.threads[other].is_over());
            }
            I::LockCreate => {
                let lock = self.make_lock(None);
                self.push(me, lock);
            }
            I::LockRelease => {
                let lock = self.thing(me, Kind::Lock)?;
                self.release(me, lock)?;
            }
            I::SemaphoreCreate => {
                let count = self.at_least(me, None, 0)?;
                let semaphore = self.make_semaphore(None, count, None);
                self.push(me, semaphore);
            }
            I::BoundedSemaphoreCreate(bound) => {
                let (bound, count) = (self.integer(me, bound.0)?, self.at_least(me, None, 0)?);
                if bound < count {
                    return Err(Bad::TooLow);
                }
                let semaphore = self.make_semaphore(None, count, Some(bound));
                self.push(me, semaphore);
            }
            I::SemaphoreRelease => {
                let semaphore = self.thing(me, Kind::Semaphore)?;
                let (count, bound) = &mut self.semaphores[semaphore];
                if *bound == Some(*count) {
                    return Err(Bad::AboveBound);
                }
                *count = count.checked_add(1).ok_or(Bad::Overflow)?;
            }
            I::AtomicCreate(initial) => {
                let initial = self.integer(me, initial.0)?;
                let counter = self.make_counter(None, initial);
                self.push(me, counter);
            }
            I::AtomicIncrement | I::AtomicDecrement | I::AtomicGet => {
                let counter = self.thing(me, Kind::Counter)?;
                let by = match instruction {
                    I::AtomicIncrement => 1,
                    I::AtomicDecrement => -1,
                    _ => 0,
                };
                let value = self.counters[counter].checked_add(by).ok_or(Bad::Overflow)?;
                self.counters[counter] = value;
                self.push(me, V::Int(value));
            }
            I::AtomicCompareAndSwap => {
                let (new, old) = (self.integer(me, None)?, self.integer(me, None)?);
                let counter = self.thing(me, Kind::Counter)?;
                let same = self.counters[counter] == old;
                if same {
                    self.counters[counter] = new;
                }
                self.tell(me, same);
            }
            I::QueueCreate => {
                let queue = self.make_queue(None, None);
                self.push(me, queue);
            }
            I::BoundedQueueCreate(capacity) => {
                let capacity = self.at_least(me, capacity.0, 1)?;
                let queue = self.make_queue(None, Some(capacity));
                self.push(me, queue);
            }
            I::ConditionCreate => {
                let lock = self.thing(me, Kind::Lock)?;
                let condition = self.make_condition(None, lock);
                self.push(me, condition);
            }
            I::Notify => {
                let condition = self.thing(me, Kind::Condition)?;
                let line = self.line(On::Condition(condition));
                let place = match self.service {
                    Service::InOrder => 0,
                    Service::Weak => chosen.unwrap_or(0) as usize,
                };
                if let Some(woken) = line.get(place) {
                    self.notify(*woken);
                }
            }
            I::NotifyAll => {
                let condition = self.thing(me, Kind::Condition)?;
                for woken in self.line(On::Condition(condition)) {
                    self.notify(woken);
                }
            }
            I::ArrayCreate(length) => {
                let length = self.at_least(me, length.0, 0)?;
                let array = self.make_array(None, length as usize);
                self.push(me, array);
            }
            I::ArrayGet => {
                let (index, array) = (self.integer(me, None)?, self.thing(me, Kind::Array)?);
                let values = &self.arrays[array];
                let index = usize::try_from(index).map_err(|_| Bad::Index)?;
                let value = values.get(index).cloned().ok_or(Bad::Index)?;
                self.push(me, value);
            }
            I::ArraySet => {
                let value = self.pop(me);
                let (index, array) = (self.integer(me, None)?, self.thing(me, Kind::Array)?);
                let index = usize::try_from(index).map_err(|_| Bad::Index)?;
                *self.arrays[array].get_mut(index).ok_or(Bad::Index)? = value;
            }
            I::ArrayLength => {
                let array = self.thing(me, Kind::Array)?;
                self.push(me, V::Int(self.arrays[array].len() as i64));
            }
            waits => self.waits(me, at, waits)?,
        }
        Ok(())
    }

    /// The instructions that wait, and those that would but do not.
    fn waits(&mut self, me: usize, at: usize, instruction: I) -> Done {
        use Answer::{Nothing, Robust, Whether};
        let lock = |model: &mut Self| model.thing(me, Kind::Lock).map(On::Lock);
        let semaphore = |model: &mut Self| model.thing(me, Kind::Semaphore).map(On::Semaphore);
        let message = |model: &mut Self| model.thing(me, Kind::Queue).map(On::Message);
        let (mut until, mut sent) = (None, None);
        if let I::LockAcquireFor(ms)
        | I::SemaphoreAcquireFor(ms)
        | I::QueueSendFor(ms)
        | I::QueueReceiveFor(ms)
        | I::ThreadJoinFor(ms)
        | I::WaitFor(ms) = instruction
        {
            until = Some(self.time(me, ms)?);
        }
        let (on, answer) = match instruction {
            I::LockAcquire => (lock(self)?, Nothing),
            I::LockAcquireRobust => (lock(self)?, Robust),
            I::TryLockAcquire | I::LockAcquireFor(_) => (lock(self)?, Whether),
            I::SemaphoreAcquire => (semaphore(self)?, Nothing),
            I::TrySemaphoreAcquire | I::SemaphoreAcquireFor(_) => (semaphore(self)?, Whether),
            I::QueueReceive => (message(self)?, Nothing),
            I::TryQueueReceive | I::QueueReceiveFor(_) => (message(self)?, Whether),
            I::QueueSend | I::TryQueueSend | I::QueueSendFor(_) => {
                let (queue, message) = self.queue_and_message(me)?;
                sent = Some(message);
                (On::Room(queue), if instruction == I::QueueSend { Nothing } else { Whether })
            }
            I::ThreadJoin => (On::Thread(self.thing(me, Kind::Thread)?), Nothing),
            I::ThreadJoinFor(_) => (On::Thread(self.thing(me, Kind::Thread)?), Whether),
            I::Wait | I::WaitFor(_) => {
                let condition = self.thing(me, Kind::Condition)?;
                self.release(me, self.conditions[condition])?;
                let answer = if instruction == I::Wait { Nothing } else { Whether };
                (On::Condition(condition), answer)
            }
            other => unimplemented!("{other:?}"),
        };
        let until = until.map(|ms| self.alarm(ms));
        let ticket = self.ticket();
        self.wait(me, Waiting { on, ticket, until, answer, message: sent, at });
        if matches!(
            instruction,
            I::TryLockAcquire | I::TrySemaphoreAcquire | I::TryQueueSend | I::TryQueueReceive
        ) {
            self.give_up(me);
        }
        Ok(())
    }

    fn push(&mut self, me: usize, value: V) {
        self.threads[me].stack.push(value);
    }

    fn pop(&mut self, me: usize) -> V {
        self.threads[me].stack.pop().expect("that there is enough was seen to")
    }

    fn tell(&mut self, me: usize, whether: bool) {
        self.push(me, V::Int(i64::from(whether)));
    }

    /// That integer, or else the one on the top.
    fn integer(&mut self, me: usize, instead: Option<i64>) -> Result<i64, Bad> {
        match instead.map_or_else(|| self.pop(me), V::Int) {
            V::Int(int) => Ok(int),
            _ => Err(Bad::NotAnInteger),
        }
    }

    fn at_least(&mut self, me: usize, instead: Option<i64>, least: i64) -> Result<i64, Bad> {
        let int = self.integer(me, instead)?;
        if int < least { Err(Bad::TooLow) } else { Ok(int) }
    }

    fn time(&mut self, me: usize, ms: Instead) -> Result<i64, Bad> {
        self.at_least(me, ms.0, 0)
    }

    /// The thing of that kind that a value is, or names.
    fn named(&self, value: &V, kind: Kind) -> Option<usize> {
        let thing = match value {
            V::Text(name) => self.objects.get(name)?,
            other => other,
        };
        match thing {
            V::Thing(of, index) if *of == kind => Some(*index),
            _ => None,
        }
    }

    fn thing(&mut self, me: usize, kind: Kind) -> Result<usize, Bad> {
        let value = self.pop(me);
        match &value {
            V::Text(name) if !self.objects.contains_key(name) => Err(Bad::Name),
            value => self.named(value, kind).ok_or(Bad::Kind),
        }
    }

    /// The top is the message, unless only the top is a queue.
    fn queue_and_message(&mut self, me: usize) -> Result<(usize, V), Bad> {
        let (top, below) = (self.pop(me), self.pop(me));
        match (self.named(&below, Kind::Queue), self.named(&top, Kind::Queue)) {
            (Some(queue), _) => Ok((queue, top)),
            (None, Some(queue)) => Ok((queue, below)),
            (None, None) => Err(Bad::Kind),
        }
    }

    fn arithmetic(&mut self, me: usize, instruction: I) -> Done {
        let (b, a) = (self.pop(me), self.pop(me));
        let result = match (&a, &b) {
            (V::Int(a), V::Int(b)) => {
                let (a, b) = (i128::from(*a), i128::from(*b));
                if b == 0 && matches!(instruction, I::Mod | I::Div) {
                    return Err(Bad::DivisionByZero);
                }
                let floor =
                    |a: i128, b: i128| a.div_euclid(b) - i128::from(b < 0 && a.rem_euclid(b) != 0);
                let result = match instruction {
                    I::Add => a + b,
                    I::Sub => a - b,
                    I::Mul => a * b,
                    I::Mod => a - b * floor(a, b),
                    _ => floor(a, b),
                };
                V::Int(i64::try_from(result).map_err(|_| Bad::Overflow)?)
            }
            (V::Text(a), V::Text(b)) if instruction == I::Add => V::Text(format!("{a}{b}")),
            _ => return Err(Bad::NotAnInteger),
        };
        self.push(me, result);
        Ok(())
    }

    /// To the index just past the last instruction at most.
    fn jump(&mut self, me: usize, Address(to): Address) -> Done {
        let length = self.program.code(self.threads[me].code).instructions.len();
        let to = usize::try_from(to).ok().filter(|to| *to <= length).ok_or(Bad::Jump)?;
        self.threads[me].pc = to;
        Ok(())
    }

    fn thread_create(&mut self, me: usize, Bodies(bodies): Bodies, daemon: bool) -> Done {
        let index = usize::try_from(self.integer(me, None)?).map_err(|_| Bad::Body)?;
        let code = *self.program.bodies(bodies).get(index).ok_or(Bad::Body)?;
        let child = self.make_thread(None, code, self.threads[me].priority + 1, daemon);
        self.push(me, child);
        Ok(())
    }

    fn release(&mut self, me: usize, lock: usize) -> Done {
        if self.locks[lock] != Some(me) {
            return Err(Bad::NotHeld);
        }
        self.locks[lock] = None;
        Ok(())
    }

    fn notify(&mut self, woken: usize) {
        let answer = match self.waiting(woken).map(|waiting| waiting.answer) {
            Some(Answer::Whether) => Answer::Says(1),
            _ => Answer::Nothing,
        };
        self.go_for_the_lock(woken, answer);
    }
}
