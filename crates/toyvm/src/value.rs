//! What programs compute with: integers, strings and handles.

use std::collections::HashMap;
use std::sync::Arc;

/// One value, on a stack, in a variable or in a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Value {
    /// A checked 64-bit integer.
    Int(i64),
    /// A string.
    Text(Text),
    /// What a CREATE pushes.
    Handle(Handle),
}

/// The kinds of things that have handles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Kind {
    /// A thread.
    Thread,
    /// A lock, held by one thread at a time.
    Lock,
    /// A counting semaphore.
    Semaphore,
    /// A queue of messages.
    Queue,
    /// An atomic counter.
    Counter,
    /// A condition, bound to a lock.
    Condition,
    /// An array of values.
    Array,
}

impl Kind {
    /// How many kinds there are.
    pub const COUNT: usize = 7;

    /// Every one, in order.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Thread,
        Self::Lock,
        Self::Semaphore,
        Self::Queue,
        Self::Counter,
        Self::Condition,
        Self::Array,
    ];

    /// The word that messages and unnamed handles use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Thread => "thread",
            Self::Lock => "lock",
            Self::Semaphore => "semaphore",
            Self::Queue => "queue",
            Self::Counter => "counter",
            Self::Condition => "condition",
            Self::Array => "array",
        }
    }
}

/// Names one thing of the machine: the `index`-th of its kind, in order of creation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Handle {
    /// What it is a handle of.
    pub kind: Kind,
    /// Where it stands among those of its kind.
    pub index: u32,
}

/// A string, by its number in a [`Texts`]. Equal strings have equal numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Text(u32);

impl Text {
    pub(crate) fn at(index: u32) -> Self {
        Self(index)
    }

    /// The number: dense, from 0, in the order in which strings were first met.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Every string that a program, or a machine that runs it, has met; each once.
#[derive(Debug, Clone, Default)]
pub struct Texts {
    /// Those of the program, which its machines share.
    base: Option<Arc<Texts>>,
    all: Vec<Arc<str>>,
    numbers: HashMap<Arc<str>, u32>,
    /// Bytes of all strings here, without those of `base`.
    bytes: usize,
}

impl Texts {
    /// Strings that go on where those of `base` end.
    pub fn over(base: Arc<Texts>) -> Self {
        debug_assert!(base.base.is_none(), "one level is all there is");
        Self { base: Some(base), ..Self::default() }
    }

    fn inherited(&self) -> usize {
        self.base.as_ref().map_or(0, |base| base.all.len())
    }

    /// The number of a string, if it was met.
    pub fn find(&self, text: &str) -> Option<Text> {
        if let Some(found) = self.base.as_ref().and_then(|base| base.find(text)) {
            return Some(found);
        }
        self.numbers.get(text).map(|number| Text(*number))
    }

    /// The number of a string, which is met now if it was not before.
    pub fn intern(&mut self, text: &str) -> Text {
        if let Some(found) = self.find(text) {
            return found;
        }
        let number = u32::try_from(self.inherited() + self.all.len())
            .expect("strings are bounded by their bytes");
        let shared: Arc<str> = text.into();
        self.bytes += text.len();
        self.all.push(Arc::clone(&shared));
        self.numbers.insert(shared, number);
        Text(number)
    }

    /// The string itself.
    ///
    /// # Panics
    ///
    /// If the number is another [`Texts`]'.
    pub fn get(&self, text: Text) -> &str {
        let inherited = self.inherited();
        match &self.base {
            Some(base) if text.index() < inherited => &base.all[text.index()],
            _ => &self.all[text.index() - inherited],
        }
    }

    /// Bytes of the strings met here, those of the program left out.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// How many strings there are.
    pub fn len(&self) -> usize {
        self.inherited() + self.all.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_has_one_number_wherever_it_was_met() {
        let mut program = Texts::default();
        let a = program.intern("a");
        let mut machine = Texts::over(Arc::new(program));
        let b = machine.intern("b");
        assert_eq!(machine.intern("a"), a);
        assert_eq!(machine.intern("b"), b);
        assert_ne!(a, b);
        assert_eq!((machine.get(a), machine.get(b)), ("a", "b"));
        assert_eq!((machine.len(), machine.bytes()), (2, 1));
    }
}
