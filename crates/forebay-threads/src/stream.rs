//! Items and leases as streams, for the combinators of `futures` and its like.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::stream::{FusedStream, Stream};

use crate::call::Task;
use crate::consumer::Consumer;
use crate::lease::Lease;
use crate::request::{Borrowing, Request, Standing, Take};

/// With the feature `futures`.
impl<T> Consumer<T> {
    /// The items, taken one by one for good, until the buffer is closed and drained (C2, C6).
    ///
    /// An item is taken only when the stream is polled for it, so a slow reader holds the producers back
    /// (C1). Dropping the stream loses nothing: what it has not given out is still in the buffer (C3).
    ///
    /// ```
    /// use forebay_threads::bounded;
    /// use futures::{StreamExt, executor::block_on, future};
    ///
    /// let (producer, consumer) = bounded(5);
    /// let sum = consumer.stream().map(|n: u64| n * n).fold(0, |sum, n| future::ready(sum + n));
    /// let puts = async {
    ///     for n in 1..=10 {
    ///         producer.put_async(n).await?;
    ///     }
    ///     producer.close();
    ///     Ok::<(), forebay_threads::PutError<u64>>(())
    /// };
    /// let (sum, put) = block_on(future::join(sum, puts));
    /// put?;
    /// assert_eq!(sum, 385);
    /// # Ok::<(), forebay_threads::PutError<u64>>(())
    /// ```
    pub fn stream(&self) -> impl FusedStream<Item = T> + Unpin {
        Grants::of(Take::new(self))
    }

    /// As [`stream`](Self::stream), with the consumer inside: it goes when the stream is dropped.
    pub fn into_stream(self) -> impl FusedStream<Item = T> + Unpin {
        Grants::of(Take::new(self))
    }

    /// The items, leased one by one, until the buffer is closed and drained. Each lease is its holder's
    /// to answer; one that is dropped on the way through a combinator gives its item back, and the
    /// stream may give it out again. It waits while as many are out as may be (C1).
    pub fn leases(&self) -> impl FusedStream<Item = Lease<T>> + Unpin {
        Grants::of(Borrowing::new(self))
    }

    /// As [`leases`](Self::leases), with the consumer inside: it goes when the stream is dropped.
    pub fn into_leases(self) -> impl FusedStream<Item = Lease<T>> + Unpin {
        Grants::of(Borrowing::new(self))
    }
}

/// What is granted, one after another, until that is over.
struct Grants<R: Request> {
    /// It keeps its place in the line from poll to poll.
    next: Task<Standing<R>>,
    over: bool,
}

impl<R: Request> Grants<R> {
    fn of(request: R) -> Self {
        Self { next: Task(Standing::new(request)), over: false }
    }
}

impl<R: Request> Stream for Grants<R> {
    type Item = R::Granted;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<R::Granted>> {
        if self.over {
            return Poll::Ready(None);
        }
        Pin::new(&mut self.next).poll(cx).map(|ending| {
            self.over = ending.is_err();
            ending.ok()
        })
    }
}

impl<R: Request> FusedStream for Grants<R> {
    fn is_terminated(&self) -> bool {
        self.over
    }
}
