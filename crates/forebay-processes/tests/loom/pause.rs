//! Giving the processor up: left out, as all looks before a sleep.

pub(crate) fn yield_now(_: impl Fn() -> u64) -> bool {
    false
}
