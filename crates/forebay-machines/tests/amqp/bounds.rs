//! What is bounded, and what ends it, with several connections at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use forebay_machines::{
    Consumer, Outcome, Overflow, Patience, Raw, Refusal, Settings, TakeError, connect,
};

use crate::servers::{Buffers, Server};
use crate::{Beside, Failure, PATIENCE, distinct, item, within};

#[test]
fn racing_producers_never_pass_the_capacity() -> Result<(), Failure> {
    const PRODUCERS: u32 = 8;
    const EACH: u32 = 150;
    const CAPACITY: u64 = 3;
    let Some(server) = Server::or_skip("rabbitmq") else { return Ok(()) };
    let buffers = Buffers::new(server.clone());
    let url = buffers.create(&Settings::new(CAPACITY));
    let putting: Vec<_> = (0..PRODUCERS)
        .map(|number| {
            let url = url.clone();
            thread::spawn(move || {
                let buffer = connect(&url).expect("a buffer");
                let producer = buffer.producer::<Vec<u8>, _>(Raw).expect("a producer");
                for id in number * EACH..(number + 1) * EACH {
                    producer.put(item(id)).expect("a put");
                }
            })
        })
        .collect();
    let done = Arc::new(AtomicBool::new(false));
    let watching = {
        let (beside, done) = (Beside::new(&server)?, Arc::clone(&done));
        let items = beside.part(&url, "items")?;
        thread::spawn(move || {
            let (mut looks, mut most) = (0_u32, 0);
            while !done.load(Ordering::SeqCst) {
                most = most.max(beside.ready(&items).expect("a count"));
                looks += 1;
            }
            (looks, most)
        })
    };
    let buffer = connect(&url)?;
    let consumer = buffer.consumer::<Vec<u8>, _>(Raw)?;
    let taken = within(PATIENCE * 2, move || {
        let mut taken = Vec::new();
        while taken.len() < (PRODUCERS * EACH) as usize {
            taken.extend(consumer.take_many(4).expect("items"));
        }
        taken
    });
    for put in putting {
        put.join().expect("puts");
    }
    done.store(true, Ordering::SeqCst);
    let (looks, most) = watching.join().expect("looks");
    assert!(looks > 100, "{looks} looks only");
    assert_eq!(u64::from(most), CAPACITY, "the greatest depth in {looks} looks");
    assert_eq!(distinct(taken).len(), (PRODUCERS * EACH) as usize);
    assert_eq!(buffer.statistics()?.high_water, CAPACITY);
    Ok(())
}

#[test]
fn the_lease_limit_holds_for_all_connections_together() -> Result<(), Failure> {
    let Some(server) = Server::or_skip("rabbitmq") else { return Ok(()) };
    let buffers = Buffers::new(server);
    let url = buffers.create(&Settings::new(8).max_leased(3));
    let buffer = connect(&url)?;
    buffer.producer::<Vec<u8>, _>(Raw)?.put_many((0..8).map(item))?;
    let others: Vec<_> = (0..4).map(|_| connect(&url)).collect::<Result<_, _>>()?;
    let consumers: Vec<Consumer<Vec<u8>>> =
        others.iter().map(|other| other.consumer(Raw)).collect::<Result<_, _>>()?;
    let mut leases = Vec::new();
    for consumer in &consumers[..3] {
        leases.push(consumer.try_lease()?);
    }
    assert_eq!(consumers[3].try_lease().err(), Some(TakeError::LeaseLimit));
    let waiting = consumers[3].clone();
    let waiting = thread::spawn(move || waiting.lease().map(|lease| lease.to_vec()));
    leases.pop().ok_or("a lease")?.ack()?;
    assert_eq!(within(PATIENCE, move || waiting.join().expect("a lease"))?, item(3));
    Ok(())
}

#[test]
fn a_close_elsewhere_refuses_every_put_after_it() -> Result<(), Failure> {
    let Some(server) = Server::or_skip("rabbitmq") else { return Ok(()) };
    let buffers = Buffers::new(server);
    let url = buffers.create(&Settings::new(8));
    let (here, there) = (connect(&url)?, connect(&url)?);
    let producer = here.producer::<Vec<u8>, _>(Raw)?;
    let consumer = here.consumer::<Vec<u8>, _>(Raw)?;
    producer.put(item(0))?;
    there.close()?;
    // What is routed nowhere is confirmed by an ack like any other.
    let refused = producer.put(item(1)).map_err(|error| (error.item, error.refusal));
    assert_eq!(refused, Err((item(1), Refusal::Closed)));
    assert_eq!(producer.try_reserve().err(), Some(Refusal::Closed));
    there.close()?;
    assert_eq!(consumer.take()?, item(0));
    assert_eq!(consumer.take(), Err(TakeError::Closed));
    Ok(())
}

