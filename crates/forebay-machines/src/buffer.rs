//! A buffer that is connected to, from which producers and consumers are had.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::SystemTime;
use std::{fmt, process};

use forebay_contract::{Bytes, Codec, DeadLetter, Fault, JoinError, Patience, Statistics};

use crate::address::{Address, Options};
use crate::attachment::{Attachment, Farewell, Handle};
use crate::connect_error::{ConnectError, Why};
use crate::consumer::Consumer;
use crate::engine::{Buried, Engine, Role, Seen};
use crate::producer::Producer;
use crate::settings::Settings;
use crate::withdrawn::Withdrawn;
use crate::{engines, runtime, topic};

/// Connects to the buffer of this URL; [`Settings`] make one.
pub fn connect(url: &str) -> Result<Buffer, ConnectError> {
    Buffer::connect(url)
}

/// A buffer on a server. A clone is the same connection.
#[derive(Clone)]
pub struct Buffer {
    attachment: Arc<Attachment>,
    survives: Survives,
    warnings: Arc<[String]>,
    created: Option<SystemTime>,
    farewell: Farewell,
}

/// What a put that returned Ok survives, as far as the server told when it was connected to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Survives {
    /// The deaths of clients, not that of the server: the item is in its memory.
    Clients,
    /// The death of the server as well; a loss of power may take the last moments.
    Server,
    /// The loss of power: the item was on the disk before the put returned.
    Power,
    /// The server would not say.
    Unknown,
}

impl Buffer {
    /// Connects to the buffer of this URL, which must be there.
    pub fn connect(url: &str) -> Result<Self, ConnectError> {
        Self::connect_with(url, &Options::new())
    }

    /// As [`connect`](Self::connect), with more to say on how the server is reached.
    pub fn connect_with(url: &str, options: &Options) -> Result<Self, ConnectError> {
        let (url, options) = (url.to_owned(), options.clone());
        runtime::wait(async move { Self::connect_now(&url, &options).await })
    }

    /// As [`connect_with`](Self::connect_with), for a task of any executor.
    pub async fn connect_async(url: &str, options: &Options) -> Result<Self, ConnectError> {
        let (url, options) = (url.to_owned(), options.clone());
        runtime::wait_async(async move { Self::connect_now(&url, &options).await }).await
    }

    async fn connect_now(url: &str, options: &Options) -> Result<Self, ConnectError> {
        let address = Address::parse(url, options)?;
        let waiters = Arc::default();
        let (connected, is_topic) = match engines::connect(&address, &waiters).await {
            Ok(connected) => (connected, false),
            Err(error) if matches!(error.why(), Why::Missing) => {
                (topic::connect(&address, &waiters).await?, true)
            }
            Err(error) => return Err(error),
        };
        let Connected { engine, settings, survives, warnings, created } = connected;
        let attachment = Attachment {
            engine,
            waiters,
            address,
            settings,
            is_topic,
            process: process::id(),
            next_handle: AtomicU64::new(0),
            errands: Arc::default(),
            withdrawn: Withdrawn::new(),
        };
        let farewell = Farewell::new(&attachment.errands);
        let (attachment, warnings) = (Arc::new(attachment), warnings.into());
        Ok(Self { attachment, survives, warnings, created, farewell })
    }

    /// The groups, in the order of their names, where this is a topic; none where it is a buffer, as each group is.
    pub fn groups(&self) -> Result<Vec<String>, Fault> {
        if !self.attachment.is_topic {
            return Ok(Vec::new());
        }
        self.attachment.ask(|engine| engine.groups(None))
    }

    /// What it was made with; a topic, what of its groups the one with the smallest capacity was.
    pub fn settings(&self) -> &Settings {
        &self.attachment.settings
    }

    /// What a put that returned Ok survives.
    pub fn survives(&self) -> Survives {
        self.survives
    }

    /// What whoever runs the server may want to know: what it is set up to lose, and how that is changed.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// When it was made, by the server's clock, or that of whoever made it; `None` where the engine does not tell.
    pub fn created(&self) -> Option<SystemTime> {
        self.created
    }

    /// A producer of items of type `T`, which the codec turns into bytes.
    pub fn producer<T, C: Codec<T>>(&self, codec: C) -> Result<Producer<T, C>, Fault> {
        let handle = self.handle(Role::Producer)?;
        Ok(Producer::new(handle, codec, self.farewell.clone()))
    }

