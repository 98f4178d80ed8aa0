//! Arithmetic and comparisons.

use super::{Fault, Machine, ThreadId};
use crate::program::claim::{Arithmetic, Comparison};
use crate::value::Value;

impl Machine {
    #[inline(always)]
    pub(super) fn arithmetic(
        &mut self,
        thread: ThreadId,
        operation: Arithmetic,
    ) -> Result<(), Fault> {
        let (a, b) = self.peek_two(thread)?;
        self.replace(thread, 2, Value::Int(operation.apply(a, b)?));
        Ok(())
    }

    pub(super) fn add(&mut self, thread: ThreadId) -> Result<(), Fault> {
        match (self.peek(thread, 1)?, self.peek(thread, 0)?) {
            (Value::Int(a), Value::Int(b)) => {
                self.replace(thread, 2, Value::Int(Arithmetic::Add.apply(a, b)?));
            }
            (Value::Text(a), Value::Text(b)) => {
                let (a, b) = (self.text(a), self.text(b));
                let most = self.limits.text;
                if a.len() + b.len() > most {
                    return Err(Fault::TooMuch { what: "bytes of a string", limit: most as u64 });
                }
                let joined = format!("{a}{b}");
                let most = self.limits.texts;
                if self.texts.find(&joined).is_none() && self.texts.bytes() + joined.len() > most {
                    return Err(Fault::TooMuch {
                        what: "bytes of all strings",
                        limit: most as u64,
                    });
                }
                let joined = self.texts.intern(&joined);
                self.replace(thread, 2, Value::Text(joined));
            }
            (a, b) => return Err(Fault::NotAddable(a, b)),
        }
        Ok(())
    }

    pub(super) fn compare(
        &mut self,
        thread: ThreadId,
        comparison: Comparison,
    ) -> Result<(), Fault> {
        let (a, b) = self.peek_two(thread)?;
        self.replace(thread, 2, truth(comparison.holds(&a, &b)));
        Ok(())
    }
}

/// 1 if it holds, else 0.
pub(super) fn truth(holds: bool) -> Value {
    Value::Int(i64::from(holds))
}
