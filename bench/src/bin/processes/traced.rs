//! A child whose system calls are counted.

use std::collections::BTreeMap;

use nix::sys::ptrace::{self, Options};
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;

use crate::gate::Hand;

/// System calls by their number.
pub(crate) type Calls = BTreeMap<u64, u64>;

/// Lets a child go that waits for it, and counts its system calls until it has something to say.
pub(crate) fn calls(hand: &mut Hand) -> Result<Calls, String> {
    let complaint = |error: nix::errno::Errno| format!("a child cannot be traced: {error}");
    let child = Pid::from_raw(hand.id().cast_signed());
    ptrace::attach(child).map_err(complaint)?;
    waitpid(child, None).map_err(complaint)?;
    ptrace::setoptions(child, Options::PTRACE_O_TRACESYSGOOD).map_err(complaint)?;
    hand.go()?;
    let mut calls = Calls::new();
    // Each call stops the child twice: where it begins and where it ends.
    let mut begins = true;
    let mut signal: Option<Signal> = None;
    loop {
        ptrace::syscall(child, signal.take()).map_err(complaint)?;
        match waitpid(child, None).map_err(complaint)? {
            WaitStatus::PtraceSyscall(_) if begins => {
                let number = number(child).map_err(complaint)?;
                if number == SAY {
                    ptrace::detach(child, None).map_err(complaint)?;
                    return Ok(calls);
                }
                *calls.entry(number).or_default() += 1;
                begins = false;
            }
            WaitStatus::PtraceSyscall(_) => begins = true,
            WaitStatus::Stopped(_, sent) => signal = Some(sent),
            ended => return Err(format!("a child ended while it was traced: {ended:?}")),
        }
    }
}

/// The call by which a child says something: `sendto`, or `write` where the library chooses it.
#[cfg(target_arch = "x86_64")]
const SAY: u64 = 44;
#[cfg(target_arch = "aarch64")]
const SAY: u64 = 206;

#[cfg(target_arch = "x86_64")]
fn number(child: Pid) -> nix::Result<u64> {
    ptrace::getregs(child).map(|registers| registers.orig_rax)
}

#[cfg(target_arch = "aarch64")]
fn number(child: Pid) -> nix::Result<u64> {
    ptrace::getregs(child).map(|registers| registers.regs[8])
}
