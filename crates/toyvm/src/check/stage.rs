//! What is round the machine of a search.

use super::touched::Touched;
use crate::machine::{Choice, Event, Machine, ThreadId, World};

/// Chooses what is to be chosen, and notes what happens.
#[derive(Debug, Default)]
pub(super) struct Stage {
    /// What to choose, one number after the other; beyond those, 0.
    pub(super) numbers: Vec<u64>,
    /// What was chosen in this step, and below what.
    pub(super) asked: Vec<(u64, u64)>,
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

impl Stage {
    /// Wherever a number is asked for, the least is chosen.
    pub(super) fn choose_first(&mut self) {
        self.numbers.clear();
    }

    /// The last number is chosen that was not the greatest, one more than it was, and all before it as they were;
    /// false if all were the greatest.
    pub(super) fn choose_next(&mut self) -> bool {
        self.numbers.clear();
        while let Some((number, below)) = self.asked.pop() {
            if number + 1 < below {
                self.numbers.extend(self.asked.drain(..).map(|(number, _)| number));
                self.numbers.push(number + 1);
                return true;
            }
        }
        false
    }
}

impl World for Stage {
    #[inline]
    fn choose(&mut self, _: &Machine, _: ThreadId, _: Choice, below: u64) -> u64 {
        let mut number = 0;
        if !self.is_dead {
            number = self.numbers.get(self.asked.len()).copied().unwrap_or(0);
            self.asked.push((number, below));
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
