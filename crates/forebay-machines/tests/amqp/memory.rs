//! A server that is short of memory, and a buffer that is full for a while.

use std::thread;
use std::time::Duration;

use forebay_machines::{Fault, Raw, Refusal, Settings, connect};

use crate::servers::{Buffers, Server};
use crate::{Failure, PATIENCE, item, within};

#[test]
fn a_full_memory_refuses_puts_and_lets_takes_go_on() -> Result<(), Failure> {
    let Some(server) = Server::of_its_own("rabbitmq", "memory") else { return Ok(()) };
    let url = server.url("jobs?outage=2");
    Settings::new(100).max_failures(1).create(&url)?;
    let buffer = connect(&url)?;
    let (producer, consumer) =
        (buffer.producer::<Vec<u8>, _>(Raw)?, buffer.consumer::<Vec<u8>, _>(Raw)?);
    for id in 0..8 {
        producer.put(item(id))?;
    }
    server.control(&["set_vm_memory_high_watermark", "absolute", "1MB"]);
    // The server says so when something is put: that one is sent, and may be placed later. It does not hang. It may have been
    // told its counts just before, and have said so then.
    let refused = producer.put(item(8)).map_err(|error| (error.item, error.refusal));
    let is_sent = refused == Err((item(8), Refusal::Unable(Fault::Unanswered)));
    let is_held = refused == Err((item(8), Refusal::Unable(Fault::OutOfMemory)));
    assert!(is_sent || is_held, "{refused:?}");
    // From then on nothing is sent.
    for _ in 0..2 {
        let refused = producer.put(item(9)).map_err(|error| (error.item, error.refusal));
        assert_eq!(refused, Err((item(9), Refusal::Unable(Fault::OutOfMemory))));
    }
    let refused = producer.try_put(item(9)).map_err(|error| error.refusal);
    assert_eq!(refused, Err(Refusal::Unable(Fault::OutOfMemory)));
    // Everything that makes room goes on.
    assert_eq!(consumer.try_take()?, item(0));
    consumer.try_lease()?.ack()?;
    consumer.try_lease()?.nack()?;
    // What would have to be written down is not, and the item goes back.
    assert!(consumer.try_lease()?.fail("for good").is_err());
    assert_eq!(consumer.take_many(2)?, [item(2), item(3)]);
    let counts = buffer.statistics()?;
    assert_eq!((counts.produced, counts.finished, counts.waiting), (8, 4, 4));
    buffer.close()?;
    server.control(&["set_vm_memory_high_watermark", "absolute", "512MB"]);
    let mut rest = Vec::new();
    while let Ok(item) = consumer.take() {
        rest.push(item);
    }
    // The one of which nobody knew came after the close.
    assert_eq!(rest, (4..8).map(item).collect::<Vec<_>>(), "{refused:?}");
    Ok(())
}

#[test]
fn a_put_waits_for_memory_as_long_as_an_outage_lasts() -> Result<(), Failure> {
    let Some(server) = Server::of_its_own("rabbitmq", "alarm") else { return Ok(()) };
    let url = server.url("jobs");
    Settings::new(100).create(&url)?;
    let buffer = connect(&url)?;
    let producer = buffer.producer::<Vec<u8>, _>(Raw)?;
    producer.put(item(0))?;
    server.control(&["set_vm_memory_high_watermark", "absolute", "1MB"]);
    let putting = thread::spawn(move || (1..5).all(|id| producer.put(item(id)).is_ok()));
    thread::sleep(Duration::from_secs(2));
    assert!(!putting.is_finished());
    server.control(&["set_vm_memory_high_watermark", "absolute", "512MB"]);
    assert!(within(PATIENCE, move || putting.join().expect("puts")));
    let consumer = buffer.consumer::<Vec<u8>, _>(Raw)?;
    assert_eq!(consumer.take_many(9)?, (0..5).map(item).collect::<Vec<_>>());
    Ok(())
}

#[test]
fn puts_wait_for_as_long_as_it_is_full() -> Result<(), Failure> {
    let Some(server) = Server::or_skip("rabbitmq") else { return Ok(()) };
    let buffers = Buffers::new(server);
    let url = buffers.create(&Settings::new(2));
    let (buffer, other) = (connect(&url)?, connect(&url)?);
    let producer = other.producer::<Vec<u8>, _>(Raw)?;
    producer.put_many([item(0), item(1)])?;
    let putting = thread::spawn(move || producer.put_many((2..10).map(item)).is_ok());
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
    drop(other);
    let counts = buffer.statistics()?;
    assert!(counts.producer_wait >= Duration::from_secs(3), "{:?}", counts.producer_wait);
    assert_eq!(counts.high_water, 2);
    Ok(())
}
