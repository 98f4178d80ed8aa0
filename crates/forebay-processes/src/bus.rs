//! A file cut short while it is mapped: a bus error becomes a fault of one buffer, not the end of the
//! process.
//!
//! Whoever touches a page that the file does not have any more gets SIGBUS. The handler puts a page of
//! zeros there and marks the mapping, and the access goes on; whoever works with the buffer looks at
//! the mark before it believes anything. A bus error elsewhere goes to the handler that was there
//! before.
#![expect(unsafe_code, reason = "a signal handler is installed")]

use std::ffi::c_int;
use std::io;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use nix::libc;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use rustix::mm::{MapFlags, ProtFlags};
use rustix::param::page_size;

/// Mappings of buffers that one process may have.
const MOST: usize = 1024;

struct Place {
    base: AtomicUsize,
    len: AtomicUsize,
    hit: AtomicBool,
}

static PLACES: [Place; MOST] = [const {
    Place { base: AtomicUsize::new(0), len: AtomicUsize::new(0), hit: AtomicBool::new(false) }
}; MOST];

static BEFORE: OnceLock<SigAction> = OnceLock::new();

/// A mapping that the handler knows.
#[derive(Debug)]
pub(crate) struct Watched(usize);

impl Watched {
    pub(crate) fn new(base: usize, len: usize) -> io::Result<Self> {
        install()?;
        for (index, place) in PLACES.iter().enumerate() {
            // A base of 1 is a place that is being filled. Acquire pairs with the release in `forget`.
            let claim = place.base.compare_exchange(0, 1, Ordering::Acquire, Ordering::Relaxed);
            if claim.is_ok() {
                place.hit.store(false, Ordering::Relaxed);
                place.len.store(len, Ordering::Relaxed);
                // Pairs with the acquire in the handler: it sees the length that belongs to it.
                place.base.store(base, Ordering::Release);
                return Ok(Self(index));
            }
        }
        Err(io::Error::other(format!("more than {MOST} buffers are open in this process")))
    }

    #[inline]
    pub(crate) fn is_hit(&self) -> bool {
        PLACES[self.0].hit.load(Ordering::Relaxed)
    }

    /// Before the mapping goes.
    pub(crate) fn forget(&self) {
        PLACES[self.0].base.store(0, Ordering::Release);
    }
}

fn install() -> io::Result<()> {
    static INSTALLED: OnceLock<Result<(), i32>> = OnceLock::new();
    let done = INSTALLED.get_or_init(|| {
        let flags = SaFlags::SA_SIGINFO | SaFlags::SA_ONSTACK | SaFlags::SA_NODEFER;
        let action = SigAction::new(SigHandler::SigAction(on_bus_error), flags, SigSet::empty());
        // SAFETY: the handler touches atomics and makes one system call, both of which a signal may.
        match unsafe { sigaction(Signal::SIGBUS, &action) } {
            Ok(before) => {
                let _ = BEFORE.set(before);
                Ok(())
            }
            Err(error) => Err(error as i32),
        }
    });
    done.map_err(io::Error::from_raw_os_error)
}

extern "C" fn on_bus_error(signal: c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: the kernel passes a valid `info` for a handler installed with SA_SIGINFO.
    let address = unsafe { (*info).si_addr() } as usize;
    let page = page_size();
    for place in &PLACES {
        let base = place.base.load(Ordering::Acquire);
        if base > 1 && address >= base && address < base + place.len.load(Ordering::Relaxed) {
            place.hit.store(true, Ordering::Relaxed);
            let at = (address / page * page) as *mut libc::c_void;
            // SAFETY: the page lies in a mapping of ours, which is reached as atomic words only; it is
            // replaced by zeros at the same address.
            let zeros = unsafe {
                rustix::mm::mmap_anonymous(
                    at,
                    page,
                    ProtFlags::READ | ProtFlags::WRITE,
                    MapFlags::PRIVATE | MapFlags::FIXED,
                )
            };
            if zeros.is_ok() {
                return;
            }
        }
    }
    pass_on(signal, info, context);
}

/// Not ours: what was there before has it. A default action comes when the access is repeated.
fn pass_on(signal: c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    match BEFORE.get().map(SigAction::handler) {
        Some(SigHandler::SigAction(handler)) => handler(signal, info, context),
        Some(SigHandler::Handler(handler)) => handler(signal),
        _ => {
            let default = SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty());
            // SAFETY: the default action has no code of ours.
            let _ = unsafe { sigaction(Signal::SIGBUS, &default) };
        }
    }
}
