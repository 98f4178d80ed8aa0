//! Making a buffer.

use std::error;
use std::fmt;

use crate::atomics::Arc;
use crate::buffer::{Buffer, LeaseTime, Scale, Settings};
use crate::consumer::Consumer;
use crate::disciplines::{Linked, Monitor, Ring, Semaphores};
use crate::gauge::Gauge;
use crate::producer::Producer;
use crate::store::AnyStore;
use crate::watermarks::{Watermark, Watermarks};

/// A way to build the buffer. All keep the same contract; `docs/figures.md` tells what each costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Discipline {
    /// A ring with a lock at each end (after Michael & Scott, 1996, and Lamport, 1983). The default.
    #[default]
    Ring,
    /// A mutex and two counting semaphores (Dijkstra, 1965).
    Semaphores,
    /// One mutex, two conditions (Hoare, 1974).
    Monitor,
    /// The same on a linked list (Michael & Scott, 1996). The only one that can be unbounded.
    Linked,
}

impl Discipline {
    /// Every discipline.
    pub const ALL: [Self; 4] = [Self::Ring, Self::Semaphores, Self::Monitor, Self::Linked];
}

impl fmt::Display for Discipline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ring => "ring",
            Self::Semaphores => "semaphores",
            Self::Monitor => "monitor",
            Self::Linked => "linked",
        })
    }
}

/// Why a buffer cannot be built as asked (C11).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum BuildError {
    /// A buffer holds at least 1 item.
    CapacityZero,
    /// There is no memory for so many places: a ring takes all of them at once.
    NoMemory {
        /// The capacity asked for.
        capacity: usize,
    },
    /// At least 1 item can be leased.
    MaxLeasedZero,
    /// An item is tried at least once, so neither of its limits can be 0.
    LimitZero,
    /// Only [`Discipline::Linked`] can be unbounded.
    Unbounded(Discipline),
    /// Some weight must be able to wait.
    WeightZero,
    /// The low mark is below the high one, and that within the capacity.
    Watermarks {
        /// The low mark asked for.
        low: usize,
        /// The high mark asked for.
        high: usize,
    },
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CapacityZero => f.write_str("capacity 0: a buffer holds at least 1 item"),
            Self::NoMemory { capacity } => write!(
                f,
                "capacity {capacity}: no memory for so many places; ask for fewer, or for the \
                 discipline linked, which takes memory as items come"
            ),
            Self::MaxLeasedZero => {
                f.write_str("max_leased 0: nothing could ever be leased; give at least 1")
            }
            Self::LimitZero => f.write_str(
                "max_failures or max_deliveries 0: an item is tried at least once; give at least 1",
            ),
            Self::Unbounded(discipline) => {
                write!(f, "the discipline {discipline} is bounded; only linked can be unbounded")
            }
            Self::WeightZero => {
                f.write_str("weight capacity 0: nothing but weightless items could wait; give more")
            }
            Self::Watermarks { low, high } => write!(
                f,
                "watermarks {low} and {high}: give a low mark below the high one, and a high one within \
                 the capacity"
            ),
        }
    }
}

impl error::Error for BuildError {}

/// Everything a buffer can be told at birth.
///
/// ```
/// use forebay_threads::{Builder, Discipline};
///
/// let (producer, consumer) = Builder::bounded(5)
///     .name("orders")
///     .discipline(Discipline::Monitor)
///     .max_failures(3)
///     .build()?;
/// producer.put("first")?;
/// assert_eq!(consumer.take()?, "first");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "a builder does nothing until `build`"]
pub struct Builder<T> {
    name: Option<String>,
    capacity: Option<usize>,
    discipline: Option<Discipline>,
    max_leased: Option<usize>,
    max_failures: Option<u32>,
    max_deliveries: Option<u32>,
    lease_time: Option<LeaseTime<T>>,
    scale: Option<Scale<T>>,
    watermarks: Option<Marks>,
}

/// What [`Builder::watermarks`] was told.
struct Marks {
    low: usize,
    high: usize,
    hook: Box<dyn Fn(Watermark) + Send + Sync>,
}

impl fmt::Debug for Marks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Marks")
            .field("low", &self.low)
            .field("high", &self.high)
            .finish_non_exhaustive()
    }
}

impl<T> Builder<T> {
    /// A buffer in which at most `capacity` items wait: exactly so many, from 1 up (C1).
    pub fn bounded(capacity: usize) -> Self {
        Self::of(Some(capacity))
    }

    /// A buffer whose puts never wait, and which grows as long as memory lasts.
    pub fn unbounded() -> Self {
        Self::of(None)
    }

    fn of(capacity: Option<usize>) -> Self {
        Self {
            name: None,
            capacity,
            discipline: None,
            max_leased: None,
            max_failures: None,
            max_deliveries: None,
            lease_time: None,
            scale: None,
            watermarks: None,
        }
    }

    /// A name for the statistics and for messages.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The discipline; [`Discipline::Ring`] by default, [`Discipline::Linked`] when unbounded.
    pub fn discipline(mut self, discipline: Discipline) -> Self {
        self.discipline = Some(discipline);
        self
    }

    /// How many items may be leased at once; by default the capacity, at least 64 (C1).
    pub fn max_leased(mut self, max_leased: usize) -> Self {
        self.max_leased = Some(max_leased);
        self
    }

    /// An item that has [failed](crate::Lease::fail) so often becomes a dead letter. No limit by
    /// default.
    pub fn max_failures(mut self, max_failures: u32) -> Self {
        self.max_failures = Some(max_failures);
        self
    }

