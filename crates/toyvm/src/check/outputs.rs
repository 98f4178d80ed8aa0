//! What has been printed on the way to a state, as a number: where all that may be printed is looked at, it is
//! part of the state.

use std::collections::HashMap;
use std::sync::Mutex;

/// A text that was printed so far; 0 is nothing.
pub(super) type Output = u32;

/// All texts that were printed so far, each as the one before and one line more.
#[derive(Debug, Default)]
pub(super) struct Outputs(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    numbers: HashMap<(Output, Box<str>), Output>,
    /// By number less one.
    all: Vec<(Output, Box<str>)>,
}

impl Outputs {
    /// The text with one line more.
    pub(super) fn after(&self, before: Output, line: &str) -> Output {
        let mut known = self.0.lock().expect("nobody panics here");
        let key = (before, line.into());
        if let Some(number) = known.numbers.get(&key) {
            return *number;
        }
        known.all.push(key.clone());
        let number = known.all.len() as Output;
        known.numbers.insert(key, number);
        number
    }

    /// Its lines.
    pub(super) fn lines(&self, mut output: Output) -> Vec<String> {
        let known = self.0.lock().expect("nobody panics here");
        let mut lines = Vec::new();
        while let Some(at) = output.checked_sub(1) {
            let (before, line) = &known.all[at as usize];
            lines.push(line.to_string());
            output = *before;
        }
        lines.reverse();
        lines
    }
}
