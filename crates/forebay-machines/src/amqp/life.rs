//! How long a connection lives, so that nobody waits for an answer of a dead one.
//!
//! The client refuses what is unanswered when its connection breaks, with two gaps: a message of which the beginning has come
//! and the end has not, and what is asked while its loop is ending. Whoever waits for one of these would wait for ever.

use std::io;
use std::pin::pin;

use futures_util::StreamExt;
use futures_util::future::{self, Either};
use lapin::{Connection, Error};
use tokio::sync::watch;

use crate::runtime;

/// Whether a connection is over.
pub(super) struct Life(watch::Sender<bool>);

impl Life {
    /// That of this connection, which was just made.
    pub(super) fn of(connection: &Connection) -> Self {
        let over = watch::Sender::new(false);
        let (mut events, status) = (connection.events_listener(), connection.status().clone());
        let tells = over.clone();
        runtime::spawn(async move {
            // Its state is changed before an event tells of it. A channel that is closed is an event as well.
            while status.connected() && events.next().await.is_some() {}
            tells.send_replace(true);
        });
        Self(over)
    }

    /// It is over; the client has no event for what we ended ourselves.
    pub(super) fn end(&self) {
        self.0.send_replace(true);
    }

    /// What is answered, or that the connection is lost. What has been answered by then counts.
    pub(super) async fn answered<T, E: From<Error>>(
        &self,
        answer: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let mut told = self.0.subscribe();
        let over = pin!(told.wait_for(|is_over| *is_over));
        match future::select(pin!(answer), over).await {
            Either::Left((answered, _)) => answered,
            Either::Right(_) => {
                Err(Error::from(io::Error::from(io::ErrorKind::ConnectionAborted)).into())
            }
        }
    }
}
