//! What is round the machine of a search.

use super::touched::Touched;
use crate::machine::{Choice, Event, Machine, ThreadId, World};

/// Chooses what is to be chosen, and notes what happens.
#[derive(Debug, Default)]
pub(super) struct Stage {
    /// What to choose, if anything is asked for; beyond that, 0.
    pub(super) number: u64,
    /// How many numbers there were to choose from; 0 if none was asked for.
    pub(super) choices: u64,
    /// The value that is asked for matters to nothing.
    pub(super) is_dead: bool,
    pub(super) last: Option<u64>,
    /// Whoever steps next dies.
    pub(super) dies: bool,
    /// Things and threads that were made in this step: by whom, where.
    pub(super) made: Vec<(Event, ThreadId, u32)>,
    /// What is printed is part of the state.
    pub(super) keeps_prints: bool,
    /// What was printed in this step.
    pub(super) printed: Vec<String>,
    /// What has changed since the state that was unpacked last.
    pub(super) touched: Touched,
    /// Who gets a lock may take it from one who is over, of which nothing is told.
    pub(super) is_robust: bool,
}

impl World for Stage {
    #[inline]
    fn choose(&mut self, _: &Machine, _: ThreadId, _: Choice, below: u64) -> u64 {
        let number = if self.is_dead { 0 } else { self.number };
        if !self.is_dead {
            self.choices = below;
        }
        self.last = Some(number);
        number
    }

    #[inline]
    fn dies(&mut self, _: &Machine, _: ThreadId) -> bool {
        std::mem::take(&mut self.dies)
    }

    fn print(&mut self, _: &Machine, _: ThreadId, line: &str) {
        self.printed.push(line.to_owned());
        self.touched = Touched::ALL;
    }

    #[inline]
    fn prints(&self) -> bool {
        self.keeps_prints
    }

    #[inline]
    fn event(&mut self, machine: &Machine, thread: ThreadId, at: u32, event: Event) {
        self.touched.note(machine, thread, event);
        match event {
            Event::Created(_) | Event::Started(_) => self.made.push((event, thread, at)),
            Event::Acquired(_) if self.is_robust => self.touched = Touched::ALL,
            _ => {}
        }
    }
}
