//! A panic anywhere is a defect, and never success: the exit status is then 255.

use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;

/// The body's exit status, or 255 if it panics.
pub(crate) fn status_of(body: impl FnOnce() -> ExitCode) -> ExitCode {
    // Nothing that the panic left half done is looked at again.
    panic::catch_unwind(AssertUnwindSafe(body)).unwrap_or(ExitCode::from(255))
}

/// Runs the body; if it panics, tells it on.
pub(crate) fn watched(body: impl FnOnce(), on_panic: impl FnOnce()) {
    if panic::catch_unwind(AssertUnwindSafe(body)).is_err() {
        on_panic();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_255() {
        assert_eq!(status_of(|| panic!("on purpose")), ExitCode::from(255));
        assert_eq!(status_of(|| ExitCode::from(3)), ExitCode::from(3));
    }

    #[test]
    fn a_panic_is_told_on() {
        let mut told = false;
        watched(|| {}, || told = true);
        assert!(!told);
        watched(|| panic!("on purpose"), || told = true);
        assert!(told);
    }
}
