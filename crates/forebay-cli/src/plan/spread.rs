//! Times that differ from each other: between two items, or for one.

use toyvm::chance::Chance;

/// How long something takes, from time to time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Spread {
    /// In seconds.
    pub(super) mean: f64,
    /// The standard deviation by the mean: 0 is always the same, 1 as if by chance alone, more is a few very long ones.
    pub(super) variation: f64,
}

impl Spread {
    /// One of them: constant, exponential, or else log-normal of this mean and variation, which is what times of work
    /// mostly look like.
    pub(super) fn draw(self, chance: &mut Chance) -> f64 {
        let Self { mean, variation } = self;
        if variation <= 0.0 {
            mean
        } else if (variation - 1.0).abs() < 1e-9 {
            -mean * uniform(chance).ln()
        } else {
            let square = (variation * variation).ln_1p();
            mean * (square.sqrt() * normal(chance) - square / 2.0).exp()
        }
    }
}

/// Above 0, at most 1.
fn uniform(chance: &mut Chance) -> f64 {
    const STEPS: u64 = 1 << 53;
    (chance.below(STEPS) + 1) as f64 / STEPS as f64
}

/// With mean 0 and deviation 1 (Box & Muller, 1958).
fn normal(chance: &mut Chance) -> f64 {
    let (radius, turn) = (uniform(chance), uniform(chance));
    (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * turn).cos()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_and_variation_are_as_asked_for() {
        for variation in [0.0, 0.5, 1.0, 2.0] {
            let spread = Spread { mean: 3.0, variation };
            let mut chance = Chance::new(7, 0);
            let drawn: Vec<f64> = (0..400_000).map(|_| spread.draw(&mut chance)).collect();
            assert!(drawn.iter().all(|time| *time >= 0.0));
            let mean = drawn.iter().sum::<f64>() / drawn.len() as f64;
            let square = drawn.iter().map(|time| (time - mean).powi(2)).sum::<f64>();
            let found = (square / drawn.len() as f64).sqrt() / mean;
            assert!((mean / 3.0 - 1.0).abs() < 0.02, "{variation}: mean {mean}");
            assert!((found - variation).abs() < 0.05 * variation.max(0.1), "{variation}: {found}");
        }
    }
}
