//! A bounded buffer between producers and consumers.
//!
//! Between threads and tasks of one process: [`bounded`], [`unbounded`], or a [`Builder`] for more
//! to choose; [`Select`] waits on several. The promises are the eleven [clauses](Clause) of the contract.
//!
//! Between processes: [`processes`], a buffer in a file; [`open`] opens one.
//!
//! Between machines: `machines`, a buffer on a server, and `connect`; the features `amqp`, `kafka`, `nats` and `redis` each bring both.
//!
//! The feature `futures` makes consumers streams, and producers sinks.

pub use forebay_threads::*;

#[cfg(target_os = "linux")]
pub use forebay_processes as processes;

/// Opens a buffer in a file; [`processes::Settings`] makes one.
#[cfg(target_os = "linux")]
pub fn open(path: impl AsRef<std::path::Path>) -> Result<processes::Buffer, processes::OpenError> {
    processes::Buffer::open(path)
}

#[cfg(feature = "machines")]
pub use forebay_machines as machines;

#[cfg(feature = "machines")]
pub use forebay_machines::connect;

/// The README's example is compiled and run with the tests.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

/// So are those of the guides.
#[cfg(all(doctest, target_os = "linux"))]
#[doc = include_str!("../../../docs/processes.md")]
struct ProcessesGuide;

/// This one where there is an engine.
#[cfg(all(doctest, feature = "redis"))]
#[doc = include_str!("../../../docs/machines.md")]
struct MachinesGuide;
