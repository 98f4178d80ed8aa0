//! Everything that one can ask of a buffer, each as a call that comes to nothing or to a fault.

use std::time::Duration;

use forebay_conformance::task::block_on;
use forebay_processes::{
    Buffer, Consumer, Fault, JoinError, Lease, LeaseError, Letter, Patience, Permit, Producer, Raw,
    Refusal, TakeError,
};

pub(crate) type Bytes = Vec<u8>;

/// A buffer with handles of every kind.
pub(crate) struct Opened {
    pub(crate) buffer: Buffer,
    pub(crate) producer: Producer<Bytes, Raw>,
    pub(crate) consumer: Consumer<Bytes, Raw>,
    pub(crate) leases: Vec<Lease<Bytes, Raw>>,
    pub(crate) permit: Option<Permit<Bytes, Raw>>,
    pub(crate) letter: Letter,
}

/// An item with blocks of its own.
pub(crate) fn long() -> Bytes {
    vec![b'l'; 3000]
}

impl Opened {
    /// Eleven waiting, five leased, one place set aside, one dead: of 64 places.
    pub(crate) fn new(buffer: &Buffer) -> Self {
        let producer = buffer.producer(Raw).expect("a producer");
        let consumer = buffer.consumer::<Bytes, _>(Raw).expect("a consumer");
        for number in 0..17_u8 {
            let item = if number.is_multiple_of(2) { vec![number; 20] } else { long() };
            producer.try_put(item).expect("room");
        }
        consumer.try_lease().expect("an item").reject("bad").expect("it is held");
        let leases = (0..5).map(|_| consumer.try_lease().expect("an item")).collect();
        let permit = Some(producer.try_reserve().expect("room"));
        let letter = buffer.dead_letters().expect("the letters").remove(0);
        Self { buffer: buffer.clone(), producer, consumer, leases, permit, letter }
    }
}

/// What a call came to.
pub(crate) type Came = Result<(), Fault>;

fn put(refusal: Refusal) -> Came {
    match refusal {
        Refusal::Unable(fault) => Err(fault),
        _ => Ok(()),
    }
}

fn take(error: TakeError) -> Came {
    match error {
        TakeError::Unable(fault) => Err(fault),
        _ => Ok(()),
    }
}

fn answer(result: Result<(), LeaseError>) -> Came {
    match result {
        Err(LeaseError::Unable(fault)) => Err(fault),
        _ => Ok(()),
    }
}

fn join(result: Result<(), JoinError>) -> Came {
    match result {
        Err(JoinError::Unable(fault)) => Err(fault),
        _ => Ok(()),
    }
}

type Call = fn(&mut Opened) -> Came;

/// Every call that says what is wrong.
pub(crate) const CALLS: [(&str, Call); 32] = [
    ("put", |o| o.producer.put(vec![1]).map_or_else(|e| put(e.refusal), |_| Ok(()))),
    ("put a long one", |o| o.producer.put(long()).map_or_else(|e| put(e.refusal), |_| Ok(()))),
    ("try_put", |o| o.producer.try_put(vec![1]).map_or_else(|e| put(e.refusal), |_| Ok(()))),
    ("put_timeout", |o| {
        let time = Duration::from_millis(1);
        o.producer.put_timeout(vec![1], time).map_or_else(|e| put(e.refusal), |_| Ok(()))
    }),
    ("put_many", |o| {
        o.producer.put_many([vec![1], long()]).map_or_else(|e| put(e.refusal), |_| Ok(()))
    }),
    ("put_async", |o| {
        block_on(o.producer.put_async(vec![1])).map_or_else(|e| put(e.refusal), |_| Ok(()))
    }),
    ("put_many_async", |o| {
        block_on(o.producer.put_many_async([vec![1]])).map_or_else(|e| put(e.refusal), |_| Ok(()))
    }),
    ("reserve", |o| o.producer.reserve().map_or_else(put, |_| Ok(()))),
    ("reserve_async", |o| block_on(o.producer.reserve_async()).map_or_else(put, |_| Ok(()))),
    ("Permit::put", |o| {
        let permit = o.permit.take().expect("a permit");
        permit.put(long()).map_or_else(|e| put(e.refusal), |()| Ok(()))
    }),
    ("take", |o| o.consumer.take().map_or_else(take, |_| Ok(()))),
    ("try_take", |o| o.consumer.try_take().map_or_else(take, |_| Ok(()))),
    ("take_many", |o| o.consumer.take_many(3).map_or_else(take, |_| Ok(()))),
    ("take_async", |o| block_on(o.consumer.take_async()).map_or_else(take, |_| Ok(()))),
    ("lease", |o| o.consumer.lease().map_or_else(take, |_| Ok(()))),
    ("try_lease", |o| o.consumer.try_lease().map_or_else(take, |_| Ok(()))),
    ("lease_many", |o| {
        o.consumer.lease_many_within(3, Patience::Try).map_or_else(take, |_| Ok(()))
    }),
    ("lease_async", |o| block_on(o.consumer.lease_async()).map_or_else(take, |_| Ok(()))),
    ("ack", |o| answer(o.leases.pop().expect("a lease").ack().map(drop))),
    ("ack_synced", |o| answer(o.leases.pop().expect("a lease").ack_synced().map(drop))),
    ("ack_many", |o| {
        let leases = o.leases.drain(..2).collect::<Vec<_>>();
        o.consumer.ack_many(leases).map(drop)
    }),
    ("nack", |o| answer(o.leases.pop().expect("a lease").nack())),
    ("fail", |o| answer(o.leases.pop().expect("a lease").fail("no"))),
    ("reject", |o| answer(o.leases.pop().expect("a lease").reject("no"))),
    ("extend", |o| answer(o.leases[0].extend(Duration::from_secs(1)))),
    ("join", |o| join(o.consumer.join_within(Patience::Try))),
    ("retry", |o| o.buffer.retry(&o.letter).map(drop)),
    ("purge", |o| o.buffer.purge(&o.letter).map(drop)),
    ("dead_letters", |o| o.buffer.dead_letters().map(drop)),
    ("a new producer", |o| o.buffer.producer::<Bytes, _>(Raw).map(drop)),
    ("verify", |o| o.buffer.verify().map(drop)),
    ("close", |o| o.buffer.close()),
];

/// Calls that have no error to say: they must return.
pub(crate) fn look(opened: &Opened) {
    opened.buffer.statistics();
    opened.producer.statistics();
    opened.buffer.participants();
    opened.buffer.leases();
    opened.buffer.oldest();
    opened.consumer.take_dead();
    drop(opened.producer.clone());
    drop(opened.consumer.clone());
}
