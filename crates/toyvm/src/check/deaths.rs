//! Threads that are killed while a program runs: how many at most, and which.
//!
//! A thread that may die may do so before each step that others notice, and while it waits or sleeps. What it
//! does between two such steps nobody notices, nor whether it came to do it.

use std::collections::BTreeSet;
use std::fmt;

use super::bits::share_bits;
use super::explorer::Explorer;
use super::flaw::{Flaw, flawed};
use crate::machine::{Status, ThreadId};
use crate::program::Program;

/// The entry that dies only if it is named.
const MAIN: &str = "main";

/// Who may be killed while a program runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Deaths<'a> {
    /// How many threads at most.
    pub most: u32,
    /// Only these: threads that the file names, or all that run a list of that name. If none are named,
    /// anyone but main.
    pub of: &'a [String],
}

/// The program has neither a thread nor a list of that name that a thread runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoVictim {
    /// The name.
    pub name: String,
    /// Names that there are.
    pub known: Vec<String>,
}

impl fmt::Display for NoVictim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, known } = self;
        write!(
            f,
            "there is no thread `{name}` that could be killed; there are {}",
            known.join(", ")
        )?;
        // `worker[1]`, of which only `worker` is known.
        match known.iter().find(|it| *it == name_of(name)) {
            Some(several) => write!(f, "; `{several}` means each of its threads"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for NoVictim {}

impl Deaths<'_> {
    /// Whether the program has all whom they name.
    ///
    /// # Errors
    ///
    /// The first that it has not.
    pub fn check(&self, program: &Program) -> Result<(), NoVictim> {
        let lists = program.code_ids().map(|code| name_of(&program.code(code).name));
        let entries = program.entries().iter().filter_map(|entry| entry.name);
        let entries = entries.map(|name| program.texts().get(name));
        let known: BTreeSet<&str> = lists.chain(entries).collect();
        match self.of.iter().find(|name| !known.contains(name.as_str())) {
            None => Ok(()),
            Some(name) => Err(NoVictim {
                name: name.clone(),
                known: known.into_iter().map(str::to_owned).collect(),
            }),
        }
    }
}

/// What a list is called, without the number of which of several threads it is for.
fn name_of(list: &str) -> &str {
    list.split('[').next().unwrap_or(list)
}

/// Who may be killed.
#[derive(Debug, Default)]
pub(super) struct Mortals {
    most: u32,
    /// By entry.
    entries: Vec<bool>,
    /// Of threads that the program starts, by the list that they run.
    codes: Vec<bool>,
}

impl Mortals {
    /// Whether an entry may be killed.
    pub(super) fn has_entry(&self, entry: usize) -> bool {
        self.entries.get(entry) == Some(&true)
    }

    /// Whether anyone may be killed at all.
    pub(super) fn any(&self) -> bool {
        self.most > 0
    }

    pub(super) fn of(program: &Program, deaths: Deaths<'_>) -> Self {
        if deaths.most == 0 {
            return Self::default();
        }
        let is_meant = |name: &str| deaths.of.iter().any(|it| it == name);
        let codes = program.codes().iter();
        let codes = codes.map(|it| deaths.of.is_empty() || is_meant(name_of(&it.name))).collect();
        let entries = program.entries().iter().map(|entry| {
            let name = entry.name.map(|name| program.texts().get(name));
            match name {
                _ if deaths.of.is_empty() => name != Some(MAIN),
                Some(name) if is_meant(name) => true,
                _ => is_meant(name_of(&program.code(entry.code).name)),
            }
        });
        Self { most: deaths.most, entries: entries.collect(), codes }
    }
}

impl Explorer {
    /// Whether a thread may die now: a daemon, also when all others have ended.
    pub(super) fn may_die(&self, thread: ThreadId) -> bool {
        let Mortals { most, entries, codes } = &self.analysis.mortals;
        if *most == 0 {
            return false;
        }
        let (state, it) = (self.machine.state(), self.machine.thread(thread));
        let entry = entries.get(thread.index());
        if it.status().is_over() || !entry.unwrap_or_else(|| &codes[it.code().index()]) {
            return false;
        }
        let dead = state.threads().iter().filter(|it| matches!(it.status(), Status::Killed));
        dead.count() < *most as usize
    }

    /// Whether it matters to one of those things that a thread dies: it is over then, and has left its line.
    pub(super) fn is_met_by_death(&self, thread: ThreadId, against: &[u64]) -> bool {
        let accesses = &self.analysis.accesses;
        let waits = matches!(self.machine.thread(thread).status(), Status::Waiting(_));
        let leaves = waits && share_bits(against, accesses.at(self.site(thread)));
        (leaves || share_bits(against, accesses.end())) && !flawed(Flaw::DiesOutside)
    }

    /// Those who cannot go on, but may die.
    pub(super) fn dying(&self) -> impl Iterator<Item = ThreadId> + '_ {
        let state = self.machine.state();
        let all = state.threads().len() * usize::from(self.analysis.mortals.any());
        let all = (0..all).filter_map(|place| state.thread_at(place));
        all.filter(|thread| !state.ready().contains(*thread) && self.may_die(*thread))
    }
}
