//! The programs that are checked.

use std::fmt::Write as _;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use toyvm::Program;
use toyvm::source::{self, Selection, Source};

/// A program, by its numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Subject {
    /// The bounded buffer.
    Buffer {
        /// How many put.
        producers: u32,
        /// How many items each of them puts.
        items: u32,
        /// How many take.
        consumers: u32,
        /// Items that there is room for.
        capacity: u32,
    },
    /// The dining philosophers.
    Philosophers {
        /// How many sit at the table.
        seats: u32,
        /// No circle can close.
        right: bool,
        /// When a meal is not the last.
        again: Again,
    },
    /// Two threads that take two locks in different order.
    TwoLocks,
}

/// When a philosopher eats again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Again {
    /// Never.
    Never,
    /// Always.
    ForEver,
    /// As they like: both are looked at.
    WhileTheyLike,
}

impl Again {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::Never, Self::ForEver, Self::WhileTheyLike];

    /// In words.
    pub(crate) fn told(self) -> &'static str {
        match self {
            Self::Never => "once",
            Self::ForEver => "for ever",
            Self::WhileTheyLike => "as often as they like",
        }
    }
}

/// The classic: 2 producers of 8 items, 3 consumers, room for 5.
pub(crate) const CLASSIC: Subject =
    Subject::Buffer { producers: 2, items: 8, consumers: 3, capacity: 5 };

impl Subject {
    /// The program.
    pub(crate) fn load(self) -> Result<Arc<Program>, String> {
        let source = Source::new("subject.toy", self.text().into_bytes());
        let source = source.map_err(|error| format!("{error:?}"))?;
        let loaded = source::load(source, &Selection::default());
        loaded.map(|loaded| Arc::new(loaded.program)).map_err(|rejected| {
            let first = rejected.diagnostics.first();
            first.map_or_else(String::new, |error| error.line(&rejected.source))
        })
    }

    fn text(self) -> String {
        match self {
            Self::Buffer { producers, items, consumers, capacity } => {
                let numbers = format!(
                    "ITEMS = {items}\nTOTAL = {}\nCAPACITY = {capacity}\n",
                    producers * items
                );
                let threads = [("producer", producers), ("consumer", consumers)];
                let threads = threads.iter().flat_map(|(body, count)| {
                    (0..*count).map(move |at| (*body, format!("{body} {at}")))
                });
                numbers + include_str!("models/buffer.toy") + &main_of(threads.collect())
            }
            Self::Philosophers { seats, right, again } => {
                let again = match again {
                    Again::Never => "",
                    Again::ForEver => "(\"JUMP\", \"hungry\"),",
                    Again::WhileTheyLike => "(\"CHOOSE\", 2), (\"JUMP_IF_TRUE\", \"hungry\"),",
                };
                let mut text = include_str!("models/philosophers.toy").replace("AGAIN", again);
                text.push_str("vm = ToyVM()\n");
                for fork in 0..seats {
                    let _ = writeln!(text, "vm.create_lock(\"fork {fork}\")");
                }
                for seat in 0..seats {
                    let (mut first, mut second) = (seat, (seat + 1) % seats);
                    if right && first > second {
                        (first, second) = (second, first);
                    }
                    let _ = writeln!(
                        text,
                        "vm.create_thread(philosopher(\"fork {first}\", \"fork {second}\"), \"{seat}\")"
                    );
                }
                text + "vm.run()\n"
            }
            Self::TwoLocks => {
                include_str!("../../../../crates/toyvm/programs/two_locks.toy").to_owned()
            }
        }
    }
}

/// The end of the list of a main thread that starts those threads, and joins them all.
fn main_of(threads: Vec<(&str, String)>) -> String {
    let mut text = String::new();
    for (body, name) in &threads {
        let _ = writeln!(
            text,
            "    (\"PUSH\", 0), (\"THREAD_CREATE\", [{body}]), (\"STORE\", \"{name}\"),"
        );
    }
    for (_, name) in &threads {
        let _ = writeln!(text, "    (\"LOAD\", \"{name}\"), (\"THREAD_JOIN\",),");
    }
    text + "]\n"
}
