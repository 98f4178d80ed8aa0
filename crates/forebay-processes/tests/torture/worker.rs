//! A producer or a consumer that uses the buffer in every way there is, until it is killed or the buffer closed.

use std::path::Path;
use std::time::Duration;

use fastrand::Rng;
use forebay_processes::{
    Buffer, Bytes, Consumer, Fault, JoinError, Lease, LeaseError, Outcome, Overflow, Patience,
    Producer, Raw, Refusal, TakeError,
};

use crate::item;
use crate::ledger::{Entry, Kind, Ledger, Name, now};

/// What a worker may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ways {
    /// Takes, of which one that is killed takes its item along.
    pub(crate) takes: bool,
    /// Drops on full.
    pub(crate) drops: bool,
    /// Every so many items is a long one; 0 is never.
    pub(crate) long: u32,
}

/// `side path ledger number seed takes drops long`
pub(crate) fn work(words: &[&str]) {
    let number = |at: usize| words[at].parse::<u64>().expect("a number");
    let ways = Ways { takes: number(5) == 1, drops: number(6) == 1, long: number(7) as u32 };
    let buffer = match Buffer::open(words[1]) {
        Ok(buffer) => buffer,
        Err(error) => panic!("open: {error}"),
    };
    let ledger = Ledger::create(Path::new(words[2]));
    let rng = Rng::with_seed(number(4));
    if words[0] == "producer" {
        let producer = buffer.producer(Raw).expect("there is room for a producer");
        let own = number(3) as u32;
        Putting { buffer, producer, ledger, rng, ways, own, next: 0 }.go_on();
    } else {
        let consumer = buffer.consumer(Raw).expect("there is room for a consumer");
        Getting { buffer, consumer, ledger, rng, ways }.go_on();
    }
}

pub(crate) fn text(name: Name) -> String {
    format!("{}-{}", name.producer, name.number)
}

/// The name in an item that is whole.
pub(crate) fn name_of(bytes: &[u8]) -> Name {
    let text = item::name(bytes).unwrap_or_else(|error| panic!("corrupt: {error}"));
    let (producer, number) = text.split_once('-').expect("a name of ours");
    let parse = |text: &str| text.parse().expect("a number of ours");
    Name { producer: parse(producer), number: parse(number) }
}

struct Putting {
    buffer: Buffer,
    producer: Producer,
    ledger: Ledger,
    rng: Rng,
    ways: Ways,
    own: u32,
    next: u32,
}

impl Putting {
    fn go_on(mut self) {
        loop {
            let begun = match self.rng.u8(..100) {
                0..35 => self.put(Patience::Forever),
                35..50 => {
                    let time = Duration::from_micros(self.rng.u64(..9000));
                    self.put(Patience::lasting(time))
                }
                50..60 => self.put(Patience::Try),
                60..85 => self.put_many(),
                85..95 => self.permit(),
                95..98 if self.ways.drops => self.put_dropping(),
                98 => self.new_handle(),
                _ => Ok(()),
            };
            match begun {
                Err(Refusal::Closed) => return,
                // Of what is full or stopped, nothing more was to be had.
                Ok(())
                | Err(Refusal::Full | Refusal::TimedOut | Refusal::Unable(Fault::Stalled { .. })) =>
                    {}
                Err(refusal) => panic!("put: {refusal}"),
            }
        }
    }

    fn item(&mut self) -> (Name, Bytes) {
        let name = Name { producer: self.own, number: self.next };
        self.next += 1;
        let len = match self.rng.u32(..1000) {
            _ if self.ways.long > 0 && self.rng.u32(..self.ways.long) == 0 => 100_000,
            0..100 => self.rng.usize(1..3000),
            _ => self.rng.usize(1..150),
        };
        (name, item::make(&text(name), len))
    }

    fn settle(&mut self, name: Name, outcome: Result<Outcome, Refusal>) -> Result<(), Refusal> {
        match outcome {
            Ok(Outcome::DroppedThis) => self.ledger.note(Kind::DroppedThis, name),
            Ok(outcome) => {
                if let Outcome::DroppedOldest(count) = outcome {
                    self.ledger.count(Kind::DroppedOldest, name, count as usize);
                }
                self.ledger.note(Kind::Put, name);
            }
            Err(refusal) => {
                self.ledger.note(Kind::Back, name);
                return Err(refusal);
            }
        }
        Ok(())
    }

