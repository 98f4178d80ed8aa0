//! One participant of this process: its entry in the table, and its life.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use forebay_contract::{Fault, Patience, Statistics};
use rustix::fs::OFlags;

use crate::attachment::Attachment;
use crate::bell::Bell;
use crate::clock;
use crate::geometry::Geometry;
use crate::life::Life;
use crate::lock::{Limit, Others as _};
use crate::participant::Role;
use crate::statistics;
use crate::turn::{Me, Purpose, Sleeper, Task, Trust, Turn};

/// How long a call that does not wait for items or room waits for the lock (C5: one operation in flight).
pub(crate) const IN_FLIGHT: Duration = Duration::from_millis(20);

/// Between two looks for the dead, while there is something that a death would keep from others.
pub(crate) const TICK: Duration = Duration::from_millis(35);

/// The longest that one sleeps who is not on watch, or has nothing to watch over: a wake that died with its process costs
/// so much.
pub(crate) const REST: Duration = Duration::from_millis(200);

/// A producer, a consumer, or somebody who looks after the buffer. Leaves when dropped.
#[derive(Debug)]
pub(crate) struct Party {
    pub(crate) buffer: Arc<Attachment>,
    pub(crate) me: Me,
    pub(crate) number: u64,
    bell: OnceLock<Arc<Bell>>,
    _life: Life,
}

impl Party {
    /// Becomes a participant. Also returns a descriptor that keeps it alive as long as it is open anywhere.
    pub(crate) fn join(buffer: &Arc<Attachment>, role: Role) -> Result<(Self, OwnedFd), Fault> {
        buffer.check()?;
        // Bounded, should somebody write to the table all the time.
        for _ in 0..Geometry::MOST_HANDLES {
            for participant in role.entries(&buffer.geometry) {
                if !buffer.entry(participant)?.is_free() {
                    continue;
                }
                if let Some(joined) = Self::join_as(buffer, role, participant)? {
                    return Ok(joined);
                }
            }
            // Somebody else may come to where room was made: there is none when nobody is dead.
            if !Self::clear_dead(buffer, role)? {
                break;
            }
        }
        Err(Fault::Crowded)
    }

    /// Joins at this entry, if nobody else does so at the same moment.
    fn join_as(
        buffer: &Arc<Attachment>,
        role: Role,
        participant: u32,
    ) -> Result<Option<(Self, OwnedFd)>, Fault> {
        let Some((life, descriptor)) = Self::live_as(buffer, participant)? else { return Ok(None) };
        let me = Me { participant, generation: 0 };
        let mut turn = Turn::begin(buffer, me, Limit::Forever, Purpose::Join)?;
        if !buffer.entry(participant)?.is_free() {
            return Ok(None);
        }
        let (me, number) = turn.come(role, own_process(), command_name())?;
        drop(turn);
        let bell = OnceLock::new();
        let party = Self { buffer: Arc::clone(buffer), me, number, bell, _life: life };
        Ok(Some((party, descriptor)))
    }

    fn live_as(buffer: &Attachment, participant: u32) -> Result<Option<(Life, OwnedFd)>, Fault> {
        let at = buffer.geometry.participant(participant).ok_or(Fault::Damaged)?;
        let own = File::options()
            .read(true)
            .write(true)
            .custom_flags(
                (OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK).bits().cast_signed(),
            )
            .open(&buffer.path)
            .map_err(|error| match error.kind() {
                std::io::ErrorKind::NotFound => Fault::Deleted,
                _ => system(&error),
            })?;
        let found = own.metadata().map_err(|error| system(&error))?;
        if (found.dev(), found.ino()) != buffer.identity {
            return Err(Fault::Deleted);
        }
        let life = Life::begin(own, at).map_err(|error| system(&error))?;
        if life.is_some() {
            // Whoever waits for a turn that is had from here is told of this process, not of the one before.
            buffer.entry(participant)?.set_process(own_process());
        }
        Ok(life)
    }

    /// Makes room where all entries for this role are in use: whose entry this process can live at is dead. Says whether
    /// anybody was, or an entry was free after all.
    fn clear_dead(buffer: &Arc<Attachment>, role: Role) -> Result<bool, Fault> {
        for participant in role.entries(&buffer.geometry) {
            if buffer.is_alive(participant)? {
                continue;
            }
            let Some((_life, _descriptor)) = Self::live_as(buffer, participant)? else { continue };
            let entry = buffer.entry(participant)?;
            let Some(generation) = entry.generation() else { return Ok(true) };
            // In its place; if it held the lock, that is taken over.
            let me = Me { participant, generation: 0 };
            let mut turn = Turn::begin(buffer, me, Limit::Forever, Purpose::Join)?;
            if buffer.entry(participant)?.generation() == Some(generation) {
                match turn.bury_dead(participant) {
                    // Nobody could come any more, not even to repair it.
                    Err(Fault::Damaged) => turn.rebuild(Trust::Nothing).map(|_| ())?,
                    buried => buried?,
                }
            }
            return Ok(true);
        }
        Ok(false)
    }

