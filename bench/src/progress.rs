//! One line for whoever watches, gone when the report comes.

use std::io::{self, IsTerminal as _};

/// Shows what is measured now, if somebody watches.
pub fn show(what: &str) {
    if io::stderr().is_terminal() {
        eprint!("\r\x1b[K{what} ");
    }
}
