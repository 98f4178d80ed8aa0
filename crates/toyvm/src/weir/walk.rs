//! What lies within a statement or an expression, for those who only want to know what is mentioned.

use super::syntax::{Block, Does, Expression, Place, Statement, Value};

/// A part of a statement.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part<'t, 'a> {
    /// Something that is computed.
    Expression(&'t Expression<'a>),
    /// A thing that something is done to.
    Place(&'t Place<'a>),
    /// A place that gets a value.
    Assigned(&'t Place<'a>),
    /// A name that counts.
    Counts(&'a str),
    /// Statements.
    Block(&'t Block<'a>),
}

/// Shows the parts of a statement, not what lies within them. A thread's body is no part of it.
pub(super) fn parts<'t, 'a>(statement: &'t Statement<'a>, see: &mut dyn FnMut(Part<'t, 'a>)) {
    match &statement.does {
        Does::Assign(place, _, value) => {
            see(Part::Expression(value));
            see(Part::Assigned(place));
        }
        Does::ReceiveInto(value, got, attempt) => {
            see(Part::Place(&attempt.place));
            attempt.within.iter().for_each(|within| see(Part::Expression(within)));
            see(Part::Assigned(value));
            see(Part::Assigned(got));
        }
        Does::If(arms, otherwise) => {
            for (condition, block) in arms {
                see(Part::Expression(condition));
                see(Part::Block(block));
            }
            if let Some(block) = otherwise {
                see(Part::Block(block));
            }
        }
        Does::While(condition, block) => {
            see(Part::Expression(condition));
            see(Part::Block(block));
        }
        Does::For(name, from, to, block) => {
            see(Part::Expression(from));
            see(Part::Expression(to));
            see(Part::Counts(name.text));
            see(Part::Block(block));
        }
        Does::Lock(place, block) => {
            see(Part::Place(place));
            see(Part::Block(block));
        }
        Does::Break | Does::Continue | Does::Return(None) => {}
        Does::Thread(thread) => thread.count.iter().for_each(|count| see(Part::Expression(count))),
        Does::Join(place)
        | Does::Acquire(place)
        | Does::Release(place)
        | Does::Wait(place)
        | Does::Notify(_, place) => see(Part::Place(place)),
        Does::Send(place, value) => {
            see(Part::Place(place));
            see(Part::Expression(value));
        }
        Does::Return(Some(value))
        | Does::Assert(value, _)
        | Does::Invariant(value, _)
        | Does::Sleep(value)
        | Does::Evaluate(value) => see(Part::Expression(value)),
        Does::Print(_, values) => values.iter().for_each(|value| see(Part::Expression(value))),
    }
}

/// Shows the names that statements give values to, each as often as it is given one.
pub(super) fn assigned<'a>(statements: &[Statement<'a>], see: &mut dyn FnMut(&'a str)) {
    for statement in statements {
        parts(statement, &mut |part| match part {
            Part::Assigned(place) if place.index.is_none() => see(place.name.text),
            Part::Counts(name) => see(name),
            Part::Block(block) => assigned(&block.statements, see),
            _ => {}
        });
    }
}

/// Shows every place that an expression mentions.
pub(super) fn places<'t, 'a>(expression: &'t Expression<'a>, see: &mut dyn FnMut(&'t Place<'a>)) {
    let mut inner = |expression: &'t Expression<'a>| places(expression, see);
    match &expression.is {
        Value::Int(_) | Value::Text(_) => {}
        Value::Minus(part) | Value::Not(part) => inner(part),
        Value::Arithmetic(a, _, b) | Value::Compare(a, _, b) | Value::Logic(a, _, b) => {
            inner(a);
            inner(b);
        }
        Value::Call(_, arguments) => arguments.iter().for_each(inner),
        Value::Place(place)
        | Value::Receive(place)
        | Value::Robust(place)
        | Value::Count(place, _) => {
            of_place(place, see);
        }
        Value::Try(attempt) => {
            attempt.message.iter().chain(&attempt.within).for_each(&mut inner);
            of_place(&attempt.place, see);
        }
    }
}

fn of_place<'t, 'a>(place: &'t Place<'a>, see: &mut dyn FnMut(&'t Place<'a>)) {
    see(place);
    if let Some(index) = &place.index {
        places(index, see);
    }
}

/// Whether statements mention a name, threads that they start left out.
pub(super) fn mentions(statements: &[Statement<'_>], name: &str) -> bool {
    let mut found = false;
    for statement in statements {
        let mut see = |place: &Place<'_>| found |= place.name.text == name;
        let mut blocks = Vec::new();
        parts(statement, &mut |part| match part {
            Part::Expression(expression) => places(expression, &mut see),
            Part::Place(place) | Part::Assigned(place) => of_place(place, &mut see),
            Part::Block(block) => blocks.push(block),
            Part::Counts(_) => {}
        });
        found |= blocks.iter().any(|block| mentions(&block.statements, name));
        if found {
            return true;
        }
    }
    false
}

/// Whether computing it twice is computing it once.
pub(super) fn is_quiet(expression: &Expression<'_>) -> bool {
    match &expression.is {
        Value::Int(_) | Value::Text(_) => true,
        Value::Place(place) => place.index.as_deref().is_none_or(is_quiet),
        Value::Minus(part) | Value::Not(part) => is_quiet(part),
        Value::Arithmetic(a, _, b) | Value::Compare(a, _, b) | Value::Logic(a, _, b) => {
            is_quiet(a) && is_quiet(b)
        }
        Value::Call(..)
        | Value::Receive(_)
        | Value::Robust(_)
        | Value::Count(..)
        | Value::Try(_) => false,
    }
}
