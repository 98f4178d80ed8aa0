//! What `+`, `*` and their like make of constants and lists.

use ruff_python_ast::{Expr, ExprSubscript, Operator};

use super::evaluate::Evaluator;
use super::scope::ScopeId;
use super::thing::{Item, Thing};
use super::{Diagnostic, span};
use crate::program::Span;
use crate::program::claim::{Arithmetic, ArithmeticError};

impl<'a> Evaluator<'a> {
    /// left ∘ right.
    pub(super) fn operate(
        &mut self,
        scope: ScopeId,
        left: Thing,
        operator: Operator,
        right: Thing,
        place: Span,
    ) -> Thing {
        match (left, right) {
            (Thing::Wrong, _) | (_, Thing::Wrong) => return Thing::Wrong,
            (Thing::Host(_), _) => return left,
            (_, Thing::Host(_)) => return right,
            _ => {}
        }
        if let (Some(a), Some(b)) = (left.int(), right.int()) {
            return self.compute(a, operator, b, place);
        }
        match (operator, left, right) {
            (Operator::Add, Thing::Sequence(a), Thing::Sequence(b)) => {
                self.repeat(scope, &[a, b], 1, place)
            }
            (Operator::Mult, Thing::Sequence(a), times)
            | (Operator::Mult, times, Thing::Sequence(a))
                if times.int().is_some() =>
            {
                self.repeat(scope, &[a], times.int().unwrap_or(0), place)
            }
            (Operator::Add, Thing::Text(a), Thing::Text(b)) => {
                let joined = format!("{}{}", self.texts.get(a), self.texts.get(b));
                self.made_text(&joined, range(&place))
            }
            (Operator::Mult, Thing::Text(text), times)
            | (Operator::Mult, times, Thing::Text(text))
                if times.int().is_some() =>
            {
                let times = times.int().unwrap_or(0).max(0) as usize;
                let text = self.texts.get(text);
                // What is refused below need not be made first.
                let enough = (128 << 20) / text.len().max(1);
                let repeated = text.repeat(times.min(enough));
                self.made_text(&repeated, range(&place))
            }
            (Operator::Mod, Thing::Text(_), _) => self.host("a string made with `%`"),
            (_, Thing::Float, _) | (_, _, Thing::Float) => self.wrong(
                Diagnostic::error("ToyVM has integers only, and this reckons with a float")
                    .at(place)
                    .help("write an integer; `//` divides to one"),
            ),
            (_, Thing::Big, _) | (_, _, Thing::Big) => self
                .wrong(Diagnostic::error("this reckons with an integer beyond 64 bits").at(place)),
            _ => {
                let (left, right) = (self.describe(left), self.describe(right));
                let message =
                    format!("`{}` has no meaning for {left} and {right}", operator.as_str());
                self.wrong(Diagnostic::error(message).at(place))
            }
        }
    }

    fn compute(&mut self, a: i64, operator: Operator, b: i64, place: Span) -> Thing {
        let arithmetic = |arithmetic: Arithmetic| arithmetic.apply(a, b);
        let checked = |result: Option<i64>| result.ok_or(ArithmeticError::Overflow);
        let shift = u32::try_from(b).ok().filter(|shift| *shift < 64);
        let result = match operator {
            Operator::Add => arithmetic(Arithmetic::Add),
            Operator::Sub => arithmetic(Arithmetic::Sub),
            Operator::Mult => arithmetic(Arithmetic::Mul),
            Operator::FloorDiv => arithmetic(Arithmetic::Div),
            Operator::Mod => arithmetic(Arithmetic::Mod),
            Operator::Div | Operator::Pow if operator == Operator::Div || b < 0 => {
                return Thing::Float;
            }
            // 0 and 1 have powers of any height.
            Operator::Pow if (-1..=1).contains(&a) => checked(a.checked_pow(2 - (b % 2) as u32))
                .map(|power| if b == 0 { 1 } else { power }),
            Operator::Pow => checked(u32::try_from(b).ok().and_then(|b| a.checked_pow(b))),
            Operator::LShift => checked(
                shift
                    .and_then(|shift| a.checked_mul(1_i64.checked_shl(shift)?))
                    .filter(|_| shift != Some(63)),
            ),
            Operator::RShift if b < 0 => checked(None),
            Operator::RShift => Ok(a >> shift.unwrap_or(63)),
            Operator::BitOr => Ok(a | b),
            Operator::BitXor => Ok(a ^ b),
            Operator::BitAnd => Ok(a & b),
            _ => return self.host("what `@` gives"),
        };
        let message = match result {
            Ok(int) => return Thing::Int(int),
            Err(ArithmeticError::DivisionByZero) => "this divides by zero",
            Err(ArithmeticError::Overflow) => "the result does not fit in 64 bits",
        };
        self.wrong(Diagnostic::error(message).at(place))
    }

