//! A connection to a buffer, shared by all handles that come from it.

use std::future::Future;
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use forebay_contract::{Fault, JoinError, Patience, Statistics};

use crate::address::Address;
use crate::call::{self, Call, Operation};
use crate::engine::{Answer, Answered, Buried, Engine, Joined, Role, Seen, Standing, Step};
use crate::runtime;
use crate::settings::Settings;
use crate::waiters::Waiters;
use crate::withdrawn::Withdrawn;

/// How long the last handle waits, when it is dropped, until what was answered before is sent.
const FAREWELL: Duration = Duration::from_secs(1);

pub(crate) struct Attachment {
    pub(crate) engine: Box<dyn Engine>,
    pub(crate) waiters: Arc<Waiters>,
    pub(crate) address: Address,
    pub(crate) settings: Settings,
    /// Whether its items go to groups.
    pub(crate) is_topic: bool,
    /// The process that connected.
    pub(crate) process: u32,
    // Relaxed: a number need only be another one.
    pub(crate) next_handle: AtomicU64,
    pub(crate) errands: Arc<Errands>,
    pub(crate) withdrawn: Withdrawn,
}

/// What was begun and waited for by nobody, in number.
#[derive(Default)]
pub(crate) struct Errands {
    running: Mutex<usize>,
    none: Condvar,
}

impl Errands {
    fn begin(self: &Arc<Self>) -> Errand {
        *self.running.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        Errand(Arc::clone(self))
    }

    /// Waits for all of them, but not for long: a server that is gone keeps nobody from ending.
    fn finish(&self) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.none.wait_timeout_while(running, FAREWELL, |running| *running > 0));
    }
}

struct Errand(Arc<Errands>);

impl Drop for Errand {
    fn drop(&mut self) {
        let mut running = self.0.running.lock().unwrap_or_else(PoisonError::into_inner);
        *running -= 1;
        if *running == 0 {
            self.0.none.notify_all();
        }
    }
}

impl Attachment {
    /// Whether this is the child of a fork, in which nothing runs that would ever answer.
    pub(crate) fn is_forked(&self) -> bool {
        process::id() != self.process
    }

