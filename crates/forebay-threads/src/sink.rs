//! Puts as a sink, for the combinators of `futures` and its like.

use std::borrow::Borrow;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use forebay_contract::{Patience, PutError, Refusal};
use futures_sink::Sink;

use crate::alarm;
use crate::call::Task;
use crate::permit::Permit;
use crate::producer::Producer;
use crate::request::{Request, Reserve, Standing};

/// With the feature `futures`.
impl<T> Producer<T> {
    /// A sink that puts, and does on full what this handle's policy says (C9).
    ///
    /// It is ready when a place has been [set aside](Self::reserve) for the next item, and an item that
    /// is sent goes into that place: it is in the buffer, or handed back, and never in between. So there
    /// is nothing to flush, the buffer's depth never passes its capacity, and dropping the sink loses
    /// nothing. While it is ready and nothing is sent, it keeps the place.
    ///
    /// A refusal comes with its item, from the send: a sink of a closed buffer is ready, and refuses.
    /// Closing a sink gives back the place that it kept; the buffer stays open for this producer. A sink
    /// of its [own producer](Self::into_sink) drops it, which closes the buffer if it was the last (C6):
    ///
    /// ```
    /// use forebay_threads::bounded;
    /// use futures::{StreamExt, executor::block_on, future, stream};
    ///
    /// let (producer, consumer) = bounded(5);
    /// let forward = stream::iter(1..=10_u64).map(Ok).forward(producer.into_sink());
    /// let (sent, items) = block_on(future::join(forward, consumer.stream().collect::<Vec<_>>()));
    /// sent?;
    /// assert_eq!(items, Vec::from_iter(1..=10));
    /// # Ok::<(), forebay_threads::PutError<u64>>(())
    /// ```
    ///
    /// Where items are weighed, this is for items of weight 1 or 0, and others are refused as
    /// [`TooHeavy`](Refusal::TooHeavy); see [`sink_weight`](Self::sink_weight).
    pub fn sink(&self) -> impl Sink<T, Error = PutError<T>> + Unpin {
        self.sink_weight(1)
    }

    /// As [`sink`](Self::sink), with the producer inside: it goes when the sink is closed or dropped.
    pub fn into_sink(self) -> impl Sink<T, Error = PutError<T>> + Unpin {
        self.into_sink_weight(1)
    }

    /// As [`sink`](Self::sink), for items at most so heavy: it is ready when there is room for that.
    pub fn sink_weight(&self, weight: u64) -> impl Sink<T, Error = PutError<T>> + Unpin {
        Puts::of(self, weight)
    }

    /// As [`sink_weight`](Self::sink_weight), with the producer inside.
    pub fn into_sink_weight(self, weight: u64) -> impl Sink<T, Error = PutError<T>> + Unpin {
        Puts::of(self, weight)
    }
}

struct Puts<P: Borrow<Producer<T>>, T> {
    /// Keeps its place in the line from poll to poll; `None` once the sink is closed.
    room: Option<Task<Standing<Reserve<P, T>>>>,
    /// What is known of the next item, once it is ready.
    ready: Option<Result<Permit<T>, Refusal>>,
    /// How long the wait under way may last.
    patience: Option<Patience>,
}

impl<P: Borrow<Producer<T>>, T> Puts<P, T> {
    fn of(producer: P, weight: u64) -> Self {
        let room = Task(Standing::new(Reserve::new(producer, weight)));
        Self { room: Some(room), ready: None, patience: None }
    }

    /// How the wait for a place ended, if it has.
    fn poll_place(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Permit<T>, Refusal>>> {
        let Some(room) = &mut self.room else { return Poll::Ready(None) };
        let overflow = room.0.request().producer().overflow();
        let patience = *self.patience.get_or_insert_with(|| overflow.patience());
        if patience == Patience::Try {
            // The put itself does what the policy says.
            return Poll::Ready(None);
        }
        if !room.0.waits()
            && let Some(ending) = room.0.request().look()
        {
            return Poll::Ready(Some(ending));
        }
        if let Poll::Ready(ending) = Pin::new(&mut *room).poll(cx) {
            return Poll::Ready(Some(ending));
        }
        if let Patience::Until(deadline) = patience {
            if Instant::now() >= deadline {
                room.0.cancel();
                return Poll::Ready(Some(Err(Refusal::TimedOut)));
            }
            alarm::wake_at(deadline, cx.waker());
        }
        Poll::Pending
    }
}

impl<P: Borrow<Producer<T>>, T> Sink<T> for Puts<P, T> {
    type Error = PutError<T>;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), PutError<T>>> {
        if self.ready.is_none() {
            match self.poll_place(cx) {
                Poll::Ready(ready) => self.ready = ready,
                Poll::Pending => return Poll::Pending,
            }
            self.patience = None;
        }
        Poll::Ready(Ok(()))
    }

    fn start_send(mut self: Pin<&mut Self>, item: T) -> Result<(), PutError<T>> {
        match (self.ready.take(), &self.room) {
            (Some(Ok(permit)), _) => permit.put(item),
            (Some(Err(refusal)), _) => Err(PutError { item, refusal }),
            (None, Some(room)) => {
                room.0.request().producer().put_within(item, Patience::Try).map(drop)
            }
            (None, None) => Err(PutError { item, refusal: Refusal::Closed }),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), PutError<T>>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), PutError<T>>> {
        self.ready = None;
        self.room = None;
        Poll::Ready(Ok(()))
    }
}
