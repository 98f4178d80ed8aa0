//! Operands: what instructions find on a stack, and what they leave there.
//!
//! An instruction looks before it takes, so that the stack of one that fails is as it was.

use super::{Event, Fault, Label, Machine, ThreadId, World};
use crate::program::argument::Instead;
use crate::value::{Handle, Kind, Value};

impl Machine {
    /// The value so far below the top.
    #[inline(always)]
    pub(super) fn peek(&self, thread: ThreadId, below: usize) -> Result<Value, Fault> {
        let stack = &self.thread(thread).stack;
        let needs = below + 1;
        match stack.len().checked_sub(needs) {
            Some(at) => Ok(stack[at]),
            None => Err(Fault::Underflow { needs: needs as u32 }),
        }
    }

    #[inline(always)]
    pub(super) fn peek_int(&self, thread: ThreadId, below: usize) -> Result<i64, Fault> {
        self.peek(thread, below).and_then(integer)
    }

    /// The two integers on the top, the lower one first.
    #[inline(always)]
    pub(super) fn peek_two(&self, thread: ThreadId) -> Result<(i64, i64), Fault> {
        match self.thread(thread).stack[..] {
            [.., a, b] => Ok((integer(a)?, integer(b)?)),
            _ => Err(Fault::Underflow { needs: 2 }),
        }
    }

    /// The index of the thing of that kind so far below the top.
    #[inline]
    pub(super) fn peek_thing(
        &self,
        thread: ThreadId,
        below: usize,
        wanted: Kind,
    ) -> Result<u32, Fault> {
        let found = self.peek(thread, below)?;
        match (self.handle_of(found), found) {
            (Some(handle), _) if handle.kind == wanted => Ok(handle.index),
            (None, Value::Text(text)) => Err(Fault::NoObject(text)),
            _ => Err(Fault::WrongKind { wanted, found }),
        }
    }

    /// The number that is written in the program, or else on the top; and how many values of the
    /// stack that was.
    #[inline]
    pub(super) fn number(&self, thread: ThreadId, instead: Instead) -> Result<(i64, usize), Fault> {
        match instead.0 {
            Some(literal) => Ok((literal, 0)),
            None => Ok((self.peek_int(thread, 0)?, 1)),
        }
    }

    /// Likewise, a time: not below 0.
    pub(super) fn milliseconds(
        &self,
        thread: ThreadId,
        instead: Instead,
    ) -> Result<(u64, usize), Fault> {
        let (found, taken) = self.number(thread, instead)?;
        let time =
            u64::try_from(found).map_err(|_| Fault::TooLow { what: "a time", least: 0, found })?;
        Ok((time, taken))
    }

    #[inline(always)]
    pub(super) fn drop_top(&mut self, thread: ThreadId, count: usize) {
        let stack = &mut self.thread_mut(thread).stack;
        stack.truncate(stack.len() - count);
    }

    #[inline(always)]
    pub(super) fn push(&mut self, thread: ThreadId, value: Value) -> Result<(), Fault> {
        let most = self.limits.stack;
        let stack = &mut self.thread_mut(thread).stack;
        if stack.len() >= most {
            return Err(Fault::TooMuch { what: "values on a stack", limit: most as u64 });
        }
        stack.push(value);
        Ok(())
    }

    /// Space on the stack for an instruction that takes so many values and gives so many.
    pub(super) fn check_space(
        &self,
        thread: ThreadId,
        takes: usize,
        gives: usize,
    ) -> Result<(), Fault> {
        let most = self.limits.stack;
        if self.thread(thread).stack.len() + gives > most + takes {
            return Err(Fault::TooMuch { what: "values on a stack", limit: most as u64 });
        }
        Ok(())
    }

    /// Exchanges the `count` values on the top, of which there is at least one, for another.
    #[inline(always)]
    pub(super) fn replace(&mut self, thread: ThreadId, count: usize, value: Value) {
        let stack = &mut self.thread_mut(thread).stack;
        let left = stack.len() - count;
        stack[left] = value;
        stack.truncate(left + 1);
    }

    /// What a new thing of that kind is printed as.
    pub(super) fn label_for(&mut self, kind: Kind) -> Result<Label, Fault> {
        let most = self.limits.objects;
        if self.state.objects() >= most {
            return Err(Fault::TooMuch { what: "objects", limit: most as u64 });
        }
        Ok(self.state.label(kind, None))
    }

    pub(super) fn created<W: World + ?Sized>(
        &mut self,
        thread: ThreadId,
        kind: Kind,
        index: usize,
        world: &mut W,
    ) -> Handle {
        let handle = Handle { kind, index: index as u32 };
        world.event(self, thread, self.thread(thread).pc - 1, Event::Created(handle));
        handle
    }

    /// Room for so many more variables and places of arrays.
    pub(super) fn more_places(&self, more: usize) -> Result<(), Fault> {
        let most = self.limits.places;
        if self.state.places.saturating_add(more) > most {
            return Err(Fault::TooMuch { what: "variables and places", limit: most as u64 });
        }
        Ok(())
    }
}

pub(super) fn integer(value: Value) -> Result<i64, Fault> {
    match value {
        Value::Int(int) => Ok(int),
        other => Err(Fault::NotAnInteger(other)),
    }
}
