//! Sleeping until a word changes, and waking those who sleep: the kernel's futex.

use std::time::Duration;

use forebay_contract::Fault;
use rustix::io::Errno;
use rustix::thread::futex;

use crate::crash;
use crate::words::Word32;

/// Sleeps while the word has this value, at most so long. Wakes for no reason are allowed.
pub(crate) fn wait(word: &Word32, value: u32, at_most: Duration) -> Result<(), Fault> {
    if crash::sleeps() {
        return Ok(());
    }
    let time = futex::Timespec {
        tv_sec: at_most.as_secs().cast_signed(),
        tv_nsec: i64::from(at_most.subsec_nanos()),
    };
    match futex::wait(word.futex(), futex::Flags::empty(), value, Some(&time)) {
        Ok(()) | Err(Errno::AGAIN | Errno::TIMEDOUT | Errno::INTR) => Ok(()),
        // A page of the file that is not there any more: the next look at it finds out.
        Err(Errno::FAULT) => Err(Fault::Truncated),
        Err(error) => Err(Fault::System(error.raw_os_error())),
    }
}

pub(crate) fn wake(word: &Word32, most: u32) {
    // Nobody to wake, or a file that is gone: whoever sleeps looks again before long.
    let _ = futex::wake(word.futex(), futex::Flags::empty(), most);
}
