//! Ctrl-C, SIGTERM and SIGHUP: the first finishes what runs, the second stops it.

use std::fs;
use std::io;
use std::process;
use std::sync::Arc;
use std::thread;

use rustix::process::Signal;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::iterator::Signals;

use super::message::say;
use super::stop::Cause;
use super::{LAST_WAIT, Run};

/// Listens from here on, for as long as the process lives.
pub(crate) fn listen(run: &Arc<Run>) -> io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    if !is_ignored(SIGHUP) {
        signals.add_signal(SIGHUP)?;
    }
    // Beyond a limit on the size of files writing is an error then, and no sudden end.
    signal_hook::flag::register(SIGXFSZ, Arc::default())?;
    let run = Arc::clone(run);
    thread::Builder::new().name("interrupt".to_owned()).spawn(move || {
        for (times, signal) in signals.forever().enumerate() {
            let cause = Cause::Interrupted(signal);
            match times {
                0 => {
                    let again = if signal == SIGINT { "Ctrl-C" } else { "the signal" };
                    say(format_args!(
                        "interrupted: finishing what runs, starting nothing more; {again} again \
                         stops it now"
                    ));
                    run.stop_soon(cause);
                }
                1 => {
                    say("interrupted again: stopping what runs");
                    run.stop_now(cause);
                    end_anyway(signal);
                }
                _ => run.groups.stop_all(Signal::KILL),
            }
        }
    })?;
    Ok(())
}

/// Ends the process if the run has not ended by then: somebody does not read what is left to write.
fn end_anyway(signal: i32) {
    let _ = super::spawn("end", move || {
        thread::sleep(2 * LAST_WAIT);
        process::exit(128 + signal);
    });
}

/// Whether this process was started with the signal ignored, as by `nohup`.
pub(crate) fn is_ignored(signal: i32) -> bool {
    fs::read_to_string("/proc/self/status")
        .ok()
        .and_then(|status| {
            let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
            u64::from_str_radix(mask.trim(), 16).ok()
        })
        .is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}
