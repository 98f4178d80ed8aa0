//! A step without the lock, and one who begins to wait for it: whether one sees the other, and whether each is booked once.

use std::sync::Arc;

use loom::thread;

use crate::explore;
use crate::lock::{self, Got, Holder, Limit};
use crate::unbooked::{self, Found, Step};
use crate::witness::Witness;
use crate::words::{Word, Word32};

const LEASED: u64 = 3;
const DONE: u64 = 6;
const FREE: u64 = 0;

/// One owner and what it has on lease, and one who waits until nothing is.
struct Stepped {
    lock: Word32,
    witness: Witness,
    /// Of the owner: 1 + the slot.
    named: Word,
    slots: [Word; 2],
    /// Items on lease, by the books; and how many stand in line for the end of that.
    leased: Word,
    waiting: Word,
    called: Word,
}

impl Stepped {
    fn new(items: u64) -> Arc<Self> {
        let slot = |at: u64| Word::new(if at < items { LEASED } else { FREE });
        Arc::new(Self {
            lock: Word32::new(0),
            witness: Witness::new(),
            named: Word::new(0),
            slots: [slot(0), slot(1)],
            leased: Word::new(items),
            waiting: Word::new(0),
            called: Word::new(0),
        })
    }

    fn turn<R>(&self, participant: u32, work: impl FnOnce() -> R) -> R {
        let me = Holder::new(participant, 1);
        let got = lock::acquire(&self.lock, me, false, Limit::Forever, &self.witness).unwrap();
        assert_eq!(got, Got::Free);
        let done = work();
        self.witness.turns.add(1);
        lock::release(&self.lock);
        done
    }

    /// As an ack.
    fn finish(&self, slot: usize) -> Step {
        unbooked::step(
            &self.named,
            slot as u64 + 1,
            || self.slots[slot].exchange(LEASED, DONE),
            || self.waiting.get() > 0,
        )
    }

    /// Books in a turn what the owner has named, and calls who waits.
    fn book(&self) -> bool {
        let booked: Result<bool, ()> = unbooked::book(&self.named, |name| {
            let slot = &self.slots[name as usize - 1];
            match slot.read() {
                LEASED => return Ok(Found::Underway),
                DONE => {}
                _ => return Ok(Found::Nothing),
            }
            self.end(slot);
            Ok(Found::Booked)
        });
        booked.unwrap()
    }

    fn end(&self, slot: &Word) {
        assert!(self.leased.get() > 0, "one is booked twice");
        slot.commit(FREE);
        self.leased.subtract(1);
        if self.leased.get() == 0 && self.waiting.get() > 0 {
            self.called.set(1);
        }
    }

    /// An ack, and its turn if it needs one.
    fn ack(&self, slot: usize) {
        match self.finish(slot) {
            Step::Taken => {}
            Step::Awaited => drop(self.turn(0, || self.book())),
            Step::Untaken => self.turn(0, || {
                self.book();
                assert_eq!(self.slots[slot].read(), LEASED, "it was taken all the same");
                self.end(&self.slots[slot]);
            }),
        }
    }

    /// As a join, until it would sleep: it stands in line, and looks for what it could miss.
    fn stand(&self) {
        self.turn(1, || {
            self.waiting.add(1);
            unbooked::seek(|| self.book());
            if self.leased.get() == 0 {
                self.called.set(1);
            }
        });
    }
}

/// Fails where it is left standing, though nothing is on lease any more.
#[test]
fn one_who_waits_is_told_of_a_step_that_it_did_not_see() {
    explore(3, || {
        let stepped = Stepped::new(1);
        let owner = {
            let stepped = Arc::clone(&stepped);
            thread::spawn(move || stepped.ack(0))
        };
        stepped.stand();
        owner.join().unwrap();
        stepped.turn(2, || {
            assert_eq!(stepped.called.get(), 1, "nobody told it");
            assert_eq!((stepped.leased.get(), stepped.named.get()), (0, 0));
        });
    });
}

/// Its owner goes on to the next one while somebody books the first: each is booked, and once.
#[test]
fn two_steps_of_one_owner_are_booked_once_each() {
    explore(3, || {
        let stepped = Stepped::new(2);
        let owner = {
            let stepped = Arc::clone(&stepped);
            thread::spawn(move || {
                stepped.ack(0);
                stepped.ack(1);
            })
        };
        stepped.stand();
        owner.join().unwrap();
        stepped.turn(2, || {
            assert_eq!(stepped.called.get(), 1, "nobody told it");
            assert_eq!((stepped.leased.get(), stepped.named.get()), (0, 0));
            assert_eq!([stepped.slots[0].get(), stepped.slots[1].get()], [FREE; 2]);
        });
    });
}
