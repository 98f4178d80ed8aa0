//! Assertions whose message begins with the clause that is broken.

/// Panics with the clause, as in `C1 bound: …`, unless the condition holds.
macro_rules! ensure {
    ($clause:ident, $holds:expr, $($message:tt)+) => {
        if !$holds {
            panic!("{}: {}", forebay_contract::Clause::$clause, format_args!($($message)+));
        }
    };
}

/// Panics with the clause, both sides and what was promised, unless the sides are equal.
macro_rules! ensure_eq {
    ($clause:ident, $found:expr, $promised:expr, $($message:tt)+) => {
        match (&$found, &$promised) {
            (found, promised) => {
                if *found != *promised {
                    panic!(
                        "{}: {}: found {:?}, promised {:?}",
                        forebay_contract::Clause::$clause,
                        format_args!($($message)+),
                        found,
                        promised,
                    );
                }
            }
        }
    };
}

pub(crate) use {ensure, ensure_eq};