    fn put(&mut self, patience: Patience) -> Result<(), Refusal> {
        let (name, item) = self.item();
        self.ledger.note(Kind::Try, name);
        let outcome = self.producer.put_within(item, patience).map_err(|error| error.refusal);
        self.settle(name, outcome)
    }

    fn put_dropping(&mut self) -> Result<(), Refusal> {
        let (name, item) = self.item();
        let overflow = if self.rng.bool() { Overflow::DropOldest } else { Overflow::DropThis };
        let producer = self.producer.clone().with_overflow(overflow);
        self.ledger.note(Kind::Try, name);
        let outcome = producer.put(item).map_err(|error| error.refusal);
        self.settle(name, outcome)
    }

    fn put_many(&mut self) -> Result<(), Refusal> {
        let some: Vec<(Name, Bytes)> = (0..self.rng.usize(2..9)).map(|_| self.item()).collect();
        let (names, items): (Vec<Name>, Vec<Bytes>) = some.into_iter().unzip();
        let patience = match self.rng.u8(..3) {
            0 => Patience::Try,
            1 => Patience::lasting(Duration::from_millis(3)),
            _ => Patience::Forever,
        };
        self.ledger.count(Kind::Try, names[0], names.len());
        let (rest, refusal) = match self.producer.put_many_within(items, patience) {
            Ok(_) => (0, None),
            Err(error) => (error.rest.len(), Some(error.refusal)),
        };
        for (at, name) in names.iter().enumerate() {
            let is_put = at + rest < names.len();
            self.ledger.note(if is_put { Kind::Put } else { Kind::Back }, *name);
        }
        refusal.map_or(Ok(()), Err)
    }

    fn permit(&mut self) -> Result<(), Refusal> {
        let permit = self.producer.reserve_within(Patience::lasting(Duration::from_millis(5)))?;
        if self.rng.u8(..4) == 0 {
            drop(permit);
            return Ok(());
        }
        let (name, item) = self.item();
        self.ledger.note(Kind::Try, name);
        let put = permit.put(item).map(|()| Outcome::Placed).map_err(|error| error.refusal);
        self.settle(name, put)
    }

    /// Another participant, and the old one leaves.
    fn new_handle(&mut self) -> Result<(), Refusal> {
        match self.buffer.producer(Raw) {
            Ok(producer) => self.producer = producer,
            Err(Fault::Crowded) => {}
            Err(fault) => return Err(fault.into()),
        }
        Ok(())
    }
}

struct Getting {
    buffer: Buffer,
    consumer: Consumer,
    ledger: Ledger,
    rng: Rng,
    ways: Ways,
}

impl Getting {
    fn go_on(mut self) {
        loop {
            let begun = match self.rng.u8(..100) {
                40..60 => self.lease_many(),
                60..75 if self.ways.takes => self.take(),
                75..80 if self.ways.takes => self.take_many(),
                80..83 => {
                    self.purge();
                    Ok(())
                }
                83..86 => self.join(),
                86 => self.new_handle(),
                _ => self.lease(),
            };
            match begun {
                Err(TakeError::Closed) => return,
                Err(TakeError::Unable(Fault::DeadRoom)) => {
                    self.purge();
                }
                Ok(())
                | Err(
                    TakeError::Empty
                    | TakeError::TimedOut
                    | TakeError::LeaseLimit
                    | TakeError::Unable(Fault::Stalled { .. }),
                ) => {}
                Err(error) => panic!("take: {error}"),
            }
        }
    }

    fn patience(&mut self) -> Patience {
        match self.rng.u8(..4) {
            0 => Patience::Try,
            1 => Patience::lasting(Duration::from_millis(4)),
            _ => Patience::Forever,
        }
    }

    fn leased(&mut self, lease: &Lease, time: u64) -> Name {
        let name = name_of(lease);
        self.ledger.enter(Entry {
            deliveries: lease.deliveries(),
            position: lease.position(),
            time,
            ..Entry::new(Kind::Leased, name)
        });
        name
    }

