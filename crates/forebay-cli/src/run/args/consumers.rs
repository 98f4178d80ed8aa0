//! How many consumers there are: how the values of `--jobs` and `--elastic` are read.

use std::num::NonZeroUsize;
use std::thread;

use crate::run::elastic::Bounds;

/// A thread each; systems allow fewer.
const MOST: usize = 1 << 16;

/// Reads what `--jobs` wants: a number, or one relative to the processors, as GNU parallel does.
pub(super) fn jobs(text: &str) -> Result<NonZeroUsize, String> {
    relative_to(processors().get(), text)
}

/// The processors that this process may use.
pub(super) fn processors() -> NonZeroUsize {
    thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

fn relative_to(processors: usize, text: &str) -> Result<NonZeroUsize, String> {
    let forms = || "--jobs wants a whole number, `auto`, +N, -N or N%".to_owned();
    let number = |digits| whole(digits).ok_or_else(forms);
    let wanted = if text == "auto" {
        processors
    } else if let Some(more) = text.strip_prefix('+') {
        processors.saturating_add(number(more)?)
    } else if let Some(fewer) = text.strip_prefix('-') {
        processors.saturating_sub(number(fewer)?).max(1)
    } else if let Some(percent) = text.strip_suffix('%') {
        (processors.saturating_mul(number(percent)?) / 100).max(1)
    } else {
        number(text)?
    };
    if wanted > MOST {
        return Err(format!("--jobs is at most {MOST}"));
    }
    NonZeroUsize::new(wanted).ok_or_else(|| {
        format!(
            "with 0 consumers nothing would ever run; give a number from 1 to {MOST}, or \
             --elastic 1..{MOST} for as many as the items need"
        )
    })
}

/// Reads `MIN..MAX`.
pub(super) fn elastic(text: &str) -> Result<Bounds, String> {
    let bounds =
        text.split_once("..").and_then(|(least, most)| Some((whole(least)?, whole(most)?)));
    match bounds {
        None => Err("--elastic wants MIN..MAX, two whole numbers, such as 1..16".to_owned()),
        Some((_, most)) if most > MOST => Err(format!("--elastic goes up to {MOST} consumers")),
        Some((0, _)) => {
            Err("with 0 consumers nothing would ever run; let MIN be at least 1".to_owned())
        }
        Some((least, most)) if least > most => {
            Err(format!("MIN is more than MAX; did you mean {most}..{least}?"))
        }
        Some((least, most)) => Ok(Bounds { least, most }),
    }
}

/// Digits and nothing else; what is too large for a number is the largest.
fn whole(digits: &str) -> Option<usize> {
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(digits.parse().unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_are_relative_to_the_processors() {
        let read = |text| relative_to(6, text).map(NonZeroUsize::get);
        for (text, expected) in [
            ("3", 3),
            ("auto", 6),
            ("+2", 8),
            ("+0", 6),
            ("-2", 4),
            ("-6", 1),
            ("-99", 1),
            ("50%", 3),
            ("100%", 6),
            ("250%", 15),
            ("10%", 1),
        ] {
            assert_eq!(read(text), Ok(expected), "{text}");
        }
        for wrong in
            ["0", "", "+", "-", "%", "x", "1.5", "++1", "-+1", "5%%", "+5%", "AUTO", "65537"]
        {
            assert!(read(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn elastic_is_a_range() {
        assert_eq!(elastic("1..16"), Ok(Bounds { least: 1, most: 16 }));
        assert_eq!(elastic("4..4"), Ok(Bounds { least: 4, most: 4 }));
        for wrong in
            ["5..2", "0..4", "3", "1..65537", "1..", "..4", "a..b", "1..=4", "-1..4", "1...4"]
        {
            assert!(elastic(wrong).is_err(), "{wrong:?}");
        }
    }
}
