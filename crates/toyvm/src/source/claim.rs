//! The text of an INVARIANT, read: an expression of Python's over globals and objects.

use ruff_python_ast::{BoolOp, CmpOp, Expr, Number, Operator, UnaryOp};

use super::assemble::Assembler;
use super::nesting;
use crate::program::claim::{Arithmetic, Claim, Comparison, Expression};

impl Assembler<'_, '_> {
    /// Reads a claim.
    pub(super) fn read_claim(&mut self, text: &str) -> Result<Claim, String> {
        let (holds, lock) = split(text)?;
        // On one line, whatever line breaks it is written with.
        let holds = holds.replace(['\n', '\r', '\t', '\u{c}'], " ");
        let holds = holds.trim();
        if holds.is_empty() {
            return Err("the claim says nothing".to_owned());
        }
        nesting::check(holds).map_err(|error| format!("in the claim {}", error.message))?;
        let parsed = ruff_python_parser::parse_expression(holds).map_err(|error| {
            let at = error.location.start().to_usize();
            let place = holds.get(..at).map_or(0, |before| before.chars().count()) + 1;
            format!("the claim is no expression: {}, at its character {place}", told(&error.error))
        })?;
        let holds = self.expression(parsed.expr())?;
        let while_free = lock.map(|lock| self.named(lock));
        Ok(Claim { text: text.to_owned(), holds, while_free })
    }

    fn expression(&mut self, expression: &Expr) -> Result<Expression, String> {
        let boxed = |expression: Expression| Box::new(expression);
        Ok(match expression {
            Expr::NumberLiteral(number) => match &number.value {
                Number::Int(int) => {
                    Expression::Int(int.as_i64().ok_or("a claim has integers of 64 bits")?)
                }
                _ => return Err("a claim has integers only".to_owned()),
            },
            Expr::BooleanLiteral(boolean) => Expression::Int(i64::from(boolean.value)),
            Expr::StringLiteral(string) => {
                Expression::Text(self.evaluator.texts.intern(string.value.to_str()))
            }
            Expr::Name(name) => Expression::Name(self.named(name.id.as_str())),
            Expr::Attribute(attribute) => {
                let Expr::Name(thread) = &*attribute.value else {
                    return Err("a claim has THREAD.variable and THREAD.pc, no longer paths".into());
                };
                let thread = self.named(thread.id.as_str());
                match attribute.attr.as_str() {
                    "pc" => Expression::Pc(thread),
                    variable => Expression::Variable(thread, self.named(variable)),
                }
            }
            Expr::Call(call) => {
                let is_len = matches!(&*call.func, Expr::Name(name) if name.id.as_str() == "len");
                match (&*call.arguments.args, call.arguments.keywords.is_empty()) {
                    ([Expr::Name(name)], true) if is_len => {
                        Expression::Name(self.named(name.id.as_str()))
                    }
                    _ => return Err("a claim has no calls but len(NAME)".to_owned()),
                }
            }
            Expr::UnaryOp(operation) => {
                match (operation.op, self.expression(&operation.operand)?) {
                    (UnaryOp::USub, Expression::Int(int)) => {
                        Expression::Int(int.checked_neg().ok_or("a claim has integers of 64 bits")?)
                    }
                    (UnaryOp::USub, inner) => Expression::Minus(boxed(inner)),
                    (UnaryOp::UAdd, inner) => inner,
                    (UnaryOp::Not, inner) => Expression::Not(boxed(inner)),
                    (UnaryOp::Invert, _) => return Err("a claim has no `~`".to_owned()),
                }
            }
            Expr::BinOp(operation) => {
                let arithmetic = match operation.op {
                    Operator::Add => Arithmetic::Add,
                    Operator::Sub => Arithmetic::Sub,
                    Operator::Mult => Arithmetic::Mul,
                    Operator::FloorDiv => Arithmetic::Div,
                    Operator::Mod => Arithmetic::Mod,
                    Operator::Div => {
                        return Err("a claim has integers only: `//` divides to one".to_owned());
                    }
                    other => return Err(format!("a claim has no `{}`", other.as_str())),
                };
                let left = boxed(self.expression(&operation.left)?);
                Expression::Arithmetic(left, arithmetic, boxed(self.expression(&operation.right)?))
            }
            Expr::Compare(compare) => {
                let first = boxed(self.expression(&compare.left)?);
                let mut rest = Vec::with_capacity(compare.ops.len());
                for (op, right) in compare.ops.iter().zip(&compare.comparators) {
                    let comparison = match op {
                        CmpOp::Eq => Comparison::Eq,
                        CmpOp::NotEq => Comparison::Ne,
                        CmpOp::Lt => Comparison::Lt,
                        CmpOp::LtE => Comparison::Le,
                        CmpOp::Gt => Comparison::Gt,
                        CmpOp::GtE => Comparison::Ge,
                        other => return Err(format!("a claim has no `{}`", other.as_str())),
                    };
                    rest.push((comparison, self.expression(right)?));
                }
                Expression::Compare(first, rest)
            }
            Expr::BoolOp(operation) => {
                let values = operation.values.iter().map(|value| self.expression(value));
                let values = values.collect::<Result<_, _>>()?;
                match operation.op {
                    BoolOp::And => Expression::All(values),
                    BoolOp::Or => Expression::Any(values),
                }
            }
            _ => {
                return Err("a claim has names, integers, strings, arithmetic, comparisons, and, \
                            or, not; nothing else"
                    .to_owned());
            }
        })
    }
}

/// `… when NAME free`: the claim, and the lock.
fn split(text: &str) -> Result<(&str, Option<&str>), String> {
    let text = text.trim();
    let Some(before) = text.strip_suffix("free").filter(|t| t.ends_with(char::is_whitespace))
    else {
        return Ok((text, None));
    };
    let before = before.trim_end();
    let name_at = before.rfind(char::is_whitespace).map_or(0, |at| at + 1);
    let (rest, name) = (before[..name_at].trim_end(), &before[name_at..]);
    let holds = rest.strip_suffix("when").filter(|t| t.ends_with(char::is_whitespace));
    match holds {
        Some(holds) if is_name(name) => Ok((holds, Some(name))),
        Some(_) => Err(format!("a claim holds `when NAME free`, and {name:?} is no name")),
        None => Ok((text, None)),
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c == '_' || c == '-' || c.is_alphanumeric())
}

/// What the parser says, as a part of a sentence.
pub(super) fn told(error: &ruff_python_parser::ParseErrorType) -> String {
    let text = error.to_string();
    let mut chars = text.chars();
    let first = chars.next().map(|first| first.to_lowercase().to_string());
    let told = first.unwrap_or_default() + chars.as_str();
    told.trim_end_matches('.').to_owned()
}
