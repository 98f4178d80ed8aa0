//! Waiting on several buffers at once.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};
use std::{error, mem};

use forebay_contract::{Patience, Refusal, TakeError};

use crate::blocking;
use crate::call::{Call, Task};
use crate::consumer::Consumer;
use crate::lease::Lease;
use crate::permit::Permit;
use crate::producer::Producer;
use crate::request::{Borrowing, Ending, Request, Reserve, Standing, Take};
use crate::store::Progress;
use crate::waiter::Sleeper;

/// Waits on several buffers, and does the first thing that can be done: after the alternative commands
/// of C. A. R. Hoare, *Communicating Sequential Processes* (1978).
///
/// Each *arm* says what to do, and what to make of it; all arms make the same type. One wait does one
/// arm, and a select may wait again and again:
///
/// ```
/// use forebay_threads::{Select, TakeError, bounded};
///
/// #[derive(Debug, PartialEq)]
/// enum Came {
///     Number(Result<u32, TakeError>),
///     Word(Result<&'static str, TakeError>),
/// }
///
/// let (to_numbers, numbers) = bounded(5);
/// let (to_words, words) = bounded(5);
/// to_numbers.put(1)?;
/// to_words.put("one")?;
/// drop((to_numbers, to_words));
///
/// let mut select = Select::new().take(&numbers, Came::Number).take(&words, Came::Word);
/// let mut came = Vec::new();
/// while let Ok(next) = select.wait() {
///     came.push(next); // the number, the word, and from each buffer that it is closed
/// }
/// assert_eq!(came.len(), 4);
/// assert!(came.contains(&Came::Number(Ok(1))) && came.contains(&Came::Word(Ok("one"))));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # What is done
///
/// Exactly one arm: where two are ready, one item is taken, and the other stays where it is (C3). The
/// arms are looked at in turn, beginning behind the one that was done last, so each of *n* arms that
/// are always ready is done every *n*-th time; a new select begins anywhere. When none is ready, it
/// stands in the line of every arm, and leaves all of them when one is done: a wake that came for
/// another meanwhile goes on to the next in that line, as when any call is cancelled. So its place in a
/// line lasts for one wait, and C10 counts from the beginning of that.
///
/// An arm whose buffer is closed (and drained, for takes and leases) is ready with that error, once;
/// then it is left out. When all arms are left out, the wait ends with [`SelectError::Closed`].
///
/// There is no arm to put an item, because the item of an arm that is not done would be lost: reserve a
/// [`Permit`], and put into that.
///
/// What an arm makes is made after all locks and lines have been left, so it may use the buffers; if it
/// panics, what it was given goes with the panic (a lease goes back), and the select stays usable.
///
/// Tasks may as well use the `select!` of any library over `take_async` and its like: all futures of this
/// crate may be dropped without loss.
#[must_use = "a select does nothing until it waits"]
pub struct Select<'a, R> {
    arms: Vec<Box<dyn Arm<R> + Send + 'a>>,
    /// The arm that is looked at first.
    first: usize,
}

impl<'a, R: 'a> Select<'a, R> {
    /// Without any arm yet.
    pub fn new() -> Self {
        Self { arms: Vec::new(), first: anywhere() }
    }

    /// Takes an item (or [`Closed`](TakeError::Closed)).
    pub fn take<T: Send>(
        self,
        consumer: &'a Consumer<T>,
        make: impl FnMut(Result<T, TakeError>) -> R + Send + 'a,
    ) -> Self {
        self.arm(Take::new(consumer), make)
    }

    /// Leases an item (or [`Closed`](TakeError::Closed)).
    pub fn lease<T: Send>(
        self,
        consumer: &'a Consumer<T>,
        make: impl FnMut(Result<Lease<T>, TakeError>) -> R + Send + 'a,
    ) -> Self {
        self.arm(Borrowing::new(consumer), make)
    }

    /// Sets a place aside, whatever the producer's policy for a full buffer (or says why that will
    /// never be).
    pub fn reserve<T: Send>(
        self,
        producer: &'a Producer<T>,
        make: impl FnMut(Result<Permit<T>, Refusal>) -> R + Send + 'a,
    ) -> Self {
        self.reserve_weight(producer, 1, make)
    }

    /// Sets aside a place for an item at most so heavy, as [`reserve`](Self::reserve) does.
    pub fn reserve_weight<T: Send>(
        self,
        producer: &'a Producer<T>,
        weight: u64,
        make: impl FnMut(Result<Permit<T>, Refusal>) -> R + Send + 'a,
    ) -> Self {
        self.arm(Reserve::new(producer, weight), make)
    }

    fn arm<Q>(mut self, request: Q, make: impl FnMut(Ending<Q>) -> R + Send + 'a) -> Self
    where
        Q: Request<Granted: Send, Refused: Send, Turn: Send> + Send + 'a,
    {
        let standing = Standing::new(request);
        self.arms.push(Box::new(Alternative { standing, make, state: State::Open }));
        self
    }

    /// Does the first arm that is ready, waiting until one is. Refused with [`SelectError::Closed`] only
    /// (C5).
    pub fn wait(&mut self) -> Result<R, SelectError> {
        self.wait_within(Patience::Forever)
    }

    /// Does an arm that is ready now.
    pub fn try_now(&mut self) -> Result<R, SelectError> {
        match self.look() {
            Some(arm) => Ok(self.make(arm)),
            None if self.is_over() => Err(SelectError::Closed),
            None => Err(SelectError::NotReady),
        }
    }

    /// Does the first arm that is ready, waiting at most so long.
    pub fn wait_timeout(&mut self, timeout: Duration) -> Result<R, SelectError> {
        self.wait_within(Patience::lasting(timeout))
    }

    /// Does the first arm that is ready, waiting until `deadline`.
    pub fn wait_deadline(&mut self, deadline: Instant) -> Result<R, SelectError> {
        self.wait_within(Patience::Until(deadline))
    }

    /// Does the first arm that is ready, waiting as long as `patience` says.
    pub fn wait_within(&mut self, patience: Patience) -> Result<R, SelectError> {
        match self.try_now() {
            Err(SelectError::NotReady) if patience != Patience::Try => {}
            over => return over,
        }
        let ready = blocking::wait(patience, &mut Round(self));
        ready.map_or(Err(SelectError::TimedOut), |arm| Ok(self.make(arm)))
    }

    /// Does the first arm that is ready, waiting as a task. Dropping the future before it is ready has
    /// done nothing.
    pub async fn wait_async(&mut self) -> Result<R, SelectError> {
        match self.try_now() {
            Err(SelectError::NotReady) => {}
            over => return over,
        }
        let arm = Task(Round(self)).await;
        Ok(self.make(arm))
    }

    /// The first arm, in their turn, of which `ready` holds; the next wait begins behind it.
    fn find(&mut self, mut ready: impl FnMut(&mut dyn Arm<R>) -> bool) -> Option<usize> {
        let count = self.arms.len();
        let found = (0..count)
            .map(|nth| (self.first.wrapping_add(nth)) % count)
            .find(|&arm| ready(&mut *self.arms[arm]))?;
        self.first = found + 1;
        Some(found)
    }

    fn look(&mut self) -> Option<usize> {
        self.find(|arm| arm.look())
    }

    fn make(&mut self, arm: usize) -> R {
        self.arms[arm].make()
    }

    fn is_over(&self) -> bool {
        self.arms.iter().all(|arm| arm.is_over())
    }
}

