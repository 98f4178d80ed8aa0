//! What is bounded, and how tightly, with several connections at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use forebay_machines::{
    Consumer, Outcome, Overflow, Patience, Raw, Refusal, Settings, TakeError, connect,
};

use crate::servers::{Buffers, Server};
use crate::{Beside, Failure, PATIENCE, distinct, item, within};

const PRODUCERS: u32 = 8;

/// Each connection may put what it has in hand after another has counted: one item each, beside the last.
#[test]
fn racing_producers_pass_the_capacity_by_one_each_at_the_most() -> Result<(), Failure> {
    const EACH: u32 = 20;
    const CAPACITY: u64 = 3;
    let Some(server) = Server::or_skip("kafka") else { return Ok(()) };
    let buffers = Buffers::new(server);
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
    let buffer = connect(&url)?;
    let consumer = buffer.consumer::<Vec<u8>, _>(Raw)?;
    let (done, most, looks) =
        (Arc::new(AtomicBool::new(false)), AtomicU64::new(0), AtomicU64::new(0));
    let taken = thread::scope(|scope| {
        // By the consumer's own connection, so that nothing counts as waiting that it has in hand.
        scope.spawn(|| {
            while !done.load(Ordering::SeqCst) {
                most.fetch_max(buffer.statistics().expect("counts").waiting, Ordering::SeqCst);
                looks.fetch_add(1, Ordering::SeqCst);
            }
        });
        let ended = Arc::clone(&done);
        within(PATIENCE * 2, move || {
            let mut taken = Vec::new();
            while taken.len() < (PRODUCERS * EACH) as usize {
                taken.push(consumer.take().expect("an item"));
            }
            ended.store(true, Ordering::SeqCst);
            taken
        })
    });
    for put in putting {
        put.join().expect("puts");
    }
    let (most, looks) = (most.into_inner(), looks.into_inner());
    println!("at most {most} of {CAPACITY} waited, in {looks} looks");
    assert!(looks > 20, "{looks} looks only");
    assert!(most < CAPACITY + u64::from(PRODUCERS), "{most} waited");
    assert_eq!(distinct(taken).len(), (PRODUCERS * EACH) as usize);
    Ok(())
}

/// Nothing is taken, so what is there in the end is the most that ever was.
#[test]
fn racing_batches_pass_the_capacity_by_an_eighth_each_at_the_most() -> Result<(), Failure> {
    const CAPACITY: u64 = 64;
    let Some(server) = Server::or_skip("kafka") else { return Ok(()) };
    let buffers = Buffers::new(server);
    for _ in 0..3 {
        let url = buffers.create(&Settings::new(CAPACITY));
        let putting: Vec<_> = (0..PRODUCERS)
            .map(|_| {
                let url = url.clone();
                thread::spawn(move || {
                    let buffer = connect(&url).expect("a buffer");
                    let producer = buffer.producer::<Vec<u8>, _>(Raw).expect("a producer");
                    let came = producer.put_many_within((0..200).map(item), Patience::Try);
                    came.map_or_else(|error| error.done.placed, |batch| batch.placed)
                })
            })
            .collect();
        let placed: usize = putting.into_iter().map(|put| put.join().expect("puts")).sum();
        let waiting = connect(&url)?.statistics()?.waiting;
        assert_eq!(waiting, placed as u64);
        let excess = u64::from(PRODUCERS - 1) * CAPACITY / 8;
        assert!((CAPACITY..=CAPACITY + excess).contains(&waiting), "{waiting} wait");
    }
    Ok(())
}

#[test]
fn the_capacity_is_exact_within_a_process() -> Result<(), Failure> {
    let Some(server) = Server::or_skip("kafka") else { return Ok(()) };
    let buffers = Buffers::new(server);
    let url = buffers.create(&Settings::new(5));
    let buffer = connect(&url)?;
    let putting: Vec<_> = (0..PRODUCERS)
        .map(|number| {
            let producer = buffer.producer::<Vec<u8>, _>(Raw).expect("a producer");
            thread::spawn(move || {
                (0..3).filter(|id| producer.try_put(item(number * 3 + id)).is_ok()).count()
            })
        })
        .collect();
    let placed: usize = putting.into_iter().map(|put| put.join().expect("puts")).sum();
    assert_eq!(placed, 5);
    assert_eq!(connect(&url)?.statistics()?.waiting, 5);
    Ok(())
}

/// What another process has leased leaves room, once it was told.
#[test]
fn what_is_leased_elsewhere_does_not_count_as_waiting() -> Result<(), Failure> {
    let Some(server) = Server::or_skip("kafka") else { return Ok(()) };
    let buffers = Buffers::new(server);
    let url = buffers.create(&Settings::new(2).max_leased(2));
    let (here, there) = (connect(&url)?, connect(&url)?);
    let producer = here.producer::<Vec<u8>, _>(Raw)?;
    let consumer = there.consumer::<Vec<u8>, _>(Raw)?;
    producer.put_many([item(0), item(1)])?;
    let leases = [consumer.try_lease()?, consumer.try_lease()?];
    // It waits until that is told, and no longer.
    let own = producer.clone();
    within(PATIENCE, move || own.put_many([item(2), item(3)]))?;
    assert_eq!(producer.try_put(item(4)).map_err(|error| error.refusal), Err(Refusal::Full));
    let counts = here.statistics()?;
    assert_eq!((counts.waiting, counts.leased), (2, 2));
    // The limit of leases is all connections', once it was told.
    let others: Consumer<Vec<u8>> = here.consumer(Raw)?;
    assert_eq!(others.try_lease().err(), Some(TakeError::LeaseLimit));
    let [first, second] = leases;
    first.ack()?;
    assert_eq!(producer.try_put(item(4)).map_err(|error| error.refusal), Err(Refusal::Full));
    // One that is given back asks for no room.
    second.nack()?;
    let counts = here.statistics()?;
    assert_eq!((counts.waiting, counts.leased, counts.finished), (3, 0, 1));
    assert_eq!(others.take_many(9)?, [item(1), item(2), item(3)]);
    Ok(())
}

