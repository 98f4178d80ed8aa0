//! Where the values come from that a name may stand for, over the whole program.

use std::collections::HashMap;

use super::known::Known;
use super::list::List;
use crate::instruction::Instruction;
use crate::program::{CodeId, NameId, Program};
use crate::value::Value;

/// Names may stand for what other names stand for, so far on.
const FARTHEST: usize = 8;

/// What was stored somewhere, and the list whose names it speaks of.
type Stored = (CodeId, Known);

/// What each name may stand for.
#[derive(Debug)]
pub(super) struct Origins<'p> {
    program: &'p Program,
    globals: HashMap<NameId, Stored>,
    locals: HashMap<(CodeId, NameId), Stored>,
}

impl<'p> Origins<'p> {
    pub(super) fn of(program: &'p Program, lists: &[List]) -> Self {
        let mut origins = Self { program, globals: HashMap::new(), locals: HashMap::new() };
        for (name, value) in program.globals() {
            if let Some(list) = lists.first() {
                origins.globals.insert(*name, (list.id, Known::Constant(*value)));
            }
        }
        for list in lists {
            list.walk(|_, instruction, stack| {
                let stored = (list.id, stack.peek(0));
                match instruction {
                    Instruction::Store(name) => {
                        add(origins.locals.entry((list.id, name.id)), stored);
                    }
                    Instruction::GlobalStore(name) => add(origins.globals.entry(name.id), stored),
                    _ => {}
                }
            });
            // What stands where no path leads has a name all the same.
            for instruction in &list.code.instructions {
                let stored = (list.id, Known::Anything);
                match instruction {
                    Instruction::Store(name) => {
                        origins.locals.entry((list.id, name.id)).or_insert(stored);
                    }
                    Instruction::GlobalStore(name) => {
                        origins.globals.entry(name.id).or_insert(stored);
                    }
                    _ => {}
                }
            }
        }
        origins
    }

    /// Whether LOAD of the name finds something, at some time.
    pub(super) fn has(&self, code: CodeId, name: NameId) -> bool {
        self.locals.contains_key(&(code, name)) || self.is_shared(name)
    }

    /// Whether there is something of that name that all threads see.
    pub(super) fn is_shared(&self, name: NameId) -> bool {
        self.globals.contains_key(&name) || self.program.object_named(name).is_some()
    }

    /// What a value is: with the name followed to where all that it may stand for comes from.
    pub(super) fn resolve(&self, code: CodeId, known: Known) -> Known {
        let (mut code, mut now) = (code, known);
        for _ in 0..FARTHEST {
            let Known::Named(name) = now else { return now };
            let object = self.program.object_named(name);
            let object = object.map(|handle| (code, Known::Constant(Value::Handle(handle))));
            let local = self.locals.get(&(code, name)).copied();
            let all = [local, self.globals.get(&name).copied(), object];
            let Some(stored) = all.into_iter().flatten().reduce(either) else { return known };
            if stored.1 == Known::Anything {
                return known;
            }
            (code, now) = stored;
        }
        known
    }
}

fn add<K>(entry: std::collections::hash_map::Entry<'_, K, Stored>, stored: Stored) {
    entry.and_modify(|there| *there = either(*there, stored)).or_insert(stored);
}

fn either(one: Stored, other: Stored) -> Stored {
    let same_name = matches!(one.1, Known::Named(_)) && one.0 != other.0;
    (one.0, if same_name { Known::Anything } else { one.1.or(other.1) })
}
