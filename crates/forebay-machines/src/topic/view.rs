//! What a topic's groups are, as far as this process has looked.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use forebay_contract::Fault;
use futures_util::future::join_all;
use tokio::time;

use crate::address::Address;
use crate::connect_error::{ConnectError, Why};
use crate::engine::{Engine, Role};
use crate::engines;
use crate::waiters::Waiters;

/// No put begins by a look that is older.
pub(super) const LOOK: Duration = Duration::from_secs(1);

/// A group of the topic, and the connection to it.
pub(super) struct Group {
    pub(super) name: String,
    pub(super) engine: Box<dyn Engine>,
    // Relaxed, both: only what a server said hangs on them, and it says so again.
    is_closed: AtomicBool,
    is_gone: AtomicBool,
}

impl Group {
    pub(super) fn new(name: String, engine: Box<dyn Engine>) -> Arc<Self> {
        let (is_closed, is_gone) = (AtomicBool::new(false), AtomicBool::new(false));
        Arc::new(Self { name, engine, is_closed, is_gone })
    }

    /// It refuses all puts from now on.
    pub(super) fn has_closed(&self) {
        self.is_closed.store(true, Ordering::Relaxed);
    }

    fn is_gone(&self) -> bool {
        self.is_gone.load(Ordering::Relaxed)
    }

    /// Whether it takes puts, for all that is known.
    pub(super) fn is_open(&self) -> bool {
        !self.is_gone() && !self.is_closed.load(Ordering::Relaxed)
    }

    /// What it answered; nothing when it was deleted.
    pub(super) fn told<T>(&self, answered: Result<T, Fault>) -> Result<Option<T>, Fault> {
        match answered {
            Ok(answer) => Ok(Some(answer)),
            Err(Fault::Gone) => {
                self.is_gone.store(true, Ordering::Relaxed);
                Ok(None)
            }
            Err(fault) => Err(fault),
        }
    }
}

/// The groups that there were at the last look.
pub(super) struct View {
    address: Address,
    waiters: Arc<Waiters>,
    /// Held by the one who looks, or makes a handle known.
    looking: tokio::sync::Mutex<BTreeMap<u64, Role>>,
    seen: Mutex<Seen>,
}

struct Seen {
    /// In the order of their names: that in which they are asked for places.
    groups: Arc<[Arc<Group>]>,
    /// When it was asked for them.
    at: Instant,
    /// By which it is asked, also when none is left.
    guide: Arc<Group>,
}

