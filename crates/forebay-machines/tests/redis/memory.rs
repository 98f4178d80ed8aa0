//! A server whose memory is full, and a buffer that is full for a while.

use std::thread;
use std::time::Duration;

use forebay_machines::{Fault, Raw, Refusal, Settings, connect};

use crate::servers::{Buffers, Server};
use crate::{Failure, PATIENCE, beside, item, within};

#[test]
fn a_full_memory_refuses_puts_and_lets_takes_go_on() -> Result<(), Failure> {
    let Some(server) = Server::of_its_own("redis", "memory") else { return Ok(()) };
    let url = server.url("jobs");
    Settings::new(100_000).max_failures(1).create(&url)?;
    let buffer = connect(&url)?;
    let (producer, consumer) =
        (buffer.producer::<Vec<u8>, _>(Raw)?, buffer.consumer::<Vec<u8>, _>(Raw)?);
    let set = |value: &str| -> Result<(), Failure> {
        let mut own = beside(&server)?;
        redis::cmd("CONFIG").arg("SET").arg("maxmemory").arg(value).exec(&mut own)?;
        Ok(())
    };
    for id in 0..8 {
        producer.put(item(id))?;
    }
    set("1")?;
    let refused = producer.put(item(8)).map_err(|error| (error.item, error.refusal));
    assert_eq!(refused, Err((item(8), Refusal::Unable(Fault::OutOfMemory))));
    assert_eq!(producer.try_reserve().err(), Some(Refusal::Unable(Fault::OutOfMemory)));
    // Everything that makes room goes on.
    assert_eq!(consumer.try_take()?, item(0));
    consumer.try_lease()?.ack()?;
    consumer.try_lease()?.nack()?;
    consumer.try_lease()?.fail("for good")?;
    assert_eq!(consumer.take_many(2)?, [item(3), item(4)]);
    assert_eq!(consumer.take_dead().map(|letter| letter.item), Some(item(2)));
    let counts = buffer.statistics()?;
    assert_eq!((counts.produced, counts.finished, counts.waiting), (8, 4, 3));
    set("0")?;
    producer.put(item(8))?;
    Ok(())
}

#[test]
fn puts_wait_for_as_long_as_it_is_full() -> Result<(), Failure> {
    let Some(server) = Server::or_skip("redis") else { return Ok(()) };
    let buffers = Buffers::new(server);
    let url = buffers.create(&Settings::new(2));
    let buffer = connect(&url)?;
    let producer = buffer.producer::<Vec<u8>, _>(Raw)?;
    producer.put_many([item(0), item(1)])?;
    let putting = thread::spawn(move || producer.put_many((2..10).map(item)).is_ok());
    // Past every pause between two looks, and the life of a session that does not beat.
    thread::sleep(Duration::from_secs(4));
    let counts = buffer.statistics()?;
    assert_eq!((counts.waiting, counts.producers_waiting, counts.producers), (2, 1, 1));
    let consumer = buffer.consumer::<Vec<u8>, _>(Raw)?;
    let taken = within(PATIENCE, move || {
        let mut taken = Vec::new();
        while taken.len() < 10 {
            taken.extend(consumer.take_many(10).expect("items"));
        }
        taken
    });
    assert_eq!(taken, (0..10).map(item).collect::<Vec<_>>());
    assert!(putting.join().expect("a put"));
    let counts = buffer.statistics()?;
    assert!(counts.producer_wait >= Duration::from_secs(3), "{:?}", counts.producer_wait);
    assert_eq!(counts.high_water, 2);
    Ok(())
}

#[test]
fn answers_that_are_remembered_are_forgotten_one_day() -> Result<(), Failure> {
    let Some(server) = Server::or_skip("redis") else { return Ok(()) };
    let mut own = beside(&server)?;
    let buffers = Buffers::new(server);
    let url = buffers.create(&Settings::new(2));
    let name = url.rsplit('/').next().ok_or("a name")?.to_owned();
    let (goes, stays) = (connect(&url)?, connect(&url)?);
    goes.producer::<Vec<u8>, _>(Raw)?.put(item(0))?;
    drop(goes);
    let stays = stays.producer::<Vec<u8>, _>(Raw)?;
    stays.put(item(1))?;
    within(PATIENCE, move || {
        loop {
            let pattern = format!("forebay:{{{name}}}:answers:*");
            let keys: Vec<String> = redis::cmd("KEYS").arg(pattern).query(&mut own).expect("keys");
            assert_eq!(keys.len(), 2, "of two sessions: {keys:?}");
            // Of the one with a beat, of the other once it is given up.
            let is_dated = |key: &String| {
                let seconds = redis::cmd("TTL").arg(key).query::<i64>(&mut own).expect("a time");
                (500..=600).contains(&seconds)
            };
            if keys.iter().all(is_dated) {
                return;
            }
            thread::sleep(Duration::from_millis(100));
        }
    });
    drop(stays);
    Ok(())
}
