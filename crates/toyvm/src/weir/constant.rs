//! What is known of an expression before the run.

use super::syntax::{Expression, Value};

/// The integer that an expression always is, if its names are known and it can be computed.
pub(super) fn constant(
    expression: &Expression<'_>,
    known: &dyn Fn(&str) -> Option<i64>,
) -> Option<i64> {
    let of = |expression: &Expression<'_>| constant(expression, known);
    let truth = |holds: bool| Some(i64::from(holds));
    match &expression.is {
        Value::Int(int) => Some(*int),
        Value::Place(place) if place.index.is_none() => known(place.name.text),
        Value::Minus(part) => of(part)?.checked_neg(),
        Value::Not(part) => truth(of(part)? == 0),
        Value::Arithmetic(a, operation, b) => operation.apply(of(a)?, of(b)?).ok(),
        Value::Compare(a, comparison, b) => truth(comparison.holds(&of(a)?, &of(b)?)),
        Value::Logic(a, is_and, b) => match of(a)? != 0 {
            decided if decided != *is_and => truth(decided),
            _ => truth(of(b)? != 0),
        },
        _ => None,
    }
}
