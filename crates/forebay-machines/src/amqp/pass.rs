//! Passes: messages of which there are as many as items may be out on lease, so that the broker counts those that are.

use std::sync::{Arc, Weak};
use std::time::Duration;

use forebay_contract::Fault;
use futures_util::future;
use lapin::message::BasicGetMessage;
use lapin::types::ShortString;
use tokio::time;

use super::link::{Attempt, Takes};
use super::session::{Over, Session, get};
use super::wake::Wake;
use crate::runtime;

/// So many passes are kept at the most when they are not needed, and for so long.
const SPARE: usize = 16;
const KEPT: Duration = Duration::from_millis(100);

/// The right to one more lease: a message of `passes`, held.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pass {
    /// The connection by which it is held.
    pub(super) by: u64,
    pub(super) tag: u64,
}

/// Why something was not had.
pub(super) enum Trouble {
    /// The connection or channel is no more.
    Lost(lapin::Error),
    Unable(Fault),
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        Self::Unable(fault)
    }
}

impl From<lapin::Error> for Trouble {
    fn from(error: lapin::Error) -> Self {
        Self::Lost(error)
    }
}

impl Session {
    /// So many passes more, or fewer.
    pub(super) async fn passes(
        self: &Arc<Self>,
        attempt: &Attempt<'_>,
        by: u64,
        takes: &Arc<Takes>,
        wanted: usize,
        passes: &mut Vec<Pass>,
    ) -> Result<(), Trouble> {
        let spare = {
            let mut out = self.out();
            out.spare.retain(|pass| pass.by == by);
            let rest = out.spare.len().saturating_sub(wanted);
            out.spare.split_off(rest)
        };
        let more = wanted - spare.len();
        passes.extend(spare);
        if more > 0 {
            let had = some(attempt, takes, &self.names.passes, more).await?;
            self.out().passes_left = had.last().map_or(0, |had| u64::from(had.message_count));
            passes.extend(had.iter().map(|had| Pass { by, tag: had.delivery_tag }));
        }
        Ok(())
    }

    /// Whether a pass is at hand.
    pub(super) fn has_spare(&self, by: u64) -> bool {
        self.out().spare.iter().any(|pass| pass.by == by)
    }

    /// Keeps passes for a moment, where many are left for others; those that are to be given back.
    pub(super) fn keep_spare(self: &Arc<Self>, passes: Vec<Pass>) -> Vec<Pass> {
        let out = self.out();
        let many = out.passes_left * 2 >= self.settings.lease_limit();
        let room = if many { SPARE.saturating_sub(out.spare.len()) } else { 0 };
        let mut kept = passes;
        let returned = kept.split_off(room.min(kept.len()));
        drop(out);
        self.stash(kept);
        returned
    }

    /// Keeps passes for a moment, and gives them back then.
    pub(super) fn stash(self: &Arc<Self>, passes: Vec<Pass>) {
        let mut out = self.out();
        if out.spare.is_empty() && !passes.is_empty() {
            runtime::spawn(give_back(Arc::downgrade(self)));
        }
        out.spare.extend(passes);
    }

    /// Gives passes back now.
    pub(super) async fn return_passes(self: &Arc<Self>, passes: &[Pass]) {
        if let Some(Pass { by, .. }) = passes.first() {
            let tags: Vec<u64> = passes.iter().map(|pass| pass.tag).collect();
            let attempt = self.link.attempt(None);
            // Where this fails they are back by themselves.
            let _ = self.settle(&attempt, *by, &[], &tags).await;
        }
    }
}

/// So many messages of a queue, or as many as there are, all asked for at once.
pub(super) async fn some(
    attempt: &Attempt<'_>,
    takes: &Arc<Takes>,
    queue: &ShortString,
    most: usize,
) -> Result<Vec<BasicGetMessage>, Trouble> {
    let ask = |_| attempt.wait(&takes.life, get(takes, Over::Leases, queue.clone()));
    let asked = (0..most).map(ask);
    // What came is not given up for what did not.
    let (mut had, mut trouble) = (Vec::with_capacity(most), None);
    for came in future::join_all(asked).await {
        match came.map_err(Trouble::Unable).and_then(|came| came.map_err(Trouble::Lost)) {
            Ok(came) => had.extend(came),
            Err(other) => trouble = Some(other),
        }
    }
    match trouble {
        Some(trouble) if had.is_empty() => Err(trouble),
        _ => Ok(had),
    }
}

/// Gives back the passes that were kept for a moment.
async fn give_back(session: Weak<Session>) {
    time::sleep(KEPT).await;
    if let Some(own) = session.upgrade() {
        let _counted = own.answering.read().await;
        let passes = std::mem::take(&mut own.out().spare);
        own.return_passes(&passes).await;
        own.wake(&[Wake::Idle]);
    }
}
