//! The way there and back, again and again: lease, put, ack.

use std::time::{Duration, Instant};

use forebay::processes::Bytes;
use forebay::{Fault, LeaseError, Patience, PutManyError, Refusal, TakeError};

use super::account::{Account, Ending};
use super::hand::Hand;
use super::{AGAIN, Args, Banks, say};
use crate::buffer::interruption::Interruption;
use crate::buffer::label::label;
use crate::buffer::place::{Buffer, Lease, is_away};
use crate::run::pace::Pace;
use crate::run::shared::dying::Dying;

/// So many bytes are in hand at most, if items are about as long as those before.
const MOST_BYTES: usize = 1 << 20;

/// With a rate no more is in hand than moves in this time.
const SPELL: Duration = Duration::from_millis(50);

/// Between two looks whether what somebody had that was killed is back, and while somebody else is in his turn.
const BRIEF: Duration = Duration::from_millis(20);

pub(super) struct Ferry<'a> {
    banks: Banks,
    /// Items that consumers before this one could not read.
    unreadable: u64,
    args: &'a Args,
    hand: &'a Hand,
    account: &'a Account,
    interruption: &'a Interruption,
    pace: &'a Pace,
    /// How long the longest item was that came last.
    longest: Option<usize>,
    /// It was told that the other end is short of memory.
    is_short_told: bool,
}

impl<'a> Ferry<'a> {
    pub(super) fn new(
        banks: Banks,
        args: &'a Args,
        hand: &'a Hand,
        account: &'a Account,
        interruption: &'a Interruption,
        pace: &'a Pace,
    ) -> Self {
        let (unreadable, longest, is_short_told) = (0, None, false);
        Self { banks, unreadable, args, hand, account, interruption, pace, longest, is_short_told }
    }

    /// Until it ends, for whatever reason. What is in hand then is not acked.
    pub(super) fn cross(&mut self) -> Ending {
        loop {
            let crossed = self.lease().and_then(|leases| self.bring(leases));
            if let Err(ending) = crossed {
                return ending;
            }
        }
    }

    fn go_on(&self) -> Result<(), Ending> {
        self.interruption.signal().map_or(Ok(()), |signal| Err(Ending::Interrupted(signal)))
    }

    /// How many may be in hand.
    fn room(&self) -> usize {
        // Of what comes first nothing is known.
        let by_size = self.longest.map_or(1, |longest| MOST_BYTES / longest.max(1));
        let by_rate =
            self.args.rate.map_or(usize::MAX, |one| (SPELL.as_nanos() / one.as_nanos()) as usize);
        (self.args.batch as usize).min(by_size).min(by_rate).max(1)
    }

    /// What there is, and at least one.
    fn lease(&mut self) -> Result<Vec<Lease>, Ending> {
        let room = self.room();
        let mut dying = Dying::default();
        loop {
            self.go_on()?;
            let leases = self.banks.consumer.lease_many(room);
            if !leases.is_empty() {
                return Ok(leases);
            }
            let first = if self.args.once {
                self.banks.consumer.try_lease()
            } else {
                let first = self.interruption.unless(self.banks.consumer.lease_async());
                first.unwrap_or(Err(TakeError::TimedOut))
            };
            match first {
                Ok(first) => {
                    let mut leases = self.banks.consumer.lease_many(room - 1);
                    leases.insert(0, first);
                    return Ok(leases);
                }
                Err(TakeError::Closed) => return Err(Ending::Closed),
                Err(TakeError::Empty) if !dying.may_bring(&self.banks.from) => {
                    // What came back before that was seen is there now.
                    let leases = self.banks.consumer.lease_many(room);
                    return if leases.is_empty() { Err(Ending::Empty) } else { Ok(leases) };
                }
                Err(TakeError::Unable(fault)) if is_away(fault) => {
                    self.sit_out(&self.banks.from)?;
                }
                // It goes on, or is killed: until then there is nothing to be done.
                Err(TakeError::Unable(Fault::Stalled { .. })) => self.interruption.pause(BRIEF),
                Err(TakeError::Unable(fault)) => return Err(broken(&self.banks.from, fault)),
                Err(_) => self.interruption.pause(BRIEF),
            }
        }
    }

    /// Puts what was leased, and acks what was put.
    fn bring(&mut self, leases: Vec<Lease>) -> Result<(), Ending> {
        let mut items = self.hand.take_up(leases);
        self.longest = items.iter().map(|item| item.len()).max();
        for _ in &items {
            if !self.pace.pass() {
                self.go_on()?;
            }
        }
        while !items.is_empty() {
            self.go_on()?;
            let (done, refused) = match self.banks.producer.put_many_within(items, Patience::Try) {
                Ok(done) => (done, None),
                Err(PutManyError { rest, refusal, done }) => (done, Some((rest, refusal))),
            };
            self.finish(done.placed)?;
            let Some((rest, refusal)) = refused else { break };
            items = rest;
            match refusal {
                Refusal::Full => self.wait_for_room(&mut items)?,
                refusal => self.refused(refusal, &mut items)?,
            }
        }
        Ok(())
    }

