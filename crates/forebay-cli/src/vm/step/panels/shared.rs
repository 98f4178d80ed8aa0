//! What threads share: globals, locks, semaphores, queues, counters, conditions, arrays.

use ratatui::text::{Line, Span};
use toyvm::machine::{Machine, ThreadId};
use toyvm::value::{Handle, Kind, Value};

use super::super::ink::{Ink, Palette};
use super::super::lanes::Used;
use super::super::play::Play;
use super::super::wording::{self, clean};
use super::{Lines, Sight};

/// How many messages or places of an array are shown.
const MOST: usize = 30;
/// How many threads of a line are named.
const NAMED: usize = 8;

/// A line for each thing; what the last step used stands out.
pub(crate) fn shared(play: &Play, palette: Palette) -> Lines {
    let machine = play.machine();
    let state = machine.state();
    let mut lines = Vec::new();
    let mut line = |used: Used, name: String, text: String| {
        let ink = if play.lanes().just_used(used) { Ink::Used } else { Ink::Plain };
        lines.push(Line::from(vec![
            palette.ink(name, if ink == Ink::Used { ink } else { Ink::Title }),
            Span::styled(format!(" {text}"), palette.style(ink)),
        ]));
    };
    for (index, value) in state.globals().iter().enumerate() {
        let Some(value) = value else { continue };
        // A global that holds a thing says so in the line of the thing.
        if !matches!(value, Value::Handle(handle) if handle.kind != Kind::Thread) {
            let name = clean(machine.text(machine.program().names()[index]));
            line(Used::Global(index), name, format!("= {}", clean(&machine.quote(*value))));
        }
    }
    let mut thing = |kind: Kind, index: usize, text: String| {
        let name = clean(&machine.introduce(kind, index as u32));
        line(Used::Thing(Handle { kind, index: index as u32 }), name, text);
    };
    for (index, lock) in state.locks().iter().enumerate() {
        let owner = match lock.owner {
            Some(owner) => format!("held by {}", wording::name(machine, owner)),
            None => "free".to_owned(),
        };
        thing(Kind::Lock, index, format!("{owner}{}", waiters(machine, "wait", &lock.line)));
    }
    for (index, it) in state.semaphores().iter().enumerate() {
        let bound = it.bound.map(|bound| format!(" of {bound}")).unwrap_or_default();
        let waiters = waiters(machine, "wait", &it.line);
        thing(Kind::Semaphore, index, format!("count {}{bound}{waiters}", it.count));
    }
    for (index, queue) in state.queues().iter().enumerate() {
        let shown = machine.show_all(queue.messages.iter().copied().take(MOST));
        let count = queue.messages.len();
        let more = count.checked_sub(MOST).filter(|more| *more > 0);
        let more = more.map(|more| format!(" and {more} more")).unwrap_or_default();
        let room = queue.capacity.map(|most| format!(" {count} of {most}")).unwrap_or_default();
        let receivers = waiters(machine, "receive", &queue.receivers);
        let senders = waiters(machine, "send", &queue.senders);
        let text = format!("{}{more}{room}{receivers}{senders}", clean(&shown));
        thing(Kind::Queue, index, text);
    }
    for (index, counter) in state.counters().iter().enumerate() {
        thing(Kind::Counter, index, format!("= {}", counter.value));
    }
    for (index, condition) in state.conditions().iter().enumerate() {
        let lock = clean(&machine.show_thing(Kind::Lock, condition.lock));
        let waiters = waiters(machine, "wait", &condition.line);
        thing(Kind::Condition, index, format!("of {lock}{waiters}"));
    }
    for (index, array) in state.arrays().iter().enumerate() {
        let shown = machine.show_all(array.values.iter().copied().take(MOST));
        let more = array.values.len().checked_sub(MOST).filter(|more| *more > 0);
        let more = more.map(|more| format!(" and {more} more")).unwrap_or_default();
        thing(Kind::Array, index, format!("{}{more}", clean(&shown)));
    }
    Lines { lines, sight: Sight::Beginning }
}

/// `; wait: Plato, Kant`, first come first.
fn waiters<'a>(
    machine: &Machine,
    what: &str,
    line: impl IntoIterator<Item = &'a ThreadId>,
) -> String {
    let mut names: Vec<String> =
        line.into_iter().map(|thread| wording::name(machine, *thread)).collect();
    if names.is_empty() {
        return String::new();
    }
    if names.len() > NAMED {
        let more = names.len() - NAMED;
        names.truncate(NAMED);
        names.push(format!("and {more} more"));
    }
    format!("; {what}: {}", names.join(", "))
}
