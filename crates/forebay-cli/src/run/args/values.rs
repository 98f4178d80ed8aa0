//! How the values of flags are read.

use std::num::{IntErrorKind, NonZeroUsize, ParseIntError};
use std::time::Duration;

/// Far from where adding to the present overflows.
const LONGEST: Duration = Duration::from_hours(24 * 36_500);

/// A thread each; systems allow fewer.
const MOST_JOBS: usize = 1 << 16;

/// So many empty places take about 1 GiB.
const MOST_CAPACITY: usize = 1 << 24;

/// A command that reads so much can read it from a file.
const MOST_BYTES: usize = 16 << 30;

fn from_one_to(most: usize, flag: &str, what: &str, text: &str) -> Result<NonZeroUsize, String> {
    let too_many = || format!("{flag} is at most {most}");
    let number: usize = text.parse().map_err(|error: ParseIntError| {
        if *error.kind() == IntErrorKind::PosOverflow {
            too_many()
        } else {
            format!("{flag} wants a whole number")
        }
    })?;
    if number > most {
        return Err(too_many());
    }
    NonZeroUsize::new(number).ok_or_else(|| format!("{what}; give a number from 1 to {most}"))
}

pub(super) fn jobs(text: &str) -> Result<NonZeroUsize, String> {
    from_one_to(MOST_JOBS, "--jobs", "with 0 consumers nothing would ever run", text)
}

pub(super) fn capacity(text: &str) -> Result<NonZeroUsize, String> {
    from_one_to(MOST_CAPACITY, "--capacity", "a buffer holds at least 1 item", text)
}

pub(super) fn max_args(text: &str) -> Result<NonZeroUsize, String> {
    from_one_to(u32::MAX as usize, "--max-args", "a command gets at least 1 item", text)
}

pub(super) fn max_lines(text: &str) -> Result<NonZeroUsize, String> {
    from_one_to(u32::MAX as usize, "--max-lines", "a command gets at least 1 item", text)
}

pub(super) fn max_chars(text: &str) -> Result<NonZeroUsize, String> {
    from_one_to(1 << 30, "--max-chars", "a command has at least 1 byte", text)
}

/// A number of bytes, with a unit or without.
pub(super) fn bytes(text: &str) -> Result<NonZeroUsize, String> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let shift = match &text[digits.len()..] {
        "" => 0,
        "k" | "K" => 10,
        "m" | "M" => 20,
        "g" | "G" => 30,
        _ => return Err("want a number of bytes such as 500k, 10M or 1G".to_owned()),
    };
    let number: usize =
        digits.parse().map_err(|_| "want a size such as 500k, 10M or 1G".to_owned())?;
    let size = number.checked_mul(1 << shift).filter(|size| *size <= MOST_BYTES);
    let size = size.ok_or_else(|| format!("the largest size is {}G", MOST_BYTES >> 30))?;
    NonZeroUsize::new(size).ok_or_else(|| "want a size greater than 0".to_owned())
}

pub(super) fn retries(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(0) => Err("an item is tried at least once; give 1 or more".to_owned()),
        Ok(number) => Ok(number),
        Err(_) => Err("--retries wants a whole number".to_owned()),
    }
}

pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" => 60.0,
        "h" => 3_600.0,
        "d" => 86_400.0,
        _ => return Err("the units of time are ms, s, m, h and d".to_owned()),
    };
    let number: f64 =
        digits.parse().map_err(|_| "want a time such as 2.5, 500ms or 5m".to_owned())?;
    let seconds = number * unit;
    if seconds > LONGEST.as_secs_f64() {
        return Err("the longest time is 36500d, a hundred years".to_owned());
    }
    match Duration::try_from_secs_f64(seconds) {
        Ok(time) if !time.is_zero() => Ok(time),
        _ => Err("want a time greater than 0".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units() {
        assert_eq!(duration("2.5"), Ok(Duration::from_millis(2_500)));
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("2m"), Ok(Duration::from_mins(2)));
        assert_eq!(duration("36500d"), Ok(LONGEST));
        for wrong in ["", "0", "-1", "5x", "s", "nan", "1e400", "1e19", "inf", "36501d"] {
            assert!(duration(wrong).is_err(), "{wrong:?}");
        }
    }
    #[test]
    fn sizes_have_units() {
        let size = |text| bytes(text).map(NonZeroUsize::get);
        assert_eq!(size("12"), Ok(12));
        assert_eq!(size("3k"), Ok(3 << 10));
        assert_eq!(size("2M"), Ok(2 << 20));
        assert_eq!(size("16G"), Ok(16 << 30));
        for wrong in ["", "0", "0k", "-1", "5x", "17G", "M", "1.5M", "99999999999999999999"] {
            assert!(size(wrong).is_err(), "{wrong:?}");
        }
    }
}