    /// The elements of some lists, one list after the other, so many times.
    fn repeat(&mut self, scope: ScopeId, parts: &[u32], times: i64, place: Span) -> Thing {
        let mut length = 0_usize;
        for part in parts {
            let Some(items) = self.items(*part, range(&place)) else { return Thing::Wrong };
            length += items.len();
        }
        let times = usize::try_from(times).unwrap_or(0);
        if !self.spend(length.saturating_mul(times).saturating_add(1), &place) {
            return Thing::Wrong;
        }
        let tuple = self.sequences[parts[0] as usize].tuple;
        let mut items = Vec::with_capacity(length * times);
        for _ in 0..if length == 0 { 0 } else { times } {
            for part in parts {
                items.extend_from_slice(&self.sequences[*part as usize].items);
            }
        }
        let id = self.sequence(tuple, scope, place);
        self.sequences[id as usize].items = items;
        Thing::Sequence(id)
    }

    /// base[…].
    pub(super) fn subscript(
        &mut self,
        scope: ScopeId,
        base: Thing,
        subscript: &'a ExprSubscript,
    ) -> Thing {
        if matches!(base, Thing::Wrong | Thing::Host(_)) {
            return base;
        }
        if let (Thing::Sequence(sequence), Expr::Slice(slice)) = (base, &*subscript.slice) {
            if slice.step.is_some() {
                return self.wrong_at(slice, "a slice with a step is not evaluated");
            }
            let mut bound = |bound: &'a Option<Box<Expr>>| {
                bound.as_ref().map(|bound| self.evaluate(scope, bound))
            };
            let (lower, upper) = (bound(&slice.lower), bound(&slice.upper));
            return self.slice(scope, sequence, lower, upper, span(subscript));
        }
        let key = self.evaluate(scope, &subscript.slice);
        match (base, key) {
            (_, Thing::Wrong) => key,
            (Thing::Sequence(sequence), _) if key.int().is_some() => {
                let index = key.int().unwrap_or(0);
                let Some(items) = self.items(sequence, subscript) else { return Thing::Wrong };
                let length = items.len();
                match place_of(index, length).and_then(|index| items.get(index)) {
                    Some(item) => item.thing,
                    None => self.wrong_at(
                        subscript,
                        format!("there is no element {index} in a list of {length}"),
                    ),
                }
            }
            (Thing::Dict(dict), Thing::Text(key)) => {
                let entries = &self.dicts[dict as usize];
                if let Some((_, thing)) = entries.iter().rev().find(|(name, _)| *name == key) {
                    *thing
                } else {
                    let what = self.describe(Thing::Text(key));
                    self.wrong_at(subscript, format!("the dict has nothing for {what}"))
                }
            }
            (Thing::Globals(machine), Thing::Text(name)) => {
                match self.machines[machine as usize].global(name) {
                    Some(thing) => thing,
                    None => self.host("a global that the file does not set"),
                }
            }
            (Thing::Sequence(_) | Thing::Dict(_) | Thing::Function(_), Thing::Host(_)) => key,
            (Thing::Text(_), _) => self.host("a part of a string"),
            _ => {
                let (base, key) = (self.describe(base), self.describe(key));
                self.wrong_at(subscript, format!("{base} has nothing at {key}"))
            }
        }
    }

    fn slice(
        &mut self,
        scope: ScopeId,
        sequence: u32,
        lower: Option<Thing>,
        upper: Option<Thing>,
        place: Span,
    ) -> Thing {
        let Some(items) = self.items(sequence, range(&place)) else { return Thing::Wrong };
        let length = items.len();
        let place_of = |bound: Option<Thing>, otherwise: usize| match bound {
            None | Some(Thing::None) => Some(otherwise),
            Some(thing) => thing.int().map(|at| {
                let at = if at < 0 { at.saturating_add(length as i64).max(0) } else { at };
                (at as usize).min(length)
            }),
        };
        let (Some(from), Some(to)) = (place_of(lower, 0), place_of(upper, length)) else {
            return self.wrong(Diagnostic::error("a slice has integers as its bounds").at(place));
        };
        if !self.spend(to.saturating_sub(from) + 1, &place) {
            return Thing::Wrong;
        }
        let part: Vec<Item> = self.sequences[sequence as usize].items[from..to.max(from)].to_vec();
        let tuple = self.sequences[sequence as usize].tuple;
        let id = self.sequence(tuple, scope, place);
        self.sequences[id as usize].items = part;
        Thing::Sequence(id)
    }
}

/// The place of an index that may count from the end.
pub(super) fn place_of(index: i64, length: usize) -> Option<usize> {
    let index = if index < 0 { index.checked_add(length as i64)? } else { index };
    usize::try_from(index).ok()
}

fn range(place: &Span) -> ruff_text_size::TextRange {
    ruff_text_size::TextRange::new(place.start.into(), place.end.into())
}
