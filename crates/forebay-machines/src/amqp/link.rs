//! The connections to a server, and how they are made again.
//!
//! There are two. The one puts: a server that is short of memory stops reading from connections that publish. The other
//! lends and asks, so that leases and answers go on then.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use forebay_contract::Fault;
use lapin::options::ConfirmSelectOptions;
use lapin::{Channel, Connection, Error};
use tokio::time;

use super::dial::{Dial, Fate, fate, in_time};
use super::life::Life;
use crate::address::Address;
use crate::connect_error::ConnectError;
use crate::engine::Standing;

/// A deadline that has passed already leaves this much time for one answer, as a try does.
const ANSWER: Duration = Duration::from_secs(5);

/// Between two tries to connect: at first, and at last.
const PAUSES: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(1));

/// The connection that puts.
pub(super) struct Puts {
    connection: Connection,
    pub(super) life: Life,
    /// What is published there is confirmed.
    pub(super) channel: Channel,
    /// What is published there may be lost: wakes.
    pub(super) voice: Channel,
}

/// The connection that lends and asks.
pub(super) struct Takes {
    pub(super) connection: Connection,
    pub(super) life: Life,
    /// Holds all leases and passes. It is transactional, so that answers are confirmed. No question goes over it: a channel
    /// is closed for an error, and all that it holds goes back then.
    pub(super) leases: Channel,
    /// Asks, and holds what is held for a moment.
    pub(super) desk: Channel,
}

impl Puts {
    /// Whether the server is short of memory or disk, and told so.
    pub(super) fn is_blocked(&self) -> bool {
        self.connection.status().blocked()
    }
}

/// One of the two, as it is made and looked at.
pub(super) trait Wires: Send + Sync + Sized {
    fn open(dial: &Dial) -> impl Future<Output = Result<Self, Error>> + Send;

    fn is_fine(&self) -> bool;

    fn connection(&self) -> (&Connection, &Life);

    /// Ends it, so that the server gives back what it holds.
    fn end(&self) -> impl Future<Output = ()> + Send {
        async {
            let (connection, life) = self.connection();
            let _ = life.answered(connection.close(200, "done".into())).await;
            life.end();
        }
    }
}

impl Wires for Puts {
    async fn open(dial: &Dial) -> Result<Self, Error> {
        let connection = dial.connect().await?;
        let life = Life::of(&connection);
        let channel = connection.create_channel().await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        let voice = connection.create_channel().await?;
        Ok(Self { connection, life, channel, voice })
    }

    fn is_fine(&self) -> bool {
        let channels = [&self.channel, &self.voice];
        self.connection.status().connected() && channels.iter().all(|one| one.status().connected())
    }

    fn connection(&self) -> (&Connection, &Life) {
        (&self.connection, &self.life)
    }
}

impl Wires for Takes {
    async fn open(dial: &Dial) -> Result<Self, Error> {
        let connection = dial.connect().await?;
        let life = Life::of(&connection);
        let leases = connection.create_channel().await?;
        leases.tx_select().await?;
        let desk = connection.create_channel().await?;
        Ok(Self { connection, life, leases, desk })
    }

    fn is_fine(&self) -> bool {
        let channels = [&self.leases, &self.desk];
        self.connection.status().connected() && channels.iter().all(|one| one.status().connected())
    }

    fn connection(&self) -> (&Connection, &Life) {
        (&self.connection, &self.life)
    }
}

/// One of the two, which may be made again.
pub(super) struct Side<W> {
    /// The connection of this moment, and how many there were before.
    current: Mutex<(u64, Option<Arc<W>>)>,
    /// Held by the one who makes it anew.
    making: tokio::sync::Mutex<()>,
}

