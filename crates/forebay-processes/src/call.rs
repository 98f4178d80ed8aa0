//! A call that may have to wait: as a thread that sleeps, or as a task.

use std::future::poll_fn;
use std::hint;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread;
use std::time::{Duration, Instant};

use forebay_contract::{Fault, Patience};

use crate::bell::Waiting;
use crate::clock;
use crate::lock;
use crate::party::{Party, TICK};
use crate::pause;
use crate::turn::{Sleeper, Standing, Turn};
use crate::waiter::{Line, STANDING, Wish};

/// What one attempt in a turn came to.
pub(crate) enum Attempt<R> {
    /// It is done. One who stood in line has left it.
    Done(R),
    /// Not now; one who stood in line stands there still.
    NotNow,
}

/// How a call that waited ended.
pub(crate) enum Waited<R> {
    Done(R),
    /// Its time was over; what it last found.
    TimedOut,
}

/// One call, and its place in line while it has one.
struct Call<'p> {
    party: &'p Arc<Party>,
    wish: Wish,
    standing: Option<Standing>,
    /// Of a task: whose bell is rung when it is called.
    bell: Option<u32>,
    since: Option<Instant>,
}

impl<'p> Call<'p> {
    fn new(party: &'p Arc<Party>, wish: Wish) -> Self {
        Self { party, wish, standing: None, bell: None, since: None }
    }

