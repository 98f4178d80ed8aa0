//! When to stop before all items are done: `--halt now|soon,fail|success|done=N|N%`.

use std::str::FromStr;

/// Whether what runs may finish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    Now,
    Soon,
}

/// Which items count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    Fail,
    Success,
    Done,
}

/// How many of them.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Many {
    Number(u64),
    /// Of all items, between 0 and 100.
    Percent(f64),
}

/// The condition that stops a run early.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Halt {
    pub(crate) when: When,
    pub(crate) what: What,
    many: Many,
}

impl FromStr for Halt {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            "want WHEN,WHAT=N with WHEN now or soon, WHAT fail, success or done, N a number from 1 \
             or a percentage: now,fail=1 or soon,fail=10%"
                .to_owned()
        };
        let (when, condition) = text.split_once(',').ok_or_else(wrong)?;
        let (what, many) = condition.split_once('=').ok_or_else(wrong)?;
        let when = match when {
            "now" => When::Now,
            "soon" => When::Soon,
            _ => return Err(wrong()),
        };
        let what = match what {
            "fail" => What::Fail,
            "success" => What::Success,
            "done" => What::Done,
            _ => return Err(wrong()),
        };
        let many = if let Some(percent) = many.strip_suffix('%') {
            let percent: f64 = percent.parse().map_err(|_| wrong())?;
            if !(percent > 0.0 && percent <= 100.0) {
                return Err(wrong());
            }
            Many::Percent(percent)
        } else {
            match many.parse() {
                Ok(0) | Err(_) => return Err(wrong()),
                Ok(number) => Many::Number(number),
            }
        };
        Ok(Self { when, what, many })
    }
}

impl Halt {
    /// Whether the total has to be known.
    pub(crate) fn needs_total(self) -> bool {
        matches!(self.many, Many::Percent(_))
    }

    /// Whether to stop, with so many items succeeded and failed of a total that may not be known
    /// yet.
    pub(crate) fn is_reached(self, succeeded: u64, failed: u64, total: Option<u64>) -> bool {
        let count = match self.what {
            What::Fail => failed,
            What::Success => succeeded,
            What::Done => succeeded + failed,
        };
        match self.many {
            Many::Number(number) => count >= number,
            Many::Percent(percent) => total
                .is_some_and(|total| count > 0 && count as f64 * 100.0 >= total as f64 * percent),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions() {
        let halt: Halt = "now,fail=2".parse().unwrap();
        assert_eq!((halt.when, halt.what), (When::Now, What::Fail));
        assert!(!halt.is_reached(9, 1, None) && halt.is_reached(0, 2, None));
        let halt: Halt = "soon,done=50%".parse().unwrap();
        assert!(halt.needs_total());
        assert!(!halt.is_reached(3, 2, None), "the total is not known");
        assert!(!halt.is_reached(3, 1, Some(10)) && halt.is_reached(3, 2, Some(10)));
        let halt: Halt = "soon,success=0.5%".parse().unwrap();
        assert!(!halt.is_reached(0, 50, Some(100)) && halt.is_reached(1, 0, Some(100)));
    }

    #[test]
    fn wrong_conditions_say_what_is_wanted() {
        for wrong in
            ["", "now", "never,fail=1", "now,fail", "now,fail=0", "soon,fail=0%", "soon,done=101%"]
        {
            assert!(wrong.parse::<Halt>().unwrap_err().contains("soon,fail=10%"), "{wrong:?}");
        }
    }
}