    /// Begins something for which nobody waits.
    pub(crate) fn owe<F, T>(self: &Arc<Self>, errand: F)
    where
        F: for<'a> FnOnce(&'a dyn Engine) -> Answered<'a, T> + Send + 'static,
        T: Send + 'static,
    {
        if self.is_forked() {
            return;
        }
        let (own, running) = (Arc::clone(self), self.errands.begin());
        runtime::spawn(async move {
            // What cannot be told goes by the clock: leases and permits lapse, places in line too.
            let _ = errand(own.engine.as_ref()).await;
            drop(running);
        });
    }

    /// Asks the engine, and sleeps until it has answered.
    pub(crate) fn ask<F, T>(self: &Arc<Self>, question: F) -> Result<T, Fault>
    where
        F: for<'a> FnOnce(&'a dyn Engine) -> Answered<'a, T> + Send + 'static,
        T: Send + 'static,
    {
        if self.is_forked() {
            return Err(Fault::Forked);
        }
        let own = Arc::clone(self);
        runtime::wait(async move { question(own.engine.as_ref()).await })
    }

    /// As [`ask`](Self::ask), for a task. Once it was polled the engine is asked, also when the future is dropped.
    pub(crate) async fn ask_async<F, T>(self: &Arc<Self>, question: F) -> Result<T, Fault>
    where
        F: for<'a> FnOnce(&'a dyn Engine) -> Answered<'a, T> + Send + 'static,
        T: Send + 'static,
    {
        if self.is_forked() {
            return Err(Fault::Forked);
        }
        let own = Arc::clone(self);
        runtime::wait_async(async move { question(own.engine.as_ref()).await }).await
    }

    /// Some items after this one.
    pub(crate) fn items(
        self: &Arc<Self>,
        after: Option<String>,
    ) -> Result<Option<Vec<Seen>>, Fault> {
        const PAGE: usize = 64;
        self.ask(|engine| Box::pin(async move { engine.items(after.as_deref(), PAGE).await }))
    }

    /// Some dead letters after this one.
    pub(crate) fn letters(self: &Arc<Self>, after: Option<String>) -> Result<Vec<Buried>, Fault> {
        const PAGE: usize = 16;
        self.ask(|engine| Box::pin(async move { engine.letters(after.as_deref(), PAGE).await }))
    }

    pub(crate) fn purge(self: &Arc<Self>, id: String) -> Result<bool, Fault> {
        self.ask(|engine| Box::pin(async move { engine.purge(&id).await }))
    }

    pub(crate) fn leave(self: &Arc<Self>, waiter: u64) {
        self.owe(move |engine| engine.leave(waiter));
    }

    /// Ends leases for which nobody waits.
    pub(crate) fn settle(self: &Arc<Self>, answer: Answer, reason: String, tokens: Vec<u64>) {
        if !tokens.is_empty() {
            if answer == Answer::Undo {
                self.engine.disown(&tokens);
            }
            self.owe(move |engine| {
                Box::pin(async move { engine.answer(answer, &reason, &tokens).await })
            });
        }
    }

    pub(crate) fn statistics(self: &Arc<Self>) -> Result<Statistics, Fault> {
        if self.is_forked() {
            return Err(Fault::Forked);
        }
        let own = Arc::clone(self);
        let mut statistics = runtime::wait(async move {
            // What these were served with is on its way back, and counts as waiting.
            if own.withdrawn.are_there() {
                own.withdrawn.wait().await;
            }
            own.engine.statistics().await
        })?;
        statistics.name = Some(self.address.name.clone());
        if !self.is_topic {
            statistics.capacity = usize::try_from(self.settings.capacity).ok();
            statistics.weight_capacity = self.settings.capacity_bytes;
        }
        Ok(statistics)
    }

    pub(crate) fn join_within(self: &Arc<Self>, patience: Patience) -> Result<(), JoinError> {
        call::wait(self, Joining { begun: None }, patience)
    }

    pub(crate) fn join_async(
        self: &Arc<Self>,
    ) -> impl Future<Output = Result<(), JoinError>> + Send + use<> {
        Call::new(self, Joining { begun: None }, Patience::Forever)
    }
}

/// A handle among those that use the buffer, counted while it lives.
pub(crate) struct Handle {
    pub(crate) attachment: Arc<Attachment>,
    pub(crate) number: u64,
    role: Role,
}

impl Handle {
    pub(crate) fn new(attachment: &Arc<Attachment>, role: Role) -> Self {
        let number = attachment.next_handle.fetch_add(1, Ordering::Relaxed);
        attachment.owe(move |engine| engine.enroll(number, role));
        Self { attachment: Arc::clone(attachment), number, role }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        let (number, role) = (self.number, self.role);
        self.attachment.owe(move |engine| engine.depart(number, role));
    }
}

/// Waits, when the last handle or lease of a connection goes, until what they did is sent: a process may end now.
#[derive(Clone)]
pub(crate) struct Farewell(Arc<Errands>, Arc<()>);

impl Farewell {
    pub(crate) fn new(errands: &Arc<Errands>) -> Self {
        Self(Arc::clone(errands), Arc::default())
    }
}

impl Drop for Farewell {
    fn drop(&mut self) {
        if Arc::strong_count(&self.1) == 1 {
            self.0.finish();
        }
    }
}

struct Joining {
    begun: Option<u64>,
}

impl Operation for Joining {
    type Outcome = Result<(), JoinError>;

    fn attempt<'a>(
        &'a mut self,
        engine: &'a dyn Engine,
        standing: Standing,
    ) -> Answered<'a, Step<Self::Outcome>> {
        Box::pin(async move {
            Ok(match engine.join(self.begun, standing).await? {
                Joined::Idle => Step::Done(Ok(())),
                Joined::Busy { begun, pause } => {
                    self.begun.get_or_insert(begun);
                    Step::NotNow(pause)
                }
            })
        })
    }

    fn give_up(self, _: bool) -> Self::Outcome {
        Err(JoinError::TimedOut)
    }

    fn fail(self, fault: Fault) -> Self::Outcome {
        Err(fault.into())
    }

    fn undo(_: Self::Outcome, _: &Arc<Attachment>) {}
}
