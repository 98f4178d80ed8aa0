//! One connection to one buffer, and the steps that it asks for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use forebay_contract::Fault;
use redis::{Cmd, Script, cmd, from_redis_value};

use super::link::Link;
use super::reply::Reply;
use super::{SCRIPT, beat, groups_of, key_of, random};
use crate::address::Address;
use crate::engine::{Role, Standing};
use crate::runtime;
use crate::waiters::Waiters;

/// What is leased, and what is set aside, holds for so long unless it is renewed.
pub(super) const HOLD: Duration = Duration::from_secs(30);

/// One connection to one buffer.
pub(super) struct Session {
    pub(super) link: Link,
    key: String,
    /// The set of the groups of its topic.
    groups: String,
    identity: String,
    name: String,
    digest: String,
    pub(super) waiters: Arc<Waiters>,
    // Relaxed: a number need only be another one.
    next_request: AtomicU64,
    pub(super) next_permit: AtomicU64,
    out: Mutex<Out>,
}

/// What this process has to keep alive, or to tell.
#[derive(Default)]
pub(super) struct Out {
    pub(super) handles: BTreeMap<u64, Role>,
    pub(super) leases: BTreeSet<u64>,
    pub(super) permits: BTreeSet<u64>,
    /// Where the server keeps answers, until they have arrived: slots that nobody uses, and how many there are.
    slots: (Vec<u32>, u32),
}

/// A step on its way to the server.
pub(super) struct Request<'a> {
    session: &'a Session,
    /// Its own until there is an answer, or nobody waits for one any more.
    _slot: Option<Slot<'a>>,
    arguments: Vec<Argument<'a>>,
}

/// Where the server keeps an answer. The next to be kept there has a greater number, and so is not taken for it, however late
/// either comes.
struct Slot<'a>(&'a Session, u32);

impl<'a> Slot<'a> {
    fn new(session: &'a Session) -> Self {
        let mut out = session.out();
        let (free, all) = &mut out.slots;
        let number = free.pop().unwrap_or_else(|| {
            *all += 1;
            *all
        });
        Self(session, number)
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        self.0.out().slots.0.push(self.1);
    }
}

enum Argument<'a> {
    Bytes(&'a [u8]),
    Text(String),
}

/// A name or a number, as text.
pub(super) struct Word(String);

macro_rules! words {
    ($($kind:ty)*) => {
        $(impl From<$kind> for Word {
            fn from(word: $kind) -> Self {
                Self(word.to_string())
            }
        })*
    };
}

words! { String &str u8 u32 u64 u128 i64 usize }

impl<'a> Request<'a> {
    pub(super) fn with(mut self, argument: impl Into<Word>) -> Self {
        self.arguments.push(Argument::Text(argument.into().0));
        self
    }

    pub(super) fn with_bytes(mut self, bytes: &'a [u8]) -> Self {
        self.arguments.push(Argument::Bytes(bytes));
        self
    }

    fn command(&self, verb: &str, script: &str) -> Cmd {
        let mut command = cmd(verb);
        command.arg(script).arg(1).arg(&self.session.key);
        for argument in &self.arguments {
            match argument {
                Argument::Bytes(bytes) => command.arg(*bytes),
                Argument::Text(text) => command.arg(text),
            };
        }
        command
    }

    /// The first word of the answer, and the rest.
    pub(super) async fn send(self, until: Option<Instant>) -> Result<(String, Reply), Fault> {
        let command = self.command("EVALSHA", &self.session.digest);
        let whole = || self.command("EVAL", SCRIPT);
        let mut reply = Reply::new(self.session.link.ask(&command, whole, until).await?)?;
        let word = reply.text()?;
        match word.as_str() {
            "gone" => return Err(Fault::Gone),
            "format" => return Err(Fault::Damaged),
            _ => {}
        }
        Ok((word, reply))
    }
}

impl Session {
    pub(super) fn new(
        link: Link,
        address: &Address,
        identity: String,
        waiters: Arc<Waiters>,
    ) -> Arc<Self> {
        Arc::new(Self {
            link,
            key: key_of(address),
            groups: groups_of(address),
            identity,
            name: random(),
            digest: Script::new(SCRIPT).get_hash().to_owned(),
            waiters,
            next_request: AtomicU64::new(1),
            next_permit: AtomicU64::new(0),
            out: Mutex::default(),
        })
    }

    /// Listens, and beats.
    pub(super) async fn begin(self: &Arc<Self>) -> Result<(), Fault> {
        let (ready, is_ready) = tokio::sync::oneshot::channel();
        runtime::spawn(beat::listen(Arc::downgrade(self), ready));
        // Without wakes it works too, by looking again.
        let _ = is_ready.await;
        runtime::spawn(beat::beat(Arc::downgrade(self)));
        Ok(())
    }

    pub(super) fn out(&self) -> MutexGuard<'_, Out> {
        self.out.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where its wakes are told.
    pub(super) fn channel(&self) -> String {
        format!("{}wake:{}", self.key.trim_end_matches("meta"), self.name)
    }

    /// A thing of this session: a handle, a waiter, a permit.
    pub(super) fn own(&self, number: u64) -> String {
        format!("{}:{number}", self.name)
    }

    /// A step that comes to the same however often it is asked for.
    pub(super) fn look<'a>(&'a self, operation: &str) -> Request<'a> {
        self.request(operation, None)
    }

    /// A step that the server does once, however often it is asked for.
    pub(super) fn once<'a>(&'a self, operation: &str) -> Request<'a> {
        let slot = Slot::new(self);
        self.request(operation, Some(slot))
    }

    fn request<'a>(&'a self, operation: &str, slot: Option<Slot<'a>>) -> Request<'a> {
        // After the slot: who had it before has a smaller one.
        let number = self.next_request.fetch_add(1, Ordering::Relaxed);
        let place = slot.as_ref().map_or(String::new(), |slot| slot.1.to_string());
        Request { session: self, _slot: slot, arguments: Vec::with_capacity(12) }
            .with(operation)
            .with(&*self.identity)
            .with(&*self.name)
            .with(place)
            .with(number)
    }

    pub(super) fn stand<'a>(&self, request: Request<'a>, standing: Standing) -> Request<'a> {
        request.with(self.own(standing.waiter)).with(u8::from(standing.is_patient))
    }

    /// The groups of its topic, in the order of their names.
    pub(super) async fn groups(&self, until: Option<Instant>) -> Result<Vec<String>, Fault> {
        let mut question = cmd("SMEMBERS");
        question.arg(&self.groups);
        let told = self.link.ask(&question, || question.clone(), until).await?;
        let mut groups: Vec<String> = from_redis_value(told).map_err(|_| Fault::Damaged)?;
        groups.sort_unstable();
        Ok(groups)
    }

    pub(super) async fn beat(&self, life: Duration, renews: bool) -> Result<(), Fault> {
        let mut request = self.look("beat").with(life.as_millis()).with(HOLD.as_millis());
        {
            let out = self.out();
            request = request.with(out.handles.len());
            for (handle, role) in &out.handles {
                request = request.with(self.own(*handle)).with(letter(*role));
            }
            if renews {
                request = request.with(out.leases.len());
                for token in &out.leases {
                    request = request.with(*token);
                }
                for permit in &out.permits {
                    request = request.with(self.own(*permit));
                }
            } else {
                request = request.with(0_u64);
            }
        }
        request.send(None).await?;
        Ok(())
    }
}

pub(super) fn letter(role: Role) -> &'static str {
    match role {
        Role::Producer => "p",
        Role::Consumer => "c",
    }
}