    pub(crate) fn turn(&self, limit: Limit) -> Result<Turn<'_>, Fault> {
        Turn::begin(&self.buffer, self.me, limit, Purpose::Use)
    }

    /// A turn for a call of this patience.
    pub(crate) fn turn_within(&self, patience: Patience) -> Result<Turn<'_>, Fault> {
        self.turn(match patience {
            Patience::Try => Limit::For(IN_FLIGHT),
            Patience::Until(deadline) => {
                if deadline.saturating_duration_since(Instant::now()).is_zero() {
                    Limit::For(IN_FLIGHT)
                } else {
                    Limit::Until(deadline)
                }
            }
            Patience::Forever => Limit::Forever,
        })
    }

    /// A turn to look after a buffer that may be poisoned.
    pub(crate) fn care(&self, limit: Limit) -> Result<Turn<'_>, Fault> {
        Turn::begin(&self.buffer, self.me, limit, Purpose::Care)
    }

    /// Looks for the dead, if nobody has just done so. Returns how many it found.
    pub(crate) fn sweep_if_due(&self) -> Result<u32, Fault> {
        let control = self.buffer.control()?;
        let (last, now) = (control.swept_at().get(), clock::since_boot());
        let tick = TICK.as_nanos() as u64 * 4 / 5;
        if now.abs_diff(last) < tick || !control.swept_at().exchange(last, now) {
            return Ok(0);
        }
        self.buffer.check_name()?;
        match self.care(Limit::For(IN_FLIGHT)) {
            // The next one who waits tries again.
            Err(Fault::Stalled { .. }) => Ok(0),
            turn => turn?.sweep(),
        }
    }

    /// What one who sleeps does when it wakes for no reason: it looks after the buffer, if nobody else does. Returns how
    /// long it may sleep until it asks again.
    pub(crate) fn keep_watch(&self, sleeper: Sleeper) -> Result<Duration, Fault> {
        let control = self.buffer.control()?;
        if control.poisoned().get() != 0 {
            return Err(Fault::Poisoned);
        }
        match sleeper.task(&self.buffer)? {
            Task::None => {
                self.buffer.check_name()?;
                Ok(REST)
            }
            Task::Done => Ok(TICK),
            Task::Look => {
                // As often as the others do: it costs more than the rest of the look.
                let rest = REST.as_nanos() as u64;
                if clock::since_boot() / rest != control.swept_at().get() / rest {
                    self.buffer.check_name()?;
                }
                match self.turn(Limit::For(IN_FLIGHT)) {
                    Err(Fault::Stalled { .. }) => Ok(TICK),
                    turn => turn?.watch(sleeper),
                }
            }
        }
    }

    /// The counts of this moment. What the dead held and what has expired is given back first.
    pub(crate) fn statistics(&self) -> Statistics {
        // What keeps it from looking keeps nobody from reading.
        let _ = self.sweep_if_due();
        let is_timed = self.buffer.settings.lease_time.is_some();
        if is_timed && self.buffer.control().is_ok_and(|control| control.due_len().get() > 0) {
            // A turn begins so. If there is none to be had, the numbers are those of the last one.
            drop(self.turn(Limit::For(IN_FLIGHT)));
        }
        statistics::read(&self.buffer)
    }

    /// The bell of this process's tasks.
    pub(crate) fn bell(&self) -> Result<&Arc<Bell>, Fault> {
        if let Some(bell) = self.bell.get() {
            return Ok(bell);
        }
        let bell = self.buffer.bell()?;
        Ok(self.bell.get_or_init(|| bell))
    }
}

impl Drop for Party {
    fn drop(&mut self) {
        // Whoever cannot say goodbye is found dead later.
        if let Ok(mut turn) = self.care(Limit::For(Duration::from_secs(1))) {
            let _ = turn.go();
        }
    }
}

fn own_process() -> u32 {
    rustix::process::getpid().as_raw_nonzero().get() as u32
}

/// The name under which people know this process, as far as 16 bytes go.
fn command_name() -> [u64; 2] {
    let mut bytes = [0; 16];
    let name = std::fs::read("/proc/self/comm").unwrap_or_default();
    let name = name.strip_suffix(b"\n").unwrap_or(&name);
    let len = name.len().min(bytes.len());
    bytes[..len].copy_from_slice(&name[..len]);
    let half = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"));
    [half(0), half(8)]
}

pub(crate) fn system(error: &std::io::Error) -> Fault {
    Fault::System(error.raw_os_error().unwrap_or_default())
}
