//! Outlines of steps, as SVG draws them: each value as wide as the others, over [`WIDTH`] units.

use std::fmt::Write as _;

/// Of a picture, in units that the page stretches to whatever room there is.
pub(super) const WIDTH: f64 = 1000.0;

/// The corners of steps from left to right: x of the step's beginning and its height, where it changes.
fn corners(values: &[f64]) -> Vec<(f64, f64)> {
    let width = WIDTH / values.len().max(1) as f64;
    let mut corners: Vec<(f64, f64)> = Vec::new();
    for (index, value) in values.iter().enumerate() {
        if corners.last().is_none_or(|(_, last)| (last - value).abs() >= 0.05) {
            corners.push((index as f64 * width, *value));
        }
    }
    corners
}

/// The top of the steps; y is counted from above, as in SVG.
pub(super) fn line(tops: &[f64]) -> String {
    let mut path = String::new();
    for (index, (x, y)) in corners(tops).into_iter().enumerate() {
        let _ = if index == 0 {
            write!(path, "M{x:.1} {y:.1}")
        } else {
            write!(path, "H{x:.1}V{y:.1}")
        };
    }
    let _ = write!(path, "H{WIDTH}");
    path
}

/// What lies between two rows of steps.
pub(super) fn area(tops: &[f64], bottoms: &[f64]) -> String {
    if tops.iter().zip(bottoms).all(|(top, bottom)| (top - bottom).abs() < 0.05) {
        return String::new();
    }
    let mut path = line(tops);
    for (x, y) in corners(bottoms).into_iter().rev() {
        let _ = write!(path, "V{y:.1}H{x:.1}");
    }
    path.push('Z');
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_steps_are_one() {
        assert_eq!(line(&[5.0, 5.0, 7.0, 7.0]), "M0.0 5.0H500.0V7.0H1000");
        assert_eq!(area(&[5.0, 7.0], &[9.0, 9.0]), "M0.0 5.0H500.0V7.0H1000V9.0H0.0Z");
        assert_eq!(area(&[5.0, 9.0], &[9.0, 10.0]), "M0.0 5.0H500.0V9.0H1000V10.0H500.0V9.0H0.0Z");
        assert_eq!(area(&[3.0], &[3.0]), "");
    }
}