impl<W: Wires + 'static> Side<W> {
    fn new() -> Self {
        Self { current: Mutex::new((0, None)), making: tokio::sync::Mutex::new(()) }
    }

    fn lock(&self) -> MutexGuard<'_, (u64, Option<Arc<W>>)> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection that there is, with its number.
    pub(super) fn current(&self) -> Option<(u64, Arc<W>)> {
        let current = self.lock();
        current.1.clone().filter(|wires| wires.is_fine()).map(|wires| (current.0, wires))
    }

    async fn open(&self, dial: &Dial) -> Result<(), Error> {
        let made = Arc::new(in_time(dial.connect_time, W::open(dial)).await?);
        let mut current = self.lock();
        current.0 += 1;
        let before = current.1.replace(made);
        drop(current);
        if let Some(before) = before {
            crate::runtime::spawn(async move { before.end().await });
        }
        Ok(())
    }

    /// A connection, made anew if need be; `None` when there is none in time.
    async fn connection(&self, dial: &Dial, end: Instant) -> Option<(u64, Arc<W>)> {
        if let Some(there) = self.current() {
            return Some(there);
        }
        let mut pause = PAUSES.0;
        time::timeout_at(end.into(), async {
            let _one_at_a_time = self.making.lock().await;
            loop {
                if let Some(there) = self.current() {
                    return there;
                }
                if self.open(dial).await.is_err() {
                    time::sleep(pause).await;
                    pause = (pause * 2).min(PAUSES.1);
                }
            }
        })
        .await
        .ok()
    }

    /// Ends the connection that there is, so that the server gives back what it holds.
    fn hang_up(&self) {
        let there = self.lock().1.take();
        if let Some(there) = there {
            crate::runtime::spawn(async move { there.end().await });
        }
    }
}

/// The way to a server.
pub(super) struct Link {
    dial: Dial,
    pub(super) outage: Duration,
    pub(super) puts: Side<Puts>,
    pub(super) takes: Side<Takes>,
}

impl Link {
    pub(super) fn new(address: &Address) -> Result<Self, ConnectError> {
        let dial = Dial::new(address)?;
        Ok(Self { dial, outage: address.options.outage, puts: Side::new(), takes: Side::new() })
    }

    /// Connects for the first time: whoever wants a buffer is told at once what is wrong.
    pub(super) async fn open(&self) -> Result<(), Error> {
        self.takes.open(&self.dial).await?;
        self.puts.open(&self.dial).await
    }

    /// Ends what there is.
    pub(super) fn hang_up(&self) {
        self.puts.hang_up();
        self.takes.hang_up();
    }

    /// Time for something, as long as `until`, if not for as long as an outage may last.
    pub(super) fn attempt(&self, until: Option<Instant>) -> Attempt<'_> {
        let now = Instant::now();
        let mut end = now + self.outage;
        if let Some(until) = until {
            end = end.min(until.max(now + ANSWER.min(self.outage)));
        }
        Attempt { link: self, end, relief: now, pause: PAUSES.0 }
    }

    /// Time for a call, which may wait for a server that is short of memory.
    pub(super) fn attempt_of(&self, standing: Standing) -> Attempt<'_> {
        let mut attempt = self.attempt(standing.until);
        if standing.is_patient {
            attempt.relief = attempt.end;
        }
        attempt
    }
}

/// Something that is tried again while connections break, until its time is over.
pub(super) struct Attempt<'a> {
    link: &'a Link,
    pub(super) end: Instant,
    /// Until when a server is waited for that is short of memory.
    pub(super) relief: Instant,
    pause: Duration,
}

impl Attempt<'_> {
    /// The connection that lends and asks, with its number.
    pub(super) async fn takes(&self) -> Result<(u64, Arc<Takes>), Fault> {
        let link = self.link;
        link.takes.connection(&link.dial, self.end).await.ok_or(Fault::Unreachable)
    }

    /// The connection that puts.
    pub(super) async fn puts(&self) -> Result<Arc<Puts>, Fault> {
        let link = self.link;
        let there = link.puts.connection(&link.dial, self.end).await;
        Ok(there.ok_or(Fault::Unreachable)?.1)
    }

    /// Waits for an answer, as long as there is time and its connection lives.
    pub(super) async fn wait<T>(
        &self,
        life: &Life,
        answer: impl Future<Output = Result<T, Error>>,
    ) -> Result<Result<T, Error>, Fault> {
        let answered = time::timeout_at(self.end.into(), life.answered(answer)).await;
        answered.map_err(|_| Fault::Unanswered)
    }

    /// It failed: why it is not tried again, if it is not.
    pub(super) async fn again(&mut self, error: &Error) -> Result<(), Fault> {
        match fate(error) {
            Fate::Refused(fault) => Err(fault),
            Fate::Lost if Instant::now() >= self.end => Err(Fault::Unreachable),
            Fate::Lost => {
                time::sleep(self.pause).await;
                self.pause = (self.pause * 2).min(PAUSES.1);
                Ok(())
            }
        }
    }
}
