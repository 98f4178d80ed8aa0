//! Wakes: told to whoever waits in this process at once, and to the others through an exchange to which a session listens
//! while somebody waits.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use forebay_contract::Fault;
use futures_util::StreamExt;
use lapin::options::{
    BasicConsumeOptions, BasicPublishOptions, QueueBindOptions, QueueDeclareOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Consumer, Error};
use tokio::time;

use super::session::{Session, Standee};
use crate::engine::Role;
use crate::runtime;

/// Nobody waits: so long it listens on, for whoever may soon.
const LINGER: Duration = Duration::from_secs(5);

/// Between two tries to listen, when there is no server.
const AGAIN: Duration = Duration::from_millis(100);

/// What has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wake {
    /// There is an item more to lend.
    Item,
    /// There is room.
    Room,
    /// A lease has ended.
    Ended,
    /// A pass that was kept for a moment is back.
    Idle,
    /// It was closed, or deleted.
    All,
}

impl Wake {
    fn word(self) -> &'static [u8] {
        match self {
            Self::Item => b"item",
            Self::Room => b"room",
            Self::Ended => b"ended",
            Self::Idle => b"idle",
            Self::All => b"all",
        }
    }

    fn read(word: &[u8]) -> Self {
        match word {
            b"item" => Self::Item,
            b"room" => Self::Room,
            b"ended" => Self::Ended,
            b"idle" => Self::Idle,
            _ => Self::All,
        }
    }

    /// Whether it is of use to this one who waits.
    fn is_for(self, standee: &Standee, is_closed: bool) -> bool {
        let role = standee.role;
        match self {
            Self::Item => role == Some(Role::Consumer),
            Self::Room => role == Some(Role::Producer),
            Self::Ended => role.is_none() || standee.limit || is_closed,
            Self::Idle => role.is_none(),
            Self::All => true,
        }
    }
}

impl Session {
    /// Tells everyone, here and elsewhere. Nobody waits until it has arrived.
    pub(super) fn wake(self: &Arc<Self>, wakes: &[Wake]) {
        for wake in wakes {
            self.hear(*wake);
        }
        let Some((_, puts)) = self.link.puts.current() else { return };
        // A server that takes nothing takes no wakes either: waiters look by themselves.
        if puts.is_blocked() {
            return;
        }
        let (exchange, own) = (self.names.wake.clone(), self.name.clone());
        let words: Vec<&[u8]> = wakes.iter().map(|wake| wake.word()).collect();
        runtime::spawn(async move {
            for word in words {
                let from = BasicProperties::default().with_message_id(own.as_str().into());
                let options = BasicPublishOptions::default();
                let to = exchange.clone();
                let sent = puts.voice.basic_publish(to, "".into(), options, word, from);
                let _ = puts.life.answered(sent).await;
            }
        });
    }

    /// Wakes those of this process.
    fn hear(&self, wake: Wake) {
        let called: Vec<u64> = {
            let out = self.out();
            let is_closed = self.is_closed.load(Ordering::Relaxed);
            let line = out.line.iter().filter(|(_, standee)| wake.is_for(standee, is_closed));
            line.map(|(waiter, _)| *waiter).collect()
        };
        for waiter in called {
            self.waiters.call(waiter);
        }
    }

    /// Whether nobody waits; it is then taken for not listening.
    fn stops_listening(&self) -> bool {
        let mut out = self.out();
        out.is_listening = !out.line.is_empty();
        !out.is_listening
    }

    /// Listens, if it does not yet: somebody waits.
    pub(super) fn listen(self: &Arc<Self>) {
        if !std::mem::replace(&mut self.out().is_listening, true) {
            runtime::spawn(listen(Arc::downgrade(self)));
        }
    }
}

/// Listens until the session is gone, or nobody has waited for a while.
async fn listen(session: Weak<Session>) {
    while let Some(own) = session.upgrade() {
        let mut attempt = own.link.attempt(None);
        let Ok((_, takes)) = attempt.takes().await else {
            drop(own);
            time::sleep(AGAIN).await;
            continue;
        };
        let opened = async {
            let channel = takes.connection.create_channel().await?;
            let ear = ear(&own, &channel).await?;
            Ok::<_, Error>((channel, ear))
        };
        let (channel, mut ear) = match takes.life.answered(opened).await {
            Ok(opened) => opened,
            Err(error) => {
                if let Err(fault) = attempt.again(&error).await
                    && own.note(fault) == Fault::Gone
                {
                    return;
                }
                continue;
            }
        };
        // Some wake may have come in between.
        own.waiters.call_all();
        drop(own);
        loop {
            let next = takes.life.answered(async { ear.next().await.transpose() });
            let heard = time::timeout(LINGER, next).await;
            let Some(own) = session.upgrade() else { return };
            match heard {
                Ok(Ok(Some(delivery))) => {
                    let from = delivery.properties.message_id().as_ref();
                    if from.is_none_or(|from| from.as_str() != own.name) {
                        own.hear(Wake::read(&delivery.data));
                    }
                }
                Ok(_) => break,
                Err(_) if own.stops_listening() => {
                    let _ = takes.life.answered(channel.close(200, "done".into())).await;
                    return;
                }
                Err(_) => {}
            }
        }
    }
}

/// A queue of one's own for the wakes, which keeps the latest, and what comes from it.
async fn ear(session: &Session, channel: &Channel) -> Result<Consumer, Error> {
    let own = QueueDeclareOptions {
        exclusive: true,
        auto_delete: true,
        ..QueueDeclareOptions::default()
    };
    let mut most = FieldTable::default();
    most.insert("x-max-length".into(), AMQPValue::LongUInt(1000));
    let queue = channel.queue_declare("".into(), own, most).await?.name().clone();
    let (exchange, options) = (session.names.wake.clone(), QueueBindOptions::default());
    channel.queue_bind(queue.clone(), exchange, "".into(), options, FieldTable::default()).await?;
    let unanswered = BasicConsumeOptions { no_ack: true, ..BasicConsumeOptions::default() };
    channel.basic_consume(queue, "".into(), unanswered, FieldTable::default()).await
}