impl<'a, R: 'a> Default for Select<'a, R> {
    fn default() -> Self {
        Self::new()
    }
}

impl<R> fmt::Debug for Select<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Select").field("arms", &self.arms.len()).finish_non_exhaustive()
    }
}

/// Where a new select begins, so that selects that wait once are fair together.
fn anywhere() -> usize {
    // Each state of a hasher is another one, and loom must see the same each time.
    if cfg!(any(loom, shuttle)) { 0 } else { RandomState::new().hash_one(()) as usize >> 1 }
}

/// One wait as a call: it stands in all lines, and leaves them when it is dropped.
struct Round<'s, 'a, R>(&'s mut Select<'a, R>);

impl<'a, R: 'a> Call for Round<'_, 'a, R> {
    /// The arm that is ready.
    type Output = usize;

    fn poll(&mut self, sleeper: &mut Sleeper<'_>) -> Progress<usize> {
        self.0
            .find(|arm| matches!(arm.poll(&mut sleeper.again()), Progress::Done(())))
            .map_or(Progress::Asleep, Progress::Done)
    }
}

impl<R> Drop for Round<'_, '_, R> {
    fn drop(&mut self) {
        self.0.arms.iter_mut().for_each(|arm| arm.cancel());
    }
}

/// An arm, whatever it is about.
trait Arm<R> {
    /// Whether it can be done now, and then keeps what came.
    fn look(&mut self) -> bool;

    /// As [`look`](Self::look), or stands in line.
    fn poll(&mut self, sleeper: &mut Sleeper<'_>) -> Progress<()>;

    /// Leaves the line.
    fn cancel(&mut self);

    /// Makes something of what came.
    fn make(&mut self) -> R;

    fn is_over(&self) -> bool;
}

struct Alternative<Q: Request, F> {
    standing: Standing<Q>,
    make: F,
    state: State<Ending<Q>>,
}

enum State<E> {
    /// To be looked at.
    Open,
    /// Something came.
    Came(E),
    /// Nothing can come any more.
    Over,
}

impl<Q: Request, F> Alternative<Q, F> {
    fn came(&mut self, ending: Ending<Q>) {
        self.state = State::Came(ending);
    }
}

impl<R, Q: Request, F: FnMut(Ending<Q>) -> R> Arm<R> for Alternative<Q, F> {
    fn look(&mut self) -> bool {
        let State::Open = self.state else { return false };
        let came = self.standing.request().look();
        came.map(|ending| self.came(ending)).is_some()
    }

    fn poll(&mut self, sleeper: &mut Sleeper<'_>) -> Progress<()> {
        let State::Open = self.state else { return Progress::Asleep };
        match self.standing.poll(sleeper) {
            Progress::Done(ending) => {
                self.came(ending);
                Progress::Done(())
            }
            Progress::Asleep => Progress::Asleep,
        }
    }

    fn cancel(&mut self) {
        self.standing.cancel();
    }

    fn make(&mut self) -> R {
        let State::Came(ending) = mem::replace(&mut self.state, State::Open) else {
            unreachable!("only an arm that is ready is done");
        };
        if ending.is_err() {
            self.state = State::Over;
        }
        (self.make)(ending)
    }

    fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }
}

/// Why a select did no arm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SelectError {
    /// No arm is ready now.
    NotReady,
    /// No arm was ready before the deadline (C5).
    TimedOut,
    /// No arm can ever be ready again: each has said already that its buffer is closed (C6).
    Closed,
}

impl fmt::Display for SelectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotReady => "nothing can be done now",
            Self::TimedOut => "nothing could be done before the deadline",
            Self::Closed => "nothing can be done any more: every buffer is closed",
        })
    }
}

impl error::Error for SelectError {}