    fn lease(&mut self) -> Result<(), TakeError> {
        let patience = self.patience();
        let begin = now();
        let mut lease = self.consumer.lease_within(patience)?;
        let name = self.leased(&lease, begin);
        if self.rng.u8(..20) == 0 {
            std::thread::sleep(Duration::from_micros(self.rng.u64(..3000)));
        }
        if self.rng.u8(..20) == 0 {
            let extended = lease.extend(Duration::from_millis(self.rng.u64(..20)));
            if extended.is_err() {
                self.answered(name, extended);
                return Ok(());
            }
        }
        let answer = self.rng.u8(..100);
        let answered = match answer {
            0..70 => {
                let deliveries = lease.deliveries();
                self.ledger.enter(Entry { deliveries, ..Entry::new(Kind::Acking, name) });
                let acked = lease.ack();
                if acked.is_ok() {
                    self.ledger.enter(Entry { deliveries, ..Entry::new(Kind::Acked, name) });
                }
                acked.map(drop)
            }
            70..80 => lease.nack(),
            80..90 => lease.fail("it did not go well"),
            90..92 => lease.reject("it is no good"),
            _ => {
                drop(lease);
                Ok(())
            }
        };
        self.answered(name, answered);
        Ok(())
    }

    /// A lease that had expired was refused; with any other, something is wrong.
    fn answered(&mut self, name: Name, answered: Result<(), LeaseError>) {
        match answered {
            Ok(()) => {}
            Err(LeaseError::Expired) => self.ledger.note(Kind::Refused, name),
            Err(error) => panic!("the answer for {name:?}: {error}"),
        }
    }

    fn lease_many(&mut self) -> Result<(), TakeError> {
        let (patience, begin) = (self.patience(), now());
        let leases = self.consumer.lease_many_within(self.rng.usize(1..9), patience)?;
        let mut names = Vec::new();
        for lease in &leases {
            names.push((self.leased(lease, begin), lease.deliveries()));
        }
        if self.rng.u8(..4) == 0 {
            drop(leases);
            return Ok(());
        }
        for (name, deliveries) in &names {
            self.ledger.enter(Entry { deliveries: *deliveries, ..Entry::new(Kind::Acking, *name) });
        }
        let refused = self.consumer.ack_many(leases)?;
        if refused > 0 {
            // Which of them is not told.
            assert!(self.buffer.settings().get_lease_time().is_some(), "{refused} refused");
            return Ok(());
        }
        for (name, deliveries) in names {
            self.ledger.enter(Entry { deliveries, ..Entry::new(Kind::Acked, name) });
        }
        Ok(())
    }

    fn take(&mut self) -> Result<(), TakeError> {
        let patience = self.patience();
        self.ledger.count(Kind::Taking, Name::default(), 1);
        let taken = self.consumer.take_within(patience).map(|item| vec![item]);
        self.taken(taken)
    }

    fn take_many(&mut self) -> Result<(), TakeError> {
        let (patience, most) = (self.patience(), self.rng.usize(1..9));
        self.ledger.count(Kind::Taking, Name::default(), most);
        let taken = self.consumer.take_many_within(most, patience);
        self.taken(taken)
    }

    fn taken(&mut self, taken: Result<Vec<Bytes>, TakeError>) -> Result<(), TakeError> {
        for item in taken.as_deref().unwrap_or_default() {
            self.ledger.note(Kind::Taken, name_of(item));
        }
        self.ledger.note(Kind::TakeOver, Name::default());
        taken.map(drop)
    }

    fn purge(&mut self) {
        self.ledger.note(Kind::Purging, Name::default());
        match self.consumer.take_dead() {
            Some(letter) => self.ledger.note(Kind::Purged, name_of(&letter.item)),
            None => self.ledger.note(Kind::PurgedNone, Name::default()),
        }
    }

    fn join(&mut self) -> Result<(), TakeError> {
        match self.consumer.join_within(Patience::lasting(Duration::from_millis(2))) {
            Ok(()) | Err(JoinError::TimedOut) => Ok(()),
            Err(JoinError::Unable(fault)) => Err(fault.into()),
            Err(error) => panic!("join: {error}"),
        }
    }

    fn new_handle(&mut self) -> Result<(), TakeError> {
        match self.buffer.consumer(Raw) {
            Ok(consumer) => self.consumer = consumer,
            Err(Fault::Crowded) => {}
            Err(fault) => return Err(fault.into()),
        }
        Ok(())
    }
}
