//! What must hold after every step.

use super::operands::integer;
use super::{Fault, Machine};
use crate::program::claim::{Comparison, Expression};
use crate::program::{ClaimId, NameId};
use crate::value::{Handle, Kind, Value};

impl Machine {
    /// Something must hold from here on. What cannot be computed now is a fault now.
    pub(super) fn claim(&mut self, claim: ClaimId) -> Result<(), Fault> {
        self.holds(claim)?;
        if !self.state.claims.contains(&claim) {
            self.state.claims.push(claim);
        }
        Ok(())
    }

    /// The first claim that does not hold, or can no longer be computed.
    pub(super) fn broken_claim(&self) -> Option<ClaimId> {
        self.state.claims.iter().copied().find(|claim| !matches!(self.holds(*claim), Ok(true)))
    }

    /// Whether a claim holds.
    pub fn holds(&self, claim: ClaimId) -> Result<bool, Fault> {
        let claim = self.program.claim(claim);
        if let Some(lock) = claim.while_free
            && self.name_value(lock)? != Value::Int(0)
        {
            return Ok(true);
        }
        Ok(self.evaluate(&claim.holds)? != Value::Int(0))
    }

    fn evaluate(&self, expression: &Expression) -> Result<Value, Fault> {
        let truth = |holds: bool| Value::Int(i64::from(holds));
        Ok(match expression {
            Expression::Int(int) => Value::Int(*int),
            Expression::Text(text) => Value::Text(*text),
            Expression::Name(name) => self.name_value(*name)?,
            Expression::Variable(thread, variable) => {
                let thread = self.named_thread(*thread)?;
                let it = &self.state.threads[thread as usize];
                let slot = self.program.code(it.code).variables.iter().position(|v| v == variable);
                let value = slot.and_then(|slot| it.variables.get(slot).copied().flatten());
                value.ok_or(Fault::UnknownName(*variable))?
            }
            Expression::Pc(thread) => {
                let thread = self.named_thread(*thread)?;
                Value::Int(i64::from(self.state.threads[thread as usize].pc))
            }
            Expression::Not(inner) => truth(self.evaluate(inner)? == Value::Int(0)),
            Expression::Minus(inner) => {
                let value = integer(self.evaluate(inner)?)?;
                Value::Int(value.checked_neg().ok_or(Fault::Overflow)?)
            }
            Expression::Arithmetic(a, operation, b) => {
                let (a, b) = (integer(self.evaluate(a)?)?, integer(self.evaluate(b)?)?);
                Value::Int(operation.apply(a, b)?)
            }
            Expression::Compare(first, rest) => {
                let mut left = self.evaluate(first)?;
                for (comparison, right) in rest {
                    let right = self.evaluate(right)?;
                    let holds = match comparison {
                        Comparison::Eq | Comparison::Ne => comparison.same(left == right),
                        _ => comparison.holds(&integer(left)?, &integer(right)?),
                    };
                    if !holds {
                        return Ok(truth(false));
                    }
                    left = right;
                }
                truth(true)
            }
            Expression::All(parts) => {
                for part in parts {
                    if self.evaluate(part)? == Value::Int(0) {
                        return Ok(truth(false));
                    }
                }
                truth(true)
            }
            Expression::Any(parts) => {
                for part in parts {
                    if self.evaluate(part)? != Value::Int(0) {
                        return Ok(truth(true));
                    }
                }
                truth(false)
            }
        })
    }

    /// A global's value or an object's number: a count, a value, a length, 1 for a lock while held.
    fn name_value(&self, name: NameId) -> Result<Value, Fault> {
        let value = self.value_named(name)?;
        let Value::Handle(handle) = value else { return Ok(value) };
        let at = handle.index as usize;
        Ok(match handle.kind {
            Kind::Lock => Value::Int(i64::from(self.state.locks[at].owner.is_some())),
            Kind::Semaphore => Value::Int(self.state.semaphores[at].count),
            Kind::Queue => Value::Int(self.state.queues[at].messages.len() as i64),
            Kind::Counter => Value::Int(self.state.counters[at].value),
            Kind::Array => Value::Int(self.state.arrays[at].values.len() as i64),
            Kind::Thread | Kind::Condition => value,
        })
    }

    fn named_thread(&self, name: NameId) -> Result<u32, Fault> {
        match self.value_named(name)? {
            Value::Handle(Handle { kind: Kind::Thread, index }) => Ok(index),
            found => Err(Fault::WrongKind { wanted: Kind::Thread, found }),
        }
    }

    fn value_named(&self, name: NameId) -> Result<Value, Fault> {
        self.state.globals[name.index()]
            .or_else(|| self.program.object_named(name).map(Value::Handle))
            .ok_or(Fault::UnknownName(name))
    }
}