impl View {
    /// Of these groups, of which there is one at least.
    pub(super) fn new(
        address: &Address,
        waiters: &Arc<Waiters>,
        groups: Vec<Arc<Group>>,
        at: Instant,
    ) -> Self {
        let guide = Arc::clone(&groups[0]);
        Self {
            address: address.clone(),
            waiters: Arc::clone(waiters),
            looking: tokio::sync::Mutex::default(),
            seen: Mutex::new(Seen { groups: groups.into(), at, guide }),
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Those that there were at the last look, however long ago that was.
    fn known(&self) -> Arc<[Arc<Group>]> {
        Arc::clone(&self.seen().groups)
    }

    /// The groups that are there, by a look that is recent enough.
    pub(super) async fn groups(&self, until: Option<Instant>) -> Result<Arc<[Arc<Group>]>, Fault> {
        self.groups_since(|| Instant::now().checked_sub(LOOK), until).await
    }

    /// The groups that are there now.
    pub(super) async fn groups_now(
        &self,
        until: Option<Instant>,
    ) -> Result<Arc<[Arc<Group>]>, Fault> {
        let now = Instant::now();
        self.groups_since(|| Some(now), until).await
    }

    /// Those of the groups that are open.
    pub(super) async fn open(&self, until: Option<Instant>) -> Result<Vec<Arc<Group>>, Fault> {
        let groups = self.groups(until).await?;
        Ok(groups.iter().filter(|group| group.is_open()).cloned().collect())
    }

    async fn groups_since(
        &self,
        oldest: impl Fn() -> Option<Instant>,
        until: Option<Instant>,
    ) -> Result<Arc<[Arc<Group>]>, Fault> {
        let recent = || {
            let seen = self.seen();
            let is_recent = oldest().is_none_or(|oldest| seen.at >= oldest);
            let all_there = !seen.groups.iter().any(|group| group.is_gone());
            (is_recent && all_there).then(|| Arc::clone(&seen.groups))
        };
        if let Some(groups) = recent() {
            return there(groups);
        }
        let looking = self.looking.lock();
        let handles = match until {
            // A deadline that has passed leaves time for a look.
            Some(until) => {
                let until = until.max(Instant::now() + LOOK);
                let looking = time::timeout_at(until.into(), looking).await;
                looking.map_err(|_| Fault::Unreachable)?
            }
            None => looking.await,
        };
        // Somebody else may have looked meanwhile.
        match recent() {
            Some(groups) => there(groups),
            None => there(self.look(&handles, until).await?),
        }
    }

    /// Asks for the groups, and connects to those that are new.
    async fn look(
        &self,
        handles: &BTreeMap<u64, Role>,
        until: Option<Instant>,
    ) -> Result<Arc<[Arc<Group>]>, Fault> {
        let (known, guide) = {
            let seen = self.seen();
            (Arc::clone(&seen.groups), Arc::clone(&seen.guide))
        };
        let at = Instant::now();
        let names = guide.engine.groups(until).await?;
        let mut groups = Vec::with_capacity(names.len());
        for name in names {
            let is_it = |group: &&Arc<Group>| group.name == name && !group.is_gone();
            if let Some(group) = known.iter().find(is_it) {
                groups.push(Arc::clone(group));
                continue;
            }
            match engines::connect(&self.address.with_group(Some(&name)), &self.waiters).await {
                Ok(connected) => {
                    let group = Group::new(name, connected.engine);
                    for (handle, role) in handles {
                        group.told(group.engine.enroll(*handle, *role).await)?;
                    }
                    groups.push(group);
                }
                // It was deleted meanwhile.
                Err(error) if matches!(error.why(), Why::Missing) => {}
                Err(error) => return Err(fault(&error)),
            }
        }
        let groups: Arc<[Arc<Group>]> = groups.into();
        let mut seen = self.seen();
        if let Some(first) = groups.first() {
            seen.guide = Arc::clone(first);
        }
        (seen.groups, seen.at) = (Arc::clone(&groups), at);
        Ok(groups)
    }

    /// A handle was made: each group that there is, or will be, knows it.
    pub(super) async fn enroll(&self, handle: u64, role: Role) -> Result<(), Fault> {
        let mut handles = self.looking.lock().await;
        handles.insert(handle, role);
        each(&self.known(), |group| group.engine.enroll(handle, role)).await
    }

    /// A handle was dropped.
    pub(super) async fn depart(&self, handle: u64, role: Role) -> Result<(), Fault> {
        let mut handles = self.looking.lock().await;
        handles.remove(&handle);
        each(&self.known(), |group| group.engine.depart(handle, role)).await
    }
}

/// A topic without groups is none.
fn there(groups: Arc<[Arc<Group>]>) -> Result<Arc<[Arc<Group>]>, Fault> {
    if groups.is_empty() { Err(Fault::Gone) } else { Ok(groups) }
}

/// Asks all of them at once, and those that are gone for nothing.
pub(super) async fn each<'a>(
    groups: &'a [Arc<Group>],
    question: impl Fn(&'a Group) -> crate::engine::Answered<'a, ()>,
) -> Result<(), Fault> {
    let answers = join_all(groups.iter().map(|group| question(group))).await;
    for (group, answer) in groups.iter().zip(answers) {
        group.told(answer)?;
    }
    Ok(())
}

fn fault(error: &ConnectError) -> Fault {
    match error.why() {
        Why::Fault(fault) => *fault,
        Why::Unreachable(_) => Fault::Unreachable,
        Why::Password | Why::Tls(_) | Why::Denied(_) => Fault::Denied,
        _ => Fault::Refused,
    }
}