    /// A consumer of items of type `T`, which the codec makes of bytes. A [topic](Fault::Topic) has none, but its groups.
    pub fn consumer<T, C: Codec<T>>(&self, codec: C) -> Result<Consumer<T, C>, Fault> {
        if self.attachment.is_topic {
            return Err(Fault::Topic);
        }
        let handle = self.handle(Role::Consumer)?;
        Ok(Consumer::new(handle, codec, self.farewell.clone()))
    }

    fn handle(&self, role: Role) -> Result<Handle, Fault> {
        if self.attachment.is_forked() {
            return Err(Fault::Forked);
        }
        Ok(Handle::new(&self.attachment, role))
    }

    /// Refuses all further puts, on every machine, and lets consumers drain what is left (C6).
    pub fn close(&self) -> Result<(), Fault> {
        self.attachment.ask(|engine| engine.close())
    }

    /// Waits until nothing is unfinished (C7).
    pub fn join_within(&self, patience: Patience) -> Result<(), JoinError> {
        self.attachment.join_within(patience)
    }

    /// Waits, as a task, until nothing is unfinished (C7).
    pub async fn join_async(&self) -> Result<(), JoinError> {
        self.attachment.join_async().await
    }

    /// The counts and waits of this moment (C8). Of a topic they are the sums over its groups, so an item counts once for
    /// each group that it came to, and there is no capacity.
    pub fn statistics(&self) -> Result<Statistics, Fault> {
        self.attachment.statistics()
    }

    /// Whether [`Lease::position`](crate::Lease::position) tells an item's place; where the engine knows none it is 0.
    pub fn knows_positions(&self) -> bool {
        self.attachment.engine.knows_positions()
    }

    /// Brings to the others what was counted here. An engine may do that now and then only, and when the last handle goes; who
    /// ends without dropping it asks for it.
    pub fn flush(&self) -> Result<(), Fault> {
        self.attachment.ask(|engine| engine.flush())
    }

    /// What is in the buffer, waiting or leased, in the order of puts: each that is there all the while, once, and some that
    /// come or go meanwhile. `None` where the engine lets nobody look.
    pub fn items(&self) -> Result<Option<Vec<Item>>, Fault> {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let Some(more) = self.attachment.items(after)? else { return Ok(None) };
            let Some(last) = more.last() else { return Ok(Some(all)) };
            after = Some(last.id.clone());
            all.extend(
                more.into_iter().map(|Seen { position, bytes, .. }| Item { position, bytes }),
            );
        }
    }

    /// The dead letters, in the order of their deaths.
    pub fn dead_letters(&self) -> Result<Vec<Letter>, Fault> {
        let mut all: Vec<Letter> = Vec::new();
        loop {
            let after = all.last().map(|letter| letter.id.clone());
            let more = self.attachment.letters(after)?;
            if more.is_empty() {
                return Ok(all);
            }
            all.extend(more.into_iter().map(|Buried { id, letter }| Letter { id, letter }));
        }
    }

    /// Makes an item of a dead letter again, as if it had never been leased. Says whether it was there. The engine's docs
    /// say which position it gets.
    pub fn retry(&self, letter: &Letter) -> Result<bool, Fault> {
        let id = letter.id.clone();
        self.attachment.ask(|engine| Box::pin(async move { engine.retry(&id).await }))
    }

    /// Drops a dead letter for good. Says whether it was there.
    pub fn purge(&self, letter: &Letter) -> Result<bool, Fault> {
        self.attachment.purge(letter.id.clone())
    }

    /// Deletes the buffer with all that is in it. Whoever uses it is told that it is [`Gone`](Fault::Gone).
    pub fn delete(&self) -> Result<(), Fault> {
        self.attachment.ask(|engine| engine.delete())
    }
}

impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Buffer").field("address", &self.attachment.address).finish_non_exhaustive()
    }
}

/// A dead letter of a buffer that is looked at.
#[derive(Debug, Clone)]
pub struct Letter {
    id: String,
    /// The item, why it was set aside, and what was tried.
    pub letter: DeadLetter<Bytes>,
}

impl Letter {
    /// The engine's name for it, which no other dead letter of the buffer has.
    pub fn id(&self) -> &str {
        &self.id
    }
}

/// An item of a buffer that is looked at.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Item {
    /// Its place in the order of puts.
    pub position: u64,
    /// What was put.
    pub bytes: Bytes,
}

/// What an engine hands over when it is connected to.
pub(crate) struct Connected {
    pub(crate) engine: Box<dyn Engine>,
    pub(crate) settings: Settings,
    pub(crate) survives: Survives,
    pub(crate) warnings: Vec<String>,
    pub(crate) created: Option<SystemTime>,
}
