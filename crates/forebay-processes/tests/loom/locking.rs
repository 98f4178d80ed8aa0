//! The lock: who excludes whom, who is woken, and who takes over from the dead.

use std::sync::Arc;
use std::time::Duration;

use forebay_contract::Fault;
use loom::thread::{self, JoinHandle};

use crate::futex::{self, Sleep};
use crate::lock::{self, Got, Holder, Limit};
use crate::witness::Witness;
use crate::words::{Word, Word32};
use crate::{explore, explore_deaths};

/// A lock and what it guards.
struct Guarded {
    lock: Word32,
    /// 1 while somebody is inside.
    inside: Word,
    sum: Word,
    witness: Witness,
}

impl Guarded {
    fn new() -> Arc<Self> {
        let word = || Word::new(0);
        let (inside, sum) = (word(), word());
        Arc::new(Self { lock: Word32::new(0), inside, sum, witness: Witness::new() })
    }

    fn acquire(&self, me: Holder) -> Got {
        lock::acquire(&self.lock, me, false, Limit::Forever, &self.witness).unwrap()
    }

    /// Has the lock for a moment, and sees what everybody before it did.
    fn turn(&self, participant: u32) -> Got {
        self.turn_as(Holder::new(participant, 1))
    }

    fn turn_as(&self, me: Holder) -> Got {
        let got = self.acquire(me);
        self.stay(got);
        lock::release(&self.lock);
        got
    }

    fn stay(&self, got: Got) {
        match got {
            Got::Free => assert_eq!(self.inside.get(), 0, "two are inside"),
            Got::Stolen => self.inside.set(0),
        }
        self.inside.set(1);
        self.sum.add(1);
        self.witness.turns.add(1);
        assert_eq!(self.inside.get(), 1, "another came in");
        self.inside.set(0);
    }

    /// Whether this participant has the lock.
    fn is_held_by(&self, participant: u32) -> bool {
        self.lock.get() & 0xffff == participant + 1
    }

    /// A turn in which one may die; whether it died with the lock.
    fn mortal_turn(&self, participant: u32, at: u32) -> bool {
        let turn = || {
            self.turn(participant);
        };
        self.witness.mortal(participant, at, turn, || self.is_held_by(participant))
    }
}

fn spawn<R: 'static>(
    guarded: &Arc<Guarded>,
    work: impl FnOnce(&Guarded) -> R + 'static,
) -> JoinHandle<R> {
    let guarded = Arc::clone(guarded);
    thread::spawn(move || work(&guarded))
}

/// Fails where two are inside, where one does not see what the one before it did, and where a sleeper is not woken.
#[test]
fn two_come_again_and_again() {
    explore(4, || {
        let guarded = Guarded::new();
        let other = spawn(&guarded, |guarded| {
            guarded.turn(1);
            guarded.turn(1);
        });
        guarded.turn(0);
        guarded.turn(0);
        other.join().unwrap();
        guarded.turn(0);
        assert_eq!(guarded.sum.get(), 5);
    });
}

/// Whoever is woken cannot know that another sleeps still, and has to wake it.
#[test]
fn three_come_once() {
    explore(2, || {
        let guarded = Guarded::new();
        let others = [1, 2].map(|who| spawn(&guarded, move |guarded| guarded.turn(who)));
        guarded.turn(0);
        for other in others {
            other.join().unwrap();
        }
        guarded.turn(0);
        assert_eq!(guarded.sum.get(), 4);
    });
}

/// Their sleeps end early, and they ask whether the holder lives: it does, or has let go meanwhile.
#[test]
fn nothing_is_taken_from_the_living() {
    explore(3, || {
        let guarded = Guarded::new();
        let other = spawn(&guarded, |guarded| {
            futex::time_out(3);
            [guarded.turn(1), guarded.turn(1)]
        });
        let own = [guarded.turn(0), guarded.turn(0)];
        let others = other.join().unwrap();
        assert_eq!([own, others], [[Got::Free; 2]; 2]);
        assert_eq!(guarded.sum.get(), 4);
    });
}

