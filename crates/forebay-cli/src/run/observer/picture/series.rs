//! Figures over time in bounded memory, however long the run: a series of buckets of one width. When time
//! goes past the last bucket, each two neighbours become one, and the width doubles.

use std::time::Duration;

/// The most buckets of a series. Between half as many and all of them are in use, except at the very start.
pub(super) const BUCKETS: usize = 1024;

/// The width of a bucket at the start, in ns.
const FINEST: u64 = 1 << 13;

/// What is known of a span of time. The default is of a span in which nothing happened.
pub(super) trait Bucket: Default {
    /// Adds what is known of another span, or of a part of it: from 0 to 1, as if all had been spread evenly.
    fn add(&mut self, other: &Self, part: f64);
}

/// Figures over time.
#[derive(Debug)]
pub(super) struct Series<B> {
    buckets: Vec<B>,
    /// Of a bucket, in ns.
    width: u64,
}

impl<B> Default for Series<B> {
    fn default() -> Self {
        Self { buckets: Vec::new(), width: FINEST }
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

impl<B: Bucket> Series<B> {
    /// The bucket of a point in time.
    pub(super) fn at(&mut self, at: Duration) -> &mut B {
        let index = self.cover(nanos(at));
        &mut self.buckets[index]
    }

    /// Makes room until this time; gives the index of its bucket.
    fn cover(&mut self, at: u64) -> usize {
        while at / self.width >= BUCKETS as u64 {
            self.halve();
        }
        let index = (at / self.width) as usize;
        if index >= self.buckets.len() {
            self.buckets.resize_with(index + 1, B::default);
        }
        index
    }

    fn halve(&mut self) {
        let mut merged = Vec::with_capacity(BUCKETS);
        for pair in self.buckets.chunks_mut(2) {
            let mut bucket = std::mem::take(&mut pair[0]);
            if let Some(second) = pair.get(1) {
                bucket.add(second, 1.0);
            }
            merged.push(bucket);
        }
        self.buckets = merged;
        self.width *= 2;
    }

    /// Tells each bucket of a span how much of the span lies in it, in seconds. A span without length
    /// has one bucket too.
    pub(super) fn spread(
        &mut self,
        from: Duration,
        to: Duration,
        mut tell: impl FnMut(&mut B, f64),
    ) {
        let (from, to) = (nanos(from), nanos(to.max(from)));
        let last = self.cover(to);
        for index in (from / self.width) as usize..=last {
            let begin = from.max(index as u64 * self.width);
            let end = to.min((index as u64 + 1) * self.width);
            if begin < end || from == to {
                tell(&mut self.buckets[index], (end - begin) as f64 / 1e9);
            }
        }
    }

    /// The series until a point in time, in so many spans of equal length.
    pub(super) fn bins(&self, until: Duration, count: usize) -> Vec<B> {
        let until = nanos(until).max(1) as f64;
        let mut bins: Vec<B> = std::iter::repeat_with(B::default).take(count).collect();
        for (index, bucket) in self.buckets.iter().enumerate() {
            let begin = index as f64 * self.width as f64;
            // All that is in the last bucket happened before the end.
            let end = (begin + self.width as f64).min(until);
            let place = |time: f64| time / until * count as f64;
            let (begin, end) = (place(begin), place(end));
            if begin >= end {
                // Told a little after the end.
                bins[count - 1].add(bucket, 1.0);
                continue;
            }
            for (number, bin) in (begin as usize..count).zip(&mut bins[begin as usize..]) {
                let common = end.min(number as f64 + 1.0) - begin.max(number as f64);
                if common <= 0.0 {
                    break;
                }
                bin.add(bucket, common / (end - begin));
            }
        }
        bins
    }

    /// How many spans the series can be told in without making up detail, at most so many.
    pub(super) fn detail(&self, until: Duration, most: usize) -> usize {
        (nanos(until) / self.width).clamp(1, most as u64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sum, and the least and the greatest of what was added.
    #[derive(Debug, Clone, Default, PartialEq)]
    struct Sum {
        sum: f64,
        range: Option<(f64, f64)>,
    }

    impl Sum {
        fn note(&mut self, value: f64, weight: f64) {
            self.sum += value * weight;
            let (least, most) = self.range.unwrap_or((value, value));
            self.range = Some((least.min(value), most.max(value)));
        }
    }

    impl Bucket for Sum {
        fn add(&mut self, other: &Self, part: f64) {
            self.sum += other.sum * part;
            if let Some((least, most)) = other.range {
                let range = self.range.unwrap_or((least, most));
                self.range = Some((range.0.min(least), range.1.max(most)));
            }
        }
    }

    /// The spans as they were told, and nothing forgotten: what the buckets of a width must hold.
    fn naive(spans: &[(u64, u64, f64)], width: u64) -> Vec<Sum> {
        let end = spans.iter().map(|(_, to, _)| *to).max().unwrap_or(0);
        let mut buckets = vec![Sum::default(); (end / width) as usize + 1];
        for (from, to, value) in spans {
            for (index, bucket) in buckets.iter_mut().enumerate() {
                let (begin, after) = (index as u64 * width, (index as u64 + 1) * width);
                let common = (*to).min(after).saturating_sub((*from).max(begin));
                if common > 0 || (from == to && (begin..after).contains(from)) {
                    bucket.note(*value, common as f64 / 1e9);
                }
            }
        }
        buckets
    }

    fn random(state: &mut u64) -> u64 {
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        *state >> 33
    }

    fn assert_near(a: f64, b: f64) {
        assert!((a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1e-9), "{a} {b}");
    }

    #[test]
    fn halved_buckets_are_those_of_full_resolution() {
        for seed in 0..20_u64 {
            let mut state = seed;
            let mut series = Series::<Sum>::default();
            let mut spans = Vec::new();
            let mut at = 0;
            // Spans of which each is much longer than all before, and many short ones.
            for step in 0..300 {
                let length = random(&mut state) % (1 << (4 + step / 12 + seed % 5));
                let value = (random(&mut state) % 100) as f64;
                let (from, to) = (Duration::from_nanos(at), Duration::from_nanos(at + length));
                series.spread(from, to, |bucket, seconds| bucket.note(value, seconds));
                spans.push((at, at + length, value));
                at += length;
            }
            assert!(series.width > FINEST, "seed {seed}: it never halved");
            assert!(series.buckets.len() <= BUCKETS);
            let naive = naive(&spans, series.width);
            assert_eq!(naive.len(), series.buckets.len(), "seed {seed}");
            for (bucket, expected) in series.buckets.iter().zip(&naive) {
                assert_near(bucket.sum, expected.sum);
                assert_eq!(bucket.range, expected.range, "seed {seed}");
            }
        }
    }

    #[test]
    fn points_keep_their_count_and_their_place() {
        let mut series = Series::<Sum>::default();
        let mut state = 7;
        let mut at = 0;
        let mut points = Vec::new();
        for _ in 0..50_000 {
            at += random(&mut state) % 3_000_000;
            series.at(Duration::from_nanos(at)).note(1.0, 1.0);
            points.push(at);
        }
        assert!(
            (BUCKETS / 2..=BUCKETS).contains(&series.buckets.len()),
            "{}",
            series.buckets.len()
        );
        for (index, bucket) in series.buckets.iter().enumerate() {
            let own = |point: &&u64| **point / series.width == index as u64;
            assert_near(bucket.sum, points.iter().filter(own).count() as f64);
        }
    }

    #[test]
    fn bins_lose_nothing_and_are_even() {
        let mut series = Series::<Sum>::default();
        let until = Duration::from_millis(12_345);
        series.spread(Duration::ZERO, until, |bucket, seconds| bucket.note(1.0, seconds));
        for count in [1, 7, 100, 333] {
            let bins = series.bins(until, count);
            for bin in &bins {
                assert_near(bin.sum, until.as_secs_f64() / count as f64);
            }
        }
        // What is told after the end counts for its last moment.
        series.at(Duration::from_secs(20)).note(5.0, 1.0);
        let sum: f64 = series.bins(until, 10).iter().map(|bin| bin.sum).sum();
        assert_near(sum, until.as_secs_f64() + 5.0);
    }

    #[test]
    fn a_year_fits() {
        let mut series = Series::<Sum>::default();
        series.at(Duration::ZERO).note(1.0, 1.0);
        series.at(Duration::from_hours(24 * 365)).note(1.0, 1.0);
        series.at(Duration::MAX).note(1.0, 1.0);
        assert!(series.buckets.len() <= BUCKETS);
        assert_near(series.buckets.iter().map(|bucket| bucket.sum).sum(), 3.0);
    }
}
