//! What goes on by itself while a buffer is connected to: leases are renewed, others are told, the log is cut off.

use std::sync::Weak;
use std::time::{Duration, Instant};

use forebay_contract::Fault;
use krafka::admin::{DeleteRecordsOptions, OffsetSpec, TopicPartition};
use tokio::time;

use super::link::Attempt;
use super::marks::Mark;
use super::out::Held;
use super::session::Session;

const BEAT: Duration = Duration::from_millis(250);
/// With every so many beats it tells what is new.
const NEWS: u64 = 4;
/// Where there is nothing new, with every so many beats it says that it is there.
const TELLS: u64 = 20;
/// And with every so many, what is finished is cut off from the log.
const CUTS: u64 = 120;

/// Others are told of a lease that has lasted for so long: most are over before.
const LASTING: Duration = Duration::from_millis(100);

/// A log is cut off where so many items are finished.
const CUT: i64 = 256;

/// Beats until the session is gone.
pub(super) async fn beat(session: Weak<Session>) {
    for number in 1.. {
        time::sleep(BEAT).await;
        let Some(session) = session.upgrade() else { return };
        if session.ensure_there().is_err() {
            continue;
        }
        session.renew().await;
        let mut attempt = session.link.attempt(None);
        let is_here = !session.out().handles.is_empty();
        let is_due = number % NEWS == 0 && session.has_news() || is_here && number % TELLS == 0;
        if session.has_lasting() || is_due {
            // What is not told is told with the next.
            let _ = session.tell(&mut attempt).await;
        }
        if number % CUTS == 0 {
            let _ = session.cut(&mut attempt).await;
        }
    }
}

impl Session {
    /// Whether others are to be told of a lease.
    fn has_lasting(&self) -> bool {
        let now = Instant::now();
        let out = self.out();
        out.leases.iter().any(|(token, held)| {
            !out.told.contains(token) && now.duration_since(held.since) >= LASTING
        })
    }

    fn has_news(&self) -> bool {
        let out = self.out();
        out.presence() != out.last_told
    }

    /// Tells the others how things are here.
    pub(super) async fn tell(&self, attempt: &mut Attempt) -> Result<(), Fault> {
        let _one_at_a_time = self.telling.lock().await;
        let presence = {
            let now = Instant::now();
            let mut out = self.out();
            let lasting =
                out.leases.iter().filter(|(_, held)| now.duration_since(held.since) >= LASTING);
            out.told = lasting.map(|(token, _)| *token).collect();
            out.last_told = out.presence();
            out.last_told.clone()
        };
        let mut marks = vec![Mark::Session(self.name.clone(), Some(Box::new(presence)))];
        // Whoever was killed leaves a mark that nobody needs.
        marks.extend(self.marks().gone().map(|name| Mark::Session(name, None)));
        self.mark(attempt, &marks).await
    }

    /// Before these leases end, the others are told so: what they count as leased is never more than there is.
    pub(super) async fn untell(
        &self,
        attempt: &mut Attempt,
        held: &[(u64, Held)],
    ) -> Result<(), Fault> {
        let is_told = |own: &Self| {
            let out = own.out();
            held.iter().any(|(token, _)| out.told.contains(token))
        };
        if !is_told(self) {
            return Ok(());
        }
        let _one_at_a_time = self.telling.lock().await;
        let presence = {
            let mut out = self.out();
            for (token, _) in held {
                out.told.remove(token);
            }
            out.last_told = out.presence();
            out.last_told.clone()
        };
        self.mark(attempt, &[Mark::Session(self.name.clone(), Some(Box::new(presence)))]).await
    }

    /// Brings to the others what counts of what is new here.
    pub(super) async fn flush(&self) -> Result<(), Fault> {
        if self.out().counts.matter() && self.has_news() {
            let mut attempt = self.link.attempt(None);
            self.tell(&mut attempt).await?;
        }
        Ok(())
    }

    /// The last handle is gone: what it leaves is told, if it counts.
    pub(super) async fn farewell(&self) -> Result<(), Fault> {
        let mut attempt = self.link.attempt(None);
        let (was_told, matters) = {
            let out = self.out();
            (out.last_told != super::marks::Presence::default(), out.counts.matter())
        };
        if matters {
            self.tell(&mut attempt).await?;
        } else if was_told {
            let _one_at_a_time = self.telling.lock().await;
            self.out().last_told = super::marks::Presence::default();
            self.mark(&mut attempt, &[Mark::Session(self.name.clone(), None)]).await?;
        }
        self.cut(&mut attempt).await
    }

    /// Cuts off what is finished from the front of the log.
    async fn cut(&self, attempt: &mut Attempt) -> Result<(), Fault> {
        if !std::mem::take(&mut self.out().has_finished) {
            return Ok(());
        }
        let Ok(Ok(standing)) = attempt.wait(self.standing()).await else { return Ok(()) };
        let begin = self.offset(attempt, OffsetSpec::Earliest).await?;
        if standing.start_offset - begin >= CUT {
            let items = TopicPartition::new(self.names.items.clone(), 0);
            let before = [(items, standing.start_offset)];
            let cut = self.link.admin.delete_records(before, DeleteRecordsOptions::default());
            // What is not cut off now is so later.
            let _ = attempt.wait(cut).await;
        }
        Ok(())
    }
}
