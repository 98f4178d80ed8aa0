//! Figures in the form in which people read them, and the round ones among them at which an axis is marked.

/// A mark at an axis: its place, and what is written there.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Mark {
    pub(super) value: f64,
    pub(super) text: String,
}

const UNITS: [(&str, f64); 6] =
    [("h", 3600.0), ("min", 60.0), ("s", 1.0), ("ms", 1e-3), ("µs", 1e-6), ("ns", 1e-9)];

/// The largest unit of which this time is at least one; a time that is nothing is one of seconds.
fn unit(seconds: f64) -> (&'static str, f64) {
    if seconds <= 0.0 {
        return ("s", 1.0);
    }
    // A minute and a half is better told in seconds, an hour and a half in minutes.
    let enough = |size: f64| if size > 1.0 { 2.0 * size } else { size };
    UNITS.into_iter().find(|(_, size)| seconds >= enough(*size)).unwrap_or(UNITS[5])
}

/// A time with three digits.
pub(super) fn time(seconds: f64) -> String {
    let (name, size) = unit(seconds);
    format!("{}\u{a0}{name}", digits(seconds / size))
}

/// A figure with three digits, or a whole one with all of them.
pub(super) fn digits(value: f64) -> String {
    let text = match value.abs() {
        size if size >= 99.95 => return grouped(value.round() as u64),
        size if size >= 9.995 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    };
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A number with its thousands set apart, if it has more than four digits.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    if digits.len() < 5 {
        return digits;
    }
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// A part of a whole in percent.
pub(super) fn percent(part: f64) -> String {
    let percent = part.clamp(0.0, 1.0) * 100.0;
    if percent > 0.0 && percent < 1.0 {
        return "<\u{a0}1\u{a0}%".to_owned();
    }
    format!("{percent:.0}\u{a0}%")
}

/// The step between round numbers of which about `count` are in `span`.
fn step(span: f64, count: f64) -> f64 {
    let rough = span / count;
    let power = 10_f64.powf(rough.log10().floor());
    let lead = rough / power;
    // A little over a round number is that number: of 0 to 100, steps of 20.
    let round = [1.0, 2.0, 5.0].into_iter().find(|round| lead <= round * 1.01).unwrap_or(10.0);
    round * power
}

/// Round numbers from `from` to `to`, both included, of which there are about `count`.
fn round_numbers(from: f64, to: f64, count: f64) -> Vec<f64> {
    if to <= from {
        return vec![from];
    }
    let step = step(to - from, count);
    let first = (from / step - 1e-9).ceil() as i64;
    let last = (to / step + 1e-9).floor() as i64;
    (first..=last).map(|number| number as f64 * step).collect()
}

/// What is written at a round number.
fn written(value: f64) -> String {
    if value.abs() >= 1.0 && (value - value.round()).abs() < 1e-6 {
        return grouped(value.round() as u64);
    }
    // Enough decimals for the least of steps, and no more than needed.
    let text = format!("{value:.6}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text.is_empty() { "0".to_owned() } else { text.to_owned() }
}

/// Marks for numbers from 0; of things that cannot be halved, whole ones.
pub(super) fn numbers(most: f64, count: f64, is_whole: bool) -> Vec<Mark> {
    let is_mark = |value: &f64| !is_whole || (value - value.round()).abs() < 1e-6;
    let numbers = round_numbers(0.0, most, count).into_iter().filter(is_mark);
    numbers.map(|value| Mark { value, text: written(value) }).collect()
}

/// Marks for times from `from` to `to`, in seconds.
pub(super) fn times(from: f64, to: f64, count: f64) -> Vec<Mark> {
    let (name, size) = unit(to);
    let numbers = round_numbers(from / size, to / size, count);
    let mark =
        |value: f64| Mark { value: value * size, text: format!("{}\u{a0}{name}", written(value)) };
    numbers.into_iter().map(mark).collect()
}

/// Marks for times on an axis on which each doubling is as long: 1, 2 and 5 of each power of ten.
pub(super) fn times_by_doublings(from: f64, to: f64) -> Vec<Mark> {
    if to / from < 8.0 {
        return times(from, to, 5.0);
    }
    let leads: &[f64] = match (to / from).log10() {
        powers if powers <= 2.5 => &[1.0, 2.0, 5.0],
        powers if powers <= 4.0 => &[1.0, 3.0],
        _ => &[1.0],
    };
    let powers = (from.log10().floor() as i32)..=(to.log10().ceil() as i32);
    let values = powers.flat_map(|power| leads.iter().map(move |lead| lead * 10_f64.powi(power)));
    let inside = values.filter(|value| (from..=to).contains(value));
    inside.map(|value| Mark { value, text: time(value) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_the_unit_that_suits_them() {
        let cases = [
            (0.0, "0 s"),
            (1.234e-7, "123 ns"),
            (4.56e-5, "45.6 µs"),
            (0.25, "250 ms"),
            (1.5, "1.5 s"),
            (90.0, "90 s"),
            (150.0, "2.5 min"),
            (5400.0, "90 min"),
            (86_400.0, "24 h"),
        ];
        for (seconds, expected) in cases {
            assert_eq!(time(seconds).replace('\u{a0}', " "), expected);
        }
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(grouped(1234), "1234");
        assert_eq!(grouped(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!(digits(12_345.6), "12\u{202f}346");
        assert_eq!([0.0, 0.126, 9.999, 10.0, 99.96].map(digits), ["0", "0.13", "10", "10", "100"]);
    }

    #[test]
    fn marks_are_round_and_inside() {
        let texts = |marks: Vec<Mark>| {
            let texts: Vec<_> =
                marks.into_iter().map(|mark| mark.text.replace('\u{a0}', " ")).collect();
            texts.join(" | ")
        };
        assert_eq!(texts(numbers(64.0, 4.0, true)), "0 | 20 | 40 | 60");
        assert_eq!(texts(numbers(1.0, 4.0, true)), "0 | 1");
        assert_eq!(texts(numbers(0.5, 5.0, false)), "0 | 0.1 | 0.2 | 0.3 | 0.4 | 0.5");
        assert_eq!(texts(times(0.0, 0.012, 4.0)), "0 ms | 5 ms | 10 ms");
        assert_eq!(texts(times(0.0, 600.0, 5.0)), "0 min | 2 min | 4 min | 6 min | 8 min | 10 min");
        assert_eq!(
            texts(times_by_doublings(0.9e-3, 0.6)),
            "1 ms | 3 ms | 10 ms | 30 ms | 100 ms | 300 ms"
        );
        assert_eq!(texts(times_by_doublings(0.19, 0.32)), "200 ms | 250 ms | 300 ms");
    }
}
