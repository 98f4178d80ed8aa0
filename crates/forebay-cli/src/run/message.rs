//! What forebay itself says on standard error, beside the progress bar and never through it.

use std::fmt::Display;
use std::io::{self, Write};
use std::sync::OnceLock;

use indicatif::ProgressBar;

/// The bar that is on the terminal now.
pub(crate) static BAR: OnceLock<ProgressBar> = OnceLock::new();

/// Whether there is a bar, which is drawn over what stands on its line.
pub(crate) fn is_bar_shown() -> bool {
    // Nothing is asked of the bar itself: whoever writes beside it has it locked.
    BAR.get().is_some()
}

/// Does something with the terminal while the bar is out of the way.
pub(crate) fn beside_the_bar<R>(write: impl FnOnce() -> R) -> R {
    match BAR.get() {
        Some(bar) => bar.suspend(write),
        None => write(),
    }
}

/// Says one line. Whether anyone can hear it is not our concern.
pub(crate) fn say(line: impl Display) {
    let line = format!("forebay: {line}\n");
    beside_the_bar(|| {
        let _ = io::stderr().write_all(line.as_bytes());
    });
}
