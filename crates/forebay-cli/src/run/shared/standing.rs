//! The supply's wait for the next item: one task, which keeps its place in the buffer's line while the supply looks
//! round. So whoever looks at the buffer sees one who waits, and since when.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use forebay::TakeError;

use super::Shared;
use crate::buffer::place::Lease;

type First<'a> = Pin<Box<dyn Future<Output = Result<Lease, TakeError>> + 'a>>;

/// A place in line, while it is taken.
pub(super) struct Standing<'a> {
    shared: &'a Shared,
    /// Tells the demand, where the supply sleeps.
    waker: Waker,
    first: Option<First<'a>>,
}

impl<'a> Standing<'a> {
    pub(super) fn new(shared: &'a Shared) -> Self {
        Self { shared, waker: Waker::from(Arc::clone(&shared.demand)), first: None }
    }

    /// Whether it stands in line.
    pub(super) fn is_in_line(&self) -> bool {
        self.first.is_some()
    }

    /// The item that has come, if one has; otherwise it stands in line from here on.
    pub(super) fn first(&mut self) -> Option<Result<Lease, TakeError>> {
        let first = self.first.get_or_insert_with(|| Box::pin(self.shared.consumer.lease_async()));
        match first.as_mut().poll(&mut Context::from_waker(&self.waker)) {
            Poll::Pending => None,
            Poll::Ready(came) => {
                self.first = None;
                Some(came)
            }
        }
    }

    /// Leaves the line: an item that was to come here goes to the next one.
    pub(super) fn leave(&mut self) {
        self.first = None;
    }
}