    /// An item that has been leased so often without an ack becomes a dead letter. No limit by
    /// default: a lease that ended early says nothing against its item.
    pub fn max_deliveries(mut self, max_deliveries: u32) -> Self {
        self.max_deliveries = Some(max_deliveries);
        self
    }

    /// How long a lease lasts unless [extended](crate::Lease::extend). By default leases last until
    /// they are answered or dropped, which within a process is enough: a thread that dies drops its
    /// leases. A deadline is for workers that hang. The buffer keeps a copy of what is on lease, and
    /// one thread that watches the deadlines.
    #[cfg(not(any(loom, shuttle)))]
    pub fn lease_time(mut self, duration: std::time::Duration) -> Self
    where
        T: Clone + Send + 'static,
    {
        self.lease_time =
            Some(LeaseTime { duration, copy: T::clone, start_expirer: crate::expiry::start });
        self
    }

    /// Weighs items, in bytes say: puts are admitted only while the weight that waits, and their own,
    /// is within `capacity` (C1). The capacity in items holds beside it, so an item of weight 0 is
    /// bounded by that alone; one heavier than `capacity` is refused with
    /// [`TooHeavy`](forebay_contract::Refusal::TooHeavy). `weigh` is run once for each put, outside all
    /// locks, before anything else: if it panics, nothing has been put.
    pub fn weighing(
        mut self,
        capacity: u64,
        weigh: impl Fn(&T) -> u64 + Send + Sync + 'static,
    ) -> Self {
        self.scale = Some(Scale { capacity, weigh: Box::new(weigh) });
        self
    }

    /// Tells `hook` when the depth rises to `high`, and when it falls to `low` after that: for those who
    /// signal backpressure upstream. The hook is called by the thread or task whose put or take it was,
    /// after that is done and outside all locks; one call at a time, in the order of the crossings. It
    /// may use the buffer itself; crossings that it causes are told after it has returned. If it panics,
    /// the panic goes on in that put or take, whose work is done; the buffer stays whole.
    pub fn watermarks(
        mut self,
        low: usize,
        high: usize,
        hook: impl Fn(Watermark) + Send + Sync + 'static,
    ) -> Self {
        self.watermarks = Some(Marks { low, high, hook: Box::new(hook) });
        self
    }

    /// Builds the buffer, and its first producer and consumer.
    pub fn build(mut self) -> Result<(Producer<T>, Consumer<T>), BuildError> {
        if self.capacity == Some(0) {
            return Err(BuildError::CapacityZero);
        }
        if self.max_leased == Some(0) {
            return Err(BuildError::MaxLeasedZero);
        }
        if self.max_failures == Some(0) || self.max_deliveries == Some(0) {
            return Err(BuildError::LimitZero);
        }
        let gauge = self.gauge()?;
        let most = self.capacity.unwrap_or(usize::MAX);
        let max_leased = self.max_leased.unwrap_or(most.max(64)) as u64;
        let store = match (self.discipline, self.capacity) {
            (None | Some(Discipline::Ring), Some(capacity)) => AnyStore::Ring(
                Ring::new(capacity, max_leased, gauge).ok_or(BuildError::NoMemory { capacity })?,
            ),
            (Some(Discipline::Semaphores), Some(capacity)) => {
                AnyStore::Semaphores(Semaphores::new(capacity, gauge))
            }
            (Some(Discipline::Monitor), Some(capacity)) => {
                AnyStore::Monitor(Monitor::new(capacity, gauge))
            }
            (None | Some(Discipline::Linked), capacity) => {
                AnyStore::Linked(Linked::new(capacity, max_leased, gauge))
            }
            (Some(discipline), None) => return Err(BuildError::Unbounded(discipline)),
        };
        let settings = Settings {
            name: self.name,
            capacity: self.capacity,
            max_leased,
            max_failures: self.max_failures,
            max_deliveries: self.max_deliveries,
            lease_time: self.lease_time,
            scale: self.scale,
        };
        let buffer = Arc::new(Buffer::new(store, settings));
        let consumer = Consumer::new(Arc::clone(&buffer));
        Ok((Producer::new(buffer), consumer))
    }

    /// What is to be known of every put and take, if anything is.
    fn gauge(&mut self) -> Result<Option<Gauge>, BuildError> {
        let most = self.scale.as_ref().map(|scale| scale.capacity);
        if most == Some(0) {
            return Err(BuildError::WeightZero);
        }
        let marks = match self.watermarks.take() {
            None => None,
            Some(Marks { low, high, hook }) => {
                if low >= high || self.capacity.is_some_and(|capacity| high > capacity) {
                    return Err(BuildError::Watermarks { low, high });
                }
                Some(Arc::new(Watermarks::new(low, high, hook)))
            }
        };
        Ok((most.is_some() || marks.is_some()).then(|| Gauge::new(most, marks)))
    }
}

/// A buffer of the default discipline in which at most `capacity` items wait.
///
/// # Panics
///
/// If `capacity` is 0. [`Builder::build`] returns an error instead.
pub fn bounded<T>(capacity: usize) -> (Producer<T>, Consumer<T>) {
    match Builder::bounded(capacity).build() {
        Ok(sides) => sides,
        Err(error) => panic!("{error}"),
    }
}

/// A buffer that grows as long as memory lasts.
///
/// # Panics
///
/// Never.
pub fn unbounded<T>() -> (Producer<T>, Consumer<T>) {
    Builder::unbounded()
        .build()
        .expect("an unbounded buffer of the default discipline can be built")
}
