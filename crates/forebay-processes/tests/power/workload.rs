//! A long life of a buffer, from a seed: several use it, one at a time.

use std::collections::BTreeSet;
use std::path::Path;

use forebay_processes::{
    Buffer, Consumer, Death, Durability, Lease, Outcome, Overflow, Producer, Raw, Settings,
};

use crate::history::{Deeds, History, Place};
use crate::journal::{Recorder, Time};

pub(crate) const CAPACITY: u64 = 6;
pub(crate) const MAX_LEASED: u64 = 4;
pub(crate) const DEAD_ROOM: u64 = 3;
pub(crate) const STORAGE: u64 = 12 << 10;
const MAX_FAILURES: u32 = 2;

pub(crate) fn settings(durability: Durability, participants: u32) -> Settings {
    Settings::new(CAPACITY)
        .max_leased(MAX_LEASED)
        .dead_room(DEAD_ROOM)
        .storage(STORAGE)
        .max_failures(MAX_FAILURES)
        .participants(participants)
        .durability(durability)
}

/// The bytes of an item: its number, and a pattern that no other item has.
pub(crate) fn item(number: u64) -> Vec<u8> {
    const LENGTHS: [usize; 10] = [8, 9, 63, 64, 65, 312, 700, 1024, 1025, 2600];
    let mut random = fastrand::Rng::with_seed(number);
    let len = LENGTHS[random.usize(..LENGTHS.len())];
    let mut bytes = number.to_le_bytes().to_vec();
    bytes.resize_with(len, || random.u8(..));
    bytes
}

/// The number of an item whose bytes are all right.
pub(crate) fn number(bytes: &[u8]) -> Option<u64> {
    let number = u64::from_le_bytes(bytes.get(..8)?.try_into().ok()?);
    (bytes == item(number)).then_some(number)
}

struct Party {
    buffer: Buffer,
    producer: Producer<Vec<u8>, Raw>,
    consumer: Consumer<Vec<u8>, Raw>,
    leases: Vec<Lease<Vec<u8>, Raw>>,
}

struct Life {
    parties: Vec<Party>,
    recorder: Recorder,
    random: fastrand::Rng,
    deeds: Deeds,
    waiting: BTreeSet<u64>,
    next: u64,
    published: u64,
}

/// Lives for so many steps in a new buffer at this path.
pub(crate) fn live(path: &Path, durability: Durability, seed: u64, steps: usize) -> History {
    // For some, there is no room for another handle as soon as everybody is there.
    let participants = if seed.is_multiple_of(2) { 4 } else { 6 };
    settings(durability, participants).create(path).expect("a new buffer");
    let recorder = Recorder::start(path);
    let party = || {
        let buffer = Buffer::open(path).expect("the buffer");
        let producer = buffer.producer(Raw).expect("a producer");
        let consumer = buffer.consumer(Raw).expect("a consumer");
        Party { buffer, producer, consumer, leases: Vec::new() }
    };
    let mut life = Life {
        parties: vec![party(), party()],
        recorder,
        random: fastrand::Rng::with_seed(seed),
        deeds: Deeds::default(),
        waiting: BTreeSet::new(),
        next: 1,
        published: 0,
    };
    for _ in 0..steps {
        life.step();
    }
    if life.random.bool() {
        let begun = life.recorder.now();
        life.parties[0].buffer.close().expect("it can be closed");
        life.deeds.closed = Some((begun, life.recorder.now()));
        for _ in 0..steps / 10 {
            life.step();
        }
    }
    let Life { parties, recorder, deeds, .. } = life;
    let journal = recorder.stop();
    drop(parties);
    History { journal, deeds, durability }
}

impl Life {
    fn step(&mut self) {
        let who = self.random.usize(..self.parties.len());
        match self.random.u32(..100) {
            0..30 => self.put(who, Overflow::Wait),
            30..33 => self.put(who, Overflow::DropOldest),
            33..35 => self.put(who, Overflow::DropThis),
            35..40 => self.put_many(who),
            40..44 => self.put_permitted(who),
            44..62 => self.lease(who),
            62..68 => self.take(who),
            68..90 => self.answer(who),
            90..97 => self.look_after_dead(who),
            _ => self.rejoin(who),
        }
    }

    fn note(&mut self, number: u64, begun: Time, lasts: bool, to: Place) {
        if to == Place::Unfinished {
            self.waiting.insert(number);
        } else {
            self.waiting.remove(&number);
        }
        let deed = self.deeds.begin(number, begun, lasts, to);
        self.deeds.end(&deed, self.recorder.now());
    }

