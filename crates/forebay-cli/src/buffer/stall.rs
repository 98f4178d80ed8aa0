//! Who holds everybody up: a process that was stopped in its turn has the lock until it goes on or is killed, and whoever
//! wants a turn waits for it. Nobody gives up because of that, but it is told.

use std::path::Path;
use std::process;
use std::thread;
use std::time::{Duration, Instant};

use forebay::Fault;
use forebay::processes::Inspection;

use super::place::Place;
use crate::run::message::say;

/// For so long it is not told that somebody does not go on.
const STALL: Duration = Duration::from_secs(1);

/// Between two looks.
const LOOK: Duration = Duration::from_millis(500);

/// From here on to the end of this process it is told who does not go on, and when he does.
pub(super) fn watch(path: &Path) {
    let path = path.to_owned();
    // Without a thread the wait is only not explained.
    let _ = thread::Builder::new().name("stall".to_owned()).spawn(move || {
        thread::sleep(LOOK);
        let Ok(buffer) = Inspection::open(&path) else { return };
        let mut seen = (None, Instant::now());
        let mut is_told = false;
        loop {
            // What this process does itself may take long.
            let turn = buffer.turn().filter(|(holder, _)| *holder != process::id());
            let since = seen.1.elapsed();
            if seen.0 != turn {
                if is_told {
                    say(format_args!("{}: it goes on, after {since:.1?}", path.display()));
                }
                (seen, is_told) = ((turn, Instant::now()), false);
            } else if let Some((holder, _)) = turn
                && since >= STALL
                && !is_told
            {
                say(format_args!(
                    "{}; until then this waits",
                    Place::File(path.clone()).in_words(Fault::Stalled { holder, since })
                ));
                is_told = true;
            }
            thread::sleep(LOOK);
        }
    });
}
