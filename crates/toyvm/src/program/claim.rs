//! Claims: what an INVARIANT says must hold.

use super::NameId;
use crate::value::Text;

/// A claim, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// As it stands in the file.
    pub text: String,
    /// What must not be 0.
    pub holds: Expression,
    /// Only while this lock is free.
    pub while_free: Option<NameId>,
}

/// What is computed from the state of a machine. Anything but 0 is true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expression {
    /// An integer.
    Int(i64),
    /// A string.
    Text(Text),
    /// A global's value, or an object's number: count, value, length, 1 while held.
    Name(NameId),
    /// A variable of a named thread.
    Variable(NameId, NameId),
    /// Where a named thread stands.
    Pc(NameId),
    /// 1 if it is 0.
    Not(Box<Self>),
    /// −a.
    Minus(Box<Self>),
    /// a ∘ b.
    Arithmetic(Box<Self>, Arithmetic, Box<Self>),
    /// a < b ≤ c …
    Compare(Box<Self>, Vec<(Comparison, Self)>),
    /// 1 if none is 0; judged from left to right, no further than needed.
    All(Vec<Self>),
    /// 0 if all are 0; likewise.
    Any(Vec<Self>),
}

/// The arithmetic of programs and claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "arithmetic explains itself")]
pub enum Arithmetic {
    Add,
    Sub,
    Mul,
    Mod,
    Div,
}

/// The comparisons of programs and claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "comparisons explain themselves")]
pub enum Comparison {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

/// Why there is no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArithmeticError {
    /// The divisor is 0.
    DivisionByZero,
    /// The result does not fit in 64 bits.
    Overflow,
}

impl Expression {
    /// Shows every part of it, itself first.
    pub fn visit(&self, see: &mut impl FnMut(&Self)) {
        see(self);
        match self {
            Self::Int(_) | Self::Text(_) | Self::Name(_) | Self::Variable(..) | Self::Pc(_) => {}
            Self::Not(inner) | Self::Minus(inner) => inner.visit(see),
            Self::Arithmetic(a, _, b) => {
                a.visit(see);
                b.visit(see);
            }
            Self::Compare(first, rest) => {
                first.visit(see);
                for (_, right) in rest {
                    right.visit(see);
                }
            }
            Self::All(parts) | Self::Any(parts) => {
                for part in parts {
                    part.visit(see);
                }
            }
        }
    }
}

impl Arithmetic {
    /// a ∘ b, rounding as Python does.
    #[inline]
    pub fn apply(self, a: i64, b: i64) -> Result<i64, ArithmeticError> {
        let result = match self {
            Self::Add => a.checked_add(b),
            Self::Sub => a.checked_sub(b),
            Self::Mul => a.checked_mul(b),
            Self::Mod | Self::Div if b == 0 => return Err(ArithmeticError::DivisionByZero),
            // The remainder of anything by −1 is 0, also that of the least integer.
            Self::Mod if b == -1 => Some(0),
            Self::Mod => {
                let remainder = a % b;
                Some(if remainder != 0 && (remainder < 0) != (b < 0) {
                    remainder + b
                } else {
                    remainder
                })
            }
            Self::Div => a
                .checked_div(b)
                .map(|quotient| quotient - i64::from(a % b != 0 && (a < 0) != (b < 0))),
        };
        result.ok_or(ArithmeticError::Overflow)
    }
}

impl Comparison {
    /// Whether two values that are the same, or not, are as `==` or `!=` wants them.
    pub(crate) fn same(self, same: bool) -> bool {
        same == (self == Self::Eq)
    }

    /// Whether a ∘ b.
    #[inline]
    pub fn holds(self, a: &i64, b: &i64) -> bool {
        match self {
            Self::Eq => a == b,
            Self::Ne => a != b,
            Self::Lt => a < b,
            Self::Le => a <= b,
            Self::Gt => a > b,
            Self::Ge => a >= b,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn division_rounds_as_python_does() {
        // divmod(a, b) of CPython.
        for (a, b, quotient, remainder) in [
            (7, 3, 2, 1),
            (-7, 3, -3, 2),
            (7, -3, -3, -2),
            (-7, -3, 2, -1),
            (-7, 2, -4, 1),
            (6, -3, -2, 0),
            (i64::MIN, 1, i64::MIN, 0),
        ] {
            assert_eq!(Arithmetic::Div.apply(a, b), Ok(quotient), "{a} // {b}");
            assert_eq!(Arithmetic::Mod.apply(a, b), Ok(remainder), "{a} % {b}");
        }
        assert_eq!(Arithmetic::Div.apply(1, 0), Err(ArithmeticError::DivisionByZero));
        assert_eq!(Arithmetic::Mod.apply(1, 0), Err(ArithmeticError::DivisionByZero));
        assert_eq!(Arithmetic::Div.apply(i64::MIN, -1), Err(ArithmeticError::Overflow));
        assert_eq!(Arithmetic::Mod.apply(i64::MIN, -1), Ok(0));
        assert_eq!(Arithmetic::Mul.apply(i64::MAX, 2), Err(ArithmeticError::Overflow));
    }
}
