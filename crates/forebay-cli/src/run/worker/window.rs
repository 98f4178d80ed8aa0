//! The items that a worker has been given and has not answered yet, and how many these may be.
//!
//! As many as the worker answers in [`AHEAD`], judged by its last answers: a fast one is never idle while we
//! sleep, and a slow one has one item only. An item that suddenly takes long holds up those behind
//! it, which is the price; it is bounded by the time that they would have taken.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::time::{Duration, Instant};

use forebay::Lease;

use crate::run::item::Item;

/// The most items in flight.
pub(crate) const MOST: usize = 256;

/// No more is in flight than a pipe holds.
const BYTES: u64 = 1 << 16;

/// So much work may be ahead of a worker.
const AHEAD: Duration = Duration::from_millis(1);

/// An item in flight: it ends at this place in all that the worker is given.
#[derive(Debug)]
struct Sent {
    lease: Lease<Item>,
    end: u64,
}

/// The items in flight, oldest first.
#[derive(Debug)]
pub(super) struct Window {
    sent: VecDeque<Sent>,
    /// How many there may be.
    limit: usize,
    /// What is still to be written, from `written` on.
    pending: Vec<u8>,
    written: usize,
    /// All bytes that this worker was given or is to be given, and of these the ones that were answered.
    given: u64,
    answered: u64,
    /// Since when the oldest is the oldest.
    since: Instant,
}

impl Window {
    pub(super) fn new() -> Self {
        Self {
            sent: VecDeque::new(),
            limit: 1,
            pending: Vec::new(),
            written: 0,
            given: 0,
            answered: 0,
            since: Instant::now(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.sent.is_empty()
    }

    /// Whether to fetch more: only when half of what may be in flight is back, so that they go together.
    pub(super) fn wants_more(&self) -> bool {
        self.sent.len() <= self.limit / 2 && self.has_room()
    }

    /// Whether one more may be in flight.
    pub(super) fn has_room(&self) -> bool {
        self.sent.len() < self.limit && (self.sent.is_empty() || self.given - self.answered < BYTES)
    }

    /// Adds an item, which is one argument, to be written with this byte behind it.
    pub(super) fn push(&mut self, lease: Lease<Item>, end: u8) {
        if self.written == self.pending.len() {
            self.pending.clear();
            self.written = 0;
        }
        let before = self.pending.len();
        self.pending.extend(lease.args.iter().flat_map(|arg| OsStr::as_bytes(arg)));
        self.pending.push(end);
        self.given += (self.pending.len() - before) as u64;
        self.sent.push_back(Sent { lease, end: self.given });
    }

    /// What is still to be written.
    pub(super) fn pending(&self) -> &[u8] {
        &self.pending[self.written..]
    }

    /// So many of these bytes were written.
    pub(super) fn wrote(&mut self, bytes: usize) {
        self.written += bytes;
        if self.written == self.pending.len() && self.pending.capacity() > 1 << 17 {
            // A very long item leaves no such memory behind.
            self.pending = Vec::new();
            self.written = 0;
        }
    }

    /// How many of the oldest the worker has read to their end, with so many written bytes unread.
    pub(super) fn read_whole(&self, unread: u64) -> usize {
        let read = self.read(unread);
        self.sent.iter().take_while(|sent| sent.end <= read).count()
    }

    /// Whether the worker has read anything of this item, counted from the oldest, 0.
    pub(super) fn has_begun(&self, index: usize, unread: u64) -> bool {
        let start = index.checked_sub(1).map_or(self.answered, |before| self.sent[before].end);
        index < self.sent.len() && start < self.read(unread)
    }

    /// Whether the worker has read anything at all.
    pub(super) fn was_read(&self, unread: u64) -> bool {
        self.read(unread) > 0
    }

    fn read(&self, unread: u64) -> u64 {
        self.given - self.pending().len() as u64 - unread
    }

    /// The oldest first.
    pub(super) fn items(&self) -> impl Iterator<Item = &Item> + Clone {
        self.sent.iter().map(|sent| &*sent.lease)
    }

    /// Takes the oldest out.
    pub(super) fn pop(&mut self) -> Option<Lease<Item>> {
        let sent = self.sent.pop_front()?;
        self.answered = sent.end;
        sent.lease.end_duty();
        Some(sent.lease)
    }

    /// The worker reads no more: takes out what it has not begun, the newest first.
    pub(super) fn cut(&mut self, unread: u64) -> Vec<Lease<Item>> {
        let mut cut = Vec::new();
        while let Some(last) = self.sent.len().checked_sub(1)
            && !self.has_begun(last, unread)
        {
            let Some(sent) = self.sent.pop_back() else { break };
            sent.lease.end_duty();
            cut.push(sent.lease);
        }
        self.given = self.read(unread);
        self.pending.clear();
        self.written = 0;
        cut
    }

    /// How long the oldest has been the oldest.
    pub(super) fn age(&self) -> Duration {
        self.since.elapsed()
    }

    /// From now on another is the oldest.
    pub(super) fn begin(&mut self) {
        self.since = Instant::now();
    }

    /// So many answers, at least one, took so long.
    pub(super) fn learn(&mut self, answers: usize, time: Duration) {
        let each = (time.as_nanos() / answers as u128).max(1);
        let wanted = usize::try_from(AHEAD.as_nanos() / each).unwrap_or(MOST);
        self.limit = wanted.clamp(1, (2 * self.limit).min(MOST));
    }

    /// The next worker is another one: nothing is known of it.
    pub(super) fn start_over(&mut self) {
        debug_assert!(self.sent.is_empty(), "items are given back first");
        *self = Self::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_follows_the_answers() {
        let mut window = Window::new();
        let mut limits = Vec::new();
        for (answers, micros) in
            [(1, 100), (2, 100), (4, 40), (8, 40), (16, 40), (1, 200), (1, 600)]
        {
            window.learn(answers, Duration::from_micros(micros));
            limits.push(window.limit);
        }
        assert_eq!(
            limits,
            [2, 4, 8, 16, 32, 5, 1],
            "at most twice as many, at most a millisecond's"
        );
        for _ in 0..20 {
            window.learn(1000, Duration::ZERO);
        }
        assert_eq!(window.limit, MOST);
        window.learn(1, Duration::from_hours(1));
        assert_eq!(window.limit, 1);
    }
}
