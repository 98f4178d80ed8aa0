//! How many consumers are wanted, from who waited on whom.
//!
//! The number that balances a run is the offered load L = λ · S, as in
//! [`bottleneck`](crate::run::report::bottleneck): the rate at which items come, times how long one takes. Both
//! are measured over the recent past, which says at once where to go, with no steps on the way there.
//!
//! - λ is known only while nothing holds the producers back. While they wait for room (or have put all, and it
//!   waits for consumers), the number grows by steps that double, until they wait no longer.
//! - S is known once items have come to their end. Until then, and when they suddenly take longer, it
//!   is at least as long as all consumers have been busy with none of them ending.
//! - Where consumers wait for the rate of `--rate`, they are enough: what is busy is the load.
//!
//! Growing needs consumers that are all busy, so that somebody waits for them. Shrinking needs more: that for
//! a while every look agreed that so many would do, counting also those that are busy. Small
//! differences are left alone, and those who went down in vain wait longer before the next time: so
//! the number stands still at a constant load, however noisy.

use std::collections::VecDeque;
use std::time::Duration;

use super::recent::Recent;

/// As in [`bottleneck`](crate::run::report::bottleneck): less is not said to wait.
const NEGLIGIBLE: f64 = 0.1;

/// So much of the load may be noise, where the question is whether there are enough; and where it is
/// whether fewer would do.
const SLACK: f64 = 0.05;
const LESS_SLACK: f64 = 0.03;

/// Consumers that are busy for this part of their time are all busy.
const ALL: f64 = 0.95;

/// So many times the number cannot be noise.
const FAR: f64 = 1.1;

/// The last look and those shortly before it, together.
const LATELY: usize = 8;

/// Between two steps while producers are held back.
const STEP: Duration = Duration::from_millis(50);

/// So long a load that was known is still believed, once producers are held back.
const FRESH: Duration = Duration::from_millis(250);

/// How long it must be clear that some more are needed, or that fewer would do.
const SURE: Duration = Duration::from_millis(800);
const PATIENCE: Duration = Duration::from_millis(400);
const MOST_PATIENCE: Duration = Duration::from_secs(26);

/// Who goes up and down within this goes to and fro.
const SOON: Duration = Duration::from_secs(8);
const AGES: Duration = Duration::from_mins(1);

/// What was measured since the last look.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sample {
    /// Since the start.
    pub(super) at: Duration,
    /// The part of the time in which producers were held back, from 0 to 1.
    pub(super) held: f64,
    /// How many consumers were busy, in the mean.
    pub(super) busy: f64,
    /// The part of the time in which a consumer waited for the rate, from 0 to 1.
    pub(super) paced: f64,
    /// Items put.
    pub(super) put: u64,
    /// Items that came to their end, and how long they took together.
    pub(super) ended: u64,
    pub(super) service: Duration,
}

/// One look, and which part of the consumers that there were was busy.
#[derive(Debug, Clone, Copy)]
struct Look {
    sample: Sample,
    busy_part: f64,
}

/// The load as it was seen at one look.
#[derive(Debug, Clone, Copy)]
struct View {
    at: Duration,
    load: f64,
}

/// Decides; has no clock, and does nothing.
#[derive(Debug)]
pub(super) struct Controller {
    least: usize,
    most: usize,
    number: usize,
    lately: VecDeque<Look>,
    put: Recent,
    ended: Recent,
    /// How long all consumers have been busy with no item ending.
    in_service: Duration,
    /// The next step while producers are held back.
    step: usize,
    changed: Duration,
    /// The load as it was seen since the number grew, as far back as it matters.
    views: VecDeque<View>,
    /// The last load that was known.
    known: Option<View>,
    patience: Duration,
    /// When the number last went down, and to what; and whether it has gone up since.
    shrunk: Option<(Duration, usize)>,
    has_grown: bool,
}

impl Controller {
    /// Begins with the least.
    pub(super) fn new(least: usize, most: usize) -> Self {
        Self {
            least,
            most,
            number: least,
            lately: VecDeque::new(),
            put: Recent::default(),
            ended: Recent::default(),
            in_service: Duration::ZERO,
            step: 1,
            changed: Duration::ZERO,
            views: VecDeque::new(),
            known: None,
            patience: PATIENCE,
            shrunk: None,
            has_grown: false,
        }
    }

