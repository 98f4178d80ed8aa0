//! What was seen of the client and the server, and is kept from doing harm.

use std::thread;
use std::time::Duration;

use forebay_machines::{
    Buffer, Fault, LeaseError, Options, Patience, Raw, Refusal, Settings, connect,
};

use crate::servers::{Buffers, Server};
use crate::{Failure, item};

/// The client keeps what it is given while there is no connection, and would send it when there is one again.
#[test]
fn a_put_that_has_failed_is_not_stored_later() -> Result<(), Failure> {
    let Some(server) = Server::of_its_own("nats", "late") else { return Ok(()) };
    let url = server.url("jobs");
    Settings::new(4).create(&url)?;
    let outage = Duration::from_millis(300);
    let buffer = Buffer::connect_with(&url, &Options::new().outage(outage))?;
    let producer = buffer.producer::<Vec<u8>, _>(Raw)?;
    producer.put(item(0))?;
    server.does("kill");
    for id in 1..4 {
        assert!(producer.put(item(id)).is_err(), "a put without a server");
    }
    server.does("restart");
    thread::sleep(Duration::from_secs(2));
    let counts = connect(&url)?.statistics()?;
    assert_eq!((counts.produced, counts.waiting), (1, 1));
    producer.put(item(9))?;
    let consumer = buffer.consumer::<Vec<u8>, _>(Raw)?;
    assert_eq!(consumer.take_many(9)?, [item(0), item(9)]);
    Ok(())
}

#[test]
fn a_lease_takes_what_is_asked_for_and_no_more() -> Result<(), Failure> {
    let Some(server) = Server::or_skip("nats") else { return Ok(()) };
    let buffers = Buffers::new(server);
    let url = buffers.create(&Settings::new(8));
    let buffer = connect(&url)?;
    buffer.producer::<Vec<u8>, _>(Raw)?.put_many((0..6).map(item))?;
    let consumer = buffer.consumer::<Vec<u8>, _>(Raw)?;
    let one = consumer.lease()?;
    let two = consumer.lease_many_within(2, Patience::Try)?;
    let counts = connect(&url)?.statistics()?;
    assert_eq!((counts.leased, counts.waiting), (3, 3));
    assert_eq!((&*one, &*two[0], &*two[1]), (&item(0), &item(1), &item(2)));
    let other = connect(&url)?.consumer::<Vec<u8>, _>(Raw)?;
    assert_eq!(other.take_many(9)?, [item(3), item(4), item(5)]);
    Ok(())
}

/// To the server, whoever acks last is as good as the first.
#[test]
fn an_ack_of_what_another_has_is_refused() -> Result<(), Failure> {
    let Some(server) = Server::or_skip("nats") else { return Ok(()) };
    let buffers = Buffers::new(server);
    let url = buffers.create(&Settings::new(8).lease_time(Duration::from_millis(80)));
    let (here, there) = (connect(&url)?, connect(&url)?);
    here.producer::<Vec<u8>, _>(Raw)?.put(item(0))?;
    let first = here.consumer::<Vec<u8>, _>(Raw)?.lease()?;
    let second = there.consumer::<Vec<u8>, _>(Raw)?.lease_timeout(Duration::from_mins(1))?;
    assert_eq!((second.deliveries(), second.position()), (2, first.position()));
    assert_eq!(first.ack().err(), Some(LeaseError::Expired));
    let acked = second.ack();
    assert!(acked.is_ok() || acked == Err(LeaseError::Expired), "{acked:?}");
    Ok(())
}

#[test]
fn an_item_that_the_server_does_not_take_comes_back() -> Result<(), Failure> {
    let Some(server) = Server::or_skip("nats") else { return Ok(()) };
    let buffers = Buffers::new(server);
    let url = buffers.create(&Settings::new(8));
    let buffer = connect(&url)?;
    let producer = buffer.producer::<Vec<u8>, _>(Raw)?;
    let large = vec![7; 2 << 20];
    let refused = producer.put(large.clone()).map_err(|error| (error.item, error.refusal));
    assert_eq!(refused, Err((large.clone(), Refusal::TooHeavy)));
    let permit = producer.reserve()?;
    assert_eq!(permit.put(large.clone()).map_err(|error| error.refusal), Err(Refusal::TooHeavy));
    let batch = producer.put_many([item(0), large.clone(), item(1)]);
    let refused = batch.map_err(|error| (error.done.placed, error.rest.len(), error.refusal));
    assert_eq!(refused, Err((1, 2, Refusal::TooHeavy)));
    // As large as it may be.
    let most = vec![7; (1 << 20) - 512];
    producer.put(most.clone())?;
    let consumer = buffer.consumer::<Vec<u8>, _>(Raw)?;
    assert_eq!(consumer.take_many(9)?, [item(0), most]);
    let counts = buffer.statistics()?;
    assert_eq!((counts.produced, counts.finished, counts.reserved), (2, 2, 0));
    Ok(())
}

#[test]
fn a_buffer_that_is_deleted_is_gone_for_everyone() -> Result<(), Failure> {
    let Some(server) = Server::or_skip("nats") else { return Ok(()) };
    let buffers = Buffers::new(server);
    let url = buffers.create(&Settings::new(1));
    let buffer = connect(&url)?;
    let producer = buffer.producer::<Vec<u8>, _>(Raw)?;
    producer.put(item(0))?;
    let own = producer.clone();
    let waiting = thread::spawn(move || own.put(item(1)).map_err(|error| error.refusal));
    while buffer.statistics()?.producers_waiting == 0 {
        thread::yield_now();
    }
    connect(&url)?.delete()?;
    let refused = crate::within(crate::PATIENCE, move || waiting.join().expect("a put"));
    assert_eq!(refused, Err(Refusal::Unable(Fault::Gone)));
    // Another one of the same name is not the same.
    Settings::new(1).create(&url)?;
    assert_eq!(buffer.statistics().err(), Some(Fault::Gone));
    let refused = producer.try_put(item(2)).map_err(|error| error.refusal);
    assert_eq!(refused, Err(Refusal::Unable(Fault::Gone)));
    assert_eq!(connect(&url)?.statistics()?.produced, 0);
    Ok(())
}
