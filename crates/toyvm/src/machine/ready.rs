//! Which threads can go on, as a set that tells fast who comes next.

use super::ThreadId;

/// A set of threads, by number.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Ready {
    words: Vec<u64>,
    /// How many are in each word.
    counts: Vec<u8>,
    count: usize,
}

impl Ready {
    /// How many can go on.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether nobody can.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Whether that thread can.
    pub fn contains(&self, thread: ThreadId) -> bool {
        self.words
            .get(thread.index() / 64)
            .is_some_and(|word| word & (1 << (thread.index() % 64)) != 0)
    }

    pub(super) fn clear(&mut self) {
        self.words.fill(0);
        self.counts.fill(0);
        self.count = 0;
    }

    pub(crate) fn copy_from(&mut self, other: &Self) {
        self.words.clone_from(&other.words);
        self.counts.clone_from(&other.counts);
        self.count = other.count;
    }

    pub(crate) fn set(&mut self, thread: ThreadId, ready: bool) {
        let (word, bit) = (thread.index() / 64, 1 << (thread.index() % 64));
        if self.words.len() <= word {
            self.words.resize(word + 1, 0);
            self.counts.resize(word + 1, 0);
        }
        let was = self.words[word] & bit != 0;
        if was != ready {
            self.words[word] ^= bit;
            if ready {
                self.count += 1;
                self.counts[word] += 1;
            } else {
                self.count -= 1;
                self.counts[word] -= 1;
            }
        }
    }

    /// Them, in order of creation.
    pub fn iter(&self) -> impl Iterator<Item = ThreadId> + '_ {
        self.words.iter().enumerate().flat_map(|(at, word)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                (left != 0).then(|| {
                    let bit = left.trailing_zeros();
                    left &= left - 1;
                    ThreadId((at * 64) as u32 + bit)
                })
            })
        })
    }

    /// The `n`-th of them, from 0, in order of creation.
    pub fn nth(&self, mut n: usize) -> Option<ThreadId> {
        for (at, here) in self.counts.iter().enumerate() {
            let here = usize::from(*here);
            if n < here {
                let mut left = self.words[at];
                for _ in 0..n {
                    left &= left - 1;
                }
                return Some(ThreadId((at * 64) as u32 + left.trailing_zeros()));
            }
            n -= here;
        }
        None
    }

    /// The first at or after `from` in order of creation, beginning anew after the last.
    pub fn next_from(&self, from: ThreadId) -> Option<ThreadId> {
        if self.count == 0 {
            return None;
        }
        let start = from.index() / 64;
        let after = |word: usize, mask: u64| {
            let left = self.words.get(word).copied().unwrap_or(0) & mask;
            (left != 0).then(|| ThreadId((word * 64) as u32 + left.trailing_zeros()))
        };
        after(start, !0 << (from.index() % 64))
            .or_else(|| (start + 1..self.words.len()).find_map(|word| after(word, !0)))
            .or_else(|| (0..self.words.len()).find_map(|word| after(word, !0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_set_in_order() {
        let mut ready = Ready::default();
        for thread in [3, 64, 130, 3] {
            ready.set(ThreadId(thread), true);
        }
        ready.set(ThreadId(7), true);
        ready.set(ThreadId(7), false);
        assert_eq!(ready.len(), 3);
        assert_eq!(ready.iter().map(ThreadId::index).collect::<Vec<_>>(), [3, 64, 130]);
        assert!(ready.contains(ThreadId(64)) && !ready.contains(ThreadId(7)));
        let nth: Vec<_> = (0..4).map(|n| ready.nth(n).map(ThreadId::index)).collect();
        assert_eq!(nth, [Some(3), Some(64), Some(130), None]);
        let next = |from| ready.next_from(ThreadId(from)).map(ThreadId::index);
        assert_eq!(
            [next(0), next(3), next(4), next(65), next(131), next(900)].map(Option::unwrap),
            [3, 3, 64, 130, 3, 3]
        );
        assert_eq!(Ready::default().next_from(ThreadId(0)), None);
    }
}
