//! How long a command may be.
//!
//! Linux gives arguments and environment together a quarter of the stack's limit, at least 128 KiB and
//! at most 6 MiB, and counts a pointer for each; one of them may be 128 KiB long. As xargs does we leave
//! some of it unused: for what a script's interpreter adds, and for what a command adds to its
//! environment before it runs another.

use std::env;
use std::ffi::OsString;

use rustix::process::{Resource, getrlimit};

/// What POSIX wants left, and a path: the program's is counted, too.
const HEADROOM: usize = 2048 + 4096;

/// The longest argument or variable, its zero byte included.
const LONGEST_STRING: usize = 128 << 10;

const POINTER: usize = size_of::<usize>();

/// What a command and the variables given to it take, each with a zero byte after it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Length {
    pub(crate) bytes: usize,
    pub(crate) words: usize,
    /// Each variable's.
    pub(crate) variables: Vec<usize>,
}

/// What a command may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limit {
    room: usize,
    /// `-s`: for the arguments.
    most_bytes: usize,
    /// Whether all of it is one argument.
    is_script: bool,
}

impl Limit {
    /// The system's, less the environment; and what the user asks for.
    pub(crate) fn new(most_bytes: Option<usize>, is_script: bool) -> Self {
        let stack = getrlimit(Resource::Stack).current.map_or(usize::MAX, |stack| stack as usize);
        let system = (stack / 4).clamp(128 << 10, 6 << 20);
        let environment: usize =
            env::vars_os().map(|(name, value)| name.len() + value.len() + 2 + POINTER).sum();
        Self {
            room: system.saturating_sub(environment + HEADROOM),
            most_bytes: most_bytes.unwrap_or(usize::MAX),
            is_script,
        }
    }

    pub(crate) fn allows(&self, length: &Length) -> bool {
        let variables: usize = length.variables.iter().map(|variable| variable + POINTER).sum();
        length.bytes <= self.most_bytes
            && !(self.is_script && length.bytes > LONGEST_STRING)
            && length.variables.iter().all(|variable| *variable <= LONGEST_STRING)
            && length.bytes + length.words * POINTER + variables <= self.room
    }
}

/// The bytes that `-s` counts. Of `sh -c SCRIPT` it is the script's.
pub(crate) fn bytes_of(argv: &[OsString], is_script: bool) -> usize {
    let counted = if is_script { &argv[2..] } else { argv };
    counted.iter().map(|word| word.len() + 1).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bound_holds_by_itself() {
        let length = |bytes, words, variable| Length { bytes, words, variables: vec![variable] };
        let words = Limit::new(None, false);
        assert!(words.allows(&length(200_000, 10, 10)));
        assert!(!words.allows(&length(200_000, 1 << 20, 10)));
        assert!(!words.allows(&length(7 << 20, 10, 10)));
        assert!(!words.allows(&length(10, 10, (128 << 10) + 1)));
        assert!(!Limit::new(None, true).allows(&length(200_000, 1, 10)));
        assert!(!Limit::new(Some(99), false).allows(&length(100, 1, 10)));
        assert!(Limit::new(Some(100), false).allows(&length(100, 1, 10)));
    }
}
