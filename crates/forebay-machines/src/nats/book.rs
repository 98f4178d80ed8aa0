//! What one process knows of a buffer at this moment, and what only it knows.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use super::draft::{Draft, Pick};
use super::state::{Name, State};
use crate::engine::Answer;
use crate::settings::Settings;

/// A process whose beat has not been heard for so long has died, for those who wait behind it.
pub(super) const LIFE: Duration = Duration::from_secs(3);
/// What a process has leased, or set aside, is given back when it has not been heard for so long.
pub(super) const HOLD: Duration = Duration::from_secs(30);
/// That a process was there is forgotten after so long.
const MEMORY: Duration = Duration::from_mins(10);

/// What one process knows.
#[derive(Default)]
pub(super) struct Book {
    /// As of `last`.
    pub(super) state: State,
    /// The last sequence of the stream.
    pub(super) last: u64,
    /// Whether it was read at all.
    pub(super) is_read: bool,
    /// The documents that it wrote.
    pub(super) wrote: u64,
    /// When each other process was heard last, or first missed.
    pub(super) heard: HashMap<Name, Instant>,
    /// Since when each lease with a deadline is known as it is.
    known: HashMap<u64, (u64, Instant)>,
    /// Since when its own calls wait.
    pub(super) since: HashMap<u64, Instant>,
    /// Where the items lie that it read: their sequences.
    pub(super) places: HashMap<u64, u64>,
    /// What was handed out, and could not be read: it is to be given back.
    pub(super) owed: Vec<Pick>,
    /// Leases that nobody has, because they came to nobody, or their answer did not come to the server: to be ended so before
    /// anything else is decided.
    pub(super) disowned: Vec<(u64, Answer)>,
    /// Items that are being removed from the stream.
    pub(super) removing: HashSet<u64>,
    /// Items that it removed, as long as the document does not know.
    pub(super) removed: HashSet<u64>,
}

impl Book {
    /// A new state of things.
    pub(super) fn turn(&mut self, state: State, last: u64) {
        (self.state, self.last, self.is_read) = (state, last, true);
        self.observe();
    }

    /// Sees what goes by the clock. No clock is shared: a lease ends for whoever has known it for as long as it lasts
    /// (after C. Gray and D. Cheriton, *Leases*, 1989, with durations in place of times).
    fn observe(&mut self) {
        let now = Instant::now();
        self.state.gone.retain(|position, _| !self.removed.contains(position));
        let State { loans, gone, .. } = &self.state;
        self.owed
            .retain(|pick| loans.contains_key(&pick.token) || gone.contains_key(&pick.position));
        self.disowned.retain(|(token, _)| loans.contains_key(token));
        self.known.retain(|token, _| self.state.loans.contains_key(token));
        for (token, lease) in &self.state.loans {
            if lease.lasts.is_some() && self.known.get(token).is_none_or(|k| k.0 != lease.moved) {
                self.known.insert(*token, (lease.moved, now));
            }
        }
        self.heard.retain(|name, _| self.state.sessions.contains_key(name));
        for name in self.state.sessions.keys() {
            self.heard.entry(name.clone()).or_insert(now);
        }
    }

    /// When each lease that has a deadline ends.
    fn ends(&self) -> impl Iterator<Item = (u64, Option<Instant>)> + '_ {
        self.state.loans.iter().filter_map(|(token, lease)| {
            let known = self.known.get(token)?.1;
            Some((*token, known.checked_add(Duration::from_millis(lease.lasts?))))
        })
    }

    /// How long until something happens by the clock.
    pub(super) fn pause(&self) -> Option<Duration> {
        let soonest = self.ends().filter_map(|(_, end)| end).min()?;
        // A moment more, so that it has happened.
        Some(soonest.saturating_duration_since(Instant::now()) + Duration::from_millis(1))
    }

    /// The state to be worked on, without what is over by the clock.
    pub(super) fn draft<'a>(&'a mut self, settings: &'a Settings, own: &'a Name) -> Draft<'a> {
        let now = Instant::now();
        let is_over = |end: Option<Instant>| end.is_some_and(|end| end <= now);
        let over: Vec<u64> =
            self.ends().filter(|(_, end)| is_over(*end)).map(|(token, _)| token).collect();
        let silent: Vec<(Name, Duration)> = self
            .heard
            .iter()
            .filter(|(name, _)| *name != own)
            .map(|(name, heard)| (name.clone(), now.saturating_duration_since(*heard)))
            .filter(|(_, silent)| *silent >= LIFE)
            .collect();
        let state = self.state.clone();
        let was_unfinished = state.unfinished() > 0;
        let mut draft = Draft {
            was_unfinished,
            state,
            settings,
            own,
            is_for_consumers: false,
            since: &mut self.since,
        };
        // Nothing of its own is on its way any more.
        draft.state.replacing.remove(own);
        for pick in &self.owed {
            draft.undo(*pick);
        }
        for (token, answer) in &self.disowned {
            draft.answer(*answer, "", *token);
        }
        for token in over {
            draft.expire(token);
        }
        for (name, silent) in silent {
            draft.end_session(&name);
            if silent >= HOLD {
                draft.end_holds(&name);
            }
            if silent >= MEMORY {
                draft.state.sessions.remove(&name);
            }
        }
        draft
    }
}