#[test]
fn a_close_elsewhere_refuses_every_put_after_it() -> Result<(), Failure> {
    let Some(server) = Server::or_skip("kafka") else { return Ok(()) };
    let buffers = Buffers::new(server);
    let url = buffers.create(&Settings::new(8));
    let (here, there) = (connect(&url)?, connect(&url)?);
    let producer = here.producer::<Vec<u8>, _>(Raw)?;
    let consumer = here.consumer::<Vec<u8>, _>(Raw)?;
    producer.put(item(0))?;
    there.close()?;
    let refused = producer.put(item(1)).map_err(|error| (error.item, error.refusal));
    assert_eq!(refused, Err((item(1), Refusal::Closed)));
    assert_eq!(producer.try_reserve().err(), Some(Refusal::Closed));
    there.close()?;
    assert_eq!(consumer.take()?, item(0));
    assert_eq!(consumer.take(), Err(TakeError::Closed));
    Ok(())
}

/// A put that was under way when another machine closed may come after a consumer heard `Closed`: one for each connection.
#[test]
fn puts_that_race_a_close_are_drained_refused_or_there() -> Result<(), Failure> {
    let Some(server) = Server::or_skip("kafka") else { return Ok(()) };
    let buffers = Buffers::new(server);
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
    let placed: Vec<_> = putting.into_iter().flat_map(|put| put.join().expect("puts")).collect();
    let late = buffer.consumer::<Vec<u8>, _>(Raw)?.take_many_within(9, Patience::Try);
    let late = late.unwrap_or_default();
    assert!(late.len() <= 4, "{} came late", late.len());
    assert_eq!(distinct([taken, late].concat()), distinct(placed));
    Ok(())
}

#[test]
fn the_oldest_is_dropped_across_connections() -> Result<(), Failure> {
    let Some(server) = Server::or_skip("kafka") else { return Ok(()) };
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

/// Whoever waits hears of what others do, although nobody in its process did it.
#[test]
fn what_others_do_is_heard_of() -> Result<(), Failure> {
    let Some(server) = Server::or_skip("kafka") else { return Ok(()) };
    let buffers = Buffers::new(server);
    let url = buffers.create(&Settings::new(1));
    let (here, there) = (connect(&url)?, connect(&url)?);
    let producer = here.producer::<Vec<u8>, _>(Raw)?;
    let consumer = there.consumer::<Vec<u8>, _>(Raw)?;
    let taking = thread::spawn(move || (consumer.take(), consumer));
    thread::sleep(Duration::from_millis(300));
    producer.put(item(0))?;
    let (taken, consumer) = within(PATIENCE, move || taking.join().expect("a take"));
    assert_eq!(taken?, item(0));
    producer.put(item(1))?;
    let putting = thread::spawn(move || producer.put(item(2)).is_ok());
    let joining = thread::spawn(move || here.join_within(Patience::Forever));
    thread::sleep(Duration::from_millis(300));
    assert!(!putting.is_finished() && !joining.is_finished());
    assert_eq!(consumer.take()?, item(1));
    assert!(within(PATIENCE, move || putting.join().expect("a put")));
    assert_eq!(consumer.take()?, item(2));
    within(PATIENCE, move || joining.join().expect("a join"))?;
    there.close()?;
    assert_eq!(consumer.take(), Err(TakeError::Closed));
    Ok(())
}

/// The server keeps nothing for good of what is finished, and nothing of whoever came and went.
#[test]
fn what_is_finished_is_cut_off() -> Result<(), Failure> {
    let Some(server) = Server::or_skip("kafka") else { return Ok(()) };
    let buffers = Buffers::new(server.clone());
    let url = buffers.create(&Settings::new(1000));
    let buffer = connect(&url)?;
    let producer = buffer.producer::<Vec<u8>, _>(Raw)?;
    let mut left = 600;
    while left > 0 {
        left -= producer.put_many((0..left).map(item))?.placed as u32;
    }
    let consumer = buffer.consumer::<Vec<u8>, _>(Raw)?;
    let mut taken = 0;
    while taken < 599 {
        taken += consumer.take_many(599 - taken)?.len();
    }
    drop((producer, consumer));
    let beside = Beside::new(&server)?;
    let items = beside.part(&url, "items")?;
    // As far as whole batches reach, in Kafka's own books.
    within(PATIENCE, move || while beside.reach(&items).expect("it is there").0 < 256 {});
    let counts = buffer.statistics()?;
    assert_eq!((counts.produced, counts.finished, counts.waiting), (600, 599, 1));
    assert_eq!(connect(&url)?.consumer::<Vec<u8>, _>(Raw)?.try_take()?, item(599));
    Ok(())
}