    /// How many are wanted from now on.
    pub(super) fn next(&mut self, sample: &Sample) -> usize {
        let now = sample.at;
        let before = self.lately.back().map_or(Duration::ZERO, |last| last.sample.at);
        let busy_part = (sample.busy / self.number as f64).min(1.0);
        self.lately.push_back(Look { sample: *sample, busy_part });
        if self.lately.len() > LATELY {
            self.lately.pop_front();
        }
        let are_all_busy = self.mean(|look| look.busy_part) >= ALL;
        let is_paced = self.mean(|look| look.sample.paced) >= NEGLIGIBLE;
        let held = self.mean(|look| look.sample.held).min(sample.held);
        self.put.note(now, sample.put, Duration::ZERO);
        self.put.notice_more(now);
        self.ended.note(now, sample.ended, sample.service);
        if sample.ended > 0 {
            self.in_service = Duration::ZERO;
        } else if are_all_busy {
            self.in_service += now.saturating_sub(before);
        }
        if held >= NEGLIGIBLE && !is_paced {
            // What comes now is not what would come.
            self.put.clear();
            self.views.clear();
            if now.saturating_sub(self.changed) >= STEP {
                let wanted = self.number + self.step;
                // Where there were enough a moment ago, what has piled up is soon gone.
                let were_enough = self.known.is_some_and(|known| {
                    now.saturating_sub(known.at) < FRESH && wanted > enough(known.load, SLACK)
                });
                self.step = if were_enough { 1 } else { (2 * self.step).min(self.most) };
                self.change(now, wanted);
            }
            return self.number;
        }
        self.step = 1;
        let busy = self.busy();
        if is_paced {
            self.see(now, busy);
            // One to spare, so that a start never waits for a consumer.
            self.shrink(now, |load| load.floor() as usize + 1);
        } else if let Some(load) = self.load(now) {
            self.known = Some(View { at: now, load });
            if !are_all_busy {
                self.see(now, load.max(busy));
                self.shrink(now, |load| enough(load, LESS_SLACK));
            } else if load * (1.0 - SLACK) > FAR * self.number as f64 {
                self.change(now, enough(load, SLACK));
            } else {
                self.see(now, load);
                self.grow_if_sure(now);
            }
        }
        self.number
    }

    /// The offered load, if it is known.
    fn load(&self, now: Duration) -> Option<f64> {
        let at_least = self.in_service.as_secs_f64();
        let service = self.ended.mean().unwrap_or(0.0).max(at_least);
        Some(self.put.rate(now)? * service)
    }

    fn mean(&self, of: impl Fn(&Look) -> f64) -> f64 {
        self.lately.iter().map(of).sum::<f64>() / self.lately.len().max(1) as f64
    }

    /// How many are busy, in the mean of the last looks, fewer of them: this goes down by itself.
    fn busy(&self) -> f64 {
        let looks = self.lately.iter().rev().take(LATELY / 2);
        let (number, sum) =
            looks.fold((0, 0.0), |(number, sum), look| (number + 1, sum + look.sample.busy));
        sum / f64::from(number.max(1))
    }

    fn see(&mut self, at: Duration, load: f64) {
        self.views.push_back(View { at, load });
        let matters = SURE.max(self.patience);
        while self.views.front().is_some_and(|view| at.saturating_sub(view.at) > matters) {
            self.views.pop_front();
        }
    }

    /// The views of so long until now; none if there are not as many yet.
    fn views_of(&self, now: Duration, time: Duration) -> Option<impl Iterator<Item = f64>> {
        let from = now.checked_sub(time)?;
        self.views.front().filter(|first| first.at <= from)?;
        Some(self.views.iter().filter(move |view| view.at >= from).map(|view| view.load))
    }

    fn grow_if_sure(&mut self, now: Duration) {
        let Some(loads) = self.views_of(now, SURE) else { return };
        let (number, sum) = loads.fold((0, 0.0), |(number, sum), load| (number + 1, sum + load));
        let wanted = enough(sum / f64::from(number.max(1)), SLACK);
        if wanted > self.number {
            self.change(now, wanted);
        }
    }

    fn shrink(&mut self, now: Duration, wanted: impl Fn(f64) -> usize) {
        let agreed =
            |loads: Option<_>| loads.map(|loads| wanted(Iterator::fold(loads, 0.0, f64::max)));
        // When much less is needed there is nothing to be patient about.
        let soon = agreed(self.views_of(now, self.patience.min(SURE)))
            .filter(|wanted| wanted + 2 <= self.number && 4 * wanted <= 3 * self.number);
        let Some(wanted) = soon.or_else(|| agreed(self.views_of(now, self.patience))) else {
            return;
        };
        // One of many is not worth a change; nor is each step of a load that still goes down.
        if 10 * wanted < 9 * self.number && now.saturating_sub(self.changed) >= PATIENCE / 2 {
            self.change(now, wanted);
        }
    }

    fn change(&mut self, now: Duration, wanted: usize) {
        let wanted = wanted.clamp(self.least, self.most);
        if wanted == self.number {
            return;
        }
        if wanted > self.number {
            self.has_grown = true;
            self.views.clear();
        } else {
            if self.has_grown {
                // Down to much the same number as lately: the way up in between was to and fro.
                let again = self.shrunk.is_some_and(|(at, number)| {
                    let is_much_the_same = 4 * wanted.abs_diff(number) <= number.max(4);
                    now.saturating_sub(at) < if is_much_the_same { AGES } else { SOON }
                });
                self.patience =
                    if again { (3 * self.patience).min(MOST_PATIENCE) } else { PATIENCE };
            }
            self.has_grown = false;
            self.shrunk = Some((now, wanted));
        }
        self.number = wanted;
        self.changed = now;
    }
}

/// How many suffice for a load of which such a part may be noise.
fn enough(load: f64, slack: f64) -> usize {
    ((load * (1.0 - slack)).ceil() as usize).max(1)
}