#[test]
fn puts_that_race_a_close_are_drained_or_refused() -> Result<(), Failure> {
    let Some(server) = Server::or_skip("rabbitmq") else { return Ok(()) };
    let buffers = Buffers::new(server);
    for _ in 0..5 {
        let url = buffers.create(&Settings::new(1000));
        let putting: Vec<_> = (0..4)
            .map(|number| {
                let url = url.clone();
                thread::spawn(move || {
                    let buffer = connect(&url).expect("a buffer");
                    let producer = buffer.producer::<Vec<u8>, _>(Raw).expect("a producer");
                    let mut placed = Vec::new();
                    for id in number * 1000.. {
                        match producer.put(item(id)).map_err(|error| error.refusal) {
                            Ok(_) => placed.push(item(id)),
                            Err(Refusal::Closed) => return placed,
                            Err(other) => panic!("{other}"),
                        }
                    }
                    placed
                })
            })
            .collect();
        let buffer = connect(&url)?;
        let consumer = buffer.consumer::<Vec<u8>, _>(Raw)?;
        while buffer.statistics()?.produced < 20 {
            thread::yield_now();
        }
        connect(&url)?.close()?;
        let taken = within(PATIENCE, move || {
            let mut taken = Vec::new();
            while let Ok(items) = consumer.take_many(64) {
                taken.extend(items);
            }
            taken
        });
        let placed = putting.into_iter().flat_map(|put| put.join().expect("puts"));
        assert_eq!(distinct(taken), distinct(placed.collect()));
    }
    Ok(())
}

#[test]
fn a_permit_holds_its_place_in_its_process_only() -> Result<(), Failure> {
    let Some(server) = Server::or_skip("rabbitmq") else { return Ok(()) };
    let buffers = Buffers::new(server);
    let url = buffers.create(&Settings::new(1));
    let (here, there) = (connect(&url)?, connect(&url)?);
    let (own, theirs) = (here.producer::<Vec<u8>, _>(Raw)?, there.producer::<Vec<u8>, _>(Raw)?);
    let permit = own.try_reserve()?;
    assert_eq!(own.try_put(item(0)).map_err(|error| error.refusal), Err(Refusal::Full));
    // The server knows nothing of it.
    theirs.try_put(item(1))?;
    let refused = permit.put(item(2)).map_err(|error| (error.item, error.refusal));
    assert_eq!(refused, Err((item(2), Refusal::Full)));
    Ok(())
}

#[test]
fn the_oldest_is_dropped_across_connections() -> Result<(), Failure> {
    let Some(server) = Server::or_skip("rabbitmq") else { return Ok(()) };
    let buffers = Buffers::new(server);
    let url = buffers.create(&Settings::new(2));
    let (here, there) = (connect(&url)?, connect(&url)?);
    here.producer::<Vec<u8>, _>(Raw)?.put_many((0..2).map(item))?;
    let dropping = there.producer::<Vec<u8>, _>(Raw)?.with_overflow(Overflow::DropOldest);
    assert_eq!(dropping.put(item(2))?, Outcome::DroppedOldest(1));
    let consumer = here.consumer::<Vec<u8>, _>(Raw)?;
    assert_eq!(consumer.take_many_within(9, Patience::Try)?, [item(1), item(2)]);
    drop((dropping, there));
    let counts = here.statistics()?;
    assert_eq!((counts.produced, counts.finished, counts.dropped), (3, 2, 1));
    Ok(())
}

#[test]
fn counts_of_all_connections_come_together() -> Result<(), Failure> {
    let Some(server) = Server::or_skip("rabbitmq") else { return Ok(()) };
    let buffers = Buffers::new(server);
    let url = buffers.create(&Settings::new(8));
    let (here, there) = (connect(&url)?, connect(&url)?);
    let producer = here.producer::<Vec<u8>, _>(Raw)?;
    let consumer = there.consumer::<Vec<u8>, _>(Raw)?;
    producer.put_many((0..5).map(item))?;
    assert_eq!(consumer.take_many(3)?.len(), 3);
    // Whoever took tells of it when a second has passed.
    let counts = within(PATIENCE, move || {
        loop {
            let counts = here.statistics().expect("counts");
            if counts.finished == 3 {
                return (counts, here);
            }
            thread::sleep(Duration::from_millis(20));
        }
    });
    let (told, here) = counts;
    assert_eq!((told.produced, told.waiting, told.high_water), (5, 2, 5));
    assert_eq!((told.producers, told.consumers, told.shares.len()), (1, 1, 1));
    assert_eq!((told.shares[0].consumer, told.shares[0].items), (0, 3));
    drop((consumer, there));
    // Told when it went.
    let told = here.statistics()?;
    assert_eq!((told.consumers, told.departed, told.finished), (0, 3, 3));
    Ok(())
}