    fn note_put(&mut self, number: u64, begun: Time, lasts: bool) {
        self.deeds.positions.insert(number, self.published);
        self.published += 1;
        self.note(number, begun, lasts, Place::Unfinished);
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    fn put(&mut self, who: usize, overflow: Overflow) {
        let (number, begun) = (self.number(), self.recorder.now());
        let producer = self.parties[who].producer.clone().with_overflow(overflow);
        match producer.try_put(item(number)) {
            Ok(Outcome::DroppedThis) | Err(_) => {}
            Ok(outcome) => {
                if let Outcome::DroppedOldest(many) = outcome {
                    let dropped: Vec<u64> =
                        self.waiting.iter().take(many as usize).copied().collect();
                    for number in dropped {
                        self.note(number, begun, true, Place::Nowhere);
                    }
                }
                self.note_put(number, begun, true);
            }
        }
    }

    fn put_many(&mut self, who: usize) {
        let numbers: Vec<u64> = (0..self.random.usize(1..5)).map(|_| self.number()).collect();
        let begun = self.recorder.now();
        let items: Vec<_> = numbers.iter().map(|number| item(*number)).collect();
        let patience = forebay_processes::Patience::Try;
        let put = match self.parties[who].producer.put_many_within(items, patience) {
            Ok(_) => numbers.len(),
            Err(error) => numbers.len() - error.rest.len(),
        };
        for number in &numbers[..put] {
            self.note_put(*number, begun, true);
        }
    }

    fn put_permitted(&mut self, who: usize) {
        let (number, begun) = (self.number(), self.recorder.now());
        let Ok(permit) = self.parties[who].producer.try_reserve() else { return };
        if self.random.bool() && permit.put(item(number)).is_ok() {
            self.note_put(number, begun, true);
        }
    }

    fn lease(&mut self, who: usize) {
        let party = &mut self.parties[who];
        if let Ok(lease) = party.consumer.try_lease() {
            let number = number(&lease).expect("its bytes are all right");
            assert_eq!(lease.position(), self.deeds.positions[&number]);
            self.waiting.remove(&number);
            party.leases.push(lease);
        }
    }

    fn take(&mut self, who: usize) {
        let begun = self.recorder.now();
        if let Ok(bytes) = self.parties[who].consumer.try_take() {
            let number = number(&bytes).expect("its bytes are all right");
            self.note(number, begun, false, Place::Nowhere);
        }
    }

    fn answer(&mut self, who: usize) {
        let leases = &mut self.parties[who].leases;
        if leases.is_empty() {
            return;
        }
        let lease = leases.swap_remove(self.random.usize(..leases.len()));
        let number = number(&lease).expect("its bytes are all right");
        let begun = self.recorder.now();
        let reason = "x".repeat(self.random.usize(1..200)) + &number.to_string();
        match self.random.u32(..10) {
            0..3 => {
                lease.ack().expect("it is held");
                self.note(number, begun, false, Place::Nowhere);
            }
            3..5 => {
                lease.ack_synced().expect("it is held");
                self.note(number, begun, true, Place::Nowhere);
            }
            5 => {
                lease.nack().expect("it is held");
                self.waiting.insert(number);
            }
            6 => {
                drop(lease);
                self.waiting.insert(number);
            }
            7..9 => {
                let dies = lease.failures() + 1 >= MAX_FAILURES;
                lease.fail(&reason).expect("it is held");
                if dies {
                    self.note_dead(number, begun);
                } else {
                    self.waiting.insert(number);
                }
            }
            _ => {
                lease.reject(&reason).expect("it is held");
                self.note_dead(number, begun);
            }
        }
    }

    fn note_dead(&mut self, number: u64, begun: Time) {
        // Without a block for it, the reason is lost.
        let letters = self.parties[0].buffer.dead_letters().expect("the letters");
        let letter =
            letters.iter().find(|letter| self::number(&letter.letter.item) == Some(number));
        let reason = match &letter.expect("it died").letter.death {
            Death::Failures(reason) | Death::Rejected(reason) => reason.clone(),
            _ => String::new(),
        };
        self.note(number, begun, false, Place::Dead(reason));
    }

    fn look_after_dead(&mut self, who: usize) {
        let buffer = self.parties[who].buffer.clone();
        let letters = buffer.dead_letters().expect("the letters");
        if letters.is_empty() {
            return;
        }
        let letter = &letters[self.random.usize(..letters.len())];
        let number = number(&letter.letter.item).expect("its bytes are all right");
        let begun = self.recorder.now();
        if self.random.bool() {
            assert!(buffer.retry(letter).expect("it can be retried"));
            self.note(number, begun, true, Place::Unfinished);
        } else {
            assert!(buffer.purge(letter).expect("it can be purged"));
            self.note(number, begun, true, Place::Nowhere);
        }
    }

    /// A consumer leaves with what it holds, and comes again.
    fn rejoin(&mut self, who: usize) {
        let party = &mut self.parties[who];
        for lease in party.leases.drain(..) {
            self.waiting.insert(number(&lease).expect("its bytes are all right"));
        }
        if let Ok(consumer) = party.buffer.consumer(Raw) {
            party.consumer = consumer;
            party.producer = party.buffer.producer(Raw).expect("a producer");
        }
    }
}