    /// Waits until there is room for the first of these, and puts it.
    fn wait_for_room(&mut self, items: &mut Vec<Bytes>) -> Result<(), Ending> {
        self.account.waits(Some("room"));
        let put = self.interruption.unless(self.banks.producer.put_async(items.remove(0)));
        self.account.waits(None);
        match put {
            None => self.go_on(),
            Some(Ok(_)) => self.finish(1),
            Some(Err(error)) => {
                items.insert(0, error.item);
                self.refused(error.refusal, items)
            }
        }
    }

    /// What is done where the first of these was refused. An error is that nothing more can be put.
    fn refused(&mut self, refusal: Refusal, items: &mut Vec<Bytes>) -> Result<(), Ending> {
        match refusal {
            Refusal::TooHeavy => self.set_aside(&items.remove(0)),
            Refusal::TimedOut | Refusal::Full => Ok(()),
            Refusal::Unable(Fault::Stalled { .. }) => {
                self.interruption.pause(BRIEF);
                Ok(())
            }
            Refusal::Unable(Fault::OutOfMemory) => {
                if !self.is_short_told {
                    self.is_short_told = true;
                    let fault = self.banks.to.place().in_words(Fault::OutOfMemory);
                    say(format_args!("{fault}; waiting until there is room"));
                }
                self.account.waits(Some("memory"));
                self.interruption.pause(AGAIN);
                Ok(())
            }
            Refusal::Unable(fault) if is_away(fault) => {
                if fault == Fault::Unanswered {
                    self.account.doubt(items.len());
                }
                self.sit_out(&self.banks.to)
            }
            Refusal::Unable(fault) => Err(broken(&self.banks.to, fault)),
            refusal => Err(Ending::Broken(format!("{}: {refusal}", self.banks.to.place()))),
        }
    }

    /// The first ones that are in hand were put: they are finished.
    fn finish(&mut self, count: usize) -> Result<(), Ending> {
        if count == 0 {
            return Ok(());
        }
        self.is_short_told = false;
        self.account.waits(None);
        self.account.moved(count);
        match self.banks.consumer.ack_many(self.hand.release(count)) {
            Ok(lost) => {
                self.account.doubt(lost);
                Ok(())
            }
            Err(fault) if is_away(fault) => {
                self.account.doubt(count);
                self.sit_out(&self.banks.from)?;
                self.begin_anew()
            }
            Err(fault) => {
                self.account.doubt(count);
                Err(broken(&self.banks.from, fault))
            }
        }
    }

    /// What a consumer holds does not keep it from the end of a closed buffer. Where an ack was lost, the item comes back as if
    /// another had held it.
    fn begin_anew(&mut self) -> Result<(), Ending> {
        self.unreadable = self.unreadable();
        (self.banks.consumer, self.banks.keep) =
            self.banks.from.consumer().map_err(Ending::Broken)?;
        Ok(())
    }

    /// How many items could not be read.
    pub(super) fn unreadable(&self) -> u64 {
        self.unreadable + self.banks.consumer.unreadable()
    }

    /// The first that is in hand is larger than the other end may hold: it does not hold up the others.
    fn set_aside(&self, item: &[u8]) -> Result<(), Ending> {
        let most = self.banks.to.longest_item();
        let most = most.map_or_else(|| "fewer".to_owned(), |most| format!("at most {most}"));
        let (to, label) = (self.banks.to.place(), label(item));
        let why = format!("it has {} bytes, and an item of {to} {most}", item.len());
        say(format_args!("item {label} is not moved: {why}; it is a dead letter now"));
        self.account.set_aside();
        let rejected = self.hand.release(1).into_iter().try_for_each(|lease| lease.reject(&why));
        match rejected {
            Err(LeaseError::Unable(fault)) if !is_away(fault) => {
                Err(broken(&self.banks.from, fault))
            }
            // It comes again.
            _ => Ok(()),
        }
    }

    /// Waits until this server is back.
    fn sit_out(&self, buffer: &Buffer) -> Result<(), Ending> {
        let (place, since) = (buffer.place(), Instant::now());
        say(format_args!("{place}: the server cannot be reached; waiting until it is back"));
        self.account.waits(Some("a server"));
        loop {
            self.interruption.pause(AGAIN);
            self.go_on()?;
            match buffer.statistics() {
                Ok(_) => break,
                Err(fault) if is_away(fault) => {}
                Err(fault) => return Err(broken(buffer, fault)),
            }
        }
        self.account.waits(None);
        say(format_args!("{place}: the server is back, after {:.0?}", since.elapsed()));
        Ok(())
    }
}

fn broken(buffer: &Buffer, fault: Fault) -> Ending {
    Ending::Broken(buffer.place().in_words(fault))
}
