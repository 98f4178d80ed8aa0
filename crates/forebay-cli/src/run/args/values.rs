//! How the values of flags are read.

use std::num::{IntErrorKind, NonZeroU64, NonZeroUsize, ParseIntError};
use std::time::Duration;

use forebay::Overflow;

/// Far from where adding to the present overflows.
const LONGEST: Duration = Duration::from_hours(24 * 36_500);

/// From one start to the next, far from what a machine can do.
const FASTEST: Duration = Duration::from_micros(1);

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

pub(super) fn capacity(text: &str) -> Result<NonZeroUsize, String> {
    from_one_to(MOST_CAPACITY, "--capacity", "a buffer holds at least 1 item", text)
}

pub(super) fn high(text: &str) -> Result<usize, String> {
    let nothing = "a buffer in which 0 items wait is not high";
    from_one_to(MOST_CAPACITY, "--high", nothing, text).map(NonZeroUsize::get)
}

pub(super) fn low(text: &str) -> Result<usize, String> {
    if text == "0" { Ok(0) } else { high(text).map_err(|why| why.replace("--high", "--low")) }
}

/// A number of bytes, with a unit or without: by thousands with k, m, g, kB, MB, GB, by 1024 with K, M, G,
/// KiB, MiB, GiB, as GNU parallel has it.
fn bytes(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit: u64 = match &text[digits.len()..] {
        "" | "B" => 1,
        "k" | "kB" => 1_000,
        "m" | "MB" => 1_000_000,
        "g" | "GB" => 1_000_000_000,
        "K" | "KiB" => 1 << 10,
        "M" | "MiB" => 1 << 20,
        "G" | "GiB" => 1 << 30,
        _ => {
            return Err("the units of size are k, m and g, by thousands, and K, M and G, by 1024"
                .to_owned());
        }
    };
    let number: u64 = digits.parse().map_err(|error: ParseIntError| match error.kind() {
        IntErrorKind::PosOverflow => "more bytes than any memory holds".to_owned(),
        _ => "want a size such as 4096, 500k or 64M".to_owned(),
    })?;
    number.checked_mul(unit).ok_or_else(|| "more bytes than any memory holds".to_owned())
}

pub(super) fn weight(text: &str) -> Result<NonZeroU64, String> {
    NonZeroU64::new(bytes(text)?).ok_or_else(|| "0 bytes hold nothing; give 1 or more".to_owned())
}

/// Bytes of items that may wait.
pub(crate) fn size(text: &str) -> Result<u64, String> {
    weight(text).map(NonZeroU64::get)
}

pub(super) fn block(text: &str) -> Result<NonZeroUsize, String> {
    let size = usize::try_from(bytes(text)?).ok().filter(|size| *size <= MOST_BYTES);
    let size = size.ok_or_else(|| format!("the largest block is {}G", MOST_BYTES >> 30))?;
    NonZeroUsize::new(size).ok_or_else(|| "a block holds at least 1 byte".to_owned())
}

pub(crate) fn on_full(text: &str) -> Result<Overflow, String> {
    Ok(match text {
        "wait" => Overflow::Wait,
        "refuse" => Overflow::Refuse,
        "drop-oldest" => Overflow::DropOldest,
        "drop-newest" => Overflow::DropThis,
        _ => match text.strip_prefix("wait=") {
            Some(time) => Overflow::WaitFor(duration(time)?),
            None => {
                return Err("want one of wait, wait=TIME, refuse, drop-oldest, drop-newest".into());
            }
        },
    })
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

pub(super) fn retries(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(0) => Err("an item is tried at least once; give 1 or more".to_owned()),
        Ok(number) => Ok(number),
        Err(_) => Err("--retries wants a whole number".to_owned()),
    }
}

pub(crate) fn duration(text: &str) -> Result<Duration, String> {
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

/// Reads how many may start in a time; gives the time from one to the next.
pub(crate) fn rate(text: &str) -> Result<Duration, String> {
    const FORMS: &str =
        "want a number of starts a second, a minute or an hour, such as 20/s, 0.5/m or 100/h";
    let (number, unit) = text.split_once('/').unwrap_or((text, "s"));
    let seconds = match unit {
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3_600.0,
        _ => return Err(FORMS.to_owned()),
    };
    let number: f64 = number.parse().map_err(|_| FORMS.to_owned())?;
    if number.is_nan() {
        return Err(FORMS.to_owned());
    }
    if number <= 0.0 {
        return Err(
            "at such a rate nothing would ever start; want a number greater than 0".to_owned()
        );
    }
    let interval = seconds / number;
    if interval < FASTEST.as_secs_f64() {
        return Err(
            "no machine starts more than 1000000 commands a second; leave --rate out".to_owned()
        );
    }
    Duration::try_from_secs_f64(interval)
        .ok()
        .filter(|interval| *interval <= LONGEST)
        .ok_or_else(|| "at such a rate nothing would start within a hundred years".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        for (text, bytes) in [
            ("1", 1),
            ("512B", 512),
            ("3k", 3_000),
            ("3K", 3 << 10),
            ("2MB", 2_000_000),
            ("2MiB", 2 << 20),
            ("16G", 16 << 30),
        ] {
            assert_eq!(weight(text).map(NonZeroU64::get), Ok(bytes), "{text}");
            assert_eq!(block(text).map(NonZeroUsize::get), Ok(bytes as usize), "{text}");
        }
        for wrong in [
            "",
            "0",
            "0k",
            "k",
            "-1",
            "1.5k",
            "5x",
            "20000000000GiB",
            "1e99",
            "99999999999999999999",
        ] {
            assert!(weight(wrong).is_err(), "{wrong:?}");
            assert!(block(wrong).is_err(), "{wrong:?}");
        }
        assert!(block("17G").is_err());
    }

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
    fn rates_have_a_time() {
        let ms = Duration::from_millis;
        assert_eq!(rate("20/s"), Ok(ms(50)));
        assert_eq!(rate("20"), Ok(ms(50)));
        assert_eq!(rate("0.5"), Ok(ms(2_000)));
        assert_eq!(rate("120/m"), Ok(ms(500)));
        assert_eq!(rate("1/h"), Ok(ms(3_600_000)));
        for wrong in
            ["", "0", "-1", "-0", "/s", "5/x", "5/", "nan", "inf", "1e99", "1e-99", "5s", "1/s/s"]
        {
            assert!(rate(wrong).is_err(), "{wrong:?}");
        }
    }
}