/// One dies at any point of its turn, one comes, and one comes later: the first of them is told, if there is anything to be
/// told of.
#[test]
fn the_dead_one_s_lock_is_taken_over_once() {
    explore_deaths(2, |at| {
        let guarded = Guarded::new();
        let dies = spawn(&guarded, move |guarded| guarded.mortal_turn(0, at));
        let other = spawn(&guarded, |guarded| {
            futex::sleep(Sleep::UntilDeath);
            guarded.turn(1)
        });
        futex::sleep(Sleep::UntilDeath);
        let own = guarded.turn(2);
        let other = other.join().unwrap();
        let died_inside = dies.join().unwrap();
        // It may have come after both.
        let last = guarded.turn(2);
        let stolen = [own, other, last].iter().filter(|got| **got == Got::Stolen).count();
        assert_eq!(stolen, usize::from(died_inside), "told {stolen} times");
        assert_eq!(guarded.turn(2), Got::Free);
        assert!((4..=5).contains(&guarded.sum.get()));
    });
}

/// The thief cannot know who sleeps still, and has to wake them: here one does whose time never runs out.
#[test]
fn a_thief_wakes_those_who_slept_before_it() {
    explore(3, || {
        let guarded = Guarded::new();
        assert_eq!(guarded.acquire(Holder::new(0, 1)), Got::Free);
        let sleeps = spawn(&guarded, |guarded| guarded.turn(1));
        guarded.witness.live(0, false);
        futex::time_out(2);
        let own = guarded.turn(2);
        let other = sleeps.join().unwrap();
        assert_eq!((own, other), (Got::Stolen, Got::Free));
    });
}

/// A newcomer lives where the dead one did: the witness says that somebody lives there, and the newcomer alone knows better.
#[test]
fn one_who_comes_to_the_entry_of_the_dead_takes_over() {
    explore(3, || {
        let guarded = Guarded::new();
        assert_eq!(guarded.acquire(Holder::new(0, 1)), Got::Free);
        guarded.witness.live(0, false);
        let comes = spawn(&guarded, |guarded| {
            guarded.witness.live(0, true);
            let me = Holder::coming(0, 7);
            let got =
                lock::acquire(&guarded.lock, me, true, Limit::Forever, &guarded.witness).unwrap();
            guarded.stay(got);
            lock::release(&guarded.lock);
            got
        });
        futex::time_out(3);
        let own = guarded.turn(1);
        let other = comes.join().unwrap();
        let stolen = [own, other].iter().filter(|got| **got == Got::Stolen).count();
        assert_eq!(stolen, 1);
        assert_eq!(guarded.turn(2), Got::Free);
    });
}

/// As above, for a lock that guards nothing half done: it is let go, and whoever sleeps for it is woken.
#[test]
fn one_who_comes_lets_go_what_the_dead_one_held() {
    explore(4, || {
        let guarded = Guarded::new();
        assert_eq!(guarded.acquire(Holder::new(0, 1)), Got::Free);
        guarded.witness.live(0, false);
        let other = spawn(&guarded, |guarded| {
            futex::time_out(1);
            guarded.turn(1);
            guarded.turn(1);
        });
        guarded.witness.live(0, true);
        lock::release_of_dead(&guarded.lock, 0);
        guarded.turn_as(Holder::new(0, 2));
        other.join().unwrap();
        assert_eq!(guarded.sum.get(), 3);
    });
}

/// One loses its patience while the holder lives: it has nothing, and the wake that was its own is not missed.
#[test]
fn one_gives_up_and_nobody_sleeps_for_ever() {
    explore(2, || {
        let guarded = Guarded::new();
        let gives_up = spawn(&guarded, |guarded| {
            futex::time_out(5);
            let limit = Limit::For(Duration::from_millis(20));
            let got =
                lock::acquire(&guarded.lock, Holder::new(1, 1), false, limit, &guarded.witness);
            match got {
                Ok(got) => {
                    guarded.stay(got);
                    lock::release(&guarded.lock);
                }
                Err(fault) => assert!(matches!(fault, Fault::Stalled { holder: 100 | 102, .. })),
            }
        });
        let other = spawn(&guarded, |guarded| guarded.turn(2));
        guarded.turn(0);
        gives_up.join().unwrap();
        assert_eq!(other.join().unwrap(), Got::Free);
    });
}