    /// Tries once, and stands in line if it has to wait. Says whether it was called meanwhile.
    fn attempt<R>(
        &mut self,
        patience: Patience,
        attempt: &mut impl FnMut(&mut Turn<'_>, Option<Standing>) -> Result<Attempt<R>, Fault>,
    ) -> Result<Option<R>, Fault> {
        let mut turn = self.party.turn_within(patience)?;
        if let Some(standing) = self.standing
            && !turn.still_stands(standing)?
        {
            self.standing = None;
        }
        match attempt(&mut turn, self.standing)? {
            Attempt::Done(done) => {
                // An attempt that ends without being served, as by a close, stands there still.
                if let Some(standing) = self.standing.take() {
                    turn.leave(self.wish.line, standing)?;
                }
                drop(turn);
                self.stop_waiting();
                Ok(Some(done))
            }
            Attempt::NotNow => {
                if self.standing.is_none() && patience != Patience::Try {
                    self.standing = match self.bell {
                        Some(bell) => turn.stand_for(self.wish, bell)?,
                        None => turn.stand(self.wish)?,
                    };
                    drop(turn);
                    self.begin_waiting()?;
                }
                Ok(None)
            }
        }
    }

    fn begin_waiting(&mut self) -> Result<(), Fault> {
        if self.since.is_none() {
            self.since = Some(Instant::now());
            let entry = self.party.buffer.entry(self.party.me.participant)?;
            entry.waiting_since().set(clock::wall());
            entry.waiting_for().set(self.wish.line as u64 + 1);
        }
        Ok(())
    }

    fn stop_waiting(&mut self) {
        if let Some(since) = self.since.take()
            && !self.party.buffer.is_forked()
            && let Ok(entry) = self.party.buffer.entry(self.party.me.participant)
        {
            entry.waiting_for().set(0);
            if self.wish.line != Line::Idle {
                entry.waited().add(since.elapsed().as_nanos() as u64);
            }
        }
    }

    /// Whether it was called, or was and was overlooked, or lost its place to a repair: it has to look for itself.
    /// One that has no place in line does so now and then.
    fn is_called(&self) -> Result<bool, Fault> {
        let Some(standing) = self.standing else { return Ok(false) };
        standing.has_news(&self.party.buffer)
    }

    /// Sleeps until it is called, at most until the deadline or for so long; then looks after the buffer, if it was
    /// not called. Returns how long it may sleep the next time.
    fn nap(&self, deadline: Option<Instant>, at_most: Duration) -> Result<Duration, Fault> {
        let left = deadline.map_or(at_most, |deadline| {
            deadline.saturating_duration_since(Instant::now()).min(at_most)
        });
        let Some(standing) = self.standing else {
            // No waiter was free: rare, and only so many wait at a time.
            thread::sleep(left.min(Duration::from_millis(1)));
            self.party.sweep_if_due()?;
            return Ok(at_most);
        };
        lock::wait(self.party.buffer.waiter(standing.waiter)?.state(), STANDING, left)?;
        if standing.has_news(&self.party.buffer)? {
            return Ok(at_most);
        }
        self.party.keep_watch(Sleeper::Thread(standing.waiter))
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        if let Some(standing) = self.standing.take() {
            let line = self.wish.line;
            self.party.owe(move |turn| turn.leave(line, standing));
        }
        self.stop_waiting();
    }
}

/// Waits as a thread.
#[inline]
pub(crate) fn wait<R>(
    party: &Arc<Party>,
    wish: Wish,
    patience: Patience,
    mut attempt: impl FnMut(&mut Turn<'_>, Option<Standing>) -> Result<Attempt<R>, Fault>,
) -> Result<Waited<R>, Fault> {
    // Most calls need not wait.
    if let Attempt::Done(done) = attempt(&mut party.turn_within(patience)?, None)? {
        return Ok(Waited::Done(done));
    }
    match patience {
        Patience::Try => {
            // Where nobody waits, nobody else looks for the dead.
            if party.sweep_if_due()? > 0
                && let Attempt::Done(done) = attempt(&mut party.turn_within(patience)?, None)?
            {
                return Ok(Waited::Done(done));
            }
            Ok(Waited::TimedOut)
        }
        Patience::Until(deadline) => wait_long(party, wish, patience, Some(deadline), attempt),
        Patience::Forever => wait_long(party, wish, patience, None, attempt),
    }
}

/// Looks, a few nanoseconds apart, before the processor is given up.
const SPINS: u32 = 64;
/// Times that the processor is given up before one sleeps: to be woken costs more than either (C5).
const YIELDS: u32 = 8;

/// Gives others a moment, and says whether what one waits for seems to be there: without a turn, since most
/// of the looks are in vain.
fn is_soon(party: &Party, wish: Wish) -> Result<bool, Fault> {
    if pause::is_dear() {
        return Ok(false);
    }
    let control = party.buffer.control()?;
    for turn in 0..SPINS + YIELDS {
        let waiting = control.waiting().get();
        let is_there = match wish.line {
            Line::Room => {
                let taken = waiting.saturating_add(control.reserved().get());
                taken < party.buffer.settings.capacity
            }
            Line::Item => waiting > 0,
            Line::Idle => return Ok(false),
        };
        if is_there {
            return Ok(true);
        }
        if turn < SPINS {
            hint::spin_loop();
        } else if !pause::yield_now(|| control.turns().get()) {
            break;
        }
    }
    Ok(false)
}

#[cold]
fn wait_long<R>(
    party: &Arc<Party>,
    wish: Wish,
    patience: Patience,
    deadline: Option<Instant>,
    mut attempt: impl FnMut(&mut Turn<'_>, Option<Standing>) -> Result<Attempt<R>, Fault>,
) -> Result<Waited<R>, Fault> {
    if is_soon(party, wish)?
        && let Attempt::Done(done) = attempt(&mut party.turn_within(patience)?, None)?
    {
        return Ok(Waited::Done(done));
    }
    let mut call = Call::new(party, wish);
    if let Some(done) = call.attempt(patience, &mut attempt)? {
        return Ok(Waited::Done(done));
    }
    let mut nap = TICK;
    loop {
        let is_over = deadline.is_some_and(|deadline| Instant::now() >= deadline);
        if is_over || call.is_called()? || call.standing.is_none() {
            if let Some(done) = call.attempt(patience, &mut attempt)? {
                return Ok(Waited::Done(done));
            }
            if is_over {
                return Ok(Waited::TimedOut);
            }
        }
        nap = call.nap(deadline, nap)?;
    }
}

/// Waits as a task, until the deadline, if there is one.
pub(crate) async fn wait_async<R>(
    party: &Arc<Party>,
    wish: Wish,
    deadline: Option<Instant>,
    mut attempt: impl FnMut(&mut Turn<'_>, Option<Standing>) -> Result<Attempt<R>, Fault>,
) -> Result<Waited<R>, Fault> {
    let mut call = Call::new(party, wish);
    let mut waiting: Option<Waiting> = None;
    poll_fn(move |context: &mut Context<'_>| {
        let is_over = deadline.is_some_and(|deadline| Instant::now() >= deadline);
        if call.bell.is_none() {
            // Most calls need no bell, and to hang one takes a turn of its own.
            match call.attempt(Patience::Try, &mut attempt) {
                Ok(Some(done)) => return Poll::Ready(Ok(Waited::Done(done))),
                // Who waits has more patience than that.
                Ok(None) | Err(Fault::Stalled { .. }) => {}
                Err(fault) => return Poll::Ready(Err(fault)),
            }
            call.bell = Some(party.bell()?.participant());
        }
        loop {
            if let Some(done) = call.attempt(Patience::Forever, &mut attempt)? {
                waiting = None;
                return Poll::Ready(Ok(Waited::Done(done)));
            }
            if is_over {
                waiting = None;
                return Poll::Ready(Ok(Waited::TimedOut));
            }
            if let Some(fault) = waiting.as_ref().and_then(Waiting::fault) {
                waiting = None;
                return Poll::Ready(Err(fault));
            }
            let Some(standing) = call.standing else {
                // No waiter was free: the bell wakes it before long.
                let bell = Arc::clone(party.bell()?);
                waiting = Some(bell.enter(None, context.waker().clone(), deadline));
                return Poll::Pending;
            };
            let is_known = waiting.as_ref().is_some_and(|waiting| waiting.is_of(standing));
            if is_known && let Some(waiting) = &waiting {
                waiting.set_waker(context.waker());
            } else {
                let bell = Arc::clone(party.bell()?);
                let waker = context.waker().clone();
                waiting = Some(bell.enter(Some(standing), waker, deadline));
            }
            // Called before the waker was there: nobody would wake this task.
            if !call.is_called()? {
                return Poll::Pending;
            }
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use forebay_conformance::watchdog::comes_true;

    use super::*;
    use crate::turn::scene::{A_LEASE, Failure, go_on, scene, stop};
    use crate::{Bytes, Raw, Settings};

    #[test]
    fn one_who_gives_up_while_there_is_no_turn_stands_in_line_no_more() -> Result<(), Failure> {
        let (_folder, buffer) = scene(&Settings::new(4))?;
        let consumer = buffer.consumer::<Bytes, _>(Raw)?;
        let other = buffer.consumer::<Bytes, _>(Raw)?;
        let mut call = Call::new(&consumer.party, A_LEASE);
        let _: Option<()> = call.attempt(Patience::Forever, &mut |_, _| Ok(Attempt::NotNow))?;
        assert_eq!(buffer.statistics().consumers_waiting, 1);
        stop(&other.party)?;
        drop(call);
        go_on(&other.party)?;
        assert!(comes_true(|| buffer.statistics().consumers_waiting == 0));
        Ok(())
    }
}
